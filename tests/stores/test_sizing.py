"""How large a server has to be."""

from pathlib import Path
from typing import get_args

import pytest

from mmrag_pipeline.index_settings import Quantization
from mmrag_pipeline.stores.sizing import links_per_vector, size, table
from mmrag_pipeline.stores.tuning import Tuning

DOCS = Path(__file__).parents[2] / "docs" / "server.md"
PLAIN = Tuning()


def test_the_table_in_the_docs_is_what_the_function_says() -> None:
    assert "\n".join(table()) in DOCS.read_text()


def test_plain_vectors_take_about_what_qdrants_own_rule_says() -> None:
    rule = 1_000_000 * 384 * 4 * 1.5
    assert size(1_000_000, 384, tuning=PLAIN).memory(PLAIN) == pytest.approx(rule, rel=0.02)


def test_half_as_precise_numbers_take_half() -> None:
    whole, half = size(9, 384, tuning=PLAIN), size(9, 384, datatype="float16", tuning=PLAIN)
    assert whole.vectors == 2 * half.vectors


@pytest.mark.parametrize("method", get_args(Quantization))
def test_a_smaller_copy_is_smaller_and_lets_vectors_stay_on_the_disk(method: Quantization) -> None:
    cold = Tuning(method, vectors_memory="cold")
    one = size(1_000, 384, tuning=cold)
    assert one.smaller <= one.vectors / 4
    assert one.memory(cold) < one.vectors


def test_more_links_take_more() -> None:
    assert links_per_vector(32) > links_per_vector(16) > 32

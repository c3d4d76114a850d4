"""`Index` of Python: the hits of `mmrag search`, light to import, safe to share."""

import inspect
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import mmrag_pipeline
from mmrag_pipeline import Index, Settings
from mmrag_pipeline.api.index import TURN
from mmrag_pipeline.errors import ClosedError, NotFoundError, ParseError, SettingsError
from tests.cli.commands import Bench

ROOT = Path(__file__).parents[2]
TODAY = datetime.now(UTC).date()
KETTLE = "shop/kettle.png"


@pytest.fixture
def index(indexed: Bench) -> Iterator[Index]:
    with Index.open(indexed.home) as opened:
        yield opened


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        (["green tea"], {"text": "green tea"}),
        (["tea", "-k", "2", "--strategy", "rrf"], {"text": "tea", "limit": 2, "strategy": "rrf"}),
        (["--image", KETTLE], {"image": KETTLE}),
        (["lamp", "--image", KETTLE], {"text": "lamp", "image": Path(KETTLE)}),
        (["KX-4711", "--kind", "ocr", "--domain", "shop"],
         {"text": "KX-4711", "kinds": "ocr", "domains": ["shop"]}),
        (["tea", "--page", "1", "--visibility", "public"],
         {"text": "tea", "pages": [1], "visibility": ["public"]}),
        (["tea", "--visibility", "staff"], {"text": "tea", "visibility": "staff"}),
        (["tea", "--since", TODAY.isoformat(), "--until", "9999-12-31"],
         {"text": "tea", "since": TODAY, "until": "9999-12-31"}),
        (["tea", "--until", "2001-01-01"], {"text": "tea", "until": date(2001, 1, 1)}),
    ],
)  # fmt: skip
def test_python_finds_what_the_command_line_finds(
    options: list[str],
    arguments: dict[str, Any],
    index: Index,
    indexed: Bench,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(indexed.source)
    said = indexed.mmrag("search", *options, "--json")
    assert said.code == 0, said.err
    found = index.search(**arguments).as_json()
    assert json.loads(json.dumps(found)) == said.json["hits"]


def test_a_picture_finds_the_same_in_every_form(index: Index, indexed: Bench) -> None:
    path = indexed.source / KETTLE
    picture = Image.open(path)
    forms = (path.read_bytes(), picture, np.asarray(picture))
    expected = index.search(image=path)
    assert expected[0].key == "kettle.png"
    assert all(index.search(image=form) == expected for form in forms)


@pytest.mark.parametrize(
    "nothing", [{"visibility": []}, {"visibility": ()}, {"kinds": []}, {"pages": []}]
)
def test_an_empty_filter_lets_nothing_through(nothing: dict[str, Any], index: Index) -> None:
    assert list(index.search("tea", **nothing)) == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, "nothing to search for"),
        ({"text": "a", "kinds": "video"}, "unknown `kinds` 'video'; known: page, tile"),
        ({"text": "a", "since": "yesterday"}, "`since` 'yesterday' is no date"),
        ({"text": "a", "limit": 0}, "`limit` 0 is not from 1 to 1000"),
        ({"text": "a", "pages": [1, 2**31]}, "`pages` 2147483648 is not from 1 to"),
        ({"text": "a", "domains": []}, "`domains` names none"),
        ({"text": "a", "strategy": "best"}, "known: evidence"),
        ({"image": 5}, "`image` is a int"),
    ],
)
def test_what_cannot_be_asked_is_told_by_the_name_of_the_argument(
    arguments: dict[str, Any], told: str, index: Index
) -> None:
    with pytest.raises(SettingsError, match=re.escape(told)):
        index.search(**arguments)


def test_a_domain_that_is_not_indexed_and_a_file_that_is_none_are_our_errors(index: Index) -> None:
    with pytest.raises(NotFoundError, match="no indexed domain 'nowhere'; indexed: notes, shop"):
        index.search("tea", domains="nowhere")
    with pytest.raises(ParseError, match="cannot be read"):
        index.search(image="absent.png")


def test_a_home_without_an_index_is_named_and_stays_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=f"no domain is indexed yet in {tmp_path}/none"):
        Index.open(tmp_path / "none").search("tea")
    assert not (tmp_path / "none").exists()


def test_a_closed_index_says_so_and_its_hits_can_still_be_looked_at(indexed: Bench) -> None:
    with Index.open(indexed.home) as index:
        hits = index.search("KX-4711", limit=1)
    for ask in (lambda: index.search("tea"), index.domains, lambda: index.explain("x")):
        with pytest.raises(ClosedError, match="open it again"):
            ask()
    assert "data:image/jpeg;base64," in hits._repr_html_()


def test_a_category_that_no_file_has_is_a_warning(index: Index) -> None:
    with pytest.warns(UserWarning, match="no file that this search may find has the category 'x'"):
        assert not index.search("tea", categories="x")


def test_a_hit_whose_file_is_gone_is_shown_without_a_picture(bench: Bench) -> None:
    hits = Index.open(bench.home).search("KX-4711", limit=1)
    (bench.source / KETTLE).unlink()
    assert hits[0].picture() is None
    assert "kettle.png" in hits._repr_html_()


def test_threads_share_an_index_and_find_what_one_finds(index: Index, indexed: Bench) -> None:
    asked = ["green tea", "KX-4711", "KX-4711", "green tea"]
    alone = {text: index.search(text) for text in set(asked)}
    others = [index, Index.open(indexed.home)]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda n: others[n % 2].search(asked[n]), range(len(asked))))
    assert [alone[text] for text in asked] == found


def test_the_ranking_of_the_settings_is_opened_where_no_other_is_asked_for(
    indexed: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMRAG_STRATEGY", "learned")
    with Index.open(indexed.home) as index:
        assert index.search("green tea", strategy="rrf")[0].key == "tea.txt"
        assert index.domains() == ["notes", "shop"]
        with pytest.raises(SettingsError, match="'learned' has to be trained"):
            index.search("green tea")


def test_who_asks_for_domains_waits_for_a_turn(index: Index) -> None:
    with ThreadPoolExecutor(1) as threads:
        with TURN:
            asked = threads.submit(index.domains)
            with pytest.raises(TimeoutError):
                asked.result(timeout=0.3)
        assert asked.result() == ["notes", "shop"]


def test_a_point_is_explained_as_the_command_line_does(index: Index, indexed: Bench) -> None:
    point = index.search("KX-4711")[0].point_id
    said = indexed.mmrag("explain", point, "--json").json
    assert index.explain(point).file.uri == said["file"]["uri"]


def test_the_environment_names_the_index_where_nothing_else_does(
    indexed: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MMRAG_HOME", str(indexed.home))
    assert Index.open().domains() == ["notes", "shop"]
    assert Index.open("elsewhere").settings.home == tmp_path / "elsewhere"
    given = Settings(home=tmp_path, batch_size=3)
    settings = Index.open(indexed.home, settings=given).settings
    assert (settings.home, settings.batch_size) == (indexed.home, 3)


def test_what_is_wrong_with_settings_is_told_when_an_index_is_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(SettingsError, match="MMRAG_HOME='s3://bucket/x'"):
        Index.open("s3://bucket/x")
    monkeypatch.setenv("MMRAG_HOM", "x")
    with pytest.warns(UserWarning, match="MMRAG_HOM is no setting of ours") as told:
        Index.open()
    assert told[0].filename == __file__


@pytest.mark.parametrize("code", ["import mmrag_pipeline", "from mmrag_pipeline import Index"])
def test_importing_loads_neither_models_nor_dagster(code: str, empty: Bench) -> None:
    heavy = "{'torch', 'dagster', 'transformers', 'qdrant_client'}"
    said = empty.mmrag_alone(code=f"import sys; {code}; print(sorted({heavy} & set(sys.modules)))")
    assert (said.code, said.out) == (0, "[]\n"), said.err


def test_the_package_loads_nothing_of_its_own_before_a_name_is_asked_for(empty: Bench) -> None:
    code = "import sys, mmrag_pipeline; print([m for m in sys.modules if m.startswith('mmrag')])"
    assert empty.mmrag_alone(code=code).out == "['mmrag_pipeline']\n"


def test_every_public_name_is_there_and_no_other() -> None:
    given = [getattr(mmrag_pipeline, name) for name in mmrag_pipeline.__all__]
    assert [one.__name__ for one in given] == mmrag_pipeline.__all__
    with pytest.raises(AttributeError, match="no attribute 'Indes'"):
        _ = mmrag_pipeline.Indes  # type: ignore[attr-defined]  # it is none


def test_every_argument_of_a_search_is_documented() -> None:
    rows = re.findall(r"^\| (`.*?) \|", (ROOT / "docs/python.md").read_text(), re.M)
    documented = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert sorted(documented) == sorted({*inspect.signature(Index.search).parameters} - {"self"})


@pytest.mark.parametrize("page", ["docs/python.md", "README.md"])
def test_the_documented_code_runs_as_it_stands(
    page: str, indexed: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(indexed.source)
    monkeypatch.setenv("MMRAG_HOME", str(indexed.home))
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text(), re.S | re.M)
    names: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, page, "exec"), names)
    assert len(names["hits"]) == 3

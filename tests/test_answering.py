"""Evidence as tables know it: nothing in it that redaction takes out of the index."""

from mmrag_pipeline.answering import TabledPages
from mmrag_pipeline.retrieval.hits import Hit, Place
from tests.indexing.life import DOMAIN, Life

HIT = Hit(1, 1.0, DOMAIN, "a", Place("p", 1, "text", None, ""), (), {}, "c")
TEXT = "txt:deposit: 40 euros, write to ann.karlsson@example.com before Monday"


def _lines(life: Life) -> str:
    return " ".join(
        line.text for line in TabledPages(life.state.tables, life.settings).lines(HIT, 1)
    )


def test_lines_of_evidence_are_redacted_as_those_that_are_indexed() -> None:
    life = Life()
    life.put(a=TEXT)
    life.run()
    assert "ann.karlsson@example.com" in _lines(life)
    life.redact("email")
    life.run()
    assert _lines(life) == "deposit: 40 euros, write to [e-mail] before Monday"


def test_lines_are_redacted_by_the_rules_of_their_domain() -> None:
    life = Life()
    life.put(a=TEXT)
    life.run()
    life.redact("email", domain="other")
    assert "ann.karlsson@example.com" in _lines(life)

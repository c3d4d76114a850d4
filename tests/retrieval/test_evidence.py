"""Evidence: what an answerer is shown, within its budget."""

from collections.abc import Mapping, Sequence

from mmrag_pipeline.answer_records import Evidence
from mmrag_pipeline.records import Box, Line, PointKind
from mmrag_pipeline.retrieval.evidence import PICTURE_TOKENS, Budget, choose
from mmrag_pipeline.retrieval.hits import Hit, Place

WHOLE = Budget(10_000)
PAGE = [Line("Rye loaf", Box(0, 0, 60, 9)), Line("4.90", Box(90, 0, 120, 9)), Line("private", None)]


class Paper:
    """Pages of lines by key, all of which can be shown."""

    def __init__(self, lines: Mapping[str, Sequence[Line]] | None = None) -> None:
        self.held = lines or {}
        self.shown: list[tuple[str, Box | None]] = []

    def lines(self, hit: Hit, page_no: int) -> Sequence[Line]:
        return self.held.get(hit.key, ()) if page_no == 1 else ()

    def picture(self, hit: Hit, page_no: int, box: Box | None) -> bytes | None:
        self.shown.append((hit.key, box))
        return f"{hit.key} {page_no}".encode()


def place(text: str, kind: PointKind = "ocr", page_no: int = 1) -> Place:
    return Place(f"{kind}{text}{page_no}", page_no, kind, Box(0, 0, 200, 100), text)


def hit(key: str, first: Place, *also: Place) -> Hit:
    return Hit(1, 1.0, "shop", key, first, also, {}, "g1")


def chosen(*hits: Hit, pages: Paper | None = None, budget: Budget = WHOLE) -> list[Evidence]:
    return choose(hits, pages or Paper(), budget, lambda text: len(text.split()))


def test_items_are_named_in_the_order_of_hits() -> None:
    found = chosen(hit("a", place("one")), hit("b", place("two"), place("three", page_no=2)))
    assert [(e.evidence_id, e.key, e.page_no, e.text) for e in found] == [
        ("E1", "a", 1, "one"),
        ("E2", "b", 1, "two"),
        ("E3", "b", 2, "three"),
    ]


def test_rows_are_whole_and_have_the_boxes_of_their_lines() -> None:
    (found,) = chosen(hit("a", place("Rye loaf\n4.90")), pages=Paper({"a": PAGE}))
    assert (found.text, found.box) == ("Rye loaf 4.90", Box(0, 0, 120, 9))


def test_lines_of_the_page_that_were_not_found_are_not_shown() -> None:
    (found,) = chosen(hit("a", place("Rye loaf\n4.90")), pages=Paper({"a": PAGE}))
    assert "private" not in found.text


def test_chunks_that_overlap_show_no_passage_twice() -> None:
    lines = [Line(text, None) for text in ("One.", "Two.", "Three.")]
    places = (place("One.\nTwo."), place("Two.\nThree."))
    (found,) = chosen(hit("a", *places), pages=Paper({"a": lines}))
    assert found.text == "One.\nTwo.\nThree."


def test_a_copy_of_a_file_is_left_out() -> None:
    assert [e.key for e in chosen(hit("a", place("same")), hit("b", place("same")))] == ["a"]


def test_the_budget_cuts_between_passages_and_spares_the_best() -> None:
    lines = "one two three.\nfour five six.\nseven eight nine."
    found = chosen(hit("a", place(lines)), hit("b", place("ten")), budget=Budget(7))
    assert [e.text for e in found] == ["one two three.\nfour five six.", "ten"]


def test_the_first_item_of_a_file_shows_its_picture_while_there_are_pictures_left() -> None:
    hits = [hit(key, place(key), place(f"{key} 2", page_no=2)) for key in ("a", "b", "c")]
    found = chosen(*hits, budget=Budget(10_000, pictures=2))
    assert [e.jpeg for e in found] == [b"a 1", None, b"b 1", None, None, None]


def test_a_picture_counts_and_a_picture_alone_is_evidence_only_when_shown() -> None:
    photo = hit("a", place("", "page"))
    assert chosen(photo) == []
    assert chosen(photo, budget=Budget(PICTURE_TOKENS - 1, pictures=1)) == []
    (found,) = chosen(photo, budget=Budget(PICTURE_TOKENS, pictures=1))
    assert (found.kind, found.text, found.jpeg) == ("page", "", b"a 1")


def test_a_caption_is_evidence_of_its_own_kind() -> None:
    found = chosen(hit("a", place("a red tent", "caption"), place("EUR 5.00")))
    assert [(e.kind, e.text) for e in found] == [("caption", "a red tent"), ("ocr", "EUR 5.00")]


def test_other_text_picture_or_name_is_another_digest() -> None:
    plain = chosen(hit("a", place("one")))[0]
    others = [*chosen(hit("a", place("two"))), *chosen(hit("b", place("one")))]
    others += chosen(hit("a", place("one")), budget=Budget(10_000, pictures=1))
    assert len({plain.digest, *(one.digest for one in others)}) == 4

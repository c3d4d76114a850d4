"""`mmrag search`: hits with their evidence, filters, pictures."""

from datetime import UTC, datetime

from tests.cli.commands import Bench, Said

PROMISED = {"rank", "score", "key", "page", "kind", "box", "text", "point_id", "signals"}


def test_a_hit_has_every_promised_key(indexed: Bench) -> None:
    hits = _search(indexed, "green tea").json["hits"]
    assert hits[0].keys() >= PROMISED
    assert [hit["rank"] for hit in hits] == list(range(1, len(hits) + 1))


def test_words_of_a_text_find_it_first(indexed: Bench) -> None:
    first = _search(indexed, "how hot should green tea water be").json["hits"][0]
    assert (first["domain"], first["key"], first["kind"]) == ("notes", "tea.txt", "text")


def test_a_printed_code_finds_its_picture_first(indexed: Bench) -> None:
    first = _search(indexed, "KX-4711").json["hits"][0]
    assert first["key"] == "kettle.png"
    assert "bm25" in first["signals"]


def test_a_picture_finds_itself_first(indexed: Bench) -> None:
    said = _search(indexed, "--image", str(indexed.source / "shop" / "kettle.png"))
    assert said.json["hits"][0]["key"] == "kettle.png"


def test_words_and_a_picture_ask_together(indexed: Bench) -> None:
    lamp = str(indexed.source / "shop" / "lamp.png")
    signals = _search(indexed, "LM-8832", "--image", lamp).json["hits"][0]["signals"]
    assert {"image", "bm25"} <= signals.keys()


def test_a_domain_restricts_the_hits(indexed: Bench) -> None:
    hits = _search(indexed, "tea", "--domain", "shop").json["hits"]
    assert {hit["domain"] for hit in hits} == {"shop"}


def test_a_kind_restricts_the_hits(indexed: Bench) -> None:
    hits = _search(indexed, "KX-4711", "--kind", "ocr").json["hits"]
    assert {hit["kind"] for hit in hits} == {"ocr"}


def test_a_page_restricts_the_hits(indexed: Bench) -> None:
    assert _search(indexed, "tea", "--page", "1").json["hits"]
    assert _search(indexed, "tea", "--page", "2").json["hits"] == []


def test_a_page_that_no_file_can_have_is_told_by_its_bounds(indexed: Bench) -> None:
    assert _search(indexed, "tea", "--page", str(2**31 - 1)).json["hits"] == []
    for page in (str(2**31), "9" * 20):
        said = indexed.mmrag("search", "tea", "--page", page)
        assert (said.code, said.out) == (2, "")
        assert "less than or equal to 2147483647" in " ".join(said.err.replace("│", "").split())


def test_the_last_day_there_is_restricts_nothing(indexed: Bench) -> None:
    said = _search(indexed, "tea", "--until", "9999-12-31")
    assert said.json == _search(indexed, "tea").json


def test_dates_restrict_the_hits_by_the_files_own_time(indexed: Bench) -> None:
    tea = indexed.source / "notes" / "tea.txt"
    changed = datetime.fromtimestamp(tea.stat().st_mtime, UTC).date().isoformat()
    assert _search(indexed, "tea", "--since", changed, "--until", changed).json["hits"]
    assert _search(indexed, "tea", "--until", "2001-01-01").json["hits"] == []
    said = indexed.mmrag("search", "tea", "--since", "yesterday")
    assert said.code != 0
    assert "--since 'yesterday' is no date" in said.err


def test_k_bounds_the_number_of_files(indexed: Bench) -> None:
    assert len(_search(indexed, "water", "-k", "2").json["hits"]) == 2


def test_a_group_sees_only_what_it_may(indexed: Bench) -> None:
    assert _search(indexed, "tea", "--visibility", "public").json["hits"]
    assert _search(indexed, "tea", "--visibility", "staff").json["hits"] == []


def test_a_visibility_rule_moves_a_file_without_a_model_call(bench: Bench) -> None:
    rules = '{"notes/tea.*": ["staff"]}'
    made = bench.mmrag("index", "--domain", "notes", "--json", MMRAG_VISIBILITY_RULES=rules)
    assert set(made.json["model_calls"].values()) == {0}
    seen = _search(bench, "tea", "--domain", "notes", "--visibility", "public").json["hits"]
    assert "tea.txt" not in {hit["key"] for hit in seen}
    staff = _search(bench, "tea", "--visibility", "staff").json["hits"]
    assert [hit["key"] for hit in staff] == ["tea.txt"]


def test_a_search_takes_only_files_of_a_category(bench: Bench) -> None:
    bench.mmrag("index", "--domain", "notes", MMRAG_CATEGORY_RULES='{"notes/tea.*": "drinks"}')
    named = _search(bench, "tea water", "--domain", "notes", "--category", "drinks")
    assert [hit["key"] for hit in named.json["hits"]] == ["tea.txt"]
    assert _search(bench, "tea", "--domain", "notes", "--category", "drink").json["hits"] == []


def test_a_picture_asks_texts_with_what_stands_in_it_where_settings_say_so(indexed: Bench) -> None:
    lamp = str(indexed.source / "shop" / "lamp.png")
    shown = ("search", "--image", lamp, "--kind", "ocr")
    assert indexed.mmrag(*shown, "--json").json["hits"] == []
    hit = indexed.mmrag(*shown, "--json", MMRAG_EXPAND_PICTURES="true").json["hits"][0]
    assert (hit["key"], "LM-8832" in hit["derived"]) == ("lamp.png", True)
    assert "LM-8832" in indexed.mmrag(*shown, MMRAG_EXPAND_PICTURES="true").out


def test_a_run_without_the_rules_makes_nothing_public(bench: Bench) -> None:
    rules = '{"notes/tea.*": ["staff"]}'
    bench.mmrag("index", "--domain", "notes", MMRAG_VISIBILITY_RULES=rules)
    again = bench.mmrag("index", "--domain", "notes", "--json")
    assert again.json["changes"]["visibility"] == 0
    seen = _search(bench, "tea", "--domain", "notes", "--visibility", "public").json["hits"]
    assert "tea.txt" not in {hit["key"] for hit in seen}


def test_a_person_can_copy_where_a_hit_lies(indexed: Bench) -> None:
    said = indexed.mmrag("search", "green tea", "-k", "1")
    assert said.out.splitlines()[:2][1].startswith("  1 notes/tea.txt  page 1, text: ")
    assert "Green tea wants water" in said.out


def test_a_line_break_in_a_name_does_not_break_the_line(indexed: Bench) -> None:
    said = indexed.mmrag("search", "a name of two lines", "-k", "1")
    assert r"notes/two\nlines.txt" in said.out


def test_the_models_of_the_index_answer_while_the_settings_name_others(indexed: Bench) -> None:
    before = _search(indexed, "how hot should green tea water be").out
    later = {"MMRAG_TEXT_MODEL": "/no/such/model", "MMRAG_PRECISION": "float32"}
    said = indexed.mmrag("search", "how hot should green tea water be", "--json", **later)
    assert (said.code, said.out) == (0, before)


def _search(bench: Bench, *arguments: str) -> Said:
    said = bench.mmrag("search", *arguments, "--json")
    assert said.code == 0, said.err
    return said

"""A domain is split by one setting: people name the domain, and no model is called."""

from tests.cli.commands import Bench, Said

SPLIT = {"MMRAG_SHARDS": '{"notes": 2}'}
PARTS = ["notes~0-2", "notes~1-2"]


def _split(bench: Bench) -> Said:
    return bench.mmrag("index", "--domain", "notes", "--json", **SPLIT)


def _keys(bench: Bench) -> list[str]:
    said = bench.mmrag("search", "water", "--domain", "notes", "--json")
    return sorted(f"{hit['domain']}/{hit['key']}" for hit in said.json["hits"])


def test_the_plan_of_a_split_calls_no_model(bench: Bench) -> None:
    said = bench.mmrag("plan", "--domain", "notes", "--json", **SPLIT)
    assert list(said.json["domains"]) == ["notes"]
    assert {row["calls"] for row in said.json["stations"]} == {0}


def test_a_split_calls_no_model_and_finds_the_same_files(bench: Bench) -> None:
    before = _keys(bench)
    said = _split(bench)
    assert (said.code, said.json["domains"], said.json["files"]) == (0, ["notes"], 3), said.err
    assert set(said.json["model_calls"].values()) == {0}
    assert _keys(bench) == before != []


def test_later_commands_know_the_shards_without_being_told(bench: Bench) -> None:
    _split(bench)
    rows = bench.mmrag("status", "--json").json["domains"]
    assert {name: row["domain"] for name, row in rows.items() if row["domain"] == "notes"} == (
        dict.fromkeys(PARTS, "notes")
    )
    verified = bench.mmrag("verify", "--domain", "notes", "--json")
    assert (verified.code, [row["partition"] for row in verified.json["domains"]]) == (0, PARTS)


def test_a_domain_is_put_together_again(bench: Bench) -> None:
    before = _keys(bench)
    _split(bench)
    said = bench.mmrag("index", "--json", MMRAG_SHARDS="{}")
    assert set(said.json["model_calls"].values()) == {0}
    assert _keys(bench) == before
    assert set(bench.mmrag("status", "--json").json["domains"]) == {"notes", "shop"}


def test_a_split_that_has_only_begun_is_told(bench: Bench) -> None:
    before = _keys(bench)
    (bench.home / "shards.json").write_text('{"shards": {"notes": 2}}')
    assert _keys(bench) == before
    assert "of another number of shards than MMRAG_SHARDS wants" in bench.mmrag("status").out
    failed = bench.mmrag("verify", "--domain", "notes", "--json").json["failed"]
    assert list(failed) == PARTS


def test_hits_of_a_split_domain_are_explained(bench: Bench) -> None:
    _split(bench)
    hits = bench.mmrag("search", "green tea", "--domain", "notes", "--json").json["hits"]
    said = bench.mmrag("explain", hits[0]["point_id"], "--json")
    assert (said.json["domain"], said.json["file"]["key"]) == ("notes", hits[0]["key"])
    assert said.json["served_by"].startswith("mmrag__notes~")


def test_a_file_of_a_split_domain_is_purged_by_the_domains_name(bench: Bench) -> None:
    _split(bench)
    said = bench.mmrag("purge", "notes/tea.txt", "--yes", "--json")
    assert (said.code, said.json["complete"]) == (0, True), said.err
    bench.mmrag("index", "--domain", "notes", MMRAG_SHARDS="{}")
    assert "notes/tea.txt" not in _keys(bench)


def test_a_shard_is_no_domain_to_name(bench: Bench) -> None:
    _split(bench)
    for command in (
        ["index"],
        ["plan"],
        ["status"],
        ["verify"],
        ["backfill"],
        ["search", "tea"],
        ["generations"],
    ):
        said = bench.mmrag(*command, "--domain", PARTS[0])
        assert said.code == 1
        assert (
            f"'{PARTS[0]}' is no domain: the domain is 'notes', and naming it means all of its "
            f"partitions ({', '.join(PARTS)})"
        ) in said.err


def test_shards_of_a_domain_that_nobody_knows_are_told(bench: Bench) -> None:
    said = bench.mmrag("status", MMRAG_SHARDS='{"note": 2}')
    assert "MMRAG_SHARDS names 'note' (did you mean 'notes'?)" in said.err

"""`mmrag copy-index`: the same index elsewhere, told and verified, without a model call."""

from dataclasses import replace
from pathlib import Path

import pytest

from mmrag_pipeline.assembly import OF_INDEX, open_tables
from mmrag_pipeline.cli.copy_index import copy_partitions
from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.index_places import settings_at
from mmrag_pipeline.indexing.commit import no_rows
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.memory import MemoryTables, MemoryVectors
from mmrag_pipeline.stores.split_tables import SplitTables
from mmrag_pipeline.testing.worlds import Silence
from tests.cli.commands import Bench
from tests.indexing.life import DOMAIN, Life
from tests.stores.samples import lineage


def _rest(url: str) -> Settings:
    return Settings(qdrant_url=url, qdrant_grpc=False)


def test_an_index_in_another_folder_is_searched_like_this_one(bench: Bench) -> None:
    there = bench.home.with_name("elsewhere")
    said = bench.mmrag("copy-index", "--to", str(there), "--json")
    assert (said.code, said.json["failed"]) == (0, {})
    asked = ("search", "green tea", "--json")
    moved = {name: str(text) for name, text in said.json["settings"].items()}
    assert moved == {"MMRAG_HOME": str(there), "MMRAG_STATE_ROOT": str(bench.home)}
    assert bench.mmrag(*asked, **moved).json == bench.mmrag(*asked).json
    assert bench.mmrag("verify", **moved).code == bench.mmrag("verify").code == 0


def test_a_person_reads_how_much_was_copied_and_what_to_set(bench: Bench) -> None:
    said = bench.mmrag("copy-index", "--to", str(bench.home.with_name("b")), "--domain", "notes")
    assert f"Copied to {bench.home.with_name('b')}" in said.out
    assert said.out.splitlines()[-1].split()[:4] == ["notes", "mmrag__notes__g1", "3", "3"]
    assert "To use it from now on, set: MMRAG_HOME=" in said.err
    assert "Runs and purges reach the one that the settings name" in said.err


def test_domains_of_other_models_are_told_and_left_out(bench: Bench) -> None:
    there = str(bench.home.with_name("b"))
    said = bench.mmrag("copy-index", "--to", there, "--json", MMRAG_DECODE_SIDE_PX="512")
    assert (said.code, said.json["domains"]) == (1, {})
    assert said.json["failed"].keys() == {"notes", "shop"}
    assert "domain notes was not copied: the points of 'notes' were made with other" in said.err
    assert "To use it" not in said.err


def test_one_domain_that_cannot_be_copied_stops_no_other() -> None:
    life = Life()
    life.put(a="txt:words")
    life.run()
    here = life.world()
    there = replace(
        here,
        settings=settings_at(here.settings, "http://index:6333"),
        vectors=MemoryVectors(),
        tables=SplitTables(here.tables, MemoryTables(), OF_INDEX),
    )
    names = ["unknown", DOMAIN]
    copies = copy_partitions(here, there, names, progress_of=lambda _: Silence())
    assert (list(copies.failed), copies.done[DOMAIN].points) == (["unknown"], 1)


def test_a_key_is_not_sent_to_another_machine_in_the_clear() -> None:
    settings = Settings.model_validate({"qdrant_api_key": "secret"})
    with pytest.raises(SettingsError, match=r"--to: .*MMRAG_QDRANT_API_KEY"):
        settings_at(settings, "http://elsewhere:6333")


@pytest.mark.parametrize(
    "place", ["http://", "ftp://host", "http://me:secret@host:6333", "http://h:x", "s3://bucket"]
)
def test_what_is_no_address_of_a_server_is_refused_and_not_shown(place: str) -> None:
    with pytest.raises(SettingsError, match=r"--to: it (is no address|may not hold)") as refused:
        settings_at(Settings(), place)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        (Settings(home=Path(".mmrag")), ".mmrag/"),
        (Settings(home=Path(".mmrag").absolute()), "./x/../.mmrag"),
        (Settings(qdrant_url="http://host:6333"), "http://host:6333/"),
        (Settings(qdrant_url="http://host:7333"), "http://HOST:6333"),  # asked by one gRPC port
        (_rest("http://host:6333"), "http://host"),
        (_rest("http://localhost:6333/at/"), "http://127.0.0.1:6333/at"),
        (_rest("http://localhost"), "http://[::1]:6333"),
    ],
)
def test_the_place_where_the_index_is_is_none_to_copy_it_to(settings: Settings, place: str) -> None:
    with pytest.raises(SettingsError, match="is where the index is"):
        settings_at(settings, place)


@pytest.mark.parametrize("place", ["http://host:7333", "http://other:6333", "http://host:6333/at"])
def test_another_port_host_or_path_is_another_place(place: str) -> None:
    assert settings_at(_rest("http://host:6333"), place).qdrant_url == place


def test_what_to_set_is_told_only_when_every_domain_is_there(bench: Bench) -> None:
    open_tables(Settings(home=bench.home)).drop("points", "shop")
    said = bench.mmrag("copy-index", "--to", str(bench.home.with_name("b")), "--json")
    assert (list(said.json["domains"]), list(said.json["failed"])) == (["notes"], ["shop"])
    assert said.json["settings"] == {}
    assert "To use it" not in said.err
    assert "go on with the index here" in said.err


def test_a_folder_with_files_of_its_own_is_no_place_for_a_copy(tmp_path: Path) -> None:
    rows = no_rows("raw_files")
    open_tables(Settings(home=tmp_path / "other")).write(rows, lineage("raw_files", rows))
    with pytest.raises(SettingsError, match=r"has tables of its own \(of 'shop', for one\)"):
        settings_at(Settings(home=tmp_path / "mine"), str(tmp_path / "other"))


def test_from_a_server_back_to_the_folder_only_the_server_is_unset() -> None:
    served = Settings(qdrant_url="http://host:6333", home=Path(".mmrag"))
    assert settings_at(served, ".mmrag") == Settings(home=Path(".mmrag"))

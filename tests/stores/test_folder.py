"""A folder as a source: complete or an error, and nothing outside it is ever read."""

import os
import socket
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mmrag_pipeline.errors import ListingError, ReadError, SettingsError
from mmrag_pipeline.ports import ObjectStore
from mmrag_pipeline.stores.folder import RACY_NS
from mmrag_pipeline.stores.source_store import SourceStore

DOMAIN = "kitchen"
OLD_S = 1_700_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A domain's folder with two files, settled long enough to be trusted."""
    domain = tmp_path / "source" / DOMAIN
    (domain / "deep" / "er").mkdir(parents=True)
    (domain / "a.txt").write_bytes(b"one")
    (domain / "deep" / "er" / "b.txt").write_bytes(b"two!")
    time.sleep(RACY_NS / 1e9)
    return domain


@pytest.fixture
def store(folder: Path) -> ObjectStore:
    """The store of that one domain."""
    return SourceStore({DOMAIN: folder})


def keys(store: ObjectStore, domain: str = DOMAIN) -> list[str]:
    """Return the keys of a listing."""
    return [info.key for info in store.list(domain)]


def problems(store: ObjectStore) -> dict[str, str]:
    """Return key -> problem for the objects that have one."""
    return {info.key: info.problem for info in store.list(DOMAIN) if info.problem}


def reason_of(store: ObjectStore, key: str) -> tuple[str, bool]:
    """Return why an object cannot be opened, and whether that may pass."""
    with pytest.raises(ReadError) as caught:
        store.open(DOMAIN, key)
    return caught.value.reason, caught.value.transient


def test_a_listing_shows_every_file_by_relative_key(store: ObjectStore, folder: Path) -> None:
    first, second = store.list(DOMAIN)
    assert (first.key, first.size_bytes, first.problem) == ("a.txt", 3, "")
    assert (second.key, second.size_bytes) == ("deep/er/b.txt", 4)
    assert second.uri == (folder / "deep" / "er" / "b.txt").as_uri()


def test_the_time_of_a_file_is_in_utc(store: ObjectStore, folder: Path) -> None:
    os.utime(folder / "a.txt", (OLD_S, OLD_S))
    assert store.list(DOMAIN)[0].modified_at == datetime.fromtimestamp(OLD_S, UTC)


def test_hidden_entries_are_left_out(store: ObjectStore, folder: Path) -> None:
    (folder / ".git").mkdir()
    (folder / ".git" / "config").touch()
    (folder / ".DS_Store").touch()
    assert keys(store) == ["a.txt", "deep/er/b.txt"]


def test_what_is_listed_can_be_read(store: ObjectStore) -> None:
    with store.open(DOMAIN, "deep/er/b.txt") as stream:
        assert stream.read() == b"two!"


@pytest.mark.parametrize(
    "name", [b"line\nbreak", b"caf\xe9.txt", b"\xf4\x8f\x9f\xbf", b"..x", b"%41"]
)
def test_odd_names_are_listed_and_opened(store: ObjectStore, folder: Path, name: bytes) -> None:
    (folder / "odd").mkdir()
    Path(os.fsdecode(os.fsencode(folder / "odd") + b"/x" + name)).write_bytes(b"odd")
    (key,) = (key for key in keys(store) if key.startswith("odd/"))
    with store.open(DOMAIN, key) as stream:
        assert stream.read() == b"odd"


def test_a_key_has_one_spelling_only(store: ObjectStore, folder: Path) -> None:
    spelled = "".join(chr(0x10F700 + byte) for byte in "é".encode())
    (folder / "é").write_bytes(b"")
    assert reason_of(store, spelled) == ("vanished", True)


def test_an_unchanged_file_keeps_its_etag(store: ObjectStore) -> None:
    assert store.list(DOMAIN) == store.list(DOMAIN)


def test_the_same_size_and_time_still_show_a_replaced_file(
    store: ObjectStore, folder: Path
) -> None:
    os.utime(folder / "a.txt", (OLD_S, OLD_S))
    before = store.list(DOMAIN)[0]
    (folder / "a.txt").write_bytes(b"two")
    os.utime(folder / "a.txt", (OLD_S, OLD_S))
    after = store.list(DOMAIN)[0]
    assert (before.size_bytes, before.modified_at) == (after.size_bytes, after.modified_at)
    assert before.etag != after.etag


@pytest.mark.parametrize("dated_s", [None, OLD_S])
def test_a_file_touched_just_now_shows_as_changed_next_time(
    store: ObjectStore, folder: Path, dated_s: int | None
) -> None:
    (folder / "a.txt").write_bytes(b"new")
    if dated_s is not None:
        os.utime(folder / "a.txt", (dated_s, dated_s))
    fresh = store.list(DOMAIN)[0].etag
    time.sleep(2 * RACY_NS / 1e9)
    settled = store.list(DOMAIN)[0].etag
    assert fresh != settled == store.list(DOMAIN)[0].etag


def test_a_file_dated_in_the_future_is_not_read_for_ever(store: ObjectStore, folder: Path) -> None:
    os.utime(folder / "a.txt", (4 * OLD_S, 4 * OLD_S))
    time.sleep(2 * RACY_NS / 1e9)
    assert store.list(DOMAIN) == store.list(DOMAIN)


def test_a_vanished_domain_is_an_error_not_an_empty_listing(tmp_path: Path) -> None:
    store = SourceStore({DOMAIN: tmp_path / "gone"})
    with pytest.raises(ListingError, match="Nothing was deleted"):
        store.list(DOMAIN)


def test_an_unknown_domain_is_an_error(store: ObjectStore) -> None:
    with pytest.raises(ListingError, match="no folder"):
        store.list("garden")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_one_unreadable_folder_fails_the_listing(store: ObjectStore, folder: Path) -> None:
    (folder / "deep").chmod(0)
    try:
        with pytest.raises(ListingError, match="deep"):
            store.list(DOMAIN)
    finally:
        (folder / "deep").chmod(0o700)


def test_a_sub_folder_too_deep_to_be_read_fails_the_listing(
    store: ObjectStore, folder: Path
) -> None:
    held = os.open(folder, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=held)
        inner = os.open("d" * 250, os.O_RDONLY, dir_fd=held)
        os.close(held)
        held = inner
    os.close(held)
    with pytest.raises(ListingError, match="could not be listed"):
        store.list(DOMAIN)


def test_a_file_in_place_of_the_domain_folder_fails_the_listing(folder: Path) -> None:
    with pytest.raises(ListingError):
        SourceStore({DOMAIN: folder / "a.txt"}).list(DOMAIN)


@pytest.mark.parametrize(
    "target",
    ["deep/er/b.txt", "../secret.txt", ".hidden/key.txt", "deep", "..", "nowhere.txt", "link"],
)
def test_a_link_is_a_problem_wherever_it_leads(
    store: ObjectStore, folder: Path, target: str
) -> None:
    (folder.parent / "secret.txt").write_bytes(b"secret")
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "key.txt").write_bytes(b"secret")
    (folder / "link").symlink_to(target)
    assert keys(store) == ["a.txt", "deep/er/b.txt", "link"]
    assert problems(store) == {"link": "link"}
    assert reason_of(store, "link") == ("link", False)


def test_a_hidden_file_is_not_opened_by_its_key(store: ObjectStore, folder: Path) -> None:
    (folder / "deep" / ".vault").mkdir()
    (folder / "deep" / ".vault" / "key.txt").write_bytes(b"secret")
    assert reason_of(store, "deep/.vault/key.txt") == ("vanished", True)


def test_a_folder_swapped_for_a_link_is_not_followed(store: ObjectStore, folder: Path) -> None:
    outside = folder.parent / "outside" / "er"
    outside.mkdir(parents=True)
    (outside / "b.txt").write_bytes(b"secret")
    (folder / "deep").rename(folder.parent / "away")
    (folder / "deep").symlink_to(outside.parent)
    assert reason_of(store, "deep/er/b.txt")[0] in {"vanished", "unreadable", "outside_root"}


@pytest.mark.parametrize(
    "key", ["../a.txt", "deep/../../x", "/etc/passwd", "", ".", "a\0b", "deep//er/b.txt", "deep/."]
)
def test_a_key_that_climbs_is_refused(store: ObjectStore, key: str) -> None:
    assert reason_of(store, key) == ("outside_root", False)


@pytest.mark.parametrize("key", ["gone.txt", "a.txt/b", "no/such/folder.txt"])
def test_what_is_gone_is_vanished_and_may_come_back(store: ObjectStore, key: str) -> None:
    assert reason_of(store, key) == ("vanished", True)


def test_pipes_sockets_and_folders_are_problems_and_never_hang(
    store: ObjectStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(folder / "pipe")
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("sock")
    assert problems(store) == {"pipe": "not_a_file", "sock": "not_a_file"}
    assert {reason_of(store, key)[0] for key in ("pipe", "sock", "deep")} == {"not_a_file"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_unreadable(store: ObjectStore, folder: Path) -> None:
    (folder / "a.txt").chmod(0)
    assert reason_of(store, "a.txt") == ("unreadable", False)


def test_a_domain_needs_a_usable_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        SourceStore({"../x": tmp_path})


def test_opening_leaves_no_descriptor_behind(store: ObjectStore) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for key in ("deep/er/b.txt", "gone.txt", "deep", "../x"):
        try:
            store.open(DOMAIN, key).close()
        except ReadError:
            continue
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_file_deleted_during_a_listing_is_simply_gone(folder: Path) -> None:
    stop = threading.Event()
    flicker = [folder / f"flicker{number}" for number in range(100)]

    def churn() -> None:
        while not stop.is_set():
            for path in flicker:
                path.touch()
            for path in flicker:
                path.unlink()

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        found = {key for _ in range(100) for key in keys(SourceStore({DOMAIN: folder}))}
    finally:
        stop.set()
        thread.join()
    assert {key for key in found if "flicker" not in key} == {"a.txt", "deep/er/b.txt"}

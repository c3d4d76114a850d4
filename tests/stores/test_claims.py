"""Parts of a shared work: each is taken once, whoever dies."""

import threading
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mmrag_pipeline.stores.claims import Claims
from mmrag_pipeline.stores.folder_blobs import FolderBlobs

PARTS = [f"d{n}" for n in range(12)]


def _claims(folder: Path, worker: str, work: str = "w") -> Claims:
    return Claims(FolderBlobs(folder), work, worker)


def test_workers_side_by_side_take_each_part_once(tmp_path: Path) -> None:
    taken: dict[str, list[str]] = {name: [] for name in "abc"}

    def work(name: str) -> None:
        claims = _claims(tmp_path, name)
        for part in claims.left(PARTS):
            taken[name].append(part)
            claims.done(part)

    threads = [threading.Thread(target=work, args=(name,)) for name in taken]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(part for parts in taken.values() for part in parts) == sorted(PARTS)


def test_one_that_starts_anew_goes_on_with_what_it_had(tmp_path: Path) -> None:
    first = _claims(tmp_path, "a")
    parts = first.left(PARTS)
    first.done(next(parts))
    in_hand = next(parts)
    assert [*_claims(tmp_path, "b").left([PARTS[0], in_hand])] == []
    assert [*_claims(tmp_path, "a").left([PARTS[0], in_hand])] == [in_hand]


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 4)), max_size=12))
def test_whoever_dies_when_all_parts_are_done_in_the_end(
    tmp_path_factory: object, deaths: list[tuple[str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("claims")  # type: ignore[attr-defined]  # pytest's own factory
    done = list[str]()
    for worker, lives in [*deaths, ("a", 99), ("b", 99)]:
        claims = _claims(folder, worker)
        for number, part in enumerate(claims.left(PARTS)):
            if number == lives:
                break
            claims.done(part)
            done.append(part)
    assert sorted(done) == sorted(PARTS)


def test_works_that_are_over_are_forgotten_along(tmp_path: Path) -> None:
    for work in ("old", "under way"):
        assert next(_claims(tmp_path, "a", work).left(PARTS)) == PARTS[0]
    _claims(tmp_path, "a").forget(lambda work: work == "old")
    assert next(_claims(tmp_path, "b", "old").left(PARTS)) == PARTS[0]
    assert next(_claims(tmp_path, "b", "under way").left(PARTS)) == PARTS[1]


def test_a_work_that_is_forgotten_begins_anew_and_others_stay(tmp_path: Path) -> None:
    for work in ("w", "other"):
        claims = _claims(tmp_path, "a", work)
        for part in claims.left(PARTS):
            claims.done(part)
    _claims(tmp_path, "a").forget(lambda _work: False)
    assert [*_claims(tmp_path, "b").left(PARTS)] == PARTS
    assert [*_claims(tmp_path, "b", "other").left(PARTS)] == []

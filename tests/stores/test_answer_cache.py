"""Where answers are kept: in a folder and in a Redis, by the same rules."""

from abc import ABC, abstractmethod
from pathlib import Path

import fakeredis
import pytest

from mmrag_pipeline.errors import CorruptStateError, StateUnavailableError
from mmrag_pipeline.ids import digest_text
from mmrag_pipeline.keepers import AnswerCache, RulesNotes
from mmrag_pipeline.stores.answer_cache import FolderAnswers
from mmrag_pipeline.stores.redacted import FolderRules
from mmrag_pipeline.stores.redis_answers import RedisAnswers

KEY, OTHER = digest_text("one"), digest_text("other")
DAY_S = 86_400


class AnswerCachePack(ABC):
    """Laws of an AnswerCache."""

    @abstractmethod
    def cache(self, folder: Path) -> AnswerCache:
        """Return an empty cache."""

    def test_what_was_put_is_found_under_its_key_only(self, tmp_path: Path) -> None:
        cache = self.cache(tmp_path)
        cache.put(KEY, {"text": "ü\ud800", "n": 1})
        assert cache.get(KEY) == {"text": "ü\ud800", "n": 1}
        assert cache.get(OTHER) is None

    def test_putting_again_replaces(self, tmp_path: Path) -> None:
        cache = self.cache(tmp_path)
        cache.put(KEY, 1)
        cache.put(KEY, 2)
        assert cache.get(KEY) == 2

    def test_clearing_leaves_nothing(self, tmp_path: Path) -> None:
        cache = self.cache(tmp_path)
        assert cache.clear() == 0
        for key in (KEY, OTHER):
            cache.put(key, 1)
        assert cache.clear() == 2
        assert [cache.get(key) for key in (KEY, OTHER)] == [None, None]


class RulesNotesPack(ABC):
    """Laws of RulesNotes that lie beside a cache."""

    @abstractmethod
    def beside(self, folder: Path) -> tuple[AnswerCache, RulesNotes]:
        """Return an empty cache and its notes."""

    def test_the_last_note_of_each_partition_holds(self, tmp_path: Path) -> None:
        _, notes = self.beside(tmp_path)
        assert notes.noted("shop") == ""
        for partition, digest in (("shop", "a"), ("shop", "b"), ("shop-1", "c")):
            notes.note(partition, digest)
        assert [notes.noted(name) for name in ("shop", "shop-1")] == ["b", "c"]

    def test_notes_are_no_answers_and_stay_when_they_are_cleared(self, tmp_path: Path) -> None:
        cache, notes = self.beside(tmp_path)
        notes.note("shop", "a")
        assert cache.clear() == 0
        assert notes.noted("shop") == "a"


class TestFolderNotes(RulesNotesPack):
    def beside(self, folder: Path) -> tuple[AnswerCache, RulesNotes]:
        return FolderAnswers(folder, days=1), FolderRules(folder)

    def test_a_place_that_is_no_folder_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(StateUnavailableError, match="cannot be written"):
            FolderRules(tmp_path / "file").note("shop", "a")


class TestRedisNotes(RulesNotesPack):
    def beside(self, folder: Path) -> tuple[AnswerCache, RulesNotes]:
        del folder
        found = RedisAnswers("redis://h:6379/0", 1, client=fakeredis.FakeRedis())
        return found, found

    def test_a_note_does_not_expire(self) -> None:
        client = fakeredis.FakeRedis()
        RedisAnswers("redis://h:6379/0", 1, client=client).note("shop", "a")
        assert client.ttl("mmrag:redacted:shop") == -1


class TestFolder(AnswerCachePack):
    def cache(self, folder: Path) -> AnswerCache:
        return FolderAnswers(folder, days=1)

    def test_what_is_too_old_is_not_found_and_goes(self, tmp_path: Path) -> None:
        FolderAnswers(tmp_path, days=1).put(KEY, 1)
        (path,) = tmp_path.rglob("*.json")
        later = FolderAnswers(tmp_path, days=1, now=lambda: path.stat().st_mtime + DAY_S + 1)
        assert later.get(KEY) is None
        assert not path.exists()

    def test_a_torn_file_is_as_none_and_goes(self, tmp_path: Path) -> None:
        FolderAnswers(tmp_path, days=1).put(KEY, 1)
        (path,) = tmp_path.rglob("*.json")
        path.write_text("{")
        assert FolderAnswers(tmp_path, days=1).get(KEY) is None
        assert not path.exists()

    def test_a_place_that_is_no_folder_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(StateUnavailableError, match="cannot be read or written"):
            FolderAnswers(tmp_path / "file", days=1).put(KEY, 1)

    def test_only_digests_name_files(self, tmp_path: Path) -> None:
        with pytest.raises(CorruptStateError, match="no digest"):
            FolderAnswers(tmp_path, days=1).get("../../etc/passwd")


class TestRedis(AnswerCachePack):
    def cache(self, folder: Path) -> AnswerCache:
        del folder
        return RedisAnswers("redis://h:6379/0", 1, client=fakeredis.FakeRedis())

    def test_an_answer_expires(self) -> None:
        client = fakeredis.FakeRedis()
        RedisAnswers("redis://h:6379/0", 2, client=client).put(KEY, 1)
        assert 2 * DAY_S - 60 < client.ttl(f"mmrag:answer:{KEY}") <= 2 * DAY_S

    def test_what_another_program_wrote_there_is_as_none(self) -> None:
        client = fakeredis.FakeRedis()
        client.set(f"mmrag:answer:{KEY}", b"\xff")
        assert RedisAnswers("redis://h:6379/0", 2, client=client).get(KEY) is None

    def test_a_redis_that_is_not_there_is_told_without_its_password(self) -> None:
        cache = RedisAnswers("redis://:secret@127.0.0.1:9/0", 1)
        with pytest.raises(StateUnavailableError, match=r"Redis at 127\.0\.0\.1") as caught:
            cache.get(KEY)
        assert "secret" not in f"{caught.value}{cache!r}"
        assert caught.value.__cause__ is None

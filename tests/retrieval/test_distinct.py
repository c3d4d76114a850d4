"""De-duplication of identical content."""

from hypothesis import given
from hypothesis import strategies as st

from mmrag_pipeline.retrieval.distinct import distinct
from tests.retrieval.refining import WORDS, keys, ranking, told
from tests.retrieval.shelves import found

NAMES = st.permutations("abcd").map(lambda names: dict.fromkeys(names, 1.0))


def test_the_best_file_of_a_content_stays_and_names_the_others() -> None:
    same = [found(key, 1.0, digest="x") for key in "acd"]
    first, second = distinct(WORDS, ranking(c=3.0, b=2.0, a=1.0, d=0.5), told(*same, found("b", 1)))
    assert (first.file[1], first.copies) == ("c", (("shop", "a"), ("shop", "d")))
    assert (second.file[1], second.copies) == ("b", ())


def test_files_without_a_digest_are_like_no_other() -> None:
    files = distinct(WORDS, ranking(a=2.0, b=1.0), told(found("a", 1.0), found("b", 1.0)))
    assert keys(files) == ["a", "b"]


@given(NAMES, st.dictionaries(st.sampled_from("abcd"), st.sampled_from("xy")))
def test_every_file_is_there_or_named(order: dict[str, float], digests: dict[str, str]) -> None:
    points = [found(key, 1.0, digest=digests.get(key, "")) for key in "abcd"]
    files = distinct(WORDS, ranking(**order), told(*points))
    copies = [key for file in files for _, key in file.copies]
    assert sorted([*keys(files), *copies]) == ["a", "b", "c", "d"]
    assert files == distinct(WORDS, ranking(**order), told(*reversed(points)))

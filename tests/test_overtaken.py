"""Work on what others replace meanwhile is done again, and given up at last."""

import pytest

from mmrag_pipeline.errors import OvertakenError
from mmrag_pipeline.overtaken import retried, steady


class _Work:
    """Work that fails some times before it is done."""

    def __init__(self, *, fails: int, error: Exception) -> None:
        self._fails, self._error = fails, error
        self.tries = 0

    def __call__(self) -> str:
        """Return that it is done, or fail."""
        self.tries += 1
        if self.tries <= self._fails:
            raise self._error
        return "done"


def test_overtaken_work_is_done_again() -> None:
    assert retried(_Work(fails=4, error=OvertakenError("x"))) == "done"


def test_work_that_is_overtaken_without_end_is_given_up() -> None:
    work = _Work(fails=99, error=OvertakenError("it was another's"))
    with pytest.raises(OvertakenError, match="it was another's"):
        retried(work)
    assert work.tries == 5


def test_files_that_vanish_are_looked_for_again() -> None:
    assert steady(_Work(fails=2, error=FileNotFoundError("part-1"))) == "done"


def test_files_that_vanish_for_long_are_told_of() -> None:
    work = _Work(fails=99, error=FileNotFoundError("part-1"))
    with pytest.raises(OvertakenError, match=r"part-1, again and again .*run again"):
        steady(work, patience_s=0)

"""Two runs that take turns at every commit to a collection, in a given order."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Condition, Thread

from mmrag_pipeline.errors import MmragError
from mmrag_pipeline.testing.frail import Fuse, Killed, die


@dataclass
class Turns:
    """Lets one of two threads go on at a time; `order` says which, once for each commit."""

    order: Sequence[int]
    _at: int = 0
    _ended: set[int] = field(default_factory=set)
    _changed: Condition = field(default_factory=Condition)
    _turn: int = 0

    def run(self, first: Callable[[], object], second: Callable[[], object]) -> None:
        """Run both to their ends, or deaths."""
        threads = [
            Thread(target=self._runner, args=(who, act)) for who, act in enumerate((first, second))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def wait(self, who: int) -> None:
        """Give the turn away and wait for it."""
        with self._changed:
            self._pass_on()
            self._changed.wait_for(lambda: self._turn == who)

    def _runner(self, who: int, act: Callable[[], object]) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._turn == who)
        try:
            with suppress(Killed, MmragError):
                act()
        finally:
            with self._changed:
                self._ended.add(who)
                self._pass_on()

    def _pass_on(self) -> None:
        chosen = self.order[self._at] if self._at < len(self.order) else self._turn
        self._at += 1
        self._turn = 1 - chosen if chosen in self._ended else chosen
        self._changed.notify_all()


class Waiting(Fuse):
    """Waits for its turn before each commit, and acts at the commit number `at`."""

    def __init__(self, at: int, turns: Turns, who: int, act: Callable[[], None] = die) -> None:
        super().__init__(at, act)
        self._turns, self._who = turns, who

    def commit(self, write: Callable[[], None]) -> None:
        """Perform one commit in its turn."""
        self._turns.wait(self._who)
        super().commit(write)

"""A value made at first use, once, even when threads ask together."""

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Lazy(Generic[T]):
    """Holds how to make a value; a failed attempt is tried again by the next caller."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = Lock()
        self._made: list[T] = []

    def get(self) -> T:
        """Return the value, making it when nobody has."""
        with self._lock:
            if not self._made:
                self._made.append(self._make())
            return self._made[0]

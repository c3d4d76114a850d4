"""What a plan says of one station."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Work:
    """What one station would make, drop and keep."""

    add: int = 0
    change: int = 0
    delete: int = 0
    reuse: int = 0
    exact: bool = True
    expired: int = 0
    redacted: int | None = None
    """Of chunks: those that other rules of redaction change, None under the same rules."""

    @property
    def made(self) -> int:
        """Return how many items would be made."""
        return self.add + self.change

    def plus(self, guessed: int, *, exact: bool) -> "Work":
        """Return this work and `guessed` more items to make."""
        return replace(self, add=self.add + guessed, exact=self.exact and exact)

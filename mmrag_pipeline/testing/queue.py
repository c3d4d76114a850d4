"""A queue in memory that delivers again what is not acknowledged."""

from collections.abc import Iterable, Sequence

from mmrag_pipeline.stores.sqs import Received


class MemoryQueue:
    """Queue over a dictionary: number -> body; a received message hides until `reappear`."""

    def __init__(self, bodies: Iterable[str] = ()) -> None:
        self.bodies: dict[int, str] = dict(enumerate(bodies))
        self.hidden: set[int] = set()
        self.receipts: list[int] = []

    def receive(self, *, budget_s: float, most: int) -> list[Received]:
        """Return up to `most` messages that are in sight, and hide them."""
        del budget_s
        numbers = [n for n in self.bodies if n not in self.hidden][:most]
        self.hidden.update(numbers)
        found: list[Received] = []
        for number in numbers:
            self.receipts.append(number)
            receipt = str(len(self.receipts) - 1)
            found.append(Received(self.bodies[number], receipt, f"message-{number}"))
        return found

    def acknowledge(self, receipts: Sequence[str]) -> int:
        """Remove messages."""
        for receipt in receipts:
            self.bodies.pop(self.receipts[int(receipt)], None)
        return 0

    def reappear(self) -> None:
        """Let the time pass after which unacknowledged messages come again."""
        self.hidden.clear()

"""An inbox in memory."""

from collections.abc import Mapping, Sequence

from mmrag_pipeline.errors import CorruptStateError
from mmrag_pipeline.events import latest
from mmrag_pipeline.ids import check_partition
from mmrag_pipeline.records import Event, Pending


class MemoryInbox:
    """Inbox over a dictionary: partition -> token -> events."""

    def __init__(self) -> None:
        self.entries: dict[str, dict[str, tuple[Event, ...]]] = {}
        self._number = 0

    def put(self, events: Mapping[str, Sequence[Event]]) -> None:
        """Keep events by partition, one entry each."""
        for partition in [check_partition(name) for name, held in events.items() if held]:
            self._number += 1
            token = f"inbox/{partition}/{self._number}"
            self.entries.setdefault(partition, {})[token] = tuple(events[partition])

    def pending(self, partition: str) -> Pending:
        """Return what is held of a partition."""
        entries = self.entries.get(check_partition(partition), {})
        events = latest(event for entry in entries.values() for event in entry)
        return Pending(events, tuple(entries))

    def forget(self, partition: str, tokens: Sequence[str]) -> None:
        """Remove absorbed entries; absent ones are fine, another partition's are refused."""
        check_partition(partition)
        if foreign := [t for t in tokens if not t.startswith(f"inbox/{partition}/")]:
            raise CorruptStateError(f"{foreign[0]!r} is no entry of the inbox of {partition!r}")
        for token in tokens:
            self.entries.get(partition, {}).pop(token, None)

    def partitions(self) -> list[str]:
        """Return the partitions that hold entries, sorted."""
        return sorted(partition for partition, entries in self.entries.items() if entries)

"""What is said of a collection that drifted, and what became of mending it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mmrag_pipeline.errors import MmragError
from mmrag_pipeline.indexing.checks import Verdict
from mmrag_pipeline.indexing.station import Mode, World
from mmrag_pipeline.indexing.verify import Drift, repair, verify

_TOLD = ("missing", "foreign", "changed", "unrecorded", "mixed")


@dataclass(frozen=True, slots=True)
class Looked:
    """A partition as it was found and, where mending was tried, as it is after that."""

    found: Drift
    after: Drift | None = None
    trouble: str = ""
    """Why it could not be mended."""
    changes: Mapping[str, int] = field(default_factory=dict)
    """What mending wrote; empty where it was not tried, or failed."""

    @property
    def now(self) -> Drift:
        """Return what is known of it last."""
        return self.after or self.found

    @property
    def mended(self) -> bool:
        """Return whether all that differed is as it should be now."""
        return self.after is not None and self.after.clean

    @property
    def verdict(self) -> Verdict:
        """Return the decision; what had drifted fails, mended or not: it does not do so itself."""
        counts = self.found.counts
        if self.found.clean:
            return Verdict(True, "desired, applied and held points are the same", counts)
        return Verdict(False, "; ".join([*_differences(self.found), self._outcome()]), counts)

    def _outcome(self) -> str:
        if self.trouble:
            return f"it could not be mended: {self.trouble}"
        if self.after is None:
            return (
                "`mmrag verify --repair` mends it without a model (MMRAG_VERIFY_REPAIR: by itself)"
            )
        left = "; ".join(_differences(self.after))
        return f"mending did not help: {left}" if left else "it was mended from the memo"


def looked_at(world: World, partition: str, *, mend: Mode | None = None) -> Looked:
    """Compare a partition with what it should hold and, with a mode to mend it in, do so.

    Raises as `verify`: what cannot be compared is not touched.
    """
    found = verify(world, partition)
    if found.clean or mend is None:
        return Looked(found)
    changes: Mapping[str, int] = {}
    try:
        changes = repair(world, partition, mend).changes
        return Looked(found, verify(world, partition), changes=changes)
    except MmragError as error:
        return Looked(found, trouble=str(error), changes=changes)


def mixed_told(drift: Drift) -> str:
    """Return what to say of points of other models in the collection that serves."""
    return (
        f"{drift.mixed} points of {drift.serving!r} are of other models than it was made for: "
        "vectors of two models in one collection cannot be compared. `mmrag verify --repair "
        f"--domain {drift.partition}` writes the right ones from the memo"
    )


def _differences(drift: Drift) -> list[str]:
    """Return in which ways a partition is not what it should be."""
    told = [f"{drift.counts[name]} {name}" for name in _TOLD if drift.counts[name]]
    said = [f"{', '.join(told)} in {drift.serving!r}"] if told else []
    if drift.serving != drift.expected or not drift.layout_fits:
        said.append(f"{drift.serving!r} serves in the place of {drift.expected!r}")
    return [*said, mixed_told(drift)] if drift.mixed else said

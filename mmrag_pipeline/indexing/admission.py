"""Which domains are worked on: whoever may write to a root may make up names without end."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Admission:
    """The domains to work on, and those that are one too many, both sorted."""

    domains: tuple[str, ...]
    refused: tuple[str, ...] = ()
    there: int = 0
    """How many domains there are with those that are let in now."""
    most: int = 0

    @property
    def refusal(self) -> str:
        """Return what to say of the refused ones, empty when there is none."""
        if not self.refused:
            return ""
        number = len(self.refused)
        domains = "1 new domain is" if number == 1 else f"{number:,} new domains are"
        return (
            f"{domains} not indexed, for one {self.refused[0]!r:.100}: there are {self.there:,} "
            f"and MMRAG_MAX_DOMAINS={self.most} allows no new one; raise it to let more in, "
            "or give an empty domain's place back (docs/troubleshooting.md)"
        )


def admit(names: Iterable[str], *, known: Collection[str], most: int) -> Admission:
    """Let in the known domains, however many they are, then new ones by name while there is room.

    `known` are all that there are, whether they are asked for or not. Two who ask at the same
    moment may each fill the room that is left.
    """
    held, asked = {*known}, sorted({*names})
    strange = [name for name in asked if name not in held]
    room = max(most - len(held), 0)
    taken, refused = strange[:room], strange[room:]
    admitted = tuple(sorted({*asked} - {*refused}))
    return Admission(admitted, tuple(refused), there=len(held) + len(taken), most=most)

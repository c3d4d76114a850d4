"""How long a station takes per item here: learned from runs, used by plans."""

import json
from collections.abc import Mapping, Sequence

from mmrag_pipeline.indexing.plan import RATES
from mmrag_pipeline.indexing.run import Outcome
from mmrag_pipeline.settings import Settings
from mmrag_pipeline.stores.files import replace_text

_FILE = "rates.json"
_LEAST_ITEMS = 20
"""Fewer items say more about starting a model than about using it."""
_MEMORY = 0.5
"""Share of the earlier rate that a new measurement leaves in place."""


def learned_rates(settings: Settings) -> Mapping[str, float]:
    """Return seconds per item of each station: as measured here, else the defaults."""
    try:
        held = json.loads((settings.home / _FILE).read_text())
        return {**RATES, **{name: float(held[name]) for name in RATES if name in held}}
    except (FileNotFoundError, ValueError, TypeError):
        return RATES


def learn_rates(settings: Settings, outcomes: Sequence[Outcome]) -> None:
    """Blend what a run measured into what is known; losing this file costs only precision."""
    known = dict(learned_rates(settings))
    found = {name: rate for name in RATES if (rate := _measured(name, outcomes)) is not None}
    blended = {name: _MEMORY * known[name] + (1 - _MEMORY) * rate for name, rate in found.items()}
    if blended:
        text = json.dumps({**known, **blended}, indent=1, sort_keys=True)
        replace_text(settings.home / _FILE, f"{text}\n")


def _measured(station: str, outcomes: Sequence[Outcome]) -> float | None:
    mine = [o for o in outcomes if o.station == station and o.computed]
    items = sum(o.computed for o in mine)
    return sum(o.seconds for o in mine) / items if items >= _LEAST_ITEMS else None

"""Settings of what things cost: which machine this is, and the money that is paid for what."""

import math
import re
from difflib import get_close_matches
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import BaseSettings, SettingsConfigDict

Machine = Literal["cpu", "gpu", "gpu-spot"]
Rate = Literal[
    "cpu_hour", "gpu_hour", "gpu_spot_hour", "gb_month", "prompt_mtokens", "completion_mtokens"
]


_RATES: tuple[str, ...] = get_args(Rate)
_CURRENCY = re.compile(r"[^\s\d]{1,8}")


def _are_known(rates: object) -> object:
    """Refuse a name that stands for nothing, before each of its values is looked at."""
    for name in rates if isinstance(rates, dict) else ():
        if name not in _RATES:
            near = get_close_matches(str(name), _RATES, n=1)
            meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(_RATES)}"
            raise ValueError(f"{str(name)!r:.60} is no rate ({meant})")
    return rates


def _is_currency(name: str) -> str:
    if not _CURRENCY.fullmatch(name):
        raise ValueError("it is no currency: write up to 8 letters or signs, EUR for example")
    return name


def _are_money(rates: dict[Rate, float]) -> dict[Rate, float]:
    for name, rate in rates.items():
        if not (math.isfinite(rate) and rate >= 0):
            raise ValueError(f"{name}={rate:g} is no money: write a number of 0 or more")
    return rates


class CostSettings(BaseSettings):
    """What is paid for what; `Settings` has all of it."""

    model_config = SettingsConfigDict(env_prefix="MMRAG_", frozen=True, extra="forbid")

    machine: Machine = "cpu"
    """What this process runs on; in a cluster each pod is told."""
    rates: Annotated[
        dict[Rate, float], BeforeValidator(_are_known), AfterValidator(_are_money)
    ] = {}
    """Name -> money; what is not named is told in seconds only."""
    currency: Annotated[str, AfterValidator(_is_currency)] | None = None
    """What stands behind an amount of money."""

"""Settings of what things cost: which machine this is, and the money that is paid for what."""

import math
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Machine = Literal["cpu", "gpu", "gpu-spot"]
Rate = Literal[
    "cpu_hour", "gpu_hour", "gpu_spot_hour", "gb_month", "prompt_mtokens", "completion_mtokens"
]


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
    rates: Annotated[dict[Rate, float], AfterValidator(_are_money)] = {}
    """Name -> money; what is not named is told in seconds only."""
    currency: str | None = Field(default=None, pattern=r"^[^\s\d]{1,8}$")
    """What stands behind an amount of money."""

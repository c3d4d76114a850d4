"""`mmrag cost`: what was spent, in seconds and money, and what was not."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from mmrag_pipeline.cli.console import OUT, print_json, table, warn
from mmrag_pipeline.cli.moments import start_of
from mmrag_pipeline.cli.options import AsJson, load_settings
from mmrag_pipeline.cost_records import MACHINES
from mmrag_pipeline.cost_report import By, Held, Line, Money, Report, open_books, report
from mmrag_pipeline.errors import SettingsError
from mmrag_pipeline.settings import Settings

_CENT = 0.01
_DAYS = re.compile(r"(\d{1,5})d")
_NOTHING = "nothing was recorded yet{}: `mmrag index` writes down what its steps took"
_NO_RATE = (
    'no money is told: name what you pay in MMRAG_RATES, for example {"cpu_hour": 0.1}; it holds '
    "for what is spent from then on"
)

_NO_RATE_THEN = "no money is told: none of these seconds had a rate when they were spent"


def cost(
    since: Annotated[
        str | None,
        typer.Option("--since", help="From this date on, or the last days: 30d.", metavar="DATE"),
    ] = None,
    by: Annotated[By, typer.Option("--by", help="What to add up.")] = "domain",
    as_json: AsJson = False,
) -> None:
    """Say what indexing and evaluations took, what of it was lost, and what was saved.

    Examples:

        mmrag cost --since 30d

        mmrag cost --by station --json
    """
    settings = load_settings()
    found = report(open_books(settings), by=by, since=_since(since))
    if as_json:
        print_json(_as_json(settings, found, by))
    elif found.lines:
        _print(found, by, whole=since is None)
        for text in _notes(settings, found):
            OUT.print(text, markup=False)
    else:
        OUT.print(_NOTHING.format(" (since then)" if since else ""), markup=False)
    if found.trouble:
        warn(found.trouble)


def _since(text: str | None) -> datetime | None:
    """Return the instant that `30d`, a day or a time names; raises SettingsError."""
    if days := _DAYS.fullmatch(text or ""):
        return datetime.now(UTC) - timedelta(days=int(days[1]))
    try:
        return start_of("--since", text)
    except SettingsError as error:
        raise SettingsError(f"{error}, or the last days: 30d") from error


def _as_json(settings: Settings, found: Report, by: By) -> dict[str, object]:
    rate, held, saved = settings.rates.get("gb_month"), found.held, found.saved
    return {
        "by": by,
        "currency": settings.currency,
        "lines": [_line_json(line) for line in found.lines],
        "total": _line_json(found.total),
        "saved": {
            "memo": {
                "calls": saved.reused_calls,
                "seconds": round(saved.memo_s, 1),
                "money": _rounded(saved.memo_money),
            },
            "spot": {"money": _rounded(saved.spot_money)},
            "quantization": _a_month(held.quantized_away_gb if held else None, rate),
            "ttl": _a_month(held.expired_gb if held else None, rate),
        },
        "held": _a_month(held.gb if held else None, rate),
        "warnings": [found.trouble] if found.trouble else [],
    }


def _line_json(line: Line) -> dict[str, object]:
    return {
        "name": line.name,
        "seconds": {machine: round(line.seconds[machine], 3) for machine in MACHINES},
        "lost_s": round(line.lost_s, 3),
        "money": _rounded(line.money),
        "lost_money": _rounded(line.lost_money),
        "unpriced_s": round(line.unpriced_s, 3),
        "files": line.files,
        "money_per_1000_files": _rounded(line.per_1000_files),
    }


def _rounded(money: Money) -> dict[str, float]:
    return {name: round(amount, 6) for name, amount in money.items()}


def _a_month(gb: float | None, rate: float | None) -> dict[str, float | None]:
    money = None if gb is None or rate is None else round(gb * rate, 6)
    return {"gb": None if gb is None else round(gb, 6), "money_a_month": money}


def _print(found: Report, by: By, *, whole: bool) -> None:
    per_files = ("per 1,000 files",) if by == "domain" and whole else ()
    columns = (by, *(f"{machine} s" for machine in MACHINES), "lost s", "money", *per_files)
    rows = [
        (
            line.name,
            *(f"{line.seconds[machine]:,.1f}" for machine in MACHINES),
            f"{line.lost_s:,.1f}",
            _told(line.money),
            *((_told(line.per_1000_files),) if per_files else ()),
        )
        for line in (*found.lines, found.total)
    ]
    OUT.print(table("", columns, rows))


def _notes(settings: Settings, found: Report) -> list[str]:
    total, saved, held = found.total, found.saved, found.held
    if not total.money:
        notes = [_NO_RATE_THEN if settings.rates else _NO_RATE]
    elif total.unpriced_s >= 0.05:
        notes = [f"without a rate of then: {total.unpriced_s:,.1f} s, not part of the money"]
    else:
        notes = []
    if total.lost_s:
        lost = _told(total.lost_money)
        notes.append(f"lost to machines that were taken away: {total.lost_s:,.1f} s, {lost}")
    memo = _told(saved.memo_money)
    notes.append(
        f"saved by the memo: {saved.reused_calls:,} model calls, {saved.memo_s:,.1f} s, {memo}"
    )
    if saved.spot_money:
        notes.append(f"saved by spot machines: {_told(saved.spot_money)}")
    return [*notes, *(_held_notes(settings, held) if held else [])]


def _held_notes(settings: Settings, held: Held) -> list[str]:
    rate, currency = settings.rates.get("gb_month"), settings.currency or ""
    told = {
        "the index in memory": held.gb,
        "saved by quantization": held.quantized_away_gb,
        "saved by MMRAG_TTL_DAYS": held.expired_gb,
    }
    return [
        f"{name}: {gb:.3f} GB, {_told({} if rate is None else {currency: gb * rate})} a month"
        for name, gb in told.items()
        if gb or name == "the index in memory"
    ]


def _told(money: Money) -> str:
    return " + ".join(money_text(amount, name) for name, amount in money.items()) or "-"


def money_text(money: float, currency: str | None) -> str:
    """Return an amount for people, in hundredths of what it is told in."""
    if money and abs(money) < _CENT:
        shown = f"< {_CENT}" if money > 0 else f"> -{_CENT}"
    else:
        shown = f"{money:,.2f}"
    return f"{shown} {currency or '(no currency set)'}"

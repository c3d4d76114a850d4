"""How a purge is told: what went, what is left, and which copies stay."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmrag_pipeline.cli.console import ERR, OUT, counted, print_json, printable, table, warn
from mmrag_pipeline.indexing.receipts import UNREFERENCED, Receipt

_REMAINS = "memo, unreferenced remains"
"""Row of what no file had any more: others', earlier versions of these, proofs of checks."""
_ADVICE = "purge them too if they are to go: with --copies one takes all of its content along"
_NAMED = 20
"""How many copies are named on a terminal."""
Wanted = Mapping[str, Sequence[str]]
"""Domain -> keys."""


def paths_of(wanted: Wanted) -> list[str]:
    """Return `DOMAIN/KEY` of each file."""
    return [f"{name}/{key}" for name, keys in wanted.items() for key in keys]


def tell_lifted(lifted: Wanted, wanted: Wanted, *, as_json: bool) -> None:
    """Print which of the wanted files may come back."""
    if as_json:
        print_json(_said([], lifted))
    for name, keys in wanted.items():
        for key in keys:
            if key not in lifted[name]:
                warn(f"{name}/{key} was not purged: there is nothing to lift")
            elif not as_json:
                OUT.print(printable(f"{name}/{key} may come back"), markup=False)
    if any(lifted.values()):
        ERR.print("the next `mmrag index` brings back what the source still has", markup=False)


def tell_receipts(done: Sequence[tuple[Receipt, Path]], *, ended: bool, as_json: bool) -> None:
    """Print what was done, and where its receipts lie; `ended` says whether that is all."""
    if as_json and (done or ended):
        print_json(_said(done, {}, ended=ended))
    for receipt, path in done:
        if not as_json:
            OUT.print(_table(receipt))
            OUT.print(printable(f"receipt {receipt.digest}: {path}"), markup=False)
        _tell_troubles(receipt)


def _said(
    done: Sequence[tuple[Receipt, Path]], lifted: Wanted, *, ended: bool = True
) -> dict[str, object]:
    return {
        "complete": ended and all(receipt.complete for receipt, _ in done),
        "receipts": [json.loads(receipt.as_json()) for receipt, _ in done],
        "paths": [str(path) for _, path in done],
        "lifted": {name: list(keys) for name, keys in lifted.items()},
    }


def _table(receipt: Receipt) -> object:
    removed, left = _summed(receipt.removed), _summed(receipt.left)
    rows = [(p, removed.get(p, 0), left.get(p, 0)) for p in sorted({*removed, *left})]
    number = counted(len(receipt.files), "file")
    done = "Purged" if receipt.held_anything else "Kept out, nothing was held of"
    return table(f"{done} {number} of {receipt.domain}", ("place", "removed", "left"), rows)


def _summed(counts: Mapping[str, int]) -> Mapping[str, int]:
    """Return the counts with what no file had any more as one."""
    apart = [place for place in counts if place.startswith(UNREFERENCED)]
    others = {_REMAINS: sum(counts[place] for place in apart)} if apart else {}
    return {p: counts[p] for p in counts if p not in apart} | others


def tell_copies(receipts: Sequence[Receipt]) -> None:
    """Name the files with the same content that stay."""
    staying = sorted({path for receipt in receipts for path in paths_of(receipt.copies)})
    if staying:
        number = counted(len(staying), "file")
        warn(f"the same content stays indexed under other keys, {number}:")
        for path in staying[:_NAMED]:
            ERR.print(printable(f"    {path}"), markup=False)
        if len(staying) > _NAMED:
            ERR.print(
                f"    and {len(staying) - _NAMED:,} more: the receipt names all", markup=False
            )
        ERR.print(_ADVICE, markup=False)


def tell_unread(unread: Mapping[str, str]) -> None:
    """Name the domains (-> why) whose files nobody could compare."""
    for domain, why in unread.items():
        warn(
            f"whether copies lie in {domain} is unknown, and nothing tells it later: stop here to "
            f"mend that first ({why})"
        )


def _tell_troubles(receipt: Receipt) -> None:
    if not receipt.held_anything:
        told = "nothing of it was held (a key is spelled as in the source, capitals too)"
        ERR.print(f"{printable(receipt.domain)}: {told}; it will not come in", markup=False)
    for place, why in receipt.unread.items():
        _complain(
            f"{receipt.domain}: {place} could not be looked through: {why}. Then run the same "
            "command again"
        )
    if receipt.left:
        places = ", ".join(f"{name} ({count})" for name, count in receipt.left.items())
        _complain(
            f"{receipt.domain}: not all is gone: {places}. Run `mmrag index --domain "
            f"{receipt.domain}`, then purge again"
        )


def _complain(text: str) -> None:
    ERR.print(printable(text), style="red", markup=False)

"""`mmrag`: the command line, one module per command."""

import atexit
import gc
import io
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated, NoReturn

import typer

from mmrag_pipeline.cli import (
    ask,
    backfill,
    copy_index,
    cost,
    dead_letters,
    demo,
    evaluate,
    explain,
    fusion_train,
    generations,
    index,
    plan,
    purge,
    rollback,
    search,
    status,
    verify,
)
from mmrag_pipeline.cli.console import ERR, OUT, fail
from mmrag_pipeline.errors import MmragError
from mmrag_pipeline.interrupts import Interrupted, raised

_KEPT = "interrupted: what was finished is kept; run the same command again to go on"


def _tell_version(asked: bool) -> None:
    if asked:
        OUT.print(f"mmrag_pipeline {version('mmrag_pipeline')}", markup=False)
        raise typer.Exit


app = typer.Typer(
    help="Keep a searchable multimodal index equal to what the raw files say it should be.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


@app.callback()
def options(
    _version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", is_eager=True, callback=_tell_version),
    ] = False,
) -> None:
    """Options before the command."""


app.command("index")(index.index)
app.command("backfill")(backfill.backfill)
app.command("plan")(plan.plan)
app.command("search")(search.search)
app.command("ask")(ask.ask)
app.command("evaluate")(evaluate.evaluate)
app.command("fusion-train")(fusion_train.fusion_train)
app.command("explain")(explain.explain)
app.command("verify")(verify.verify)
app.command("generations")(generations.generations)
app.command("rollback")(rollback.rollback)
app.command("promote")(rollback.promote)
app.command("dead-letters")(dead_letters.dead_letters)
app.command("copy-index")(copy_index.copy_index)
app.command("purge")(purge.purge)
app.command("status")(status.status)
app.command("cost")(cost.cost)
app.command("demo")(demo.demo)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; our own errors and the system's become one line and exit status 1.

    SIGINT and SIGTERM become one line and exit status 130 and 143.
    """
    # the interpreter's last collection takes 0.7 s of processor time and frees what ends anyway
    atexit.register(gc.freeze)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        with raised():
            app(args=arguments)
    except Interrupted as interrupted:
        ERR.print(_KEPT, markup=False)
        sys.exit(interrupted.exit_status)
    except MmragError as error:
        _stop(str(error))
    except OSError as error:
        _stop(f"{error}: check that path, its permissions and the free space")


def _stop(message: str) -> NoReturn:
    fail(message)
    sys.exit(1)

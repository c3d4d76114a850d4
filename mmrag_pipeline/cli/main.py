"""`mmrag`: index, plan, search, evaluate, explain, verify, dead-letters, status, demo."""

import io
import sys
from collections.abc import Sequence
from typing import NoReturn

import typer

from mmrag_pipeline.cli import (
    dead_letters,
    demo,
    evaluate,
    explain,
    index,
    plan,
    search,
    status,
    verify,
)
from mmrag_pipeline.cli.console import ERR, printable
from mmrag_pipeline.errors import MmragError

app = typer.Typer(
    help="Keep a searchable multimodal index equal to what the raw files say it should be.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.command("index")(index.index)
app.command("plan")(plan.plan)
app.command("search")(search.search)
app.command("evaluate")(evaluate.evaluate)
app.command("explain")(explain.explain)
app.command("verify")(verify.verify)
app.command("dead-letters")(dead_letters.dead_letters)
app.command("status")(status.status)
app.command("demo")(demo.demo)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; our own errors and the system's become one line and exit status 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app(args=arguments)
    except MmragError as error:
        _stop(str(error))
    except OSError as error:
        _stop(f"{error}: check that path, its permissions and the free space")


def _stop(message: str) -> NoReturn:
    ERR.print("error:", style="bold red", end=" ")
    ERR.print(printable(message), markup=False)
    sys.exit(1)

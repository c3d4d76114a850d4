"""Runs every step from nothing to exported files, in order, each in its own process."""

import argparse
import subprocess
import sys
from pathlib import Path

from training.workspace import workspace_argument

BAKING = (
    "sources",
    "sprites",
    "documents.bake",
    "backgrounds",
    "phrases",
    "composites",
    "evalsets",
)
STEPS = (*BAKING, "train", "export")


def command(step: str, arguments: argparse.Namespace) -> list[str]:
    """Return the command line of one step."""
    line = [sys.executable, "-m", f"training.{step}", "--work", str(arguments.work)]
    if step == "train":
        line += ["--minutes", str(arguments.minutes), "--processes", str(arguments.processes)]
    if step == "export":
        checkpoint = arguments.work / "runs" / "mini.pt"
        line += ["--checkpoint", str(checkpoint), "--folder", str(arguments.folder)]
        line += ["--revision", arguments.revision]
    return line


def main() -> None:
    """Parse the command line and run the chosen steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    workspace_argument(parser)
    parser.add_argument("--folder", type=Path, required=True, help="where the files go")
    parser.add_argument("--revision", required=True, help="raise it with every new set of weights")
    parser.add_argument("--minutes", type=float, default=160.0, help="length of training")
    parser.add_argument("--processes", type=int, default=2, help="processes that train")
    parser.add_argument("--start", choices=STEPS, default=STEPS[0], help="first step to run")
    arguments = parser.parse_args()
    for step in STEPS[STEPS.index(arguments.start) :]:
        print(f"== {step}", flush=True)
        subprocess.run(command(step, arguments), check=True)


if __name__ == "__main__":
    main()

"""Trains the image tower for a given wall-clock time; can be stopped and resumed."""

import argparse
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training import peers, schedule
from training.batches import Batch, BatchMaker
from training.dice import Dice
from training.losses import contrastive_loss
from training.model import ImageTower, parameter_groups
from training.workspace import Workspace, workspace_argument

LOG_EVERY_STEPS = 50
CHECKPOINT_EVERY_S = 300.0
BETAS = (0.9, 0.98)
CLIP_NORM = 1.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run is made of; `minutes` is the whole length of the schedule."""

    minutes: float
    batch: int = 96
    processes: int = 1
    peak_rate: float = 2e-3
    weight_decay: float = 0.05
    auxiliary_weight: float = 1.0
    seed: int = 0
    threads: int = 1


@dataclass(slots=True)
class Progress:
    """How far a run is."""

    steps: int = 0
    samples: int = 0
    spent_s: float = 0.0


class Trainer:
    """One run: model, optimiser, data and progress."""

    def __init__(self, workspace: Workspace, settings: Settings, name: str) -> None:
        self.settings, self.progress = settings, Progress()
        self.folder = workspace.folder("runs")
        self.name = name
        self.text_map = torch.from_numpy(workspace.load_array("text_map"))
        classes = len(workspace.load_json("phrasebook")["things"])
        self.tower = ImageTower(classes)
        groups = parameter_groups(self.tower, settings.weight_decay)
        self.optimiser = torch.optim.AdamW(groups, lr=settings.peak_rate, betas=BETAS, fused=True)
        self.data = BatchMaker(
            workspace, settings.batch // settings.processes, Dice(settings.seed + peers.rank())
        )

    @property
    def share(self) -> float:
        """Return the share of the scheduled time that has passed."""
        return min(1.0, self.progress.spent_s / (60 * self.settings.minutes))

    @property
    def checkpoint(self) -> Path:
        """Return where the run is saved."""
        return self.folder / f"{self.name}.pt"

    def save(self) -> None:
        """Write model, optimiser and progress, replacing the former checkpoint at once."""
        state = {
            "tower": self.tower.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "progress": asdict(self.progress),
            "settings": asdict(self.settings),
            "text_map": self.text_map,
        }
        unfinished = self.checkpoint.with_suffix(".partial")
        torch.save(state, unfinished)
        unfinished.replace(self.checkpoint)

    def resume(self, path: Path) -> None:
        """Continue from a checkpoint; a longer `minutes` stretches the rest of the schedule."""
        state = torch.load(path, weights_only=True)
        self.tower.load_state_dict(state["tower"])
        # Only the moments come from the file; rates and options are those of this run.
        moments = {"state": state["optimiser"]["state"]}
        self.optimiser.load_state_dict(self.optimiser.state_dict() | moments)
        self.progress = Progress(**state["progress"])
        # Another seed than before, so that the same batches are not drawn again.
        self.data.dice.restart(self.settings.seed + 100 * self.progress.steps + peers.rank())

    def loss(self, batch: Batch) -> Tensor:
        """Return the contrastive loss plus the auxiliary classification loss."""
        with torch.autocast("cpu", torch.bfloat16):
            outputs = self.tower(batch.pictures)
        scale = self.tower.scale()
        contrast = contrastive_loss(outputs.vectors, batch.texts, batch.pairs, scale)
        scores = outputs.scores[: len(batch.things)]
        classes = functional.cross_entropy(scores, batch.things)
        return contrast + self.settings.auxiliary_weight * classes

    def step(self) -> float:
        """Draw a batch, update the weights, and return the loss."""
        share = self.share
        for group in self.optimiser.param_groups:
            group["lr"] = self.settings.peak_rate * schedule.rate(share)
        gentle = share < schedule.GENTLE_UNTIL
        loss = self.loss(self.data.next(schedule.size_px(share), gentle=gentle))
        self.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        peers.average_gradients(self.tower.parameters())
        nn.utils.clip_grad_norm_(self.tower.parameters(), CLIP_NORM)
        self.optimiser.step()
        self.progress.steps += 1
        self.progress.samples += self.settings.batch
        return float(loss.detach())

    def run(self) -> None:
        """Train until the scheduled time is spent; save every few minutes and at the end."""
        self.tower.train()
        peers.share_weights(self.tower.parameters())
        last, saved, losses = time.monotonic(), time.monotonic(), []
        while self.share < 1.0:
            losses.append(self.step())
            now = time.monotonic()
            self.progress.spent_s = peers.agree(self.progress.spent_s + now - last)
            last = now
            if peers.rank():
                continue
            if self.progress.steps % LOG_EVERY_STEPS == 0:
                self.report(float(np.mean(losses)))
                losses.clear()
            if now - saved > CHECKPOINT_EVERY_S:
                self.save()
                saved = now
        if not peers.rank():
            self.save()

    def report(self, loss: float) -> None:
        """Print one line about the progress."""
        progress = self.progress
        speed = progress.samples / max(1.0, progress.spent_s)
        scale = float(self.tower.scale().detach())
        print(
            f"step {progress.steps} samples {progress.samples} spent {progress.spent_s:.0f}s "
            f"share {self.share:.3f} size {schedule.size_px(self.share)} loss {loss:.3f} "
            f"scale {scale:.1f} speed {speed:.0f}/s",
            flush=True,
        )


def train(
    workspace: Workspace, settings: Settings, *, name: str = "mini", resume: Path | None = None
) -> None:
    """Train one run in this process, alone or as one of several peers."""
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    trainer = Trainer(workspace, settings, name)
    if resume:
        trainer.resume(resume)
    trainer.run()


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    workspace_argument(parser)
    parser.add_argument("--minutes", type=float, required=True, help="length of the schedule")
    parser.add_argument("--name", default="mini", help="checkpoint name under runs/")
    parser.add_argument("--resume", type=Path, help="checkpoint to continue from")
    parser.add_argument(
        "--batch", type=int, default=96, help="pictures per step, over all processes"
    )
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="threads per process")
    given = parser.parse_args()
    workspace = Workspace(given.work)
    settings = Settings(given.minutes, given.batch, given.processes, threads=given.threads)
    work = partial(train, workspace, settings, name=given.name, resume=given.resume)
    peers.run_together(given.processes, workspace.folder("runs") / f"{given.name}.meeting", work)


if __name__ == "__main__":
    main()

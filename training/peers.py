"""Single-threaded processes that train one model together by averaging their gradients.

On processors shared with other work this beats threads: the peers wait for each other once per
step, threads in every operation.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed, nn


def in_group() -> bool:
    """Tell whether this process is one of several peers."""
    return distributed.is_initialized()


def rank() -> int:
    """Return this process's number; the first one reports and saves."""
    return distributed.get_rank() if in_group() else 0


def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Replace each gradient by its mean over all peers."""
    if not in_group():
        return
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
    distributed.all_reduce(flat)
    flat /= distributed.get_world_size()
    parts = torch.split(flat, [gradient.numel() for gradient in gradients])
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view_as(gradient))


def share_weights(tensors: Iterable[Tensor]) -> None:
    """Give every peer the first one's weights."""
    if in_group():
        for tensor in tensors:
            distributed.broadcast(tensor.data, 0)


def agree(value: float) -> float:
    """Return the first peer's value."""
    if not in_group():
        return value
    agreed = torch.tensor(value, dtype=torch.float64)
    distributed.broadcast(agreed, 0)
    return float(agreed)


def _join(place: int, count: int, meeting: Path, work: Callable[[], None]) -> None:
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    distributed.init_process_group(
        "gloo", init_method=meeting.as_uri(), rank=place, world_size=count
    )
    work()
    distributed.destroy_process_group()


def run_together(count: int, meeting: Path, work: Callable[[], None]) -> None:
    """Run `work` in `count` processes that meet at the file `meeting`, or here if it is one."""
    if count == 1:
        work()
        return
    meeting.unlink(missing_ok=True)
    start: Any = vars(torch.multiprocessing)["spawn"]
    start(_join, (count, meeting.absolute(), work), nprocs=count)

"""Where and in which number format a model runs: part of its card."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import torch

ConcretePrecision = Literal["float32", "bfloat16"]
PROCESSOR_FLAGS = Path("/proc/cpuinfo")
DRIVER_FILES = (Path("/proc/driver/nvidia"), Path("/dev/nvidiactl"), Path("/dev/dxg"))
"""One of them exists wherever CUDA can work: Linux, containers, the Linux of Windows."""
BFLOAT16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})
TOLERANCE = {"float32": 1e-3, "bfloat16": 1e-2}
"""How far a canary value of a unit vector may lie from the card's."""


@dataclass(frozen=True, slots=True)
class Compute:
    """How a torch model runs; `threads` also bounds the preprocessing of pictures."""

    precision: ConcretePrecision = "float32"
    device: str = "cpu"
    batch_size: int = 32
    threads: int = 2
    hub: bool = True
    """Whether a hub is asked for a model of which this machine has no copy."""

    @property
    def dtype(self) -> "torch.dtype":
        """Return torch's name of the precision."""
        import torch

        return torch.bfloat16 if self.precision == "bfloat16" else torch.float32


def choose_precision(
    asked: str, *, device: str = "cpu", flags_file: Path = PROCESSOR_FLAGS
) -> ConcretePrecision:
    """Return what `auto`, `float32` or `bfloat16` means on this device, without torch.

    On a processor bfloat16 is taken only where it has instructions for it: emulated
    it is slower than float32.
    """
    if asked != "auto":
        return "bfloat16" if asked == "bfloat16" else "float32"
    if device.startswith("cuda") or BFLOAT16_FLAGS & _flags(flags_file):
        return "bfloat16"
    return "float32"


def choose_device(asked: str, *, driver_files: Sequence[Path] = DRIVER_FILES) -> str:
    """Return `cpu` or `cuda` for `auto`, `cpu` or `cuda`; torch is loaded where a driver is."""
    if asked != "auto":
        return asked
    if not any(path.exists() for path in driver_files):
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _flags(path: Path) -> frozenset[str]:
    """Return the feature flags of the first processor; none where the system hides them."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    first = next((line for line in lines if line.startswith("flags")), "")
    return frozenset(first.split())

"""The number format follows the processor."""

import subprocess
import sys
from pathlib import Path

import pytest

from mmrag_pipeline.engines.compute import choose_device, choose_precision


@pytest.mark.parametrize(
    ("flags", "expected"),
    [("flags : fpu avx512_bf16 avx2", "bfloat16"), ("flags : fpu avx2", "float32")],
)
def test_auto_follows_the_processors_flags(tmp_path: Path, flags: str, expected: str) -> None:
    (tmp_path / "cpuinfo").write_text(f"model : x\n{flags}\n")
    assert choose_precision("auto", flags_file=tmp_path / "cpuinfo") == expected


def test_a_system_that_hides_its_flags_computes_in_float32(tmp_path: Path) -> None:
    assert choose_precision("auto", flags_file=tmp_path / "absent") == "float32"


def test_a_precision_asked_for_is_taken() -> None:
    assert choose_precision("bfloat16", flags_file=Path("absent")) == "bfloat16"


def test_without_a_driver_auto_is_the_processor_and_torch_stays_unloaded(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from mmrag_pipeline.engines.compute import *; "
        "print(choose_device('auto', driver_files=[Path(sys.argv[1])]), 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "absent")],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == ["cpu", "False"]


def test_a_device_asked_for_is_taken() -> None:
    assert choose_device("cuda", driver_files=()) == "cuda"

"""Commands that end when the process that started them does, however that ends.

A process of ours stands between the two. It waits for the end of its standard input, which the
system closes when the starter is gone, killed or not; then it ends the command and what belongs
to it. It knows nothing but the standard library: it is started as a file.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

_STOP_S = 20.0
"""How long a command may take to end in its own way."""


@contextmanager
def tied(
    command: Sequence[str], env: Mapping[str, str], *, log: Path, cwd: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command, its output in a file, that ends with the block or with this process.

    It is in a session of its own: Ctrl-C is for this process alone.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", __file__, *command],
            cwd=cwd,
            env={**os.environ, **env},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _pipe(process.stdin).close()
        process.wait(2 * _STOP_S)


def main(command: Sequence[str]) -> int:
    """Run the command until it ends or standard input does; return its exit status.

    What it started and left behind in its process group ends, too: `dagster dev` leaves code
    servers, which would notice by themselves some 45 s later.
    """
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=_end_with_input, args=(child,), daemon=True).start()
    status = child.wait()
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    return status


def _end_with_input(child: subprocess.Popen[bytes]) -> None:
    while os.read(0, 1):  # no buffered reader: its lock would disturb the end of the interpreter
        pass
    child.terminate()
    try:
        child.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        child.kill()


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Batches of points of a bounded size, a bounded number of them on their way."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from mmrag_pipeline.records import StoredPoint

_POINTS = 256
_BYTES = 2 * 2**20
"""Of one request: large enough to hide the way there, small enough to be sent again."""
_OF_POINT = 100
"""Bytes of ids, names and lengths around a point."""


def batches(points: Sequence[StoredPoint]) -> Iterator[list[StoredPoint]]:
    """Yield batches of about equal work, no point twice (its last state counts)."""
    batch: list[StoredPoint] = []
    filled = 0
    for point in {point.point_id: point for point in points}.values():
        size = size_bytes(point)
        if batch and (len(batch) == _POINTS or filled + size > _BYTES):
            yield batch
            batch, filled = [], 0
        batch.append(point)
        filled += size
    if batch:
        yield batch


def size_bytes(point: StoredPoint) -> int:
    """Return about how many bytes a point takes in a request over gRPC; REST takes some more."""
    dense = sum(vector.nbytes for vector in point.dense.values())
    sparse = 0 if point.sparse is None else 8 * len(point.sparse.indices)
    payload = sum(len(name) + len(str(value)) for name, value in point.payload.items())
    return _OF_POINT + dense + sparse + payload


def send_all(
    work: Iterable[list[StoredPoint]], send: Callable[[list[StoredPoint]], None], *, parallel: int
) -> None:
    """Send every batch, at most `parallel` at a time; returns when all are done.

    The next batch is made only when there is room for it. After a failure nothing more is sent,
    what is on its way comes to its end, and the first failure is raised.
    """
    if parallel == 1:
        for batch in work:
            send(batch)
        return
    with ThreadPoolExecutor(parallel) as threads:
        going: set[Future[None]] = set()
        for batch in work:
            going.add(threads.submit(send, batch))
            if len(going) == parallel:
                going = _room(going)
        while going:
            going = _room(going)


def _room(going: set[Future[None]]) -> set[Future[None]]:
    """Wait until at least one is done; raises what it raised."""
    done, rest = wait(going, return_when=FIRST_COMPLETED)
    for future in done:
        future.result()
    return rest

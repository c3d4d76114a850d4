"""Batches of points, a bounded number of them on their way."""

import threading
import time
from collections.abc import Iterator

import pytest

from mmrag_pipeline.records import StoredPoint
from mmrag_pipeline.stores.server_batches import batches, send_all
from tests.stores.samples import point, point_id


def _wide(number: int, size: int) -> StoredPoint:
    return StoredPoint(point_id(number), {"text": "x" * size})


def test_batches_hold_every_point_once_in_order() -> None:
    points = [point(n) for n in range(600)]
    made = list(batches(points))
    assert [len(batch) for batch in made] == [256, 256, 88]
    assert [p for batch in made for p in batch] == points


def test_a_batch_of_large_points_holds_fewer() -> None:
    made = list(batches([_wide(n, 900_000) for n in range(5)]))
    assert [len(batch) for batch in made] == [2, 2, 1]


def test_a_point_larger_than_a_batch_goes_alone() -> None:
    made = list(batches([point(0), _wide(1, 5_000_000), point(2)]))
    assert [len(batch) for batch in made] == [1, 1, 1]


def test_of_a_point_that_is_given_twice_the_last_counts() -> None:
    ((only,),) = batches([point(1), point(1, note="later")])
    assert only.payload["note"] == "later"


class Sending:
    """Notes how many batches are made and on their way."""

    def __init__(self, fails_at: int = -1) -> None:
        self.made = 0
        self.sent: list[int] = []
        self.most = 0
        self.waiting = 0
        self._going = 0
        self._fails_at = fails_at
        self._lock = threading.Lock()

    def work(self, count: int) -> Iterator[list[StoredPoint]]:
        """Make numbered batches one by one."""
        for number in range(count):
            self.made += 1
            self.waiting = max(self.waiting, self.made - len(self.sent))
            yield [point(number)]

    def send(self, batch: list[StoredPoint]) -> None:
        """Take a moment."""
        number = int(str(batch[0].payload["page_no"]))
        with self._lock:
            self._going += 1
            self.most = max(self.most, self._going)
        time.sleep(0.002)
        with self._lock:
            self._going -= 1
            self.sent.append(number)
        if number == self._fails_at:
            raise ValueError(f"batch {number} failed")


@pytest.mark.parametrize("parallel", [1, 2, 4])
def test_at_most_so_many_are_on_their_way_and_none_is_made_ahead(parallel: int) -> None:
    sending = Sending()
    send_all(sending.work(40), sending.send, parallel=parallel)
    assert sorted(sending.sent) == list(range(40))
    assert sending.most == parallel
    assert sending.waiting <= parallel


@pytest.mark.parametrize("parallel", [1, 4])
@pytest.mark.parametrize("fails_at", [0, 20, 39])
def test_the_failure_of_any_batch_is_raised_and_ends_the_rest(parallel: int, fails_at: int) -> None:
    sending = Sending(fails_at)
    with pytest.raises(ValueError, match=f"batch {fails_at} failed"):
        send_all(sending.work(40), sending.send, parallel=parallel)
    assert len(sending.sent) == sending.made
    assert sending.made <= fails_at + 1 + 2 * parallel


def test_nothing_to_send_is_fine() -> None:
    sending = Sending()
    send_all(iter([]), sending.send, parallel=4)
    assert sending.sent == []

"""How something is measured: in turn with its yardstick, so that the machine's moods hit both."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

RUNS = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `figure` is a ratio unless `unit` says otherwise."""

    what: str
    yardstick: str
    measured: str
    figure: float
    target: float | None
    unit: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target holds; None where there is none."""
        return None if self.target is None else self.figure <= self.target


Rows = Iterator[Row]


def seconds(work: Callable[[], object]) -> float:
    """One run of `work`, by the wall clock."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def medians(
    *works: Callable[[], object],
    runs: int = RUNS,
    warm: bool = True,
    before: Callable[[], object] = lambda: None,
) -> list[float]:
    """The median time of each, run in turn `runs` times after one run that does not count.

    The order is drawn anew for each turn, so that nobody always follows the same one. `before` is
    called before every run and not timed.
    """
    if warm:
        for work in works:
            work()
    draw = random.Random(11)
    times: list[list[float]] = [[] for _ in works]
    for _ in range(runs):
        turn = list(zip(works, times, strict=True))
        draw.shuffle(turn)
        for work, taken in turn:
            before()
            taken.append(seconds(work))
    return [statistics.median(taken) for taken in times]


def shown(value: float) -> str:
    """A time as people read it."""
    return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.2f} s"

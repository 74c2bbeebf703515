"""How a row is measured: every side in turn, many rounds, in one process, and what is made of the numbers.

The sides of a row are called alternately, in an order that is reversed every round, so that a machine that slows down
or speeds up does so for all of them. A ratio is the median over rounds of the ratio within a round. The garbage
collector is on for every side, as in any program: what exists before a row is frozen out of its sight, what a side
leaves behind is collected, outside the clock, before the next side starts.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median, quantiles
from time import perf_counter, sleep

OURS = "chainrule"

Samples = dict[str, list[float]]
"""One number per round for every side, in the unit of the row."""


@dataclass
class Settings:
    """How long to measure."""

    rounds: int
    seconds: float  # that one sample of a timed row takes at least
    quick: bool


@dataclass
class Case:
    """A row before it is measured.

    Attributes:
        name: what the table and `--rows` call it.
        what: what is done, in one sentence.
        unit: of the numbers, which are better when smaller.
        rival: the side that the budget is a ratio to.
        budget: the largest ratio wanted, or None.
        measure: does it.
        heavy: left out of `--quick`.
    """

    name: str
    what: str
    unit: str
    rival: str
    budget: float | None
    measure: Callable[[Settings], Samples]
    heavy: bool = False


@dataclass
class Row:
    """A row as measured."""

    case: Case
    samples: Samples = field(repr=False)

    def value(self, side: str) -> float:
        """The median of a side, in the row's unit."""
        return median(self.samples[side])

    def ratio(self, side: str) -> tuple[float, float, float]:
        """Ours over theirs: median and quartiles of the ratios within the rounds."""
        ratios = [a / b for a, b in zip(self.samples[OURS], self.samples[side], strict=True)]
        low, middle, high = quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
        return middle, low, high

    @property
    def verdict(self) -> str:
        """Whether the budget was met; empty where there is none, or nobody to compare with."""
        if self.case.budget is None or self.case.rival not in self.samples:
            return ""
        return "ok" if self.ratio(self.case.rival)[0] <= self.case.budget else "missed"


@contextmanager
def quiet_collector() -> Iterator[None]:
    """Inside, the collector does not see what existed before, and so has the same work whoever was imported."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def alternate(sides: dict[str, Callable[[], float]], rounds: int) -> Samples:
    """Calls every side once a round, each of which returns its number."""
    samples: Samples = {side: [] for side in sides}
    with quiet_collector():
        for number in range(rounds):
            for side in list(sides) if number % 2 == 0 else reversed(list(sides)):
                gc.collect()
                sleep(0.04)  # the other side's threads still spin for a while, waiting for more work
                samples[side].append(sides[side]())
    return samples


def timed(sides: dict[str, Callable[[], object]], settings: Settings, units: float = 1.0) -> Samples:
    """Microseconds per unit of work, of which one call of a side does `units`."""

    def sampler(function: Callable[[], object]) -> Callable[[], float]:
        function()
        function()  # warm: code generated, buffers allocated
        start, calls = perf_counter(), 0
        while perf_counter() - start < settings.seconds:
            function()
            calls += 1

        def sample() -> float:
            function()
            begin = perf_counter()
            for _ in range(calls):
                function()
            return (perf_counter() - begin) / calls / units * 1e6

        return sample

    return alternate({side: sampler(function) for side, function in sides.items()}, settings.rounds)

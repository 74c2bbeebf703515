"""Backward over a chain of n ops, to a million, and the graph's end: the time per node should not grow with n."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

from measure import Case, Samples, Settings, alternate
from rivals import load

import chainrule as cr

LENGTHS = (10**3, 10**4, 10**5, 10**6)
SHORT = 10**4


def backward(library: Any, nodes: int) -> Callable[[], float]:
    """Microseconds per node of backward and of freeing the graph; making it is not timed."""
    x = library.tensor(1.0, requires_grad=True)
    one = library.tensor(1.0)

    def run() -> float:
        x.grad = None
        y = x
        for _ in range(nodes):
            y = y * one
        start = perf_counter()
        y.backward()
        del y
        return (perf_counter() - start) / nodes * 1e6

    return run


def lengths(nodes: int, settings: Settings) -> Samples:
    sides = {"chainrule": backward(cr, nodes)}
    if torch := load("torch"):
        sides["torch"] = backward(torch, nodes)
    return alternate(sides, max(3, settings.rounds * 10**4 // max(nodes, 10**4)))


def growth(settings: Settings) -> Samples:
    """Ours on the longest chain, against ours on a short one."""
    long, short = backward(cr, LENGTHS[-1]), backward(cr, SHORT)
    return alternate({"chainrule": long, "the same, 10^4 nodes": short}, 3)


def cases() -> Iterator[Case]:
    for nodes in LENGTHS:
        power = f"10^{len(str(nodes)) - 1}"
        yield Case(
            f"backward over {power} nodes",
            f"per node of a chain of {power} multiplications of 0-d tensors, freeing it included",
            "us",
            "torch",
            1.0,
            lambda settings, nodes=nodes: lengths(nodes, settings),
            heavy=nodes > SHORT,
        )
    yield Case(
        "backward, 10^6 nodes against 10^4",
        "the time per node: 1 is linear; memory no longer fits any cache",
        "us",
        "the same, 10^4 nodes",
        2.0,
        growth,
        heavy=True,
    )

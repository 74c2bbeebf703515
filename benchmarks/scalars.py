"""Graphs of scalars, as micrograd's `Value` is used, on 0-d float32 tensors.

The same functions run on `Value` (see `micrograd_value.py`) and on tensors. A `Value` and its closure refer to each
other, so micrograd's graphs go away by the garbage collector; its runs during a sample are part of the sample.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

from measure import Case, Samples, Settings, timed
from micrograd_value import Value
from rivals import load

import chainrule as cr

OPS = 200

Number = Any


def chain(leaves: list[Number]) -> Number:
    x, w = leaves
    for _ in range(OPS // 2):
        x = x * w + w
    return x


def expression(leaves: list[Number]) -> Number:
    """The kind of expression that micrograd's page opens with: tensors, numbers, powers, relu, a quotient."""
    a, b = leaves
    for _ in range(OPS // 20):
        c = a * b + b**3
        d = c * 2 + 1 + (a - c).relu()
        e = (d * 0.5 - b) ** 2
        a = (e / 2.0 + 1.0).tanh()
        b = a * 0.5 + b * 0.5
    return a + b


SAMPLES = ([2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0])
WISHED = (1.0, -1.0, -1.0, 1.0)
SIZES = (3, 4, 4, 1)


def network(leaves: list[Number]) -> Number:
    """The squared error of a 3-4-4-1 network of tanh neurons on four samples."""
    loss = None
    for sample, wished in zip(SAMPLES, WISHED, strict=True):
        weights = iter(leaves)
        layer: list[Number] = list(sample)
        for width in SIZES[1:]:
            layer = [neuron(layer, weights) for _ in range(width)]
        error = (layer[0] - wished) ** 2
        loss = error if loss is None else loss + error
    return loss


def neuron(inputs: list[Number], weights: Iterator[Number]) -> Number:
    total = next(weights)
    for value in inputs:
        total = total + next(weights) * value
    return total.tanh()


def leaf_values(function: Callable[[list[Number]], Number]) -> list[float]:
    if function is not network:
        return [0.5, 0.5]
    count = sum((before + 1) * width for before, width in pairwise(SIZES))
    random.seed(1)
    return [random.uniform(-1, 1) for _ in range(count)]


def both_ways(function: Callable[[list[Number]], Number], settings: Settings, units: float) -> Samples:
    values = leaf_values(function)

    def side(make: Callable[[float], Number], no_gradient: float | None) -> Callable[[], object]:
        leaves = [make(v) for v in values]

        def run() -> None:
            for leaf in leaves:
                leaf.grad = no_gradient
            function(leaves).backward()

        return run

    sides = {
        "chainrule": side(lambda v: cr.tensor(v, requires_grad=True), None),
        "micrograd": side(Value, 0.0),
    }
    if torch := load("torch"):
        sides["torch"] = side(lambda v: torch.tensor(v, requires_grad=True), None)
    # Long enough for the collector to come round several times.
    longer = replace(settings, seconds=settings.seconds * 5)
    return timed(sides, longer, units)


def cases() -> Iterator[Case]:
    yield Case(
        "scalars: x*w + w",
        "one op of a 200-op chain on 0-d float32, and its backward",
        "us",
        "micrograd",
        1.0,
        lambda settings: both_ways(chain, settings, OPS),
    )
    yield Case(
        "scalars: an expression",
        "one op of 181 with numbers, powers, relu, tanh and a quotient, and its backward",
        "us",
        "micrograd",
        1.0,
        lambda settings: both_ways(expression, settings, OPS // 20 * 18 + 1),
    )
    yield Case(
        "scalars: 3-4-4-1 network",
        "loss and backward of a network of scalar neurons on four samples",
        "us",
        "micrograd",
        1.0,
        lambda settings: both_ways(network, settings, 1),
    )

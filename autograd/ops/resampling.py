"""One dimension as weighted sums of its own elements: what averaging and interpolating consist of.

A `Table` says of each new element which old ones it is made of, and with what weights. Its transpose is a table too,
so the one op here is its own derivative, and is differentiable to any order. An average or an interpolation over
several dimensions is one over each in turn.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from math import prod
from typing import Any

from ...backends import Array
from ..op import op

Where = slice | list[int]


class Table:
    """A sparse matrix: for each new element its `(old element, weight)` pairs, and how many old elements there are. The
    weights of one named twice are added up."""

    def __init__(self, rows: Iterable[Iterable[tuple[int, float]]], size: int) -> None:
        self.rows: list[list[tuple[int, float]]] = []
        self.size = size
        for row in rows:
            weights: dict[int, float] = {}
            for place, weight in row:
                weights[place] = weights.get(place, 0.0) + weight
            self.rows.append(list(weights.items()))

    @cached_property
    def transposed(self) -> Table:
        columns: list[list[tuple[int, float]]] = [[] for _ in range(self.size)]
        for k, row in enumerate(self.rows):
            for place, weight in row:
                columns[place].append((k, weight))
        return Table(columns, len(self.rows))

    @cached_property
    def steps(self) -> list[tuple[Where, Where, float | list[float]]]:
        """One old element at a time: of which new ones it is the first (second, ...), the old ones, and the weights,
        one number if all are equal."""
        found = []
        for tap in range(max(map(len, self.rows), default=0)):
            to = [k for k, row in enumerate(self.rows) if len(row) > tap]
            source = [self.rows[k][tap][0] for k in to]
            weights = [self.rows[k][tap][1] for k in to]
            found.append((_slice(to), _slice(source), weights[0] if len(set(weights)) == 1 else weights))
        return found

    @cached_property
    def weight(self) -> float | None:
        """The one weight of all, if it is one."""
        weights = {weight for row in self.rows for _, weight in row}
        return weights.pop() if len(weights) == 1 else None


def _slice(numbers: list[int]) -> Where:
    """Numbers as a slice, if they are equally far apart."""
    step = numbers[1] - numbers[0] if len(numbers) > 1 else 1
    if step > 0 and all(number == numbers[0] + k * step for k, number in enumerate(numbers)):
        return slice(numbers[0], numbers[-1] + 1, step)
    return numbers


def _resampled(xp: Any, x: Array, *, rows: Table, dim: int) -> Array:
    """Seen as three dimensions, of which the middle one is resampled."""
    lead, trail, count = prod(x.shape[:dim]), prod(x.shape[dim + 1 :]), len(rows.rows)
    old = x.reshape(lead, rows.size, trail)
    wide = xp.float32 if x.dtype.itemsize == 2 and x.dtype.kind not in "iu" else x.dtype
    out = xp.zeros((lead, count, trail), wide)
    steps = []
    for to, source, weight in rows.steps:
        factor = xp.asarray(weight, dtype=wide).reshape(-1, 1) if isinstance(weight, list) else weight
        where = to if isinstance(to, slice) else xp.asarray(to)
        steps.append((where, source if isinstance(source, slice) else xp.asarray(source), factor))

    def work(first: int, last: int) -> None:
        here, total = old[first:last], out[first:last]
        for to, source, factor in steps:
            part = here[:, source] if isinstance(source, slice) else here.take(source, axis=1)
            total[:, to] += part if rows.weight is not None else part * factor
        if rows.weight not in (None, 1.0):
            total *= rows.weight

    memory, products = (rows.size + 3 * count) * trail * out.itemsize, len(steps) * count * trail
    xp.in_batches(lead, memory, products, lambda most: work)
    return out.reshape(*x.shape[:dim], count, *x.shape[dim + 1 :]).astype(x.dtype, copy=False)


resample = op(
    "resample",
    _resampled,
    vjp=lambda g, rows, dim: resample(g, rows=rows.transposed, dim=dim),
    linear=True,
    doc="Each element of `dim` anew, as `rows` has it.",
)


__all__: list[str] = []

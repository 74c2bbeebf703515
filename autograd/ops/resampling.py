"""One dimension as weighted sums of its own elements: what averaging and interpolating consist of.

A `Table` says of each new element which old ones it is made of, and with what weights. Its transpose is a table too,
so the one op here is its own derivative, and is differentiable to any order. An average or an interpolation over
several dimensions is one over each in turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import prod
from typing import Any, NamedTuple

from ...backends import Array
from ..op import op

Where = slice | tuple[int, ...]


class Table(NamedTuple):
    """A sparse matrix: for each new element its `(old element, weight)` pairs, and how many old elements there are."""

    rows: tuple[tuple[tuple[int, float], ...], ...]
    size: int


def table(rows: Iterable[Iterable[tuple[int, float]]], size: int) -> Table:
    """A table, with the weights added up where an element is named twice."""
    merged = []
    for row in rows:
        weights: dict[int, float] = {}
        for place, weight in row:
            weights[place] = weights.get(place, 0.0) + weight
        merged.append(tuple(weights.items()))
    return Table(tuple(merged), size)


@lru_cache(256)
def _transposed(rows: Table) -> Table:
    columns: list[list[tuple[int, float]]] = [[] for _ in range(rows.size)]
    for k, row in enumerate(rows.rows):
        for place, weight in row:
            columns[place].append((k, weight))
    return Table(tuple([tuple(column) for column in columns]), len(rows.rows))


def places(numbers: Sequence[int]) -> Where:
    """Numbers as a slice, if they are equally far apart."""
    if not numbers:
        return slice(0, 0)
    step = numbers[1] - numbers[0] if len(numbers) > 1 else 1
    if step > 0 and all(number == numbers[0] + k * step for k, number in enumerate(numbers)):
        return slice(numbers[0], numbers[-1] + 1, step)
    return tuple(numbers)


@lru_cache(256)
def steps(rows: Table) -> tuple[tuple[Where, Where, float | tuple[float, ...]], ...]:
    """The table one old element at a time: of which new ones it is the first (second, ...), the old ones, and the
    weights, one number if all are equal."""
    found = []
    for tap in range(max(map(len, rows.rows), default=0)):
        to = [k for k, row in enumerate(rows.rows) if len(row) > tap]
        source = [rows.rows[k][tap][0] for k in to]
        weights = tuple([rows.rows[k][tap][1] for k in to])
        found.append((places(to), places(source), weights[0] if len(set(weights)) == 1 else weights))
    return tuple(found)


def at_places(xp: Any, where: Where) -> Any:
    """The index of dimension 1 that `where` is on the backend."""
    return slice(None), where if isinstance(where, slice) else xp.asarray(where)


def _resampled(xp: Any, x: Array, *, rows: Table, dim: int) -> Array:
    """Seen as three dimensions, of which the middle one is resampled."""
    lead, trail, count = prod(x.shape[:dim]), prod(x.shape[dim + 1 :]), len(rows.rows)
    old = x.reshape(lead, rows.size, trail)
    wide = xp.float32 if x.dtype.itemsize == 2 and x.dtype.kind not in "iu" else x.dtype
    out = xp.zeros((lead, count, trail), wide)
    prepared = []
    numbers = {weight for _, _, weight in steps(rows)}
    common = numbers.pop() if len(numbers) == 1 else None
    common = None if isinstance(common, tuple) else common
    for to, source, weight in steps(rows):
        factor = xp.asarray(weight, dtype=wide).reshape(-1, 1) if isinstance(weight, tuple) else weight
        prepared.append((at_places(xp, to), at_places(xp, source), 1.0 if common is not None else factor))

    def work(first: int, last: int) -> None:
        here, total = old[first:last], out[first:last]
        for to, source, factor in prepared:
            part = here[source] if isinstance(source[1], slice) else here.take(source[1], axis=1)
            total[to] += part if isinstance(factor, float) and factor == 1 else part * factor
        if common is not None and common != 1:
            total *= common

    xp.in_batches(
        lead, (rows.size + 3 * count) * trail * out.itemsize, len(prepared) * count * trail, lambda most: work
    )
    return out.reshape(*x.shape[:dim], count, *x.shape[dim + 1 :]).astype(x.dtype, copy=False)


resample = op(
    "resample",
    _resampled,
    vjp=lambda g, rows, dim: resample(g, rows=_transposed(rows), dim=dim),
    linear=True,
    doc="Each element of `dim` anew, as `rows` has it.",
)


__all__: list[str] = []

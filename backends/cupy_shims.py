"""NumPy's functions that CuPy lacks or answers differently, written with what CuPy has.

The CuPy backend and the strict stand-in device both put these into their `xp`, so they are exercised where there is
no GPU. Each is as NumPy's function of the same name, but for what its docstring says.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import ModuleType
from typing import Any

import numpy as np

from .base import Array
from .config import are_deterministic_algorithms_enabled

_ATOMIC = frozenset(np.dtype(code) for code in "iIlLqQfd")
"""The dtypes CuPy adds to atomically. It does so in half precision too, but rounding each addend."""


def _results_so_far(xp: ModuleType) -> Callable[..., Array]:
    def results_so_far(ufunc: Callable[[Array, Array], Array], a: Array, axis: int) -> Array:
        """`ufunc.accumulate` for any associative function, in log2(n) steps: after that of width w, an element is the
        result of the last 2 w."""
        out, lead, width = a.copy(), (slice(None),) * axis, 1
        while width < a.shape[axis]:
            later, earlier = out[(*lead, slice(width, None))], out[(*lead, slice(None, -width))]
            out[(*lead, slice(width, None))] = ufunc(earlier, later)
            width *= 2
        return out

    return results_so_far


def _as_strided(xp: ModuleType) -> Callable[..., Array]:
    def as_strided(x: Array, size: tuple[int, ...], stride: tuple[int, ...], offset: int) -> Array:
        """A copy: of a view made so, CuPy would not tell whose memory it is."""
        owner = x if x.base is None else x.base
        memory = owner.transpose(sorted(range(owner.ndim), key=lambda k: -owner.strides[k])).reshape(-1)
        places = xp.full((1,) * len(size), offset)
        for k, (n, step) in enumerate(zip(size, stride, strict=True)):
            places = places + (xp.arange(n) * step).reshape((-1,) + (1,) * (len(size) - k - 1))
        return memory[places]

    return as_strided


def _in_batches(xp: ModuleType) -> Callable[..., None]:
    def in_batches(count: int, memory: int, products: int, make: Callable[[int], Callable[[int, int], None]]) -> None:
        """The whole batch at once: see `parallel.in_batches` for what the host does."""
        make(count)(0, count)

    return in_batches


def _dot_along(xp: ModuleType) -> Callable[..., Array]:
    def dot_along(a: Array, b: Array, axis: int) -> Array:
        """The sum of `a * b` along an axis."""
        return (a * b).sum(axis=axis)

    return dot_along


def _scatter_add(xp: ModuleType) -> Callable[..., None]:
    def scatter_add(target: Array, index: Any, values: Any) -> None:
        """`target[index] += values` where an element named twice receives both values. Half precision accumulates in
        single precision. The order of addition is not fixed, unless deterministic algorithms were asked for."""
        dtype = target.dtype
        if dtype.kind == "f" and dtype.itemsize > 2 and are_deterministic_algorithms_enabled():
            _add_in_order(xp, target, index, values)
        elif dtype in _ATOMIC:
            xp.add.at(target, index, values)
        elif dtype.kind == "c":
            values = xp.asarray(values)
            scatter_add(target.real, index, values.real)
            if values.dtype.kind == "c":
                scatter_add(target.imag, index, values.imag)
        elif dtype.kind == "b":
            raise TypeError("scatter_add cannot add booleans; use an integer dtype")
        else:
            wide = xp.int32 if dtype.kind in "iu" else xp.float32
            sums = xp.zeros(target.shape, wide)
            scatter_add(sums, index, xp.asarray(values).astype(wide))
            target += sums.astype(dtype)

    return scatter_add


def _in_order(xp: ModuleType, target: Array, index: Any, values: Any) -> tuple[Array, Array, Array]:
    """The places in `target` that `index` names, as positions in ascending order; the values that go there, those for
    one place in the order they were given; and the places again, but for all values that are not the last for theirs
    the one behind the end: what is written there is not used."""
    places = xp.arange(target.size).reshape(target.shape)[index]
    values = xp.broadcast_to(xp.asarray(values).astype(target.dtype), places.shape).reshape(-1)
    places = places.reshape(-1)
    order = xp.argsort(places, kind="stable")
    places = places[order]
    last = xp.ones(places.shape, bool)
    last[:-1] = places[1:] != places[:-1]
    return places, values[order], xp.where(last, places, target.size)


def _add_in_order(xp: ModuleType, target: Array, index: Any, values: Any) -> None:
    """`scatter_add` without atomic operations: sums over what goes to one place, in log2(n) steps."""
    places, sums, goal = _in_order(xp, target, index, values)
    width = 1
    while width < sums.size:  # each element is the sum of the last `width` for its place
        earlier = xp.where(places[width:] == places[:-width], sums[:-width], 0)
        sums[width:] += earlier
        width *= 2
    found = xp.zeros(target.size + 1, target.dtype)
    found[goal] = sums
    target += found[:-1].reshape(target.shape)


def _scatter_set(xp: ModuleType) -> Callable[..., None]:
    def scatter_set(target: Array, index: Any, values: Any) -> None:
        """`target[index] = values`. Of several values for one element any stays; the last, if deterministic algorithms
        were asked for."""
        if getattr(values, "size", 1) == 1 or not are_deterministic_algorithms_enabled():
            target[index] = values
            return
        _, values, goal = _in_order(xp, target, index, values)
        found, named = xp.zeros(target.size + 1, target.dtype), xp.zeros(target.size + 1, bool)
        found[goal] = values
        named[goal] = True
        shape = target.shape
        target[...] = xp.where(named[:-1].reshape(shape), found[:-1].reshape(shape), target)

    return scatter_set


def _clip(xp: ModuleType) -> Callable[..., Array]:
    def clip(a: Array, a_min: Any, a_max: Any, out: Array | None = None) -> Array:
        """One of the bounds may be None. A NaN bound gives NaN, which CuPy's own clip forgets."""
        if a_min is None:
            return xp.minimum(a, a_max, out=out)
        if a_max is None:
            return xp.maximum(a, a_min, out=out)
        return xp.minimum(xp.maximum(a, a_min), a_max, out=out)

    return clip


def _argpartition(xp: ModuleType) -> Callable[..., Array]:
    def argpartition(a: Array, kth: int, axis: int = -1) -> Array:
        """The order of the whole axis: CuPy's own makes the host wait, and misplaces NaN."""
        if not -a.shape[axis] <= kth < a.shape[axis]:
            raise ValueError(f"kth={kth} is out of bounds for an axis of length {a.shape[axis]}")
        return xp.argsort(a, axis=axis)

    return argpartition


def _partition(xp: ModuleType) -> Callable[..., Array]:
    def partition(a: Array, kth: int, axis: int = -1) -> Array:
        """The whole axis in order; see `argpartition`."""
        if not -a.shape[axis] <= kth < a.shape[axis]:
            raise ValueError(f"kth={kth} is out of bounds for an axis of length {a.shape[axis]}")
        return xp.sort(a, axis=axis)

    return partition


def _errstate(xp: ModuleType) -> Callable[..., AbstractContextManager[None]]:
    def errstate(**_: str) -> AbstractContextManager[None]:
        """Does nothing: a device gives no floating-point warnings."""
        return nullcontext()

    return errstate


def _softmax(xp: ModuleType) -> Callable[..., Array]:
    def softmax(x: Array, axis: int, log: bool = False) -> Array:
        """`exp(x) / sum(exp(x))` along an axis, or its logarithm; half precision through single precision."""
        if x.dtype.itemsize == 2:
            return softmax(x.astype(xp.float32), axis, log).astype(x.dtype)
        out = x - x.max(axis=axis, keepdims=True) if x.size else x.copy()
        if log:
            return out - xp.log(xp.exp(out).sum(axis=axis, keepdims=True))
        xp.exp(out, out=out)
        out /= out.sum(axis=axis, keepdims=True)
        return out

    return softmax


_SHIMS: dict[str, Callable[[ModuleType], Callable[..., Any]]] = {
    "as_strided": _as_strided,
    "dot_along": _dot_along,
    "in_batches": _in_batches,
    "results_so_far": _results_so_far,
    "scatter_add": _scatter_add,
    "scatter_set": _scatter_set,
    "softmax": _softmax,
    "clip": _clip,
    "argpartition": _argpartition,
    "partition": _partition,
    "errstate": _errstate,
}


def shims(xp: ModuleType) -> dict[str, Callable[..., Any]]:
    """The functions to put into `xp`, a namespace with CuPy's names."""
    return {name: make(xp) for name, make in _SHIMS.items()}

"""The softmax of NumPy arrays, and its logarithm.

NumPy's reductions start anew for every row, which costs more than a short row itself. Along the last dimension the
rows are therefore halved against one another until few columns are left, whose maximum is taken down transposed
columns; sums are products with a vector of ones. Rows come a block at a time that stays in the cache, large inputs in
threads.
"""

from __future__ import annotations

import numpy as np

from .parallel import in_batches

_LONG = 400
"""Rows of so many elements NumPy reduces as fast."""

_SMALL = 1 << 10
"""Up to this many elements the calls cost more than the work."""

_FEW = 16

_PRODUCTS = 10
"""An exponential takes as long as about so many multiplications."""


def _largest(rows: np.ndarray) -> np.ndarray:
    """The largest element of each row, in a column."""
    if rows.shape[1] >= _LONG:
        return np.asarray(rows.max(1, keepdims=True))
    while rows.shape[1] > _FEW:
        half = (rows.shape[1] + 1) // 2
        rows = np.maximum(rows[:, :half], rows[:, -half:])
    return np.asarray(np.maximum.reduce(np.ascontiguousarray(rows.T), 0))[:, None]


def softmax(x: np.ndarray, axis: int, log: bool = False) -> np.ndarray:
    """`exp(x) / sum(exp(x))` along an axis, or its logarithm; half precision through single precision."""
    if x.itemsize == 2:
        return softmax(x.astype(np.float32), axis, log).astype(x.dtype)
    if not x.size:
        return x.copy()
    if axis != x.ndim - 1 or x.size <= _SMALL:
        out = x - np.maximum.reduce(x, axis, keepdims=True)
        if log:
            out -= np.log(np.add.reduce(np.exp(out), axis, keepdims=True))
        else:
            np.exp(out, out=out)
            out /= np.add.reduce(out, axis, keepdims=True)
        return out
    n = x.shape[-1]
    rows, out = x.reshape(-1, n), np.empty((x.size // n, n), x.dtype)
    ones = np.ones((n, 1), x.dtype)

    def work(first: int, last: int) -> None:
        some, into = rows[first:last], out[first:last]
        np.subtract(some, _largest(some), out=into)
        if log:
            into -= np.log(np.exp(into) @ ones)
        else:
            np.exp(into, out=into)
            into /= into @ ones

    in_batches(len(rows), 4 * n * x.itemsize, _PRODUCTS * n, lambda _: work)
    return out.reshape(x.shape)


__all__ = ["softmax"]

"""Gaussian elimination on raw arrays: LU factors with partial pivoting, and triangular systems.

NumPy and CuPy have neither by itself, so both are made of what they have, for a whole batch at once and block by block:
nearly all of the work is then matrix products, whatever the backend.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ...backends import Array, LinAlgError, NumpyLinAlgError

_PANEL = 32
"""Columns that are eliminated one by one before the rest of the matrix is updated by a product."""

_LEAF = 16
"""The size from which a triangular system is halved."""


def substitute(xp: Any, A: Array, B: Array, upper: bool, unit: bool) -> Array:
    """`X` with `A X = B`, reading one triangle of `A` alone, with `unit` without its diagonal, which then counts as 1.
    The batch dimensions of both are the same."""
    n = A.shape[-1]
    if n > _LEAF:
        h = n // 2
        first, last = slice(0, h), slice(h, n)
        if upper:
            first, last = last, first
        X1 = substitute(xp, A[..., first, first], B[..., first, :], upper, unit)
        X2 = B[..., last, :] - xp.matmul(A[..., last, first], X1)
        X2 = substitute(xp, A[..., last, last], X2, upper, unit)
        return xp.concatenate((X2, X1) if upper else (X1, X2), axis=-2)
    # Elimination finds nothing to do, and no row to exchange, in an upper triangular matrix: what is left of `solve` is
    # the substitution. A lower triangular one is upper triangular when read backwards.
    T = xp.triu(A, int(unit)) if upper else xp.tril(A, -int(unit))
    if unit:
        T = T + xp.eye(n, dtype=A.dtype)
    try:
        return xp.linalg.solve(T, B) if upper else _backwards(xp.linalg.solve(T[..., ::-1, ::-1], _backwards(B)))
    except NumpyLinAlgError:
        raise LinAlgError("a matrix has 0 on its diagonal, so that it is singular") from None


def _backwards(x: Array) -> Array:
    return x[..., ::-1, :]


def factor(xp: Any, A: Array, pivot: bool = True) -> tuple[Array, Array]:
    """`L` (below the diagonal, its own being 1) and `U` in one array, with `P L U = A`, and the rows exchanged: row `k`
    with `pivots[k] - 1` at step `k`, int32, as LAPACK counts. A column that has no pivot but 0 is left as it is."""
    m, n = A.shape[-2:]
    k = min(m, n)
    batch = A.shape[:-2]
    count = math.prod(batch)
    LU = xp.array(A, order="C").reshape(count, m, n)
    pivots = xp.empty((count, k), dtype=xp.int32)
    matrices = xp.arange(count)
    for start in range(0, k, _PANEL):
        stop = min(start + _PANEL, k)
        for j in range(start, stop):
            if pivot:
                largest = j + _magnitude(xp, LU[:, j:, j]).argmax(1)
                row = LU[:, j].copy()
                LU[:, j] = LU[matrices, largest]
                LU[matrices, largest] = row
                pivots[:, j] = largest + 1
            head = LU[:, j, j]
            LU[:, j + 1 :, j] /= xp.where(head == 0, 1, head)[:, None]
            LU[:, j + 1 :, j + 1 : stop] -= LU[:, j + 1 :, j, None] * LU[:, j, None, j + 1 : stop]
        if stop < n:
            right = substitute(xp, LU[:, start:stop, start:stop], LU[:, start:stop, stop:], False, True)
            LU[:, start:stop, stop:] = right
            LU[:, stop:, stop:] -= xp.matmul(LU[:, stop:, start:stop], right)
    if not pivot:
        pivots[...] = xp.arange(1, k + 1, dtype=xp.int32)
    return LU.reshape(A.shape), pivots.reshape(*batch, k)


def _magnitude(xp: Any, x: Array) -> Array:
    """What a pivot is chosen by: for complex numbers LAPACK's |re| + |im|."""
    return xp.abs(x.real) + xp.abs(x.imag) if x.dtype.kind == "c" else xp.abs(x)


def first_zero(xp: Any, LU: Array) -> Array:
    """The first pivot that is 0, counted from 1, or 0 if there is none: int32."""
    zero = LU.diagonal(0, -2, -1) == 0
    if not zero.shape[-1]:
        return xp.zeros(zero.shape[:-1], dtype=xp.int32)
    return xp.where(zero.any(-1), zero.argmax(-1) + 1, 0).astype(xp.int32)


def failures(A: Array, attempt: Callable[[Array], Any], info: Array) -> Array:
    """`info`, which tells for each matrix where it fails and 0 for one that does not, made to agree with `attempt`:
    that decides whether one does, since where there is nothing but rounding errors two ways of computing differ."""
    *batch, n, _ = A.shape
    found = info.reshape(-1)
    matrices = A.reshape(-1, n, n)
    for k in range(found.shape[0]):
        try:
            attempt(matrices[k : k + 1] if batch else A)
        except NumpyLinAlgError:
            found[k] += n * (found[k] == 0)
        else:
            found[k] = 0
    return found.reshape(info.shape)


def first_failure(info: Array) -> tuple[str, int]:
    """Which matrix of a batch is the first with an `info` other than 0, in words, and that."""
    flat = info.ravel()
    first = int((flat != 0).argmax())
    return f"matrix {first} of the batch" if info.ndim else "the matrix", int(flat[first])


def zero_pivots(xp: Any, A: Array) -> Array:
    """For each matrix 0, or if it has no inverse the pivot of its elimination that is 0, counted from 1: int32."""
    return failures(A, xp.linalg.inv, first_zero(xp, factor(xp, A)[0]))


def singular(xp: Any, A: Array) -> LinAlgError:
    """The error for a batch in which a matrix has no inverse."""
    which, pivot = first_failure(zero_pivots(xp, A))
    return LinAlgError(
        f"{which} is singular: pivot {pivot} of its elimination is 0. Of least squares there is a solution all the "
        f"same: lstsq, pinv"
    )


def permutation(xp: Any, pivots: Array, size: int) -> Array:
    """The order of rows that the exchanges `pivots` lead to: row `i` of `L U` is row `order[i]` of `A`; int64."""
    *batch, steps = pivots.shape
    count = math.prod(batch)
    flat = pivots.reshape(count, steps)
    order = xp.zeros((count, size), dtype=xp.int64) + xp.arange(size)
    matrices = xp.arange(count)
    for k in range(steps):
        other = flat[:, k] - 1
        kept = order[:, k].copy()
        order[:, k] = order[matrices, other]
        order[matrices, other] = kept
    return order.reshape(*batch, size)

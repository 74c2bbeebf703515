"""`numpy.linalg` on tensors, in terms of the ops of linear algebra."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from .calculus import _cross, _outer, _tensordot
from .operands import Later, as_floating, operands, sequence
from .reductions import _over
from .ufuncs import _vecdot
from .values import on_values

shape = ops.shape
decomposition, determinant, solving = Later("decomposition"), Later("determinant"), Later("solve")
least_squares, functions = Later("least_squares"), Later("matrix_function")


def _of_matrix(module: Later, name: str) -> Callable[..., Any]:
    return lambda a: getattr(module, name)(as_floating(a))


def _solve(a: Any, b: Any) -> Any:
    a, b = (as_floating(x) for x in operands(a, b))
    # NumPy takes b for a vector only if it has one dimension; PyTorch for a batch of them also if the shapes say so.
    if b.ndim > 1 and b.ndim == a.ndim - 1:
        b = b[None]
    return solving.solve(a, b)


def _real_if_all_are(values: Any, *others: Any) -> tuple[Any, ...]:
    """NumPy's eigenvalues (and eigenvectors) of a real matrix are real if all of them are."""
    if bool((ops.complex.imag(values) != 0).any()):
        return values, *others
    return tuple([ops.complex.real(x) for x in (values, *others)])


def _eig(a: Any) -> Any:
    a = as_floating(a)
    found = decomposition.eig(a)
    return found if a.dtype.kind == "c" else type(found)(*_real_if_all_are(*found))


def _eigvals(a: Any) -> Any:
    a = as_floating(a)
    values = decomposition.eigvals(a)
    return values if a.dtype.kind == "c" else _real_if_all_are(values)[0]


def _uplo(UPLO: str) -> str:
    if UPLO.upper() not in ("L", "U"):
        raise ValueError(f"np.linalg.eigh: UPLO must be 'L' or 'U', got {UPLO!r}")
    return UPLO.upper()


def _svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    a = as_floating(a)
    return decomposition.svd(a, full_matrices) if compute_uv else decomposition.svdvals(a)


def _qr(a: Any, mode: str = "reduced") -> Any:
    if mode not in ("reduced", "complete", "r"):
        raise ValueError(f"np.linalg.qr: mode must be 'reduced', 'complete' or 'r', got {mode!r}")
    result = decomposition.qr(as_floating(a), mode)
    return result[1] if mode == "r" else result


def _pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    if rcond is not None and rtol is not None:
        raise ValueError("np.linalg.pinv: give rcond or rtol, not both")
    cut = rcond if rtol is None else rtol
    return least_squares.pinv(as_floating(a), rtol=1e-15 if cut is None else cut, hermitian=hermitian)


def _vector_norm(x: Any, /, *, axis: Any = None, keepdims: Any = False, ord: Any = 2) -> Any:
    return _over(lambda a, d, k: ops.norm.norm(a, ord, d, k), as_floating(x), axis, keepdims)


def _matrix_norm(x: Any, /, *, keepdims: Any = False, ord: Any = "fro") -> Any:
    return _norm(x, ord, (-2, -1), keepdims)


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Any:
    x = as_floating(operands(x)[0])
    if axis is None:
        if ord is None:
            return _vector_norm(x, keepdims=keepdims)
        axis = tuple(range(x.ndim))
    axes = (axis,) if isinstance(axis, (int, np.integer)) else tuple(axis)
    if len(axes) == 1:
        if isinstance(ord, str):
            raise ValueError(f"np.linalg.norm: of vectors there is no norm {ord!r}")
        return _vector_norm(x, axis=axes, keepdims=keepdims, ord=2 if ord is None else ord)
    if len(axes) != 2:
        raise ValueError(f"np.linalg.norm: axis must name one or two dimensions, got {axis}")
    rows, columns = (k % x.ndim for k in axes)
    if ord is None or ord == "fro":
        return _vector_norm(x, axis=axes, keepdims=keepdims)
    extreme = ops.extremum.amax if ord in (1, 2, math.inf) else ops.extremum.amin
    if ord in (1, -1, math.inf, -math.inf):
        summed, chosen = (rows, columns) if abs(ord) == 1 else (columns, rows)
        result = extreme(ops.reduction.sum(ops.elementwise.abs(x), summed, True), chosen, True)
    elif ord in (2, -2, "nuc"):
        values = decomposition.svdvals(shape.moveaxis(x, (rows, columns), (-2, -1)))
        result = ops.reduction.sum(values, -1) if ord == "nuc" else extreme(values, -1)
        for k in sorted((rows, columns)):
            result = shape.unsqueeze(result, k)
    else:
        raise ValueError(f"np.linalg.norm: of matrices there is no norm {ord!r}; 'fro', 'nuc', 1, 2, inf, -1, -2, -inf")
    return result if keepdims else shape.squeeze(result, (rows, columns))


def _cond(x: Any, p: Any = None) -> Any:
    x = as_floating(x)
    if p is None or p in (2, -2):
        values = decomposition.svdvals(x)
        largest, least = values[..., 0], values[..., -1]
        return least / largest if p == -2 else largest / least
    return _norm(x, p, (-2, -1)) * _norm(solving.inv(x), p, (-2, -1))


def _tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    return solving.tensorsolve(*[as_floating(x) for x in operands(a, b)], axes)


def _lstsq(a: Any, b: Any, rcond: Any = None) -> tuple[Any, Any, Any, Any]:
    """By the pseudo-inverse, which is the solution of least norm also where the rank is not full."""
    a, b = (as_floating(x) for x in operands(a, b))
    m, n = a.shape
    cut = float(np.finfo(a.dtype).eps) * max(m, n) if rcond is None else max(rcond, 0)
    x = least_squares.pinv(a, rtol=cut) @ b
    values = decomposition.svdvals(a)
    rank = (values > values[:1] * cut).sum()
    if m <= n or int(rank) < n:
        return x, on_values(np.zeros_like, (values[:0],)), rank, values
    left = b - a @ x
    squares = ops.elementwise.abs(left) ** 2 if b.ndim == 2 else ops.elementwise.abs(left[:, None]) ** 2
    return x, ops.reduction.sum(squares, 0), rank, values


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.linalg.cholesky: lambda a, /, *, upper=False: decomposition.cholesky(as_floating(a), upper=upper),
    np.linalg.cond: _cond,
    np.linalg.cross: lambda x1, x2, /, *, axis=-1: _cross(x1, x2, axis=axis),
    np.linalg.det: _of_matrix(determinant, "det"),
    np.linalg.eig: _eig,
    np.linalg.eigh: lambda a, UPLO="L": decomposition.eigh(as_floating(a), _uplo(UPLO)),
    np.linalg.eigvals: _eigvals,
    np.linalg.eigvalsh: lambda a, UPLO="L": decomposition.eigvalsh(as_floating(a), _uplo(UPLO)),
    np.linalg.inv: _of_matrix(solving, "inv"),
    np.linalg.lstsq: _lstsq,
    np.linalg.matmul: lambda x1, x2, /: ops.matmul.matmul(*operands(x1, x2)),
    np.linalg.matrix_norm: _matrix_norm,
    np.linalg.matrix_power: lambda a, n: functions.matrix_power(a, n),
    np.linalg.multi_dot: lambda arrays, *, out=None: functions.multi_dot(sequence(arrays)),
    np.linalg.norm: _norm,
    np.linalg.outer: lambda x1, x2, /: _outer(x1, x2),
    np.linalg.pinv: _pinv,
    np.linalg.qr: _qr,
    np.linalg.slogdet: _of_matrix(determinant, "slogdet"),
    np.linalg.solve: _solve,
    np.linalg.svd: _svd,
    np.linalg.svdvals: lambda x, /: decomposition.svdvals(as_floating(x)),
    np.linalg.tensordot: lambda x1, x2, /, *, axes=2: _tensordot(x1, x2, axes),
    np.linalg.tensorinv: lambda a, ind=2: solving.tensorinv(as_floating(a), ind),
    np.linalg.tensorsolve: _tensorsolve,
    np.linalg.vecdot: lambda x1, x2, /, *, axis=-1: _vecdot(*[shape.moveaxis(x, axis, -1) for x in operands(x1, x2)]),
    np.linalg.vector_norm: _vector_norm,
}

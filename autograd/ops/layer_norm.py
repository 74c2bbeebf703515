"""Normalisation of a sample's last dimensions, which make a row: by mean and variance, or by the root mean square.

On arrays the rows are gone through a few at a time, which stay in the cache, on the host in several threads. Sums are
products with a vector.
"""

from __future__ import annotations

import math
from typing import Any

from ...backends import Array, backend_of
from ..errors import DtypeError, ShapeError
from ..op import op
from ..tensor import Tensor
from .arithmetic import cast, sum_to
from .dims import integers, sizes_of
from .reduction import average
from .shape import reshape

Shape = tuple[int, ...]


def wide(x: Any) -> Any:
    """`x`, of half precision in single."""
    return cast(x, dtype="float32") if x.dtype.itemsize == 2 else x


def _forward(
    xp: Any, x: Array, weight: Array | None = None, bias: Array | None = None, *, shape: Shape, eps: float
) -> tuple[Array, Array, Array]:
    rows = wide(x).reshape(shape)
    many, n = shape
    out, mean, rstd = xp.empty(shape, rows.dtype), xp.empty((many, 1), rows.dtype), xp.empty((many, 1), rows.dtype)
    ones = xp.ones((n, 1), rows.dtype)

    def make(most: int) -> Any:
        squares = xp.empty((most, n), rows.dtype)

        def work(first: int, last: int) -> None:
            some, centre, scale = out[first:last], mean[first:last], rstd[first:last]
            xp.divide(xp.matmul(rows[first:last], ones), max(n, 1), out=centre)
            xp.subtract(rows[first:last], centre, out=some)
            variance = xp.matmul(xp.multiply(some, some, out=squares[: last - first]), ones)
            variance /= max(n, 1)
            variance += eps
            xp.divide(1, xp.sqrt(variance, out=variance), out=scale)
            some *= scale
            if weight is not None:
                some *= weight.reshape(-1)
            if bias is not None:
                some += bias.reshape(-1)

        return work

    xp.in_batches(many, 2 * n * rows.itemsize, 8 * n, make)
    return out.reshape(x.shape).astype(x.dtype, copy=False), mean, rstd


def _vjp(
    g: tuple[Any, Any, Any], needs: tuple[bool, ...], x: Any, weight: Any, mean: Any, rstd: Any, weight_shape: Shape,
    bias_shape: Shape, shape: Shape,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """With `y = (x - mean) * rstd`, the weight w and means over a row, the cotangent of x is
    `rstd * (g * w - mean(g * w) - y * mean(g * w * y))` (Ba et al. 2016), and what comes through the outputs `mean`
    and `rstd` themselves."""
    if not isinstance(g[0], Tensor):
        return _vjp_of_arrays(g, needs, x, weight, mean, rstd, weight_shape, bias_shape, shape)
    n = max(shape[1], 1)
    y = (reshape(wide(x), shape) - mean) * rstd
    cotangent = reshape(wide(g[0]), shape)
    weighted = cotangent if weight is None else cotangent * reshape(weight, (-1,))
    along = average(weighted * y, dims=(1,), keepdim=True) + rstd * g[2] / n
    to_x = (weighted - average(weighted, dims=(1,), keepdim=True) - y * along) * rstd + g[1] / n
    return (
        reshape(to_x, x.shape),
        reshape(sum_to(cotangent * y, shape=shape[1:]), weight_shape) if needs[1] else None,
        reshape(sum_to(cotangent, shape=shape[1:]), bias_shape) if needs[2] else None,
    )


def _vjp_of_arrays(
    g: tuple[Any, Any, Any], needs: tuple[bool, ...], x: Any, weight: Any, mean: Any, rstd: Any, weight_shape: Shape,
    bias_shape: Shape, shape: Shape,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """The same, with the distances from the mean where `y` stands: what is left to multiply by `rstd` is small."""
    xp = backend_of(x).xp
    rows, cotangents = wide(x).reshape(shape), wide(g[0]).reshape(shape)
    many, n = shape
    out = xp.empty(shape, rows.dtype)
    w = xp.ones(n, rows.dtype) if weight is None else weight.reshape(-1).astype(rows.dtype, copy=False)
    to_weight: list[Array] = []
    to_bias: list[Array] = []

    def make(most: int) -> Any:
        scratch = xp.empty((2, most, n), rows.dtype)
        for_weight, for_bias = xp.zeros(n, rows.dtype), xp.zeros(n, rows.dtype)
        to_weight.append(for_weight)
        to_bias.append(for_bias)

        def work(first: int, last: int) -> None:
            some, scale, into = cotangents[first:last], rstd[first:last], out[first:last]
            away, product = scratch[0, : last - first], scratch[1, : last - first]
            xp.subtract(rows[first:last], mean[first:last], out=away)
            xp.multiply(some, away, out=product)
            if needs[1]:
                for_weight[...] += xp.matmul(scale[:, 0], product)
            if needs[2]:
                for_bias[...] += xp.matmul(xp.ones(last - first, rows.dtype), some)
            if needs[0]:
                along = scale * scale * (xp.matmul(product, w)[:, None] + g[2][first:last]) / n
                total = (xp.matmul(some, w)[:, None] - g[1][first:last] / scale) / n
                xp.multiply(some, w, out=into)
                away *= along
                into -= away
                into -= total
                into *= scale

        return work

    xp.in_batches(many, 3 * n * rows.itemsize, 14 * n, make)
    none = xp.zeros(n, rows.dtype)
    return (
        out.reshape(x.shape) if needs[0] else None,
        sum(to_weight, start=none).reshape(weight_shape) if needs[1] else None,
        sum(to_bias, start=none).reshape(bias_shape) if needs[2] else None,
    )


_layer_norm = op(
    "layer_norm", _forward, vjp=_vjp, outputs=("out", "mean", "rstd"), flops=lambda out, x, *_: 6 * math.prod(x)
)


# By the root mean square


def _rms_forward(xp: Any, x: Array, weight: Array | None = None, *, shape: Shape, eps: float) -> tuple[Array, Array]:
    rows = wide(x).reshape(shape)
    rrms = 1 / xp.sqrt(xp.dot_along(rows, rows, axis=1)[:, None] / max(shape[1], 1) + eps)
    out = rows * rrms
    if weight is not None:
        out *= weight.reshape(-1)
    return out.reshape(x.shape).astype(x.dtype, copy=False), rrms


def _rms_vjp(
    g: tuple[Any, Any], needs: tuple[bool, ...], x: Any, weight: Any, rrms: Any, weight_shape: Shape, shape: Shape
) -> tuple[Any, Any]:
    y, cotangent = reshape(wide(x), shape) * rrms, reshape(wide(g[0]), shape)
    weighted = cotangent if weight is None else cotangent * reshape(weight, (-1,))
    along = average(weighted * y, dims=(1,), keepdim=True) + rrms * g[1] / max(shape[1], 1)
    to_weight = reshape(sum_to(cotangent * y, shape=shape[1:]), weight_shape) if needs[1] else None
    return reshape((weighted - y * along) * rrms, x.shape), to_weight


_rms_norm = op(
    "rms_norm", _rms_forward, vjp=_rms_vjp, outputs=("out", "rrms"), flops=lambda out, x, *_: 4 * math.prod(x)
)


# The arguments


def expect_floating(name: str, input: Any, ndim: int) -> Shape:
    shape = sizes_of(name, input)
    if len(shape) < ndim:
        raise ShapeError(f"{name}: expected at least {ndim} dimensions, got shape {shape}")
    if input.dtype.kind != "f" and input.dtype.name != "bfloat16":
        raise DtypeError(f"{name}: the input must be floating, got {input.dtype}; convert it with .float()")
    return shape


def expect_sizes(name: str, expected: Shape, **given: Any) -> None:
    for what, value in given.items():
        if value is not None and sizes_of(name, value) != expected:
            raise ShapeError(f"{name}: the {what} must have shape {expected}, got {tuple(value.shape)}")


def _normalized_sizes(name: str, input: Any, normalized_shape: Any, **affine: Any) -> Shape:
    """How many elements each sample has that are not normalised together, and how many that are: (A, K)."""
    sizes = integers(name, "normalized_shape", normalized_shape)
    shape = expect_floating(name, input, len(sizes))
    if not sizes or shape[len(shape) - len(sizes) :] != sizes:
        raise ShapeError(f"{name}: normalized_shape={sizes} must be the last sizes of the input's shape {shape}")
    expect_sizes(name, sizes, **affine)
    return math.prod(shape[: len(shape) - len(sizes)]), math.prod(sizes)


def layer_norm(input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """`(x - mean) / sqrt(var + eps) * weight + bias`, with the mean and the variance (without correction) over the
    last dimensions (Ba et al. 2016).

    Args:
        input: of shape (..., *normalized_shape).
        normalized_shape: the sizes of the dimensions to normalise over; an int for the last one alone.
        weight, bias: of shape `normalized_shape`, or None.
        eps: added to the variance.

    Raises:
        DtypeError: the input is not floating.
        ShapeError: the shapes do not fit.
    """
    shape = _normalized_sizes("layer_norm", input, normalized_shape, weight=weight, bias=bias)
    return _layer_norm(input, weight, bias, shape=shape, eps=eps)[0]


def rms_norm(input: Any, normalized_shape: Any, weight: Any = None, eps: float | None = None) -> Any:
    """`x / sqrt(mean(x ** 2) + eps) * weight`, with the mean over the last dimensions (Zhang and Sennrich 2019).

    Args:
        input, normalized_shape, weight: as for `layer_norm`.
        eps: by default the distance from 1 to the next number of the input's dtype.

    Raises: as `layer_norm`.
    """
    shape = _normalized_sizes("rms_norm", input, normalized_shape, weight=weight)
    if eps is None:
        array: Array = input._array if isinstance(input, Tensor) else input
        eps = float(backend_of(array).xp.finfo(input.dtype).eps)
    return _rms_norm(input, weight, shape=shape, eps=eps)[0]


__all__ = ["layer_norm", "rms_norm"]

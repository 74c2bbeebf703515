"""Arithmetic with broadcasting: the four operations, powers, remainders, and how gradients are made to fit.

Gradients are given as if nothing were broadcast: the engine sums them to their input's shape with `sum_to`.
"""

from __future__ import annotations

from typing import Any

from ...backends import Array, dtypes
from ..op import op
from ..record import _fitting


def _sum_to(xp: Any, x: Array, *, shape: tuple[int, ...]) -> Array:
    lead = x.ndim - len(shape)
    stretched = tuple(k + lead for k, size in enumerate(shape) if size == 1 and x.shape[k + lead] != 1)
    axes = tuple(range(lead)) + stretched
    return xp.sum(x, axis=axes, keepdims=True).reshape(shape) if axes else x


broadcast_to = op(
    "broadcast_to",
    lambda xp, x, *, shape: xp.broadcast_to(x, shape),
    vjp=lambda g, x_shape: sum_to(g, shape=x_shape),
    linear=True,
    view=True,
)
sum_to = op("sum_to", _sum_to, vjp=lambda g, x_shape: broadcast_to(g, shape=x_shape), linear=True)


def _cast(xp: Any, x: Array, *, dtype: Any) -> Array:
    if x.dtype.kind == "c" and dtype.kind != "c":
        x = xp.real(x)
    return x.astype(dtype)


_cast_op = op(
    "cast",
    _cast,
    vjp=lambda g, x_dtype: cast(g, dtype=x_dtype),
    linear=True,
    elementwise=True,
)


def cast(x: Any, *, dtype: Any) -> Any:
    """`x` with another dtype, differentiable between floating (and complex) ones. A complex `x` keeps its real part
    when `dtype` is real."""
    return _cast_op(x, dtype=dtypes.as_dtype(dtype))


_fitting.update(sum_to=sum_to, cast=cast)

add = op(
    "add", lambda xp, a, b: xp.add(a, b), vjp=(lambda g: g, lambda g: g), linear=True, elementwise=True,
    doc="`a + b`, broadcast.",
)  # fmt: skip
sub = op(
    "sub", lambda xp, a, b: xp.subtract(a, b), vjp=(lambda g: g, lambda g: -g), linear=True, elementwise=True,
    doc="`a - b`, broadcast.",
)  # fmt: skip
mul = op(
    "mul", lambda xp, a, b: xp.multiply(a, b), vjp=(lambda g, b: g * b, lambda g, a: g * a), elementwise=True,
    doc="`a * b` element by element, broadcast.",
)  # fmt: skip

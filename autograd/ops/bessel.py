"""Bessel functions of orders 0 and 1: of the first kind (J) and the second (Y), modified (I, K), and these scaled.

The derivatives of J and I lead to the neighbouring orders, of Y and K back to orders 0 and 1 (NIST Digital Library of
Mathematical Functions, 10.6 and 10.29). Orders 0 and 1 are SciPy's; higher ones, which only derivatives of higher order
ask for, are computed here. "Scaled" is multiplied by `exp(-|x|)` (I) or `exp(x)` (K), so that nothing overflows.
"""

from __future__ import annotations

import math
from typing import Any

from ...backends import Array
from ..op import op
from .elementwise import sign


def _of_order(xp: Any, x: Array, order: int, lowest: tuple[Any, Any], flip: int, scaled: bool = False) -> Array:
    """J (`flip` -1) or I (`flip` 1) of an order, from the functions of orders 0 and 1.

    Where |x| is large against the order, by `2n/x * C_n = C_(n-1) - flip * C_(n+1)`; where it is not, that loses all
    digits, and the power series takes few terms.
    """
    if order < 2:
        return lowest[order](x)
    reach = order + 2
    near = xp.abs(x) < reach
    inner, outer = xp.where(near, x, 0), xp.where(near, reach, x)
    square, series = inner * inner * (0.25 * flip), 1.0
    for k in range(2 * reach + 12, 0, -1):
        series = series * square / (k * (order + k)) + 1
    series = series * xp.power(inner * 0.5, order) / math.factorial(order)
    if scaled:
        series = series * xp.exp(-xp.abs(inner))
    before, value = lowest[0](outer), lowest[1](outer)
    for n in range(1, order):
        before, value = value, (before - value * (2 * n) / outer) * flip
    return xp.where(near, series, value)


def _slope(function: Any, x: Any, order: int, flip: int) -> Any:
    """The derivative of J (`flip` -1) or I (`flip` 1)."""
    if order == 0:
        return function(x, order=1) * flip
    return (function(x, order=order - 1) + function(x, order=order + 1) * flip) * 0.5


_J = op(
    "bessel_j",
    lambda xp, x, *, order: _of_order(xp, x, order, (xp.special.j0, xp.special.j1), -1),
    vjp=lambda g, x, order: g * _slope(_J, x, order, -1), elementwise=True,
)  # fmt: skip
_I = op(
    "modified_bessel_i",
    lambda xp, x, *, order: _of_order(xp, x, order, (xp.special.i0, xp.special.i1), 1),
    vjp=lambda g, x, order: g * _slope(_I, x, order, 1), elementwise=True,
)  # fmt: skip
_scaled_I = op(
    "scaled_modified_bessel_i",
    lambda xp, x, *, order: _of_order(xp, x, order, (xp.special.i0e, xp.special.i1e), 1, scaled=True),
    vjp=lambda g, x, out, order: g * (_slope(_scaled_I, x, order, 1) - sign(x) * out), elementwise=True,
)  # fmt: skip

bessel_y0 = op("bessel_y0", lambda xp, x: xp.special.y0(x), vjp=lambda g, x: -g * bessel_y1(x), elementwise=True,
               doc="The Bessel function of the second kind of order 0, of x > 0.")  # fmt: skip
bessel_y1 = op(
    "bessel_y1", lambda xp, x: xp.special.y1(x), vjp=lambda g, x, out: g * (bessel_y0(x) - out / x), elementwise=True,
    doc="The Bessel function of the second kind of order 1, of x > 0.",
)  # fmt: skip
modified_bessel_k0 = op(
    "modified_bessel_k0", lambda xp, x: xp.special.k0(x), vjp=lambda g, x: -g * modified_bessel_k1(x),
    elementwise=True, doc="The modified Bessel function of the second kind of order 0, of x > 0.",
)  # fmt: skip
modified_bessel_k1 = op(
    "modified_bessel_k1", lambda xp, x: xp.special.k1(x),
    vjp=lambda g, x, out: -g * (modified_bessel_k0(x) + out / x), elementwise=True,
    doc="The modified Bessel function of the second kind of order 1, of x > 0.",
)  # fmt: skip
scaled_modified_bessel_k0 = op(
    "scaled_modified_bessel_k0", lambda xp, x: xp.special.k0e(x),
    vjp=lambda g, x, out: g * (out - scaled_modified_bessel_k1(x)), elementwise=True,
    doc="`exp(x) * modified_bessel_k0(x)`, without underflow.",
)  # fmt: skip
scaled_modified_bessel_k1 = op(
    "scaled_modified_bessel_k1", lambda xp, x: xp.special.k1e(x),
    vjp=lambda g, x, out: g * (out - scaled_modified_bessel_k0(x) - out / x), elementwise=True,
    doc="`exp(x) * modified_bessel_k1(x)`, without underflow.",
)  # fmt: skip


def bessel_j0(input: Any) -> Any:
    """The Bessel function of the first kind of order 0."""
    return _J(input, order=0)


def bessel_j1(input: Any) -> Any:
    """The Bessel function of the first kind of order 1."""
    return _J(input, order=1)


def i0(input: Any) -> Any:
    """The modified Bessel function of the first kind of order 0."""
    return _I(input, order=0)


def i1(input: Any) -> Any:
    """The modified Bessel function of the first kind of order 1."""
    return _I(input, order=1)


def i0e(input: Any) -> Any:
    """`exp(-|x|) * i0(x)`, without overflow."""
    return _scaled_I(input, order=0)


def i1e(input: Any) -> Any:
    """`exp(-|x|) * i1(x)`, without overflow."""
    return _scaled_I(input, order=1)


modified_bessel_i0, modified_bessel_i1 = i0, i1

__all__ = ["bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "i0", "i0e", "i1", "i1e", "modified_bessel_i0",
           "modified_bessel_i1", "modified_bessel_k0", "modified_bessel_k1", "scaled_modified_bessel_k0",
           "scaled_modified_bessel_k1"]  # fmt: skip

"""The error function's inverse and relatives, the normal distribution, and functions of information theory.

The derivatives are in any table of these functions; what is not closed there is written so that every order is right.
"""

from __future__ import annotations

import math
from typing import Any

from ...backends import Array
from ..op import op
from .comparison import choose, ordered
from .elementwise import clamp, erf, erfc, exp, log, sigmoid

_SQRT_HALF = 0.7071067811865476
_SQRT_2PI = 2.5066282746310002
_INV_SQRT_2PI = 0.3989422804014327
_SQRT_2_OVER_PI = 0.7978845608028654
_HALF_SQRT_PI = 0.886226925452758
_TWO_OVER_SQRT_PI = 1.1283791670955126

erfinv = op(
    "erfinv", lambda xp, x: xp.special.erfinv(x), vjp=lambda g, out: g * (exp(out * out) * _HALF_SQRT_PI),
    elementwise=True, doc="The inverse of the error function, of x in [-1, 1].",
)  # fmt: skip
erfcx = op(
    "erfcx", lambda xp, x: xp.special.erfcx(x), vjp=lambda g, x, out: g * (x * out * 2 - _TWO_OVER_SQRT_PI),
    elementwise=True, doc="`exp(x * x) * erfc(x)`, without underflow for large x.",
)  # fmt: skip

ndtr = op(
    "ndtr", lambda xp, x: xp.erfc(x * -_SQRT_HALF) * 0.5, vjp=lambda g, x: g * (exp(x * x * -0.5) * _INV_SQRT_2PI),
    elementwise=True, doc="The standard normal's distribution function: the area below the bell curve up to x.",
)  # fmt: skip
ndtri = op(
    "ndtri", lambda xp, x: xp.special.ndtri(x), vjp=lambda g, out: g * (exp(out * out * 0.5) * _SQRT_2PI),
    elementwise=True, doc="The inverse of `ndtr`: the standard normal's quantile of a probability.",
)  # fmt: skip
log_ndtr = op("log_ndtr", lambda xp, x: xp.special.log_ndtr(x), vjp=lambda g, x: g * _hazard(x), elementwise=True,
              doc="`log(ndtr(x))`, without the cancellation far from 0.")  # fmt: skip
_hazard = op(  # the density divided by the distribution function
    "hazard", lambda xp, x: _SQRT_2_OVER_PI / xp.special.erfcx(x * -_SQRT_HALF),
    vjp=lambda g, x, out: -g * (out * (x + out)), elementwise=True,
)  # fmt: skip


def _entr_forward(xp: Any, x: Array) -> Array:
    return xp.where(ordered(x) < 0, -math.inf, -x * xp.log(xp.where(x > 0, x, 1)))


entr = op("entr", _entr_forward, vjp=lambda g, x: -g * (log(x) + 1), elementwise=True,
          doc="`-x * log(x)`: 0 at 0, and -inf below.")  # fmt: skip


def _array_like(xp: Any, value: Any, other: Any) -> Array:
    """A number as an array, of the dtype it has beside `other`."""
    if hasattr(value, "dtype"):
        return value
    return xp.asarray(value, dtype=other.dtype if other.dtype.kind in "fc" else xp.float64)


def _xlogy_forward(xp: Any, x: Any, y: Any) -> Array:
    with xp.errstate(divide="ignore", invalid="ignore"):
        product = ordered(x) * xp.log(_array_like(xp, ordered(y), x))
    return xp.where((x == 0) & (y == y), 0, product)


def _xlog1py_forward(xp: Any, x: Any, y: Any) -> Array:
    with xp.errstate(divide="ignore", invalid="ignore"):
        product = ordered(x) * xp.log1p(_array_like(xp, ordered(y), x))
    return xp.where((x == 0) & (y == y), 0, product)


xlogy = op(
    "xlogy", _xlogy_forward,
    vjp=(lambda g, x, y: choose((x == 0) & (y <= 0), 0.0, xlogy(g, y)), lambda g, x, y: g * (x / y)),
    elementwise=True, doc="`x * log(y)`, and 0 where x is 0, whatever y is unless NaN.",
)  # fmt: skip
xlog1py = op(
    "xlog1py", _xlog1py_forward,
    vjp=(lambda g, x, y: choose((x == 0) & (y <= -1), 0.0, xlog1py(g, y)), lambda g, x, y: g * (x / (y + 1))),
    elementwise=True, doc="`x * log1p(y)`, and 0 where x is 0, whatever y is unless NaN.",
)  # fmt: skip


def _logit_forward(xp: Any, x: Array, *, eps: float | None) -> Array:
    if eps is not None:
        x = xp.minimum(xp.maximum(x, eps), 1 - eps)
    return xp.log(ordered(x) / (1 - x))


def _logit_vjp(g: Any, x: Any, eps: float | None) -> Any:
    if eps is None:
        return g / choose((x >= 0) & (x <= 1), x * (1 - x), math.nan)
    inner = clamp(x, eps, 1 - eps)
    return choose((x < eps) | (x > 1 - eps), 0.0, g / (inner * (1 - inner)))


_logit = op("logit", _logit_forward, vjp=_logit_vjp, elementwise=True)


def logit(input: Any, eps: float | None = None) -> Any:
    """`log(x / (1 - x))`, the inverse of `sigmoid`; NaN outside of [0, 1].

    Args:
        eps: if given, x is first moved into [eps, 1 - eps]; the gradient outside is 0.
    """
    return _logit(input, eps=eps)


expit = sigmoid

__all__ = ["entr", "erf", "erfc", "erfcx", "erfinv", "expit", "log_ndtr", "logit", "ndtr", "ndtri", "xlog1py", "xlogy"]

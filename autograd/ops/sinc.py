"""sin(x) / x and all its derivatives, exact at 0 as well, where the textbook's formulas divide 0 by 0.

With f_n the n-th derivative, `x * f_n + n * f_(n-1)` is the n-th derivative of the sine. Near 0 the power series: f_n
is the sum over k of `(-1)**k * x**(2k - n) / ((2k - n)! * (2k + 1))`.
"""

from __future__ import annotations

import math
from typing import Any

from ...backends import Array
from ..op import op
from .comparison import choose, isinf


def _series(x: Array, order: int) -> Array:
    """The power series, for |x| up to `max(1, order)`; by Horner's rule in x squared."""
    first = (order + 1) // 2
    square, total = x * x, 0.0
    for k in range(first + 11 + 2 * order, first - 1, -1):
        total = total * square + (-1.0) ** k / (math.factorial(2 * k - order) * (2 * k + 1))
    return total * x if order % 2 else total


def _forward(xp: Any, x: Array, *, order: int) -> Array:
    near = xp.abs(x) < max(1, order)
    far = xp.where(near, max(1, order), x)
    waves = xp.sin(far), xp.cos(far)
    value = waves[0] / far
    for n in range(1, order + 1):
        wave = waves[n % 2] if n % 4 < 2 else -waves[n % 2]
        value = (wave - n * value) / far
    return xp.where(near, _series(xp.where(near, x, 0), order), value)


_sin_over = op(
    "sin_over", _forward, vjp=lambda g, x, order: g * _sin_over(x, order=order + 1), elementwise=True
)  # fmt: skip


def sinc(input: Any) -> Any:
    """`sin(pi * x) / (pi * x)`, and 1 at 0."""
    return _sin_over(input * math.pi, order=0)


def spherical_bessel_j0(input: Any) -> Any:
    """The spherical Bessel function of the first kind of order 0: `sin(x) / x`, 1 at 0 and 0 at infinity."""
    far = isinf(input)
    return choose(far, 0.0, _sin_over(choose(far, 0.0, input * 1.0), order=0))


__all__ = ["sinc", "spherical_bessel_j0"]

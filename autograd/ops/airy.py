"""The Airy function Ai and its derivative, which satisfy `Ai'' = x * Ai`.

Near 0 by the power series (NIST Digital Library of Mathematical Functions, 9.4.1). Elsewhere by modified Bessel
functions of order 1/3 and 2/3 (9.6.2), for negative x on the rays at 60 degrees, whose sum is the value there (9.2.14);
and these by the integral of `exp(-t) * (t + t*t/(2*zeta))**(nu - 1/2)` from 0 to infinity (10.32.8), of which the
trapezoidal rule gives all digits once `t = exp(u - exp(-u))` makes both ends decay doubly exponentially (Takahasi and
Mori, "Double exponential formulas for numerical integration", 1974).
"""

from __future__ import annotations

import cmath
import math
from functools import cache
from typing import Any

from ...backends import Array
from ..op import op
from .comparison import ordered

_RAY = cmath.exp(1j * math.pi / 3)
_AT_0 = 3 ** (-2 / 3) / math.gamma(2 / 3), -(3 ** (-1 / 3)) / math.gamma(1 / 3)  # Ai and Ai'


@cache
def _coefficients(derivative: bool) -> tuple[float, ...]:
    """Of the power series, for |x| up to 1: `a_(k+3) = a_k / ((k + 2) * (k + 3))`."""
    found = [*_AT_0, 0.0]
    for k in range(24):
        found.append(found[k] / ((k + 2) * (k + 3)))
    return tuple(k * a for k, a in enumerate(found))[1:] if derivative else tuple(found)


@cache
def _nodes(power: float) -> tuple[tuple[float, float], ...]:
    """Nodes and weights for the integral of `exp(-t) * t**power * f(t)` from 0 to infinity."""
    step, found = 1 / 6, []
    for k in range(-25, 24):
        t = math.exp(k * step - math.exp(-k * step))
        found.append((t, step * math.exp(-t) * t ** (power + 1) * (1 + math.exp(-k * step))))
    return tuple(found)


def _bessel_k(xp: Any, nu: float, zeta: Array) -> Array:
    """The modified Bessel function K of the order `nu`, of complex `zeta`."""
    half = 0.5 / zeta
    total = sum(weight * (1 + t * half) ** (nu - 0.5) for t, weight in _nodes(nu - 0.5))
    return (math.pi * half) ** 0.5 * xp.exp(-zeta) / math.gamma(nu + 0.5) * total


def _forward(xp: Any, x: Array, *, derivative: bool) -> Array:
    dtype = ordered(x).dtype
    x = x.astype(xp.float32) if dtype.itemsize == 2 else x
    size = xp.abs(x)
    near = size < 1
    inner, far = xp.where(near, x, 0), xp.where(near, 1, size)
    series = 0.0
    for a in reversed(_coefficients(derivative)):
        series = series * inner + a
    negative = x < 0
    z = far * xp.where(negative, _RAY, 1).astype(xp.result_type(x.dtype, xp.complex64))
    zeta = xp.where(negative, 1j, 1).astype(z.dtype) * (far * xp.sqrt(far) * (2 / 3))
    if derivative:
        value = _bessel_k(xp, 2 / 3, zeta) * z * (-1 / (math.pi * math.sqrt(3)))
        value = xp.where(negative, value * (-2 * _RAY**2), value)
    else:
        value = _bessel_k(xp, 1 / 3, zeta) * xp.sqrt(z) * (1 / (math.pi * math.sqrt(3)))
        value = xp.where(negative, value * (2 * _RAY), value)
    return xp.where(near, series, value.real).astype(dtype, copy=False)


_airy = op(
    "airy_ai", _forward,
    vjp=lambda g, x, derivative: g * (x * _airy(x, derivative=False) if derivative else _airy(x, derivative=True)),
    elementwise=True,
)  # fmt: skip


def airy_ai(input: Any) -> Any:
    """The Airy function Ai: the solution of `y'' = x * y` that vanishes for large x."""
    return _airy(input * 1.0, derivative=False)


__all__ = ["airy_ai"]

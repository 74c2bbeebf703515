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

_RAY = cmath.exp(1j * math.pi / 3)
_AT_0 = 3 ** (-2 / 3) / math.gamma(2 / 3), -(3 ** (-1 / 3)) / math.gamma(1 / 3)  # Ai and Ai'
_NEAR = 1.0


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


def _series(x: Array, derivative: bool) -> Array:
    """The power series, for |x| up to 1: `a_(k+3) = a_k / ((k + 2) * (k + 3))`."""
    total: Any = 0.0
    cube = x * x * x
    for start, coefficient in ((0, _AT_0[0]), (1, _AT_0[1])):
        coefficients = []
        for k in range(start, start + 24, 3):
            coefficients.append((k, coefficient))
            coefficient /= (k + 2) * (k + 3)
        part: Any = 0.0
        for k, a in reversed(coefficients):
            part = part * cube + (a * k if derivative else a)
        if not derivative:
            total = total + (part * x if start else part)
        else:  # x**(start - 1), where the term without x has gone
            total = total + (part if start else _without_first(coefficients, cube) * x * x)
    return total



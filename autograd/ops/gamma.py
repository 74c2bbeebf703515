"""The gamma function's family: its logarithm, the derivatives of that, the incomplete gamma functions, Hurwitz's zeta.

Values by SciPy. Derivatives: NIST Digital Library of Mathematical Functions, chapters 5 (gamma), 8 (incomplete gamma)
and 25 (zeta).
"""

from __future__ import annotations

import math
from typing import Any

from ...backends import Array
from ..op import op
from .arithmetic import log
from .elementwise import exp

lgamma = op(
    "lgamma", lambda xp, x: xp.where(xp.isinf(x), xp.abs(x), xp.special.gammaln(x)), vjp=lambda g, x: g * digamma(x),
    elementwise=True, doc="The logarithm of the gamma function's absolute value.",
)  # fmt: skip
digamma = op("digamma", lambda xp, x: xp.special.digamma(x), vjp=lambda g, x: g * polygamma(1, x), elementwise=True,
             doc="The derivative of `lgamma`.")  # fmt: skip


def _polygamma_forward(xp: Any, x: Array, *, n: int) -> Array:
    factor = math.factorial(n) if n <= 170 else math.inf
    return xp.special.zeta(n + 1.0, x) * float(factor if n % 2 else -factor)


_polygamma = op(
    "polygamma", _polygamma_forward, vjp=lambda g, x, n: g * _polygamma(x, n=n + 1), elementwise=True
)  # fmt: skip


def polygamma(n: int, input: Any) -> Any:
    """The `n`-th derivative of `digamma`: `(-1)**(n + 1) * n! * zeta(n + 1, x)` (DLMF 5.15).

    Raises:
        RuntimeError: `n` is negative.
    """
    if n < 0:
        raise RuntimeError(f"polygamma: n must not be negative, got {n}")
    return digamma(input) if n == 0 else _polygamma(input, n=n)


def mvlgamma(input: Any, p: int) -> Any:
    """The logarithm of the multivariate gamma function of dimension `p`:
    `p (p - 1) / 4 * log(pi) + lgamma(x) + lgamma(x - 1/2) + ... + lgamma(x - (p - 1)/2)`, of x > (p - 1)/2.

    Raises:
        RuntimeError: `p` is below 1.
    """
    if p < 1:
        raise RuntimeError(f"mvlgamma: p must be at least 1, got {p}")
    total = lgamma(input)
    for k in range(1, p):
        total = total + lgamma(input - 0.5 * k)
    return total + 0.25 * p * (p - 1) * math.log(math.pi)


def _unknown(what: str) -> Any:
    raise NotImplementedError(f"{what}: there is no formula for this derivative; pass a tensor that requires none")


# x**(a - 1) * exp(-x) / gamma(a), by logarithms so that no factor overflows.
def _gamma_density(a: Any, x: Any) -> Any:
    return exp((a - 1) * log(x) - x - lgamma(a))


igamma = op(
    "igamma", lambda xp, a, x: xp.special.gammainc(a, x),
    vjp=(lambda g: _unknown("igamma with respect to its first input"), lambda g, a, x: g * _gamma_density(a, x)),
    elementwise=True,
    doc="""The regularised lower incomplete gamma function, the integral of `t**(a - 1) * exp(-t)` from 0 to `x`
    divided by `gamma(a)`. It is differentiated with respect to `x`.""",
)  # fmt: skip
igammac = op(
    "igammac", lambda xp, a, x: xp.special.gammaincc(a, x),
    vjp=(lambda g: _unknown("igammac with respect to its first input"), lambda g, a, x: -g * _gamma_density(a, x)),
    elementwise=True,
    doc="`1 - igamma(a, x)`, without the cancellation where that is near 1. It is differentiated with respect to `x`.",
)  # fmt: skip
zeta = op(
    "zeta", lambda xp, x, q: xp.special.zeta(x, q),
    vjp=(lambda g: _unknown("zeta with respect to its first input"), lambda g, x, q: -g * x * zeta(x + 1, q)),
    elementwise=True,
    doc="""Hurwitz's zeta function, the sum of `(k + q)**-x` over k = 0, 1, ... It is differentiated with respect to `q`
    (DLMF 25.11.17).""",
)  # fmt: skip

multigammaln, gammaln, psi, gammainc, gammaincc = mvlgamma, lgamma, digamma, igamma, igammac

__all__ = ["digamma", "gammainc", "gammaincc", "gammaln", "igamma", "igammac", "lgamma", "multigammaln", "mvlgamma",
           "polygamma", "psi", "zeta"]  # fmt: skip

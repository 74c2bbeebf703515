"""Orthogonal polynomials by their recurrences: Chebyshev, Hermite, Laguerre, Legendre.

Each recurrence (NIST Digital Library of Mathematical Functions, 18.9) runs on differentiable operations, so that the
polynomials have all derivatives without a rule of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..tensor import Tensor
from .arithmetic import trunc
from .comparison import choose
from .creation import ones_like

Step = Callable[[int, Any, Any, Any], Any]


def _polynomial(x: Any, n: Any, first: Callable[[Any], Any], step: Step) -> Any:
    """P_n(x), where P_0 is 1, P_1 is `first(x)` and P_(k+1) is `step(k, x, P_k, P_(k-1))`; 0 where `n` is negative.

    A degree that is no integer is cut off. An element stays as it is once its degree is reached, so that what others
    need cannot overflow in it.
    """
    if isinstance(n, (int, float)):
        degree: Any = int(n)
        highest, begin = degree, float(degree >= 0)
    else:
        degree = trunc(n.detach())
        highest, begin = (int(degree.max().item()) if degree.numel() else 0), degree >= 0
        if not isinstance(x, Tensor):
            x = degree * 0 + x
    if x.dtype.kind in "biu":
        x = x * 1.0
    before = value = ones_like(x) * begin
    for k in range(highest):
        following = step(k, x, value, before) if k else first(x)
        value, before = following if degree is highest else choose(degree > k, following, value), value
    return value


def _family(name: str, what: str, first: Callable[[Any], Any], step: Step) -> Callable[[Any, Any], Any]:
    def polynomial(input: Any, n: Any) -> Any:
        return _polynomial(input, n, first, step)

    polynomial.__name__ = polynomial.__qualname__ = name
    polynomial.__doc__ = f"""The {what}. `n` is a number, or a tensor that broadcasts; 0 where it is negative.
    The host waits for the greatest element of such a tensor."""
    return polynomial


def _shifted(of: Callable[[Any, Any], Any], letter: str) -> Callable[[Any, Any], Any]:
    def polynomial(input: Any, n: Any) -> Any:
        return of(2 * input - 1, n)

    polynomial.__name__ = polynomial.__qualname__ = f"shifted_{of.__name__}"
    polynomial.__doc__ = f"`{of.__name__}` of 2x - 1: {letter}*_n(x)."
    return polynomial


chebyshev_polynomial_t = _family(
    "chebyshev_polynomial_t", "Chebyshev polynomial of the first kind, T_n(x)",
    first=lambda x: x, step=lambda _, x, p, q: 2 * x * p - q,
)  # fmt: skip
chebyshev_polynomial_u = _family(
    "chebyshev_polynomial_u", "Chebyshev polynomial of the second kind, U_n(x)",
    first=lambda x: 2 * x, step=lambda _, x, p, q: 2 * x * p - q,
)  # fmt: skip
chebyshev_polynomial_v = _family(
    "chebyshev_polynomial_v", "Chebyshev polynomial of the third kind, V_n(x)",
    first=lambda x: 2 * x - 1, step=lambda _, x, p, q: 2 * x * p - q,
)  # fmt: skip
chebyshev_polynomial_w = _family(
    "chebyshev_polynomial_w", "Chebyshev polynomial of the fourth kind, W_n(x)",
    first=lambda x: 2 * x + 1, step=lambda _, x, p, q: 2 * x * p - q,
)  # fmt: skip
hermite_polynomial_h = _family(
    "hermite_polynomial_h", "physicist's Hermite polynomial, H_n(x)",
    first=lambda x: 2 * x, step=lambda k, x, p, q: 2 * x * p - 2 * k * q,
)  # fmt: skip
hermite_polynomial_he = _family(
    "hermite_polynomial_he", "probabilist's Hermite polynomial, He_n(x)",
    first=lambda x: x, step=lambda k, x, p, q: x * p - k * q,
)  # fmt: skip
laguerre_polynomial_l = _family(
    "laguerre_polynomial_l", "Laguerre polynomial, L_n(x)",
    first=lambda x: 1 - x, step=lambda k, x, p, q: ((2 * k + 1 - x) * p - k * q) / (k + 1),
)  # fmt: skip
legendre_polynomial_p = _family(
    "legendre_polynomial_p", "Legendre polynomial, P_n(x)",
    first=lambda x: x, step=lambda k, x, p, q: ((2 * k + 1) * x * p - k * q) / (k + 1),
)  # fmt: skip
shifted_chebyshev_polynomial_t = _shifted(chebyshev_polynomial_t, "T")
shifted_chebyshev_polynomial_u = _shifted(chebyshev_polynomial_u, "U")
shifted_chebyshev_polynomial_v = _shifted(chebyshev_polynomial_v, "V")
shifted_chebyshev_polynomial_w = _shifted(chebyshev_polynomial_w, "W")

__all__ = [
    "chebyshev_polynomial_t", "chebyshev_polynomial_u", "chebyshev_polynomial_v", "chebyshev_polynomial_w",
    "hermite_polynomial_h", "hermite_polynomial_he", "laguerre_polynomial_l", "legendre_polynomial_p",
    "shifted_chebyshev_polynomial_t", "shifted_chebyshev_polynomial_u", "shifted_chebyshev_polynomial_v",
    "shifted_chebyshev_polynomial_w",
]  # fmt: skip

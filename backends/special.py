"""Special functions on NumPy arrays, which NumPy lacks: the error function and the logistic function.

The error function is computed by the rational approximations of W. J. Cody, "Rational Chebyshev approximations for the
error function", Mathematics of Computation 23 (1969): |x| <= 0.46875, up to 4, and beyond, each within 6e-19 relative
before rounding.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_A = (1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2, 3.77485237685302021e2,
      3.20937758913846947e3)  # fmt: skip
_B = (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3)
_C = (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e1,
      2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3,
      1.23033935479799725e3)  # fmt: skip
_D = (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
      3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3)  # fmt: skip
_P = (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
      1.60837851487422766e-2, 6.58749161529837803e-4)  # fmt: skip
_Q = (1.0, 2.56852019228982242e0, 1.87295284992346725e0, 5.27905102951428412e-1, 6.05183413124413191e-2,
      2.33520497626869185e-3)  # fmt: skip
_INV_SQRT_PI = 0.56418958354775628695


def _ratio(top: tuple[float, ...], bottom: tuple[float, ...], x: np.ndarray) -> np.ndarray:
    """The quotient of two polynomials of equal degree, highest power first, by Horner's rule."""
    p, q = np.full_like(x, top[0]), np.full_like(x, bottom[0])
    for c, d in zip(top[1:], bottom[1:], strict=True):
        p *= x
        p += c
        q *= x
        q += d
    p /= q
    return p


def _erfc_tail(y: np.ndarray) -> np.ndarray:
    """erfc(y) for y > 0.46875."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        middle = _ratio(_C, _D, np.minimum(y, 4.0))
        z = 1.0 / np.square(np.maximum(y, 4.0))
        far = (_INV_SQRT_PI - z * _ratio(_P, _Q, z)) / np.maximum(y, 4.0)
        # exp(-y*y) loses digits when y*y is rounded: split y at 1/16 so that the leading square is exact.
        head = np.trunc(np.minimum(y, 30.0) * 16.0) / 16.0
        decay = np.exp(-head * head) * np.exp(-(y - head) * (y + head))
        return np.where(np.isnan(y), y, decay * np.where(y <= 4.0, middle, far))


def _compute(x: Any, complement: bool) -> np.ndarray:
    x = np.asarray(x)
    if x.dtype.kind == "c":
        raise TypeError(f"erf and erfc take real numbers, got {x.dtype}")
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
    # Half and single precision are computed in single: its rounding is all that is lost.
    wide = x.astype(np.float64 if dtype.itemsize > 4 else np.float32)
    y = np.abs(wide)
    small = y <= 0.46875
    inner = wide * _ratio(_A, _B, np.square(np.minimum(y, 0.46875)))
    if small.all():
        return (1.0 - inner if complement else inner).astype(dtype, copy=False)
    tail = _erfc_tail(np.maximum(y, 0.46875))
    if complement:
        outer = np.where(wide < 0, 2.0 - tail, tail)
        inner = 1.0 - inner
    else:
        outer = np.copysign(1.0 - tail, wide)
    return np.where(small, inner, outer).astype(dtype, copy=False)


def erf(x: np.ndarray) -> np.ndarray:
    """The error function, 2/sqrt(pi) * integral of exp(-t*t) from 0 to x, element by element."""
    return _compute(x, complement=False)


def erfc(x: np.ndarray) -> np.ndarray:
    """1 - erf(x), without the cancellation for large x."""
    return _compute(x, complement=True)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), element by element; to full relative accuracy in the lower tail too."""
    if x.dtype.kind == "c":
        return complex_sigmoid(np, x)
    with np.errstate(over="ignore"):  # exp(-x) is infinite where the result is 0
        out = np.asarray(np.exp(-x if x.dtype.kind == "f" else -x.astype(np.float64)))
    out += 1
    return np.reciprocal(out, out=out)


def complex_sigmoid(xp: Any, x: Any) -> Any:
    """`sigmoid` of complex numbers, on any backend: no power is taken of a number with a positive real part."""
    left = x.real < 0
    power = xp.exp(xp.where(left, x, -x))
    return xp.where(left, power, 1) / (1 + power)

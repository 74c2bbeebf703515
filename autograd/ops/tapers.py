"""Windows: what a signal is multiplied by, so that a piece of it begins and ends gently.

A periodic window of length n is the symmetric one of length n + 1 without its last element: repeated, it joins without
a seam. Computed in double precision, whatever the dtype.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ...backends import Array, dtypes, get_default_dtype, resolve
from ..errors import DtypeError, ShapeError
from ..tensor import Tensor
from .creation import born
from .dims import integer


def _window(
    name: str, length: int, periodic: bool, formula: Callable[[Any, Array], Array],
    dtype: Any = None, device: object = None, backend: str | None = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The window with the values `formula(xp, t)`, where `t` goes from 0 to 1 over the symmetric window.

    Raises:
        RuntimeError: the length is negative, or the dtype is not floating.
    """
    if integer(name, "window_length", length) < 0:
        raise ShapeError(f"{name}: window_length cannot be negative, got {length}")
    wanted = get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
    if wanted.kind == "c" or not dtypes.is_differentiable(wanted):
        raise DtypeError(f"{name}: a window is made of floating-point numbers, not {wanted}")
    home, place = resolve(device, backend)
    xp = home.xp
    if length == 1:
        return born(xp.ones(1, dtype=wanted), home, place, requires_grad)
    t = xp.arange(length, dtype=dtypes.float64) / (length if periodic else length - 1)
    return born(formula(xp, t).astype(wanted), home, place, requires_grad)


def _cosines(*weights: float) -> Callable[[Any, Array], Array]:
    """`weights[0] - weights[1] * cos(2 pi t) + weights[2] * cos(4 pi t) - ...`"""

    def formula(xp: Any, t: Array) -> Array:
        return sum((-1) ** k * w * xp.cos(2 * math.pi * k * t) for k, w in enumerate(weights))

    return formula


def bartlett_window(window_length: int, periodic: bool = True, **options: Any) -> Tensor:
    """Rises and falls in straight lines: `1 - |2 t - 1|`, where `t` goes from 0 to 1.

    Args:
        window_length: the number of elements.
        periodic: for a transform; else symmetric, for a filter.
        options: `dtype`, `device`, `backend`, `requires_grad`, as for `ones`.

    Raises:
        RuntimeError: the length is negative, or the dtype is not floating.
    """
    return _window("bartlett_window", window_length, periodic, lambda xp, t: 1 - xp.abs(2 * t - 1), **options)


def blackman_window(window_length: int, periodic: bool = True, **options: Any) -> Tensor:
    """`0.42 - 0.5 cos(2 pi t) + 0.08 cos(4 pi t)`; arguments and errors as for `bartlett_window`."""
    return _window("blackman_window", window_length, periodic, _cosines(0.42, 0.5, 0.08), **options)


def hamming_window(
    window_length: int, periodic: bool = True, alpha: float = 0.54, beta: float = 0.46, **options: Any
) -> Tensor:
    """`alpha - beta cos(2 pi t)`; other arguments and errors as for `bartlett_window`."""
    return _window("hamming_window", window_length, periodic, _cosines(alpha, beta), **options)


def hann_window(window_length: int, periodic: bool = True, **options: Any) -> Tensor:
    """`0.5 - 0.5 cos(2 pi t)`; arguments and errors as for `bartlett_window`."""
    return _window("hann_window", window_length, periodic, _cosines(0.5, 0.5), **options)


def kaiser_window(window_length: int, periodic: bool = True, beta: float = 12.0, **options: Any) -> Tensor:
    """`i0(beta sqrt(1 - (2 t - 1)^2)) / i0(beta)`, with the modified Bessel function of order 0 (Kaiser and Schafer
    1980); other arguments and errors as for `bartlett_window`."""

    def formula(xp: Any, t: Array) -> Array:
        height = xp.sqrt(xp.maximum(1 - (2 * t - 1) ** 2, 0))
        return xp.i0(beta * height) / xp.i0(xp.full_like(t, beta))

    return _window("kaiser_window", window_length, periodic, formula, **options)


__all__ = ["bartlett_window", "blackman_window", "hamming_window", "hann_window", "kaiser_window"]

"""`numpy.fft` on tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .operands import Later

fourier = Later("fourier")


def _along_one(name: str) -> Callable[..., Any]:
    def transform(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
        return getattr(fourier, name)(a, n, axis, norm)

    return transform


def _along_two(name: str) -> Callable[..., Any]:
    def transform(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None, out: Any = None) -> Any:
        return getattr(fourier, name)(a, s, axes, norm)

    return transform


def _along_many(name: str) -> Callable[..., Any]:
    def transform(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
        return getattr(fourier, name)(a, s, axes, norm)

    return transform


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.fft.fft: _along_one("fft"),
    np.fft.fft2: _along_two("fft2"),
    np.fft.fftn: _along_many("fftn"),
    np.fft.fftshift: lambda x, axes=None: fourier.fftshift(x, axes),
    np.fft.hfft: _along_one("hfft"),
    np.fft.ifft: _along_one("ifft"),
    np.fft.ifft2: _along_two("ifft2"),
    np.fft.ifftn: _along_many("ifftn"),
    np.fft.ifftshift: lambda x, axes=None: fourier.ifftshift(x, axes),
    np.fft.ihfft: _along_one("ihfft"),
    np.fft.irfft: _along_one("irfft"),
    np.fft.irfft2: _along_two("irfft2"),
    np.fft.irfftn: _along_many("irfftn"),
    np.fft.rfft: _along_one("rfft"),
    np.fft.rfft2: _along_two("rfft2"),
    np.fft.rfftn: _along_many("rfftn"),
}

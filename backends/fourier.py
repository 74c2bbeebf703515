"""NumPy's Fourier transforms, with those of single precision computed in single precision.

NumPy multiplies every transform by a factor. Where the norm leaves the sum as it is that is the integer 1, for which
the loop of double precision is chosen, whatever the array's dtype: four times slower. So the sum is asked for divided by
its length, and multiplied afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from types import ModuleType
from typing import Any

import numpy as np

_SINGLE = (np.dtype(np.float32), np.dtype(np.complex64))


def _in_single(transform: Callable[..., np.ndarray], plain: str, divided: str) -> Callable[..., np.ndarray]:
    """`transform`, whose norm `plain` leaves the sum as it is and `divided` divides it by its length."""
    halves, whole = transform is np.fft.rfftn, transform in (np.fft.fftn, np.fft.ifftn)

    def transformed(
        a: np.ndarray, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: str | None = None
    ) -> np.ndarray:
        if a.dtype not in _SINGLE or (norm or "backward") != plain or axes is None:
            return transform(a, s, axes, norm)
        if whole and a.dtype.kind == "f":
            a = a.astype(np.complex64)  # at once, which a transform would do row by row
        out = transform(a, s, axes, divided)
        lengths = s if s is not None else [(a if halves else out).shape[axis] for axis in axes]
        out *= prod(lengths)
        return out

    transformed.__name__ = transformed.__qualname__ = transform.__name__
    return transformed


def fourier() -> ModuleType:
    """What `xp.fft` is for NumPy."""
    made = ModuleType("chainrule.backends.numpy.xp.fft", "NumPy's Fourier transforms.")
    vars(made).update({name: getattr(np.fft, name) for name in np.fft.__all__})
    vars(made).update(
        fftn=_in_single(np.fft.fftn, "backward", "forward"),
        rfftn=_in_single(np.fft.rfftn, "backward", "forward"),
        ifftn=_in_single(np.fft.ifftn, "forward", "backward"),
        irfftn=_in_single(np.fft.irfftn, "forward", "backward"),
    )
    return made

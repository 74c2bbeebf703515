"""NumPy's Fourier transforms, piece by piece in several threads, and those of single precision in single precision.

NumPy multiplies every transform by a factor. Where the norm leaves the sum as it is that is the integer 1, for which
the loop of double precision is chosen, whatever the array's dtype: four times slower. So the sum is asked for divided
by its length, and multiplied afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log2
from types import ModuleType
from typing import Any

import numpy as np

_PLAIN = {"fft": "backward", "rfft": "backward", "ifft": "forward", "irfft": "forward"}
"""The norm that leaves the sum as it is; the other one divides it by its length."""


def _along(name: str, a: np.ndarray, n: int, axis: int, norm: str) -> np.ndarray:
    """One transform along one axis."""
    from .parallel import in_batches

    transform, axis = getattr(np.fft, name), axis % a.ndim
    dtype = np.result_type(a.dtype, np.complex64)
    factor = n if norm == _PLAIN[name] and dtype == np.complex64 else 1
    norm = norm if factor == 1 else "backward" if norm == "forward" else "forward"
    shape = (*a.shape[:axis], n // 2 + 1 if name == "rfft" else n, *a.shape[axis + 1 :])
    out = np.empty(shape, dtype.type(0).real.dtype if name == "irfft" else dtype)

    def piece(part: Any) -> None:
        source = a[part]
        if name in ("fft", "ifft"):
            source = source.astype(dtype, copy=False)  # at once, which the transform would do row by row
        into = out[part]
        transform(source, n, axis, norm, out=into)
        if factor != 1:
            into *= factor

    others = [k for k in range(a.ndim) if k != axis]
    if others and out.size:
        across = max(others, key=a.shape.__getitem__)
        lead, count = (slice(None),) * across, a.shape[across]

        def work(first: int, last: int) -> None:
            piece((*lead, slice(first, last)))

        size = out.size // count
        in_batches(count, 2 * size * out.itemsize, int(2 * size * log2(n + 1)), lambda step: work)
    else:
        piece(...)
    return out


def _over(last: str, others: str) -> Callable[..., np.ndarray]:
    """The transform over several axes, `last` along the last of them; `irfft` comes after the others."""

    def transformed(
        a: np.ndarray, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: str | None = None
    ) -> np.ndarray:
        axes = tuple(range(-(a.ndim if s is None else len(s)), 0)) if axes is None else tuple(axes)
        sizes = [a.shape[axis] for axis in axes] if s is None else list(s)
        if last == "irfft" and s is None:
            sizes[-1] = 2 * (sizes[-1] - 1)
        end = [(last, sizes[-1], axes[-1])]
        between = [(others, n, axis) for n, axis in zip(sizes[:-1], axes[:-1], strict=True)][::-1]
        for name, n, axis in between + end if last == "irfft" else end + between:
            a = _along(name, a, n, axis, norm or "backward")
        return a

    return transformed


def fourier() -> ModuleType:
    """What `xp.fft` is for NumPy."""
    made = ModuleType("chainrule.backends.numpy.xp.fft", "NumPy's Fourier transforms.")
    vars(made).update({name: getattr(np.fft, name) for name in np.fft.__all__})
    vars(made).update(fftn=_over("fft", "fft"), ifftn=_over("ifft", "ifft"))
    vars(made).update(rfftn=_over("rfft", "fft"), irfftn=_over("irfft", "ifft"))
    return made

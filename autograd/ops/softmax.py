"""The softmax family, each shifted by its largest element so that nothing overflows.

One op each, whose derivative needs the result alone. Half precision is computed in single precision.
"""

from __future__ import annotations

from typing import Any

from ...backends import Array
from ..op import op
from .arithmetic import cast
from .dims import Dims, canonical_dim, kept_shape, ndim_of, reduced_dims
from .elementwise import exp
from .reduction import add_up, restore


def _shifted(xp: Any, x: Array, dims: tuple[int, ...] | None) -> Array:
    """`x` less its largest element along `dims`: a fresh array."""
    if x.dtype.itemsize == 2:
        x = x.astype(xp.float32)
    return xp.subtract(x, x.max(axis=dims, keepdims=True)) if x.size else x.copy()


def _softmax_forward(xp: Any, x: Array, *, dim: Dims) -> Array:
    out = _shifted(xp, x, dim)
    xp.exp(out, out=out)
    out /= xp.add.reduce(out, dim, None, None, True)
    return out if out.dtype == x.dtype else out.astype(x.dtype)


def _log_softmax_forward(xp: Any, x: Array, *, dim: Dims) -> Array:
    out = _shifted(xp, x, dim)
    out -= xp.log(xp.add.reduce(xp.exp(out), dim, None, None, True))
    return out if out.dtype == x.dtype else out.astype(x.dtype)

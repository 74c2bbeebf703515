"""Tensors filled with random numbers in place, with PyTorch's names and distributions.

Every function takes the tensor first, returns it, draws from the stream of its backend or from `generator`, and can be
called as a method. The gradient of what the tensor was before is 0.
"""

from __future__ import annotations

import math
from typing import Any

from ..backends import Array, dtypes, is_array
from . import inplace
from .errors import DtypeError, ShapeError
from .ops.dims import integer
from .random import Generator, bounds_of, stream_of
from .tensor import Tensor

_MANTISSA = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}
"""Up to two to the power of this, a floating dtype holds every integer."""


def _expect(name: str, said: str, holds: bool) -> None:
    if not holds:
        raise ShapeError(f"{name}: {said}")


def _expect_floating(x: Tensor, name: str) -> None:
    if not x.is_floating_point():
        raise DtypeError(f"{name} draws floating-point numbers, which a {x.dtype} tensor cannot hold")


def _uniform(x: Tensor, name: str, generator: Generator | None, wide: bool = False) -> Array:
    """Uniform on [0, 1), of the dtype of `x`, or of double precision where x cannot hold it and `wide` allows."""
    if not wide:
        _expect_floating(x, name)
    dtype = x.dtype if x.is_floating_point() else dtypes.float64
    return stream_of(x.backend, generator).random(x.shape, dtype)


def _fill(x: Tensor, name: str, array: Any) -> Tensor:
    inplace.assign(x, ..., array, name)
    return x


def uniform_(x: Tensor, from_: float = 0.0, to: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Uniform on [from_, to)."""
    _expect("uniform_", f"expected bounds in order, got {from_} and {to}", from_ <= to)
    return _fill(x, "uniform_", _uniform(x, "uniform_", generator) * (to - from_) + from_)


def normal_(x: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Normal; of complex numbers, each part has half the variance."""
    _expect("normal_", f"std cannot be negative, got {std}", std >= 0)
    stream = stream_of(x.backend, generator)
    if x.is_complex():
        parts = stream.normal((*x.shape, 2), dtypes.real_dtype(x.dtype))
        return _fill(x, "normal_", parts.view(x.dtype)[..., 0] * (std * math.sqrt(0.5)) + mean)
    _expect_floating(x, "normal_")
    return _fill(x, "normal_", stream.normal(x.shape, x.dtype) * std + mean)


def log_normal_(x: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Generator | None = None) -> Tensor:
    """The exponential of normal numbers of this mean and standard deviation."""
    _expect("log_normal_", f"std must be positive, got {std}", std > 0)
    _expect_floating(x, "log_normal_")
    drawn = stream_of(x.backend, generator).normal(x.shape, x.dtype)
    return _fill(x, "log_normal_", x.backend.xp.exp(drawn * std + mean))


def exponential_(x: Tensor, lambd: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Exponential, with the density `lambd * exp(-lambd * x)`."""
    _expect("exponential_", f"lambd must be positive, got {lambd}", lambd > 0)
    xp = x.backend.xp
    drawn = xp.maximum(_uniform(x, "exponential_", generator), float(xp.finfo(x.dtype).tiny))  # so that none is 0
    return _fill(x, "exponential_", xp.log1p(-drawn) / -lambd)


def cauchy_(x: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Cauchy, with the density `sigma / (pi * ((x - median)**2 + sigma**2))`."""
    _expect("cauchy_", f"sigma must be positive, got {sigma}", sigma > 0)
    angle = (_uniform(x, "cauchy_", generator) - 0.5) * math.pi
    return _fill(x, "cauchy_", x.backend.xp.tan(angle) * sigma + median)


def geometric_(x: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """The number of trials until the first success, each succeeding with probability `p`."""
    _expect("geometric_", f"p must be in (0, 1), got {p}", 0 < p < 1)
    xp = x.backend.xp
    trials = xp.ceil(xp.log1p(-_uniform(x, "geometric_", generator, wide=True)) / math.log1p(-p))
    return _fill(x, "geometric_", xp.maximum(trials, 1).astype(x.dtype))


def bernoulli_(x: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """1 with probability `p`, a number or a tensor that broadcasts, else 0."""
    if isinstance(p, Tensor) or is_array(p):
        p = p._array if isinstance(p, Tensor) else p
    else:
        _expect("bernoulli_", f"p must be in [0, 1], got {p}", 0 <= p <= 1)
    drawn = stream_of(x.backend, generator).random(x.shape, dtypes.float64)
    return _fill(x, "bernoulli_", (drawn < p).astype(x.dtype))


def random_(
    x: Tensor, from_: int | None = None, to: int | None = None, *, generator: Generator | None = None
) -> Tensor:
    """Uniform integers in [from_, to), or in [0, from_) given one number.

    Without numbers: from 0 to the greatest that the dtype holds; of a floating one, to where it stops to hold every
    integer.

    Raises:
        RuntimeError: there is no integer between the bounds, or the dtype does not hold them all.
    """
    name, dtype = x.dtype.name, x.dtype
    if x.is_complex():
        raise DtypeError(f"random_: not defined for {dtype}")
    least, most = (0, 1) if name == "bool" else bounds_of(dtype) if dtype.kind in "iu" else (None, 2 ** _MANTISSA[name])
    least = -most if least is None else least
    if from_ is None:
        low, high = 0, most + 1
    elif to is None:
        low, high = 0, integer("random_", "to", from_)
    else:
        low, high = integer("random_", "from_", from_), integer("random_", "to", to)
    _expect("random_", f"expected from_ below to, got {low} and {high}", low < high)
    _expect("random_", f"{low} to {high - 1} do not fit into {dtype}", least <= low and high - 1 <= most)
    drawn = stream_of(x.backend, generator).integers(low, high, x.shape, dtype if dtype.kind in "iu" else dtypes.int64)
    return _fill(x, "random_", drawn.astype(dtype))


__all__ = ["bernoulli_", "cauchy_", "exponential_", "geometric_", "log_normal_", "normal_", "random_", "uniform_"]

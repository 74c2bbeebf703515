"""Initialisers: fill a tensor in place, outside the graph, and return it.

Numbers are drawn from the seeded stream of the tensor's backend, or from `generator`. A tensor without elements stays
as it is.
"""

from __future__ import annotations

import math
from numbers import Number
from typing import Any

from ..autograd.inplace import write
from ..autograd.random import Generator, stream_of
from ..autograd.tensor import Tensor
from ..backends import Array, dtypes


def _draw(tensor: Tensor, kind: str, generator: Generator | None, shape: tuple[int, ...] | None = None) -> Array:
    """Uniform numbers on [0, 1), or normal ones, of the tensor's dtype."""
    if not isinstance(tensor, Tensor):
        raise TypeError(f"init: expected a tensor to fill, got {type(tensor).__name__}")
    if not dtypes.is_differentiable(tensor.dtype):
        raise TypeError(f"init: a tensor of {tensor.dtype} cannot hold random real numbers; use a floating dtype")
    stream = stream_of(tensor.backend, generator)
    wanted = tensor.shape if shape is None else shape
    return stream.random(wanted, tensor.dtype) if kind == "uniform" else stream.normal(wanted, tensor.dtype)


def _fill(tensor: Tensor, value: Any, name: str) -> Tensor:
    if not isinstance(tensor, Tensor):
        raise TypeError(f"{name}: expected a tensor to fill, got {type(tensor).__name__}")
    write(tensor._array, ..., value, name)
    return tensor


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform on [a, b).

    Raises:
        ValueError: `a` is above `b`.
    """
    if a > b:
        raise ValueError(f"uniform_: a cannot be above b, got {a} and {b}")
    return _fill(tensor, _draw(tensor, "uniform", generator) * (b - a) + a, "uniform_")


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal, with the given mean and standard deviation.

    Raises:
        ValueError: `std` is negative.
    """
    if std < 0:
        raise ValueError(f"normal_: std cannot be negative, got {std}")
    return _fill(tensor, _draw(tensor, "normal", generator) * std + mean, "normal_")


def trunc_normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:  # fmt: skip
    """Normal, restricted to [a, b]. Draws until all elements are inside: normal numbers if most of them are, else
    uniform ones taken with the probability that the density gives them (Robert 1995, section 2).

    Raises:
        ValueError: `std` is not positive, or `a` is not below `b`.
    """
    if std <= 0 or not a < b:
        raise ValueError(f"trunc_normal_: std must be positive and a below b, got std={std}, a={a}, b={b}")
    xp = tensor.backend.xp
    low, high = (a - mean) / std, (b - mean) / std
    inside = (math.erf(high / math.sqrt(2)) - math.erf(low / math.sqrt(2))) / 2
    nearest = min(max(low, 0.0), high)  # to the mean, where the density is highest
    values, missing = xp.zeros(tensor.shape, dtype=tensor.dtype), xp.ones(tensor.shape, dtype=bool)
    while bool(missing.any()):
        if inside > 0.25:
            drawn = _draw(tensor, "normal", generator)
            taken = (drawn >= low) & (drawn <= high)
        else:
            drawn = _draw(tensor, "uniform", generator) * (high - low) + low
            taken = _draw(tensor, "uniform", generator) <= xp.exp((nearest * nearest - drawn * drawn) / 2)
        values = xp.where(missing & taken, drawn, values)
        missing = missing & ~taken
    bounded = xp.minimum(xp.maximum(values * std + mean, a), b)  # rounding may lead out
    return _fill(tensor, bounded, "trunc_normal_")


def constant_(tensor: Tensor, val: float) -> Tensor:
    """`val` everywhere.

    Raises:
        TypeError: it is no number.
    """
    if not isinstance(val, Number):
        raise TypeError(f"constant_: the value must be a number, got {type(val).__name__}")
    return _fill(tensor, val, "constant_")


def ones_(tensor: Tensor) -> Tensor:
    """1 everywhere."""
    return _fill(tensor, 1, "ones_")


def zeros_(tensor: Tensor) -> Tensor:
    """0 everywhere."""
    return _fill(tensor, 0, "zeros_")


def eye_(tensor: Tensor) -> Tensor:
    """1 on the diagonal of a matrix, 0 elsewhere.

    Raises:
        ValueError: it is no matrix.
    """
    if tensor.ndim != 2:
        raise ValueError(f"eye_: expected a 2-d tensor, got shape {tensor.shape}")
    return _fill(tensor, tensor.backend.xp.eye(*tensor.shape, dtype=tensor.dtype), "eye_")


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """How many inputs an output of a layer with this weight has, and how many outputs an input. The weight has shape
    (out, in, ...): what follows is the field that each pair looks at.

    Raises:
        ValueError: it has less than two dimensions.
    """
    if tensor.ndim < 2:
        raise ValueError(f"fan in and fan out need a weight of shape (out, in, ...), got shape {tensor.shape}")
    field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


_GAINS = {"sigmoid": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4}
_LINEAR = ("linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """What to scale weights with so that signals keep their size through a nonlinearity: `sqrt(2 / (1 + slope**2))` for
    leaky ReLU (He et al. 2015), with the slope in `param`, 0.01 unless given; 5/3 for tanh and 3/4 for selu, as
    PyTorch has them; 1 for linear layers.

    Raises:
        ValueError: the nonlinearity is not known, or `param` is no number.
    """
    if nonlinearity in _LINEAR:
        return 1.0
    if nonlinearity == "leaky_relu":
        if param is not None and (isinstance(param, bool) or not isinstance(param, (int, float))):
            raise ValueError(f"calculate_gain: the slope must be a number, got {param!r}")
        slope = 0.01 if param is None else param
        return math.sqrt(2 / (1 + slope * slope))
    if nonlinearity not in _GAINS:
        known = ", ".join([*_GAINS, "leaky_relu", *_LINEAR])
        raise ValueError(f"calculate_gain: no nonlinearity is called {nonlinearity!r}; there are {known}")
    return _GAINS[nonlinearity]


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform with standard deviation `gain * sqrt(2 / (fan_in + fan_out))` (Glorot and Bengio 2010).

    Raises:
        ValueError: the tensor has less than two dimensions.
    """
    bound = gain * math.sqrt(6 / max(sum(_calculate_fan_in_and_fan_out(tensor)), 1))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal with standard deviation `gain * sqrt(2 / (fan_in + fan_out))` (Glorot and Bengio 2010).

    Raises:
        ValueError: the tensor has less than two dimensions.
    """
    std = gain * math.sqrt(2 / max(sum(_calculate_fan_in_and_fan_out(tensor)), 1))
    return normal_(tensor, 0.0, std, generator)


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    fans = dict(zip(("fan_in", "fan_out"), _calculate_fan_in_and_fan_out(tensor), strict=True))
    if mode not in fans:
        raise ValueError(f"kaiming: mode must be 'fan_in' or 'fan_out', got {mode!r}")
    return calculate_gain(nonlinearity, a) / math.sqrt(max(fans[mode], 1))


def kaiming_uniform_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:  # fmt: skip
    """Uniform with standard deviation `gain / sqrt(fan)` (He et al. 2015).

    Args:
        a: the slope of the leaky ReLU after this layer.
        mode: `"fan_in"` keeps the size of signals, `"fan_out"` that of gradients.
        nonlinearity: what follows the layer; see `calculate_gain`.

    Raises:
        ValueError: the tensor has less than two dimensions, or the mode or the nonlinearity is not known.
    """
    bound = math.sqrt(3) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:  # fmt: skip
    """Normal with standard deviation `gain / sqrt(fan)` (He et al. 2015). Arguments and errors as for
    `kaiming_uniform_`."""
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """`gain` times a matrix with orthonormal rows or columns, whichever are fewer, uniform among these (Saxe et al.
    2013; the signs as in Mezzadri 2007). Dimensions after the first count as one.

    Raises:
        ValueError: the tensor has less than two dimensions.
    """
    if tensor.ndim < 2:
        raise ValueError(f"orthogonal_: expected a tensor of two dimensions or more, got shape {tensor.shape}")
    if not tensor.numel():
        return tensor
    xp = tensor.backend.xp
    rows, columns = tensor.shape[0], math.prod(tensor.shape[1:])
    wide = tensor.dtype if tensor.dtype.itemsize >= 4 else dtypes.float32
    drawn = _draw(tensor, "normal", generator, (max(rows, columns), min(rows, columns))).astype(wide)
    q, r = xp.linalg.qr(drawn)
    q = q * xp.sign(xp.diagonal(r))
    values = (q if rows >= columns else q.T) * gain
    return _fill(tensor, values.reshape(tensor.shape).astype(tensor.dtype), "orthogonal_")


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """Normal with mean 0, with a random part of each column, `sparsity` of it rounded up, 0 (Martens 2010).

    Raises:
        ValueError: it is no matrix.
    """
    if tensor.ndim != 2:
        raise ValueError(f"sparse_: expected a 2-d tensor, got shape {tensor.shape}")
    xp = tensor.backend.xp
    order = xp.argsort(xp.argsort(_draw(tensor, "uniform", generator), axis=0), axis=0)
    kept = order >= math.ceil(sparsity * tensor.shape[0])
    return _fill(tensor, xp.where(kept, _draw(tensor, "normal", generator) * std, 0), "sparse_")


__all__ = ["calculate_gain", "constant_", "eye_", "kaiming_normal_", "kaiming_uniform_", "normal_", "ones_",
           "orthogonal_", "sparse_", "trunc_normal_", "uniform_", "xavier_normal_", "xavier_uniform_",
           "zeros_"]  # fmt: skip

"""Activations made of straight pieces, and those that are nearly so. The smooth ones stand in `activation.py`."""

from __future__ import annotations

from typing import Any

from ..errors import ShapeError
from ..op import op
from ..random import stream_of
from ..tensor import Tensor
from .activation import leaky_relu
from .comparison import choose, ordered
from .shape import reshape

hardsigmoid = op(
    "hardsigmoid", lambda xp, x: xp.minimum(xp.maximum(ordered(x) + 3, 0), 6) / 6,
    vjp=lambda g, x: g * ((x > -3) & (x < 3)) / 6, elementwise=True,
    doc="`relu6(x + 3) / 6`: three straight pieces in the shape of a sigmoid (Howard et al. 2019).",
)  # fmt: skip
hardswish = op(
    "hardswish", lambda xp, x: x * xp.minimum(xp.maximum(ordered(x) + 3, 0), 6) / 6,
    vjp=lambda g, x: choose(x <= -3, 0.0, choose(x < 3, g * (x / 3 + 0.5), g)), elementwise=True,
    doc="`x * hardsigmoid(x)` (Howard et al. 2019).",
)  # fmt: skip
_hardshrink = op(
    "hardshrink", lambda xp, x, *, lambd: xp.where((ordered(x) >= -lambd) & (x <= lambd), 0, x),
    vjp=lambda g, x, lambd: choose((x >= -lambd) & (x <= lambd), 0.0, g), elementwise=True,
)  # fmt: skip
_softshrink = op(
    "softshrink", lambda xp, x, *, lambd: x - xp.minimum(xp.maximum(ordered(x), -lambd), lambd),
    vjp=lambda g, x, lambd: choose((x >= -lambd) & (x <= lambd), 0.0, g), elementwise=True,
)  # fmt: skip
_threshold = op(
    "threshold",
    lambda xp, x, *, threshold, value: xp.where(ordered(x) <= threshold, value, x).astype(x.dtype, copy=False),
    vjp=lambda g, x, threshold: choose(x <= threshold, 0.0, g), elementwise=True,
)  # fmt: skip
_sloped = op(
    "prelu", lambda xp, x, slope: xp.where(ordered(x) > 0, x, x * slope),
    vjp=(lambda g, x, slope: choose(x > 0, g, g * slope), lambda g, x: choose(x > 0, 0.0, g * x)), elementwise=True,
)  # fmt: skip


def hardshrink(input: Any, lambd: float = 0.5) -> Any:
    """`x`, but 0 where |x| is at most `lambd`."""
    return _hardshrink(input, lambd=lambd)


def softshrink(input: Any, lambd: float = 0.5) -> Any:
    """`x` moved towards 0 by `lambd`, and 0 where |x| is at most that.

    Raises:
        RuntimeError: `lambd` is negative.
    """
    if lambd < 0:
        raise RuntimeError(f"softshrink: lambd cannot be negative, got {lambd}")
    return _softshrink(input, lambd=lambd)


def threshold(input: Any, threshold: float, value: float) -> Any:
    """`x` where it is above `threshold`, `value` elsewhere."""
    return _threshold(input, threshold=threshold, value=value)


def prelu(input: Any, weight: Any) -> Any:
    """`x` where positive, `weight * x` elsewhere (He et al. 2015).

    Args:
        weight: one number, 0-d or (1,), or a vector with one for each channel, the input's second dimension.

    Raises:
        RuntimeError: its shape is another.
    """
    if weight.ndim > 1:
        raise ShapeError(f"prelu: weight must be a number or a vector, got shape {tuple(weight.shape)}")
    count = weight.shape[0] if weight.ndim else 1
    channels = 1 if input.ndim < 2 else input.shape[1]
    if count != 1 and (input.ndim == 0 or count != channels):
        raise ShapeError(f"prelu: {count} weights do not fit an input of shape {tuple(input.shape)}")
    return _sloped(input, reshape(weight, (count,) + (1,) * (input.ndim - 2) if input.ndim > 1 else ()))


def rrelu(input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False) -> Tensor:
    """`x` where positive, elsewhere `x` times a slope (Xu et al. 2015): in training drawn for each element, uniformly
    between `lower` and `upper`, from the seeded stream of the input's backend; else the middle of that range.

    Raises:
        RuntimeError: `lower` is above `upper`.
    """
    if lower > upper:
        raise RuntimeError(f"rrelu: lower cannot be above upper, got {lower} and {upper}")
    if not training:
        return leaky_relu(input, (lower + upper) / 2)
    drawn = stream_of(input.backend).random(input.shape, input.dtype)
    return _sloped(input, drawn * (upper - lower) + lower)


__all__ = ["hardshrink", "hardsigmoid", "hardswish", "prelu", "rrelu", "softshrink", "threshold"]

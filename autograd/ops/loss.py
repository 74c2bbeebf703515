"""Losses of predictions against targets of the same shape. Those of class scores stand in `cross_entropy.py`.

Each is an op on the elements, then a reduction: `"mean"`, `"sum"`, or `"none"` for the elements themselves. `d` is
prediction less target. A prediction is never broadcast against a target: that is nearly always a mistake.
"""

from __future__ import annotations

import warnings
from typing import Any

from ...backends import Array
from ..op import op
from .arithmetic import cast
from .comparison import choose
from .elementwise import clamp, exp, log, sign
from .activation import sigmoid
from .reduction import mean
from .reduction import sum as total

_LOG_FLOOR = -100.0
"""Where PyTorch cuts off the logarithm of a probability, so that a certain miss has a finite loss."""

_squared_error = op(
    "mse_loss", lambda xp, a, b: xp.square(a - b), vjp=(lambda g, a, b: g * ((a - b) * 2), lambda g, a, b: g * ((b - a) * 2)),
    elementwise=True,
)  # fmt: skip
_absolute_error = op(
    "l1_loss", lambda xp, a, b: xp.abs(a - b), vjp=(lambda g, a, b: g * sign(a - b), lambda g, a, b: g * sign(b - a)),
    elementwise=True,
)  # fmt: skip


def _smooth(xp: Any, a: Array, b: Array, *, beta: float) -> Array:
    d = xp.abs(a - b)
    return xp.where(d < beta, d * d * (0.5 / beta), d - 0.5 * beta)


_smooth_l1 = op(
    "smooth_l1_loss", _smooth,
    vjp=(lambda g, a, b, beta: g * (clamp(a - b, -beta, beta) * (1 / beta)),
         lambda g, a, b, beta: g * (clamp(b - a, -beta, beta) * (1 / beta))),
    elementwise=True,
)  # fmt: skip


def _log(xp: Any, x: Array) -> Array:
    """The logarithm, cut off; of 0 without a warning."""
    zero = x == 0
    return xp.where(zero, _LOG_FLOOR, xp.maximum(xp.log(xp.where(zero, 1, x)), _LOG_FLOOR))


_log_odds = op(
    "log_odds", lambda xp, p: _log(xp, p) - _log(xp, 1 - p), vjp=lambda g, p: g / clamp(p * (1 - p), min=1e-12),
    elementwise=True,
)  # fmt: skip
_binary = op(
    "binary_cross_entropy", lambda xp, p, t: -(t * _log(xp, p) + (1 - t) * _log(xp, 1 - p)),
    vjp=(lambda g, p, t: g * ((p - t) / clamp(p * (1 - p), min=1e-12)), lambda g, p: -g * _log_odds(p)),
    elementwise=True,
)  # fmt: skip
_binary_logits = op(
    "binary_cross_entropy_with_logits",
    lambda xp, x, t: xp.maximum(x, 0) - x * t + xp.log1p(xp.exp(-xp.abs(x))),
    vjp=(lambda g, x, t: g * (sigmoid(x) - t), lambda g, x: -g * x),
    elementwise=True,
)  # fmt: skip


def _divergence(xp: Any, x: Array, t: Array) -> Array:
    return xp.where(t == 0, 0, t * (xp.log(xp.where(t == 0, 1, t)) - x))


_kl = op(
    "kl_div", _divergence,
    vjp=(lambda g, t: -g * t, lambda g, x, t: g * choose(t == 0, 0.0, log(choose(t == 0, 1.0, t)) + 1 - x)),
    elementwise=True,
)  # fmt: skip


def reduction_of(name: str, reduction: str, size_average: bool | None, reduce: bool | None, *more: str) -> str:
    """The reduction asked for. `size_average` and `reduce` are how PyTorch said it before, and win where given.

    Raises:
        ValueError: there is no such reduction.
    """
    if size_average is not None or reduce is not None:
        asked = "none" if reduce is False else "sum" if size_average is False else "mean"
        warnings.warn(
            f"{name}: size_average and reduce are deprecated; write reduction={asked!r}", DeprecationWarning, stacklevel=3
        )
        return asked
    if reduction not in ("none", "mean", "sum", *more):
        raise ValueError(f"{name}: reduction must be {', '.join(map(repr, ('none', 'mean', 'sum', *more)))}, got {reduction!r}")
    return reduction


def reduced(loss: Any, reduction: str, weight: Any = None) -> Any:
    """The elements of a loss, times their weights if given, reduced."""
    if weight is not None:
        loss = loss * weight
    return mean(loss) if reduction == "mean" else total(loss) if reduction == "sum" else loss


def _pair(name: str, input: Any, target: Any, weight: Any = None) -> Any:
    """The target, in the input's dtype if it is made of integers.

    Raises:
        ValueError: the shapes differ, or the weight does not broadcast to them.
    """
    if input.shape != target.shape:
        raise ValueError(
            f"{name}: the input has shape {tuple(input.shape)}, the target {tuple(target.shape)}; they must be equal, as a "
            f"loss does not broadcast. Reshape one to the other"
        )
    if weight is not None and hasattr(weight, "shape"):
        sizes = tuple(weight.shape)
        whole = tuple(input.shape)[len(input.shape) - len(sizes) :] if len(sizes) <= len(input.shape) else None
        if whole is None or any(n not in (1, size) for n, size in zip(sizes, whole, strict=True)):
            raise ValueError(f"{name}: a weight of shape {sizes} does not broadcast to {tuple(input.shape)}")
    return cast(target, dtype=input.dtype) if target.dtype.kind in "biu" and input.dtype.kind == "f" else target


def mse_loss(input: Any, target: Any, size_average: bool | None = None, reduce: bool | None = None,
             reduction: str = "mean", weight: Any = None) -> Any:  # fmt: skip
    """The squared difference, averaged.

    Args:
        input, target: of the same shape.
        reduction: `"mean"`, `"sum"` or `"none"`.
        weight: what to multiply each element's loss with; broadcasts. The mean is then over the sum of the weights.

    Raises:
        ValueError: the shapes differ, or there is no such reduction.
    """
    reduction = reduction_of("mse_loss", reduction, size_average, reduce)
    target = _pair("mse_loss", input, target, weight)
    return _weighted(_squared_error(input, target), reduction, weight)


def _weighted(loss: Any, reduction: str, weight: Any) -> Any:
    return reduced(loss, reduction, weight)

"""Losses of predictions against targets of the same shape. Those of class scores stand in `cross_entropy.py`.

Each is an op on the elements, then a reduction: `"mean"`, `"sum"`, or `"none"` for the elements themselves. A
prediction is never broadcast against a target: that is nearly always a mistake.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

from ...backends import Array, backend_of
from ..errors import ShapeError
from ..op import op
from ..tensor import Tensor
from .activation import logsigmoid, sigmoid
from .arithmetic import cast
from .comparison import choose, ordered
from .complex import conj, sgn
from .dims import sizes_of
from .elementwise import clamp, exp, log
from .reduction import mean, sum as total
from .shape import unsqueeze

_LOG_FLOOR = -100.0
"""Where PyTorch cuts off the logarithm of a probability, so that a certain miss has a finite loss."""

_squared_error = op(
    "mse_loss", lambda xp, a, b: xp.square(a - b),
    vjp=(lambda g, a, b: g * ((a - b) * 2), lambda g, a, b: g * ((b - a) * 2)), elementwise=True,
)  # fmt: skip
_absolute_error = op(
    "l1_loss", lambda xp, a, b: xp.abs(a - b),
    vjp=(lambda g, a, b: g * conj(sgn(a - b)), lambda g, a, b: g * conj(sgn(b - a))), elementwise=True,
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
    zero = ordered(x) == 0
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
    lambda xp, x, t: xp.maximum(ordered(x), 0) - x * t + xp.log1p(xp.exp(-xp.abs(x))),
    vjp=(lambda g, x, t: g * (sigmoid(x) - t), lambda g, x: -g * x), elementwise=True,
)  # fmt: skip


def _divergence(xp: Any, x: Array, t: Array) -> Array:
    return xp.where(t == 0, 0, t * (xp.log(xp.where(t == 0, 1, t)) - x))


_kl = op(
    "kl_div", _divergence,
    vjp=(lambda g, t: -g * t, lambda g, x, t: g * choose(t == 0, 0.0, log(choose(t == 0, 1.0, t)) + 1 - x)),
    elementwise=True,
)  # fmt: skip


def reduction_of(name: str, reduction: str, size_average: bool | None, reduce: bool | None, *more: str) -> str:
    """The reduction asked for. `size_average` and `reduce` are how PyTorch said it once, and win where given.

    Raises:
        ValueError: there is no such reduction.
    """
    if size_average is not None or reduce is not None:
        asked = "none" if reduce is False else "sum" if size_average is False else "mean"
        message = f"{name}: write reduction={asked!r} in place of size_average and reduce"
        warnings.warn(message, FutureWarning, stacklevel=3)
        return asked
    known = ("none", "mean", "sum", *more)
    if reduction not in known:
        raise ValueError(f"{name}: reduction must be one of {', '.join(map(repr, known))}, got {reduction!r}")
    return reduction


def reduced(loss: Any, reduction: str, weight: Any = None) -> Any:
    """The losses, multiplied by their weights, as the reduction says."""
    if weight is not None:
        loss = loss * weight
    return mean(loss) if reduction == "mean" else total(loss) if reduction == "sum" else loss


def _pair(name: str, input: Any, target: Any) -> Any:
    """The target, in the input's dtype if it is made of integers.

    Raises:
        TypeError: one of them is no tensor, or the input is not floating.
        ShapeError: the shapes differ.
    """
    if not (hasattr(input, "shape") and hasattr(target, "shape")):
        got = f"{type(input).__name__} and {type(target).__name__}"
        raise TypeError(f"{name}: the input and the target are tensors, got {got}")
    if input.shape != target.shape:
        raise ShapeError(
            f"{name}: the input has shape {tuple(input.shape)} and the target {tuple(target.shape)}; a loss does not "
            f"broadcast one against the other: reshape or expand it yourself if that is meant"
        )
    if input.dtype.kind in "biu":
        raise TypeError(f"{name}: the input must be floating, got {input.dtype}; convert it with .float()")
    return cast(target, dtype=input.dtype) if target.dtype.kind in "biu" and input.dtype.kind == "f" else target


def _expect_probabilities(name: str, **given: Any) -> None:
    """Raises where elements are not in [0, 1], if looking takes no waiting. NaN passes, and shows in the loss."""
    for what, value in given.items():
        array = value._array if isinstance(value, Tensor) else value
        if backend_of(array).device_type == "cpu" and array.size and (array.min() < 0 or array.max() > 1):
            raise ShapeError(f"{name}: the {what} must be in [0, 1], got values from {array.min()} to {array.max()}")


def _check_weight(name: str, input: Any, weight: Any) -> None:
    """Raises unless a weight broadcasts to the input without making it larger."""
    sizes, whole = sizes_of(name, weight), tuple(input.shape)
    fits = len(sizes) <= len(whole) and all(n in (1, whole[-k]) for k, n in enumerate(reversed(sizes), 1))
    if not fits:
        raise ValueError(f"{name}: a weight of shape {sizes} does not broadcast to the input's shape {whole}")


def _weighted_mean(name: str, loss: Any, reduction: str, weight: Any) -> Any:
    """The loss reduced, where the mean of a weighted loss is over the sum of the weights."""
    if weight is None:
        return reduced(loss, reduction)
    if weight.shape != loss.shape:
        raise ValueError(f"{name}: the weight has shape {tuple(weight.shape)}, the input {tuple(loss.shape)}")
    if reduction == "mean":
        return total(loss * weight) / total(weight)
    return reduced(loss, reduction, weight)


def mse_loss(input: Any, target: Any, size_average: bool | None = None, reduce: bool | None = None,
             reduction: str = "mean", weight: Any = None) -> Any:  # fmt: skip
    """The squared difference.

    Args:
        input, target: of the same shape.
        reduction: `"mean"`, `"sum"`, or `"none"` for one loss per element.
        weight: of the same shape, multiplies the elements; the mean is then divided by its sum.

    Raises:
        ValueError: the shapes differ, or there is no such reduction.
    """
    reduction = reduction_of("mse_loss", reduction, size_average, reduce)
    target = _pair("mse_loss", input, target)
    return _weighted_mean("mse_loss", _squared_error(input, target), reduction, weight)


def l1_loss(input: Any, target: Any, size_average: bool | None = None, reduce: bool | None = None,
            reduction: str = "mean", weight: Any = None) -> Any:  # fmt: skip
    """The absolute difference; its gradient where they are equal is 0. Arguments and errors as for `mse_loss`."""
    reduction = reduction_of("l1_loss", reduction, size_average, reduce)
    target = _pair("l1_loss", input, target)
    return _weighted_mean("l1_loss", _absolute_error(input, target), reduction, weight)


def smooth_l1_loss(input: Any, target: Any, size_average: bool | None = None, reduce: bool | None = None,
                   reduction: str = "mean", beta: float = 1.0) -> Any:  # fmt: skip
    """`d**2 / (2 * beta)` where the absolute difference `d` is below `beta`, else `d - beta / 2` (Girshick 2015).
    Other arguments and errors as for `mse_loss`.

    Raises:
        ValueError: `beta` is negative.
    """
    reduction = reduction_of("smooth_l1_loss", reduction, size_average, reduce)
    if beta < 0:
        raise ShapeError(f"smooth_l1_loss: beta cannot be negative, got {beta}")
    target = _pair("smooth_l1_loss", input, target)
    return reduced(_smooth_l1(input, target, beta=beta) if beta else _absolute_error(input, target), reduction)


def huber_loss(input: Any, target: Any, reduction: str = "mean", delta: float = 1.0, weight: Any = None) -> Any:
    """`d**2 / 2` where the absolute difference `d` is below `delta`, else `delta * (d - delta / 2)` (Huber 1964).
    Other arguments and errors as for `mse_loss`, but that a weighted mean is over the number of elements.

    Raises:
        ValueError: `delta` is not positive.
    """
    reduction = reduction_of("huber_loss", reduction, None, None)
    if delta <= 0:
        raise ShapeError(f"huber_loss: delta must be positive, got {delta}")
    target = _pair("huber_loss", input, target)
    if weight is not None:
        _check_weight("huber_loss", input, weight)
    return reduced(_smooth_l1(input, target, beta=delta) * delta, reduction, weight)


def binary_cross_entropy(input: Any, target: Any, weight: Any = None, size_average: bool | None = None,
                         reduce: bool | None = None, reduction: str = "mean") -> Any:  # fmt: skip
    """`-(t * log(p) + (1 - t) * log(1 - p))` of probabilities `p`, with logarithms not below -100. From scores,
    `binary_cross_entropy_with_logits` is more accurate.

    Args:
        input: probabilities, in [0, 1].
        target: of the same shape, in [0, 1].
        weight: multiplies the elements; broadcasts to the input.
        reduction: as for `mse_loss`.

    Raises:
        ValueError: the shapes differ, the weight does not broadcast, or there is no such reduction; the input or the
            target is not in [0, 1]. (On a device looking would mean waiting, and the loss of such an input is NaN.)
    """
    reduction = reduction_of("binary_cross_entropy", reduction, size_average, reduce)
    target = _pair("binary_cross_entropy", input, target)
    _expect_probabilities("binary_cross_entropy", input=input, target=target)
    if weight is not None:
        _check_weight("binary_cross_entropy", input, weight)
    return reduced(_binary(input, target), reduction, weight)


def binary_cross_entropy_with_logits(
    input: Any, target: Any, weight: Any = None, size_average: bool | None = None, reduce: bool | None = None,
    reduction: str = "mean", pos_weight: Any = None,
) -> Any:  # fmt: skip
    """`binary_cross_entropy` of `sigmoid(input)`, without overflow.

    Args:
        input: scores.
        target: of the same shape, in [0, 1].
        weight: multiplies the elements; broadcasts to the input.
        pos_weight: multiplies the loss of what the target calls true; broadcasts to the input.
        reduction: as for `mse_loss`.

    Raises:
        ValueError: the shapes differ, a weight does not broadcast, or there is no such reduction.
    """
    name = "binary_cross_entropy_with_logits"
    reduction = reduction_of(name, reduction, size_average, reduce)
    target = _pair(name, input, target)
    for given in (weight, pos_weight):
        if given is not None:
            _check_weight(name, input, given)
    if pos_weight is None:
        return reduced(_binary_logits(input, target), reduction, weight)
    if_true = _binary_logits(input, 1.0) * ((pos_weight - 1) * target + 1)
    return reduced((1 - target) * input + if_true, reduction, weight)


def kl_div(input: Any, target: Any, size_average: bool | None = None, reduce: bool | None = None,
           reduction: str = "mean", log_target: bool = False) -> Any:  # fmt: skip
    """`t * (log(t) - input)`, the terms of the Kullback-Leibler divergence of the distribution `exp(input)` from `t`.

    Args:
        input: log-probabilities.
        target: probabilities of the same shape, or their logarithms.
        reduction: `"batchmean"`, the sum divided by the first size, is the divergence itself; else as for `mse_loss`.
        log_target: whether the target holds logarithms.

    Raises:
        ValueError: the shapes differ, or there is no such reduction.
    """
    reduction = reduction_of("kl_div", reduction, size_average, reduce, "batchmean")
    target = _pair("kl_div", input, target)
    terms = exp(target) * (target - input) if log_target else _kl(input, target)
    if reduction == "batchmean":
        return total(terms) / (input.shape[0] if input.ndim else 1)
    return reduced(terms, reduction)


def soft_margin_loss(input: Any, target: Any, size_average: bool | None = None, reduce: bool | None = None,
                     reduction: str = "mean") -> Any:  # fmt: skip
    """`log(1 + exp(-target * input))`, for targets 1 and -1. Arguments and errors as for `mse_loss`."""
    reduction = reduction_of("soft_margin_loss", reduction, size_average, reduce)
    target = _pair("soft_margin_loss", input, target)
    return reduced(-logsigmoid(target * input), reduction)


def multilabel_soft_margin_loss(input: Any, target: Any, weight: Any = None, size_average: bool | None = None,
                                reduce: bool | None = None, reduction: str = "mean") -> Any:  # fmt: skip
    """`binary_cross_entropy_with_logits`, averaged over the classes of each sample: over the last dimension.

    Args:
        input: scores of shape (..., C).
        target: of the same shape, in [0, 1].
        weight: multiplies the elements; broadcasts to the input.
        reduction: `"mean"`, `"sum"`, or `"none"` for one loss per sample.

    Raises:
        ValueError: the shapes differ, the weight does not broadcast, or there is no such reduction.
    """
    name = "multilabel_soft_margin_loss"
    reduction = reduction_of(name, reduction, size_average, reduce)
    target = _pair(name, input, target)
    if weight is not None:
        _check_weight(name, input, weight)
    losses = _binary_logits(input, target)
    return reduced(mean(losses if weight is None else losses * weight, -1), reduction)


def poisson_nll_loss(input: Any, target: Any, log_input: bool = True, full: bool = False,
                     size_average: bool | None = None, eps: float = 1e-8, reduce: bool | None = None,
                     reduction: str = "mean") -> Any:  # fmt: skip
    """`exp(input) - target * input`: the negative log-likelihood of counts `target` under Poisson distributions of mean
    `exp(input)`, but for a term of the target alone.

    Args:
        input: logarithms of the means; with `log_input=False` the means themselves, for
            `input - target * log(input + eps)`.
        target: of the same shape.
        full: add Stirling's approximation of that term, `t * log(t) - t + log(2 * pi * t) / 2`, where t is above 1.
        reduction: as for `mse_loss`.

    Raises:
        ValueError: the shapes differ, or there is no such reduction.
    """
    reduction = reduction_of("poisson_nll_loss", reduction, size_average, reduce)
    target = _pair("poisson_nll_loss", input, target)
    loss = exp(input) - target * input if log_input else input - target * log(input + eps)
    if full:
        counted = choose(target <= 1, 1.0, target)
        stirling = counted * log(counted) - counted + log(counted * (2 * math.pi)) * 0.5
        loss = loss + choose(target <= 1, 0.0, stirling)
    return reduced(loss, reduction)


def gaussian_nll_loss(input: Any, target: Any, var: Any, full: bool = False, eps: float = 1e-6,
                      reduction: str = "mean") -> Any:  # fmt: skip
    """`(log(var) + (input - target)**2 / var) / 2`: the negative log-likelihood of the target under normal
    distributions, but for a constant (Nix and Weigend 1994).

    Args:
        input: means.
        target: broadcasts with the input.
        var: variances: a number, or a tensor of the same shape, of that without the last dimension, or with a size 1
            in one dimension. One below `eps` counts as `eps`, with the gradient it would have at `eps`.
        full: add the constant, `log(2 * pi) / 2`.
        reduction: as for `mse_loss`.

    Raises:
        ShapeError: the shapes do not broadcast.
        ValueError: the variances have another shape, there is no such reduction, or a variance is negative (which is
            looked at on the host alone).
    """
    name = "gaussian_nll_loss"
    reduction = reduction_of(name, reduction, None, None)
    shape = sizes_of(name, input)
    if not hasattr(var, "shape"):
        if var < 0:
            raise ValueError(f"{name}: a variance cannot be negative, got {var}")
        spread: Any = max(var, eps)
        log_spread: Any = math.log(spread)
    else:
        spread = _at_least(name, _variances(name, var, shape), eps)
        log_spread = log(spread)
    sizes_of(name, target)
    loss = ((input - target) ** 2 / spread + log_spread) * 0.5
    return reduced(loss + 0.5 * math.log(2 * math.pi) if full else loss, reduction)


def _variances(name: str, var: Any, shape: tuple[int, ...]) -> Any:
    """The variances in a shape that broadcasts to `shape`."""
    given = tuple(var.shape)
    if given == shape:
        return var
    if given == shape[:-1]:
        return unsqueeze(var, -1)
    if len(given) != len(shape) or [one for one, n in zip(given, shape, strict=True) if one != n] != [1]:
        raise ValueError(
            f"{name}: the variances have shape {given}; for an input of shape {shape} they need that shape, or "
            f"{shape[:-1]}, or it with a 1 in one place"
        )
    return var


def _at_least(name: str, var: Any, eps: float) -> Any:
    """`max(var, eps)` with the derivative of `var`."""
    array = var._array if isinstance(var, Tensor) else var
    home = backend_of(array)
    if home.device_type == "cpu" and array.size and array.min() < 0:
        raise ValueError(f"{name}: a variance cannot be negative, got {array.min()}")
    return var + home.xp.maximum(eps - array, 0).astype(array.dtype)


__all__ = ["binary_cross_entropy", "binary_cross_entropy_with_logits", "gaussian_nll_loss", "huber_loss", "kl_div",
           "l1_loss", "mse_loss", "multilabel_soft_margin_loss", "poisson_nll_loss", "smooth_l1_loss",
           "soft_margin_loss"]  # fmt: skip

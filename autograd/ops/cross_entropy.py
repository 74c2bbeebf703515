"""Losses of class scores: cross-entropy and negative log-likelihood, of class indices or of probabilities.

Scores have the classes in dimension 1, or in 0 where there is no batch. For class indices they are laid out as rows,
one a sample, and the cross-entropy of all rows is one op: softmax less one-hot is its gradient.

Indices are checked where that takes no waiting: on the host one that is no class raises; on a device its loss and its
gradient are NaN.
"""

from __future__ import annotations

import math
from typing import Any

from ...backends import Array, backend_of, dtypes, is_array
from ..arguments import mixed
from ..errors import DtypeError, ShapeError
from ..op import op
from ..tensor import Tensor
from .comparison import choose
from .dims import integer, sizes_of
from .loss import reduction_of
from .matmul import linear
from .reduction import extreme, sum as total, sum_of_array
from .shape import movedim, reshape
from .softmax import log_softmax, softmax

_UNSIGNED = {1: dtypes.uint8, 2: dtypes.uint16, 4: dtypes.uint32, 8: dtypes.uint64}


# One element of every row, and the reverse


def _pick_forward(xp: Any, x: Array, index: Array) -> Array:
    return x[xp.arange(x.shape[0]), index]


def _place_forward(xp: Any, x: Array, index: Array, *, classes: int) -> Array:
    out = xp.zeros((x.shape[0], classes), dtype=x.dtype)
    out[xp.arange(x.shape[0]), index] = x
    return out


_pick = op("pick", _pick_forward, vjp=(lambda g, index, x_shape: _place(g, index, classes=x_shape[1]), None))
_place = op("place", _place_forward, vjp=(lambda g, index: _pick(g, index), None))


# The cross-entropy of rows


def _log_total(xp: Any, x: Array) -> Array:
    """The logarithm of the sum of the exponentials of each row, as a column; of half precision in single."""
    if x.dtype.itemsize == 2:
        x = x.astype(xp.float32)
    largest = extreme(xp, xp.max, x, (1,), True)
    out = x - largest
    xp.exp(out, out=out)
    out = sum_of_array(xp, out, (1,), True)
    xp.log(out, out=out)
    out += largest
    return out


def _forward(
    xp: Any, x: Array, index: Array, *, log_total: Array | None = None, weights: Any, scale: Any, reduce: bool
) -> Array:
    log_total = _log_total(xp, x) if log_total is None else log_total
    loss = log_total[:, 0] - x[xp.arange(x.shape[0]), index]
    if weights is not None:
        loss = xp.where(weights == 0, 0, loss * weights)
    if reduce:
        loss = xp.add.reduce(loss) * scale
    return loss if loss.dtype == x.dtype else loss.astype(x.dtype)


def _vjp(g: Any, x: Any, index: Any, log_total: Array, weights: Any, scale: Any, reduce: bool) -> Any:
    if reduce:
        g = g * scale
    if weights is not None:
        g = g * weights
    if g.ndim:
        g = reshape(g, (-1, 1))
    xp = backend_of(log_total).xp
    if isinstance(x, Tensor):
        hot = _place(xp.ones(x.shape[0], dtype=x.dtype), index._array, classes=x.shape[1])
        return (softmax(x, 1) - hot) * g
    out = xp.exp(x - log_total)
    out[xp.arange(x.shape[0]), index] -= 1
    out *= g
    return out


# `weights` is what each row counts, None if all count 1; what a mean divides by is in `scale`.
_cross_entropy = op("cross_entropy", _forward, vjp=(_vjp, None), flops=lambda out, x, index: 6 * math.prod(x))


class _Rows:
    """Scores and class indices of one loss, laid out as rows and checked.

    Attributes:
        scores: of shape (samples, classes).
        index: of shape (samples,), each a class; where the target was none, or to be ignored, it is 0.
        weights: what each row counts: 0 if it is ignored, NaN if its target is no class. None if all count 1.
        scale: what the sum of the losses is multiplied with.
    """

    def __init__(self, name: str, input: Any, target: Any, weight: Any, ignore_index: int, reduction: str) -> None:
        self.scores, self.index = _laid_out(name, input, target)
        self.name, self.reduction, self.shape = name, reduction, target.shape
        ignore_index = integer(name, "ignore_index", ignore_index)
        scores, index = _array(name, self.scores), _array(name, self.index)
        self.home = backend_of(scores)
        if backend_of(index) is not self.home:
            raise mixed(name, (input, target))
        self.classes = scores.shape[1]
        self.class_weight = self._class_weights(weight)
        self.weights: Array | None = None
        if self.class_weight is not None or not self._plain(index, ignore_index):
            self._weigh(index, ignore_index, scores.dtype)
        self.scale = self._scale(scores.shape[0])

    def _class_weights(self, weight: Any) -> Array | None:
        if weight is None:
            return None
        array = _array(self.name, weight)
        if backend_of(array) is not self.home or array.shape != (self.classes,):
            raise ShapeError(
                f"{self.name}: scores of {self.classes} classes on {self.home.name} need class weights of shape "
                f"({self.classes},) there, got shape {tuple(array.shape)} on {backend_of(array).name}"
            )
        return array

    def _plain(self, index: Array, ignore_index: int) -> bool:
        """Whether every target is known to be a class, and none to be ignored."""
        if self.home.device_type != "cpu" or 0 <= ignore_index < self.classes:
            return False
        if index.dtype.kind == "i":
            index = index.view(_UNSIGNED[index.dtype.itemsize])  # where -1 is large
        return index.size == 0 or bool(index.max() < self.classes)

    def _weigh(self, index: Array, ignore_index: int, dtype: Any) -> None:
        xp, host = self.home.xp, self.home.device_type == "cpu"
        ignored = index == ignore_index
        wrong = ((index < 0) | (index >= self.classes)) & ~ignored
        if host and wrong.any():
            raise IndexError(
                f"{self.name}: class {index[wrong][0]} is out of range for scores of {self.classes} classes: expected "
                f"0 to {self.classes - 1}, or {ignore_index} to ignore a sample"
            )
        self.index = index = xp.where(ignored | wrong, 0, index)
        weights = (~ignored).astype(dtype)
        if self.class_weight is not None:
            weights = weights * self.class_weight[index].astype(dtype)
        self.weights = weights if host else xp.where(wrong, math.nan, weights)

    def _scale(self, count: int) -> Any:
        if self.reduction != "mean":
            return 1.0
        if self.weights is None:
            return 1 / count if count else math.nan
        weight = self.home.xp.add.reduce(self.weights)
        return math.nan if self.home.device_type == "cpu" and weight == 0 else 1 / weight

    def reduce(self, losses: Any) -> Any:
        """The rows' losses, weighed, reduced as the caller asked."""
        if self.weights is not None:
            losses = choose(self.weights == 0, 0.0, losses * self.weights)
        return reshape(losses, self.shape) if self.reduction == "none" else total(losses) * self.scale


def _array(name: str, value: Any) -> Array:
    if isinstance(value, Tensor):
        return value._array
    if is_array(value):
        return value
    raise TypeError(f"{name}: expected a tensor, got {type(value).__name__}")


def _laid_out(name: str, input: Any, target: Any) -> tuple[Any, Any]:
    shape, given = sizes_of(name, input), sizes_of(name, target)
    if target.dtype.kind not in "iu":
        remedy = f"; probabilities would have the shape of the scores, {shape}" if name == "cross_entropy" else ""
        raise DtypeError(f"{name}: class indices are integers, got {target.dtype} of shape {given}{remedy}")
    if not shape:
        raise ShapeError(f"{name}: the scores are 0-d; they need a dimension for the classes")
    expected = shape[:1] + shape[2:] if len(shape) > 1 else ()
    if given != expected:
        raise ShapeError(
            f"{name}: the input has shape {shape}, with the classes in dimension {min(1, len(shape) - 1)}, so the "
            f"target must have shape {expected}, got {given}"
        )
    if input.dtype.kind != "f":
        raise DtypeError(f"{name}: the scores must be floating, got {input.dtype}")
    if not shape[min(1, len(shape) - 1)]:
        raise ShapeError(f"{name}: scores of shape {shape} are of no classes")
    if len(shape) == 2:
        return input, target
    if len(shape) == 1:
        return reshape(input, (1, shape[0])), reshape(target, (1,))
    samples = math.prod(expected)
    return reshape(movedim(input, 1, -1), (samples, shape[1])), reshape(target, (samples,))


def cross_entropy(input: Any, target: Any, weight: Any = None, size_average: bool | None = None,
                  ignore_index: int = -100, reduce: bool | None = None, reduction: str = "mean",
                  label_smoothing: float = 0.0) -> Any:  # fmt: skip
    """The negative logarithm of the probability that `softmax(input)` gives to the target's class.

    Args:
        input: scores of shape (C,), (N, C) or (N, C, d1, ...).
        target: class indices in [0, C), integers of the same shape without C; or probabilities of the same shape.
        weight: one per class, of shape (C,). The mean is then over the sum of the targets' weights.
        ignore_index: targets of this class do not count.
        reduction: `"mean"`, `"sum"`, or `"none"` for one loss per sample.
        label_smoothing: how much of each target, in [0, 1], is spread evenly over all classes (Szegedy et al. 2016).

    Raises:
        IndexError: a target is no class. (On a device, where looking would mean waiting, its loss is NaN.)
        TypeError: the targets are neither integers nor probabilities.
        ValueError: the shapes do not fit; there is no such reduction; the smoothing is not in [0, 1].
    """
    reduction = reduction_of("cross_entropy", reduction, size_average, reduce)
    if not 0 <= label_smoothing <= 1:
        raise ShapeError(f"cross_entropy: label_smoothing must be in [0, 1], got {label_smoothing}")
    if sizes_of("cross_entropy", input) == sizes_of("cross_entropy", target) and target.dtype.kind == "f":
        return _of_probabilities(input, target, weight, reduction, label_smoothing)
    rows = _Rows("cross_entropy", input, target, weight, ignore_index, reduction)
    if label_smoothing:
        return _smoothed(rows, label_smoothing)
    loss = _cross_entropy(
        rows.scores, rows.index, log_total=_log_total(rows.home.xp, _array("cross_entropy", rows.scores)),
        weights=rows.weights, scale=rows.scale, reduce=reduction != "none",
    )  # fmt: skip
    return reshape(loss, rows.shape) if reduction == "none" and loss.shape != rows.shape else loss


def _smoothed(rows: _Rows, smoothing: float) -> Any:
    """A row's loss with class weights w: `(1 - s) * w[t] * -log p[t] + s / C * sum(w * -log p)`."""
    scores = -log_softmax(rows.scores, 1)
    even = scores if rows.class_weight is None else scores * rows.class_weight
    losses = total(even, 1) * (smoothing / rows.classes)
    picked = _pick(scores, rows.index) * (1 - smoothing)
    if rows.weights is None:
        return rows.reduce(picked + losses)
    losses = choose(rows.weights == 0, 0.0, picked * rows.weights + losses)
    return reshape(losses, rows.shape) if rows.reduction == "none" else total(losses) * rows.scale


def _of_probabilities(input: Any, target: Any, weight: Any, reduction: str, smoothing: float) -> Any:
    dim = min(1, input.ndim - 1)
    if dim < 0:
        raise ShapeError("cross_entropy: the scores are 0-d; they need a dimension for the classes")
    classes = input.shape[dim]
    if smoothing:
        target = target * (1 - smoothing) + smoothing / classes
    if weight is not None:
        if sizes_of("cross_entropy", weight) != (classes,):
            raise ShapeError(
                f"cross_entropy: {classes} classes need weights of shape ({classes},), got {tuple(weight.shape)}"
            )
        target = target * reshape(weight, (classes,) + (1,) * (input.ndim - dim - 1))
    losses = -total(log_softmax(input, dim) * target, dim)
    if reduction == "none":
        return losses
    samples = math.prod(losses.shape)
    return total(losses) * (1.0 if reduction == "sum" else 1 / samples if samples else math.nan)


def nll_loss(input: Any, target: Any, weight: Any = None, size_average: bool | None = None, ignore_index: int = -100,
             reduce: bool | None = None, reduction: str = "mean") -> Any:  # fmt: skip
    """The negative of the element of each sample that the target points at: the negative log-likelihood, where the
    input holds log-probabilities. Arguments and errors as for `cross_entropy` with class indices."""
    reduction = reduction_of("nll_loss", reduction, size_average, reduce)
    rows = _Rows("nll_loss", input, target, weight, ignore_index, reduction)
    return rows.reduce(-_pick(rows.scores, rows.index))


def linear_cross_entropy(
    input: Any, linear_weight: Any, target: Any, *, linear_bias: Any = None, weight: Any = None,
    reduction: str = "mean", ignore_index: int | None = None, label_smoothing: float = 0.0, options: Any = None,
) -> Any:  # fmt: skip
    """`cross_entropy(linear(input, linear_weight, linear_bias), target, ...)`.

    Args:
        input: of shape (in,) or (N, in).
        linear_weight: of shape (C, in), or (C, d1, ..., in) for scores of shape (N, C, d1, ...), with a batch.
        target: as for `cross_entropy`.
        linear_bias: of shape (C,) or (C, d1, ...), or None.
        ignore_index: targets of this class do not count; -100 unless given. Not with probabilities as targets.
        options: taken for PyTorch's sake, where it says how to divide the batch to save memory.
        weight, reduction, label_smoothing: as for `cross_entropy`.

    Raises:
        RuntimeError: `ignore_index` is given with probabilities.
        ShapeError: the shapes do not fit.
        IndexError, TypeError, ValueError: as `cross_entropy`.
    """
    name = "linear_cross_entropy"
    shape, (classes, *more) = sizes_of(name, input), sizes_of(name, linear_weight) or (0,)
    if not more or len(shape) not in (1, 2) or shape[-1] != more[-1] or (len(more) > 1 and len(shape) == 1):
        given = f"{shape} and {tuple(linear_weight.shape)}"
        raise ShapeError(f"{name}: expected shapes (N, in) and (C, ..., in), or (in,) and (C, in), got {given}")
    if linear_bias is not None and sizes_of(name, linear_bias) != (classes, *more[:-1]):
        raise ShapeError(f"{name}: the bias must have shape {(classes, *more[:-1])}, got {tuple(linear_bias.shape)}")
    if ignore_index is not None and target.dtype.kind == "f":
        raise RuntimeError(f"{name}: ignore_index={ignore_index} is for class indices; the target is of probabilities")
    bias = linear_bias if linear_bias is None or linear_bias.ndim == 1 else reshape(linear_bias, (-1,))
    scores = linear(input, linear_weight if len(more) == 1 else reshape(linear_weight, (-1, more[-1])), bias)
    if len(more) > 1:
        scores = reshape(scores, (shape[0], classes, *more[:-1]))
    ignored = -100 if ignore_index is None else ignore_index
    return cross_entropy(
        scores, target, weight, ignore_index=ignored, reduction=reduction, label_smoothing=label_smoothing
    )


__all__ = ["cross_entropy", "linear_cross_entropy", "nll_loss"]

"""Losses that are zero beyond a margin: of scores, of rankings, and of distances between embeddings.

They are made of other ops. At the margin itself the gradient is PyTorch's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...backends import Array, backend_of
from ..errors import DtypeError, ShapeError
from ..tensor import Tensor
from .activation import relu
from .comparison import choose
from .dims import sizes_of
from .distance import pairwise_distance
from .elementwise import clamp, minimum, sqrt
from .indexing import gather, take
from .loss import reduced, reduction_of
from .reduction import sum as total
from .shape import reshape, unsqueeze

_TINY = 1e-12
"""Added to squared lengths, so that a zero vector has a cosine: PyTorch's number."""


def _raw(value: Any) -> Array:
    return value._array if isinstance(value, Tensor) else value


def hinge_embedding_loss(input: Any, target: Any, margin: float = 1.0, size_average: bool | None = None,
                         reduce: bool | None = None, reduction: str = "mean") -> Any:  # fmt: skip
    """`input` itself where the target is 1, `max(0, margin - input)` where it is -1: for distances of pairs that are
    alike, or not.

    Args:
        input: of any shape.
        target: 1 or -1, broadcasts with the input.
        reduction: `"mean"`, `"sum"`, or `"none"` for one loss per element.

    Raises:
        ShapeError: the shapes do not broadcast.
        ValueError: there is no such reduction.
    """
    reduction = reduction_of("hinge_embedding_loss", reduction, size_average, reduce)
    sizes_of("hinge_embedding_loss", target)
    apart = choose(target != 1, clamp(margin - input, min=0), 0.0)
    return reduced(apart + choose(target != -1, input, 0.0), reduction)


def margin_ranking_loss(input1: Any, input2: Any, target: Any, margin: float = 0, size_average: bool | None = None,
                        reduce: bool | None = None, reduction: str = "mean") -> Any:  # fmt: skip
    """`max(0, -target * (input1 - input2) + margin)`: the first should be greater where the target is 1, the second
    where it is -1.

    Args:
        input1, input2, target: with the same number of dimensions; they broadcast.
        reduction: `"mean"`, `"sum"`, or `"none"` for one loss per element.

    Raises:
        ShapeError: they have different numbers of dimensions, or do not broadcast.
        ValueError: there is no such reduction.
    """
    name = "margin_ranking_loss"
    reduction = reduction_of(name, reduction, size_average, reduce)
    _same_ndim(name, input1=input1, input2=input2, target=target)
    return reduced(clamp(-target * (input1 - input2) + margin, min=0), reduction)


def _same_ndim(name: str, **given: Any) -> None:
    shapes = {what: sizes_of(name, value) for what, value in given.items()}
    if len({len(shape) for shape in shapes.values()}) > 1:
        got = ", ".join(f"{what} {shape}" for what, shape in shapes.items())
        raise ShapeError(f"{name}: expected tensors with the same number of dimensions, got {got}")


def cosine_embedding_loss(input1: Any, input2: Any, target: Any, margin: float = 0, size_average: bool | None = None,
                          reduce: bool | None = None, reduction: str = "mean") -> Any:  # fmt: skip
    """`1 - cos` where the target is 1, `max(0, cos - margin)` where it is -1, with the cosine of the angle between the
    two vectors.

    Args:
        input1, input2: of shape (N, D), or (D,) for one pair.
        target: 1 or -1, of shape (N,), or () for one pair.
        reduction: `"mean"`, `"sum"`, or `"none"` for one loss per pair.

    Raises:
        ShapeError: the target has more than one dimension, or the inputs not one more than it, or they do not
            broadcast.
        ValueError: there is no such reduction.
    """
    name = "cosine_embedding_loss"
    reduction = reduction_of(name, reduction, size_average, reduce)
    one, two, pairs = (sizes_of(name, x) for x in (input1, input2, target))
    if len(pairs) > 1 or not len(one) == len(two) == len(pairs) + 1:
        raise ShapeError(
            f"{name}: expected inputs of shape (N, D) and a target of shape (N,), or (D,) and (); got {one}, {two} "
            f"and {pairs}"
        )
    product = total(input1 * input2, -1)
    lengths = sqrt((total(input1 * input1, -1) + _TINY) * (total(input2 * input2, -1) + _TINY))
    cosine = product / lengths
    losses = choose(target == 1, 1 - cosine, 0.0) + choose(target == -1, clamp(cosine - margin, min=0), 0.0)
    return reduced(losses, reduction)


def _rows(name: str, input: Any) -> Any:
    """The scores as rows, one a sample.

    Raises:
        ShapeError: they are of no classes, or have more than two dimensions.
    """
    shape = sizes_of(name, input)
    if len(shape) > 2 or 0 in shape[-1:]:
        raise ShapeError(f"{name}: expected scores of shape (N, C) or (C,), of one class or more, got {shape}")
    return reshape(input, (1, input.shape[0] if shape else 1)) if len(shape) < 2 else input


def multi_margin_loss(input: Any, target: Any, p: int = 1, margin: float = 1.0, weight: Any = None,
                      size_average: bool | None = None, reduce: bool | None = None,
                      reduction: str = "mean") -> Any:  # fmt: skip
    """The sum over the wrong classes i of `max(0, margin - x[y] + x[i]) ** p`, divided by the number of classes: each
    should score less than the target's class y by the margin.

    Args:
        input: scores of shape (N, C) or (C,).
        target: class indices, of shape (N,), or () or (1,) for one sample.
        p: 1 or 2.
        weight: one per class, (C,); multiplies the loss of samples of that class.
        reduction: `"mean"`, `"sum"`, or `"none"` for one loss per sample.

    Raises:
        IndexError: a target is no class (on a device it is not looked at).
        DtypeError: the targets are not integers.
        ShapeError: the shapes do not fit, or there is no class.
        ValueError: there is no such reduction, `p` is neither 1 nor 2, or the weight is not 1-d.
    """
    name = "multi_margin_loss"
    reduction = reduction_of(name, reduction, size_average, reduce)
    if p not in (1, 2):
        raise ValueError(f"{name}: p must be 1 or 2, got {p!r}")
    rows = _rows(name, input)
    given, (samples, classes) = sizes_of(name, target), rows.shape
    if given != (samples,) and not (given == () and input.ndim < 2):
        raise ShapeError(f"{name}: scores of shape {tuple(input.shape)} need {samples} targets, got shape {given}")
    if weight is not None:
        if len(sizes_of(name, weight)) != 1:
            raise ValueError(f"{name}: the weight must have shape ({classes},), got {tuple(weight.shape)}")
        if weight.shape[0] != classes:
            raise ShapeError(f"{name}: {classes} classes need weights of shape ({classes},), got {weight.shape}")
    if target.dtype.kind not in "iu":
        raise DtypeError(f"{name}: class indices are integers, got {target.dtype}")
    index = reshape(target, (samples, 1))
    over = relu(rows - gather(rows, 1, index) + margin)
    if p == 2:
        over = over * over
    if weight is not None:
        over = over * take(weight, index)
    wrong = index != backend_of(_raw(index)).xp.arange(classes)
    losses = total(choose(wrong, over, 0.0), 1) / classes
    return reduced(reshape(losses, given) if input.ndim < 2 else losses, reduction)


def multilabel_margin_loss(input: Any, target: Any, size_average: bool | None = None, reduce: bool | None = None,
                           reduction: str = "mean") -> Any:  # fmt: skip
    """The sum over the target's classes j and all other classes i of `max(0, 1 - (x[j] - x[i]))`, divided by the number
    of classes. It takes the memory of all pairs of classes, (N, C, C).

    Args:
        input: scores of shape (N, C) or (C,).
        target: class indices, of the same shape; a negative one ends the list.
        reduction: `"mean"`, `"sum"`, or `"none"` for one loss per sample.

    Raises:
        IndexError: a target is no class (on a device it is not looked at).
        DtypeError: the targets are not integers.
        ShapeError: the shapes do not fit, or there is no class.
        ValueError: there is no such reduction.
    """
    name = "multilabel_margin_loss"
    reduction = reduction_of(name, reduction, size_average, reduce)
    rows = _rows(name, input)
    if sizes_of(name, target) != tuple(input.shape):
        raise ShapeError(f"{name}: input and target need the same shape, got {input.shape} and {target.shape}")
    if target.dtype.kind not in "iu":
        raise DtypeError(f"{name}: class indices are integers, got {target.dtype}")
    listed = _raw(reshape(target, rows.shape))
    xp = backend_of(listed).xp
    valid = xp.cumprod(listed >= 0, axis=1) != 0
    listed = xp.where(valid, listed, 0)
    right = xp.any((listed[:, :, None] == xp.arange(rows.shape[1])) & valid[:, :, None], axis=1)
    over = relu(1 - unsqueeze(gather(rows, 1, listed), 2) + unsqueeze(rows, 1))
    losses = total(choose(valid[:, :, None] & ~right[:, None, :], over, 0.0), (1, 2)) / rows.shape[1]
    return reduced(reshape(losses, ()) if input.ndim < 2 else losses, reduction)


def triplet_margin_loss(anchor: Any, positive: Any, negative: Any, margin: float = 1.0, p: float = 2, eps: float = 1e-6,
                        swap: bool = False, size_average: bool | None = None, reduce: bool | None = None,
                        reduction: str = "mean") -> Any:  # fmt: skip
    """`max(0, d(anchor, positive) - d(anchor, negative) + margin)`, with the p-norm distance d (Balntas et al. 2016).

    Args:
        anchor, positive, negative: of shape (..., D); they broadcast.
        margin: how much farther from the anchor the negative should be; greater than 0.
        p, eps: as for `pairwise_distance`.
        swap: take the distance of the negative from the positive instead, where that is smaller.
        reduction: `"mean"`, `"sum"`, or `"none"` for one loss per triplet.

    Raises:
        ShapeError: they have different numbers of dimensions, or do not broadcast.
        ValueError: the margin is not positive, or there is no such reduction.
    """

    def distance(x: Any, y: Any) -> Any:
        return pairwise_distance(x, y, p, eps)

    reduction = reduction_of("triplet_margin_loss", reduction, size_average, reduce)
    return _triplets("triplet_margin_loss", anchor, positive, negative, distance, margin, swap, reduction)


def triplet_margin_with_distance_loss(
    anchor: Any, positive: Any, negative: Any, *, distance_function: Callable[[Any, Any], Any] | None = None,
    margin: float = 1.0, swap: bool = False, reduction: str = "mean",
) -> Any:  # fmt: skip
    """`triplet_margin_loss` with a distance of your own, by default `pairwise_distance`. Other arguments and errors as
    there."""
    name = "triplet_margin_with_distance_loss"
    reduction = reduction_of(name, reduction, None, None)
    return _triplets(name, anchor, positive, negative, distance_function or pairwise_distance, margin, swap, reduction)


def _triplets(name: str, anchor: Any, positive: Any, negative: Any, distance: Callable[[Any, Any], Any],
              margin: float, swap: bool, reduction: str) -> Any:  # fmt: skip
    if not margin > 0:
        raise ValueError(f"{name}: the margin must be greater than 0, got {margin}")
    _same_ndim(name, anchor=anchor, positive=positive, negative=negative)
    far = distance(anchor, negative)
    if swap:
        far = minimum(far, distance(positive, negative))
    return reduced(clamp(distance(anchor, positive) - far + margin, min=0), reduction)


__all__ = ["cosine_embedding_loss", "hinge_embedding_loss", "margin_ranking_loss", "multi_margin_loss",
           "multilabel_margin_loss", "triplet_margin_loss", "triplet_margin_with_distance_loss"]  # fmt: skip

"""Dropout: elements, or whole channels, made 0 at random while a network trains (Srivastava et al. 2014).

The choice comes from the seeded stream of the input's backend.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

from ...autograd import inplace as in_place
from ...autograd.errors import ShapeError
from ...autograd.op import op
from ...autograd.random import stream_of
from ...autograd.tensor import Tensor
from ...backends import Array, dtypes

_SELU_FLOOR = -1.7580993408473766
"""What SELU tends to at minus infinity: -scale * alpha of Klambauer et al. 2017."""

_dropout = op(
    "dropout", lambda xp, x, mask: xp.multiply(x, mask), vjp=(lambda g, mask: g * mask, None), elementwise=True
)  # fmt: skip
_alpha_dropout = op(
    "alpha_dropout", lambda xp, x, mask, shift: x * mask + shift, vjp=(lambda g, mask: g * mask, None, None),
    elementwise=True,
)  # fmt: skip


def _mask(name: str, input: Any, p: float, shape: tuple[int, ...]) -> Array:
    """1 where something is kept, 0 with probability `p`.

    Raises:
        TypeError: the input is no tensor of a floating dtype.
    """
    if not isinstance(input, Tensor) or not input.is_floating_point():
        got = input.dtype if isinstance(input, Tensor) else type(input).__name__
        raise TypeError(f"{name}: expected a tensor of a floating dtype, got {got}")
    return (stream_of(input.backend).random(shape, dtypes.float32) >= p).astype(input.dtype)


def _check(name: str, p: float) -> None:
    if not 0 <= p <= 1:
        raise ValueError(f"{name}: the probability must be in [0, 1], got {p}")


def _dropped(name: str, input: Tensor, p: float, shape: tuple[int, ...], inplace: bool) -> Tensor:
    mask = _mask(name, input, p, shape)
    if p < 1:
        mask *= 1 / (1 - p)
    return in_place.change(input, f"{name}_", _dropout, mask) if inplace else _dropout(input, mask)


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Makes each element 0 with probability `p` and divides the others by `1 - p`, so that the expected value stays.

    Args:
        training: False returns the input.
        inplace: whether to change the input.

    Raises:
        TypeError: the input is no tensor of a floating dtype.
        ValueError: `p` is not in [0, 1].
    """
    _check("dropout", p)
    if not training or p == 0:
        return input
    return _dropped("dropout", input, p, input.shape if isinstance(input, Tensor) else (), inplace)


def _channels(input: Tensor, batched: bool) -> tuple[int, ...]:
    """The shape of one number per channel: the second dimension, or the first where there is no batch."""
    lead = 2 if batched else 1
    return (*input.shape[:lead], *(1,) * (input.ndim - lead))


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """`dropout` of whole channels.

    Args:
        input: of shape (N, C, L) or (C, L).
        training, inplace: as for `dropout`.

    Raises:
        ShapeError: the input has another number of dimensions.
        TypeError, ValueError: as `dropout`.
    """
    _check("dropout1d", p)
    if input.ndim not in (2, 3):
        raise ShapeError(f"dropout1d: expected shape (N, C, L) or (C, L), got {tuple(input.shape)}")
    if not training or p == 0:
        return input
    return _dropped("dropout1d", input, p, _channels(input, input.ndim == 3), inplace)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """`dropout` of whole channels.

    Args:
        input: of shape (N, C, H, W). Any other with two dimensions or more is taken as (N, C, ...), with a warning.
        training, inplace: as for `dropout`.

    Raises:
        ShapeError: the input has fewer than two dimensions.
        TypeError, ValueError: as `dropout`.
    """
    return _of_batched("dropout2d", input, p, training, inplace, 4)


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """`dropout` of whole channels.

    Args:
        input: of shape (N, C, D, H, W), or (C, D, H, W). Any other is taken as (C, ...), with a warning.
        training, inplace: as for `dropout`.

    Raises:
        ShapeError: the input is 0-d.
        TypeError, ValueError: as `dropout`.
    """
    return _of_batched("dropout3d", input, p, training, inplace, 5)


def _of_batched(name: str, input: Tensor, p: float, training: bool, inplace: bool, ndim: int) -> Tensor:
    _check(name, p)
    batched = name == "dropout2d" or input.ndim == ndim
    if input.ndim != ndim and not (name == "dropout3d" and input.ndim == ndim - 1):
        taken = "(N, C, ...)" if batched else "(C, ...)"
        warnings.warn(f"{name}: shape {tuple(input.shape)} is taken as {taken}; see dropout1d, dropout", stacklevel=3)
    if input.ndim < 1 + batched:
        raise ShapeError(f"{name}: shape {tuple(input.shape)} has no dimension for channels; see dropout")
    return _dropped(name, input, p, _channels(input, batched), inplace) if training and p else input


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Makes each element with probability `p` what SELU tends to at minus infinity, and scales and shifts all so that
    mean 0 and variance 1 stay (Klambauer et al. 2017).

    Args:
        training: False, the default, returns the input.
        inplace: whether to change the input.

    Raises:
        TypeError, ValueError: as `dropout`.
    """
    shape = input.shape if isinstance(input, Tensor) else ()
    return _alpha_dropped("alpha_dropout", input, p, training, inplace, shape)


def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """`alpha_dropout` of whole channels.

    Args:
        input: of shape (N, C, ...).
        training, inplace: as for `alpha_dropout`.

    Raises:
        ShapeError: while training, the input has fewer than two dimensions.
        TypeError, ValueError: as `dropout`.
    """
    if training and input.ndim < 2:
        raise ShapeError(f"feature_alpha_dropout: expected shape (N, C, ...), got {tuple(input.shape)}")
    return _alpha_dropped("feature_alpha_dropout", input, p, training, inplace, _channels(input, True))


def _alpha_dropped(name: str, input: Tensor, p: float, training: bool, inplace: bool, shape: tuple[int, ...]) -> Tensor:
    _check(name, p)
    if not training or p == 0:
        return input
    kept = _mask(name, input, p, shape)
    # Of x with mean 0 and variance 1: those kept and those replaced, times a, have variance 1 about their mean.
    a = 0.0 if p == 1 else 1 / math.sqrt((1 - p) * (1 + p * _SELU_FLOOR**2))
    mask, shift = kept * a, (1 - kept) * (a * _SELU_FLOOR) - a * p * _SELU_FLOOR
    if inplace:
        return in_place.change(input, f"{name}_", _alpha_dropout, mask, shift)
    return _alpha_dropout(input, mask, shift)


__all__ = ["alpha_dropout", "dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout"]

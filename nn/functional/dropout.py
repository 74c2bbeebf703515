"""Dropout: elements made 0 at random while a network trains."""

from __future__ import annotations

from ...autograd import inplace as in_place
from ...autograd.op import op
from ...autograd.random import stream_of
from ...autograd.tensor import Tensor
from ...backends import dtypes

_dropout = op(
    "dropout", lambda xp, x, mask: xp.multiply(x, mask), vjp=(lambda g, mask: g * mask, None), elementwise=True
)  # fmt: skip


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Makes each element 0 with probability `p` and divides the others by `1 - p` (Srivastava et al. 2014), so that the
    expected value stays. The choice comes from the seeded stream of the input's backend.

    Args:
        training: False returns the input.

    Raises:
        ValueError: `p` is not in [0, 1].
    """
    if not 0 <= p <= 1:
        raise ValueError(f"dropout: the probability must be in [0, 1], got {p}")
    if not training or p == 0:
        return input
    if not isinstance(input, Tensor) or not input.is_floating_point():
        got = input.dtype if isinstance(input, Tensor) else type(input).__name__
        raise TypeError(f"dropout: expected a tensor of a floating dtype, got {got}")
    backend = input.backend
    mask = (stream_of(backend).random(input.shape, dtypes.float32) >= p).astype(input.dtype)
    if p < 1:
        mask *= 1 / (1 - p)
    return in_place.change(input, "dropout_", _dropout, mask) if inplace else _dropout(input, mask)


__all__ = ["dropout"]

"""Vectors scaled to length 1. (The normalisations of activations stand in autograd/ops/normalization.py.)"""

from __future__ import annotations

from ...autograd.ops import elementwise
from ...autograd.ops.norm import norm
from ...autograd.out import offer_out
from ...autograd.tensor import Tensor


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """`x / max(norm(x), eps)`, with the p-norm along a dimension.

    Raises:
        IndexError: there is no such dimension.
    """
    return input / elementwise.clamp(norm(input, p, dim, keepdim=True), min=eps)


__all__ = ["normalize"]

offer_out(globals(), __all__, __name__)

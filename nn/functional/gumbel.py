"""Samples of a categorical distribution with a gradient."""

from __future__ import annotations

from ...autograd.ops.creation import empty_like, zeros_like
from ...autograd.ops.extremum import argmax
from ...autograd.ops.indexing import scatter
from ...autograd.ops.softmax import softmax
from ...autograd.tensor import Tensor


def gumbel_softmax(logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Tensor:
    """`softmax((logits + noise) / tau)` along a dimension, with noise of the Gumbel distribution: a relaxed sample of
    the categories (Jang et al. 2016, Maddison et al. 2016). The noise comes from the seeded stream of the logits'
    backend.

    Args:
        logits: logarithms of probabilities that need not sum to 1.
        tau: the temperature: the smaller it is, the closer is the result to one category alone.
        hard: return 1 for the category with the largest share and 0 for the others, with the gradient of the shares.
        eps: taken for PyTorch's sake, without effect as there.

    Raises:
        IndexError: there is no such dimension.
    """
    noise = -empty_like(logits).exponential_().log()
    shares = softmax((logits + noise) / tau, dim)
    if not hard:
        return shares
    chosen = scatter(zeros_like(logits), dim, argmax(shares.detach(), dim, keepdim=True), 1.0)
    return chosen - shares.detach() + shares


__all__ = ["gumbel_softmax"]

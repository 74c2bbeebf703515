"""`nn.utils`: PyTorch's name for what stands in `clipping.py`."""

from __future__ import annotations

from .clipping import clip_grad_norm_, clip_grad_value_, clip_grads_with_norm_, get_total_norm

__all__ = ["clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm"]

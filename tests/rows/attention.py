"""Attention. What drops weights at random is tried in test_random_functions.py."""

from __future__ import annotations

import math
from typing import Any

from .rows import Row, Sample, T

F = "nn.functional."
SEEN = T(values=[[True, False, True, True], [False, False, False, False], [True, True, True, False]], dtype="bool")
HIDDEN = T(values=[[False, True, False], [False, False, False], [True, False, False]], dtype="bool")
ADDED = T(values=[[0.0, -math.inf, 1.0], [0.0, 0.5, 0.0], [-1.0, 0.0, -math.inf]], grad=False)
PADDED = T(values=[[False, False, True], [False, False, False]], dtype="bool")
X = T(3, 2, 4)  # (L, N, E)
OUT = (T(4, 4), T(4))


def _heads(query: Any, key: Any, value: Any, weight: Any, bias: Any, *out: Any, more: Any = (), **settings: Any) -> Any:
    """The arguments of two heads on width 4: `more` are bias_k, bias_v and add_zero_attn."""
    bias_k, bias_v, add_zero = more or (None, None, False)
    return Sample(query, key, value, 4, 2, weight, bias, bias_k, bias_v, add_zero, 0.0, *out, **settings)


ROWS = [
    Row(
        F + "scaled_dot_product_attention",
        Sample(T(2, 3, 4), T(2, 5, 4), T(2, 5, 6)),
        Sample(T(2, 3, 4), T(4, 4), T(2, 4, 2), attn_mask=SEEN, scale=0.3),
        Sample(T(3, 4), T(4, 4), T(4, 2), attn_mask=T(3, 4)),
        Sample(T(2, 4, 3), T(2, 4, 3), T(2, 4, 3), is_causal=True),
        Sample(T(1, 4, 3, 2), T(1, 2, 3, 2), T(1, 2, 3, 2), enable_gqa=True),
    ),
    Row(
        F + "multi_head_attention_forward",
        _heads(X, X, X, T(12, 4), T(12), *OUT),
        _heads(X, T(3, 2, 4), T(3, 2, 4), T(12, 4), None, T(4, 4), None, attn_mask=HIDDEN, average_attn_weights=False),
        _heads(X, X, X, T(12, 4), T(12), *OUT, attn_mask=ADDED, key_padding_mask=PADDED, need_weights=False),
        _heads(T(3, 4), T(2, 4), T(2, 4), T(12, 4), T(12), *OUT, more=(T(1, 1, 4), T(1, 1, 4), True)),
        _heads(X, X, X, T(12, 4), T(12), *OUT, more=(T(1, 1, 4), T(1, 1, 4), True), key_padding_mask=PADDED),
        _heads(
            X,
            T(5, 2, 3),
            T(5, 2, 2),
            None,
            T(12),
            *OUT,
            use_separate_proj_weight=True,
            q_proj_weight=T(4, 4),
            k_proj_weight=T(4, 3),
            v_proj_weight=T(4, 2),
        ),
        _heads(X, T(3, 2, 4), T(3, 2, 4), T(12, 4), T(12), *OUT, static_k=T(4, 5, 2), static_v=T(4, 5, 2)),
    ),
]

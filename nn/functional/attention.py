"""Attention: the mean of values weighed by how well their keys match a query (Vaswani et al. 2017)."""

from __future__ import annotations

import math
from typing import Any

from ...backends import Array, backend_of
from ..tensor import Tensor
from .comparison import choose
from .creation import zeros
from .dims import sizes_of
from .dropping import dropped
from .joining import cat, chunk, split
from .matmul import linear, matmul
from .padding import pad
from .rearrange import repeat_interleave
from .reduction import mean
from .shape import expand, permute, reshape, squeeze, transpose, unsqueeze
from .softmax import softmax


def safe_softmax(input: Any, dim: int) -> Any:
    """`softmax`, but 0 and no gradient along a dimension where everything is -inf: what may attend to nothing."""
    array: Array = input._array if isinstance(input, Tensor) else input
    empty = backend_of(array).xp.all(array == -math.inf, axis=dim, keepdims=True)
    return choose(empty, 0.0, softmax(choose(empty, 0.0, input), dim))


def scaled_dot_product_attention(
    query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: float = 0.0, is_causal: bool = False,
    scale: float | None = None, enable_gqa: bool = False,
) -> Any:  # fmt: skip
    """`softmax(query @ key.mT * scale + mask) @ value`.

    Args:
        query: of shape (..., L, E).
        key, value: of shapes (..., S, E) and (..., S, Ev); the leading dimensions broadcast.
        attn_mask: broadcasts to (..., L, S): booleans, true where a query may look, or numbers to add. A query that
            may look nowhere gives 0.
        dropout_p: the probability with which a weight is made 0. It is applied in any case: give 0.0 outside training.
        is_causal: the l-th query may look at the first l + 1 keys alone; not together with a mask.
        scale: by default `1 / sqrt(E)`.
        enable_gqa: keys and values have fewer heads (dimension -3) than the query, each serving as many of its heads.

    Returns:
        A tensor of shape (..., L, Ev).

    Raises:
        RuntimeError: both a mask and `is_causal` are given, or heads do not divide.
        ValueError: the shapes do not fit.
    """
    name = "scaled_dot_product_attention"
    shapes = [sizes_of(name, x) for x in (query, key, value)]
    if min(map(len, shapes)) < 2 or shapes[0][-1] != shapes[1][-1] or shapes[1][-2] != shapes[2][-2]:
        got = ", ".join(map(str, shapes))
        raise ValueError(f"{name}: expected a query (..., L, E), a key (..., S, E) and a value (..., S, Ev), got {got}")
    if is_causal and attn_mask is not None:
        raise RuntimeError(f"{name}: give attn_mask or is_causal, not both")
    if enable_gqa:
        key, value = _for_all_heads(name, query, key), _for_all_heads(name, query, value)
    scores = matmul(query * (1 / math.sqrt(query.shape[-1]) if scale is None else scale), transpose(key, -1, -2))
    if is_causal:
        array: Array = query._array if isinstance(query, Tensor) else query
        xp = backend_of(array).xp
        attn_mask = xp.arange(scores.shape[-2])[:, None] >= xp.arange(scores.shape[-1])
    if attn_mask is not None:
        masked = attn_mask.dtype.kind == "b"
        scores = choose(attn_mask, scores, -math.inf) if masked else scores + attn_mask
        weights = safe_softmax(scores, -1)
    else:
        weights = softmax(scores, -1)
    return matmul(dropped(name, weights, dropout_p), value)


def _for_all_heads(name: str, query: Any, x: Any) -> Any:
    """Keys or values with as many heads as the query."""
    if query.ndim < 3 or x.ndim < 3 or not x.shape[-3] or query.shape[-3] % x.shape[-3]:
        raise RuntimeError(f"{name}: the heads of {tuple(x.shape)} do not divide those of the query, {query.shape}")
    return repeat_interleave(x, query.shape[-3] // x.shape[-3], -3)

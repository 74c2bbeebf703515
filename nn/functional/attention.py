"""Attention: the mean of values weighed by how well their keys match a query (Vaswani et al. 2017)."""

from __future__ import annotations

import math
from typing import Any

from ...autograd.errors import DtypeError, ShapeError
from ...autograd.ops.comparison import choose
from ...autograd.ops.creation import zeros
from ...autograd.ops.dims import sizes_of
from ...autograd.ops.joining import cat, chunk
from ...autograd.ops.matmul import linear, matmul
from ...autograd.ops.padding import pad
from ...autograd.ops.rearrange import repeat, repeat_interleave
from ...autograd.ops.reduction import mean
from ...autograd.ops.shape import expand, reshape, squeeze, transpose, unsqueeze
from ...autograd.ops.softmax import softmax
from ...autograd.tensor import Tensor
from ...backends import Array, backend_of
from .dropout import dropout


def _safe_softmax(input: Any, dim: int) -> Any:
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
        RuntimeError: both a mask and `is_causal` are given.
        ShapeError: the shapes do not fit, or heads do not divide.
        ValueError: the probability is not in [0, 1].
    """
    name = "scaled_dot_product_attention"
    shapes = [sizes_of(name, x) for x in (query, key, value)]
    if min(map(len, shapes)) < 2 or shapes[0][-1] != shapes[1][-1] or shapes[1][-2] != shapes[2][-2]:
        got = ", ".join(map(str, shapes))
        raise ShapeError(f"{name}: expected a query (..., L, E), a key (..., S, E) and a value (..., S, Ev), got {got}")
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
        weights = _safe_softmax(scores, -1)
    else:
        weights = softmax(scores, -1)
    return matmul(dropout(weights, dropout_p) if dropout_p else weights, value)


def _for_all_heads(name: str, query: Any, x: Any) -> Any:
    """Keys or values with as many heads as the query."""
    if query.ndim < 3 or x.ndim < 3 or not x.shape[-3] or query.shape[-3] % x.shape[-3]:
        raise ShapeError(f"{name}: the heads of {tuple(x.shape)} do not divide those of the query, {query.shape}")
    return repeat_interleave(x, query.shape[-3] // x.shape[-3], -3)


def _additive(name: str, mask: Any, dtype: Any) -> Any:
    """A mask to be added: -inf where a boolean one is true."""
    if mask is None or mask.dtype == dtype:
        return mask
    if mask.dtype.kind not in "bf":
        raise DtypeError(f"{name}: a mask holds booleans or floating-point numbers, got {mask.dtype}")
    return choose(mask, -math.inf, zeros((), dtype=dtype, device=mask.device)) if mask.dtype.kind == "b" else mask


def multi_head_attention_forward(
    query: Any, key: Any, value: Any, embed_dim_to_check: int, num_heads: int, in_proj_weight: Any, in_proj_bias: Any,
    bias_k: Any, bias_v: Any, add_zero_attn: bool, dropout_p: float, out_proj_weight: Any, out_proj_bias: Any,
    training: bool = True, key_padding_mask: Any = None, need_weights: bool = True, attn_mask: Any = None,
    use_separate_proj_weight: bool = False, q_proj_weight: Any = None, k_proj_weight: Any = None,
    v_proj_weight: Any = None, static_k: Any = None, static_v: Any = None, average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """Attention of several heads at once: query, key and value are mapped linearly, split into heads, attended to, and
    the heads joined and mapped once more.

    Args:
        query: of shape (L, N, E), or (L, E) without a batch.
        key, value: of shapes (S, N, Ek) and (S, N, Ev), where both sizes are E but with separate weights.
        embed_dim_to_check: E.
        num_heads: divides E.
        in_proj_weight: of shape (3 * E, E), the maps of query, key and value; or with `use_separate_proj_weight` three
            of shapes (E, E), (E, Ek) and (E, Ev).
        in_proj_bias: of shape (3 * E,), or None.
        bias_k, bias_v: of shape (1, 1, E): one more key and its value; both or neither.
        add_zero_attn: one more key and value, of zeros.
        dropout_p: the probability with which a weight is made 0 while `training`.
        out_proj_weight, out_proj_bias: the map at the end, of shapes (E, E) and (E,).
        key_padding_mask: of shape (N, S): booleans, true for keys to be left out, or numbers to add.
        attn_mask: of shape (L, S) or (N * num_heads, L, S): booleans, true where a query may not look (other than in
            `scaled_dot_product_attention`), or numbers to add.
        need_weights: whether to return the weights; while training, as dropout leaves them.
        static_k, static_v: in place of the mapped keys and values, of shape (N * num_heads, S, E / num_heads).
        average_attn_weights: whether the weights returned are the mean over the heads.
        is_causal: says that `attn_mask` is the causal mask, which must be given.

    Returns:
        The output, of shape (L, N, E), and the weights, of shape (N, L, S) or (N, num_heads, L, S), or None; without N
        where there is no batch.

    Raises:
        RuntimeError: `is_causal` without a mask.
        ShapeError: the shapes do not fit.
        ValueError: a weight is missing.
    """
    name = "multi_head_attention_forward"
    batched = _batched(name, query, key, value)
    if not batched:
        query, key, value = unsqueeze(query, 1), unsqueeze(key, 1), unsqueeze(value, 1)
        key_padding_mask = None if key_padding_mask is None else unsqueeze(key_padding_mask, 0)
    length, batch, width = query.shape
    if width != embed_dim_to_check or num_heads < 1 or width % num_heads:
        raise ShapeError(f"{name}: a query of width {width} was to have {embed_dim_to_check}, in {num_heads} heads")
    if is_causal and attn_mask is None:
        raise RuntimeError(f"{name}: is_causal is a word about attn_mask, which must be given with it")
    weights = (q_proj_weight, k_proj_weight, v_proj_weight) if use_separate_proj_weight else in_proj_weight
    q, k, v = _projected(name, (query, key, value), weights, in_proj_bias)
    mask = _mask_of(name, attn_mask, (length, key.shape[0]), batch * num_heads, query.dtype)
    padding = _additive(name, key_padding_mask, query.dtype)
    if padding is not None and sizes_of(name, padding) != (batch, key.shape[0]):
        raise ShapeError(f"{name}: key_padding_mask needs shape {(batch, key.shape[0])}, got {tuple(padding.shape)}")

    more = 0  # keys that every query may see
    if bias_k is not None or bias_v is not None:
        if bias_k is None or bias_v is None or static_k is not None or static_v is not None:
            raise ValueError(f"{name}: give bias_k and bias_v, or neither; and none with static_k or static_v")
        k, v, more = cat([k, repeat(bias_k, (1, batch, 1))]), cat([v, repeat(bias_v, (1, batch, 1))]), 1
    q = _heads(q, batch * num_heads)
    k = _heads(k, batch * num_heads) if static_k is None else _static(name, "static_k", static_k, q)
    v = _heads(v, batch * num_heads) if static_v is None else _static(name, "static_v", static_v, q)
    if add_zero_attn:
        nothing = zeros((q.shape[0], 1, q.shape[2]), dtype=q.dtype, device=q.device)
        k, v, more = cat([k, nothing], 1), cat([v, nothing], 1), more + 1
    if more:
        mask = None if mask is None else pad(mask, (0, more))
        padding = None if padding is None else pad(padding, (0, more))
    if padding is not None:
        padding = expand(reshape(padding, (batch, 1, 1, -1)), (-1, num_heads, -1, -1))
        padding = reshape(padding, (batch * num_heads, 1, -1))
        mask = padding if mask is None else mask + padding

    scores = matmul(q * math.sqrt(1 / q.shape[2]), transpose(k, 1, 2))
    if mask is not None:
        scores = scores + mask
    # Without weights to show, a query that may look nowhere gives 0; with them, NaN: so does PyTorch.
    shares = softmax(scores, -1) if need_weights or mask is None else _safe_softmax(scores, -1)
    shares = dropout(shares, dropout_p) if training and dropout_p else shares
    out = matmul(shares, v)
    out = reshape(transpose(out, 0, 1), (length * batch, width))
    out = reshape(linear(out, out_proj_weight, out_proj_bias), (length, batch, -1))
    out = out if batched else squeeze(out, 1)
    if not need_weights:
        return out, None
    shares = reshape(shares, (batch, num_heads, length, -1))
    if average_attn_weights:
        shares = mean(shares, 1)
    return out, shares if batched else squeeze(shares, 0)


def _batched(name: str, query: Any, key: Any, value: Any) -> bool:
    shapes = [sizes_of(name, x) for x in (query, key, value)]
    ndims = {len(shape) for shape in shapes}
    if ndims not in ({2}, {3}) or shapes[1][:-1] != shapes[2][:-1] or shapes[0][1:-1] != shapes[1][1:-1]:
        got = ", ".join(map(str, shapes))
        raise ShapeError(f"{name}: expected a query (L, N, E) and key and value (S, N, E), or all without N, got {got}")
    return ndims == {3}


def _projected(name: str, given: tuple[Any, ...], weights: Any, bias: Any) -> list[Any]:
    """Query, key and value, each mapped by its weight: one of a tuple, or a third of one."""
    if weights is None or (type(weights) is tuple and None in weights):
        raise ValueError(f"{name}: give in_proj_weight, or use_separate_proj_weight and the three weights")
    if given[0] is given[1] is given[2] and type(weights) is not tuple:
        return list(chunk(linear(given[0], weights, bias), 3, -1))
    thirds = weights if type(weights) is tuple else chunk(weights, 3)
    biases = (None, None, None) if bias is None else chunk(bias, 3)
    return [linear(x, w, b) for x, w, b in zip(given, thirds, biases, strict=True)]


def _heads(x: Any, heads: int) -> Any:
    """(S, N, E) as (N * heads, S, E / heads)."""
    return transpose(reshape(x, (x.shape[0], heads, -1)), 0, 1)


def _static(name: str, what: str, x: Any, q: Any) -> Any:
    if len(sizes_of(name, x)) != 3 or x.shape[0] != q.shape[0] or x.shape[2] != q.shape[2]:
        raise ShapeError(f"{name}: {what} needs shape ({q.shape[0]}, S, {q.shape[2]}), got {tuple(x.shape)}")
    return x


def _mask_of(name: str, mask: Any, sizes: tuple[int, int], heads: int, dtype: Any) -> Any:
    """The attention mask to be added, of three dimensions."""
    mask = _additive(name, mask, dtype)
    if mask is None:
        return None
    given = sizes_of(name, mask)
    if given not in (sizes, (heads, *sizes)):
        raise ShapeError(f"{name}: attn_mask needs shape {sizes} or {(heads, *sizes)}, got {given}")
    return unsqueeze(mask, 0) if len(given) == 2 else mask


__all__ = ["multi_head_attention_forward", "scaled_dot_product_attention"]

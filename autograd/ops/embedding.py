"""Rows of a table picked by integers, and bags of them summed, averaged or maximised.

The gradient of the table goes through the backend's scatter-add. A row left out of training (`padding_idx`) and one
that counts less the more often it is picked (`scale_grad_by_freq`) have their share in the gradient, though not in
the value: that is no derivative in the strict sense, and is PyTorch's.
"""

from __future__ import annotations

import math
from typing import Any

from ...backends import Array, backend_of
from .. import inplace
from ..errors import ShapeError
from ..op import op
from ..tensor import Tensor
from .arithmetic import cast
from .comparison import choose
from .dims import integer, sizes_of
from .getitem import by_arrays
from .indexing import gather, index_on
from .shape import reshape


def _picked(xp: Any, x: Array, index: Array, share: Array | None) -> Array:
    out = x.take(index, axis=0)
    return out if share is None else out * share[..., None].astype(out.dtype)


def _spread(xp: Any, x: Array, index: Array, share: Array | None, rows: int) -> Array:
    out = xp.zeros((rows, x.shape[-1]), x.dtype)
    xp.scatter_add(out, (index,), x if share is None else x * share[..., None].astype(x.dtype))
    return out


_shared_rows = op(
    "embedding", lambda xp, x, index, *, share: _picked(xp, x, index, share),
    vjp=(lambda g, index, x_shape, share: _spread_shared(g, index, share=share, rows=x_shape[0]), None),
)  # fmt: skip
_spread_shared = op(
    "embedding_spread", lambda xp, x, index, *, share, rows: _spread(xp, x, index, share, rows),
    vjp=(lambda g, index, share: _shared_rows(g, index, share=share), None),
    doc="The transpose: each row of `x`, times its share, added to the row of zeros that the index names.",
)  # fmt: skip
# The value is of whole rows; `share` is in the gradient alone.
_rows = op(
    "embedding", lambda xp, x, index, *, share: _picked(xp, x, index, None),
    vjp=(lambda g, index, x_shape, share: _spread_shared(g, index, share=share, rows=x_shape[0]), None),
)  # fmt: skip


def _array(value: Any) -> Array:
    return value._array if isinstance(value, Tensor) else value


def _padding(name: str, padding_idx: int | None, rows: int) -> int | None:
    if padding_idx is None:
        return None
    found = integer(name, "padding_idx", padding_idx)
    if not -rows <= found < rows:
        raise ValueError(f"{name}: padding_idx {found} is no row of a table of {rows}")
    return found % rows


def _share(index: Array, padding: int | None, by_frequency: bool, rows: int) -> Array | None:
    """What each picked row counts in the gradient, None if all count 1."""
    xp = backend_of(index).xp
    share = None
    if by_frequency:
        count = xp.zeros(rows, xp.int32)
        xp.scatter_add(count, (index,), xp.ones(index.shape, xp.int32))
        share = 1 / count.take(index).astype(xp.float64)
    if padding is not None:
        share = xp.where(index == padding, 0.0, 1.0 if share is None else share)
    return share


def _expect_rows(name: str, index: Array, rows: int) -> None:
    """Raises where an index is no row, if looking takes no waiting."""
    if backend_of(index).device_type == "cpu" and index.size and (index.min() < 0 or index.max() >= rows):
        raise IndexError(f"{name}: indices from {index.min()} to {index.max()} are not all rows of a table of {rows}")


def _shorten(name: str, weight: Any, index: Array, max_norm: float, norm_type: float) -> None:
    """Scales the rows that are picked and longer than `max_norm` down to it, in the table itself, outside any graph."""
    table = _array(weight)
    xp = backend_of(table).xp
    rows = table[index]
    sizes = xp.abs(rows)
    lengths = sizes.max(axis=-1) if norm_type == math.inf else (sizes**norm_type).sum(axis=-1) ** (1 / norm_type)
    scale = xp.where(lengths > max_norm, max_norm / (lengths + 1e-7), 1).astype(table.dtype)
    inplace.write(table, index, rows * scale[..., None], name)  # a row picked twice is written twice, the same


def _table(name: str, input: Any, weight: Any) -> tuple[Any, int]:
    """The indices where the table is, and its number of rows."""
    if len(sizes_of(name, weight)) != 2:
        raise ShapeError(f"{name}: the table must be 2-d, got shape {tuple(weight.shape)}")
    index = index_on(name, weight, input)
    _expect_rows(name, _array(index), weight.shape[0])
    return index, weight.shape[0]


def embedding(input: Any, weight: Any, padding_idx: int | None = None, max_norm: float | None = None,
              norm_type: float = 2.0, scale_grad_by_freq: bool = False, sparse: bool = False) -> Any:  # fmt: skip
    """The rows of a table that integers name.

    Args:
        input: indices in [0, V), of any shape.
        weight: the table, of shape (V, D).
        padding_idx: a row that takes no gradient.
        max_norm: rows picked that are longer are first scaled down to this length, in `weight` itself.
        norm_type: the p of the norm that measures it.
        scale_grad_by_freq: divide a row's gradient by how often the row is picked.
        sparse: taken for PyTorch's sake; gradients are dense.

    Returns:
        A tensor of the shape of `input` and D.

    Raises:
        IndexError: an index is out of range. (On a device it is not looked at, and wraps around.)
        ShapeError: the table is not 2-d.
        TypeError: the indices are not integers.
        ValueError: `padding_idx` is no row.
    """
    index, rows = _table("embedding", input, weight)
    padding = _padding("embedding", padding_idx, rows)
    if max_norm is not None:
        _shorten("embedding", weight, _array(index), max_norm, norm_type)
    share = _share(_array(index), padding, scale_grad_by_freq, rows)
    return by_arrays(1).read(weight, index, dims=(0,)) if share is None else _rows(weight, index, share=share)


def embedding_bag(input: Any, weight: Any, offsets: Any = None, max_norm: float | None = None, norm_type: float = 2,
                  scale_grad_by_freq: bool = False, mode: str = "mean", sparse: bool = False,
                  per_sample_weights: Any = None, include_last_offset: bool = False,
                  padding_idx: int | None = None) -> Any:  # fmt: skip
    """The rows of a table that integers name, in bags: their mean, sum or maximum in each. Of an empty bag it is 0.

    Args:
        input: indices in [0, V), of shape (B, N) for B bags of N, or (L,) with `offsets`.
        weight: the table, of shape (V, D).
        offsets: where each bag begins, of shape (B,), from 0 on.
        mode: `"mean"`, `"sum"` or `"max"`.
        per_sample_weights: of the shape of `input`, multiplies the rows; for `"sum"` alone.
        include_last_offset: whether the last of `offsets` is where the last bag ends.
        padding_idx: a row that does not count.
        max_norm, norm_type, scale_grad_by_freq, sparse: as for `embedding`.

    Returns:
        A tensor of shape (B, D).

    Raises:
        IndexError: an index is out of range. (On a device it is not looked at, and wraps around.)
        NotImplementedError: `per_sample_weights` without `mode="sum"`.
        TypeError: the indices or the offsets are not integers.
        ValueError: there is no such mode, the offsets do not ascend from 0 inside the indices, or a shape does not fit.
    """
    name = "embedding_bag"
    if len(sizes_of(name, weight)) != 2:
        raise ShapeError(f"{name}: the table must be 2-d, got shape {tuple(weight.shape)}")
    if mode not in ("sum", "mean", "max"):
        raise ValueError(f"{name}: mode must be 'sum', 'mean' or 'max', got {mode!r}")
    if mode == "max" and scale_grad_by_freq:
        raise ValueError(f"{name}: scale_grad_by_freq is not defined for mode='max'")
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(f"{name}: per_sample_weights are defined for mode='sum', got mode={mode!r}")
    index, rows = _table(name, input, weight)
    shape = tuple(index.shape)
    if per_sample_weights is not None and sizes_of(name, per_sample_weights) != shape:
        raise ValueError(f"{name}: indices of shape {shape} need as many weights, got {per_sample_weights.shape}")
    index = reshape(index, (-1,))
    bag, bags = _bags(name, shape, _array(index), offsets, weight, include_last_offset)
    padding = _padding(name, padding_idx, rows)
    if max_norm is not None:
        _shorten(name, weight, _array(index), max_norm, norm_type)
    share = _share(_array(index), None, scale_grad_by_freq, rows)
    picked = by_arrays(1).read(weight, index, dims=(0,)) if share is None else _rows(weight, index, share=share)
    if per_sample_weights is not None:
        picked = picked * reshape(per_sample_weights, (-1, 1))
    counts = None if padding is None else _array(index) != padding
    if mode == "max":
        return _greatest(picked, bag, bags, counts)
    if counts is not None:
        picked = choose(counts[:, None], picked, 0.0)
    out = _spread_shared(picked, bag, share=None, rows=bags)
    if mode == "sum":
        return out
    xp = backend_of(bag).xp
    number = xp.zeros(bags, xp.int32)
    xp.scatter_add(number, (bag,), xp.ones(bag.shape, xp.int32) if counts is None else counts.astype(xp.int32))
    return out / cast(xp.maximum(number, 1)[:, None], dtype=out.dtype)


def _bags(name: str, shape: tuple[int, ...], index: Array, offsets: Any, weight: Any,
          include_last: bool) -> tuple[Array, int]:  # fmt: skip
    """The bag of each index, and the number of bags."""
    xp = backend_of(index).xp
    if len(shape) == 2:
        if offsets is not None:
            raise ValueError(f"{name}: indices of shape {shape} are bags of one length; they take no offsets")
        return xp.arange(index.shape[0]) // max(shape[1], 1), shape[0]
    if len(shape) != 1:
        raise ValueError(f"{name}: the indices must be 1-d or 2-d, got shape {shape}")
    if offsets is None:
        raise ValueError(f"{name}: 1-d indices need offsets, where each bag begins")
    begins = _array(index_on(name, weight, offsets))
    if begins.ndim != 1 or (include_last and not begins.shape[0]):
        raise ValueError(f"{name}: the offsets must be 1-d{' and not empty' * include_last}, got shape {begins.shape}")
    if backend_of(begins).device_type == "cpu" and begins.size:
        if begins[0] != 0 or begins.max() > index.shape[0] or (begins[1:] < begins[:-1]).any():
            raise ValueError(f"{name}: the offsets must ascend from 0 to at most {index.shape[0]}, got {begins}")
    if include_last:
        begins = begins[:-1]
    return xp.searchsorted(begins, xp.arange(index.shape[0]), side="right") - 1, begins.shape[0]


def _greatest(picked: Any, bag: Array, bags: int, counts: Array | None) -> Any:
    """The greatest element of each bag; the first of equals takes the gradient."""
    rows = _array(picked)
    xp = backend_of(rows).xp
    n, width = rows.shape
    best = xp.full((bags, width), -xp.inf, rows.dtype)
    eligible = rows if counts is None else xp.where(counts[:, None], rows, -xp.inf)
    xp.maximum.at(best, bag, eligible)
    hit = eligible == best[bag]
    if counts is not None:
        hit &= counts[:, None]
    first = xp.full((bags, width), n, xp.int32)
    xp.minimum.at(first, bag, xp.where(hit, xp.arange(n, dtype=xp.int32)[:, None], n).astype(xp.int32))
    empty = first == n
    if not n:
        return _spread_shared(picked, bag, share=None, rows=bags)
    return choose(empty, 0.0, gather(picked, 0, xp.where(empty, 0, first)))


__all__ = ["embedding", "embedding_bag"]

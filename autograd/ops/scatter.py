"""Copies of a tensor with other values at some places: by a mask, a flat index, a slice, a diagonal.

`input` keeps its gradient where its values stayed; the values receive theirs from the places they went to.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from ...backends import Array, backend_of
from ..errors import DtypeError, PlaceError, ShapeError
from ..op import op
from ..tensor import Tensor
from .comparison import bitwise_not
from .dims import canonical_dim, integer, ndim_of, sizes_of
from .getitem import by_arrays, getitem, setitem
from .index import ALL
from .indexing import index_on, index_put, masked_fill, take, where
from .rearrange import diagonal
from .shape import broadcast_shapes, clone, expand, reshape


def _expect_same_dtype(function: str, x: Any, values: Any) -> None:
    if values.dtype != x.dtype:
        raise DtypeError(f"{function}: the values must be {x.dtype} as the input is, got {values.dtype}; convert them")


def _expect_shape(function: str, src: Any, shape: Sequence[int]) -> None:
    if sizes_of(function, src) != tuple(shape):
        raise ShapeError(f"{function}: a src of shape {tuple(src.shape)} stands where {tuple(shape)} is replaced")


# Everywhere, by a mask, by a flat index.


_rank = op(
    "masked_scatter",
    lambda xp, mask: xp.cumsum(mask.reshape(-1)).reshape(mask.shape) - 1,
    doc="How many true elements come before each true one, in row-major order.",
)


def masked_scatter(input: Any, mask: Any, source: Any) -> Any:
    """A copy of `input` with the elements where the mask is true replaced by those of `source`, one after the other.

    Args:
        mask: booleans; input and mask broadcast.
        source: of the dtype of `input` and any shape, with at least as many elements as the mask has true ones. (A
            device does not look: there it starts again from the first.)

    Raises:
        RuntimeError: it has fewer; or mask or source are of another dtype.
    """
    ndim_of("masked_scatter", input)
    if getattr(mask, "dtype", None) is None or mask.dtype.kind != "b":
        raise DtypeError(f"masked_scatter: the mask must be boolean, got {getattr(mask, 'dtype', type(mask).__name__)}")
    _expect_same_dtype("masked_scatter", input, source)
    shape = broadcast_shapes(input.shape, mask.shape)
    x = input if tuple(input.shape) == shape else expand(input, shape)
    rank = _rank(mask if tuple(mask.shape) == shape else expand(mask, shape))
    if not prod(shape):
        return clone(x)
    ranks: Array = rank._array if isinstance(rank, Tensor) else rank
    available = prod(source.shape)
    if not available or backend_of(ranks).device_type == "cpu":
        needed = int(ranks[(-1,) * ranks.ndim]) + 1
        if needed > available:
            raise ShapeError(f"masked_scatter: the mask has {needed} true elements, the source only {available}")
    return where(mask, take(source, rank), x) if available else clone(x)


def put(input: Any, index: Any, source: Any, accumulate: bool = False) -> Any:
    """A copy of `input` with the elements of `source` at the places `index` of the flattened input.

    Args:
        index: integers of any shape; negative ones count from the end.
        source: of the dtype of `input`, with as many elements as `index`.
        accumulate: add them instead; several for one element all count.

    Raises:
        IndexError: an index is out of range.
        RuntimeError: there are not as many values as indices, or they are of another dtype.
    """
    index = index_on("put", input, index)
    _expect_same_dtype("put", input, source)
    if prod(index.shape) != prod(source.shape):
        raise ShapeError(f"put: {prod(index.shape)} indices need as many values, got {prod(source.shape)}")
    flat, values, places = (reshape(t, (-1,)) for t in (input, source, index))
    if accumulate:
        out = by_arrays(1).add(flat, values, places, dims=(0,))
    else:
        out = by_arrays(1).write(flat, values, places, basic=None, dims=(0,), fresh=True)
    return reshape(out, tuple(input.shape))


# A slice, a row, a diagonal: what the view of that name shows.


def select_scatter(input: Any, src: Any, dim: int, index: int) -> Any:
    """A copy of `input` with `src` at `index` along `dim`: what `select(input, dim, index)` would show.

    Raises:
        IndexError: there is no such dimension, or no such place in it.
        RuntimeError: `src` is not of that shape.
    """
    dim = canonical_dim("select_scatter", dim, ndim_of("select_scatter", input))
    if not input.ndim:
        raise PlaceError("select_scatter: a 0-d tensor has no dimension to select from")
    place, size = integer("select_scatter", "index", index), input.shape[dim]
    if not -size <= place < size:
        raise IndexError(f"select_scatter: index {place} is out of range for dimension {dim} of size {size}")
    _expect_shape("select_scatter", src, (*input.shape[:dim], *input.shape[dim + 1 :]))
    return setitem(input, (*ALL * dim, place), src)


def slice_scatter(
    input: Any, src: Any, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Any:
    """A copy of `input` with `src` in the slice `start:end:step` along `dim`.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: `src` is not of the slice's shape, or the step is not positive.
    """
    dim = canonical_dim("slice_scatter", dim, ndim_of("slice_scatter", input))
    if not input.ndim:
        raise PlaceError("slice_scatter: a 0-d tensor has no dimension to slice")
    if integer("slice_scatter", "step", step) < 1:
        raise ShapeError(f"slice_scatter: the step must be positive, got {step}")
    piece = slice(start, end, step)
    count = len(range(*piece.indices(input.shape[dim])))
    _expect_shape("slice_scatter", src, (*input.shape[:dim], count, *input.shape[dim + 1 :]))
    return setitem(input, (*ALL * dim, piece), src)


def _on_diagonal(xp: Any, x: Array, value: Any, *, offset: int, dim1: int, dim2: int) -> Array:
    out = xp.array(x)
    diagonal(out, offset, dim1, dim2)[...] = value
    return out


_diagonal_scatter = op(
    "diagonal_scatter",
    _on_diagonal,
    vjp=(
        lambda g, offset, dim1, dim2: _diagonal_scatter(g, 0, offset=offset, dim1=dim1, dim2=dim2),
        lambda g, offset, dim1, dim2: diagonal(g, offset, dim1, dim2),
    ),
    linear=True,
)


def diagonal_scatter(input: Any, src: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """A copy of `input` with `src` on a diagonal: what `diagonal(input, offset, dim1, dim2)` would show.

    Raises: as `diagonal`; RuntimeError if `src` is not of that shape.
    """
    shape = diagonal(input.detach() if isinstance(input, Tensor) else input, offset, dim1, dim2).shape
    _expect_shape("diagonal_scatter", src, shape)
    first, second = (canonical_dim("diagonal_scatter", dim, input.ndim) for dim in (dim1, dim2))
    return _diagonal_scatter(input, src, offset=offset, dim1=first, dim2=second)


# Where a mask allows an index: PyTorch's compiler writes interpolation and padding with these two.


def _held(input: Any, indices: Sequence[Any]) -> tuple[Any, ...]:
    """The indices, those out of range moved to the nearest place."""
    return tuple(
        [
            slice(None) if index is None else _clamped(index, size=size)
            for index, size in zip(indices, input.shape, strict=False)
        ]
    )


_clamped = op("clamp", lambda xp, index, *, size: xp.clip(index, -size, size - 1))


def _unsafe_masked_index(input: Any, mask: Any, indices: Sequence[Any], fill: float) -> Any:
    """`input[indices]` where the mask is true, `fill` elsewhere; there the indices may be out of range."""
    return masked_fill(getitem(input, _held(input, indices)), bitwise_not(mask), fill)


def _unsafe_masked_index_put_accumulate(input: Any, mask: Any, indices: Sequence[Any], values: Any) -> Any:
    """A copy of `input` with `values` added at `indices` where the mask is true; elsewhere they may be out of range."""
    return index_put(input, _held(input, indices), masked_fill(values, bitwise_not(mask), 0), accumulate=True)


__all__ = ["diagonal_scatter", "masked_scatter", "put", "select_scatter", "slice_scatter"]

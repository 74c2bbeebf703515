"""Joining and splitting: cat, stack and their kin; split, chunk, unbind; and single pieces, narrow and select.

What is split off is a view; pieces of one call share one node, whose gradient is their cotangents joined again.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from ...backends import Array
from ..errors import DtypeError, PlaceError, ShapeError
from ..op import op
from ..tensor import Tensor
from .dims import canonical_dim, integer, ndim_of, renamed
from .getitem import at
from .index import ALL
from .shape import atleast_1d, atleast_2d, atleast_3d, reshape

# Joining.


def _concatenated(xp: Any, *tensors: Array, dim: int) -> Array:
    try:
        return xp.concatenate(tensors, axis=dim)
    except (ValueError, IndexError, TypeError):
        # PyTorch lets an empty 1-d tensor stand among tensors of any shape.
        kept = [t for t in tensors if t.shape != (0,)]
        _expect_joinable(kept or list(tensors), dim)
        if len(kept) in (0, len(tensors)):
            raise
        return xp.concatenate(kept, axis=dim)


def _expect_joinable(tensors: list[Array], dim: int) -> None:
    """Says why tensors cannot be joined; a backend's own words differ."""
    first = tensors[0].shape
    if not first:
        raise ShapeError("0-d tensors have no dimension to be joined along; stack() takes them")
    at = canonical_dim("cat", dim, len(first))
    for shape in [tensor.shape for tensor in tensors]:
        if len(shape) != len(first) or (shape[:at], shape[at + 1 :]) != (first[:at], first[at + 1 :]):
            raise ShapeError(f"shapes {first} and {shape} differ in more than dimension {at}")


def _pieces(g: Any, needs: tuple[bool, ...], dim: int, tensors_shape: tuple[Any, ...]) -> list[Any]:
    """The part of `g` that came from each tensor."""
    dim %= g.ndim
    end = 0
    pieces = []
    for shape, needed in zip(tensors_shape, needs, strict=True):
        skipped = len(shape) != g.ndim
        start, end = end, end + (0 if skipped else shape[dim])
        piece = at(g, index=(*ALL * dim, slice(start, end), ...)) if needed else None
        pieces.append(reshape(piece, (0,)) if needed and skipped else piece)
    return pieces


_cat = op(
    "cat",
    _concatenated,
    vjp=lambda g, needs, dim, tensors_shape: _pieces(g, needs, dim, tensors_shape),
    linear=True,
)


def _stacked(xp: Any, *tensors: Array, dim: int) -> Array:
    index = (*ALL * dim, None)
    try:
        return xp.concatenate([t[index] for t in tensors], axis=dim)
    except (ValueError, IndexError):
        shapes = list(dict.fromkeys(t.shape for t in tensors))
        if len(shapes) == 1:
            raise
        raise ShapeError(f"shapes {shapes[0]} and {shapes[1]} differ; all must be the same") from None


_stack = op(
    "stack",
    _stacked,
    vjp=lambda g, needs, dim: [at(g, index=(*ALL * dim, k, ...)) if n else None for k, n in enumerate(needs)],
    linear=True,
)


def _some(function: str, tensors: Any) -> Any:
    if tensors.__class__ in (list, tuple) and tensors:
        return tensors
    if isinstance(tensors, Tensor):
        tensors = unbind(tensors)
    if not isinstance(tensors, Sequence) and not hasattr(tensors, "ndim"):
        raise TypeError(f"{function}: expected a sequence of tensors, got {type(tensors).__name__}")
    if not len(tensors):
        raise ShapeError(f"{function}: expected at least one tensor, got none")
    return tensors


def cat(tensors: Sequence[Any], dim: int = 0, **numpy_names: Any) -> Any:
    """The tensors one after the other along `dim`; their other sizes agree. An empty tensor of shape (0,) may stand
    among tensors of any shape, and adds nothing.

    Raises:
        ValueError: the shapes do not agree, there are no tensors, or they are 0-d (`stack` takes those).
        IndexError: there is no such dimension.
    """
    if numpy_names:
        return renamed(cat, locals())
    return _cat(*_some("cat", tensors), dim=integer("cat", "dim", dim))


concat = concatenate = cat


def stack(tensors: Sequence[Any], dim: int = 0, **numpy_names: Any) -> Any:
    """The tensors, all of one shape, along a new dimension `dim`.

    Raises:
        ValueError: the shapes differ, or there are no tensors.
        IndexError: `dim` is out of range.
    """
    if numpy_names:
        return renamed(stack, locals())
    tensors = _some("stack", tensors)
    return _stack(*tensors, dim=canonical_dim("stack", dim, getattr(tensors[0], "ndim", 0) + 1))


def hstack(tensors: Sequence[Any]) -> Any:
    """`cat` along the second dimension, of 1-d tensors along the first; 0-d ones become 1-d."""
    parts = atleast_1d(tuple(_some("hstack", tensors)))
    return cat(parts, 0 if parts[0].ndim == 1 else 1)


def vstack(tensors: Sequence[Any]) -> Any:
    """The tensors as rows: `cat` along the first dimension of two at least."""
    return cat(atleast_2d(tuple(_some("vstack", tensors))), 0)


row_stack = vstack


def column_stack(tensors: Sequence[Any]) -> Any:
    """The tensors as columns: 0-d and 1-d ones become matrices of one column."""
    return cat([reshape(t, (-1, 1)) if t.ndim < 2 else t for t in _some("column_stack", tensors)], 1)


def dstack(tensors: Sequence[Any]) -> Any:
    """`cat` along the third dimension of three at least."""
    return cat(atleast_3d(tuple(_some("dstack", tensors))), 2)


# Splitting.


def _linked(pieces: tuple[Any, ...], source: Any, indices: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    """The pieces, each known as the view of `source` that it is."""
    if isinstance(source, Tensor):
        for piece, index in zip(pieces, indices, strict=True):
            piece.link_view(source, at.op, {"index": index})
    return pieces


_unbind = op(
    "unbind",
    lambda xp, x, *, indices, dim: tuple([x[index] for index in indices]),
    vjp=lambda g, dim: _stack(*g, dim=dim),
    outputs=None,
    linear=True,
)
_split = op(
    "split",
    lambda xp, x, *, indices, dim: tuple([x[index] for index in indices]),
    vjp=lambda g, dim: _cat(*g, dim=dim),
    outputs=None,
    linear=True,
)


def unbind(input: Any, dim: int = 0, **numpy_names: Any) -> tuple[Any, ...]:
    """The slices along `dim`, as a tuple of views without that dimension.

    Raises:
        IndexError: there is no such dimension.
    """
    if numpy_names:
        return renamed(unbind, locals())
    dim = canonical_dim("unbind", dim, ndim_of("unbind", input))
    if not input.ndim:
        raise IndexError("unbind: a 0-d tensor has no dimension to take apart")
    indices = [(*ALL * dim, k, ...) for k in range(input.shape[dim])]
    return _linked(_unbind(input, indices=tuple(indices), dim=dim), input, indices) if indices else ()


def _cut(x: Any, bounds: Sequence[tuple[int, int]], dim: int) -> tuple[Any, ...]:
    indices = [(*ALL * dim, slice(start, end), ...) for start, end in bounds]
    return _linked(_split(x, indices=tuple(indices), dim=dim), x, indices)


def _length(function: str, x: Any, dim: int) -> tuple[int, int]:
    if not ndim_of(function, x):
        raise PlaceError(f"{function}: a 0-d tensor has no dimension to split")
    dim = canonical_dim(function, dim, x.ndim)
    return dim, x.shape[dim]


def split(tensor: Any, split_size_or_sections: Any, dim: int = 0, **numpy_names: Any) -> tuple[Any, ...]:
    """Views of consecutive pieces along `dim`.

    Args:
        split_size_or_sections: the size of each piece (the last may be smaller), or the list of their sizes.

    Raises:
        ValueError: the sizes are negative, or do not add up to that of `dim`.
        IndexError: there is no such dimension.
    """
    if numpy_names:
        return renamed(split, locals())
    dim, length = _length("split", tensor, dim)
    if isinstance(split_size_or_sections, (tuple, list)):
        sizes = [integer("split", "every size", size) for size in split_size_or_sections]
    else:
        size = integer("split", "split_size", split_size_or_sections)
        if size < 0 or (size == 0 and length):
            raise ShapeError(f"split: the size of a piece must be positive, got {size}")
        sizes = [size] * (length // size) + ([length % size] if length % size else []) if length else [0]
    if any(size < 0 for size in sizes) or sum(sizes) != length:
        raise ShapeError(
            f"split: sizes {sizes} must add up to {length}, the size of dimension {dim}, and none be negative"
        )
    if not sizes:
        return ()
    ends = list(accumulate(sizes))
    return _cut(tensor, [(end - size, end) for size, end in zip(sizes, ends, strict=True)], dim)


def split_with_sizes(input: Any, split_sizes: Sequence[int], dim: int = 0) -> tuple[Any, ...]:
    """`split` into pieces of these sizes."""
    return split(input, list(split_sizes), dim)


def chunk(input: Any, chunks: int, dim: int = 0, **numpy_names: Any) -> tuple[Any, ...]:
    """Views of at most `chunks` consecutive pieces along `dim`, all of one size but perhaps the last, as large as that
    allows.

    Raises:
        ValueError: `chunks` is not positive.
        IndexError: there is no such dimension.
    """
    if numpy_names:
        return renamed(chunk, locals())
    if integer("chunk", "chunks", chunks) < 1:
        raise ShapeError(f"chunk: the number of pieces must be positive, got {chunks}")
    dim, length = _length("chunk", input, dim)
    return split(input, -(-length // chunks) if length else [0] * chunks, dim)


unsafe_split, unsafe_chunk = split, chunk


def tensor_split(input: Any, indices_or_sections: Any, dim: int = 0, **numpy_names: Any) -> tuple[Any, ...]:
    """Views of consecutive pieces along `dim`: a number of pieces whose sizes differ by one at most (the larger ones
    first), or the pieces between these places, which are cut as slices are. (A tensor of them is read by the host.)

    Raises:
        ValueError: the number of pieces is not positive.
        IndexError: there is no such dimension.
    """
    if numpy_names:
        return renamed(tensor_split, locals())
    dim, length = _length("tensor_split", input, dim)
    if hasattr(indices_or_sections, "dtype"):
        indices_or_sections = indices_or_sections.tolist()
    if isinstance(indices_or_sections, (tuple, list)):
        places = [integer("tensor_split", "every index", place) for place in indices_or_sections]
        indices = [
            (*ALL * dim, slice(start, end), ...) for start, end in zip([None, *places], [*places, None], strict=True)
        ]
        return tuple([at(input, index=index) for index in indices])
    count = integer("tensor_split", "indices_or_sections", indices_or_sections)
    if count < 1:
        raise ShapeError(f"tensor_split: the number of pieces must be positive, got {count}")
    small, large = divmod(length, count)
    return split(input, [small + 1] * large + [small] * (count - large), dim)


def hsplit(input: Any, indices_or_sections: int | Sequence[int]) -> tuple[Any, ...]:
    """`tensor_split` along the second dimension, of a 1-d tensor along the first. A number of pieces must divide it."""
    return _even("hsplit", input, indices_or_sections, 0 if ndim_of("hsplit", input) == 1 else 1, 1)


def vsplit(input: Any, indices_or_sections: int | Sequence[int]) -> tuple[Any, ...]:
    """`tensor_split` along the first dimension of at least two. A number of pieces must divide it."""
    return _even("vsplit", input, indices_or_sections, 0, 2)


def dsplit(input: Any, indices_or_sections: int | Sequence[int]) -> tuple[Any, ...]:
    """`tensor_split` along the third dimension. A number of pieces must divide it."""
    return _even("dsplit", input, indices_or_sections, 2, 3)


def _even(function: str, x: Any, indices_or_sections: Any, dim: int, least: int) -> tuple[Any, ...]:
    if ndim_of(function, x) < least:
        raise ShapeError(f"{function}: expected at least {least} dimensions, got shape {tuple(x.shape)}")
    if not isinstance(indices_or_sections, (tuple, list)):
        count = integer(function, "indices_or_sections", indices_or_sections)
        if count < 1 or x.shape[dim] % count:
            raise ShapeError(f"{function}: {x.shape[dim]}, the size of dimension {dim}, is not divided by {count}")
    return tensor_split(x, indices_or_sections, dim)


# One piece.


def narrow(input: Any, dim: int, start: Any, length: int) -> Any:
    """The view of `length` places along `dim`, from `start` on (from the end if negative).

    Raises:
        IndexError: there is no such dimension, or the piece reaches beyond it.
        RuntimeError: `length` is negative, or `start` a tensor that is no single integer.
    """
    dim, size = _length("narrow", input, dim)
    if hasattr(start, "dtype") and (start.ndim or start.dtype.kind not in "iu"):
        raise DtypeError(f"narrow: a tensor as start must be a 0-d integer, got {start.dtype} {tuple(start.shape)}")
    start, length = integer("narrow", "start", start), integer("narrow", "length", length)
    if length < 0:
        raise ShapeError(f"narrow: the length must not be negative, got {length}")
    first = start + size if start < 0 else start
    if not 0 <= first <= size - length:
        raise PlaceError(f"narrow: start {start} and length {length} reach beyond dimension {dim} of size {size}")
    return at(input, index=(*ALL * dim, slice(first, first + length), ...))


def select(input: Any, dim: int, index: int) -> Any:
    """The view at `index` along `dim`, without that dimension.

    Raises:
        IndexError: there is no such dimension, or no such place in it.
    """
    dim, size = _length("select", input, dim)
    place = integer("select", "index", index)
    if not -size <= place < size:
        raise IndexError(f"select: index {place} is out of range for dimension {dim} of size {size}")
    return at(input, index=(*ALL * dim, place, ...))


__all__ = ["cat", "chunk", "column_stack", "concat", "concatenate", "dsplit", "dstack", "hsplit", "hstack", "narrow",
           "row_stack", "select", "split", "split_with_sizes", "stack", "tensor_split", "unbind", "unsafe_chunk",
           "unsafe_split", "vsplit", "vstack"]  # fmt: skip

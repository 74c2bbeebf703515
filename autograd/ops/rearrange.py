"""Rearrangements: elements reversed, shifted, repeated, kept on one side of a diagonal or laid along one.

All are copies, but for `diagonal`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...backends import Array, backend_of
from ..errors import ShapeError
from ..op import op
from ..tensor import Tensor
from . import arithmetic
from .creation import arange
from .dims import canonical_dim, canonical_dims, integer, integers, ndim_of
from .index import ALL
from .indexing import index_on, index_select
from .reduction import sum as total
from .shape import clone, given, reshape, transpose

# Reversed and shifted.

_BACKWARDS = slice(None, None, -1)


def _flipped(xp: Any, x: Array, *, dims: tuple[int, ...]) -> Array:
    return x[tuple([_BACKWARDS if k in dims else slice(None) for k in range(x.ndim)])].copy()


_flip = op("flip", _flipped, vjp=lambda g, dims: _flip(g, dims=dims), linear=True)


def flip(input: Any, *dims: Any, **named: Any) -> Any:
    """The elements in reverse order along these dimensions: `flip(x, 0)`, `flip(x, (0, 1))` or `flip(x, dims=(0, 1))`.

    Raises:
        IndexError: there is no such dimension.
    """
    if not dims and not named:
        raise TypeError("flip: give the dims to reverse, flip(x, 0)")
    wanted = given("flip", dims, named, "dims")
    return _flip(input, dims=canonical_dims("flip", wanted, ndim_of("flip", input)))


def fliplr(input: Any) -> Any:
    """The columns in reverse order: `flip` along dimension 1.

    Raises:
        RuntimeError: it has fewer than two dimensions.
    """
    if ndim_of("fliplr", input) < 2:
        raise ShapeError(f"fliplr: expected at least 2 dimensions, got shape {tuple(input.shape)}")
    return flip(input, 1)


def flipud(input: Any) -> Any:
    """The rows in reverse order: `flip` along dimension 0.

    Raises:
        RuntimeError: it is 0-d.
    """
    if not ndim_of("flipud", input):
        raise ShapeError("flipud: expected at least one dimension, got a 0-d tensor")
    return flip(input, 0)


def rot90(input: Any, k: int = 1, dims: Sequence[int] = (0, 1)) -> Any:
    """Turned by 90 degrees `k` times in the plane of two dimensions, from the first towards the second.

    Raises:
        IndexError: there is no such dimension.
        ValueError: `dims` does not name two different dimensions.
    """
    ndim = ndim_of("rot90", input)
    if ndim < 2:
        raise ShapeError(f"rot90: expected at least 2 dimensions, got shape {tuple(input.shape)}")
    plane = tuple(canonical_dim("rot90", dim, ndim) for dim in dims)
    if len(plane) != 2 or plane[0] == plane[1]:
        raise ShapeError(f"rot90: dims must name two different dimensions, got {tuple(dims)}")
    turns = integer("rot90", "k", k) % 4
    if turns == 0:
        return clone(input)
    if turns == 2:
        return _flip(input, dims=plane)
    return transpose(_flip(input, dims=(plane[1] if turns == 1 else plane[0],)), *plane)


def _back(shifts: tuple[int, ...]) -> tuple[int, ...]:
    return tuple([-shift for shift in shifts])


def _rolled(xp: Any, x: Array, *, shifts: tuple[int, ...], dims: tuple[int, ...]) -> Array:
    result = x
    for shift, dim in zip(shifts, dims, strict=True):
        cut = -shift % (x.shape[dim] or 1)
        if cut:
            pieces = result[(*ALL * dim, slice(cut, None))], result[(*ALL * dim, slice(cut))]
            result = xp.concatenate(pieces, axis=dim)
    return x.copy() if result is x else result


_roll = op(
    "roll",
    _rolled,
    vjp=lambda g, shifts, dims: _roll(g, shifts=_back(shifts), dims=dims),
    linear=True,
)


def roll(input: Any, shifts: int | Sequence[int], dims: int | Sequence[int] | None = None) -> Any:
    """Shifted along these dimensions, what leaves at one end coming in at the other; without `dims` as if flattened.

    Raises:
        IndexError: there is no such dimension.
        ValueError: there are not as many shifts as dimensions.
    """
    moves = integers("roll", "every shift", shifts)
    if dims is None or dims in ((), []):
        if len(moves) != 1:
            raise ShapeError(f"roll: {len(moves)} shifts need as many dims")
        return reshape(_roll(reshape(input, (-1,)), shifts=moves, dims=(0,)), tuple(input.shape))
    places = dims if isinstance(dims, (tuple, list)) else (dims,)
    if len(moves) != len(places):
        raise ShapeError(f"roll: {len(moves)} shifts for {len(places)} dims")
    if not input.ndim:
        raise IndexError("roll: a 0-d tensor has no dimension to shift along")
    return _roll(input, shifts=moves, dims=tuple([canonical_dim("roll", dim, input.ndim) for dim in places]))


# Repeated.


def _summed(g: Any, blocks: tuple[int, ...], kept: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    """`g` seen with shape `blocks`, summed to shape `kept` (1 where a sum is taken), given shape `shape`."""
    return reshape(arithmetic.sum_to(reshape(g, blocks), shape=kept), shape)


def _untile(g: Any, x_shape: tuple[int, ...], repeats: tuple[int, ...]) -> Any:
    shape = (1,) * (len(repeats) - len(x_shape)) + x_shape
    blocks = tuple([n for pair in zip(repeats, shape, strict=True) for n in pair])
    return _summed(g, blocks, tuple([n for size in shape for n in (1, size)]), x_shape)


_repeat = op(
    "repeat",
    lambda xp, x, *, repeats: xp.tile(x, repeats),
    vjp=lambda g, x_shape, repeats: _untile(g, x_shape, repeats),
    linear=True,
)


def repeat(input: Any, *repeats: Any, **named: Any) -> Any:
    """Copies side by side, as many along each dimension as `repeats` says; more of them than there are dimensions add
    dimensions in front.

    Raises:
        ValueError: there are fewer repeats than dimensions, or one is negative.
    """
    wanted = given("repeat", repeats, named, "repeats")
    times = integers("repeat", "every number", wanted)
    if len(times) < ndim_of("repeat", input) or any(n < 0 for n in times):
        raise ShapeError(f"repeat: expected at least {input.ndim} repeats, none negative, got {times}; or use tile")
    return _repeat(input, repeats=times)


def tile(input: Any, *dims: Any, **named: Any) -> Any:
    """`repeat`, where missing repeats in front count as 1."""
    wanted = given("tile", dims, named, "dims")
    return repeat(input, (1,) * (ndim_of("tile", input) - len(wanted)) + integers("tile", "every number", wanted))


def _ungroup(g: Any, x_shape: tuple[int, ...], repeats: int, dim: int) -> Any:
    blocks = (*x_shape[: dim + 1], repeats, *x_shape[dim + 1 :])
    return _summed(g, blocks, (*x_shape[: dim + 1], 1, *x_shape[dim + 1 :]), x_shape)


_repeat_each = op(
    "repeat_interleave",
    lambda xp, x, *, repeats, dim: xp.repeat(x, repeats, axis=dim),
    vjp=lambda g, x_shape, repeats, dim: _ungroup(g, x_shape, repeats, dim),
    linear=True,
)


def repeat_interleave(
    input: Any, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Any:
    """Each slice along `dim` repeated, the copies beside each other; without `dim` each element of the flattened input.
    `repeat_interleave(repeats)` repeats the numbers 0, 1, ... so.

    Args:
        repeats: how often, or for each slice how often: a number, or integers, 1-d or 0-d.
        output_size: the length that results. It is checked, but on a device trusted: there the host waits for repeats
            that are a tensor if it is not given.

    Raises:
        IndexError: there is no such dimension.
        ValueError: a repeat is negative, or there are not as many as slices.
    """
    if repeats is None:
        input, repeats, dim = arange(input.shape[0], device=input.device), input, 0
    x = reshape(input, (-1,)) if dim is None or not ndim_of("repeat_interleave", input) else input
    dim = 0 if dim is None else canonical_dim("repeat_interleave", dim, input.ndim)
    length = x.shape[dim]
    if isinstance(repeats, int):
        if repeats < 0:
            raise ShapeError(f"repeat_interleave: cannot repeat {repeats} times")
        _expect_total(output_size, repeats * length)
        return _repeat_each(x, repeats=repeats, dim=dim)
    times = index_on("repeat_interleave", x, repeats)
    array: Array = times._array if isinstance(times, Tensor) else times
    home = backend_of(array)
    if array.ndim > 1 or array.size not in (1, length):
        raise ShapeError(f"repeat_interleave: {length} slices need as many repeats, got shape {array.shape}")
    xp = home.xp
    array = xp.broadcast_to(array.reshape(-1), (length,))
    ends = xp.cumsum(array, dtype=xp.int64)
    if output_size is None or home.device_type == "cpu":
        least, total = home.to_host(xp.stack([array.min(), ends[-1]])).tolist() if length else (0, 0)
        if least < 0:
            raise ShapeError(f"repeat_interleave: a slice cannot be repeated {least} times")
        _expect_total(output_size, total)
        output_size = total
    return index_select(x, dim, xp.searchsorted(ends, xp.arange(output_size), side="right"))


def _expect_total(output_size: int | None, total: int) -> None:
    if output_size not in (None, total):
        raise ShapeError(f"repeat_interleave: output_size {output_size} is not {total}, what the repeats add up to")


# Diagonals.


def _above(xp: Any, shape: tuple[int, ...], diagonal: int) -> Array:
    """Where a matrix lies on or above a diagonal: `tril` and `triu` of the backends make more of it."""
    rows, columns = shape[-2:]
    return xp.arange(diagonal, rows + diagonal).reshape(rows, 1) <= xp.arange(columns)


_tril = op(
    "tril",
    lambda xp, x, *, diagonal: xp.where(_above(xp, x.shape, diagonal + 1), xp.zeros((), dtype=x.dtype), x),
    vjp=lambda g, diagonal: _tril(g, diagonal=diagonal),
    linear=True,
)
_triu = op(
    "triu",
    lambda xp, x, *, diagonal: xp.where(_above(xp, x.shape, diagonal), x, xp.zeros((), dtype=x.dtype)),
    vjp=lambda g, diagonal: _triu(g, diagonal=diagonal),
    linear=True,
)


def _matrix(function: str, x: Any) -> Any:
    if ndim_of(function, x) < 2:
        raise ShapeError(f"{function}: expected a matrix or a batch of them, got shape {tuple(x.shape)}")
    return x


def tril(input: Any, diagonal: int = 0) -> Any:
    """0 above a diagonal of each matrix (the last two dimensions): 0 is the main one, positive ones lie above it.

    Raises:
        ValueError: it has fewer than two dimensions.
    """
    return _tril(_matrix("tril", input), diagonal=integer("tril", "diagonal", diagonal))


def triu(input: Any, diagonal: int = 0) -> Any:
    """0 below a diagonal of each matrix (the last two dimensions): 0 is the main one, positive ones lie above it.

    Raises:
        ValueError: it has fewer than two dimensions.
    """
    return _triu(_matrix("triu", input), diagonal=integer("triu", "diagonal", diagonal))


def _diagonal_of(xp: Any, x: Array, *, offset: int, dim1: int, dim2: int) -> Array:
    found = x.diagonal(offset, dim1, dim2)
    if hasattr(found, "setflags") and x.flags.writeable:
        found.setflags(write=True)  # NumPy hands it out read-only, and in-place changes go through it
    return found


def _diagonal_placed(xp: Any, x: Array, *, shape: tuple[int, ...], offset: int, dim1: int, dim2: int) -> Array:
    out = xp.zeros(shape, dtype=x.dtype)
    _diagonal_of(xp, out, offset=offset, dim1=dim1, dim2=dim2)[...] = x
    return out


_diagonal = op(
    "diagonal",
    _diagonal_of,
    vjp=lambda g, x_shape, offset, dim1, dim2: _diagonal_place(g, shape=x_shape, offset=offset, dim1=dim1, dim2=dim2),
    linear=True,
    view=True,
)
_diagonal_place = op(
    "diagonal_place",
    _diagonal_placed,
    vjp=lambda g, offset, dim1, dim2: _diagonal(g, offset=offset, dim1=dim1, dim2=dim2),
    linear=True,
)


def diagonal(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """A view of a diagonal of the matrices in dimensions `dim1` and `dim2`, as the last dimension.

    Raises:
        IndexError: there is no such dimension.
        ValueError: the dimensions are the same.
    """
    ndim = ndim_of("diagonal", input)
    first, second = (canonical_dim("diagonal", dim, ndim) for dim in (dim1, dim2))
    if first == second:
        raise ShapeError(f"diagonal: dim1 and dim2 must differ, got {dim1} and {dim2}")
    return _diagonal(input, offset=integer("diagonal", "offset", offset), dim1=first, dim2=second)


def diag_embed(input: Any, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """Matrices, in dimensions `dim1` and `dim2` of the result, with the last dimension of `input` on a diagonal and 0
    elsewhere.

    Raises:
        IndexError: there is no such dimension.
        ValueError: the dimensions are the same, or the input is 0-d.
    """
    if not ndim_of("diag_embed", input):
        raise ShapeError("diag_embed: a 0-d tensor has no dimension to lay along a diagonal")
    ndim = input.ndim + 1
    first, second = (canonical_dim("diag_embed", dim, ndim) for dim in (dim1, dim2))
    if first == second:
        raise ShapeError(f"diag_embed: dim1 and dim2 must differ, got {dim1} and {dim2}")
    size = input.shape[-1] + abs(integer("diag_embed", "offset", offset))
    shape = list(input.shape[:-1])
    for dim in sorted((first, second)):
        shape.insert(dim, size)
    return _diagonal_place(input, shape=tuple(shape), offset=offset, dim1=first, dim2=second)


def diag(input: Any, diagonal: int = 0) -> Any:
    """A matrix with a vector on a diagonal and 0 elsewhere; or, of a matrix, a copy of that diagonal.

    Raises:
        ValueError: it is neither a vector nor a matrix.
    """
    if ndim_of("diag", input) == 1:
        return diag_embed(input, diagonal)
    if input.ndim == 2:
        return clone(_diagonal(input, offset=integer("diag", "diagonal", diagonal), dim1=0, dim2=1))
    raise ShapeError(f"diag: expected a vector or a matrix, got shape {tuple(input.shape)}")


def diagflat(input: Any, offset: int = 0) -> Any:
    """A matrix with the elements of the flattened input on a diagonal and 0 elsewhere."""
    return diag_embed(reshape(input, (-1,)), offset)


def trace(input: Any) -> Any:
    """The sum of the main diagonal of a matrix; integers add up to int64.

    Raises:
        ValueError: it is no matrix.
    """
    if ndim_of("trace", input) != 2:
        raise ShapeError(f"trace: expected a matrix, got shape {tuple(input.shape)}")
    return total(_diagonal(input, offset=0, dim1=0, dim2=1))


# Windows. Slices of `x` for each place in the window, or for each window: whichever are fewer.


def _windows(size: int, step: int, count: int, dim: int) -> list[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """Pairs of indices, of the windows and of the input, that name the same elements."""
    if size <= count:
        reach = step * (count - 1) + 1
        return [((..., k), (*ALL * dim, slice(k, k + reach, step))) for k in range(size)]
    return [((*ALL * dim, w), (*ALL * dim, slice(w * step, w * step + size))) for w in range(count)]


def _unfolded(xp: Any, x: Array, *, dim: int, size: int, step: int) -> Array:
    count = (x.shape[dim] - size) // step + 1
    out = xp.empty((*x.shape[:dim], count, *x.shape[dim + 1 :], size), dtype=x.dtype)
    for window, piece in _windows(size, step, count, dim):
        out[window] = x[piece] if size <= count else xp.moveaxis(x[piece], dim, -1)
    return out


def _folded(xp: Any, x: Array, *, shape: tuple[int, ...], dim: int, size: int, step: int) -> Array:
    count = x.shape[dim]
    out = xp.zeros(shape, dtype=x.dtype)
    for window, piece in _windows(size, step, count, dim):
        out[piece] += x[window] if size <= count else xp.moveaxis(x[window], -1, dim)
    return out


_unfold = op(
    "unfold",
    _unfolded,
    vjp=lambda g, x_shape, dim, size, step: fold_windows(g, shape=x_shape, dim=dim, size=size, step=step),
    linear=True,
)
fold_windows = op(
    "fold",
    _folded,
    vjp=lambda g, dim, size, step: _unfold(g, dim=dim, size=size, step=step),
    linear=True,
    doc="Adds windows up where they lie: from the result of `unfold` a tensor of `shape`.",
)


def unfold(input: Any, dimension: int, size: int, step: int) -> Any:
    """All windows of `size` elements along a dimension, `step` apart: their number takes the place of the dimension,
    and their elements become a new last dimension. A copy.

    Raises:
        IndexError: there is no such dimension.
        ValueError: the dimension is shorter than a window, or the step is not positive.
    """
    dim = canonical_dim("unfold", dimension, ndim_of("unfold", input))
    x = input if input.ndim else reshape(input, (1,))
    if not 0 <= size <= x.shape[dim] or step < 1:
        raise ShapeError(
            f"unfold: windows of {size}, {step} apart, do not fit into dimension {dim} of shape {tuple(input.shape)}"
        )
    found = _unfold(x, dim=dim, size=size, step=step)
    return found if input.ndim else reshape(found, (size,))


__all__ = ["diag", "diag_embed", "diagflat", "diagonal", "flip", "fliplr", "flipud", "repeat", "repeat_interleave",
           "roll", "rot90", "tile", "trace", "tril", "triu", "unfold"]  # fmt: skip

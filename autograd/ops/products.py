"""Products of tensors that are no matrix products, and what is built of several: blocks, pairs, powers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations as _combinations, combinations_with_replacement as _with_replacement
from typing import Any

from ...backends import Array
from ..errors import ShapeError
from ..op import op
from .dims import canonical_dim, integer, ndim_of, sizes_of
from .getitem import at
from .indexing import index_select
from .joining import stack
from .scan import cumprod
from .shape import expand, meshgrid, reshape

_cross = op(
    "cross",
    lambda xp, a, b, *, dim: xp.cross(a, b, axis=dim),
    vjp=(lambda g, b, dim: _cross(b, g, dim=dim), lambda g, a, dim: _cross(g, a, dim=dim)),
    multilinear=True,
)


def linalg_cross(input: Any, other: Any, *, dim: int = -1) -> Any:
    """The cross product of the vectors along `dim`, which has size 3 in both; the other dimensions broadcast.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: its size is not 3, or the inputs differ in their number of dimensions.
    """
    ndim = ndim_of("cross", input)
    if ndim != ndim_of("cross", other):
        raise ShapeError(f"cross: shapes {tuple(input.shape)} and {tuple(other.shape)} differ in their dimensions")
    dim = canonical_dim("cross", dim, ndim)
    if not ndim or input.shape[dim] != 3 or other.shape[dim] != 3:
        raise ShapeError(
            f"cross: dimension {dim} must have size 3, got shapes {tuple(input.shape)} and {tuple(other.shape)}"
        )
    return _cross(input, other, dim=dim)


def cross(input: Any, other: Any, dim: int | None = None) -> Any:
    """The cross product of the vectors along `dim`, by default the first dimension of size 3.

    Raises: as `linalg.cross`; RuntimeError if no dimension has size 3.
    """
    if dim is None:
        sizes = sizes_of("cross", input)
        if 3 not in sizes:
            raise ShapeError(f"cross: no dimension of shape {sizes} has size 3")
        dim = sizes.index(3)
    return linalg_cross(input, other, dim=dim)


def kron(input: Any, other: Any) -> Any:
    """The Kronecker product: every element of `input` times the whole of `other`, laid out as blocks. Missing
    dimensions in front count as 1."""
    ndim = max(ndim_of("kron", input), ndim_of("kron", other))
    a, b = ((1,) * (ndim - t.ndim) + tuple(t.shape) for t in (input, other))
    blocks = reshape(input, tuple([n for size in a for n in (size, 1)])) * reshape(
        other, tuple([n for size in b for n in (1, size)])
    )
    return reshape(blocks, tuple([m * n for m, n in zip(a, b, strict=True)]))


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """The matrix whose columns are the powers of a vector, from `N - 1` down to 0, or up if `increasing`.

    Raises:
        RuntimeError: it is no vector, or N is negative.
    """
    if ndim_of("vander", x) != 1:
        raise ShapeError(f"vander: expected a vector, got shape {tuple(x.shape)}")
    powers = _powers("vander", x, N)
    return powers if increasing else at(powers, index=(..., slice(None, None, -1)))


def linalg_vander(x: Any, *, N: int | None = None) -> Any:
    """Matrices whose columns are the powers 0, 1, ..., `N - 1` of the vectors in the last dimension; N is their length
    if not given.

    Raises:
        RuntimeError: N is less than 2.
    """
    if N is not None and integer("vander", "N", N) < 2:
        raise ShapeError(f"vander: N must be greater than 1, got {N}")
    return _powers("vander", x if ndim_of("vander", x) else reshape(x, (1,)), N)


def _powers(function: str, x: Any, count: int | None) -> Any:
    """`x ** 0, x ** 1, ...` as a new last dimension."""
    count = x.shape[-1] if count is None else integer(function, "N", count)
    if count < 0:
        raise ShapeError(f"{function}: N must not be negative, got {count}")
    shape = tuple(x.shape)
    columns = _led_by_ones(expand(reshape(x, (*shape, 1)), (*shape, max(count - 1, 0))))
    return at(cumprod(columns, -1), index=(..., slice(0, count)))


def _ones_before(xp: Any, x: Array) -> Array:
    out = xp.ones((*x.shape[:-1], x.shape[-1] + 1), dtype=x.dtype)
    out[..., 1:] = x
    return out


_led_by_ones = op("vander", _ones_before, vjp=lambda g: at(g, index=(..., slice(1, None))))


# Blocks.


def _on_blocks(xp: Any, *tensors: Array) -> Array:
    out = xp.zeros((sum(t.shape[0] for t in tensors), sum(t.shape[1] for t in tensors)), dtype=xp.result_type(*tensors))
    for block, tensor in zip(_blocks([t.shape for t in tensors]), tensors, strict=True):
        out[block] = tensor
    return out


def _blocks(shapes: Sequence[tuple[int, ...]]) -> list[tuple[slice, slice]]:
    """Where along the diagonal matrices of these shapes lie."""
    found, row, column = [], 0, 0
    for rows, columns in shapes:
        found.append((slice(row, row + rows), slice(column, column + columns)))
        row, column = row + rows, column + columns
    return found


_block_diag = op(
    "block_diag",
    _on_blocks,
    vjp=lambda g, needs, tensors_shape: [
        at(g, index=(*block, ...)) if needed else None
        for block, needed in zip(_blocks(tensors_shape), needs, strict=True)
    ],
    linear=True,
)


def block_diag(*tensors: Any) -> Any:
    """The matrix with these matrices along its diagonal and 0 elsewhere; vectors are rows, numbers 1 x 1.

    Raises:
        RuntimeError: there are none, or one has more than two dimensions.
    """
    if not tensors:
        raise ShapeError("block_diag: expected at least one tensor, got none")
    for tensor in tensors:
        if ndim_of("block_diag", tensor) > 2:
            raise ShapeError(f"block_diag: expected tensors of at most 2 dimensions, got shape {tuple(tensor.shape)}")
    return _block_diag(*[t if t.ndim == 2 else reshape(t, (1, -1)) for t in tensors])


# All pairs, triples, ...


def cartesian_prod(*tensors: Any) -> Any:
    """All tuples with one element of each of the 1-d tensors, as rows, the last element changing fastest; of one
    tensor, itself.

    Raises:
        RuntimeError: one is not 1-d, or there are none.
    """
    given = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors
    if not given:
        raise ShapeError("cartesian_prod: expected at least one tensor, got none")
    for tensor in given:
        if ndim_of("cartesian_prod", tensor) != 1:
            raise ShapeError(f"cartesian_prod: expected 1-d tensors, got shape {tuple(tensor.shape)}")
    return given[0] if len(given) == 1 else reshape(stack(meshgrid(*given), -1), (-1, len(given)))


def combinations(input: Any, r: int = 2, with_replacement: bool = False) -> Any:
    """All `r` elements of a 1-d tensor in their order, as rows.

    Args:
        with_replacement: an element may stand several times in one row.

    Raises:
        RuntimeError: it is not 1-d, or r is negative.
    """
    if ndim_of("combinations", input) != 1 or integer("combinations", "r", r) < 0:
        raise ShapeError(f"combinations: expected a 1-d tensor and r >= 0, got shape {tuple(input.shape)} and r={r}")
    if r == 0:
        return at(input, index=(slice(0, 0), ...))
    rows = list((_with_replacement if with_replacement else _combinations)(range(input.shape[0]), r))
    return reshape(index_select(input, 0, [place for row in rows for place in row]), (len(rows), r))


__all__ = ["block_diag", "cartesian_prod", "combinations", "cross", "kron", "vander"]

"""`nn.functional.pad`: with a constant, mirrored, with the edge repeated, or around the other end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ...backends import Array
from ..errors import DtypeError, ShapeError
from ..op import op
from .dims import integers, sizes_of
from .getitem import at
from .index import ALL
from .joining import cat
from .rearrange import flip
from .shape import expand

Widths = tuple[tuple[int, int], ...]
"""Before and after, for each dimension; negative ones cut off."""


def _padded(xp: Any, x: Array, *, widths: Widths, value: float) -> Array:
    if x.dtype.kind in "iu" and not -math.inf < value < math.inf:
        raise DtypeError(f"{x.dtype} cannot hold the value {value}; convert the input with .float()")
    shape = tuple([size + before + after for size, (before, after) in zip(x.shape, widths, strict=True)])
    out = xp.full(shape, value, dtype=x.dtype) if value else xp.zeros(shape, dtype=x.dtype)
    out[_without(shape, widths)] = x[_without(x.shape, _opposite(widths))]
    return out


def _without(shape: tuple[int, ...], widths: Widths) -> tuple[slice, ...]:
    """The index of all but `widths` at the ends, where they are positive."""
    return tuple([slice(max(a, 0), size - max(b, 0)) for size, (a, b) in zip(shape, widths, strict=True)])


def _opposite(widths: Widths) -> Widths:
    return tuple([(-before, -after) for before, after in widths])


_pad = op("pad", _padded, vjp=lambda g, widths: _pad(g, widths=_opposite(widths), value=0))


def _piece(x: Any, dim: int, start: int | None, stop: int | None) -> Any:
    return at(x, index=(*ALL * dim, slice(start, stop), ...))


def _cropped(x: Any, dim: int, before: int, after: int) -> Any:
    return _piece(x, dim, max(-before, 0), x.shape[dim] - max(-after, 0)) if min(before, after) < 0 else x


def _mirrored(x: Any, dim: int, before: int, after: int) -> tuple[Any, Any]:
    size = x.shape[dim]
    return flip(_piece(x, dim, 1, before + 1), dim), flip(_piece(x, dim, size - 1 - after, size - 1), dim)


def _edges(x: Any, dim: int, before: int, after: int) -> tuple[Any, Any]:
    size = x.shape[dim]
    first, last = _piece(x, dim, 0, 1), _piece(x, dim, size - 1, size)
    lead, rest = x.shape[:dim], x.shape[dim + 1 :]
    return expand(first, (*lead, before, *rest)), expand(last, (*lead, after, *rest))


def _around(x: Any, dim: int, before: int, after: int) -> tuple[Any, Any]:
    size = x.shape[dim]
    return _piece(x, dim, size - before, size), _piece(x, dim, 0, after)


_MODES = {"reflect": (_mirrored, 1), "replicate": (_edges, None), "circular": (_around, 0)}
"""What stands before and after, and by how much the padding must be smaller than the dimension."""


def _widths(x: Any, pad: Sequence[int]) -> Widths:
    amounts = integers("pad", "every width", pad)
    shape = sizes_of("pad", x)
    if len(amounts) % 2 or len(amounts) > 2 * len(shape):
        raise ShapeError(f"pad: expected two numbers for each of the last dimensions of shape {shape}, got {amounts}")
    pairs = list(zip(amounts[::2], amounts[1::2], strict=True))[::-1]
    widths: Widths = ((0, 0),) * (len(shape) - len(pairs)) + tuple(pairs)
    for size, (before, after) in zip(shape, widths, strict=True):
        if size + before + after < 0 or size + min(before, 0) < 0 or size + min(after, 0) < 0:
            raise ShapeError(f"pad: {amounts} cuts off more than there is in shape {shape}")
    return widths


def pad(input: Any, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Any:
    """`input` with its last dimensions made longer, or shorter where a number is negative.

    Args:
        pad: how much before and after: `(left, right)` for the last dimension, `(left, right, top, bottom)` for the
            last two, and so on.
        mode: `"constant"`; `"reflect"`, mirrored at the edge element; `"replicate"`, the edge element repeated;
            `"circular"`, as if the other end followed.
        value: the constant, 0 if not given.

    Raises:
        ValueError: `pad` has an odd number of entries or too many, is larger than the mode allows, or cuts more than
            there is; the mode is unknown, or takes no value.
    """
    widths, shape = _widths(input, pad), tuple(input.shape)
    if mode == "constant":
        return _pad(input, widths=widths, value=value or 0)
    if mode not in _MODES:
        raise ValueError(f"pad: mode must be 'constant', 'reflect', 'replicate' or 'circular', got {mode!r}")
    if value:
        raise ValueError(f"pad: mode {mode!r} takes no value, got {value}")
    neighbours, less = _MODES[mode]
    result = input
    for dim, (before, after) in enumerate(widths):
        if mode == "circular":
            result = _cropped(result, dim, before, after)  # what is cut off does not come round
        size = result.shape[dim]
        more = max(before, 0), max(after, 0)
        most = 0 if size == 0 else max(more) if less is None else size - less
        if max(more) > most:
            raise ShapeError(
                f"pad: {mode} padding of {before} and {after} does not fit dimension {dim} of shape {shape}; at most "
                f"{most} is possible"
            )
        ends = neighbours(result, dim, *more) if max(more) else (None, None)
        parts = [part for part, width in zip((ends[0], result, ends[1]), (more[0], 1, more[1]), strict=True) if width]
        result = cat(parts, dim) if len(parts) > 1 else result
        if mode != "circular":
            result = _cropped(result, dim, before, after)
    return result


def constant_pad_nd(input: Any, pad: Sequence[int], value: float = 0) -> Any:
    """`nn.functional.pad` with a constant."""
    return _pad(input, widths=_widths(input, pad), value=value)


__all__ = ["constant_pad_nd", "pad"]

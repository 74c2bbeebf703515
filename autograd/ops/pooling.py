"""Pooling: the average or the largest of what windows see.

An average over several dimensions is one over each in turn, and so is the search for the largest: the first largest of
the rows' first largest is the first of all. Where it was found is recomputed in backward from the input.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Any

from ...backends import Array
from ..op import op
from .arithmetic import pow
from .comparison import choose
from .dims import integers, sizes_of
from .picking import into_planes, pick, put
from .reduction import average
from .resampling import Table, resample
from .shape import squeeze, unsqueeze
from .windows import per_dimension

Numbers = int | Sequence[int]
Optional = int | Sequence[int | None] | None
Lines = tuple[Table, ...]
"""For each spatial dimension, what each window along it sees."""


# The largest


def lowest(xp: Any, dtype: Any) -> Any:
    return -xp.inf if dtype.kind == "f" else xp.iinfo(dtype).min


def _along(xp: Any, ndim: int, dim: int, where: Any) -> tuple[Any, ...]:
    """The index of dimension `dim` that `where` is."""
    item = where if isinstance(where, slice) else xp.asarray(where)
    return (*(slice(None),) * dim, item, *(slice(None),) * (ndim - dim - 1))


def _search(xp: Any, x: Array, lines: Lines, where: bool) -> tuple[Array, list[Array]]:
    """The largest, dimension by dimension from the last; and, if asked, for each dimension which element of its window
    it is: as PyTorch decides it, the first of equals, and a NaN above all, the last of them.

    Choices are made by arithmetic on small integers, which is several times as fast as `where`.
    """
    taps: list[Array] = []
    first = x.ndim - len(lines)
    for dim in range(x.ndim - 1, first - 1, -1):
        line = lines[dim - first]
        pieces = [
            (tap, _along(xp, x.ndim, dim, to), _along(xp, x.ndim, dim, source))
            for tap, (to, source, _) in enumerate(line.steps)
        ]
        shape = (*x.shape[:dim], len(line.rows), *x.shape[dim + 1 :])
        kind = xp.uint8 if len(pieces) <= 256 else xp.int32
        best, tap_of = xp.full(shape, lowest(xp, x.dtype), x.dtype), xp.zeros(shape, kind) if where else None
        for tap, windows, elements in pieces:
            new = x[elements]
            if tap == 0:  # taken whatever it is: it may be as low as nothing found
                best[windows] = new
                continue
            old = best[windows]
            if tap_of is not None:
                better = xp.logical_or(new > old, new != new).astype(kind)
                tap_of[windows] = xp.maximum(tap_of[windows], better * kind(tap))
            best[windows] = xp.maximum(old, new)
        if tap_of is not None:
            for k, inner in enumerate(taps):
                kept = xp.zeros(shape, inner.dtype)
                for tap, windows, elements in pieces:
                    kept[windows] += (tap_of[windows] == tap).astype(inner.dtype) * inner[elements]
                taps[k] = kept
            taps.append(tap_of)
        x = best
    return x, taps[::-1]


def _places(xp: Any, x: Array, *, lines: Lines) -> Array:
    taps, below = _search(xp, x, lines, True)[1], 1
    places = xp.zeros(taps[0].shape, xp.int64)
    for k in range(len(lines) - 1, -1, -1):
        rows = lines[k].rows
        apart = max((row[1][0] - row[0][0] for row in rows if len(row) > 1), default=0)
        starts = xp.asarray([row[0][0] * below for row in rows], dtype=xp.int64)
        places += taps[k].astype(xp.int64) * (apart * below)
        places += starts.reshape((-1,) + (1,) * (len(lines) - k - 1))
        below *= lines[k].size
    return places


_where_largest = op("max_pool_indices", _places)
_max_pool = op(
    "max_pool",
    lambda xp, x, *, lines: _search(xp, x, lines, False)[0],
    vjp=lambda g, x, lines: put(g, _where_largest(x, lines=lines), sizes=x.shape[2:]),
    flops=lambda out, x: 2 * prod(x),
)
_put_back = op(
    "max_pool_backward",
    lambda xp, y, x, places: into_planes(xp, y, places, x.shape[2:], xp.scatter_add),
    # With the indices given it is linear in the gradient, and does not depend on the input.
    vjp=(lambda g, places: pick(g, places), lambda g: g * 0, None),
)


# The arguments, checked


def batched(function: str, dims: int, input: Any) -> tuple[Any, bool]:
    """The input with a batch, and whether it had one."""
    shape = sizes_of(function, input)
    if len(shape) not in (dims + 1, dims + 2) or 0 in shape[-dims - 1 :]:
        raise RuntimeError(
            f"{function}: expected (batch, channels, {dims} sizes), or that without the batch, with nothing empty but "
            f"the batch, got shape {shape}"
        )
    return (input, True) if len(shape) == dims + 2 else (unsqueeze(input, 0), False)


def each(had_batch: bool, *results: Any) -> Any:
    """One result, or several as a tuple, without the batch if there was none."""
    found = results if had_batch else tuple([squeeze(r, 0) for r in results])
    return found if len(found) > 1 else found[0]


@lru_cache(256)
def _moved(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool) -> tuple[range, ...]:
    """For each window along a dimension its elements, of which some may lie outside."""
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    count = (room + (stride - 1 if ceil_mode else 0)) // stride + 1
    if ceil_mode and (count - 1) * stride >= size + padding:
        count -= 1  # the last window would begin behind the input
    starts = [p * stride - padding for p in range(count)]
    return tuple([range(start, start + dilation * (kernel - 1) + 1, dilation) for start in starts])


def _windows(
    function: str, sizes: Sequence[int], kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> list[tuple[range, ...]]:
    """The windows along each dimension."""
    dims = len(sizes)
    kernel = per_dimension(function, "kernel_size", kernel, dims, 1)
    stride = kernel if stride in (None, (), []) else per_dimension(function, "stride", stride, dims, 1)
    padding = per_dimension(function, "padding", padding, dims, 0)
    dilation = per_dimension(function, "dilation", dilation, dims, 1)
    if any(2 * p > d * (k - 1) + 1 for k, p, d in zip(kernel, padding, dilation, strict=True)):
        raise RuntimeError(f"{function}: padding {padding} is more than half of the kernel {kernel}")
    found = [
        _moved(*numbers, bool(ceil_mode)) for numbers in zip(sizes, kernel, stride, padding, dilation, strict=True)
    ]
    if not all(found):
        raise RuntimeError(
            f"{function}: windows of {kernel} with dilation {dilation} do not fit an input of {tuple(sizes)}"
        )
    return found


@lru_cache(256)
def _seen(windows: tuple[range, ...], size: int) -> Table:
    return Table([[(place, 1.0) for place in window if 0 <= place < size] for window in windows], size)


@lru_cache(256)
def _averaged(windows: tuple[range, ...], size: int, padding: int, include: bool | None) -> Table:
    """Averages; of the padding too if `include`; sums if that is None."""
    rows = []
    for window in windows:
        inside = [place for place in window if 0 <= place < size]
        count = min(window.stop, size + padding) - window.start if include else len(inside)
        rows.append([(place, 1.0 if include is None else 1.0 / count) for place in inside])
    return Table(rows, size)


@lru_cache(256)
def _shares(size: int, count: int) -> tuple[range, ...]:
    """The windows of adaptive pooling: `size` elements cut into `count` parts that may overlap by one."""
    return tuple([range(k * size // count, -(-(k + 1) * size // count)) for k in range(count)])


# Averages


def _avg_pool(
    dims: int,
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None = None,
) -> Any:
    name = f"avg_pool{dims}d"
    x, had_batch = batched(name, dims, input)
    windows = _windows(name, x.shape[2:], kernel_size, stride, padding, 1, ceil_mode)
    if divisor == 0:
        raise RuntimeError(f"{name}: divisor_override must not be 0")
    around = per_dimension(name, "padding", padding, dims, 0)
    for k in range(dims):
        include = None if divisor is not None else bool(count_include_pad)
        x = resample(x, rows=_averaged(windows[k], x.shape[k + 2], around[k], include), dim=k + 2)
    return each(had_batch, x if divisor is None else x / divisor)


def avg_pool1d(
    input: Any, kernel_size: Numbers, stride: Numbers | None = None, padding: Numbers = 0, ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:  # fmt: skip
    """Averages over windows of the last dimension; see `avg_pool2d`."""
    return _avg_pool(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad)


def avg_pool2d(
    input: Any, kernel_size: Numbers, stride: Numbers | None = None, padding: Numbers = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Any:  # fmt: skip
    """Averages over windows of the last two dimensions.

    Args:
        input: (batch, channels, h, w), or without the batch.
        kernel_size: the sizes of a window; an int, or one for each dimension, as the following.
        stride: steps between windows; the kernel's sizes if not given.
        padding: zeros around the input, at most half of the kernel.
        ceil_mode: also take a last window that reaches over the edge.
        count_include_pad: divide by the number of elements with those of the padding.
        divisor_override: what to divide by instead.

    Raises:
        RuntimeError: shapes and numbers do not fit together.
    """
    return _avg_pool(2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def avg_pool3d(
    input: Any, kernel_size: Numbers, stride: Numbers | None = None, padding: Numbers = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Any:  # fmt: skip
    """Averages over windows of the last three dimensions; see `avg_pool2d`."""
    return _avg_pool(3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def _lp_pool(dims: int, input: Any, p: float, kernel_size: Any, stride: Any, ceil_mode: bool) -> Any:
    count = prod(per_dimension(f"lp_pool{dims}d", "kernel_size", kernel_size, dims, 1))
    mean = _avg_pool(dims, pow(input, p), kernel_size, stride, 0, ceil_mode, True)
    nothing = mean == 0  # where the root has no finite derivative: its gradient is 0
    return choose(nothing, 0.0, pow(choose(nothing, 1.0, mean) * count, 1.0 / p))


def lp_pool1d(
    input: Any, norm_type: float, kernel_size: Numbers, stride: Numbers | None = None, ceil_mode: bool = False
) -> Any:
    """Over windows of the last dimension the p-th root of the sum of p-th powers, p being `norm_type`. Other arguments
    and errors as for `avg_pool1d`."""
    return _lp_pool(1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: Any, norm_type: float, kernel_size: Numbers, stride: Numbers | None = None, ceil_mode: bool = False
) -> Any:
    """`lp_pool1d` over windows of the last two dimensions."""
    return _lp_pool(2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: Any, norm_type: float, kernel_size: Numbers, stride: Numbers | None = None, ceil_mode: bool = False
) -> Any:
    """`lp_pool1d` over windows of the last three dimensions."""
    return _lp_pool(3, input, norm_type, kernel_size, stride, ceil_mode)


def _adaptive(function: str, dims: int, input: Any, output_size: Any) -> tuple[Any, bool, list[tuple[range, ...]]]:
    """The input with a batch, whether it had one, and the windows along each dimension."""
    shape = sizes_of(function, input)
    wanted = output_size if isinstance(output_size, (tuple, list)) else (output_size,) * dims
    if len(shape) <= len(wanted) and dims > 1:
        raise ValueError(f"{function}: expected an input with {dims + 1} or {dims + 2} dimensions, got shape {shape}")
    if len(wanted) != dims:
        raise RuntimeError(f"{function}: output_size must be an int or {dims} of them, got {output_size!r}")
    x, had_batch = batched(function, dims, input)
    counts = [size if want is None else want for want, size in zip(wanted, x.shape[2:], strict=True)]
    if min(integers(function, "output_size", counts)) < 0:
        raise RuntimeError(f"{function}: sizes cannot be negative, got {output_size!r}")
    return x, had_batch, [_shares(size, count) for size, count in zip(x.shape[2:], counts, strict=True)]


def _adaptive_avg_pool(dims: int, input: Any, output_size: Any) -> Any:
    x, had_batch, windows = _adaptive(f"adaptive_avg_pool{dims}d", dims, input, output_size)
    if all(len(along) == 1 for along in windows):
        return each(had_batch, average(x, dims=tuple(range(2, dims + 2)), keepdim=True))
    for k in range(dims):
        x = resample(x, rows=_averaged(windows[k], x.shape[k + 2], 0, False), dim=k + 2)
    return each(had_batch, x)


def adaptive_avg_pool1d(input: Any, output_size: Optional) -> Any:
    """The last dimension cut into `output_size` parts, and averaged over each; see `adaptive_avg_pool2d`."""
    return _adaptive_avg_pool(1, input, output_size)


def adaptive_avg_pool2d(input: Any, output_size: Optional) -> Any:
    """The last two dimensions cut into as many parts as wanted, and averaged over each.

    Args:
        input: (batch, channels, h, w), or without the batch.
        output_size: an int, or one for each dimension; None keeps a size.

    Raises:
        RuntimeError, ValueError: the shape or the sizes do not fit.
    """
    return _adaptive_avg_pool(2, input, output_size)


def adaptive_avg_pool3d(input: Any, output_size: Optional) -> Any:
    """The last three dimensions cut into as many parts as wanted, and averaged over each; see `adaptive_avg_pool2d`."""
    return _adaptive_avg_pool(3, input, output_size)


# Largest elements


def _max_over(function: str, x: Any, had_batch: bool, windows: list[tuple[range, ...]], return_indices: bool) -> Any:
    lines = tuple([_seen(along, size) for along, size in zip(windows, x.shape[2:], strict=True)])
    if not all(all(line.rows) for line in lines):
        raise RuntimeError(f"{function}: a window lies in the padding with all its elements; use a smaller dilation")
    if not return_indices:
        return each(had_batch, _max_pool(x, lines=lines))
    places = _where_largest(x, lines=lines)
    return each(had_batch, pick(x, places), places)


def _max_pool_over(
    dims: int, input: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool, indices: bool
) -> Any:
    name = f"max_pool{dims}d"
    x, had_batch = batched(name, dims, input)
    windows = _windows(name, x.shape[2:], kernel_size, stride, padding, dilation, ceil_mode)
    return _max_over(name, x, had_batch, windows, indices)


def max_pool1d(
    input: Any, kernel_size: Numbers, stride: Numbers | None = None, padding: Numbers = 0, dilation: Numbers = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """The largest elements of windows of the last dimension; see `max_pool2d`."""
    return _max_pool_over(1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(
    input: Any, kernel_size: Numbers, stride: Numbers | None = None, padding: Numbers = 0, dilation: Numbers = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """The largest elements of windows of the last two dimensions; the gradient goes to the first of equals.

    Args:
        input: (batch, channels, h, w), or without the batch.
        kernel_size: the sizes of a window; an int, or one for each dimension, as the following.
        stride: steps between windows; the kernel's sizes if not given.
        padding: how far windows reach over the edge, at most half of the kernel; nothing is found there.
        dilation: steps between the elements of a window.
        ceil_mode: also take a last window that reaches over the edge.
        return_indices: return `(values, indices)`, the latter counting the elements of a channel in row-major order.

    Raises:
        RuntimeError: shapes and numbers do not fit together.
    """
    return _max_pool_over(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(
    input: Any, kernel_size: Numbers, stride: Numbers | None = None, padding: Numbers = 0, dilation: Numbers = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """The largest elements of windows of the last three dimensions; see `max_pool2d`."""
    return _max_pool_over(3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d_with_indices_backward(
    grad_output: Any, self: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool,
    indices: Any,
) -> Any:  # fmt: skip
    """The gradient of `max_pool2d` with respect to its input `self`, given its indices."""
    if sizes_of("max_pool2d_with_indices_backward", grad_output) != tuple(indices.shape):
        raise RuntimeError(
            f"max_pool2d_with_indices_backward: a gradient of shape {tuple(grad_output.shape)} does not fit indices of "
            f"shape {tuple(indices.shape)}"
        )
    g, had_batch = batched("max_pool2d_with_indices_backward", 2, grad_output)
    if had_batch:
        return _put_back(g, self, indices)
    return squeeze(_put_back(g, unsqueeze(self, 0), unsqueeze(indices, 0)), 0)


def _adaptive_max_pool(dims: int, input: Any, output_size: Any, return_indices: bool) -> Any:
    name = f"adaptive_max_pool{dims}d"
    return _max_over(name, *_adaptive(name, dims, input, output_size), return_indices)


def adaptive_max_pool1d(input: Any, output_size: Optional, return_indices: bool = False) -> Any:
    """The last dimension cut into `output_size` parts, and the largest element of each; see `adaptive_max_pool2d`."""
    return _adaptive_max_pool(1, input, output_size, return_indices)


def adaptive_max_pool2d(input: Any, output_size: Optional, return_indices: bool = False) -> Any:
    """The last two dimensions cut into as many parts as wanted, and the largest element of each.

    Args and errors: as for `adaptive_avg_pool2d`, and `return_indices` as for `max_pool2d`.
    """
    return _adaptive_max_pool(2, input, output_size, return_indices)


def adaptive_max_pool3d(input: Any, output_size: Optional, return_indices: bool = False) -> Any:
    """The last three dimensions cut into as many parts as wanted, and the largest element of each; see
    `adaptive_max_pool2d`."""
    return _adaptive_max_pool(3, input, output_size, return_indices)


__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d",
    "adaptive_max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d", "lp_pool1d", "lp_pool2d", "lp_pool3d",
    "max_pool1d", "max_pool2d", "max_pool2d_with_indices_backward", "max_pool3d",
]  # fmt: skip

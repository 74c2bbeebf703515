"""Max pooling over windows at random places, for output sizes that are a fraction of the input's.

Graham, Fractional Max-Pooling, 2014. Where the windows begin follows from one random number for each image, channel
and dimension.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Any

from ...backends import Array, backend_of
from ..op import op
from ..random import stream_of
from ..tensor import Tensor, from_array
from .dims import integers, sizes_of
from .picking import pick
from .pooling import batched, each, lowest
from .windows import per_dimension

Numbers = int | Sequence[int]


def _starts(xp: Any, u: Array, size: int, count: int, length: int) -> Array:
    """Where `count` windows of `length` begin, the last at the end: (images, channels, count)."""
    last = xp.full((*u.shape, 1), size - length, xp.int64)
    if count == 1:
        return last
    apart = (size - length) / (count - 1)
    begin = ((xp.arange(count - 1) + u[..., None]) * apart).astype(xp.int64) - (u * apart).astype(xp.int64)[..., None]
    return xp.concatenate((begin, last), axis=-1)


def _places(xp: Any, x: Array, samples: Array, *, counts: tuple[int, ...], kernel: tuple[int, ...]) -> Array:
    images, channels, *sizes = x.shape
    dims = len(sizes)
    below = [prod(sizes[k + 1 :]) for k in range(dims)]
    # Two dimensions have their random numbers in the order of width and height.
    order = (1, 0) if dims == 2 else range(dims)
    corner = xp.zeros((images, channels, *(1,) * dims), xp.int64)
    for k in range(dims):
        starts = _starts(xp, samples[:, :, order[k]], sizes[k], counts[k], kernel[k]) * below[k]
        corner = corner + starts.reshape(images, channels, *(1,) * k, counts[k], *(1,) * (dims - k - 1))
    flat = x.reshape(-1)
    planes = (xp.arange(images * channels) * prod(sizes)).reshape(images, channels, *(1,) * dims)
    best, found = xp.full(corner.shape, lowest(xp, x.dtype), x.dtype), corner
    for tap in reversed(list(product(*map(range, kernel)))):
        place = corner + sum(k * step for k, step in zip(tap, below, strict=True))
        new = flat.take(place + planes)
        better = xp.logical_and(xp.logical_not(new < best), best == best)
        found = xp.where(better, place, found)
        best = xp.maximum(best, new)
    return found


_where_largest = op("fractional_max_pool_indices", _places)


def _fractional(
    dims: int, input: Any, kernel_size: Any, output_size: Any, output_ratio: Any, return_indices: bool, samples: Any
) -> Any:
    name = f"fractional_max_pool{dims}d"
    x, had_batch = batched(name, dims, input)
    sizes = tuple(x.shape[2:])
    kernel = per_dimension(name, "kernel_size", kernel_size, dims, 1)
    if (output_size is None) == (output_ratio is None):
        raise ValueError(f"{name}: give either output_size or output_ratio")
    if output_ratio is not None:
        ratios = tuple(output_ratio) if isinstance(output_ratio, (tuple, list)) else (output_ratio,) * dims
        if len(ratios) != dims or not all(0 < ratio < 1 for ratio in ratios):
            raise ValueError(f"{name}: output_ratio must be {dims} numbers between 0 and 1, got {output_ratio!r}")
        output_size = [int(size * ratio) for size, ratio in zip(sizes, ratios, strict=True)]
    counts = per_dimension(name, "output_size", integers(name, "output_size", output_size), dims, 1)
    if any(count + length - 1 > size for count, length, size in zip(counts, kernel, sizes, strict=True)):
        raise RuntimeError(f"{name}: {counts} windows of {kernel} do not fit an input of {sizes}")
    if samples is None:
        backend = backend_of(x._array if isinstance(x, Tensor) else x)
        samples = from_array(stream_of(backend).random((*x.shape[:2], dims), x.dtype))
    elif sizes_of(name, samples) != (*x.shape[:2], dims):
        raise RuntimeError(f"{name}: expected {(*x.shape[:2], dims)} random samples, got {tuple(samples.shape)}")
    places = _where_largest(x, samples, counts=counts, kernel=kernel)
    values = pick(x, places)
    return each(had_batch, values, places) if return_indices else each(had_batch, values)


def fractional_max_pool2d(
    input: Any, kernel_size: Numbers, output_size: Numbers | None = None, output_ratio: Any = None,
    return_indices: bool = False, _random_samples: Any = None,
) -> Any:  # fmt: skip
    """The largest elements of windows that lie at random places, about equally far apart.

    Args:
        input: (batch, channels, h, w), or without the batch.
        kernel_size: the sizes of a window; an int, or one for each dimension.
        output_size: how many windows, so too.
        output_ratio: or what part of the input's sizes that is.
        return_indices: return `(values, indices)`, as `max_pool2d`.
        _random_samples: the random numbers, (batch, channels, 2), uniform in [0, 1).

    Raises:
        RuntimeError, ValueError: shapes and numbers do not fit together.
    """
    return _fractional(2, input, kernel_size, output_size, output_ratio, return_indices, _random_samples)


def fractional_max_pool3d(
    input: Any, kernel_size: Numbers, output_size: Numbers | None = None, output_ratio: Any = None,
    return_indices: bool = False, _random_samples: Any = None,
) -> Any:  # fmt: skip
    """The largest elements of windows of the last three dimensions at random places; see `fractional_max_pool2d`."""
    return _fractional(3, input, kernel_size, output_size, output_ratio, return_indices, _random_samples)


__all__ = ["fractional_max_pool2d", "fractional_max_pool3d"]

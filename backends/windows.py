"""Windows that move over the last dimensions of an array: what a convolution, a pooling and an unfolding look through.

Along one dimension, element `k` of window `p` is element `p * stride + k * dilation - padding` of the input, or lies in
the padding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple


class Window(NamedTuple):
    """How windows move, per dimension. `padding` counts the elements that the first window reaches over the edge; it
    may be negative."""

    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]


def overlap(offset: int, stride: int, size: int, count: int) -> tuple[slice, slice]:
    """Of `count` windows along a dimension of `size` elements, those whose element number `p * stride + offset` lies
    inside, and where these elements are."""
    first = max(-(offset // stride), 0)
    last = min((size - 1 - offset) // stride + 1, count)
    if last <= first:
        return slice(0, 0), slice(0, 0)
    start = first * stride + offset
    return slice(first, last), slice(start, (last - 1) * stride + offset + 1, stride)


Place = tuple[slice, ...]


def taps(
    kernel: Sequence[int], sizes: Sequence[int], counts: Sequence[int], window: Window
) -> Iterator[tuple[Place, Place]]:
    """For each element of a window in row-major order: the windows in which it lies inside the input, and where in the
    input it lies."""
    along = [
        [overlap(k * dilation - padding, stride, size, count) for k in range(length)]
        for length, size, count, stride, padding, dilation in zip(kernel, sizes, counts, *window, strict=True)
    ]
    for tap in product(*along):
        yield tuple([windows for windows, _ in tap]), tuple([elements for _, elements in tap])


__all__ = ["Place", "Window", "overlap", "taps"]

"""Convolution in any number of dimensions, and the two linear maps that are its derivatives.

    y[n, o, p] = sum over c and k of  x[n, c, p * stride + k * dilation - padding] * w[o, c, k]

(which mathematics calls a correlation; x is 0 outside). Given two of x, w and y, each function computes what the
third would be: `convolution` y, `convolution_input` x, `convolution_weight` w. Every one is linear in both arguments
and the other two are its derivatives. With `groups`, the channels of x and of y are cut into as many parts, and each
part of y sees its part of x only.

What one y sees is laid out as a column, so that all becomes products of matrices (im2col). Where the stride along the
first dimension is 1, a step along it shifts the columns as a whole: the taps of the kernel along it are products with
shifted views of the same matrix, and only the others cost copies.

`xp.in_batches` goes through a batch of images: at once on a device; on the host a few at a time, which stay in the
cache, in several threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from math import prod
from typing import Any

from .base import Array
from .windows import Window, overlap, taps


def _in_single(function: Callable[..., Array]) -> Callable[..., Array]:
    """Of half precision computes in single."""

    @wraps(function)
    def kernel(xp: Any, a: Array, b: Array, shape: tuple[int, ...], window: Window, groups: int) -> Array:
        if a.dtype.itemsize > 2 or a.dtype.kind in "iu":
            return function(xp, a, b, shape, window, groups)
        return function(xp, a.astype(xp.float32), b.astype(xp.float32), shape, window, groups).astype(a.dtype)

    return kernel


class _Columns:
    """How columns are laid out, per image: (groups, taps that are copied, channels of a group, rows, the other
    dimensions of y)."""

    def __init__(
        self,
        channels: int,
        outputs: int,
        sizes: tuple[int, ...],
        counts: tuple[int, ...],
        kernel: tuple[int, ...],
        window: Window,
        groups: int,
    ) -> None:
        self.weight_shape = (outputs, channels // groups, *kernel)
        # Adding up what the taps along the first dimension give is worth it if there are fewer sums than copies.
        if window.stride[0] != 1 or outputs > channels * prod(kernel[1:]):
            sizes, counts, kernel = (1, *sizes), (1, *counts), (1, *kernel)
            window = Window((1, *window.stride), (0, *window.padding), (1, *window.dilation))
        self.channels, self.outputs, self.groups = channels, outputs, groups
        self.sizes, self.length = sizes, prod(counts)
        self.shifts, self.copied = kernel[0], prod(kernel[1:])
        self.step = window.dilation[0] * prod(counts[1:])
        rows = counts[0] + window.dilation[0] * (kernel[0] - 1)
        self.shape = (groups, self.copied, channels // groups, rows, *counts[1:])
        self.matrix_shape = (self.shifts, groups, outputs // groups, self.copied * (channels // groups))
        first = overlap(-window.padding[0], 1, sizes[0], rows)
        rest = Window(*[values[1:] for values in window])
        self.places = [
            ((..., tap, slice(None), first[0], *to), (..., first[1], *source))
            for tap, (to, source) in enumerate(taps(kernel[1:], sizes[1:], counts[1:], rest))
        ]

    def filled(self, columns: Array, x: Array) -> Iterator[Array]:
        """Copies images into columns (whose padding is 0 and stays so), and gives for each tap along the first
        dimension what it sees, (images, groups, rows of a matrix, windows)."""
        images, inputs = x.shape[0], self.channels // self.groups
        x = x.reshape(images, self.groups, inputs, *self.sizes)
        columns = columns[:images]
        for to, source in self.places:
            columns[to] = x[source]
        flat = columns.reshape(images, self.groups, self.copied * inputs, prod(self.shape[3:]))
        for shift in range(self.shifts):
            yield flat[..., shift * self.step : shift * self.step + self.length]

    def weights(self, weight: Array) -> Array:
        """A kernel as the matrices to multiply these with, of `matrix_shape`: (taps, groups, outputs of a group,
        rows)."""
        groups, inputs, outputs = self.groups, self.channels // self.groups, self.outputs // self.groups
        w = weight.reshape(groups, outputs, inputs, self.shifts, self.copied)
        return w.transpose(3, 0, 1, 4, 2).reshape(self.matrix_shape)

    def kernel(self, matrices: Array) -> Array:
        """The reverse of `weights`."""
        groups, inputs, outputs = self.groups, self.channels // self.groups, self.outputs // self.groups
        w = matrices.reshape(self.shifts, groups, outputs, self.copied, inputs)
        return w.transpose(1, 2, 4, 0, 3).reshape(self.weight_shape)


Work = Callable[[int, int], None]


@_in_single
def convolution(xp: Any, x: Array, weight: Array, counts: tuple[int, ...], window: Window, groups: int) -> Array:
    """y of shape (n, o, *counts) from x of shape (n, c, ...) and w of shape (o, c / groups, ...)."""
    images, outputs = x.shape[0], weight.shape[0]
    layout = _Columns(x.shape[1], outputs, x.shape[2:], counts, weight.shape[2:], window, groups)
    matrices = layout.weights(weight)
    out = xp.empty((images, groups, outputs // groups, layout.length), x.dtype)

    def make(most: int) -> Work:
        columns = xp.zeros((most, *layout.shape), x.dtype)

        def work(first: int, last: int) -> None:
            total = None
            for matrix, seen in zip(matrices, layout.filled(columns, x[first:last]), strict=True):
                part = xp.matmul(matrix, seen)
                if total is None:
                    total = part
                else:
                    total += part
            out[first:last] = total

        return work

    xp.in_batches(images, prod(layout.shape) * x.dtype.itemsize, weight.size * layout.length, make)
    return out.reshape(images, outputs, *counts)


@_in_single
def convolution_input(xp: Any, g: Array, weight: Array, sizes: tuple[int, ...], window: Window, groups: int) -> Array:
    """x of shape (n, c, *sizes) from y and w: to each x what the windows that see it give (a transposed
    convolution)."""
    images, outputs, *counts = g.shape
    inputs, *kernel = weight.shape[1:]
    if max(window.stride) == 1:
        # Then it is a convolution itself, with the kernel reversed and its channels exchanged.
        reverse = weight[(..., *[slice(None, None, -1)] * len(kernel))]
        grouped = reverse.reshape(groups, outputs // groups, inputs, *kernel).swapaxes(1, 2)
        reach = [(k - 1) * d - p for k, d, p in zip(kernel, window.dilation, window.padding, strict=True)]
        exchanged = grouped.reshape(groups * inputs, outputs // groups, *kernel)
        return convolution(xp, g, exchanged, sizes, window._replace(padding=tuple(reach)), groups)
    rows, length = prod(kernel) * inputs, prod(counts)
    matrix = weight.reshape(groups, outputs // groups, inputs, prod(kernel)).transpose(0, 3, 2, 1)
    matrix = matrix.reshape(groups, rows, outputs // groups)
    places = list(taps(kernel, sizes, counts, window))
    out = xp.zeros((images, groups, inputs, *sizes), g.dtype)

    def work(first: int, last: int) -> None:
        seen = xp.matmul(matrix, g[first:last].reshape(last - first, groups, outputs // groups, length))
        seen = seen.reshape(last - first, groups, prod(kernel), inputs, *counts)
        for tap, (windows, elements) in enumerate(places):
            out[(slice(first, last), ..., *elements)] += seen[(slice(None), slice(None), tap, ..., *windows)]

    xp.in_batches(images, groups * rows * length * g.dtype.itemsize, weight.size * length, lambda most: work)
    return out.reshape(images, groups * inputs, *sizes)


@_in_single
def convolution_weight(xp: Any, x: Array, g: Array, kernel: tuple[int, ...], window: Window, groups: int) -> Array:
    """w of shape (o, c / groups, *kernel) from x and y."""
    images, outputs = g.shape[:2]
    layout = _Columns(x.shape[1], outputs, x.shape[2:], g.shape[2:], kernel, window, groups)
    rows = g.reshape(images, groups, outputs // groups, layout.length)
    sums: list[Array] = []

    def make(most: int) -> Work:
        columns = xp.zeros((most, *layout.shape), x.dtype)
        total = xp.zeros(layout.matrix_shape, g.dtype)
        sums.append(total)

        def work(first: int, last: int) -> None:
            for shift, seen in enumerate(layout.filled(columns, x[first:last])):
                total[shift] += xp.sum(xp.matmul(rows[first:last], seen.swapaxes(-1, -2)), axis=0)

        return work

    xp.in_batches(images, prod(layout.shape) * x.dtype.itemsize, prod(layout.weight_shape) * layout.length, make)
    total = sums[0]
    for part in sums[1:]:
        total += part
    return layout.kernel(total)


__all__ = ["convolution", "convolution_input", "convolution_weight"]

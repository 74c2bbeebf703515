"""`nn.functional.unfold` and `fold`: an image as the columns of what its windows see, and back.

Each is the other's transpose. (`Tensor.unfold`, windows along one dimension, stands in `rearrange.py`.)
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from ...backends import Array
from ...backends.windows import Window, taps
from ..op import op
from .dims import integers, sizes_of
from .shape import squeeze, unsqueeze

Sizes = tuple[int, ...]


def _unfolded(xp: Any, x: Array, *, kernel: Sizes, counts: Sizes, window: Window) -> Array:
    images, channels, *sizes = x.shape
    columns = xp.zeros((images, channels, prod(kernel), *counts), x.dtype)
    for tap, (windows, elements) in enumerate(taps(kernel, sizes, counts, window)):
        columns[(slice(None), slice(None), tap, *windows)] = x[(..., *elements)]
    return columns.reshape(images, channels * prod(kernel), prod(counts))


def _folded(xp: Any, x: Array, *, sizes: Sizes, kernel: Sizes, counts: Sizes, window: Window) -> Array:
    channels = x.shape[1] // prod(kernel)
    columns = x.reshape(x.shape[0], channels, prod(kernel), *counts)
    out = xp.zeros((x.shape[0], channels, *sizes), x.dtype)
    for tap, (windows, elements) in enumerate(taps(kernel, sizes, counts, window)):
        out[(..., *elements)] += columns[(slice(None), slice(None), tap, *windows)]
    return out


_unfold = op(
    "im2col",
    _unfolded,
    vjp=lambda g, x_shape, kernel, counts, window: _fold(
        g, sizes=x_shape[2:], kernel=kernel, counts=counts, window=window
    ),
    linear=True,
)
_fold = op(
    "col2im",
    _folded,
    vjp=lambda g, kernel, counts, window: _unfold(g, kernel=kernel, counts=counts, window=window),
    linear=True,
)


def per_dimension(function: str, name: str, value: Any, dims: int, least: int) -> tuple[int, ...]:
    """One int for each spatial dimension, none below `least`.

    Raises:
        RuntimeError: there is another number of them, or one is less.
        TypeError: they are no ints.
    """
    found = integers(function, name, value)
    found = found * dims if len(found) == 1 else found
    if len(found) != dims or min(found) < least:
        raise RuntimeError(f"{function}: {name} must be an int or {dims} of them, {least} at least, got {value!r}")
    return found


def _moved(
    function: str, sizes: Sizes, kernel_size: Any, dilation: Any, padding: Any, stride: Any
) -> tuple[Sizes, Sizes, Window]:
    """The kernel, the numbers of windows, and how they move."""
    kernel = per_dimension(function, "kernel_size", kernel_size, 2, 1)
    window = Window(
        per_dimension(function, "stride", stride, 2, 1),
        per_dimension(function, "padding", padding, 2, 0),
        per_dimension(function, "dilation", dilation, 2, 1),
    )
    counts = tuple([
        (size + 2 * p - d * (k - 1) - 1) // s + 1 for size, k, s, p, d in zip(sizes, kernel, *window, strict=True)
    ])  # fmt: skip
    if min(counts) < 1:
        raise RuntimeError(f"{function}: windows of {kernel} do not fit an image of {sizes}: {window}")
    return kernel, counts, window


def unfold(
    input: Any,
    kernel_size: int | Sequence[int],
    dilation: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    stride: int | Sequence[int] = 1,
) -> Any:
    """What each window over an image sees, as a column.

    Args:
        input: (batch, channels, h, w), or without the batch.
        kernel_size: the sizes of a window; an int, or one for each dimension, as the following.
        dilation: steps between the elements of a window.
        padding: zeros around the image.
        stride: steps between windows.

    Returns:
        (batch, channels * elements of a window, windows), or without the batch.

    Raises:
        RuntimeError: shapes and numbers do not fit together.
    """
    shape = sizes_of("unfold", input)
    if len(shape) not in (3, 4) or 0 in shape[-3:]:
        raise RuntimeError(f"unfold: expected (batch, channels, h, w) or (channels, h, w), got shape {shape}")
    kernel, counts, window = _moved("unfold", shape[-2:], kernel_size, dilation, padding, stride)
    x = input if len(shape) == 4 else unsqueeze(input, 0)
    columns = _unfold(x, kernel=kernel, counts=counts, window=window)
    return columns if len(shape) == 4 else squeeze(columns, 0)


def fold(
    input: Any,
    output_size: int | Sequence[int],
    kernel_size: int | Sequence[int],
    dilation: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    stride: int | Sequence[int] = 1,
) -> Any:
    """Columns added up to an image: the transpose of `unfold`, and its inverse where windows do not overlap.

    Args:
        input: (batch, channels * elements of a window, windows), or without the batch.
        output_size: height and width of the image.
        kernel_size, dilation, padding, stride: as for `unfold`.

    Returns:
        (batch, channels, h, w), or without the batch.

    Raises:
        RuntimeError: shapes and numbers do not fit together.
    """
    shape = sizes_of("fold", input)
    sizes = per_dimension("fold", "output_size", output_size, 2, 1)
    kernel, counts, window = _moved("fold", sizes, kernel_size, dilation, padding, stride)
    if len(shape) not in (2, 3) or shape[-1] != prod(counts) or shape[-2] % prod(kernel) or not shape[-2]:
        raise RuntimeError(
            f"fold: windows of {kernel} over {sizes} need {prod(counts)} columns, and rows in multiples of "
            f"{prod(kernel)}; got shape {shape}"
        )
    x = input if len(shape) == 3 else unsqueeze(input, 0)
    image = _fold(x, sizes=sizes, kernel=kernel, counts=counts, window=window)
    return image if len(shape) == 3 else squeeze(image, 0)


__all__ = ["fold", "unfold"]

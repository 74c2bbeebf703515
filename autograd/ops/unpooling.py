"""Max pooling undone, as far as it can be: what was the largest goes back to where it was found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .dims import integers, sizes_of
from .picking import assign
from .pooling import batched, each
from .shape import unsqueeze
from .windows import per_dimension

Numbers = int | Sequence[int]


def _unpool(dims: int, input: Any, indices: Any, kernel_size: Any, stride: Any, padding: Any, output_size: Any) -> Any:
    name = f"max_unpool{dims}d"
    if sizes_of(name, indices) != sizes_of(name, input):
        raise RuntimeError(
            f"{name}: the indices must have the input's shape {tuple(input.shape)}, got {tuple(indices.shape)}"
        )
    x, had_batch = batched(name, dims, input)
    kernel = per_dimension(name, "kernel_size", kernel_size, dims, 1)
    stride = kernel if stride in (None, (), []) else per_dimension(name, "stride", stride, dims, 1)
    padding = per_dimension(name, "padding", padding, dims, 0)
    sizes = tuple([
        (n - 1) * s - 2 * p + k for n, k, s, p in zip(x.shape[2:], kernel, stride, padding, strict=True)
    ])  # fmt: skip
    if output_size is not None:
        wanted = integers(name, "output_size", output_size)
        wanted = wanted[2:] if len(wanted) == dims + 2 else wanted
        if len(wanted) != dims or any(abs(w - n) >= s for w, n, s in zip(wanted, sizes, stride, strict=True)):
            raise ValueError(
                f"{name}: windows of {kernel}, {stride} apart, come from sizes {sizes}, or less than a stride "
                f"beside; got output_size {output_size!r}"
            )
        sizes = wanted
    return each(had_batch, assign(x, indices if had_batch else unsqueeze(indices, 0), sizes=sizes))


def max_unpool1d(
    input: Any, indices: Any, kernel_size: Numbers, stride: Numbers | None = None, padding: Numbers = 0,
    output_size: Sequence[int] | None = None,
) -> Any:  # fmt: skip
    """The values of `max_pool1d` back in their places; see `max_unpool2d`."""
    return _unpool(1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Any, indices: Any, kernel_size: Numbers, stride: Numbers | None = None, padding: Numbers = 0,
    output_size: Sequence[int] | None = None,
) -> Any:  # fmt: skip
    """The values of `max_pool2d` back in their places, and zeros elsewhere.

    Args:
        input, indices: what `max_pool2d(..., return_indices=True)` gave.
        kernel_size, stride, padding: what it was given.
        output_size: the sizes of its input, as several give the same after a stride; the smallest without padding, if
            not given.

    Raises:
        IndexError: an index lies outside.
        RuntimeError, ValueError: shapes and numbers do not fit together.
    """
    return _unpool(2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Any, indices: Any, kernel_size: Numbers, stride: Numbers | None = None, padding: Numbers = 0,
    output_size: Sequence[int] | None = None,
) -> Any:  # fmt: skip
    """The values of `max_pool3d` back in their places; see `max_unpool2d`."""
    return _unpool(3, input, indices, kernel_size, stride, padding, output_size)


__all__ = ["max_unpool1d", "max_unpool2d", "max_unpool3d"]

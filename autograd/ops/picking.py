"""Elements of images picked by their places, and put there: places count the elements of one image and channel in
row-major order, as the indices do that max pooling gives."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from ...backends import Array
from ..op import op


def _flat(xp: Any, places: Array, images: int, channels: int, length: int) -> Array:
    """Places in an array of all images and channels, from (images, channels or 1, ...)."""
    starts = xp.arange(images * channels).reshape(images, channels, 1) * length
    each = places.reshape(places.shape[0], places.shape[1], prod(places.shape[2:]))
    return (starts + each).reshape(-1)


def _picked(xp: Any, x: Array, places: Array) -> Array:
    images, channels = x.shape[:2]
    length = prod(x.shape[2:])
    found = x.reshape(-1).take(_flat(xp, places, images, channels, length))
    return found.reshape(images, channels, *places.shape[2:])


def _put(xp: Any, x: Array, places: Array, *, sizes: tuple[int, ...]) -> Array:
    images, channels = x.shape[:2]
    length = prod(sizes)
    out = xp.zeros(images * channels * length, x.dtype)
    xp.scatter_add(out, _flat(xp, places, images, channels, length), x.reshape(-1))
    return out.reshape(images, channels, *sizes)


def into_planes(
    xp: Any, x: Array, places: Array, sizes: tuple[int, ...], write: Callable[[Array, Any, Array], None]
) -> Array:
    """Zeros of `sizes` into which `write(zeros, index, x)` has written `x` at `places`. These come from the caller, so
    one outside is an error, where NumPy sees it, and reaches no other channel."""
    planes = prod(x.shape[:2])
    out = xp.zeros((planes, prod(sizes)), x.dtype)
    index = xp.arange(planes).reshape(planes, 1), places.reshape(planes, prod(places.shape[2:]))
    write(out, index, x.reshape(index[1].shape))
    return out.reshape(*x.shape[:2], *sizes)


pick = op(
    "pick",
    _picked,
    vjp=(lambda g, places, x_shape: put(g, places, sizes=x_shape[2:]), None),
    doc="The elements of `x`, (images, channels, ...), at `places`, (images, channels or 1, ...).",
)
put = op(
    "put",
    _put,
    vjp=(lambda g, places: pick(g, places), None),
    doc="The transpose of `pick`: zeros of `sizes` to which the elements of `x` are added at `places`.",
)
assign = op(
    "assign",
    lambda xp, x, places, *, sizes: into_planes(xp, x, places, sizes, xp.scatter_set),
    vjp=(lambda g, places: pick(g, places), None),
    doc="Zeros of `sizes` but for the elements of `x` at `places`; of several for one place, one.",
)


__all__: list[str] = []

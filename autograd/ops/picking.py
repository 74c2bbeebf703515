"""Elements of images picked by their places, and put there: places count the elements of one image and channel in
row-major order, as the indices do that max pooling gives."""

from __future__ import annotations

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


def put_at(xp: Any, x: Array, places: Array, sizes: tuple[int, ...]) -> Array:
    """What `put` computes."""
    images, channels = x.shape[:2]
    length = prod(sizes)
    out = xp.zeros(images * channels * length, x.dtype)
    xp.scatter_add(out, _flat(xp, places, images, channels, length), x.reshape(-1))
    return out.reshape(images, channels, *sizes)


def _assigned(xp: Any, x: Array, places: Array, *, sizes: tuple[int, ...]) -> Array:
    images, channels = x.shape[:2]
    out = xp.zeros((images * channels, prod(sizes)), x.dtype)
    rows = xp.arange(images * channels).reshape(-1, 1)
    out[rows, places.reshape(images * channels, -1)] = x.reshape(images * channels, -1)
    return out.reshape(images, channels, *sizes)


pick = op(
    "pick",
    _picked,
    vjp=(lambda g, places, x_shape: put(g, places, sizes=x_shape[2:]), None),
    doc="The elements of `x`, (images, channels, ...), at `places`, (images, channels or 1, ...).",
)
put = op(
    "put",
    lambda xp, x, places, *, sizes: put_at(xp, x, places, sizes),
    vjp=(lambda g, places: pick(g, places), None),
    doc="The transpose of `pick`: zeros of `sizes` to which the elements of `x` are added at `places`.",
)
assign = op(
    "assign",
    _assigned,
    vjp=(lambda g, places: pick(g, places), None),
    doc="Zeros of `sizes` but for the elements of `x` at `places`; of several for one place, one.",
)


__all__: list[str] = []

"""Channels exchanged for resolution, and among themselves: rearrangements that networks for images use."""

from __future__ import annotations

from typing import Any

from .dims import integer, sizes_of
from .shape import permute, reshape


def _factor(function: str, name: str, value: Any, ndim: int, shape: tuple[int, ...]) -> int:
    factor = integer(function, name, value)
    if factor < 1 or len(shape) < ndim:
        raise RuntimeError(
            f"{function}: expected {ndim} dimensions or more and a positive {name}, got {shape}, {factor}"
        )
    return factor


def pixel_shuffle(input: Any, upscale_factor: int) -> Any:
    """(..., c r r, h, w) as (..., c, h r, w r): r r channels become a block of pixels (Shi et al. 2016).

    Raises:
        RuntimeError: there are fewer than three dimensions, or the channels are no multiple of r r.
    """
    shape = sizes_of("pixel_shuffle", input)
    r = _factor("pixel_shuffle", "upscale_factor", upscale_factor, 3, shape)
    *lead, channels, h, w = shape
    if channels % (r * r):
        raise RuntimeError(f"pixel_shuffle: {channels} channels are no multiple of {r} * {r}; got shape {shape}")
    n = len(lead)
    x = reshape(input, (*lead, channels // (r * r), r, r, h, w))
    x = permute(x, (*range(n), n, n + 3, n + 1, n + 4, n + 2))
    return reshape(x, (*lead, channels // (r * r), h * r, w * r))


def pixel_unshuffle(input: Any, downscale_factor: int) -> Any:
    """(..., c, h r, w r) as (..., c r r, h, w): the inverse of `pixel_shuffle`.

    Raises:
        RuntimeError: there are fewer than three dimensions, or height or width are no multiple of r.
    """
    shape = sizes_of("pixel_unshuffle", input)
    r = _factor("pixel_unshuffle", "downscale_factor", downscale_factor, 3, shape)
    *lead, channels, h, w = shape
    if h % r or w % r:
        raise RuntimeError(f"pixel_unshuffle: height and width must be multiples of {r}, got shape {shape}")
    n = len(lead)
    x = reshape(input, (*lead, channels, h // r, r, w // r, r))
    x = permute(x, (*range(n), n, n + 2, n + 4, n + 1, n + 3))
    return reshape(x, (*lead, channels * r * r, h // r, w // r))


def channel_shuffle(input: Any, groups: int) -> Any:
    """(batch, c, ...) with its channels as `groups` packs of cards that are dealt one from each in turn (Zhang et al.
    2018).

    Raises:
        RuntimeError: there are fewer than three dimensions, or the channels are no multiple of the groups.
    """
    shape = sizes_of("channel_shuffle", input)
    groups = _factor("channel_shuffle", "groups", groups, 3, shape)
    batch, channels, *rest = shape
    if channels % groups:
        raise RuntimeError(f"channel_shuffle: {channels} channels are no multiple of {groups} groups")
    x = reshape(input, (batch, groups, channels // groups, *rest))
    return reshape(permute(x, (0, 2, 1, *range(3, len(shape) + 1))), shape)


__all__ = ["channel_shuffle", "pixel_shuffle", "pixel_unshuffle"]

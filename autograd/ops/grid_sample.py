"""Images read at any places: `grid_sample`, and the grids of places that affine maps give.

Elements are picked by index and weighted by how near they are. The gradients to the image and to the grid follow from
those of picking and of arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Any

from ...backends import Array, dtypes
from ..op import op
from ..tensor import Tensor
from .arithmetic import cast, floor, fmod, round as rounded
from .comparison import choose
from .dims import sizes_of
from .elementwise import abs, fill
from .getitem import at
from .interpolation import cubic_weights
from .matmul import matmul
from .picking import pick
from .shape import reshape, unsqueeze

_MODES = ("bilinear", "nearest", "bicubic")
_PADDINGS = ("zeros", "border", "reflection")


def _held(x: Any) -> Any:
    """`x` as a constant."""
    return x.detach() if isinstance(x, Tensor) else x


def _into(x: Any, size: int) -> Any:
    """Moved to the edge, from outside; the edge itself has no gradient, as PyTorch decides it."""
    return choose(x > 0, choose(x < size - 1, x, float(size - 1)), 0.0)


def _reflected(x: Any, size: int, align_corners: bool) -> Any:
    """Reflected at the edges until it is inside: at the centres of the corner elements, or at their outer edges."""
    low, span = (0.0, size - 1.0) if align_corners else (-0.5, float(size))
    if span == 0:
        return x * 0
    away = abs(x - low)
    rest, even = fmod(away, span), fmod(floor(_held(away) / span), 2.0) == 0
    return choose(even, rest, span - rest) + low


def _padded(x: Any, size: int, padding: str, align_corners: bool) -> Any:
    if padding == "zeros":
        return x
    return _into(_reflected(x, size, align_corners) if padding == "reflection" else x, size)


def _read(input: Any, corner: tuple[Any, ...]) -> Any:
    """The elements at whole-numbered places, (images, ...) for each dimension; 0 outside."""
    sizes = input.shape[2:]
    places, inside = None, None
    for x, size in zip(corner, sizes, strict=True):
        here = (x >= 0) & (x <= size - 1)
        inside = here if inside is None else inside & here
        index = cast(choose(here, x, 0.0), dtype=dtypes.int64)
        places = index if places is None else places * size + index
    return choose(unsqueeze(inside, 1), pick(input, unsqueeze(places, 1)), 0.0)


def _weighted(input: Any, along: list[list[tuple[Any, Any]]]) -> Any:
    """The sum over all combinations of `(place, weight)`, one along each dimension."""
    total = None
    for corner in product(*along):
        weight = corner[0][1]
        for _, factor in corner[1:]:
            weight = weight * factor
        part = _read(input, tuple([x for x, _ in corner])) * unsqueeze(weight, 1)
        total = part if total is None else total + part
    return total


def _sampled(input: Any, grid: Any, mode: str, padding: str, align_corners: bool) -> Any:
    sizes = tuple(input.shape[2:])
    along, dims = [], len(sizes)
    for k, size in enumerate(sizes):
        x = at(grid, index=(..., dims - 1 - k))  # a place is written (x, y, z), from the last dimension to the first
        x = (x + 1) * ((size - 1) / 2) if align_corners else ((x + 1) * size - 1) * 0.5
        if mode == "bicubic":
            first = floor(_held(x))
            weights = cubic_weights(x - first)
            near = [_padded(first + (j - 1), size, padding, align_corners) for j in range(4)]
            along.append(list(zip(near, weights, strict=True)))
            continue
        x = _padded(x, size, padding, align_corners)
        if mode == "nearest":
            along.append([(rounded(_held(x)), fill(x, 1.0))])
        else:
            first = floor(_held(x))
            along.append([(first, 1 - (x - first)), (first + 1, x - first)])
    return _weighted(input, along)


def grid_sample(
    input: Any, grid: Any, mode: str = "bilinear", padding_mode: str = "zeros", align_corners: bool | None = None
) -> Any:
    """The input at the places of a grid.

    Args:
        input: (batch, channels, h, w), or (batch, channels, d, h, w).
        grid: (batch, ..., 2) or (batch, ..., 3) with as many dimensions: places as (x, y) or (x, y, z), from -1, the
            left (top, front) edge, to 1, the right one.
        mode: `"bilinear"` (trilinear in a volume), `"nearest"`, or `"bicubic"` in an image.
        padding_mode: what is outside: `"zeros"`, `"border"`, the nearest element of the edge, or `"reflection"`.
        align_corners: -1 and 1 are the centres of the corner elements, not their outer edges.

    Returns:
        (batch, channels, ...), with the sizes of the grid.

    Raises:
        RuntimeError, ValueError: shapes or modes do not fit.
    """
    if mode not in _MODES:
        raise ValueError(f"grid_sample: mode must be one of {', '.join(_MODES)}, got {mode!r}")
    if padding_mode not in _PADDINGS:
        raise ValueError(f"grid_sample: padding_mode must be one of {', '.join(_PADDINGS)}, got {padding_mode!r}")
    shape, g_shape = sizes_of("grid_sample", input), sizes_of("grid_sample", grid)
    dims = len(shape) - 2
    if dims not in (2, 3) or len(g_shape) != dims + 2 or g_shape[-1] != dims or g_shape[0] != shape[0]:
        raise RuntimeError(
            f"grid_sample: expected (batch, channels, h, w) and a grid (batch, ..., 2), or one more dimension and 3; "
            f"got shapes {shape} and {g_shape}"
        )
    if 0 in shape[2:] or input.dtype != grid.dtype or (mode == "bicubic" and dims == 3):
        raise RuntimeError(
            f"grid_sample: cannot sample {mode} from shape {shape} and dtype {input.dtype} with a grid of {grid.dtype}"
        )
    return _sampled(input, grid, mode, padding_mode, bool(align_corners))


def grid_sampler(input: Any, grid: Any, interpolation_mode: int, padding_mode: int, align_corners: bool) -> Any:
    """`grid_sample` with its modes as numbers: 0 bilinear, 1 nearest, 2 bicubic; 0 zeros, 1 border, 2 reflection."""
    return grid_sample(input, grid, _MODES[interpolation_mode], _PADDINGS[padding_mode], align_corners)


grid_sampler_2d = grid_sampler_3d = grid_sampler


def _corners(xp: Any, theta: Array, *, sizes: tuple[int, ...], align_corners: bool) -> Array:
    """The places of the elements of an image, with a 1 behind each: (elements, dimensions + 1)."""
    places = xp.ones((*sizes, len(sizes) + 1), theta.dtype)
    for k, size in enumerate(sizes):
        along = (xp.arange(size) * 2 + (1 - size)) / max(size - 1 if align_corners else size, 1)
        places[..., len(sizes) - 1 - k] = along.reshape((size,) + (1,) * (len(sizes) - k - 1))
    return places.reshape(prod(sizes), len(sizes) + 1)


_places_of = op("affine_grid", _corners)


def affine_grid(theta: Any, size: Sequence[int], align_corners: bool | None = None) -> Any:
    """The places of an image's elements after an affine map, as `grid_sample` takes them.

    Args:
        theta: (batch, 2, 3), or (batch, 3, 4) for volumes: a matrix, and behind it what is added.
        size: (batch, channels, h, w), or (batch, channels, d, h, w), of the image.
        align_corners: as for `grid_sample`.

    Returns:
        (batch, h, w, 2), or (batch, d, h, w, 3).

    Raises:
        RuntimeError, ValueError: shapes or sizes do not fit.
    """
    shape, sizes = sizes_of("affine_grid", theta), tuple(size)[2:]
    dims = len(sizes)
    if dims not in (2, 3) or min(size) < 1:
        raise ValueError(f"affine_grid: size must be (batch, channels, h, w) or (batch, channels, d, h, w), got {size}")
    if shape != (size[0], dims, dims + 1) or theta.dtype.kind != "f":
        raise RuntimeError(
            f"affine_grid: for an image of size {tuple(size)}, theta must be floating of shape "
            f"{(size[0], dims, dims + 1)}, got {theta.dtype} of {shape}"
        )
    places = _places_of(theta, sizes=sizes, align_corners=bool(align_corners))
    return reshape(matmul(places, theta.mT), (size[0], *sizes, dims))


__all__ = ["affine_grid", "grid_sample", "grid_sampler", "grid_sampler_2d", "grid_sampler_3d"]

"""Images (or signals, or volumes) of other sizes, by interpolation: one dimension at a time, each a `Table`.

How an element of the output lies between those of the input is PyTorch's rule, to the rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import floor
from struct import pack, unpack
from typing import Any

from .dims import integers, sizes_of
from .pooling import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d
from .resampling import Table, resample

Row = list[tuple[int, float]]


def _single(x: float) -> float:
    """Rounded to single precision, in which places of nearest neighbours are computed."""
    rounded: float = unpack("f", pack("f", x))[0]
    return rounded


def _step(size: int, count: int, align_corners: bool, scale: float | None) -> float:
    """How far apart in the input neighbours of the output are."""
    if align_corners:
        return (size - 1) / (count - 1) if count > 1 else 0.0
    return size / count if scale is None else 1.0 / scale


@lru_cache(256)
def _nearest(size: int, count: int, scale: float | None, exact: bool) -> Table:
    step = _single(_step(size, count, False, scale))
    half = 0.5 if exact else 0.0
    return Table([[(min(floor(_single((k + half) * step)), size - 1), 1.0)] for k in range(count)], size)


@lru_cache(256)
def _linear(size: int, count: int, align_corners: bool, scale: float | None) -> Table:
    step, rows = _step(size, count, align_corners, scale), []
    for k in range(count):
        x = float(k) if size == count else step * k if align_corners else max(step * (k + 0.5) - 0.5, 0.0)
        left = min(int(x), size - 1)
        t = min(x - left, 1.0)
        rows.append([(left, 1.0 - t), (left + 1, t)] if left + 1 < size else [(left, 1.0)])
    return Table(rows, size)


def cubic_weights(t: Any, a: float = -0.75) -> tuple[Any, Any, Any, Any]:
    """The weights of four neighbours for a place that is `t` behind the second (Keys 1981)."""

    def near(x: Any) -> Any:
        return ((a + 2) * x - (a + 3)) * x * x + 1

    def far(x: Any) -> Any:
        return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a

    return far(t + 1), near(t), near(1 - t), far(2 - t)


@lru_cache(256)
def _cubic(size: int, count: int, align_corners: bool, scale: float | None) -> Table:
    step, rows = _step(size, count, align_corners, scale), []
    for k in range(count):
        x = step * k if align_corners else step * (k + 0.5) - 0.5
        left = min(floor(x), size - 1)
        weights = cubic_weights(min(x - left, 1.0))
        rows.append([(min(max(left - 1 + j, 0), size - 1), weights[j]) for j in range(4)])
    return Table(rows, size)


def _hat(x: float) -> float:
    return max(1.0 - abs(x), 0.0)


def _cubic_hat(x: float) -> float:
    x = abs(x)
    return cubic_weights(x, -0.5)[1] if x < 1 else cubic_weights(x - 1, -0.5)[0] if x < 2 else 0.0


@lru_cache(256)
def _smoothed(size: int, count: int, align_corners: bool, scale: float | None, cubic: bool) -> Table:
    """With a filter that is as wide as the elements of the smaller of both, so that nothing is skipped."""
    step = _step(size, count, align_corners, scale)
    wide = max(step, 1.0)
    reach, weight = (2 * wide, _cubic_hat) if cubic else (wide, _hat)
    rows = []
    for k in range(count):
        centre = step * (k + 0.5)
        first, last = max(int(centre - reach + 0.5), 0), min(int(centre + reach + 0.5), size)
        weights = [weight((place - centre + 0.5) / wide) for place in range(first, last)]
        total = sum(weights) or 1.0
        rows.append([(first + j, w / total) for j, w in enumerate(weights)])
    return Table(rows, size)


_MODES = {"nearest": (1, 2, 3), "nearest-exact": (1, 2, 3), "area": (1, 2, 3), "linear": (1,), "bilinear": (2,),
          "bicubic": (2,), "trilinear": (3,)}  # fmt: skip
"""The number of dimensions that each is for."""


def _rows(mode: str, antialias: bool, size: int, count: int, align_corners: bool, scale: float | None) -> Table:
    if mode in ("nearest", "nearest-exact"):
        return _nearest(size, count, scale, mode == "nearest-exact")
    if antialias:
        return _smoothed(size, count, align_corners, scale, mode == "bicubic")
    return (_cubic if mode == "bicubic" else _linear)(size, count, align_corners, scale)


def _per_dimension(function: str, name: str, value: Any, dims: int) -> tuple[Any, ...]:
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * dims
    if len(values) != dims:
        raise ValueError(f"{function}: {name} must be one number or {dims} of them, got {value!r}")
    return values


def _sizes(
    function: str, sizes: Sequence[int], size: Any, scale_factor: Any
) -> tuple[tuple[int, ...], tuple[float | None, ...]]:
    """The sizes asked for, and the factors if it was these."""
    dims = len(sizes)
    if (size is None) == (scale_factor is None):
        raise ValueError(f"{function}: give either size or scale_factor")
    if size is not None:
        return integers(function, "size", _per_dimension(function, "size", size, dims)), (None,) * dims
    factors = tuple([float(f) for f in _per_dimension(function, "scale_factor", scale_factor, dims)])
    return tuple([floor(n * f) for n, f in zip(sizes, factors, strict=True)]), factors


def _resized(function: str, x: Any, mode: str, antialias: bool, counts: Any, align_corners: bool, scales: Any) -> Any:
    sizes = x.shape[2:]
    if min(counts) < 1 or 0 in x.shape[1:]:
        raise RuntimeError(f"{function}: sizes must be positive, got {tuple(counts)} for an input of {tuple(x.shape)}")
    for k, (size, count, scale) in enumerate(zip(sizes, counts, scales, strict=True)):
        if antialias and size == count:
            continue
        if scale is not None and (scale <= 0 or (mode == "nearest" and len(sizes) == 2 and count in (size, 2 * size))):
            scale = None  # PyTorch's images (not its signals and volumes) of these sizes forget the factor
        rows = _rows(mode, antialias, size, count, align_corners, scale)
        x = resample(x, rows=rows, dim=k + 2)
    return x


def interpolate(
    input: Any,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Any:
    """The input with other sizes.

    Args:
        input: (batch, channels, ...) with one, two or three more dimensions.
        size: those of the output, an int or one for each dimension.
        scale_factor: or how many times the input's, so too.
        mode: `"nearest"`, as PyTorch has it, or `"nearest-exact"`, without its bias; `"linear"`, `"bilinear"`,
            `"trilinear"` for one, two, three dimensions; `"bicubic"` for two; `"area"`, averages.
        align_corners: the linear and cubic modes put the corner elements' centres upon each other, not their edges.
        recompute_scale_factor: compute with the ratio of the sizes, not with `scale_factor`.
        antialias: of `"bilinear"` and `"bicubic"`: average where the output is smaller.

    Raises:
        NotImplementedError: the mode is not for that many dimensions.
        RuntimeError, ValueError: arguments do not fit together.
    """
    shape = sizes_of("interpolate", input)
    dims = len(shape) - 2
    if mode not in _MODES:
        raise NotImplementedError(f"interpolate: mode must be one of {', '.join(_MODES)}, got {mode!r}")
    if dims not in _MODES[mode]:
        raise NotImplementedError(
            f"interpolate: mode {mode!r} takes inputs with {' or '.join(str(n + 2) for n in _MODES[mode])} dimensions, "
            f"got shape {shape}"
        )
    if align_corners is not None and mode in ("nearest", "nearest-exact", "area"):
        raise ValueError(f"interpolate: align_corners has no meaning for mode {mode!r}")
    if antialias and mode not in ("bilinear", "bicubic"):
        raise ValueError(f"interpolate: antialias has no meaning for mode {mode!r}")
    if recompute_scale_factor and size is not None:
        raise ValueError("interpolate: recompute_scale_factor has no meaning with size")
    counts, scales = _sizes("interpolate", shape[2:], size, scale_factor)
    if mode == "area":
        return (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d)[dims - 1](input, counts)
    if recompute_scale_factor:
        scales = (None,) * dims
    return _resized("interpolate", input, mode, antialias, counts, bool(align_corners), scales)


def upsample(
    input: Any,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Any:
    """`interpolate` by its older name."""
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(
    input: Any, size: int | Sequence[int] | None = None, scale_factor: float | Sequence[float] | None = None
) -> Any:
    """`interpolate` with mode `"nearest"`."""
    return interpolate(input, size, scale_factor)


def upsample_bilinear(
    input: Any, size: int | Sequence[int] | None = None, scale_factor: float | Sequence[float] | None = None
) -> Any:
    """`interpolate` with mode `"bilinear"` and aligned corners."""
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)


def _upsample_bilinear2d_aa(
    input: Any,
    output_size: Sequence[int] | None,
    align_corners: bool,
    scale_factors: Sequence[float] | None = None,
    *,
    scales_h: float | None = None,
    scales_w: float | None = None,
) -> Any:
    """The op behind `interpolate(..., mode="bilinear", antialias=True)`, by PyTorch's name."""
    name = "_upsample_bilinear2d_aa"
    counts, scales = _sizes(name, sizes_of(name, input)[2:], output_size, scale_factors)
    if output_size is not None:
        scales = (scales_h, scales_w)
    return _resized(name, input, "bilinear", True, counts, align_corners, scales)


__all__ = ["_upsample_bilinear2d_aa", "interpolate", "upsample", "upsample_bilinear", "upsample_nearest"]

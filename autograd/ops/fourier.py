"""Discrete Fourier transforms: three ops, and every transform of `cr.fft` in terms of them.

The transform's matrix is symmetric, so `fft` is its own VJP (a cotangent is carried without conjugate, see
`record.conjugate`). Of real numbers one half of the transform is enough: `_half` goes there and `_whole` back, and each
is the other's VJP, where the elements that stand for themselves and their conjugate count twice.

Lengths are brought about beforehand, by padding with zeros or cutting off; dimensions are non-negative, the halved one
last. `norm` says which direction divides by the number of elements: "forward", "backward", or "ortho", each by the
root.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...backends import Array, dtypes, get_default_dtype
from ..errors import DtypeError, PlaceError, ShapeError
from ..op import op
from . import creation
from .arithmetic import cast
from .complex import conj, is_complex
from .dims import canonical_dim, canonical_dims, integer, ndim_of
from .padding import pad
from .rearrange import roll

_OPPOSITE = {"backward": "forward", "forward": "backward", "ortho": "ortho"}

Dims = tuple[int, ...]


def _transformed(xp: Any, x: Array, *, dims: Dims, inverse: bool, norm: str) -> Array:
    return (xp.fft.ifftn if inverse else xp.fft.fftn)(x, axes=dims, norm=norm)


_transform = op(
    "fft",
    _transformed,
    vjp=lambda g, x_dtype, dims, inverse, norm: _as(x_dtype, _transform(g, dims=dims, inverse=inverse, norm=norm)),
    linear=True,
)


def _as(dtype: dtypes.DType, x: Any) -> Any:
    return x if x.dtype == dtype else cast(x, dtype=dtype)


_half = op(
    "rfft",
    lambda xp, x, *, dims, norm: xp.fft.rfftn(x, axes=dims, norm=norm),
    vjp=lambda g, x_shape, dims, norm: _whole(
        _weighted(g, dim=dims[-1], size=x_shape[dims[-1]], by=0.5),
        dims=dims,
        size=x_shape[dims[-1]],
        norm=_OPPOSITE[norm],
    ),
    linear=True,
)


def _back(xp: Any, x: Array, *, dims: Dims, size: int, norm: str) -> Array:
    return xp.fft.irfftn(x, [*(x.shape[d] for d in dims[:-1]), size], axes=dims, norm=norm)


_whole = op(
    "irfft",
    _back,
    vjp=lambda g, x_dtype, dims, size, norm: _as(
        x_dtype, _weighted(_half(g, dims=dims, norm=_OPPOSITE[norm]), dim=dims[-1], size=size, by=2.0)
    ),
    linear=True,
)


def _paired_conj(xp: Any, x: Array, *, dim: int, size: int, by: float) -> Array:
    """The conjugate of half a transform of `size` real numbers, all but the elements that stand for themselves alone
    multiplied `by`: the first, and with an even size the last."""
    out = xp.conj(x)
    paired = out[(*(slice(None),) * dim, slice(1, (size + 1) // 2))]
    paired *= by
    return out


_weighted = op(
    "weighted_conj",
    _paired_conj,
    vjp=lambda g, dim, size, by: _weighted(g, dim=dim, size=size, by=by),
    linear=True,
)


# Arguments


def _norm(name: str, norm: str | None) -> str:
    if norm is None:
        return "backward"
    if norm not in _OPPOSITE:
        raise ShapeError(f"{name}: norm must be 'forward', 'backward', 'ortho' or None, got {norm!r}")
    return norm


def _plan(name: str, input: Any, sizes: Any, dim: Any) -> tuple[Dims, list[int | None]]:
    """The dimensions of a transform, and a length for each; None where it is the input's own."""
    ndim = ndim_of(name, input)
    if ndim == 0 and dim not in (None, ()):
        raise PlaceError(f"{name}: a 0-d tensor has no dimension to transform")
    if sizes is not None:
        sizes = [integer(name, "every size", n) for n in ((sizes,) if isinstance(sizes, int) else sizes)]
        if dim is None:
            if len(sizes) > ndim:
                raise ShapeError(f"{name}: {len(sizes)} sizes are too many for a tensor of shape {input.shape}")
            dim = tuple(range(ndim - len(sizes), ndim))
    dims = canonical_dims(name, dim, ndim)
    if sizes is None:
        return dims, [None] * len(dims)
    if len(sizes) != len(dims):
        raise ShapeError(f"{name}: got {len(sizes)} sizes for {len(dims)} dimensions")
    return dims, [None if n == -1 else n for n in sizes]


def _plan_one(name: str, input: Any, n: Any, dim: Any) -> tuple[Dims, list[int | None]]:
    ndim = ndim_of(name, input)
    if ndim == 0:
        raise PlaceError(f"{name}: a 0-d tensor has no dimension to transform")
    if n is not None and integer(name, "n", n) < 1:
        raise ShapeError(f"{name}: the length must be at least 1, got {n}")
    return (canonical_dim(name, dim, ndim),), [n]


def _fitted(name: str, input: Any, dims: Dims, sizes: Sequence[int | None]) -> Any:
    """The input with these lengths, by zeros at the end or by cutting off."""
    widths, changed = [0] * (2 * input.ndim), False
    for d, n in zip(dims, sizes, strict=True):
        length = input.shape[d] if n is None else n
        if length < 1:
            raise ShapeError(f"{name}: the length of dimension {d} must be at least 1, got {length}")
        if length != input.shape[d]:
            widths[2 * (input.ndim - 1 - d) + 1], changed = length - input.shape[d], True
    return pad(input, widths) if changed else input


def _complex_transform(name: str, input: Any, dims: Dims, sizes: Sequence[int | None], inverse: bool, norm: Any) -> Any:
    norm = _norm(name, norm)
    x = _fitted(name, input, dims, sizes)
    return _transform(x, dims=dims, inverse=inverse, norm=norm) if dims else _as(dtypes.complex_dtype(x.dtype), x)


def _to_half(name: str, input: Any, dims: Dims, sizes: Sequence[int | None], norm: str) -> Any:
    if is_complex(input):
        raise DtypeError(f"{name}: expected real numbers, got {input.dtype}; see fft, which takes complex ones")
    if not dims:
        raise ShapeError(f"{name}: at least one dimension must be transformed")
    return _half(_fitted(name, input, dims, sizes), dims=dims, norm=norm)


def _from_half(name: str, input: Any, dims: Dims, sizes: Sequence[int | None], norm: str) -> Any:
    if not dims:
        raise ShapeError(f"{name}: at least one dimension must be transformed")
    size = 2 * (input.shape[dims[-1]] - 1) if sizes[-1] is None else sizes[-1]
    if size < 1:
        raise ShapeError(f"{name}: the length of dimension {dims[-1]} must be at least 1, got {size}")
    x = _fitted(name, input, dims, [*sizes[:-1], size // 2 + 1])
    return _whole(x, dims=dims, size=size, norm=norm)


# One dimension


def fft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The discrete Fourier transform along a dimension: `sum(x[k] * exp(-2j * pi * j * k / n))` for each `j`.

    Args:
        input: real or complex, of any shape.
        n: the length to transform: the input is padded with zeros, or cut off.
        dim: along which dimension.
        norm: `"backward"` (the default) leaves the sum as it is, `"forward"` divides it by `n`, `"ortho"` by its root.

    Returns:
        A complex tensor: complex64 of float32, complex128 of float64.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: the length is less than 1; the norm is none of these.
    """
    return _complex_transform("fft", input, *_plan_one("fft", input, n, dim), False, norm)


def ifft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The inverse of `fft`: with `exp(2j * pi * ...)`, and divided by `n` unless the norm is `"forward"`. Arguments and
    errors as there."""
    return _complex_transform("ifft", input, *_plan_one("ifft", input, n, dim), True, norm)


def rfft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The first `n // 2 + 1` elements of the `fft` of real numbers; the others are their conjugates. Arguments and
    errors as for `fft`, and

    Raises:
        RuntimeError: the input is complex.
    """
    return _to_half("rfft", input, *_plan_one("rfft", input, n, dim), _norm("rfft", norm))


def irfft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The inverse of `rfft`: `n` real numbers, `2 * (m - 1)` of `m` elements unless given. Imaginary parts that cannot
    come from real numbers (of the first element, and with an even `n` of the last) count for nothing."""
    return _from_half("irfft", input, *_plan_one("irfft", input, n, dim), _norm("irfft", norm))


def hfft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The `fft`, which is real, of `n` complex numbers given by their first half, the second being its conjugate:
    `2 * (m - 1)` of `m` elements unless given."""
    plan = _plan_one("hfft", input, n, dim)
    return _from_half("hfft", conj(input), *plan, _OPPOSITE[_norm("hfft", norm)])


def ihfft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The inverse of `hfft`: the first half of the `ifft` of real numbers."""
    return conj(_to_half("ihfft", input, *_plan_one("ihfft", input, n, dim), _OPPOSITE[_norm("ihfft", norm)]))


# Several dimensions


def fftn(input: Any, s: Sequence[int] | None = None, dim: Any = None, norm: str | None = None) -> Any:
    """The `fft` along several dimensions.

    Args:
        input: real or complex.
        s: the length to transform for each of the dimensions, -1 for the input's own.
        dim: an int or a tuple of ints; by default the last `len(s)`, without `s` all.
        norm: as for `fft`, with the product of the lengths for `n`.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: one is named twice; there are not as many lengths as dimensions; a length is less than 1; there is
            no such norm.
    """
    return _complex_transform("fftn", input, *_plan("fftn", input, s, dim), False, norm)


def ifftn(input: Any, s: Sequence[int] | None = None, dim: Any = None, norm: str | None = None) -> Any:
    """The inverse of `fftn`; arguments and errors as there."""
    return _complex_transform("ifftn", input, *_plan("ifftn", input, s, dim), True, norm)


def rfftn(input: Any, s: Sequence[int] | None = None, dim: Any = None, norm: str | None = None) -> Any:
    """`rfft` along the last of several dimensions, then `fft` along the others; arguments and errors as for `fftn`."""
    return _to_half("rfftn", input, *_plan("rfftn", input, s, dim), _norm("rfftn", norm))


def irfftn(input: Any, s: Sequence[int] | None = None, dim: Any = None, norm: str | None = None) -> Any:
    """The inverse of `rfftn`; `s` are the lengths of the result."""
    return _from_half("irfftn", input, *_plan("irfftn", input, s, dim), _norm("irfftn", norm))


def hfftn(input: Any, s: Sequence[int] | None = None, dim: Any = None, norm: str | None = None) -> Any:
    """`fft` along all but the last of several dimensions, then `hfft` along that; `s` are the lengths of the result."""
    plan = _plan("hfftn", input, s, dim)
    return _from_half("hfftn", conj(input), *plan, _OPPOSITE[_norm("hfftn", norm)])


def ihfftn(input: Any, s: Sequence[int] | None = None, dim: Any = None, norm: str | None = None) -> Any:
    """The inverse of `hfftn`, of real numbers."""
    return conj(_to_half("ihfftn", input, *_plan("ihfftn", input, s, dim), _OPPOSITE[_norm("ihfftn", norm)]))


def fft2(input: Any, s: Sequence[int] | None = None, dim: Any = (-2, -1), norm: str | None = None) -> Any:
    """`fftn` along the last two dimensions."""
    return fftn(input, s, dim, norm)


def ifft2(input: Any, s: Sequence[int] | None = None, dim: Any = (-2, -1), norm: str | None = None) -> Any:
    """`ifftn` along the last two dimensions."""
    return ifftn(input, s, dim, norm)


def rfft2(input: Any, s: Sequence[int] | None = None, dim: Any = (-2, -1), norm: str | None = None) -> Any:
    """`rfftn` along the last two dimensions."""
    return rfftn(input, s, dim, norm)


def irfft2(input: Any, s: Sequence[int] | None = None, dim: Any = (-2, -1), norm: str | None = None) -> Any:
    """`irfftn` along the last two dimensions."""
    return irfftn(input, s, dim, norm)


def hfft2(input: Any, s: Sequence[int] | None = None, dim: Any = (-2, -1), norm: str | None = None) -> Any:
    """`hfftn` along the last two dimensions."""
    return hfftn(input, s, dim, norm)


def ihfft2(input: Any, s: Sequence[int] | None = None, dim: Any = (-2, -1), norm: str | None = None) -> Any:
    """`ihfftn` along the last two dimensions."""
    return ihfftn(input, s, dim, norm)


# Order and frequencies


def fftshift(input: Any, dim: Any = None) -> Any:
    """Rolls each dimension of `dim`, all unless given, so that the frequency 0 comes from the front to the middle."""
    dims = canonical_dims("fftshift", dim, ndim_of("fftshift", input))
    return roll(input, tuple([input.shape[d] // 2 for d in dims]), dims) if dims else input


def ifftshift(input: Any, dim: Any = None) -> Any:
    """Undoes `fftshift`."""
    dims = canonical_dims("ifftshift", dim, ndim_of("ifftshift", input))
    return roll(input, tuple([-(input.shape[d] // 2) for d in dims]), dims) if dims else input


def fftfreq(n: int, d: float = 1.0, *, dtype: Any = None, device: object = None, requires_grad: bool = False) -> Any:
    """The frequency of each element of a transform of length `n`, for samples `d` apart: `0, 1, ..., -2, -1` over
    `n * d`."""
    first = (integer("fftfreq", "n", n) + 1) // 2
    places = creation.arange(n, dtype=dtype or get_default_dtype(), device=device)
    return (((places + (n - first)) % n - (n - first)) / (n * d)).requires_grad_(requires_grad)


def rfftfreq(n: int, d: float = 1.0, *, dtype: Any = None, device: object = None, requires_grad: bool = False) -> Any:
    """The frequency of each element of an `rfft` of `n` numbers, `d` apart: `0, 1, ..., n // 2` over `n * d`."""
    count = integer("rfftfreq", "n", n) // 2 + 1
    places = creation.arange(count, dtype=dtype or get_default_dtype(), device=device)
    return (places / (n * d)).requires_grad_(requires_grad)


__all__ = ["fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "hfft2", "hfftn", "ifft", "ifft2", "ifftn",
           "ifftshift", "ihfft", "ihfft2", "ihfftn", "irfft", "irfft2", "irfftn", "rfft", "rfft2", "rfftfreq",
           "rfftn"]  # fmt: skip

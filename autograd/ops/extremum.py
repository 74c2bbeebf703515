"""The largest and the smallest: over dimensions, of two tensors, and where they are.

Over a dimension, `max` and `min` pick one element, and the gradient goes there. `amax`, `amin` and the extremes of a
whole tensor share it evenly among equals. These are PyTorch's rules.
"""

from __future__ import annotations

import math
from numbers import Integral
from typing import Any, NamedTuple

from ...backends import Array
from ..op import op
from .arithmetic import cast
from .dims import Dims, canonical_dim, ordered_ndim, reduced_dims, renamed
from .elementwise import maximum, minimum
from .reduction import add_up, extreme, restore
from .shape import reshape


class ValuesAndIndices(NamedTuple):
    """What has been chosen along a dimension, and where it stood there (int64)."""

    values: Any
    indices: Any


# Elements chosen along a dimension, none twice. (`gather` allows repetition, and its gradient costs a scatter-add.)


def _place(xp: Any, values: Array, indices: Array, *, dim: int, size: int) -> Array:
    shape = list(values.shape)
    shape[dim] = size
    out = xp.zeros(tuple(shape), values.dtype)
    xp.put_along_axis(out, indices, values, dim)
    return out


select_along = op(
    "select_along",
    lambda xp, x, indices, *, dim: xp.take_along_axis(x, indices, dim),
    vjp=(lambda g, indices, x_shape, dim: place_along(g, indices, dim=dim, size=x_shape[dim]), None),
    doc="`x` at `indices` along `dim`, which name no element twice.",
)
place_along = op(
    "place_along",
    _place,
    vjp=(lambda g, indices, dim: select_along(g, indices, dim=dim), None),
    doc="The reverse of `select_along`: `values` at `indices` along a dimension of `size`, zeros elsewhere.",
)


def place_chosen(g: Any, indices: Any, shape: tuple[int, ...], dim: int, keepdim: bool) -> Any:
    """The gradient of what was chosen, one element along `dim`, in the chosen elements' places."""
    if not keepdim:
        kept = (*shape[:dim], 1, *shape[dim + 1 :])
        g, indices = reshape(g, kept), reshape(indices, kept)
    return place_along(g, indices, dim=dim, size=shape[dim])


def chosen(xp: Any, x: Array, indices: Array, dim: int, keepdim: bool) -> tuple[Array, Array]:
    """`(values, indices)` of the elements at `indices`, which have size 1 along `dim`."""
    values = xp.take_along_axis(x, indices, dim)
    return (values, indices) if keepdim else (values.squeeze(dim), indices.squeeze(dim))


# Extremes over dimensions


def _shared(g: Any, x: Any, out: Any, dims: Dims, keepdim: bool) -> Any:
    """The gradient, in equal parts to all that equal the extreme."""
    equal = cast(x == restore(out, x.shape, dims, keepdim), dtype=g.dtype)
    return equal * restore(g / add_up(equal, dims=dims, keepdim=keepdim), x.shape, dims, keepdim)


def shared_among_equals(g: Any, x: Any, out: Any) -> Any:
    """The gradient of one element `out` of all, in equal parts to all that equal it. A NaN equals a NaN."""
    equal = cast((x == out) | ((x != x) & (out != out)), dtype=g.dtype)
    return equal * (g / add_up(equal, dims=None, keepdim=False))


def _declared(name: str, vjp: Any) -> tuple[Any, Any]:
    def largest(xp: Any, x: Array, *, dims: Dims, keepdim: bool) -> Array:
        return extreme(xp, xp.max, x, dims, keepdim)

    def smallest(xp: Any, x: Array, *, dims: Dims, keepdim: bool) -> Array:
        return extreme(xp, xp.min, x, dims, keepdim)

    def size(out_shape: tuple[int, ...], x_shape: tuple[int, ...]) -> int:
        return math.prod(x_shape)

    return op(name.format("max"), largest, vjp=vjp, flops=size), op(name.format("min"), smallest, vjp=vjp, flops=size)


_amax, _amin = _declared("a{}", _shared)
_max_of_all, _min_of_all = _declared("{}", lambda g, x, out: shared_among_equals(g, x, out))


def _not_empty(name: str, input: Any, dims: Dims) -> None:
    """Raises the error for the extreme of nothing."""
    shape = input.shape
    if 0 not in shape:
        return
    if dims is None:
        raise RuntimeError(f"{name}: the input has shape {shape}, and of no elements there is no extreme; give a dim")
    for dim in dims:
        if shape[dim] == 0:
            raise IndexError(f"{name}: dimension {dim} of shape {shape} has size 0; of no elements there is no extreme")


def amax(input: Any, dim: Any = None, keepdim: bool = False, **numpy_names: Any) -> Any:
    """The largest element over dimensions. Equal ones share the gradient.

    Args:
        dim: an int, a tuple of ints, or None for all.
        keepdim: keep the reduced dimensions, with size 1.

    Raises:
        IndexError: there is no such dimension, or it has size 0.
        RuntimeError: there are no elements, or a dimension is named twice.
    """
    if numpy_names:
        return renamed(amax, locals())
    ordered_ndim("amax", input)
    dims = reduced_dims("amax", input, dim)
    _not_empty("amax", input, dims)
    return _amax(input, dims=dims, keepdim=keepdim)


def amin(input: Any, dim: Any = None, keepdim: bool = False, **numpy_names: Any) -> Any:
    """The smallest element over dimensions; arguments and errors as for `amax`."""
    if numpy_names:
        return renamed(amin, locals())
    ordered_ndim("amin", input)
    dims = reduced_dims("amin", input, dim)
    _not_empty("amin", input, dims)
    return _amin(input, dims=dims, keepdim=keepdim)


class Extremes(NamedTuple):
    """The smallest and the largest elements."""

    min: Any
    max: Any


def aminmax(input: Any, *, dim: int | None = None, keepdim: bool = False, **numpy_names: Any) -> Extremes:
    """`(min, max)`: `amin` and `amax` over one dimension, or over all."""
    if numpy_names:
        return renamed(aminmax, locals())
    return Extremes(amin(input, dim, keepdim), amax(input, dim, keepdim))


def _choosing(name: str, find: str) -> Any:
    def choose_one(xp: Any, x: Array, *, dim: int, keepdim: bool) -> tuple[Array, Array]:
        return chosen(xp, x, getattr(xp, find)(x, axis=dim, keepdims=True), dim, keepdim)

    return op(
        name,
        choose_one,
        vjp=lambda g, indices, x_shape, dim, keepdim: place_chosen(g[0], indices, x_shape, dim, keepdim),
        outputs=("values", "indices"),
        flops=lambda out_shape, x_shape: math.prod(x_shape),
    )


_max_along, _min_along = _choosing("max", "argmax"), _choosing("min", "argmin")


def _extreme(name: str, input: Any, dim: Any, keepdim: bool, other: Any) -> Any:
    of_all, along, of_two = {
        "max": (_max_of_all, _max_along, maximum), "min": (_min_of_all, _min_along, minimum)
    }[name]  # fmt: skip
    ndim = ordered_ndim(name, input)
    if hasattr(dim, "ndim") and not isinstance(dim, Integral):
        dim, other = None, dim
    if other is not None:
        if dim is not None:
            raise TypeError(f"{name}: give another tensor or a dim, not both")
        return of_two(input, other)
    if dim is None:
        if keepdim:
            raise TypeError(f"{name}: keepdim needs a dim; a{name}(input, keepdim=True) keeps all dimensions")
        _not_empty(name, input, None)
        return of_all(input, dims=None, keepdim=False)
    dim = canonical_dim(name, dim, ndim)
    if ndim == 0:
        input, keepdim = reshape(input, (1,)), False
    _not_empty(name, input, (dim,))
    return ValuesAndIndices(*along(input, dim=dim, keepdim=keepdim))


def max(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None, **numpy_names: Any) -> Any:
    """The largest element: of all, along one dimension, or of two tensors element by element.

    Args:
        dim: None for the largest of all, which shares its gradient evenly among equals. An int: then the result is
            `(values, indices)`, the first of equal elements is chosen, and the gradient is its alone. A tensor: the
            same as `other`.
        keepdim: keep the reduced dimension, with size 1.
        other: another tensor, for `maximum(input, other)`.

    Raises:
        IndexError: there is no such dimension, or it has size 0.
        RuntimeError: there are no elements.
    """
    if numpy_names:
        return renamed(max, locals())
    return _extreme("max", input, dim, keepdim, other)


def min(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None, **numpy_names: Any) -> Any:
    """The smallest element: of all, along one dimension, or of two tensors; arguments and errors as for `max`."""
    if numpy_names:
        return renamed(min, locals())
    return _extreme("min", input, dim, keepdim, other)


# Where they are

_argmax = op("argmax", lambda xp, x, *, dim, keepdim: xp.argmax(x, axis=dim, keepdims=keepdim))
_argmin = op("argmin", lambda xp, x, *, dim, keepdim: xp.argmin(x, axis=dim, keepdims=keepdim))


def _where_extreme(name: str, function: Any, input: Any, dim: int | None, keepdim: bool) -> Any:
    ndim = ordered_ndim(name, input)
    found = None if dim is None else canonical_dim(name, dim, ndim)
    _not_empty(name, input, None if found is None else (found,) if ndim else ())
    return function(input, dim=found if ndim else None, keepdim=keepdim)


def argmax(input: Any, dim: int | None = None, keepdim: bool = False, **numpy_names: Any) -> Any:
    """The index of the largest element along a dimension, int64; the first among equals. A NaN counts as largest.

    Args:
        dim: an int, or None for the index into the flattened input.
        keepdim: keep the reduced dimensions, with size 1.

    Raises:
        IndexError: there is no such dimension, or it has size 0.
        RuntimeError: there are no elements.
    """
    if numpy_names:
        return renamed(argmax, locals())
    return _where_extreme("argmax", _argmax, input, dim, keepdim)


def argmin(input: Any, dim: int | None = None, keepdim: bool = False, **numpy_names: Any) -> Any:
    """The index of the smallest element along a dimension, int64; the first among equals. A NaN counts as smallest.
    Arguments and errors as for `argmax`."""
    if numpy_names:
        return renamed(argmin, locals())
    return _where_extreme("argmin", _argmin, input, dim, keepdim)


__all__ = ["amax", "amin", "aminmax", "argmax", "argmin", "max", "min"]

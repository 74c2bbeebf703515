"""Sorting along a dimension, and picking by rank: the largest few, the k-th, the median.

The gradient of a value goes to the element it was. NaN ranks above every number.
"""

from __future__ import annotations

import math
from typing import Any

from ...backends import Array
from ..op import op
from .dims import canonical_dim, integer, ordered_ndim, renamed
from .extremum import ValuesAndIndices, chosen, place_along, place_chosen, shared_among_equals
from .shape import reshape


def _along(dim: int, part: slice) -> tuple[slice, ...]:
    return (*(slice(None),) * dim, part)


def _order(xp: Any, x: Array, *, dim: int, descending: bool, stable: bool) -> Array:
    if not x.size:
        return xp.zeros(x.shape, xp.int64)
    kind = "stable" if stable else None
    if not descending:
        return xp.argsort(x, axis=dim, kind=kind)
    # Sorted from the end and read backwards, so that equal elements stay as they stood and NaN comes first.
    back = _along(dim, slice(None, None, -1))
    return x.shape[dim] - 1 - xp.argsort(x[back], axis=dim, kind=kind)[back]


def _sorted(xp: Any, x: Array, *, dim: int, descending: bool, stable: bool) -> tuple[Array, Array]:
    order = _order(xp, x, dim=dim, descending=descending, stable=stable)
    return xp.take_along_axis(x, order, dim), order


def _comparisons(out_shape: Any, x_shape: tuple[int, ...]) -> int:
    size = math.prod(x_shape)
    return size * max(size - 1, 1).bit_length()


_argsort = op("argsort", _order, flops=_comparisons)
_sort = op(
    "sort",
    _sorted,
    vjp=lambda g, indices, x_shape, dim: place_along(g[0], indices, dim=dim, size=x_shape[dim]),
    outputs=("values", "indices"),
    flops=_comparisons,
)


def sort(
    input: Any, dim: int = -1, descending: bool = False, stable: bool = False, **numpy_names: Any
) -> ValuesAndIndices:
    """The elements along a dimension in order: `(values, indices)`.

    Args:
        dim: an int.
        descending: the largest first.
        stable: keep equal elements in the order they stand in. Without it theirs is any.

    Raises:
        IndexError: there is no such dimension.
    """
    if numpy_names:
        return renamed(sort, locals())
    ndim = ordered_ndim("sort", input)
    dim = canonical_dim("sort", dim, ndim)
    if ndim == 0:
        return _as_0d(sort(reshape(input, (1,))))
    return ValuesAndIndices(*_sort(input, dim=dim, descending=descending, stable=stable))


def _as_0d(found: ValuesAndIndices) -> ValuesAndIndices:
    return ValuesAndIndices(reshape(found.values, ()), reshape(found.indices, ()))


def argsort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False, **numpy_names: Any) -> Any:
    """The indices that sort along a dimension, int64; arguments and errors as for `sort`."""
    if numpy_names:
        return renamed(argsort, locals())
    ndim = ordered_ndim("argsort", input)
    dim = canonical_dim("argsort", dim, ndim)
    if ndim == 0:
        return reshape(_argsort(reshape(input, (1,)), dim=0, descending=False, stable=False), ())
    return _argsort(input, dim=dim, descending=descending, stable=stable)


def msort(input: Any) -> Any:
    """The elements in ascending order along dimension 0."""
    return sort(input, 0).values


# By rank


def _largest(xp: Any, x: Array, *, k: int, dim: int, largest: bool) -> tuple[Array, Array]:
    n = x.shape[dim]
    few = None
    if 0 < 8 * k < n:
        kth, part = (n - k, slice(n - k, None)) if largest else (k - 1, slice(k))
        few = xp.argpartition(x, kth, axis=dim)[_along(dim, part)]
        x = xp.take_along_axis(x, few, dim)
    order = _order(xp, x, dim=dim, descending=largest, stable=False)[_along(dim, slice(k))]
    return xp.take_along_axis(x, order, dim), order if few is None else xp.take_along_axis(few, order, dim)


_topk = op(
    "topk",
    _largest,
    vjp=lambda g, indices, x_shape, dim: place_along(g[0], indices, dim=dim, size=x_shape[dim]),
    outputs=("values", "indices"),
    flops=_comparisons,
)


def topk(
    input: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True, **numpy_names: Any
) -> ValuesAndIndices:
    """The k largest elements along a dimension, the largest first: `(values, indices)`. Among equals any are chosen.

    Args:
        k: how many.
        dim: an int.
        largest: False for the k smallest, the smallest first.
        sorted: taken for PyTorch's sake; the result is in order either way.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: the dimension has fewer than k elements.
    """
    if numpy_names:
        return renamed(topk, locals())
    ndim = ordered_ndim("topk", input)
    dim = canonical_dim("topk", dim, ndim)
    if ndim == 0:
        return _as_0d(topk(reshape(input, (1,)), k))
    if not 0 <= integer("topk", "k", k) <= input.shape[dim]:
        raise RuntimeError(f"topk: k={k} is not from 0 to {input.shape[dim]}, the size of dimension {dim}")
    return ValuesAndIndices(*_topk(input, k=k, dim=dim, largest=largest))


def _kth(xp: Any, x: Array, *, k: int, dim: int, keepdim: bool) -> tuple[Array, Array]:
    order = xp.argpartition(x, k - 1, axis=dim) if x.size else xp.zeros(x.shape, xp.int64)
    return chosen(xp, x, order[_along(dim, slice(k - 1, k))], dim, keepdim)


_kthvalue = op(
    "kthvalue",
    _kth,
    vjp=lambda g, indices, x_shape, dim, keepdim: place_chosen(g[0], indices, x_shape, dim, keepdim),
    outputs=("values", "indices"),
)


def kthvalue(input: Any, k: int, dim: int = -1, keepdim: bool = False, **numpy_names: Any) -> ValuesAndIndices:
    """The k-th smallest element along a dimension, counted from 1: `(values, indices)`. Among equals any is chosen.

    Args:
        k: its rank, from 1 to the dimension's size.
        dim: an int.
        keepdim: keep the dimension, with size 1.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: there is no such rank.
    """
    if numpy_names:
        return renamed(kthvalue, locals())
    ndim = ordered_ndim("kthvalue", input)
    dim = canonical_dim("kthvalue", dim, ndim)
    if ndim == 0:
        return _as_0d(kthvalue(reshape(input, (1,)), k, keepdim=True))
    if not 1 <= integer("kthvalue", "k", k) <= input.shape[dim]:
        raise RuntimeError(f"kthvalue: k={k} is not from 1 to {input.shape[dim]}, the size of dimension {dim}")
    return ValuesAndIndices(*_kthvalue(input, k=k, dim=dim, keepdim=keepdim))


def _middle(xp: Any, x: Array, *, dim: int, keepdim: bool) -> tuple[Array, Array]:
    middle = (x.shape[dim] - 1) // 2
    order = xp.argpartition(x, middle, axis=dim) if x.size else xp.zeros(x.shape, xp.int64)
    indices = order[_along(dim, slice(middle, middle + 1))]
    if x.dtype.kind == "f" and x.size:
        nan = xp.isnan(x)
        indices = xp.where(
            xp.any(nan, axis=dim, keepdims=True), xp.argmax(nan, axis=dim, keepdims=True), indices
        )  # fmt: skip
    return chosen(xp, x, indices, dim, keepdim)


def _middle_of_all(xp: Any, x: Array) -> Array:
    flat = x.reshape(-1)
    n = flat.shape[0]
    if not n:
        return xp.full((), math.nan, x.dtype)
    middle = xp.partition(flat, (n - 1) // 2)[(n - 1) // 2]
    if x.dtype.kind != "f":
        return middle
    return xp.where(xp.isnan(flat).any(), math.nan, middle).astype(x.dtype, copy=False)


_median = op(
    "median",
    _middle,
    vjp=lambda g, indices, x_shape, dim, keepdim: place_chosen(g[0], indices, x_shape, dim, keepdim),
    outputs=("values", "indices"),
)
_median_of_all = op("median", _middle_of_all, vjp=lambda g, x, out: shared_among_equals(g, x, out))


def median(input: Any, dim: int | None = None, keepdim: bool = False, **numpy_names: Any) -> Any:
    """The element in the middle; the lower one of two. NaN if there is a NaN, and of no elements.

    Args:
        dim: None for the median of all, which shares its gradient evenly among equals. An int: the result is
            `(values, indices)`, and the gradient goes to the element chosen.
        keepdim: keep the reduced dimension, with size 1; only with a `dim`.

    Raises:
        IndexError: there is no such dimension, or it has size 0.
    """
    if numpy_names:
        return renamed(median, locals())
    ndim = ordered_ndim("median", input)
    if dim is None:
        return _median_of_all(input)
    dim = canonical_dim("median", dim, ndim)
    if ndim == 0:
        return _as_0d(median(reshape(input, (1,)), 0, keepdim=True))
    if input.shape[dim] == 0:
        raise IndexError(f"median: dimension {dim} of shape {input.shape} has size 0; of no elements there is none")
    return ValuesAndIndices(*_median(input, dim=dim, keepdim=keepdim))


def _middle_of_numbers(xp: Any, x: Array, *, dim: int, keepdim: bool) -> tuple[Array, Array]:
    order = xp.argsort(x, axis=dim)
    middle = xp.maximum(xp.add.reduce(x == x, dim, xp.int64, None, True) - 1, 0) // 2  # NaNs stand at the end
    return chosen(xp, x, xp.take_along_axis(order, middle, dim), dim, keepdim)


_nanmedian = op(
    "nanmedian",
    _middle_of_numbers,
    vjp=lambda g, indices, x_shape, dim, keepdim: place_chosen(g[0], indices, x_shape, dim, keepdim),
    outputs=("values", "indices"),
)
_nanmedian_of_all = op(
    "nanmedian",
    lambda xp, x: _middle_of_numbers(xp, x, dim=0, keepdim=False)[0] if x.size else xp.full((), math.nan, x.dtype),
    vjp=lambda g, x, out: shared_among_equals(g, x, out),
)


def nanmedian(input: Any, dim: int | None = None, keepdim: bool = False, **numpy_names: Any) -> Any:
    """The element in the middle of those that are not NaN, the lower one of two; NaN where all are. Arguments and
    errors as for `median`."""
    if numpy_names:
        return renamed(nanmedian, locals())
    ndim = ordered_ndim("nanmedian", input)
    if dim is None:
        return _nanmedian_of_all(reshape(input, (-1,)))
    dim = canonical_dim("nanmedian", dim, ndim)
    if ndim == 0:
        return _as_0d(nanmedian(reshape(input, (1,)), 0, keepdim=True))
    if input.shape[dim] == 0:
        raise IndexError(f"nanmedian: dimension {dim} of shape {input.shape} has size 0; of no elements there is none")
    return ValuesAndIndices(*_nanmedian(input, dim=dim, keepdim=keepdim))


__all__ = ["argsort", "kthvalue", "median", "msort", "nanmedian", "sort", "topk"]

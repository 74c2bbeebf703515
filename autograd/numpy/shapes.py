"""NumPy's functions that arrange elements on tensors: shape, joining, splitting, repeating, selecting."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from operator import index
from typing import Any

import numpy as np

from .. import ops
from ..tensor import Tensor
from .operands import Later, as_dtype, choose, constant, home_of, lives_in_graph, operands, raw, sequence
from .values import on_values

shape, joining, rearrange = ops.shape, ops.joining, ops.rearrange
products = Later("products")

_ALL = (slice(None),)


def _ints(value: Any) -> tuple[int, ...]:
    return tuple([index(k) for k in value]) if isinstance(value, (tuple, list, np.ndarray, Tensor)) else (index(value),)


def _axis(axis: Any, ndim: int) -> int:
    axis = index(axis)
    if not -ndim <= axis < ndim:
        raise np.exceptions.AxisError(axis, ndim)
    return axis % ndim


# Shape


def _in_order(name: str, a: Any, order: str) -> bool:
    """Whether elements are counted with the first index fastest."""
    if order not in ("C", "F", "A", "K"):
        raise ValueError(f"{name}: order must be 'C', 'F', 'A' or 'K', got {order!r}")
    if order in "AK" and not raw(a).flags.c_contiguous:
        raise ValueError(f"{name}: order={order!r} depends on the layout in memory; say 'C' or 'F'")
    return order == "F"


def _reversed(a: Any) -> Any:
    return shape.permute(a, tuple(range(a.ndim))[::-1])


def _reshape(a: Any, /, shape: Any, order: str = "C", *, copy: Any = None) -> Any:
    sizes = _ints(shape)
    if copy:
        a = ops.shape.clone(a)
    if _in_order("np.reshape", a, order):
        return _reversed(ops.shape.reshape(_reversed(a), sizes[::-1]))
    return ops.shape.view(a, *sizes) if copy is False else ops.shape.reshape(a, sizes)


def _ravel(a: Any, order: str = "C") -> Any:
    return shape.ravel(_reversed(a) if _in_order("np.ravel", a, order) else a)


def _transpose(a: Any, axes: Any = None) -> Any:
    return _reversed(a) if axes is None else shape.permute(a, _ints(axes))


def _squeeze(a: Any, axis: Any = None) -> Any:
    if axis is not None:
        axes = [_axis(k, a.ndim) for k in _ints(axis)]
        if any(a.shape[k] != 1 for k in axes):
            raise ValueError(f"np.squeeze: axis {axis} of shape {tuple(a.shape)} is not of size 1")
        return shape.squeeze(a, tuple(axes))
    return shape.squeeze(a)


def _expand_dims(a: Any, axis: Any) -> Any:
    axes = _ints(axis)
    ndim = a.ndim + len(axes)
    places = sorted(_axis(k, ndim) for k in axes)
    if len(set(places)) != len(places):
        raise ValueError(f"np.expand_dims: axis {axis} names a dimension twice")
    for place in places:
        a = shape.unsqueeze(a, place)
    return a


def _rollaxis(a: Any, axis: Any, start: int = 0) -> Any:
    axis, start = _axis(axis, a.ndim), start + a.ndim if start < 0 else start
    return shape.moveaxis(a, axis, start - 1 if start > axis else start)


def _at_least(function: Any) -> Callable[..., Any]:
    return lambda *arys: function(*operands(*arys))


def _broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    return shape.broadcast_tensors(*operands(*args))


def _meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Any, ...]:
    if indexing not in ("xy", "ij"):
        raise ValueError(f"np.meshgrid: indexing must be 'xy' or 'ij', got {indexing!r}")
    places = list(range(len(xi)))
    if indexing == "xy" and len(xi) > 1:
        places[:2] = 1, 0
    axes = tuple(
        [
            shape.reshape(x, (1,) * k + (-1,) + (1,) * (len(xi) - k - 1))
            for k, x in zip(places, operands(*xi), strict=True)
        ]
    )
    return axes if sparse else shape.broadcast_tensors(*axes)


# Joining


def _joined(arrays: list[Any], axis: Any, dtype: Any = None, casting: str = "same_kind") -> Any:
    if dtype is not None:
        for a in arrays:
            if not np.can_cast(a.dtype, dtype, casting=casting):  # type: ignore[arg-type]
                raise TypeError(f"np.concatenate: cannot cast {a.dtype} to {np.dtype(dtype)} under casting={casting!r}")
    if axis is None:
        arrays, axis = [shape.ravel(a) for a in arrays], 0
    return joining.cat([as_dtype(a, dtype) for a in arrays], index(axis))


def _concatenate(
    arrays: Any, /, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Any:
    return _joined(sequence(arrays), axis, dtype, casting)


def _stack(arrays: Any, axis: int = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    return _joined([shape.unsqueeze(a, axis) for a in sequence(arrays)], axis, dtype, casting)


def _vstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    return _joined(list(shape.atleast_2d(tuple(sequence(tup)))), 0, dtype, casting)


def _hstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    parts = list(shape.atleast_1d(tuple(sequence(tup))))
    return _joined(parts, 0 if parts[0].ndim == 1 else 1, dtype, casting)


def _append(arr: Any, values: Any, axis: Any = None) -> Any:
    return _joined(list(operands(arr, values)), axis)


def _block(arrays: Any) -> Any:
    def depth_of(item: Any) -> int:
        return 1 + max(depth_of(i) for i in item) if isinstance(item, list) else 0

    depth, home = depth_of(arrays), home_of(arrays)
    widest = [depth]

    def put_together(item: Any, level: int) -> Any:
        if not isinstance(item, list):
            (a,) = operands(item) if isinstance(item, Tensor) else (home.asarray(item),)
            widest[0] = max(widest[0], a.ndim)
            return a
        parts = [put_together(i, level + 1) for i in item]
        ndim = max(widest[0], *[p.ndim for p in parts])
        return joining.cat([shape.reshape(p, (1,) * (ndim - p.ndim) + tuple(p.shape)) for p in parts], level - depth)

    return put_together(arrays, 0)


# Splitting


def _array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    places = indices_or_sections
    return list(joining.tensor_split(ary, places if np.ndim(places) == 0 else list(_ints(places)), axis))


def _split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    if np.ndim(indices_or_sections) == 0 and ary.shape[axis] % index(indices_or_sections):
        raise ValueError(f"np.split: {indices_or_sections} pieces do not divide axis {axis} of {tuple(ary.shape)}")
    return _array_split(ary, indices_or_sections, axis)


# Repeating and rearranging


def _tile(A: Any, reps: Any) -> Any:
    (A,) = operands(A)
    return rearrange.tile(A, _ints(reps))


def _repeat(a: Any, repeats: Any, axis: Any = None) -> Any:
    (a,) = operands(a)
    times = repeats if isinstance(repeats, Tensor) else list(_ints(repeats)) if np.ndim(repeats) else index(repeats)
    return rearrange.repeat_interleave(a, times, axis)


def _resize(a: Any, new_shape: Any) -> Any:
    sizes = _ints(new_shape)
    flat = shape.ravel(a)
    wanted, length = math.prod(sizes), flat.shape[0]
    if length == 0:
        return on_values(np.resize, (a, sizes))
    repeated = rearrange.tile(flat, (-(-wanted // length) or 1,))
    return shape.reshape(repeated[:wanted], sizes)


def _flip(m: Any, axis: Any = None) -> Any:
    return rearrange.flip(m, tuple(range(m.ndim)) if axis is None else _ints(axis))


def _roll(a: Any, shift: Any, axis: Any = None) -> Any:
    shifts = _ints(shift)
    if axis is None:
        return shape.reshape(rearrange.roll(shape.ravel(a), sum(shifts), 0), tuple(a.shape))
    axes = _ints(axis)
    count = max(len(shifts), len(axes))
    return rearrange.roll(a, shifts * (count // len(shifts)), axes * (count // len(axes)))


_PAD_MODES = {"reflect", "symmetric", "edge", "wrap"}


def _pairs(width: Any, ndim: int) -> list[tuple[int, int]]:
    if isinstance(width, dict):
        filled: list[Any] = [(0, 0)] * ndim
        for axis, pair in width.items():
            filled[axis] = pair
        width = [p if np.ndim(p) else (p, p) for p in filled]
    return [(int(b), int(e)) for b, e in np.broadcast_to(np.asarray(constant("np.pad", "pad_width", width)), (ndim, 2))]


def _pad(array: Any, pad_width: Any, mode: str = "constant", **kwargs: Any) -> Any:
    widths = _pairs(pad_width, array.ndim)
    if not any(n for pair in widths for n in pair):
        array = shape.clone(array)
    if any(n < 0 for pair in widths for n in pair):
        raise ValueError(f"np.pad: widths cannot be negative, got {pad_width}")
    constants = kwargs.pop("constant_values", 0) if mode == "constant" else 0
    if kwargs.get("reflect_type", "even") == "even" and mode in ("reflect", "symmetric"):
        kwargs.pop("reflect_type", None)
    if kwargs or mode not in {*_PAD_MODES, "constant"}:
        given = next(iter(kwargs), None)
        raise TypeError(
            f"np.pad: tensors take {f'no {given}= with ' if given else 'no '}mode={mode!r}; there are 'constant', "
            f"{', '.join(map(repr, sorted(_PAD_MODES)))}"
        )
    if mode == "constant":
        values = np.broadcast_to(np.asarray(constant("np.pad", "constant_values", constants)), (array.ndim, 2))
        for axis, ((before, after), (low, high)) in enumerate(zip(widths, values, strict=True)):
            array = _surrounded(array, axis, before, after, low, high)
        return array
    for axis, (before, after) in enumerate(widths):
        if before or after:
            order = np.pad(np.arange(array.shape[axis]), (before, after), mode=mode)  # type: ignore[call-overload]
            array = _rows(array, order, axis)
    return array


def _surrounded(a: Any, axis: int, before: int, after: int, low: Any, high: Any) -> Any:
    if not before and not after:
        return a

    def filled(width: int, value: Any) -> Any:
        sizes = (*a.shape[:axis], width, *a.shape[axis + 1 :])
        return on_values(np.full_like, (a, value), shape=sizes)

    return joining.cat([filled(before, low), a, filled(after, high)], axis)


def _rows(a: Any, order: Any, axis: int) -> Any:
    """The slices along `axis` that host integers name."""
    return ops.indexing.index_select(a, axis, home_of((a,)).asarray(np.asarray(order, np.int64)))


def _trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None) -> Any:
    return ops.reduction.sum(as_dtype(rearrange.diagonal(a, offset, axis1, axis2), dtype), -1)


# Selecting


def _take(a: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Any:
    a, indices = operands(a, indices)
    if axis is None:
        a, axis = shape.ravel(a), 0
    axis = _axis(axis, a.ndim)
    n = a.shape[axis]
    if mode == "wrap":
        indices = indices % n
    elif mode == "clip":
        indices = on_values(np.clip, (indices, 0, n - 1))
    elif mode != "raise":
        raise ValueError(f"np.take: mode must be 'raise', 'wrap' or 'clip', got {mode!r}")
    return a[(*_ALL * axis, indices)]


def _take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Any:
    arr, indices = operands(arr, indices)
    return ops.indexing.take_along_dim(arr, indices, None if axis is None else index(axis))


def _compress(condition: Any, a: Any, axis: Any = None, out: Any = None) -> Any:
    if axis is None:
        a, axis = shape.ravel(a), 0
    condition, _ = operands(condition, a)
    return _take(a, on_values(np.flatnonzero, (condition,)), axis)


def _extract(condition: Any, arr: Any) -> Any:
    condition, arr = operands(condition, arr)
    return _take(arr, on_values(np.flatnonzero, (condition,)))


def _where(condition: Any, x: Any = None, y: Any = None, /) -> Any:
    if x is None and y is None:
        return on_values(np.nonzero, (condition,))
    return choose(condition, x, y)


def _select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    if len(condlist) != len(choicelist):
        raise ValueError(f"np.select: {len(condlist)} conditions and {len(choicelist)} choices")
    result = default
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        result = choose(condition, choice, result)
    return result


def _choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    chosen, *options = operands(a, *choices)
    n = len(options)
    if mode == "wrap":
        chosen = chosen % n
    elif mode == "clip":
        chosen = on_values(np.clip, (chosen, 0, n - 1))
    elif bool(((chosen < 0) | (chosen >= n)).any()):
        raise ValueError(f"np.choose: an entry of a is not between 0 and {n - 1}")
    result = options[0]
    for k, option in enumerate(options[1:], 1):
        result = choose(chosen == k, option, result)
    return shape.broadcast_tensors(result, chosen)[0]


def _host(value: Any) -> Any:
    """What tells where to insert or delete, which the host must know."""
    if isinstance(value, Tensor):
        return np.asarray(value.tolist(), value.dtype)
    return value if isinstance(value, slice) else np.asarray(value)


def _delete(arr: Any, obj: Any, axis: Any = None) -> Any:
    if axis is None:
        arr, axis = shape.ravel(arr), 0
    axis = _axis(axis, arr.ndim)
    return _rows(arr, np.delete(np.arange(arr.shape[axis]), _host(obj)), axis)


def _insert(arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    arr, values = operands(arr, values)
    if axis is None:
        arr, axis = shape.ravel(arr), 0
    axis = _axis(axis, arr.ndim)
    n, where = arr.shape[axis], _host(obj)
    single = not isinstance(where, slice) and where.ndim == 0
    if single and values.ndim:
        # A single place takes whole slices: NumPy puts the first dimension of `values` along the axis.
        values = shape.reshape(values, (1,) * (arr.ndim - values.ndim) + tuple(values.shape))
        values = shape.moveaxis(values, 0, axis)
        count = values.shape[axis]
        where = np.full(count, int(where))
    else:
        where = np.arange(n)[where] if isinstance(where, slice) else np.atleast_1d(where)
        where = np.flatnonzero(where) if where.dtype == bool else where
        count = len(where)
        if len(where) == 1 and values.ndim == arr.ndim:
            count = values.shape[axis]
            where = np.repeat(where, count)
    sizes = (*arr.shape[:axis], count, *arr.shape[axis + 1 :])
    values = as_dtype(shape.broadcast_to(values, sizes), arr.dtype)
    order = np.insert(np.arange(n), where, np.arange(n, n + count))
    return _rows(joining.cat([arr, values], axis), order, axis)


def _full_like(
    a: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None
) -> Any:
    a, fill = operands(a, fill_value)
    sizes = tuple(a.shape) if shape is None else _ints(shape)
    return ops.shape.clone(ops.shape.broadcast_to(as_dtype(fill, dtype or a.dtype), sizes))


def _copy(a: Any, order: str = "K", subok: bool = False) -> Any:
    return shape.clone(a)


def _astype(x: Any, dtype: Any, /, *, copy: bool = True) -> Any:
    result = as_dtype(x, dtype)
    return shape.clone(x) if copy and result is x else result


def _copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    if not isinstance(dst, Tensor):
        if lives_in_graph((src,)):
            raise TypeError("np.copyto: an array cannot hold what a graph records; copy the values alone, t.detach()")
        on_values(np.copyto, (dst, src), casting=casting, where=where)
        return
    (src,) = operands(src)
    if not np.can_cast(src.dtype, dst.dtype, casting=casting):  # type: ignore[arg-type]
        raise TypeError(f"np.copyto: cannot cast {src.dtype} to {dst.dtype} under casting={casting!r}")
    dst.copy_(src if where is True else choose(where, src, dst))


def _each(sections: Callable[..., Sequence[Any]]) -> Callable[..., list[Any]]:
    def split(ary: Any, indices_or_sections: Any) -> list[Any]:
        places = indices_or_sections
        return list(sections(ary, index(places) if np.ndim(places) == 0 else list(_ints(places))))

    return split


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.append: _append,
    np.array_split: _array_split,
    np.astype: _astype,
    np.atleast_1d: _at_least(shape.atleast_1d),
    np.atleast_2d: _at_least(shape.atleast_2d),
    np.atleast_3d: _at_least(shape.atleast_3d),
    np.block: _block,
    np.broadcast_arrays: _broadcast_arrays,
    np.broadcast_to: lambda array, shape, subok=False: ops.shape.broadcast_to(array, _ints(shape)),
    np.choose: _choose,
    np.column_stack: lambda tup: joining.column_stack(sequence(tup)),
    np.compress: _compress,
    np.concatenate: _concatenate,
    np.copy: _copy,
    np.copyto: _copyto,
    np.delete: _delete,
    np.diag: lambda v, k=0: rearrange.diag(v, k),
    np.diagflat: lambda v, k=0: rearrange.diag(shape.ravel(operands(v)[0]), k),
    np.diagonal: lambda a, offset=0, axis1=0, axis2=1: rearrange.diagonal(a, offset, axis1, axis2),
    np.dsplit: _each(joining.dsplit),
    np.dstack: lambda tup: joining.dstack(sequence(tup)),
    np.expand_dims: _expand_dims,
    np.extract: _extract,
    np.flip: _flip,
    np.fliplr: lambda m: rearrange.fliplr(m),
    np.flipud: lambda m: rearrange.flipud(m),
    np.full_like: _full_like,
    np.hsplit: _each(joining.hsplit),
    np.hstack: _hstack,
    np.insert: _insert,
    np.linalg.diagonal: lambda x, /, *, offset=0: rearrange.diagonal(x, offset, -2, -1),
    np.linalg.matrix_transpose: lambda x, /: shape.transpose(x, -2, -1),
    np.linalg.trace: lambda x, /, *, offset=0, dtype=None: _trace(x, offset, -2, -1, dtype),
    np.matrix_transpose: lambda x, /: shape.transpose(x, -2, -1),
    np.meshgrid: _meshgrid,
    np.moveaxis: lambda a, source, destination: shape.moveaxis(a, source, destination),
    np.pad: _pad,
    np.ravel: _ravel,
    np.repeat: _repeat,
    np.reshape: _reshape,
    np.resize: _resize,
    np.roll: _roll,
    np.rollaxis: _rollaxis,
    np.rot90: lambda m, k=1, axes=(0, 1): rearrange.rot90(m, k, axes),
    np.select: _select,
    np.split: _split,
    np.squeeze: _squeeze,
    np.stack: _stack,
    np.swapaxes: lambda a, axis1, axis2: shape.transpose(a, axis1, axis2),
    np.take: _take,
    np.take_along_axis: _take_along_axis,
    np.tile: _tile,
    np.trace: _trace,
    np.transpose: _transpose,
    np.tril: lambda m, k=0: rearrange.tril(m, k),
    np.triu: lambda m, k=0: rearrange.triu(m, k),
    np.unstack: lambda x, /, *, axis=0: joining.unbind(x, axis),
    np.vander: lambda x, N=None, increasing=False: products.vander(x, N, increasing),
    np.vsplit: _each(joining.vsplit),
    np.vstack: _vstack,
    np.where: _where,
}

"""An index as it is written, read in two steps, as PyTorch reads it.

Integers, slices, `...` and None make a view. Integer arrays and boolean masks then pick elements of that view, into a
copy. So an integer beside an index array drops its dimension first, where NumPy would treat it as one more index array
(`x[0, :, [1, 2]]` has the shape of `x[0][:, [1, 2]]`). Everything else is NumPy's: negative steps, indices from the
end, where the indexed dimensions go.
"""

from __future__ import annotations

from operator import index as as_index
from typing import Any, NamedTuple

from ...backends import Array, Backend, backend_of, dtypes, is_array
from ..arguments import mixed
from ..tensor import Tensor, as_array, from_array
from .dims import integer

ALL = (slice(None),)


class Resolved(NamedTuple):
    """An index in its two steps: the view (`basic`, None if it is the whole), and what picks from the view's
    dimensions `dims`: integer arrays, or one mask that begins there."""

    basic: tuple[Any, ...] | None
    arrays: tuple[Any, ...]
    dims: tuple[int, ...]
    masked: bool


def plain(index: Any) -> tuple[Any, ...] | None:
    """The basic index that `index` is, or None if it holds more than ints, plain slices, None and `...`."""
    kind = index.__class__
    if kind is int:
        return (index, ...)
    whole = False
    items = index if kind is tuple else (index,)
    for item in items:
        kind = item.__class__
        if kind is slice:
            for bound in (item.start, item.stop, item.step):
                if bound is not None and bound.__class__ is not int:
                    return None
        elif item is ...:
            whole = True
        elif kind is not int and item is not None:
            return None
    return items if whole else (*items, ...)


def arrays_alone(x: Any, index: Any) -> tuple[Any, ...] | None:
    """The index, if it is nothing but signed integer tensors where the tensor `x` is: often met, and quickly told."""
    if not isinstance(x, Tensor):
        return None
    home = x._array.__class__
    arrays = index if index.__class__ is tuple else (index,)
    for item in arrays:
        array: Any = item._array if isinstance(item, Tensor) else None
        if array.__class__ is not home or array.dtype.kind != "i" or not array.ndim:
            return None
    return arrays if len(arrays) <= x._array.ndim else None


def _item(item: Any, home: Backend, boxed: bool) -> Any:
    """One item of an index: an int, a slice, None, `...`, a bool, or an array of `home` of one or more dimensions (a
    tensor stays one if `boxed`)."""
    if item is None or item is ... or item.__class__ is int:
        return item
    if isinstance(item, slice):
        bounds = (item.start, item.stop, item.step)
        return slice(*[None if b is None else integer("indexing", "the bounds of a slice", b) for b in bounds])
    if isinstance(item, bool):
        return item
    if isinstance(item, (list, range)):
        item = list(item)
        item = as_array(item, None if item else dtypes.int64, None, home.name)
    array = item._array if isinstance(item, Tensor) else item
    if is_array(array):
        return _index_array(item if boxed else array, array, home)
    if hasattr(item, "__index__"):
        return as_index(item)
    raise IndexError(
        f"indexing: an index is made of integers, slices, '...', None and integer or boolean tensors, arrays and "
        f"lists; got {type(item).__name__}"
    )


def _index_array(item: Any, array: Array, home: Backend) -> Any:
    source = backend_of(array)
    kind = array.dtype.kind
    if kind not in "iub":
        raise IndexError(f"indexing: tensors used as indices are of an integer or boolean dtype, got {array.dtype}")
    if array.ndim == 0 and (kind == "b" or source.device_type == "cpu"):
        return source.item(array)
    if source is not home:
        if source.device_type != "cpu":
            raise mixed("indexing", (from_array(home.xp.zeros(0)), item))
        return home.asarray(array)
    if array.dtype == dtypes.uint64:
        return array.astype(dtypes.int64)
    return item


def resolve(x: Any, index: Any) -> Resolved:
    """`index` of the tensor or array `x`, of any kind, in its two steps.

    Raises:
        IndexError: it is no index, or names more dimensions than there are; a mask's shape is not that of the
            dimensions it stands for.
        MixedBackends: an index tensor is on another device, and not on the host.
    """
    home = backend_of(x._array if isinstance(x, Tensor) else x)
    shape = tuple(x.shape)
    items = [_item(item, home, isinstance(x, Tensor)) for item in (index if isinstance(index, tuple) else (index,))]
    used = sum(_width(item) for item in items)
    if used > len(shape):
        raise IndexError(f"indexing: {used} dimensions are indexed, but the shape is {shape}")
    if sum(item is ... for item in items) > 1:
        raise IndexError("indexing: an index can have only one '...'")
    basic: list[Any] = []
    picks: list[tuple[int, Any]] = []  # dimension of the view, and array
    axis = dim = 0  # of x, and of the view
    for item in items:
        width = len(shape) - used if item is ... else _width(item)
        if isinstance(item, bool):
            basic.append(None)
            picks.append((dim, home.xp.arange(int(item))))
        elif hasattr(item, "dtype"):
            if item.dtype.kind == "b" and tuple(item.shape) != shape[axis : axis + width]:
                raise IndexError(
                    f"indexing: a mask of shape {tuple(item.shape)} stands where the shape {shape} has "
                    f"{shape[axis : axis + width]}; they must be the same"
                )
            basic.extend(ALL * width)
            picks.append((dim, item))
        else:
            basic.append(item)
        axis += width
        dim += 1 if item is None or isinstance(item, bool) else 0 if isinstance(item, int) else width
    masked = len(picks) == 1 and picks[0][1].dtype.kind == "b"
    if not masked:
        picks = [pick for dim, array in picks for pick in _without_masks(dim, array, home)]
    whole = all(item is ... or item == slice(None) for item in basic)
    return Resolved(
        None if whole else (*basic, ...) if ... not in basic else tuple(basic),
        tuple(array for _, array in picks),
        tuple(dim for dim, _ in picks),
        masked,
    )


def _width(item: Any) -> int:
    """How many dimensions one item of an index takes."""
    if item is None or item is ... or isinstance(item, bool):
        return 0
    return item.ndim if hasattr(item, "dtype") and item.dtype.kind == "b" else 1


def _without_masks(dim: int, array: Any, home: Backend) -> list[tuple[int, Any]]:
    if array.dtype.kind != "b":
        return [(dim, array)]
    raw = array._array if isinstance(array, Tensor) else array
    return [(dim + k, indices) for k, indices in enumerate(home.xp.nonzero(raw))]


def basic_index(x: Any, index: Any) -> tuple[Any, ...] | None:
    """The view that `x[index] = value` writes to, or into, as an index; None for all of `x`."""
    basic = plain(index)
    return basic if basic is not None or arrays_alone(x, index) is not None else resolve(x, index).basic

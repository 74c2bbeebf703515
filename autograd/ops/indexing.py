"""Indexing by tensors: choosing by a condition, gathering and scattering along a dimension, picking rows.

Out of range, an index raises IndexError on the host; a device does not look, and wraps it around. Where several values
are written to one element the last stays on NumPy and any one on a device, and each receives the whole gradient, as in
PyTorch.
"""

from __future__ import annotations

from math import prod
from typing import Any

from ...backends import Array, backend_of, dtypes, get_default_dtype, is_array
from ..errors import DtypeError, PlaceError, ShapeError
from ..op import op
from ..tensor import Tensor, as_array
from .arithmetic import cast
from .comparison import choose, ne
from .dims import canonical_dim, ndim_of
from .getitem import by_arrays, mask_read, number_for, place, setitem, with_added
from .index import resolve
from .shape import broadcast_shapes, broadcast_to, clone, expand, reshape


def index_on(function: str, x: Any, index: Any) -> Any:
    """`index` as integers where `x` is: tensors and arrays of `x`'s backend stay, host arrays and lists are moved.

    Raises:
        TypeError: they are no integers.
    """
    ndim_of(function, x)
    home = backend_of(x._array if isinstance(x, Tensor) else x)
    if isinstance(index, (list, tuple, int)):
        index = as_array(index, None if index != [] else dtypes.int64, None, home.name)
    array = index._array if isinstance(index, Tensor) else index
    if not is_array(array) or array.dtype.kind not in "iu":
        got = array.dtype if hasattr(array, "dtype") else type(index).__name__
        raise DtypeError(f"{function}: an index holds integers, got {got}")
    if backend_of(array) is not home and backend_of(array).device_type == "cpu":
        return home.asarray(array)
    if array.dtype == dtypes.uint64:
        return array.astype(dtypes.int64)
    return index if isinstance(x, Tensor) else array


def _same_dtype(function: str, x: Any, source: Any) -> None:
    ndim_of(function, x)
    if hasattr(source, "dtype") and source.dtype != x.dtype:
        raise DtypeError(f"{function}: the values must be {x.dtype} as the input is, got {source.dtype}; convert them")


# By a condition.


def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """`input` where the condition holds, `other` elsewhere, broadcast; each receives the gradient of what was taken
    from it. With the condition alone: the indices where it holds, as `nonzero(as_tuple=True)`.

    Args:
        condition: booleans; numbers count as true where they are not 0.
        input, other: tensors or numbers.
    """
    if input is None and other is None:
        return nonzero(condition, as_tuple=True)
    ndim_of("where", condition)
    if input is None or other is None:
        raise TypeError("where: expected both input and other, or neither")
    if hasattr(condition, "dtype") and condition.dtype.kind != "b":
        condition = ne(condition, 0)
    chosen = choose(condition, input, other)
    if isinstance(input, (int, float)) and isinstance(other, (int, float)) and chosen.dtype.kind == "f":
        return cast(chosen, dtype=get_default_dtype())
    return chosen


_masked_fill = op(
    "masked_fill",
    lambda xp, x, mask, value: xp.where(mask, value, x),
    vjp=(lambda g, mask: choose(mask, 0.0, g), None, lambda g, mask: choose(mask, g, 0.0)),
    elementwise=True,
)


def masked_fill(input: Any, mask: Any, value: Any) -> Any:
    """`input` with `value` where the mask is true.

    Args:
        mask: booleans that broadcast with `input`.
        value: a number or a 0-d tensor; it is cast to the dtype of `input`.

    Raises:
        TypeError: the mask is not boolean.
        ValueError: the value has dimensions.
    """
    _expect_mask("masked_fill", input, mask)
    if getattr(value, "ndim", 0):
        raise ShapeError(f"masked_fill: the value must be a number or a 0-d tensor, got shape {tuple(value.shape)}")
    if (isinstance(value, complex) or getattr(value, "dtype", input.dtype).kind == "c") and input.dtype.kind != "c":
        raise DtypeError(f"masked_fill: a {input.dtype} tensor cannot hold the complex value {value}")
    if hasattr(value, "dtype"):
        value = value if value.dtype == input.dtype else cast(value, dtype=input.dtype)
    else:
        value = number_for(input, value)
    return _masked_fill(input, mask, value)


def _expect_mask(function: str, x: Any, mask: Any) -> None:
    ndim_of(function, x)
    dtype = getattr(mask, "dtype", None)
    if dtype is None or dtype.kind != "b":
        raise DtypeError(f"{function}: the mask must be a boolean tensor or array, got {dtype or type(mask).__name__}")


def masked_select(input: Any, mask: Any) -> Any:
    """The elements where the mask is true, in one dimension; input and mask broadcast. The host waits for their number.

    Raises:
        TypeError: the mask is not boolean.
    """
    _expect_mask("masked_select", input, mask)
    shape = broadcast_shapes(input.shape, mask.shape)
    x = input if tuple(input.shape) == shape else expand(input, shape)
    return mask_read(x, mask if tuple(mask.shape) == shape else expand(mask, shape), dim=0)


_nonzero = op("nonzero", lambda xp, x: xp.argwhere(x))
_nonzero_tuple = op("nonzero", lambda xp, x: tuple(xp.nonzero(x if x.ndim else x.reshape((1,)))), outputs=None)


def nonzero(input: Any, *, as_tuple: bool = False) -> Any:
    """The indices of the elements that are not 0, int64, in row-major order; no gradient. The host waits.

    Returns:
        One row for each element, (n, ndim); with `as_tuple` one tensor (n,) for each dimension, as an index of `input`.
    """
    return _nonzero_tuple(input) if as_tuple else _nonzero(input)


argwhere = nonzero

# Along one dimension, an index for each element.


def along(xp: Any, index: Array, dim: int) -> tuple[Array, ...]:
    """The index arrays that, with `index` for dimension `dim`, name one element for each of `index`."""
    grid = []
    for k, size in enumerate(index.shape):
        grid.append(index if k == dim else xp.arange(size).reshape((1,) * k + (size,) + (1,) * (index.ndim - k - 1)))
    return tuple(grid)


def _gathered(xp: Any, x: Array, index: Array, *, dim: int) -> Array:
    try:
        return x[along(xp, index, dim)]
    except IndexError as error:
        raise PlaceError(str(error)) from None


def _gather_spread_forward(xp: Any, x: Array, index: Array, *, dim: int, shape: tuple[int, ...]) -> Array:
    out = xp.zeros(shape, dtype=x.dtype)
    xp.scatter_add(out, along(xp, index, dim), x)
    return out


def _within(xp: Any, src: Any, index: Array) -> Any:
    """The part of `src` that `index` speaks of."""
    if getattr(src, "shape", ()) in ((), index.shape):
        return src
    return src[tuple([slice(size) for size in index.shape])]


def _scattered(xp: Any, x: Array, src: Any, index: Array, *, dim: int) -> Array:
    out = xp.array(x)
    try:
        xp.scatter_set(out, along(xp, index, dim), _within(xp, src, index))
    except IndexError as error:
        raise PlaceError(str(error)) from None
    return out


def _scatter_added(xp: Any, x: Array, src: Any, index: Array, *, dim: int) -> Array:
    try:
        return with_added(xp, x, along(xp, index, dim), _within(xp, src, index))
    except IndexError as error:
        raise PlaceError(str(error)) from None


def _back_to(g: Any, shape: tuple[int, ...]) -> Any:
    """The gradient of `src`: 0 where the index did not reach."""
    if g.shape == shape or shape == ():
        return g
    return place(g, shape=shape, index=tuple([slice(size) for size in g.shape]))


_gather = op(
    "gather",
    _gathered,
    vjp=(lambda g, index, dim, x_shape: _gather_spread(g, index, dim=dim, shape=x_shape), None),
)
_gather_spread = op(
    "gather_spread", _gather_spread_forward, vjp=(lambda g, index, dim: _gather(g, index, dim=dim), None)
)
_scatter = op(
    "scatter",
    _scattered,
    vjp=(
        lambda g, index, dim: _scatter(g, 0, index, dim=dim),
        lambda g, index, dim, src_shape: _back_to(_gather(g, index, dim=dim), src_shape),
        None,
    ),
)
_scatter_add = op(
    "scatter_add",
    _scatter_added,
    vjp=(lambda g: g, lambda g, index, dim, src_shape: _back_to(_gather(g, index, dim=dim), src_shape), None),
)


def checked(function: str, x: Any, dim: int, index: Any, src: Any = None) -> tuple[Any, int, Any]:
    """Input, dimension and index; those of a 0-d input as if it had one dimension."""
    index = index_on(function, x, index)
    dim = canonical_dim(function, dim, x.ndim)
    if not x.ndim:
        x = reshape(x, (1,))
    if not index.ndim:
        index = reshape(index, (1,))
    sizes = index.shape
    _expect_within(function, "input", sizes, x.shape, dim)
    if getattr(src, "ndim", 0):
        _expect_within(function, "src", sizes, src.shape, None)
    return x, dim, index


def _expect_within(function: str, what: str, sizes: tuple[int, ...], shape: tuple[int, ...], free: int | None) -> None:
    fits = len(sizes) == len(shape)
    if fits:
        for d, size in enumerate(sizes):
            if size > shape[d] and d != free:
                fits = False
    if not fits and 0 not in sizes:
        raise ShapeError(
            f"{function}: an index of shape {tuple(sizes)} does not fit {what} of shape {tuple(shape)}: it needs as "
            f"many dimensions, none larger{'' if free is None else f' but dimension {free}'}"
        )


def gather(input: Any, dim: int, index: Any) -> Any:
    """For each element of `index`, the element of `input` at its place, but for dimension `dim`, where the index says:
    `out[i][j] = input[index[i][j]][j]` for `dim=0`.

    Args:
        index: integers, with as many dimensions as `input` and no larger than it outside `dim`.

    Returns:
        A tensor of the shape of `index`.

    Raises:
        IndexError: an index is out of range, or there is no such dimension.
        TypeError, ValueError: `index` does not hold integers, or its shape does not fit.
    """
    index = index_on("gather", input, index)
    shape = tuple(index.shape)
    x, dim, index = checked("gather", input, dim, index)
    if not prod(shape) and index.ndim != x.ndim:
        return take(x, index)
    found = _gather(x, index, dim=dim)
    return found if tuple(found.shape) == shape else reshape(found, shape)


def take_along_dim(input: Any, indices: Any, dim: int | None = None) -> Any:
    """`gather`, where input and indices broadcast outside `dim`; by default both are flattened.

    Raises: as `gather`.
    """
    indices = index_on("take_along_dim", input, indices)
    if dim is None:
        return gather(reshape(input, (-1,)), 0, reshape(indices, (-1,)))
    if ndim_of("take_along_dim", input) != indices.ndim:
        raise ShapeError(
            f"take_along_dim: input and indices need as many dimensions, got {tuple(input.shape)} and "
            f"{tuple(indices.shape)}"
        )
    dim = canonical_dim("take_along_dim", dim, input.ndim)
    shape = list(broadcast_shapes(*[(*t.shape[:dim], 1, *t.shape[dim + 1 :]) for t in (input, indices)]))
    parts = []
    for tensor in (input, indices):
        if tensor.ndim:
            shape[dim] = tensor.shape[dim]
        parts.append(tensor if tuple(tensor.shape) == tuple(shape) else broadcast_to(tensor, shape))
    return gather(parts[0], dim, parts[1])


def scatter(input: Any, dim: int, index: Any, src: Any = None, *, value: Any = None, reduce: str | None = None) -> Any:
    """A copy of `input` with the elements that `index` names (as in `gather`) replaced by those of `src`.

    Args:
        index: integers, with as many dimensions as `input`; no larger than `src`, nor than `input` outside `dim`.
        src: a tensor of the dtype of `input`, or a number.
        value: the number, by name.
        reduce: `"add"` adds instead, see `scatter_add`.

    Raises:
        IndexError: an index is out of range, or there is no such dimension.
        TypeError, ValueError: index or src are of the wrong dtype or shape.
    """
    return _scattered_by("scatter", input, dim, index, src, value, reduce)


def _scattered_by(
    name: str, input: Any, dim: int, index: Any, src: Any, value: Any = None, reduce: str | None = None
) -> Any:
    values = src if value is None else value
    if values is None or (src is not None and value is not None):
        raise TypeError(f"{name}: expected either src or value")
    if reduce not in (None, "add"):
        raise ValueError(f"{name}: reduce must be None or 'add', got {reduce!r}")
    _same_dtype(name, input, values)
    x, dim, index = checked(name, input, dim, index, values)
    if index.ndim != x.ndim:  # an empty index of any shape names nothing
        return clone(input)
    values = values if hasattr(values, "dtype") else number_for(x, values)
    out = (_scatter_add if reduce else _scatter)(x, values, index, dim=dim)
    return out if input.ndim else reshape(out, ())


def scatter_add(input: Any, dim: int, index: Any, src: Any) -> Any:
    """A copy of `input` with the elements of `src` added to those that `index` names (as in `gather`); several for one
    element all count.

    Args and errors: as `scatter`.
    """
    return _scattered_by("scatter_add", input, dim, index, src, reduce="add")


# Along one dimension, whole rows.


def row_index(function: str, x: Any, dim: int, index: Any) -> tuple[Any, int, Any]:
    index = index_on(function, x, index)
    dim = canonical_dim(function, dim, x.ndim)
    if index.ndim > 1:
        raise ShapeError(f"{function}: the index must have one dimension, got shape {tuple(index.shape)}")
    return x if x.ndim else reshape(x, (1,)), dim, index if index.ndim else reshape(index, (1,))


def index_select(input: Any, dim: int, index: Any) -> Any:
    """The slices of `input` along `dim` that the 1-d `index` names, in its order.

    Raises:
        IndexError: an index is out of range, or there is no such dimension.
        TypeError, ValueError: `index` does not hold integers, or has more than one dimension.
    """
    x, dim, index = row_index("index_select", input, dim, index)
    found = by_arrays(1).read(x, index, dims=(dim,))
    return found if input.ndim else reshape(found, ())


def index_add(input: Any, dim: int, index: Any, source: Any, *, alpha: float = 1) -> Any:
    """A copy of `input` with `alpha * source` added to the slices along `dim` that the 1-d `index` names; several for
    one slice all count.

    Args:
        source: of the dtype of `input` and its shape, but for `dim`, where it is as long as `index`.

    Raises:
        IndexError: an index is out of range, or there is no such dimension.
        TypeError, ValueError: index or source are of the wrong dtype or shape.
    """
    x, dim, index = row_index("index_add", input, dim, index)
    source = row_source("index_add", x, dim, index, source)
    out = by_arrays(1).add(x, source if alpha == 1 else source * alpha, index, dims=(dim,))
    return out if input.ndim else reshape(out, ())


def index_copy(input: Any, dim: int, index: Any, source: Any) -> Any:
    """A copy of `input` with the slices along `dim` that the 1-d `index` names replaced by those of `source`.

    Args and errors: as `index_add`.
    """
    x, dim, index = row_index("index_copy", input, dim, index)
    source = row_source("index_copy", x, dim, index, source)
    out = by_arrays(1).write(x, source, index, basic=None, dims=(dim,), fresh=True)
    return out if input.ndim else reshape(out, ())


def row_source(function: str, x: Any, dim: int, index: Any, source: Any) -> Any:
    ndim_of(function, source)
    _same_dtype(function, x, source)
    if not source.ndim:
        source = reshape(source, (1,))
    expected = (*x.shape[:dim], index.shape[0], *x.shape[dim + 1 :])
    if tuple(source.shape) != expected:
        raise ShapeError(
            f"{function}: {index.shape[0]} slices along dimension {dim} of shape {tuple(x.shape)} need a source of "
            f"shape {expected}, got {tuple(source.shape)}"
        )
    return source


def _named_forward(xp: Any, index: Array, *, length: int) -> Array:
    named = xp.zeros(length, dtype=bool)
    named[index] = True
    return named


_named = op("index_fill", _named_forward, doc="Which of the numbers below `length` are in `index`.")


def index_fill(input: Any, dim: int, index: Any, value: Any) -> Any:
    """A copy of `input` with the slices along `dim` that the 1-d `index` names filled with a number or 0-d tensor.

    Raises:
        IndexError: an index is out of range, or there is no such dimension.
        TypeError, ValueError: `index` does not hold integers, or has more than one dimension; `value` has dimensions.
    """
    x, dim, index = row_index("index_fill", input, dim, index)
    named = _named(index, length=x.shape[dim])
    out = masked_fill(x, reshape(named, (-1,) + (1,) * (x.ndim - dim - 1)), value)
    return out if input.ndim else reshape(out, ())


def take(input: Any, index: Any) -> Any:
    """The elements of the flattened `input` at `index`, in the shape of `index`.

    Raises:
        IndexError: an index is out of range.
        TypeError: `index` does not hold integers.
    """
    return by_arrays(1).read(reshape(input, (-1,)), index_on("take", input, index), dims=(0,))


def index_put(input: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    """A copy of `input` with `values` at `indices`: `setitem`, or its sum.

    Args:
        indices: a tuple with an integer or boolean tensor, or None, for each of the first dimensions; they broadcast.
            None leaves a dimension whole.
        values: broadcasts to what the indices select, of the dtype of `input`.
        accumulate: add the values; several for one element all count.

    Raises: as `setitem`.
    """
    _same_dtype("index_put", input, values)
    index = tuple([slice(None) if item is None else item for item in indices])
    if not accumulate:
        return setitem(input, index, values)
    found = resolve(input, index)
    arrays, dims = found.arrays, found.dims
    if found.masked:
        arrays = nonzero(arrays[0], as_tuple=True)
        dims = tuple(range(dims[0], dims[0] + len(arrays)))
    return by_arrays(len(arrays)).add(input, values, *arrays, dims=dims)


__all__ = ["argwhere", "gather", "index_add", "index_copy", "index_fill", "index_put", "index_select", "masked_fill",
           "masked_select", "nonzero", "scatter", "scatter_add", "take", "take_along_dim", "where"]  # fmt: skip

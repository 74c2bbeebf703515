"""Shapes: reshaping, exchanging, dropping, adding and expanding dimensions. No number is computed here.

All but `clone` and `contiguous` are views where the layout in memory allows: they share memory with what they were
made of, and an in-place change of one is seen in the other and in its gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from ...backends import Array
from ..errors import ShapeError
from ..memory_format import MemoryFormat, contiguous_format, preserve_format
from ..modes import is_inference_mode_enabled
from ..op import op
from ..tensor import Tensor
from . import arithmetic
from .dims import canonical_dim, canonical_dims, integers, ndim_of, renamed, sizes_of


def given(function: str, positional: tuple[Any, ...], named: dict[str, Any], name: str) -> tuple[Any, ...]:
    """The ints of `f(x, 2, 3)`, `f(x, (2, 3))` or, with their `name`, `f(x, sizes=(2, 3))`, as a tuple."""
    if named:
        if positional and name in named:
            raise TypeError(f"{function}: got its {name} twice, {positional} and {named[name]!r}")
        if positional or list(named) != [name]:
            unexpected = next(keyword for keyword in named if keyword != name)
            raise TypeError(f"{function}: unexpected argument {unexpected!r}; the one with a name is {name}")
        positional = (named[name],)
    if len(positional) == 1 and isinstance(positional[0], (tuple, list)):
        return tuple(positional[0])
    return positional


# One order of elements, another shape.

_reshape = op(
    "reshape",
    lambda xp, x, *, shape: x.reshape(shape),
    vjp=lambda g, x_shape: _reshape(g, shape=x_shape),
    linear=True,
    view=True,
)


def _viewed(xp: Any, x: Array, *, shape: tuple[int, ...]) -> Array:
    try:
        return x.reshape(shape, copy=False)
    except ValueError:
        x.reshape(shape)  # says so if it is the size that does not fit
    raise ShapeError(
        f"its elements do not lie in memory so that shape {shape} is a view (strides {x.strides}); use reshape(), "
        f"which copies where it must"
    )


_view = op("view", _viewed, vjp=lambda g, x_shape: _reshape(g, shape=x_shape), linear=True, view=True)


def reshape(input: Any, *shape: Any, **named: Any) -> Any:
    """The same elements in row-major order with another shape: `reshape(x, (2, 3))`, `reshape(x, 2, 3)` or
    `reshape(x, shape=(2, 3))`; one size may be -1 and is inferred. A view where the memory layout allows, else a copy.

    Raises:
        ValueError: the number of elements does not fit.
    """
    return _reshape(input, shape=_sizes("reshape", given("reshape", shape, named, "shape")))


def _sizes(function: str, shape: tuple[Any, ...]) -> tuple[Any, ...]:
    """The sizes themselves. Arrays take any negative one for a size to be inferred, but that is -1 alone."""
    for size in shape:
        if size.__class__ is int and size < -1:
            raise ShapeError(f"{function}: a size cannot be negative, but for one -1, which is inferred; got {shape}")
    return shape


def view(input: Any, *size: Any, **named: Any) -> Any:
    """`reshape`, but never a copy; by name, its sizes are `size`.

    Raises:
        ValueError: the number of elements does not fit, or the memory layout does not allow a view.
    """
    return _view(input, shape=_sizes("view", given("view", size, named, "size")))


def reshape_as(input: Any, other: Any) -> Any:
    """`input` with the shape of `other`."""
    return _reshape(input, shape=sizes_of("reshape_as", other))


def view_as(input: Any, other: Any) -> Any:
    """A view of `input` with the shape of `other`; see `view`."""
    return _view(input, shape=sizes_of("view_as", other))


def ravel(input: Any) -> Any:
    """All elements in one dimension; a view where the memory layout allows."""
    return _reshape(input, shape=(-1,))


def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """Dimensions `start_dim` to `end_dim`, both included, as one. A 0-d input gets shape (1,).

    Raises:
        IndexError: there is no such dimension.
        ValueError: `start_dim` comes after `end_dim`.
    """
    shape = sizes_of("flatten", input)
    if start_dim == 0 and end_dim == -1 and len(shape) != 1:
        return _reshape(input, shape=(-1,))
    start = canonical_dim("flatten", start_dim, len(shape))
    end = canonical_dim("flatten", end_dim, len(shape))
    if start > end:
        raise ShapeError(f"flatten: start_dim {start_dim} comes after end_dim {end_dim}")
    if start == end and shape:
        return input
    return _reshape(input, shape=(*shape[:start], prod(shape[start : end + 1]), *shape[end + 1 :]))


def unflatten(input: Any, dim: int, sizes: Sequence[int]) -> Any:
    """Dimension `dim` as several of these sizes, of which one may be -1.

    Raises:
        IndexError: there is no such dimension.
        ValueError: the sizes do not multiply to that of `dim`.
    """
    shape = sizes_of("unflatten", input)
    dim = canonical_dim("unflatten", dim, len(shape))
    sizes = integers("unflatten", "every size", sizes)
    length = shape[dim] if shape else 1
    known = prod(s for s in sizes if s != -1)
    inferred = sizes.count(-1)
    if not sizes or inferred > 1 or (known != length if not inferred else known == 0 or length % known):
        raise ShapeError(
            f"unflatten: sizes {sizes} do not multiply to {length}, the size of dimension {dim} of {shape}"
        )
    sizes = tuple(length // known if s == -1 else s for s in sizes)
    return _reshape(input, shape=(*shape[:dim], *sizes, *shape[dim + 1 :]))


# Another order of dimensions.

_transpose = op(
    "transpose",
    lambda xp, x, *, dim0, dim1: x.swapaxes(dim0, dim1),
    vjp=lambda g, dim0, dim1: _transpose(g, dim0=dim0, dim1=dim1),
    linear=True,
    view=True,
)


def _inverse(dims: tuple[int, ...]) -> tuple[int, ...]:
    inverse = [0] * len(dims)
    for place, dim in enumerate(dims):
        inverse[dim] = place
    return tuple(inverse)


_permute = op(
    "permute",
    lambda xp, x, *, dims: x.transpose(dims),
    vjp=lambda g, dims: _permute(g, dims=_inverse(dims)),
    linear=True,
    view=True,
)


def transpose(input: Any, dim0: int, dim1: int) -> Any:
    """A view with dimensions `dim0` and `dim1` exchanged.

    Raises:
        IndexError: there is no such dimension.
    """
    try:
        return _transpose(input, dim0=dim0, dim1=dim1)
    except (ValueError, IndexError):
        # Which of the two a backend raises differs; and a 0-d tensor has a dimension to be named, but none to exchange.
        canonical_dim("transpose", dim0, input.ndim)
        canonical_dim("transpose", dim1, input.ndim)
        if input.ndim:
            raise
        return _permute(input, dims=())


swapaxes = swapdims = transpose


def t(input: Any) -> Any:
    """The transpose of a matrix; a vector or 0-d tensor as it is.

    Raises:
        ValueError: it has more than two dimensions.
    """
    if ndim_of("t", input) > 2:
        raise ShapeError(f"t: expected a tensor of at most 2 dimensions, got shape {tuple(input.shape)}; use transpose")
    return _permute(input, dims=tuple(range(input.ndim))[::-1])


def permute(input: Any, *dims: Any, **named: Any) -> Any:
    """A view with the dimensions in another order: `permute(x, (2, 0, 1))`, `permute(x, 2, 0, 1)` or
    `permute(x, dims=(2, 0, 1))`.

    Raises:
        IndexError: there is no such dimension.
        ValueError: `dims` does not name every dimension once.
    """
    order = given("permute", dims, named, "dims")
    try:
        return _permute(input, dims=order)
    except (ValueError, IndexError):
        for dim in order:
            canonical_dim("permute", dim, input.ndim)
        raise ShapeError(
            f"permute: dims {order} must name each of the {input.ndim} dimensions of shape {tuple(input.shape)} once"
        ) from None


def movedim(input: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Any:
    """A view with dimensions `source` at the places `destination`, the others in their order.

    Raises:
        IndexError: there is no such dimension.
        ValueError: there are not as many sources as destinations.
    """
    ndim = ndim_of("movedim", input)
    sources = canonical_dims("movedim", source, ndim)
    places = canonical_dims("movedim", destination, ndim)
    if len(sources) != len(places):
        raise ShapeError(f"movedim: {len(sources)} source dimensions cannot go to {len(places)} destinations")
    order = [dim for dim in range(ndim) if dim not in sources]
    for place, dim in sorted(zip(places, sources, strict=True)):
        order.insert(place, dim)
    return _permute(input, dims=tuple(order))


moveaxis = movedim


# Dimensions of size 1, and dimensions repeated without memory.

_ALL = (slice(None),)

_squeeze = op(
    "squeeze",
    lambda xp, x, *, dims: x.squeeze(dims),
    vjp=lambda g, x_shape: _reshape(g, shape=x_shape),
    linear=True,
    view=True,
)
_unsqueeze = op(
    "unsqueeze",
    lambda xp, x, *, dim: x[_ALL * dim + (None,)],
    vjp=lambda g, dim: _squeeze(g, dims=(dim,)),
    linear=True,
    view=True,
)


def squeeze(input: Any, dim: int | Sequence[int] | None = None, **numpy_names: Any) -> Any:
    """A view without the dimensions of size 1: all of them, or those named by `dim`. A named dimension of another size
    stays.

    Raises:
        IndexError: there is no such dimension.
    """
    if numpy_names:
        return renamed(squeeze, locals())
    shape = sizes_of("squeeze", input)
    if dim is None:
        dims: Sequence[int] = range(len(shape))
    elif dim.__class__ is int and -len(shape) <= dim < len(shape):
        dims = (dim % len(shape),)
    else:
        dims = canonical_dims("squeeze", dim, len(shape))
    return _squeeze(input, dims=tuple([d for d in dims if shape[d] == 1]))


def unsqueeze(input: Any, dim: int) -> Any:
    """A view with a dimension of size 1 put in before dimension `dim`; -1 puts it at the end.

    Raises:
        IndexError: `dim` is out of range.
    """
    return _unsqueeze(input, dim=canonical_dim("unsqueeze", dim, ndim_of("unsqueeze", input) + 1))


def expand(input: Any, *size: Any, **named: Any) -> Any:
    """A view in which dimensions of size 1, and new ones in front, are repeated without using memory. -1 keeps a size.
    By name, the sizes are `size`.

    Raises:
        ValueError: the shape does not expand to these sizes.
    """
    sizes = wanted = integers("expand", "every size", given("expand", size, named, "size"))
    shape = sizes_of("expand", input)
    if -1 in sizes:
        lead = len(sizes) - len(shape)
        wanted = tuple([shape[k - lead] if s == -1 and k >= lead >= 0 else s for k, s in enumerate(sizes)])
    try:
        return arithmetic.broadcast_to(input, shape=wanted)
    except ValueError:
        raise ShapeError(
            f"expand: shape {shape} does not expand to {sizes}: counted from the right, each size must be "
            f"kept (or -1), or be 1 before; new dimensions in front need a size"
        ) from None


def expand_as(input: Any, other: Any) -> Any:
    """`input` expanded to the shape of `other`."""
    return expand(input, sizes_of("expand_as", other))


def broadcast_to(input: Any, size: Sequence[int]) -> Any:
    """`input` expanded to `size`; see `expand`."""
    return expand(input, integers("broadcast_to", "every size", size))


def numel(input: Any) -> int:
    """The number of elements."""
    return prod(sizes_of("numel", input))


def sum_to_size(input: Any, *size: Any, **named: Any) -> Any:
    """Summed over what broadcasting to `input` would have repeated, so that it has shape `size`.

    Raises:
        RuntimeError: `size` does not broadcast to the shape of `input`.
    """
    wanted = integers("sum_to_size", "every size", given("sum_to_size", size, named, "size"))
    shape = sizes_of("sum_to_size", input)
    if len(wanted) > len(shape) or any(n not in (1, m) for n, m in zip(wanted[::-1], shape[::-1], strict=False)):
        raise ShapeError(f"sum_to_size: {wanted} does not broadcast to the input's shape {shape}")
    return arithmetic.sum_to(input, shape=wanted)


def broadcast_shapes(*shapes: Sequence[int] | int) -> tuple[int, ...]:
    """The shape to which tensors of these shapes broadcast together; an int stands for a shape of one dimension.

    Raises:
        ValueError: they do not.
    """
    listed = [(shape,) if isinstance(shape, int) else tuple(shape) for shape in shapes]
    width = max((len(s) for s in listed), default=0)
    result = [1] * width
    for shape in listed:
        for place, size in enumerate(shape, start=width - len(shape)):
            if size != 1:
                if result[place] not in (1, size):
                    raise ShapeError(
                        f"shapes {', '.join(map(str, listed))} do not broadcast together: counted from the right, "
                        f"sizes must agree or be 1"
                    )
                result[place] = size
    return tuple(result)


def broadcast_tensors(*tensors: Any) -> tuple[Any, ...]:
    """Views of the tensors, expanded to the shape they broadcast to."""
    shape = broadcast_shapes(*[sizes_of("broadcast_tensors", t) for t in tensors])
    return tuple([arithmetic.broadcast_to(t, shape=shape) for t in tensors])


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Any, ...]:
    """Coordinate grids of 1-d (or 0-d) tensors: each expanded along its own dimension of the grid.

    Args:
        indexing: `"ij"`, dimension k of the grid is that of tensor k; `"xy"`, the first two are exchanged.
    """
    if indexing not in ("ij", "xy"):
        raise ValueError(f"meshgrid: indexing must be 'ij' or 'xy', got {indexing!r}")
    axes = list(tensors[0]) if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else list(tensors)
    for k, axis in enumerate(axes):
        if ndim_of("meshgrid", axis) > 1:
            raise ShapeError(f"meshgrid: tensor {k} has shape {tuple(axis.shape)}; expected 1-d tensors")
    places = list(range(len(axes)))
    if indexing == "xy" and len(axes) > 1:
        places[:2] = 1, 0
    return broadcast_tensors(
        *[_reshape(a, shape=(1,) * k + (-1,) + (1,) * (len(axes) - k - 1)) for k, a in zip(places, axes, strict=True)]
    )


def _each(name: str, tensors: tuple[Any, ...], function: Any) -> Any:
    for tensor in tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors:
        ndim_of(name, tensor)
    if len(tensors) == 1 and not isinstance(tensors[0], (tuple, list)):
        return function(tensors[0])
    return tuple([function(t) for t in (tensors[0] if len(tensors) == 1 else tensors)])


def atleast_1d(*tensors: Any) -> Any:
    """A 0-d tensor with shape (1,), others as they are; a tuple of them when given several."""
    return _each("atleast_1d", tensors, lambda x: x if x.ndim else _reshape(x, shape=(1,)))


def atleast_2d(*tensors: Any) -> Any:
    """With dimensions of size 1 in front, so that there are two at least; a tuple when given several."""
    return _each(
        "atleast_2d", tensors, lambda x: x if x.ndim > 1 else _reshape(x, shape=(1,) * (2 - x.ndim) + tuple(x.shape))
    )


def atleast_3d(*tensors: Any) -> Any:
    """Three dimensions at least: (), (n,) and (m, n) become (1, 1, 1), (1, n, 1) and (m, n, 1); a tuple when given
    several."""
    shapes = (lambda s: (1, 1, 1), lambda s: (1, *s, 1), lambda s: (*s, 1))
    return _each(
        "atleast_3d", tensors, lambda x: x if x.ndim > 2 else _reshape(x, shape=shapes[x.ndim](tuple(x.shape)))
    )


# Copies.

_clone = op("clone", lambda xp, x: x.copy(), vjp=lambda g: g, linear=True, elementwise=True)


def clone(input: Any, *, memory_format: MemoryFormat = preserve_format) -> Any:
    """A copy with memory of its own, in row-major order; gradients flow through it. The copy of a tensor made in
    inference mode is an ordinary tensor outside it.

    Args:
        memory_format: another order, as `cr.channels_last`.

    Raises:
        RuntimeError: it is for another number of dimensions.
    """
    if memory_format.order is not None:
        return _in_order(clone, input, memory_format)
    inference = isinstance(input, Tensor) and input.is_inference() and not is_inference_mode_enabled()
    return _clone(input.detach() if inference else input)


def _in_order(copy: Any, input: Any, memory_format: MemoryFormat) -> Any:
    """`copy(input)`, the elements in memory as the format has them."""
    order = memory_format.order
    assert order is not None
    if input.ndim != len(order):
        raise ShapeError(f"{memory_format!r} is for {len(order)} dimensions, got shape {tuple(input.shape)}")
    return _permute(copy(_permute(input, dims=order)), dims=_inverse(order))


def contiguous(input: Any, memory_format: MemoryFormat = contiguous_format) -> Any:
    """The tensor itself if its elements lie in memory in row-major order without gaps, else a copy that does.

    Args:
        memory_format: another order, as `cr.channels_last`.

    Raises:
        RuntimeError: it is for another number of dimensions.
    """
    if memory_format.order is not None:
        return _in_order(contiguous, input, memory_format)
    array = input._array if isinstance(input, Tensor) else input
    return input if memory_format is preserve_format or array.flags.c_contiguous else clone(input)


__all__ = ["atleast_1d", "atleast_2d", "atleast_3d", "broadcast_shapes", "broadcast_tensors", "broadcast_to", "clone",
           "contiguous", "expand", "expand_as", "flatten", "meshgrid", "moveaxis", "movedim", "numel", "permute",
           "ravel", "reshape", "reshape_as", "squeeze", "swapaxes", "swapdims", "t", "transpose", "unflatten",
           "unsqueeze", "view", "view_as"]  # fmt: skip

"""A tensor's memory seen with any sizes and strides: `as_strided` and what goes with it.

Sizes, strides and offsets count elements, the offset from the beginning of the memory that the tensor looks at. What
lies at one place several times receives the sum of its gradients.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

from ...backends import Array, backend_of
from ..errors import ShapeError
from ..op import op
from ..tensor import Tensor, from_array
from .dims import integer, integers, sizes_of
from .getitem import by_arrays
from .indexing import where
from .shape import reshape


class Layout(NamedTuple):
    """Where elements lie in a piece of memory."""

    size: tuple[int, ...]
    stride: tuple[int, ...]
    offset: int

    @property
    def reach(self) -> tuple[int, int]:
        """The first place, and one past the last."""
        if 0 in self.size:
            return 0, 0
        steps = [(n - 1) * step for n, step in zip(self.size, self.stride, strict=True)]
        return self.offset + sum(s for s in steps if s < 0), self.offset + sum(s for s in steps if s > 0) + 1

    @property
    def packed(self) -> bool:
        """Whether every place from the first to the last holds one element."""
        first, last = self.reach
        step = 1
        for stride, n in sorted((abs(t), n) for n, t in zip(self.size, self.stride, strict=True) if n != 1):
            if stride != step:
                return False
            step *= n
        return last - first == prod(self.size)

    def places(self, xp: Any) -> Array:
        """The place of each element, in row-major order."""
        found = xp.full((1,) * len(self.size), self.offset)
        for k, (n, step) in enumerate(zip(self.size, self.stride, strict=True)):
            found = found + (xp.arange(n) * step).reshape((-1,) + (1,) * (len(self.size) - k - 1))
        return found.reshape(-1)


def _array_of(x: Any) -> Array:
    return x._array if isinstance(x, Tensor) else x


def layout_of(x: Any) -> Layout:
    """How the elements of a tensor or array lie in memory, from its first element on."""
    array = _array_of(x)
    width = array.dtype.itemsize
    stride = tuple([step // width if n > 1 else 0 for n, step in zip(array.shape, array.strides, strict=True)])
    return Layout(tuple(array.shape), stride, 0)


def _first_place(x: Any) -> int:
    """Where in the memory behind it the first element of `x` lies."""
    array, layout = _array_of(x), layout_of(x)
    if not array.size:
        return 0
    backend = backend_of(array)
    ahead = backend.extent(array)[0] - backend.extent(backend.owner(array))[0]
    return ahead // array.dtype.itemsize - layout.reach[0]


def _wanted(function: str, x: Any, size: Any, stride: Any, storage_offset: int | None) -> tuple[Layout, Layout]:
    """The layout of `x`, and the one asked for, which is found to lie in the memory behind `x`; both from the first
    element of `x` on."""
    sizes_of(function, x)
    begin = _first_place(x)
    offset = begin if storage_offset is None else integer(function, "storage_offset", storage_offset)
    sizes, strides = integers(function, "every size", size), integers(function, "every stride", stride)
    if len(sizes) != len(strides):
        raise ShapeError(f"{function}: {len(sizes)} sizes need as many strides, got {len(strides)}")
    if min((*sizes, *strides, offset), default=0) < 0:
        raise ShapeError(
            f"{function}: sizes, strides and storage_offset must not be negative, got {sizes}, {strides}, {offset}"
        )
    array = _array_of(x)
    available = backend_of(array).owner(array).size
    last = Layout(sizes, strides, offset).reach[1]
    if last > available:
        raise ShapeError(
            f"{function}: sizes {sizes} with strides {strides} from place {offset} on need a memory of {last} "
            f"elements, there are {available}"
        )
    return layout_of(x), Layout(sizes, strides, offset - begin)


def _seen(x: Any, mine: Layout, wanted: Layout) -> Any:
    """What `wanted` shows of the elements of `x`, were they laid out as `mine`; 0 where there are none."""
    first, last = min(mine.reach[0], wanted.reach[0]), max(mine.reach[1], wanted.reach[1])
    xp = backend_of(_array_of(x)).xp
    memory = by_arrays(1).spread(reshape(x, (-1,)), mine.places(xp) - first, shape=(last - first,), dims=(0,))
    return reshape(by_arrays(1).read(memory, wanted.places(xp) - first, dims=(0,)), wanted.size)


def _strided(xp: Any, x: Array, *, mine: Layout, wanted: Layout) -> Array:
    if layout_of(x) == mine:
        return xp.as_strided(x, wanted.size, wanted.stride, _first_place(x) + wanted.offset)
    return _seen(x, mine, wanted)  # a cotangent, say, which lies otherwise


_as_strided = op(
    "as_strided",
    _strided,
    vjp=lambda g, mine, wanted: _seen(g, wanted, mine),
    linear=True,
    view=True,
    doc="For a packed `x` that `wanted` does not reach beyond.",
)


def _copied(x: Any, mine: Layout, wanted: Layout) -> Any:
    """What `wanted` shows: of the elements of `x` with their gradient (elements at one place share it), and of the
    memory around them."""
    array = _array_of(x)
    xp = backend_of(array).xp
    memory = xp.array(xp.as_strided(array, wanted.size, wanted.stride, _first_place(array) + wanted.offset))
    if array.dtype.kind not in "fc":
        return from_array(memory) if isinstance(x, Tensor) else memory
    ones = xp.ones(mine.size, dtype=array.dtype)
    shared = x if mine.packed else x / _seen(ones, mine, mine)
    return where(_seen(ones, mine, wanted) != 0, _seen(shared, mine, wanted), memory)


def as_strided(input: Any, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None) -> Any:
    """The memory behind `input` with these sizes and strides.

    A view where the elements of `input` lie without gaps and it shows these alone; else a copy, as always on a device.
    What it shows of the memory beyond `input` has no gradient.

    Args:
        size, stride: as many of each, in elements; not negative.
        storage_offset: the first element, counted from the beginning of the memory; by default where `input` begins.

    Raises:
        RuntimeError: they reach beyond the memory, or do not fit together.
    """
    mine, wanted = _wanted("as_strided", input, size, stride, storage_offset)
    (low, high), (first, last) = mine.reach, wanted.reach
    base = input._view.base if isinstance(input, Tensor) and input._view is not None else input
    if layout_of(base).packed and mine.packed and low <= first and last <= high:
        return _as_strided(input, mine=mine, wanted=wanted)
    return _copied(input, mine, wanted)


def as_strided_scatter(
    input: Any, src: Any, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None
) -> Any:
    """A copy of `input` with `src` where `as_strided(input, size, stride, storage_offset)` would look.

    Raises: as `as_strided`; RuntimeError if `src` is not of shape `size`.
    """
    mine, wanted = _wanted("as_strided_scatter", input, size, stride, storage_offset)
    if sizes_of("as_strided_scatter", src) != wanted.size:
        raise ShapeError(f"as_strided_scatter: src has shape {tuple(src.shape)}, and size is {wanted.size}")
    first, last = min(mine.reach[0], wanted.reach[0]), max(mine.reach[1], wanted.reach[1])
    xp = backend_of(_array_of(input)).xp
    ops, here = by_arrays(1), mine.places(xp) - first
    blank = xp.zeros(last - first, dtype=input.dtype)
    memory = ops.write(blank, reshape(input, (-1,)), here, basic=None, dims=(0,), fresh=True)
    memory = ops.write(memory, reshape(src, (-1,)), wanted.places(xp) - first, basic=None, dims=(0,), fresh=True)
    return reshape(ops.read(memory, here, dims=(0,)), mine.size)


__all__ = ["as_strided", "as_strided_scatter"]

"""In-place changes: the value in memory changes, and so does the tensor's place in the graph.

A recorded in-place op computes its result out of place, copies it into the tensor's memory and gives the tensor the
result's place in the graph. Through a view, the base and every other live view are given new places too: the base's
gradient is cut where the view wrote, the views are replayed on the new base. Nodes that had saved the memory notice
by its version (see `versions.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import ref

from ..backends import Array, backend_of
from .arguments import mixed
from .modes import current
from .op import Op, op
from .ops.arithmetic import cast
from .record import user_line
from .tensor import Tensor
from .versions import record_change

Steps = tuple[tuple[Op, dict[str, Any]], ...]


def change(target: Tensor, name: str, compute: Callable[..., Any], *args: Any, **kwargs: Any) -> Tensor:
    """`target` becomes `compute(target, ...)`, in place.

    Raises:
        RuntimeError: a leaf that requires a gradient (or a view of one) while recording, a result that does not fit
            the target's shape or dtype, or memory that cannot be written. The target is unchanged then.
    """
    recording = current().grad
    if recording:
        _refuse_leaf(target, name)
    result = compute(target, *args, **kwargs)
    if result.shape != target.shape:
        raise RuntimeError(
            f"{name}: the result has shape {result.shape}, which does not fit into the tensor's shape {target.shape}; "
            f"an in-place op cannot broadcast the tensor it changes"
        )
    if result.dtype != target.dtype:
        if _rank(result.dtype) > _rank(target.dtype):
            raise RuntimeError(f"{name}: a {result.dtype} result cannot be stored in a {target.dtype} tensor in place")
        result = cast(result, dtype=target.dtype)
    write(target._array, ..., result._array, name)
    if recording:
        rebase(target, result)
    return target


def write(array: Array, index: Any, value: Any, name: str) -> None:
    """`array[index] = value`, noted in the memory's version."""
    try:
        array[index] = value
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        raise RuntimeError(
            f"{name}: several elements of this tensor lie at one place in memory (it was expanded), or the memory is "
            f"read-only; clone() it first"
        ) from None
    record_change(array, name, user_line() if current().debug else None)


def _rank(dtype: Any) -> int:
    return "biufc".index(dtype.kind.replace("u", "i")) if dtype.kind in "biufc" else 3


def _refuse_leaf(target: Tensor, name: str) -> None:
    base = target if target._view is None else target._view.base
    if base._requires and base._edge is None:
        what = "a leaf that requires a gradient" if base is target else "a view of a leaf that requires a gradient"
        raise RuntimeError(
            f"{name}: {what} cannot be changed in place while recording, since its gradient would be lost; do it "
            f"under `with cr.no_grad():`, or on a clone()"
        )


def rebase(target: Tensor, result: Tensor) -> None:
    """Gives `target`, whose memory holds the values of `result` now, its place in the graph."""
    base = target if target._view is None else target._view.base
    if not (result._requires or base._requires):
        return
    if target._view is None:
        target._edge, target._requires = result._edge, result._requires
    else:
        written = _write_view(base, result, steps=target._view.steps, order=_order(base._array))
        base._edge, base._requires = written._edge, written._requires
    base._retains = False
    replay_views(base)


def replay_views(base: Tensor) -> None:
    """Gives every live view of `base` its place behind the base's new one."""
    views = [view for view in (reference() for reference in base._views or ()) if view is not None]
    for view in views:
        assert view._view is not None
        fresh = base
        for step, attributes in view._view.steps:
            fresh = step.call(fresh, **attributes)
        view._edge, view._requires, view._retains = fresh._edge, fresh._requires, False
    base._views = [ref(view) for view in views]  # without those that the replay made


# The base after a view of it was written: its memory holds the new values already.
_write_view = op(
    "write_view",
    lambda xp, base, value, *, steps, order: base,
    vjp=(
        lambda g, steps, order: _erase(g, steps=steps, order=order),
        lambda g, steps: _look(g, steps),
    ),
)


def _look(x: Any, steps: Steps) -> Any:
    """The view that `steps` make of x, a tensor or a raw array."""
    for step, attributes in steps:
        x = step.call(x, **attributes)
    return x


def _order(array: Array) -> tuple[int, ...]:
    """The dimensions from the slowest to the fastest in memory."""
    return tuple(sorted(range(array.ndim), key=lambda k: -abs(array.strides[k])))


def _erased(xp: Any, x: Array, *, steps: Steps, order: tuple[int, ...]) -> Array:
    # A copy laid out as the base is, so that what was a view of the base is a view of the copy.
    inverse = sorted(range(len(order)), key=order.__getitem__)
    copy = xp.array(x.transpose(order), order="C").transpose(inverse)
    _look(copy, steps)[...] = 0
    return copy


_erase = op("erase", _erased, vjp=lambda g, steps, order: _erase(g, steps=steps, order=order), linear=True)


def assign(target: Tensor, index: Any, value: Any) -> None:
    """`target[index] = value`; see `Tensor.__setitem__`."""
    recording = current().grad
    if recording:
        _refuse_leaf(target, "setitem")
    raw = index_arrays(index)
    source = value._array if isinstance(value, Tensor) else value
    if hasattr(source, "dtype") and backend_of(source) is not target.backend:
        if isinstance(value, Tensor):
            raise mixed("setitem", (target, value))
        source = target.backend.asarray(source)
    elif isinstance(source, (list, tuple)):
        source = target.backend.asarray(source, target.dtype)
    try:
        write(target._array, raw, source, "setitem")
    except (ValueError, IndexError, TypeError) as error:
        shape = tuple(getattr(source, "shape", ()))
        raise type(error)(f"setitem on {target.dtype} {target.shape} with a value of shape {shape}: {error}") from None
    if recording and (target._requires or (isinstance(value, Tensor) and value._requires)):
        result = _assigned(target, value, index=index)
        rebase(target, result)


def index_arrays(index: Any) -> Any:
    """An index with the tensors in it as their arrays."""
    if isinstance(index, tuple):
        return tuple(index_arrays(i) for i in index)
    return index._array if isinstance(index, Tensor) else index


# The tensor after the assignment: its memory holds the new values already.
_assigned = op(
    "setitem",
    lambda xp, x, value, *, index: x,
    vjp=(
        lambda g, index: _cut(g, index=index),
        lambda g, index, value_shape: _taken(g, index, value_shape),
    ),
)


def _cut_forward(xp: Any, x: Array, *, index: Any) -> Array:
    copy = xp.array(x)
    copy[index_arrays(index)] = 0
    return copy


_cut = op("cut", _cut_forward, vjp=lambda g, index: _cut(g, index=index), linear=True)


def _taken(g: Any, index: Any, value_shape: tuple[int, ...]) -> Any:
    """The elements that were assigned; leading dimensions of size 1 that the assignment dropped are put back."""
    from .ops.indexing import getitem

    taken = getitem(g, index)
    extra = len(value_shape) - taken.ndim
    return taken.reshape((1,) * extra + tuple(taken.shape)) if extra > 0 else taken

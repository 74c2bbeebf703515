"""In-place changes: the value in memory changes, and so does the tensor's place in the graph.

A recorded in-place op computes its result out of place, copies it into the tensor's memory and gives the tensor the
result's place in the graph. Through a view, the base and every other live view are given new places too: the base's
gradient is cut where the view wrote, the views are replayed on the new base. Nodes that had saved the memory notice
by its version (see `versions.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any
from weakref import ref

from ..backends import Array, Backend, backend_of, is_array
from .modes import current, enable_grad
from .node import INFERENCE, Node, next_tick
from .op import Op, op
from .ops.arithmetic import cast
from .ops.complex import conj
from .ops.getitem import overwrite
from .ops.index import basic_index
from .record import refuse_inference, user_line
from .tensor import Tensor, from_array
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
        _leave_hooks(target)
    refuse_overlap(target._array, name)
    since = next_tick()
    result = compute(target, *args, **kwargs)
    if result.shape != target.shape:
        raise RuntimeError(
            f"{name}: the result has shape {result.shape}, which does not fit into the tensor's shape {target.shape}; "
            f"an in-place op cannot broadcast the tensor it changes"
        )
    if result.dtype != target.dtype:
        if rank(result.dtype) > rank(target.dtype):
            raise RuntimeError(f"{name}: a {result.dtype} result cannot be stored in a {target.dtype} tensor in place")
        result = cast(result, dtype=target.dtype)
    if recording and result._requires:
        _keep_original(result, target._array, since)
    write(target._array, ..., result._array, name)
    if recording:
        rebase(target, result)
    return target


def write(array: Array, index: Any, value: Any, name: str) -> None:
    """`array[index] = value`, outside any graph, noted in the memory's version as a change by `name`."""
    with _writing(name):
        array[index] = value
    record_change(array, name, user_line() if current().debug else None)


@contextmanager
def _writing(name: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        raise RuntimeError(f"{name}: the memory of this tensor is read-only; clone() it first") from None


def refuse_overlap(array: Array, name: str) -> None:
    """Refuses to write where several elements share a place in memory, which only NumPy would notice."""
    if backend_of(array).owner(array) is array or not array.size:
        return
    end = array.dtype.itemsize
    for stride, size in sorted((abs(t), n) for t, n in zip(array.strides, array.shape, strict=True) if n > 1):
        if stride < end:
            raise RuntimeError(
                f"{name}: several elements of this tensor lie at one place in memory (it was expanded or unfolded); "
                f"clone() it first"
            )
        end += stride * (size - 1)


def _keep_original(result: Tensor, array: Array, since: int) -> None:
    """Copies what the nodes made after `since` saved of the memory that is about to be overwritten: the gradient of
    `w` in `x.mul_(w)` needs x as it was."""
    backend = backend_of(array)
    owner = backend.owner(array)
    stack = [result.grad_fn]
    while stack:
        node = stack.pop()
        if node is not None and node.tick > since:
            node.saved = _unshared(node.saved, owner, backend)
            stack.extend(
                edge if isinstance(edge, Node) else edge[0] if isinstance(edge, tuple) else None for edge in node.edges
            )


def _unshared(item: Any, owner: Array, backend: Backend) -> Any:
    """What a node saved, with copies of the arrays that lie in the memory of `owner`."""
    if isinstance(item, tuple):
        return tuple([_unshared(part, owner, backend) for part in item])
    return backend.copy(item) if is_array(item) and backend.owner(item) is owner else item


def rank(dtype: Any) -> int:
    """Where a dtype's kind stands among booleans, integers, floats and complex numbers: none holds one behind it."""
    return "biufc".index(dtype.kind.replace("u", "i")) if dtype.kind in "biufc" else 3


def _refuse_leaf(target: Tensor, name: str) -> None:
    base = target if target._view is None else target._view.base
    if base._requires and base._edge is None:
        what = "a leaf that requires a gradient" if base is target else "a view of a leaf that requires a gradient"
        raise RuntimeError(
            f"{name}: {what} cannot be changed in place while recording, since its gradient would be lost; do it "
            f"under `with cr.no_grad():`, or on a clone()"
        )


def _leave_hooks(target: Tensor) -> None:
    """A view that is about to be changed leaves behind the hooks on its way to the base: they belong to the values that
    were there, through which the base's gradient does not pass any more."""
    view, node = target._view, target.grad_fn
    for _ in view.steps if view is not None else ():
        if node is None:
            return
        if node.extra is not None and (node.extra.hooks or node.extra.node_hooks):
            assert view is not None
            _move(target, _look(view.base, view.steps))
            return
        edge = node.edges[0]
        node = edge[0] if isinstance(edge, tuple) else edge if isinstance(edge, Node) else None


def become_view(target: Tensor, name: str, function: Callable[..., Tensor], *args: Any, **kwargs: Any) -> Tensor:
    """`target` becomes the view of itself that `function` returns. Its memory is not written; the other views of the
    same memory stay what they were.

    Raises:
        RuntimeError: a leaf that requires a gradient (or a view of one) while recording, or a view that cannot be had.
            The target is unchanged then.
    """
    if current().grad:
        _refuse_leaf(target, name)
    source = target
    if target._view is None:  # what was made of it so far stays as it is, behind a base of its old shape
        source = from_array(target._array, target._edge)
        source._requires = target._requires
    with nullcontext() if current().inference else enable_grad():  # or its place would not be that of its elements
        seen = function(source, *args, **kwargs)
    if seen is source:
        return target
    if seen._view is None:
        raise RuntimeError(f"{name}: it would take a copy; use the form without the underscore")
    if source is not target:
        views = [view for view in (reference() for reference in target._views or ()) if view is not None]
        for view in views:
            assert view._view is not None
            view._view.base = source
        source._views, target._views = [ref(view) for view in views], None
        if target.is_leaf and target._requires:
            target.data = seen
            return target
        source._views.append(ref(target))
    target._array, target._view = seen._array, seen._view
    _move(target, seen)
    return target


def rebase(target: Tensor, result: Tensor) -> None:
    """Gives `target`, whose memory holds the values of `result` now, its place in the graph."""
    base = target if target._view is None else target._view.base
    if not (result._requires or base._requires):
        return
    if target._view is not None:
        result = _write_view(base, result, steps=target._view.steps, order=_order(base._array))
    _move(base, result)
    replay_views(base)


def _move(tensor: Tensor, to: Tensor) -> None:
    """Gives `tensor` the place in the graph that `to` has; `retain_grad` goes with the tensor."""
    retains, node = tensor._retains, tensor.grad_fn
    if retains and node is not None and node.extra is not None:
        node.extra.retained.pop(tensor.output_nr, None)
    tensor._edge, tensor._requires, tensor._retains = to._edge, to._requires, False
    if retains and to._requires:
        tensor.retain_grad()


def replay_views(base: Tensor) -> None:
    """Gives every live view of `base` its place behind the base's new one."""
    views = [view for view in (reference() for reference in base._views or ()) if view is not None]
    for view in views:
        assert view._view is not None
        fresh = base
        for step, attributes in view._view.steps:
            fresh = step.call(fresh, **attributes)
        _move(view, fresh)
    base._views = [ref(view) for view in views]  # without those that the replay made


# The base after a view of it was written: its memory holds the new values already.
_write_view = op(
    "write_view",
    lambda xp, base, value, *, steps, order: base,
    vjp=(
        lambda g, steps, order: _erase(g, steps=steps, order=order),
        lambda g, steps: conj(_look(conj(g), steps)),  # the part that is looked at need not be holomorphic
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


def assign(target: Tensor, index: Any, value: Any, name: str = "setitem") -> None:
    """`target[index] = value`; see `Tensor.__setitem__`."""
    recording = current().grad
    if recording:
        _refuse_leaf(target, name)
        for tensor in (target, value):
            if isinstance(tensor, Tensor) and tensor._edge is INFERENCE:
                refuse_inference(_write_view.op)
        _leave_hooks(target)
    refuse_overlap(target._array, name)
    with _writing(name):
        result = overwrite(target, index, value)
    record_change(changed_by(target, index), name, user_line() if current().debug else None)
    if recording:
        rebase(target, result)


def changed_by(target: Tensor, index: Any) -> Array:
    """The part of the tensor's array that an assignment to `index` can have changed, as a view."""
    basic = basic_index(target, index)
    return target._array if basic is None else target._array[basic]

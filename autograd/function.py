"""Custom differentiable functions: a forward and a backward written by the user, on tensors.

    class Exp(Function):
        @staticmethod
        def forward(ctx, x):
            y = x.exp()
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, grad_output):
            (y,) = ctx.saved_tensors
            return grad_output * y

    y = Exp.apply(x)

A call of `apply` records one node. What was saved lies in it as raw arrays with their places in the graph, never as
tensors: saving an output makes no cycle, a saved array that is changed in place is noticed, and `backward`, being made
of differentiable operations, is differentiated again under `create_graph=True`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any
from weakref import ref

from ..backends import Backend, backend_of, dtypes
from . import inplace
from .modes import Mode, current, is_grad_enabled, no_grad
from .node import INFERENCE, Absent, Edge, Node, next_tick
from .op import connect
from .ops.arithmetic import cast, sum_to
from .record import conjugate, note, refuse_inference
from .tensor import Tensor, from_array
from .versions import change_since, check_unchanged, clock


class FunctionCtx:
    """What `forward` leaves for `backward`. Anything may be assigned to it; tensors that are inputs or outputs belong
    into `save_for_backward`, which watches them and makes no cycles.

    Attributes:
        needs_input_grad: for every argument of `forward`, whether its gradient will be asked for.
    """

    needs_input_grad: tuple[bool, ...] = ()
    _forward = False  # it is handed to `jvp`

    def __init__(self) -> None:
        self._call = _Call()

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keeps tensors for `backward`, where `ctx.saved_tensors` gives them back. Called once, in `forward` or
        `setup_context`; a second call replaces the first.

        Raises:
            TypeError: something is neither a tensor nor None; assign that to the ctx.
        """
        for k, tensor in enumerate(tensors):
            if tensor is not None and not isinstance(tensor, Tensor):
                raise TypeError(
                    f"save_for_backward takes tensors and None, argument {k} is of type {type(tensor).__name__}; "
                    f"assign other things to the ctx: ctx.name = value"
                )
        self._call.to_save = tensors

    def save_for_forward(self, *tensors: Tensor | None) -> None:
        """Keeps tensors for `jvp`, where `ctx.saved_tensors` gives them back; without it, `jvp` gets those saved for
        `backward`."""
        self._call.for_forward = tensors

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Says that `forward` has changed these inputs in place. Each must be returned."""
        self._call.dirty = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Says that no gradient flows through these outputs. (Integer and boolean ones need no mark.)"""
        self._call.constant = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether `backward` gets zeros (True, so unless called) or None for outputs that received no gradient."""
        self._call.materialize = bool(value)

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """What was saved, at its place in the graph.

        Raises:
            RuntimeError: there is no graph (yet), it was freed, or a saved array was changed in place.
        """
        node = self._call.node() if self._call.node is not None else None
        if node is None:
            raise RuntimeError("saved_tensors: nothing is saved before forward has returned, or without a graph")
        if isinstance(node.saved, Absent):
            node.saved.restore(node)
        check_unchanged(node)
        saved, split = node.op.saved_tensors(node), self._call.split
        return saved[split:] if self._forward and split < len(saved) else saved[:split]


class _Call:
    """What one call of `apply` knows beyond its node."""

    to_save: tuple[Tensor | None, ...] = ()
    for_forward: tuple[Tensor | None, ...] = ()
    split = 0
    """How many of the saved arrays are for backward; the rest is for `jvp`."""
    dirty: tuple[Tensor, ...] = ()
    constant: tuple[Tensor, ...] = ()
    materialize = True
    node: ref[Node] | None = None
    edges: tuple[Any, ...] = ()
    """Of every saved array: where it belongs in the graph; a number for that output of the node itself."""
    places: tuple[int | None, ...] = ()
    """Of every value that forward returned: which of the node's outputs it is; None for what is no tensor."""
    backends: tuple[Backend | None, ...] = ()


class Function:
    """A differentiable function: subclass it, define `forward` and `backward`, and call `apply`.

    `forward(ctx, *args)` computes a tensor, or a tuple of them, from any arguments; it runs without recording.
    `backward(ctx, *grad_outputs)` gets a gradient per value returned, and returns one per argument of `forward`: a
    tensor of its shape, or None for what is no tensor or needs none. With `setup_context(ctx, inputs, output)` defined
    too, `forward` takes no ctx, and `setup_context` does the saving.

    Returned tensors that share memory with an argument are copied, so that neither can be changed through the other.
    """

    _ops: tuple[FunctionOp, FunctionOp]

    def __init__(self) -> None:
        raise RuntimeError(
            f"{type(self).__name__} is not instantiated: make forward and backward static methods and call "
            f"{type(self).__name__}.apply(...)"
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Computes the result; to be defined."""
        raise NotImplementedError("a Function needs a static method forward(ctx, ...)")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Keeps what `backward` needs, when `forward` takes no ctx."""
        raise NotImplementedError("setup_context is called only where it is defined")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """Computes the gradients; to be defined."""
        raise NotImplementedError("a Function needs a static method backward(ctx, *grad_outputs) to be differentiated")

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        """Computes the derivative along `tangents`, one per argument of `forward`; may be defined for forward mode,
        which else transposes `backward`."""
        raise NotImplementedError("jvp is called only where it is defined")

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Computes `forward(*args)` and records it.

        Keyword arguments are put where `forward`'s signature has them.

        Raises:
            TypeError: the arguments do not fit `forward`, or tensors are returned inside a list or dictionary.
            RuntimeError: an input was made in inference mode, a leaf was marked dirty, a dirty tensor is not returned,
                or an input that requires a gradient was changed without being marked.
        """
        separate = cls.setup_context is not Function.setup_context
        if kwargs or separate:
            args = _bind(cls, separate, args, kwargs)
        ctx = FunctionCtx()
        ctx.needs_input_grad = tuple(isinstance(a, Tensor) and a.requires_grad for a in args)
        before = clock.latest
        edges = tuple(_edge(a) for a in args)
        with no_grad():
            if separate:
                output = cls.forward(*args)
                cls.setup_context(ctx, args, output)
            else:
                output = cls.forward(ctx, *args)
        return _finish(cls, ctx, args, edges, output, before)


def _bind(cls: type[Function], separate: bool, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    given = args if separate else (None, *args)
    try:
        bound = inspect.signature(cls.forward).bind(*given, **kwargs)
    except TypeError as error:
        raise TypeError(f"{cls.__name__}.apply: {error}") from None
    bound.apply_defaults()
    if bound.kwargs:
        raise TypeError(f"{cls.__name__}.apply: forward's parameters must be positional, got {list(bound.kwargs)}")
    return bound.args if separate else bound.args[1:]


def _edge(argument: Any) -> Edge:
    return (argument._edge or argument) if isinstance(argument, Tensor) and argument._requires else None


def _is_in(tensor: Any, tensors: tuple[Any, ...]) -> bool:
    return any(tensor is other for other in tensors)


def _finish(
    cls: type[Function], ctx: FunctionCtx, args: tuple[Any, ...], edges: tuple[Edge, ...], output: Any, before: int
) -> Any:
    """What `apply` returns: the outputs, with their node where one is recorded."""
    call, mode = ctx._call, current()
    call.split = len(call.to_save)
    to_save = (*call.to_save, *call.for_forward)
    call.to_save = call.for_forward = ()
    dirty, call.dirty = call.dirty, ()
    constant, call.constant = call.constant, ()
    values = output if isinstance(output, tuple) else (output,)
    for tensor in dirty:
        if not _is_in(tensor, args):
            raise RuntimeError(f"{cls.__name__}: mark_dirty is for inputs that forward has changed in place")
        if not _is_in(tensor, values):
            raise RuntimeError(f"{cls.__name__}: an input was marked dirty but not returned; forward must return it")
    if not mode.grad or all(edge is None for edge in edges):
        results = [_unrecorded(v, args, dirty, mode, any(e is not None for e in edges)) for v in values]
        return tuple(results) if isinstance(output, tuple) else results[0]

    op = _op_of(cls, several=isinstance(output, tuple))
    if any(edge is INFERENCE for edge in edges):
        refuse_inference(op)  # type: ignore[arg-type]
    for tensor in dirty:
        inplace._refuse_leaf(tensor, cls.__name__)
    _check_inputs(cls, args, dirty, before)
    for value in values:
        _check_container(cls, value)
    places: list[int | None] = []
    tensors: list[Tensor] = []
    for value in values:
        places.append(len(tensors) if isinstance(value, Tensor) else None)
        if isinstance(value, Tensor):
            tensors.append(value)
    if not tensors:
        return output

    owners = [_owner(a) for a in args if isinstance(a, Tensor)]
    node = Node()
    node.op = op  # type: ignore[assignment]
    node.attributes = (ctx,)
    node.edges = edges
    node.specs = tuple((a.shape, a.dtype) if isinstance(a, Tensor) else None for a in args)
    node.tick = next_tick()
    node.scope = mode.scope
    node.extra = None
    made = [_recorded(t, _is_in(t, dirty), args, owners) for t in tensors]
    node.shape = tuple(t.shape for t in made) if op.several else made[0].shape
    node.dtype = tuple(t.dtype for t in made) if op.several else made[0].dtype
    for k, (tensor, original) in enumerate(zip(made, tensors, strict=True)):
        edge: Edge = (node, k) if op.several else node
        if _is_in(original, dirty):
            inplace.rebase(tensor, from_array(tensor._array, edge))
        elif not _is_in(original, constant) and dtypes.is_differentiable(tensor.dtype):
            tensor._edge, tensor._requires = edge, True
    saved = [_saved(t, args, edges, tensors, made, dirty) for t in to_save]
    node.saved = tuple(array for array, _ in saved)
    call.edges = tuple(edge for _, edge in saved)
    call.places = tuple(places)
    call.backends = tuple(a.backend if isinstance(a, Tensor) else None for a in args)
    call.node = ref(node)
    if mode.debug:
        note(node, tuple(t._array for t in made))
    results = [value if place is None else made[place] for value, place in zip(values, places, strict=True)]
    return tuple(results) if isinstance(output, tuple) else results[0]


def _unrecorded(value: Any, args: tuple[Any, ...], dirty: tuple[Any, ...], mode: Mode, lost: bool) -> Any:
    """A value returned where nothing is recorded: outside the graph, and no input itself."""
    if not isinstance(value, Tensor) or _is_in(value, dirty):
        return value
    if _is_in(value, args) or value._requires:
        value = value.detach()
    if mode.inference and lost and dtypes.is_differentiable(value.dtype):
        value._requires, value._edge = True, INFERENCE
    return value


def _recorded(tensor: Tensor, dirty: bool, args: tuple[Any, ...], owners: list[Any]) -> Tensor:
    """The tensor that stands for an output: the one returned, where it is new and its memory nobody else's."""
    if dirty:
        return tensor
    owner = _owner(tensor)
    shared = _is_in(owner, tuple(owners))
    owners.append(owner)
    if shared:
        return from_array(tensor.backend.copy(tensor._array))
    if tensor._requires or tensor._view is not None:
        return from_array(tensor._array)
    return tensor


def _owner(tensor: Tensor) -> Any:
    return tensor.backend.owner(tensor._array)


def _saved(
    tensor: Tensor | None, args: tuple[Any, ...], edges: tuple[Edge, ...], tensors: list[Tensor], made: list[Tensor],
    dirty: tuple[Tensor, ...],
) -> tuple[Any, Any]:  # fmt: skip
    """The array to keep for a saved tensor, and its place in the graph (a number for an output of the node)."""
    if tensor is None:
        return None, None
    for k, argument in enumerate(args):
        if argument is tensor and not _is_in(tensor, dirty):
            return tensor._array, edges[k]
    for k, original in enumerate(tensors):
        if original is tensor:
            return made[k]._array, k if made[k]._requires else None
    return tensor._array, _edge(tensor)


def _check_container(cls: type[Function], value: Any) -> None:
    items = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple, set)) else ()
    if any(isinstance(item, Tensor) for item in items):
        raise TypeError(
            f"{cls.__name__}.forward returned tensors inside a {type(value).__name__}, through which no gradient can "
            f"flow; return a tensor, or a tuple of tensors"
        )


def _check_inputs(cls: type[Function], args: tuple[Any, ...], dirty: tuple[Any, ...], before: int) -> None:
    if clock.latest == before:
        return
    for k, argument in enumerate(args):
        if isinstance(argument, Tensor) and argument._requires and not _is_in(argument, dirty):
            found = change_since(argument._array, before)
            if found is not None:
                raise RuntimeError(
                    f"{cls.__name__}.forward changed input {k} in place ({found.by}), which the graph cannot see; "
                    f"call ctx.mark_dirty with it and return it, or work on a clone()"
                )


class FunctionOp:
    """A Function as its nodes see it: what the engine asks of `node.op`."""

    differentiable = True
    linear = multilinear = elementwise = view = variadic = False
    flops = None
    attributes = ("ctx",)
    saved_names: tuple[str, ...] = ()

    def __init__(self, function: type[Function], several: bool) -> None:
        self.function, self.several = function, several
        self.name = function.__name__
        self.backward_name = f"{function.__name__}Backward"
        self.doc = function.__doc__ or ""
        self.jvp = None if function.jvp is Function.jvp else self._push
        self.output_names = () if several else ("out",)
        self.separate = function.setup_context is not Function.setup_context
        self.inputs = tuple(inspect.signature(function.forward).parameters)[0 if self.separate else 1 :]

    def __repr__(self) -> str:
        return f"<Function {self.name}>"

    def saved_tensors(self, node: Node) -> tuple[Any, ...]:
        """What the node saved, as tensors connected to the graph."""
        found: list[Any] = []
        for array, edge in zip(node.saved, node.attributes[0]._call.edges, strict=True):
            if isinstance(edge, int):
                edge = (node, edge) if self.several else node
            found.append(connect(array, edge))
        return tuple(found)

    def vjp(self, node: Node, g: Any, edges: tuple[Edge, ...], saved: Any) -> list[Any]:
        """Runs `backward` on what has arrived; see `Op.vjp`."""
        ctx = node.attributes[0]
        parts = g if self.several else (g,)
        recorded = any(isinstance(p, Tensor) for p in parts)
        call = ctx._call
        filled = self._cotangents(node, call, parts)
        cotangents = [None if place is None else filled[place] for place in call.places]
        if recorded:
            results = self.function.backward(ctx, *cotangents)
        else:
            with no_grad():
                results = self.function.backward(ctx, *cotangents)
        return self._fitted(node, results, edges, recorded)

    def _push(self, node: Node, tangents: list[Tensor | None], kept: Any) -> Any:
        """Runs `jvp` on what has arrived, with zeros for tensors without a tangent; see `Op.jvp`."""
        ctx = node.attributes[0]
        call = ctx._call
        filled = []
        for tangent, spec, backend in zip(tangents, node.specs, call.backends, strict=True):
            if tangent is None and spec is not None and dtypes.is_differentiable(spec[1]):
                tangent = from_array(backend.xp.zeros(spec[0], dtype=spec[1]))
            filled.append(tangent)
        view = FunctionCtx()
        view.__dict__.update(ctx.__dict__, _forward=True)
        results = self.function.jvp(view, *filled)
        given = results if isinstance(results, tuple) else (results,)
        if len(given) != len(call.places):
            raise RuntimeError(f"{self.name}.jvp returned {len(given)} tangents; forward returned {len(call.places)}")
        found = [tangent for tangent, place in zip(given, call.places, strict=True) if place is not None]
        shapes, kinds = (node.shape, node.dtype) if self.several else ((node.shape,), (node.dtype,))
        for tangent, shape, dtype in zip(found, shapes, kinds, strict=True):
            if tangent is not None and not (
                isinstance(tangent, Tensor) and tangent.shape == shape and tangent.dtype == dtype
            ):
                got = f"shape {tangent.shape}, dtype {tangent.dtype}" if isinstance(tangent, Tensor) else type(tangent)
                raise RuntimeError(f"{self.name}.jvp must return a tangent of shape {shape}, dtype {dtype}; got {got}")
        return found if self.several else found[0]

    def _cotangents(self, node: Node, call: _Call, parts: tuple[Any, ...]) -> list[Tensor | None]:
        """The gradients that arrived, as tensors, with zeros for those that did not unless they are unwanted."""
        backend = next(p.backend if isinstance(p, Tensor) else backend_of(p) for p in parts if p is not None)
        shapes, kinds = (node.shape, node.dtype) if self.several else ((node.shape,), (node.dtype,))
        found: list[Tensor | None] = []
        for part, shape, dtype in zip(parts, shapes, kinds, strict=True):
            if part is None and call.materialize:
                part = backend.xp.zeros(shape, dtype=dtype)
            if part is not None:
                part = conjugate(part)
            tensor = part is None or isinstance(part, Tensor)
            found.append(part if tensor else from_array(backend.asarray(part)))
        return found

    def _fitted(self, node: Node, results: Any, edges: tuple[Edge, ...], recorded: bool) -> list[Any]:
        """What `backward` returned, checked, one gradient of the right shape and dtype for every argument."""
        call = node.attributes[0]._call
        given = list(results) if isinstance(results, tuple) else [results]
        count = len(edges)
        if len(given) < count or any(r is not None for r in given[count:]):
            raise RuntimeError(
                f"{self.name}.backward returned {len(given)} gradients; forward took {count} arguments, and each needs "
                f"one, in order (None for what is no tensor or needs none)"
            )
        fitted: list[Any] = []
        for k, (result, edge, spec) in enumerate(zip(given[:count], edges, node.specs, strict=True)):
            if result is None:
                fitted.append(None)
                continue
            which = f"{self.name}.backward: gradient {k}"
            if spec is None:
                raise RuntimeError(f"{which} belongs to an argument that is no tensor, so it must be None")
            if not isinstance(result, Tensor):
                raise TypeError(f"{which} is of type {type(result).__name__}; expected a tensor or None")
            if edge is None:
                fitted.append(None)
                continue
            if result.backend is not call.backends[k]:
                raise RuntimeError(
                    f"{which} is on the {result.backend.name} backend, its argument on {call.backends[k].name}"
                )
            g: Any = result if recorded else result._array
            shape, dtype = spec
            if g.shape != shape:
                if not sums_to(g.shape, shape):
                    raise RuntimeError(f"{which} has shape {tuple(g.shape)}, its argument {shape}; they must agree")
                g = sum_to(g, shape=shape)
            if g.dtype != dtype:
                g = cast(g, dtype=dtype)
            g = conjugate(g)
            # A view, which tells the engine that the memory may be somebody else's: what the user's code returned
            # may be kept, or returned twice.
            fitted.append(g if recorded else g[...])
        return fitted


def sums_to(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Whether `wanted` broadcasts to `shape`."""
    lead = len(shape) - len(wanted)
    return lead >= 0 and all(w in (1, s) for w, s in zip(wanted, shape[lead:], strict=True))


def _op_of(cls: type[Function], several: bool) -> FunctionOp:
    """The op of a Function's nodes; it is kept on the class, so that it goes with the class."""
    ops = cls.__dict__.get("_ops")
    if ops is None:
        ops = cls._ops = (FunctionOp(cls, False), FunctionOp(cls, True))
    return ops[several]


_refusal = "a backward marked once_differentiable was differentiated; write it with differentiable operations alone"


class _Twice(FunctionOp):
    """In the place of an op where a gradient has no graph of its own: backward through it raises."""

    def __init__(self) -> None:
        self.several, self.name, self.backward_name, self.output_names = False, "once_differentiable", "Error", ("out",)
        self.inputs, self.doc, self.jvp = (), "", self._push

    def saved_tensors(self, node: Node) -> tuple[Any, ...]:
        return ()

    def _push(self, node: Node, tangents: list[Tensor | None], kept: Any) -> Any:
        raise RuntimeError(f"{node.attributes[0]}: {_refusal}")

    def vjp(self, node: Node, g: Any, edges: tuple[Edge, ...], saved: Any) -> list[Any]:
        raise RuntimeError(f"{node.attributes[0]}: {_refusal}")


_twice = _Twice()


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Marks a `backward` that is not made of differentiable operations alone. Its results can be used under
    `create_graph=True`, but differentiating them raises a RuntimeError, where otherwise second derivatives would be
    silently wrong.

        @staticmethod
        @once_differentiable
        def backward(ctx, grad_output): ...
    """

    @functools.wraps(backward)
    def wrapped(ctx: Any, *grad_outputs: Any) -> Any:
        with no_grad():
            results = backward(ctx, *grad_outputs)
        if not is_grad_enabled():
            return results
        node = ctx._call.node()
        edges = (*(_edge(g) for g in grad_outputs), *node.edges)
        given = results if isinstance(results, tuple) else (results,)
        guarded = tuple(_guard(r, edges, node.op.name) if isinstance(r, Tensor) else r for r in given)
        return guarded if isinstance(results, tuple) else guarded[0]

    return wrapped


def _guard(result: Tensor, edges: tuple[Edge, ...], name: str) -> Tensor:
    node = Node()
    node.op = _twice  # type: ignore[assignment]
    node.attributes = (name,)
    node.saved, node.specs, node.edges, node.extra = (), None, edges, None
    node.tick, node.scope = next_tick(), current().scope
    node.shape, node.dtype = result.shape, result.dtype
    return from_array(result._array, node)


__all__ = ["Function", "FunctionCtx", "once_differentiable"]

"""Backward: from the outputs to the leaves, every node once, in an order in which each comes before its inputs.

Nodes are numbered as they are made and an input is always older than what is made of it, so descending creation
number is a topological order. Nothing here recurses: a chain of a million nodes is a loop of a million steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from threading import RLock
from typing import Any

from ..backends import Array, backend_of
from .modes import _mode, current
from .node import Edge, Freed, Node
from .record import conjugate, user_line
from .tensor import Tensor, from_array, tensors_of
from .versions import check_unchanged, clock, record_change

Cotangents = dict[Any, Any]
"""What has arrived so far, by the node, `(node, output)` or leaf it belongs to: raw arrays, or tensors when the
gradients' own graph is recorded."""


def run_backward(
    outputs: Sequence[Tensor],
    gradients: Sequence[Tensor | None],
    retain_graph: bool | None,
    create_graph: bool,
    inputs: Sequence[Tensor] | None = None,
    accumulate: bool = True,
) -> list[Tensor | None]:
    """Propagates `gradients` from `outputs`.

    With `accumulate`, adds to `.grad` of `inputs` (of every leaf when None) and returns nothing of interest; without,
    returns the gradient of each of `inputs`, None where the outputs do not depend on it.

    Raises:
        RuntimeError: see `Tensor.backward`.
    """
    for k, tensor in enumerate(inputs or ()):
        if not tensor.requires_grad:
            raise RuntimeError(f"input {k} does not require a gradient; set requires_grad before it is used")
    retain = create_graph if retain_graph is None else retain_graph
    arrived = _seed(outputs, gradients, create_graph)
    order = topological([edge_of(t) for t in outputs])
    targets = None if inputs is None else {edge_of(t): t for t in inputs}
    wanted = None if targets is None else _leading_to(order, targets)
    before = current()
    try:  # and not `with`: an interrupt may come between any two steps of a block's own code
        if create_graph:
            _mode.set(before.replace(grad=True, inference=False))
        caught, retained = _propagate(order, arrived, wanted, targets, retain, create_graph)
        _accumulate(caught if accumulate else {}, targets, retained)
    finally:
        if create_graph:
            _mode.set(before)
    if accumulate:
        return []
    found = [(caught.get(edge_of(t)), t) for t in inputs or ()]
    return [None if g is None else g if isinstance(g, Tensor) else _tensor(g, t) for g, t in found]


def edge_of(tensor: Tensor) -> Any:
    """The place of a tensor in the graph: what its cotangent is kept under."""
    return tensor if tensor._edge is None else tensor._edge


def node_of(edge: Edge) -> Node | None:
    """The node an edge leads to; None for a leaf."""
    if type(edge) is tuple:
        return edge[0]
    return edge if isinstance(edge, Node) else None


def _seed(outputs: Sequence[Tensor], gradients: Sequence[Tensor | None], recorded: bool) -> Cotangents:
    """The cotangents that the caller gave, checked."""
    arrived: Cotangents = {}
    for k, (output, gradient) in enumerate(zip(outputs, gradients, strict=True)):
        which = f"output {k}" if len(outputs) > 1 else "this tensor"
        if not output.requires_grad:
            raise RuntimeError(
                f"backward: {which} does not require a gradient and has no graph. Did it come from tensors with "
                f"requires_grad=True, outside no_grad, and not through detach(), data or an integer dtype?"
            )
        if gradient is None:
            if output._array.size != 1:
                raise RuntimeError(
                    f"backward: {which} has shape {output.shape}; only a one-element tensor has an implied gradient. "
                    f"Reduce it first (.sum(), .mean()), or pass gradient= of that shape"
                )
            if output._array.dtype.kind == "c":
                raise RuntimeError(
                    f"backward: {which} is {output.dtype}; only a real one has an implied gradient. Take .abs(), .real "
                    f"or .imag first, or pass gradient="
                )
            gradient = from_array(output.backend.xp.ones_like(output._array))
        else:
            gradient = gradient if isinstance(gradient, Tensor) else Tensor(gradient)
            if gradient.shape != output.shape:
                raise RuntimeError(
                    f"backward: the gradient's shape {gradient.shape} is not that of {which}, {output.shape}"
                )
            if gradient.backend is not output.backend:
                raise RuntimeError(
                    f"backward: the gradient is on {gradient.device}, {which} on {output.device}; move one with .to()"
                )
            if gradient.dtype.kind == "c" and output._array.dtype.kind != "c":
                raise RuntimeError(
                    f"backward: the gradient is {gradient.dtype}, {which} {output.dtype}; a real one has a real one"
                )
            if gradient.dtype != output.dtype:
                gradient = gradient.to(output.dtype)
        edge = edge_of(output)
        value = conjugate(gradient if recorded else gradient._array)
        arrived[edge] = arrived[edge] + value if edge in arrived else value
    return arrived


def topological(roots: Sequence[Edge]) -> list[Node]:
    """Every node reachable from the roots, youngest first."""
    found: set[Node] = set()
    order: list[Node] = []
    stack = [node for node in map(node_of, roots) if node is not None]
    push, pop = stack.append, stack.pop
    while stack:
        node = pop()
        if node in found:
            continue
        found.add(node)
        order.append(node)
        for edge in node.edges:
            if edge.__class__ is Node:
                push(edge)  # type: ignore[arg-type]
            elif edge.__class__ is tuple:
                push(edge[0])  # type: ignore[index]
    order.sort(key=attrgetter("tick"), reverse=True)
    return order


def _leading_to(order: list[Node], targets: dict[Any, Tensor]) -> set[Any]:
    """The nodes from which a target can be reached: the only ones whose VJPs are needed."""
    wanted: set[Any] = set()
    own = {node_of(edge) for edge in targets}
    for node in reversed(order):
        if node in own or any(e is not None and (e in targets or node_of(e) in wanted) for e in node.edges):
            wanted.add(node)
    return wanted


def _propagate(
    order: list[Node],
    arrived: Cotangents,
    wanted: set[Any] | None,
    targets: dict[Any, Tensor] | None,
    retain: bool,
    recorded: bool,
) -> tuple[Cotangents, list[tuple[Tensor, Tensor]]]:
    """Runs every node once. Returns the gradients of the leaves or of the targets, and of the tensors that retain
    theirs."""
    caught: Cotangents = {}
    retained: list[tuple[Tensor, Tensor]] = []
    owned: set[Any] = set()  # cotangents nobody else holds, which may be added to in place
    freed = None if retain else Freed(user_line())
    take, watch = arrived.pop, current().anomaly
    for node in order:
        op = node.op
        g = _gather(node, arrived) if op.several else take(node, None)
        if g is None:
            continue
        edges, saved, extra = node.edges, node.saved, node.extra
        if extra is not None:
            g = _run_hooks(node, g, recorded, retained)
        if wanted is not None:
            _catch(node, g, targets, caught)
            if node not in wanted:
                continue
            edges = tuple([e if e is not None and (e in targets or node_of(e) in wanted) else None for e in edges])  # type: ignore[operator]
            if all(e is None for e in edges):
                continue
        if saved:
            if saved.__class__ is not tuple:
                saved = saved.restore(node)
            if node.tick < clock.latest:
                check_unchanged(node)
            kept = op.saved_tensors(node) if recorded else saved
            results = op.vjp(node, g, edges, kept)  # type: ignore[misc]
            if freed is not None:
                node.saved = freed
        else:
            results = op.vjp(node, g, edges, saved)  # type: ignore[misc]
        if watch is not None:
            watch.backward(node, g, results, saved)
        if extra is not None and extra.node_hooks:
            results = _run_node_hooks(node, results, g, recorded)
        k = 0  # counted by hand: zip() costs as much as all the rest of this loop
        for edge in edges:
            result = results[k]
            k += 1
            if edge is None or result is None:
                continue
            if edge not in arrived:
                arrived[edge] = result
                if edge.__class__ is not Node and not recorded and _is_fresh(result, node, g):
                    owned.add(edge)
            elif edge in owned:
                arrived[edge] += result
            else:
                arrived[edge] = arrived[edge] + result
                if not recorded:
                    owned.add(edge)
    for edge, g in arrived.items():
        if not isinstance(edge, Tensor) or not edge._requires or (targets is not None and edge not in targets):
            continue
        if g.dtype.kind == "c":
            g = conjugate(g)
            owned.add(edge)
        if edge._hooks:
            g = _call_hooks(edge._hooks, g, recorded)
        if not recorded and (edge._hooks or edge not in owned):
            g = backend_of(g).copy(g)
        caught[edge] = g
    return caught, retained


def _is_fresh(result: Any, node: Node, g: Any) -> bool:
    """Whether nobody but the engine can hold an array that a VJP returned: hooks might have kept it, and of a tuple
    of cotangents it might be one."""
    return result is not g and result.base is None and node.extra is None and not node.op.several


def _gather(node: Node, arrived: Cotangents) -> tuple[Any, ...] | None:
    """The cotangents of a node with several outputs, None where none arrived; None if there are none at all."""
    parts = tuple([arrived.pop((node, k), None) for k in range(len(node.shape))])
    return None if all(p is None for p in parts) else parts


def _tensor(g: Any, like: Tensor) -> Tensor:
    return from_array(like.backend.asarray(g))


def _call_hooks(hooks: dict[int, Any], g: Any, recorded: bool) -> Any:
    tensor = g if recorded else from_array(backend_of(g).asarray(g))
    for hook in list(hooks.values()):
        result = hook(tensor)
        if result is not None:
            _expect_like("a tensor hook", result, tensor)
            tensor = result
    return tensor if recorded else tensor._array


def _expect_like(what: str, result: Any, tensor: Tensor) -> None:
    """Raises unless what a hook returned can take the place of the gradient `tensor`."""
    fits = isinstance(result, Tensor) and result.shape == tensor.shape and result.dtype == tensor.dtype
    if not fits or result.backend is not tensor.backend:
        wanted, got = [
            f"shape {t.shape}, dtype {t.dtype}, on {t.device}" if isinstance(t, Tensor) else type(t).__name__
            for t in (tensor, result)
        ]
        raise RuntimeError(f"{what} must return None or a gradient of {wanted}; got {got}")


def _run_hooks(node: Node, g: Any, recorded: bool, retained: list[tuple[Tensor, Tensor]]) -> Any:
    """Tensor hooks on the node's outputs, then the gradients to retain."""
    extra = node.extra
    assert extra is not None
    parts = list(g) if type(g) is tuple else [g]
    for k, part in enumerate(parts):
        if part is None:
            continue
        if extra.hooks.get(k):
            part = _call_hooks(extra.hooks[k], conjugate(part), recorded)
            parts[k] = conjugate(part)
        holder = extra.retained.get(k)
        tensor = holder() if holder is not None else None
        if tensor is not None:
            part = conjugate(parts[k])
            retained.append((tensor, part if recorded else from_array(backend_of(part).copy(part))))
    return tuple(parts) if type(g) is tuple else parts[0]


def _run_node_hooks(node: Node, results: Any, g: Any, recorded: bool) -> Any:
    assert node.extra is not None

    def boxed(part: Any) -> Any:
        if part is None:
            return None
        part = conjugate(part)
        return part if recorded else from_array(backend_of(part).asarray(part))

    grad_inputs = tuple(boxed(r) for r in results)
    grad_outputs = tuple(boxed(p) for p in (g if type(g) is tuple else (g,)))
    for hook in list(node.extra.node_hooks.values()):
        changed = hook(grad_inputs, grad_outputs)
        if changed is not None:
            if not isinstance(changed, tuple) or len(changed) != len(grad_inputs):
                got = f"{len(changed)}" if isinstance(changed, tuple) else type(changed).__name__
                raise RuntimeError(
                    f"{node.name()}: a hook must return None or a tuple of {len(grad_inputs)} gradients, got {got}"
                )
            for new, old in zip(changed, grad_inputs, strict=True):
                if new is not None and old is not None:
                    _expect_like(f"{node.name()}: a hook", new, old)
            grad_inputs = changed
    return tuple(None if r is None else conjugate(r if recorded else r._array) for r in grad_inputs)


def _catch(node: Node, g: Any, targets: Any, caught: Cotangents) -> None:
    """Keeps the gradient of a target that is no leaf."""
    if type(g) is tuple:
        for k, part in enumerate(g):
            if (node, k) in targets and part is not None:
                caught[(node, k)] = conjugate(part)
    elif node in targets:
        caught[node] = conjugate(g)


def _accumulate(
    gradients: Cotangents, targets: dict[Any, Tensor] | None, retained: list[tuple[Tensor, Tensor]]
) -> None:
    """Adds to `.grad`, after everything that can fail has been done. Backward calls may run in several threads. An
    interrupt (Ctrl-C) waits until all of them have been added to: what stands between an addition and the `pop` that
    notes it cannot be interrupted."""
    waiting = [
        (edge if targets is None else targets[edge], g, isinstance(edge, Tensor)) for edge, g in gradients.items()
    ]
    waiting += [(tensor, g, False) for tensor, g in retained]
    interrupt = None
    with _accumulating:
        while waiting:
            try:
                while waiting:
                    tensor, g, is_leaf = waiting[-1]
                    held = tensor._grad
                    if isinstance(g, Tensor):
                        tensor._grad = g if held is None else held + g
                    elif held is None:
                        tensor._grad = from_array(tensor.backend.asarray(g) if is_leaf else tensor.backend.copy(g))
                    elif held._requires:
                        tensor._grad = held + from_array(g)
                    else:
                        array = held._array
                        record_change(array, "gradient accumulation")
                        array += g
                    waiting.pop()
            except KeyboardInterrupt as error:
                interrupt = error
    if interrupt is not None:
        raise interrupt
    for edge in gradients:
        tensor = edge if targets is None else targets[edge]
        if tensor._after:
            for hook in list(tensor._after.values()):
                hook(tensor)


_accumulating = RLock()


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    *,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradients of `outputs` with respect to `inputs` (leaves or not), without touching any `.grad`.

    Args:
        outputs: what to differentiate; several are summed.
        inputs: with respect to what.
        grad_outputs: the cotangent of each output; may be left out, or None, for one-element outputs.
        retain_graph, create_graph: as in `Tensor.backward`.
        only_inputs: must be True, as in PyTorch, which keeps the argument for old programs.
        allow_unused: give None for an input the outputs do not depend on, rather than raise.
        materialize_grads: give zeros for such an input.

    Returns:
        One gradient per input, of its shape and dtype.

    Raises:
        RuntimeError: an input is not used and that is not allowed, or does not require a gradient; else as
            `Tensor.backward`.
    """
    if not only_inputs:
        raise ValueError("grad: only_inputs=False is not supported; use backward() to accumulate into every leaf")
    outs, ins = tensors_of("grad", "outputs", outputs), tensors_of("grad", "inputs", inputs)
    if grad_outputs is None:
        cotangents: tuple[Tensor | None, ...] = (None,) * len(outs)
    else:
        cotangents = (grad_outputs,) if isinstance(grad_outputs, Tensor) else tuple(grad_outputs)
    if len(cotangents) != len(outs):
        raise ValueError(f"grad: {len(outs)} outputs need as many grad_outputs, got {len(cotangents)}")
    if not ins:
        raise RuntimeError("grad: inputs is empty; name what to differentiate with respect to")
    found = run_backward(outs, cotangents, retain_graph, create_graph, ins, accumulate=False)
    result: list[Tensor | None] = []
    for k, (g, tensor) in enumerate(zip(found, ins, strict=True)):
        if g is None and materialize_grads:
            g = from_array(tensor.backend.xp.zeros_like(tensor._array))
        elif g is None and not allow_unused:
            raise RuntimeError(
                f"grad: the outputs do not depend on input {k} (shape {tensor.shape}); pass allow_unused=True for "
                f"None, or materialize_grads=True for zeros"
            )
        result.append(g)
    return tuple(result)


__all__ = ["Array", "grad", "run_backward"]

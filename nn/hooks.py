"""Hooks of a module: called before and after its forward pass, and when backward has passed through it.

What a backward hook sees are the gradients at the module's borders. To have borders, the tensors that enter and leave
the module are copied by an op of their own whose node the hook is attached to; only modules with such hooks pay for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..autograd.node import Handle, Node
from ..autograd.op import op
from ..autograd.tensor import Tensor

if TYPE_CHECKING:
    from .module import Module

_border = op(
    "module_border",
    lambda xp, *tensors: tuple([xp.array(t) for t in tensors]),
    vjp=lambda g, needs: g,
    outputs=None,
    linear=True,
)


class Hooks:
    """The hooks of one module, by the number of their handle."""

    def __init__(self) -> None:
        self.before: dict[int, tuple[Callable[..., Any], bool]] = {}
        self.after: dict[int, tuple[Callable[..., Any], bool, bool]] = {}
        self.backward: dict[int, Callable[..., Any]] = {}
        self.backward_before: dict[int, Callable[..., Any]] = {}


def add(hooks: dict[int, Any], hook: Any, prepend: bool) -> Handle:
    """Registers a hook, in front of the others if `prepend`."""
    others = dict(hooks)
    handle = Handle.add(hooks, hook)
    if prepend:
        for number, other in others.items():
            del hooks[number]
            hooks[number] = other
    return handle


def call(module: Module, hooks: Hooks, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`module.forward(*args, **kwargs)` with the hooks around it."""
    finished = False
    try:
        for hook, with_kwargs in list(hooks.before.values()):
            args, kwargs = _before(module, hook, with_kwargs, args, kwargs)
        if hooks.backward or hooks.backward_before:
            result = _between_borders(module, hooks, args, kwargs)
        else:
            result = module.forward(*args, **kwargs)
        for hook, with_kwargs, _ in list(hooks.after.values()):
            changed = hook(module, args, kwargs, result) if with_kwargs else hook(module, args, result)
            result = result if changed is None else changed
        finished = True
        return result
    finally:
        if not finished:
            for hook, with_kwargs, always in list(hooks.after.values()):
                if always:
                    hook(module, args, kwargs, None) if with_kwargs else hook(module, args, None)


def _before(
    module: Module, hook: Callable[..., Any], with_kwargs: bool, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if not with_kwargs:
        changed = hook(module, args)
        return args if changed is None else changed if isinstance(changed, tuple) else (changed,), kwargs
    changed = hook(module, args, kwargs)
    if changed is None:
        return args, kwargs
    if not isinstance(changed, tuple) or len(changed) != 2 or not isinstance(changed[1], dict):
        raise RuntimeError(f"a forward pre-hook with kwargs must return None or (args, kwargs), got {changed!r}")
    return changed


def _between_borders(module: Module, hooks: Hooks, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    entry, args = _cross(args)
    result = module.forward(*args, **kwargs)
    several = isinstance(result, (tuple, list))
    exit_node, results = _cross(tuple(result) if several else (result,))
    if exit_node is not None:
        _attach(module, hooks, entry, exit_node)
    if not several:
        return results[0]
    if isinstance(result, list):
        return list(results)
    return type(result)(*results) if hasattr(result, "_fields") else results


def _cross(values: tuple[Any, ...]) -> tuple[tuple[Node, list[int]] | None, tuple[Any, ...]]:
    """`values` with the tensors among them behind a border, its node, and which of them they are; no node where no
    gradient will pass."""
    places = [k for k, value in enumerate(values) if isinstance(value, Tensor)]
    if not any(values[k].requires_grad for k in places):
        return None, values
    crossed = _border(*[values[k] for k in places])
    node = next((tensor.grad_fn for tensor in crossed if tensor.grad_fn is not None), None)
    if node is None:  # nothing is recorded
        return None, values
    found = list(values)
    for place, tensor in zip(places, crossed, strict=True):
        found[place] = tensor
    return (node, [len(values), *places]), tuple(found)


def _attach(
    module: Module, hooks: Hooks, entry: tuple[Node, list[int]] | None, leaving: tuple[Node, list[int]]
) -> None:
    """Has the hooks called when backward reaches the borders of this call."""
    arrived: list[tuple[Any, ...]] = []

    def at_exit(grad_inputs: tuple[Any, ...], _: Any) -> tuple[Any, ...] | None:
        grads = _spread(grad_inputs, leaving[1])
        for hook in list(hooks.backward_before.values()):
            changed = hook(module, grads)
            if changed is not None:
                grads = changed if isinstance(changed, tuple) else (changed,)
        arrived[:] = [grads]
        if entry is None:
            for hook in list(hooks.backward.values()):
                hook(module, (None,) * 0, grads)
        return tuple(grads[k] for k in leaving[1][1:])

    def at_entry(grad_inputs: tuple[Any, ...], _: Any) -> tuple[Any, ...] | None:
        assert entry is not None
        grads = _spread(grad_inputs, entry[1])
        for hook in list(hooks.backward.values()):
            changed = hook(module, grads, arrived[-1])
            if changed is not None:
                changed = changed if isinstance(changed, tuple) else (changed,)
                if len(changed) != len(grads):
                    raise RuntimeError(
                        f"a backward hook of {type(module).__name__} returned {len(changed)} gradients for "
                        f"{len(grads)} inputs"
                    )
                grads = changed
        return tuple(grads[k] for k in entry[1][1:])

    leaving[0].register_hook(at_exit)
    if entry is not None:
        entry[0].register_hook(at_entry)


def _spread(grads: tuple[Any, ...], places: list[int]) -> tuple[Any, ...]:
    """The gradients in the places of their tensors, None for what is no tensor."""
    found: list[Any] = [None] * places[0]
    for place, g in zip(places[1:], grads, strict=True):
        found[place] = g
    return tuple(found)


__all__ = ["Hooks", "add", "call"]

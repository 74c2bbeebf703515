"""Hooks of a module: called before and after its forward pass, and when backward has passed through it.

What a backward hook sees are the gradients at the module's borders. To have borders, the tensors that enter and leave
the module are copied by an op of their own whose node the hook is attached to; only modules with such hooks pay for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..autograd.modes import is_grad_enabled
from ..autograd.node import Handle, Node
from ..autograd.op import op
from ..autograd.tensor import Tensor

if TYPE_CHECKING:
    from .module import Module

Values = tuple[Any, ...]

# A copy, so that an in-place op on what the module received cannot change memory behind the border.
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
        """With whether they are given the keyword arguments too."""
        self.after: dict[int, tuple[Callable[..., Any], bool, bool]] = {}
        """With whether they are given the keyword arguments too, and whether they are called after an error."""
        self.backward: dict[int, Callable[..., Any]] = {}
        self.backward_before: dict[int, Callable[..., Any]] = {}


def add(hooks: dict[int, Any], hook: Any, prepend: bool) -> Handle:
    """Registers a hook, in front of the others if `prepend`."""
    others = dict(hooks) if prepend else {}
    handle = Handle.add(hooks, hook)
    for number, other in others.items():
        del hooks[number]
        hooks[number] = other
    return handle


def call(module: Module, hooks: Hooks, args: Values, kwargs: dict[str, Any]) -> Any:
    """`module.forward(*args, **kwargs)` with the hooks around it."""
    waiting = dict(hooks.after)
    try:
        for hook, with_kwargs in list(hooks.before.values()):
            args, kwargs = _before(module, hook, with_kwargs, args, kwargs)
        if hooks.backward or hooks.backward_before:
            result = _between_borders(module, hooks, args, kwargs)
        else:
            result = module.forward(*args, **kwargs)
        for number, (hook, with_kwargs, _) in list(hooks.after.items()):
            waiting.pop(number, None)
            changed = hook(module, args, kwargs, result) if with_kwargs else hook(module, args, result)
            result = result if changed is None else changed
        return result
    except Exception:
        for hook, with_kwargs, always in waiting.values():
            if always:
                hook(module, args, kwargs, None) if with_kwargs else hook(module, args, None)
        raise


def _before(
    module: Module, hook: Callable[..., Any], with_kwargs: bool, args: Values, kwargs: dict[str, Any]
) -> tuple[Values, dict[str, Any]]:
    if not with_kwargs:
        changed = hook(module, args)
        return args if changed is None else _as_tuple(changed), kwargs
    changed = hook(module, args, kwargs)
    if changed is None:
        return args, kwargs
    if not isinstance(changed, tuple) or len(changed) != 2 or not isinstance(changed[1], dict):
        raise RuntimeError(f"a forward pre-hook with kwargs must return None or (args, kwargs), got {changed!r}")
    return changed


def _as_tuple(value: Any) -> Values:
    return value if isinstance(value, tuple) else (value,)


class _Places:
    """Where the tensors stand among some values. The hooks of a node hold this and nothing else, so that a graph with
    hooks has no cycles."""

    def __init__(self, values: Values) -> None:
        self.count = len(values)
        self.places = [k for k, value in enumerate(values) if isinstance(value, Tensor) and value.requires_grad]

    def spread(self, items: Any, others: Values | None = None) -> Values:
        """One item per tensor, in the places of the tensors; elsewhere `others`, or None."""
        found = [None] * self.count if others is None else list(others)
        for place, item in zip(self.places, items, strict=True):
            found[place] = item
        return tuple(found)

    def gather(self, items: Values) -> Values:
        """What stands in the places of the tensors."""
        return tuple(items[place] for place in self.places)


class _Border:
    """The tensors among some values that require a gradient, copied; and the node their gradients pass through."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.tensors = _Places(values)
        self.node: Node | None = None
        if self.tensors.places and is_grad_enabled():
            crossed = _border(*self.tensors.gather(values))
            self.node = crossed[0].grad_fn
            self.values = self.tensors.spread(crossed, values)


def _between_borders(module: Module, hooks: Hooks, args: Values, kwargs: dict[str, Any]) -> Any:
    entry = _Border(args)
    result = module.forward(*entry.values, **kwargs)
    several = isinstance(result, (tuple, list))
    leaving = _Border(tuple(result) if several else (result,))
    if leaving.node is not None:
        _attach(module, hooks, entry.tensors, entry.node, leaving.tensors, leaving.node)
    if not several:
        return leaving.values[0]
    if hasattr(result, "_fields"):
        return type(result)(*leaving.values)
    return type(result)(leaving.values)


def _attach(
    module: Module, hooks: Hooks, entering: _Places, entry_node: Node | None, leaving: _Places, exit_node: Node
) -> None:
    """Has the hooks called when backward reaches the borders of this call."""
    arrived: Values = ()
    ends_here = entry_node is None

    def run(grad_inputs: Values) -> Values:
        nonlocal arrived
        grad_outputs, arrived = arrived, ()
        for hook in list(hooks.backward.values()):
            changed = hook(module, grad_inputs, grad_outputs)
            if changed is not None:
                grad_inputs = _same_number(module, _as_tuple(changed), grad_inputs)
        return grad_inputs

    def at_exit(gradients: Values, _: Any) -> Values:
        nonlocal arrived
        grad_outputs = leaving.spread(gradients)
        for hook in list(hooks.backward_before.values()):
            changed = hook(module, grad_outputs)
            if changed is not None:
                grad_outputs = _same_number(module, _as_tuple(changed), grad_outputs)
        arrived = grad_outputs
        if ends_here:
            run((None,) * entering.count)
        return leaving.gather(grad_outputs)

    def at_entry(gradients: Values, _: Any) -> Values:
        return entering.gather(run(entering.spread(gradients)))

    exit_node.register_hook(at_exit)
    if entry_node is not None:
        entry_node.register_hook(at_entry)


def _same_number(module: Module, changed: Values, expected: Values) -> Values:
    if len(changed) != len(expected):
        raise RuntimeError(
            f"a backward hook of {type(module).__name__} returned {len(changed)} gradients in place of {len(expected)}"
        )
    return changed


__all__ = ["Hooks", "add", "call"]

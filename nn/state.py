"""What a module holds, as a whole: written to a dict, taken from one, converted, and gradients cleared.

Each of these finishes everything that can fail before it changes anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..autograd.inplace import write
from ..autograd.tensor import Tensor
from ..backends import dtypes, is_array

if TYPE_CHECKING:
    from .module import Module

_SHOWN = 20
"""How many names an error lists before it only counts the rest."""


def own_entries(module: Module) -> Iterator[tuple[str, Tensor]]:
    """The module's own parameters and persistent buffers."""
    for name, parameter in module._parameters.items():
        if parameter is not None:
            yield name, parameter
    for name, buffer in module._buffers.items():
        if buffer is not None and name not in module._transient:
            yield name, buffer


def load(module: Module, given: Mapping[str, Any], strict: bool, assign: bool) -> tuple[list[str], list[str]]:
    """Puts the values of `given` into the module; see `Module.load_state_dict`."""
    if not isinstance(given, Mapping):
        raise TypeError(f"load_state_dict: expected a mapping of names to tensors, got {type(given).__name__}")
    held = module.state_dict(keep_vars=True)
    missing = [name for name in held if name not in given]
    unexpected = [name for name in given if name not in held]
    found: list[tuple[Tensor, Tensor]] = []
    misfits = []
    for name, target in held.items():
        if name in given:
            source, problem = _fitted(target, given[name], assign)
            if problem is not None:
                misfits.append(f"{name}: {problem}")
            elif source is not None:
                found.append((target, source))
    if misfits or (strict and (missing or unexpected)):
        problems = [("missing", missing if strict else []), ("unexpected", unexpected if strict else []),
                    ("do not fit", misfits)]  # fmt: skip
        listed = "".join(f"\n  {what}: {_listed(names)}" for what, names in problems if names)
        raise RuntimeError(f"load_state_dict: the state dict does not fit {type(module).__name__}:{listed}")
    for target, source in found:
        if assign:
            target.data = source
        else:
            write(target._array, ..., source._array, "load_state_dict")
    return missing, unexpected


def _fitted(target: Tensor, given: Any, assign: bool) -> tuple[Tensor | None, str | None]:
    """The tensor to take the place of `target`, or what is wrong with it."""
    if not isinstance(given, Tensor):
        if not is_array(given):
            return None, f"{type(given).__name__} is no tensor"
        given = Tensor(given)
    given = given.detach()
    if given.shape != target.shape:
        return None, f"shape {tuple(given.shape)}, the module has {tuple(target.shape)}"
    if given.is_complex() and not target.is_complex():
        return None, f"dtype {given.dtype}, the module has {target.dtype}"
    if assign:
        if target.requires_grad and not given.is_floating_point():
            return None, f"dtype {given.dtype} cannot require a gradient"
        return given, None
    if not getattr(target._array.flags, "writeable", True):
        return None, "the module's tensor is in read-only memory"
    return given.to(dtype=target.dtype, device=target.device), None


def _listed(names: list[str]) -> str:
    more = f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(map(str, names[:_SHOWN])) + more


def convert(module: Module, convert: Callable[[Tensor], Tensor]) -> None:
    """Replaces the memory of all parameters (gradients too) and buffers by what `convert` makes of it. The tensors
    stay the same objects."""
    new: list[tuple[Tensor, Tensor, Tensor | None]] = []
    for tensor in (*module.parameters(), *module.buffers()):
        gradient = tensor.grad
        data = convert(tensor.detach())
        if tensor.requires_grad and not dtypes.is_differentiable(data.dtype):
            raise RuntimeError(
                f"a parameter that requires a gradient cannot become {data.dtype}; it needs a floating dtype"
            )
        new.append((tensor, data, None if gradient is None else convert(gradient.detach())))
    for tensor, data, gradient in new:
        tensor.grad = None
        tensor.data = data
        tensor.grad = gradient


def clear_gradient(tensor: Tensor, set_to_none: bool) -> None:
    """Forgets a gradient, or makes it zeros in place, out of the graph."""
    gradient = tensor.grad
    if gradient is None:
        return
    if set_to_none:
        tensor.grad = None
        return
    tensor.grad = gradient = gradient.detach()
    write(gradient._array, ..., 0, "zero_grad")


__all__ = ["clear_gradient", "convert", "load", "own_entries"]

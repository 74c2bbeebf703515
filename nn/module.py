"""Module: a part of a network, with parameters, buffers, submodules, and a `forward` that computes.

Values assigned to a module are sorted by what they are: parameters, buffers and submodules go into tables of their own,
from which attribute access finds them; everything else is an ordinary attribute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from ..autograd.modes import enter_scope, leave_scope
from ..autograd.node import Handle
from ..autograd.tensor import Tensor
from ..backends import dtypes
from . import hooks as hooking, state
from .parameter import Parameter

M = TypeVar("M", bound="Module")

_TABLES = {"parameter": "_parameters", "buffer": "_buffers", "submodule": "_modules"}


class Module:
    """The base of all modules. A subclass calls `super().__init__()`, assigns parameters and modules to attributes, and
    defines `forward`; the module is then called as a function.

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.hidden, self.out = nn.Linear(64, 32), nn.Linear(32, 10)

            def forward(self, x):
                return self.out(F.relu(self.hidden(x)))

    Attributes:
        training: whether it is in training mode; see `train`.
    """

    training: bool
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]
    _transient: set[str]
    """Names of the buffers that are not part of the state dict."""
    _hooks: hooking.Hooks | None = None
    _label: str | None = None
    """What the graph calls it: `name:Class`, with the name it was last registered under."""

    def __init__(self) -> None:
        set_plainly = super().__setattr__
        set_plainly("training", True)
        set_plainly("_parameters", {})
        set_plainly("_buffers", {})
        set_plainly("_modules", {})
        set_plainly("_transient", set())

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes. Every subclass defines it."""
        raise NotImplementedError(f"{type(self).__name__} has no forward method")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """`forward`, with the hooks around it; nodes made inside are marked with the module."""
        token = enter_scope(self._label or f"{type(self).__name__}:{type(self).__name__}")
        try:
            if self._hooks is None:
                return self.forward(*args, **kwargs)
            return hooking.call(self, self._hooks, args, kwargs)
        finally:
            leave_scope(token)

    # Attributes

    def __getattr__(self, name: str) -> Any:
        for table in _TABLES.values():
            found = self.__dict__.get(table)
            if found is not None and name in found:
                return found[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        tables = self.__dict__
        if isinstance(value, Parameter):
            self._expect_init("parameter")
            if name not in self._parameters:
                self._forget(name)
            self.register_parameter(name, value)
        elif isinstance(value, Module):
            self._expect_init("submodule")
            if name not in self._modules:
                self._forget(name)
            self._modules[name] = value
            self._adopt(name, value)
        elif value is None and (table := self._table_with(name)) is not None:
            table[name] = None
        elif name in tables.get("_buffers", ()):
            if not isinstance(value, Tensor):
                raise TypeError(f"buffer {name!r} must be a tensor or None, got {type(value).__name__}")
            self._buffers[name] = value
        elif name in tables.get("_parameters", ()):
            raise TypeError(
                f"parameter {name!r} must be an nn.Parameter or None, got {type(value).__name__}; wrap it in "
                f"nn.Parameter, or assign to {name}.data"
            )
        elif name in tables.get("_modules", ()):
            raise TypeError(f"submodule {name!r} must be a module or None, got {type(value).__name__}")
        else:
            super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        if not self._forget(name, ordinary=False):
            super().__delattr__(name)

    def __dir__(self) -> list[str]:
        names = [name for table in _TABLES.values() for name in self.__dict__.get(table, ())]
        return sorted({*super().__dir__(), *(name for name in names if name.isidentifier())})

    def _expect_init(self, kind: str) -> None:
        if "_modules" not in self.__dict__:
            raise AttributeError(f"a {kind} cannot be assigned before {type(self).__name__} calls super().__init__()")

    def _forget(self, name: str, ordinary: bool = True) -> bool:
        """Takes `name` out of every table (and out of the ordinary attributes): whether it was in one."""
        table = self._table_with(name)
        if table is not None:
            del table[name]
            self._transient.discard(name)
        if ordinary:
            self.__dict__.pop(name, None)
        return table is not None

    def _table_with(self, name: str) -> dict[str, Any] | None:
        """The table that has `name`, if one has."""
        return next((found for t in _TABLES.values() if name in (found := self.__dict__.get(t, {}))), None)

    def _check_name(self, name: Any, kind: str) -> None:
        self._expect_init(kind)
        if not isinstance(name, str):
            raise TypeError(f"the name of a {kind} is a string, got {type(name).__name__}")
        if not name or "." in name:
            raise KeyError(f"the name of a {kind} cannot be empty or contain a dot, got {name!r}")
        if hasattr(self, name) and name not in self.__dict__[_TABLES[kind]]:
            raise KeyError(f"{type(self).__name__} has an attribute {name!r} already")

    def _adopt(self, name: str, module: Module) -> None:
        """Lets a module know the name it is registered under."""
        module._set_label(name)

    def _set_label(self, name: str) -> None:
        self.__dict__["_label"] = f"{name}:{type(self).__name__}"

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Adds a parameter, found as attribute `name`. None keeps the name for a parameter that is left out.

        Raises:
            TypeError: it is no `Parameter`.
            ValueError: it is no leaf.
            KeyError: the name is taken, empty, or has a dot.
        """
        self._check_name(name, "parameter")
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(f"parameter {name!r} must be an nn.Parameter or None, got {type(param).__name__}")
        if param is not None and not param.is_leaf:
            raise ValueError(
                f"parameter {name!r} was computed by {param.grad_fn}; a parameter is a leaf. Keep the leaves it is "
                f"computed from as parameters, and compute it in forward"
            )
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Adds a tensor that belongs to the module but is not trained, found as attribute `name`.

        Args:
            persistent: whether it is part of the state dict.

        Raises:
            TypeError: it is no tensor.
            KeyError: the name is taken, empty, or has a dot.
        """
        self._check_name(name, "buffer")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(f"buffer {name!r} must be a tensor or None, got {type(tensor).__name__}")
        self._buffers[name] = tensor
        if persistent:
            self._transient.discard(name)
        else:
            self._transient.add(name)

    def register_module(self, name: str, module: Module | None) -> None:
        """Adds a submodule, found as attribute `name`.

        Raises:
            TypeError: it is no module.
            KeyError: the name is taken, empty, or has a dot.
        """
        self._check_name(name, "submodule")
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"submodule {name!r} must be a module or None, got {type(module).__name__}")
        self._modules[name] = module
        if module is not None:
            self._adopt(name, module)

    add_module = register_module

    # What is in it

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module and all below it, each with its dotted name (this one's is `prefix`)."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """This module and all below it, each once."""
        for _, module in self.named_modules():
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The submodules of this module itself, each once, with their names."""
        seen: set[Module] = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        """The submodules of this module itself, each once."""
        for _, module in self.named_children():
            yield module

    def _named_members(
        self, table: str, prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
        for path, module in modules:
            for name, value in getattr(module, table).items():
                if value is None or id(value) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(value))
                yield f"{path}.{name}" if path else name, value

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """The parameters with their dotted names, those of submodules too if `recurse`; a shared one comes once."""
        return self._named_members("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters, those of submodules too if `recurse`; a shared one comes once."""
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """The buffers with their dotted names, those of submodules too if `recurse`."""
        return self._named_members("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers, those of submodules too if `recurse`."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def num_parameters(self, only_trainable: bool = False) -> int:
        """The number of elements in all parameters, in those that require a gradient if `only_trainable`."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad or not only_trainable)

    def get_submodule(self, target: str) -> Module:
        """The module below this one with the dotted name `target`; itself for the empty name.

        Raises:
            AttributeError: there is none, or it is no module.
        """
        module = self
        for part in target.split(".") if target else ():
            found = getattr(module, part, None)
            if not isinstance(found, Module):
                raise AttributeError(f"{type(module).__name__} has no submodule {part!r} (looking for {target!r})")
            module = found
        return module

    def get_parameter(self, target: str) -> Parameter:
        """The parameter with the dotted name `target`.

        Raises:
            AttributeError: there is none.
        """
        return self._member(target, "parameter")

    def get_buffer(self, target: str) -> Tensor:
        """The buffer with the dotted name `target`.

        Raises:
            AttributeError: there is none.
        """
        return self._member(target, "buffer")

    def _member(self, target: str, kind: str) -> Any:
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        found = getattr(module, _TABLES[kind]).get(name)
        if found is None:
            raise AttributeError(f"{type(module).__name__} has no {kind} {name!r} (looking for {target!r})")
        return found

    # State

    def state_dict(
        self, *, destination: dict[str, Any] | None = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Any]:
        """The parameters and persistent buffers by their dotted names: tensors that share the module's memory, outside
        the graph (`keep_vars`: the very parameters and buffers)."""
        found = {} if destination is None else destination
        for path, module in self.named_modules(prefix=prefix.removesuffix("."), remove_duplicate=False):
            for name, tensor in state.own_entries(module):
                found[f"{path}.{name}" if path else name] = tensor if keep_vars else tensor.detach()
        return found

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Takes the values of all parameters and persistent buffers from `state_dict`, in place; they are cast and
        moved to where the module's tensors are.

        Args:
            state_dict: tensors or arrays by dotted names.
            strict: whether every name must be there and no other.
            assign: the tensors themselves take the place of the module's memory, dtype and device included.

        Returns:
            `missing_keys` and `unexpected_keys`, both empty if `strict`.

        Raises:
            RuntimeError: names are missing or not expected, or shapes differ; all of them are listed. The module is
                unchanged then.
            TypeError: `state_dict` is no mapping.
        """
        return IncompatibleKeys(*state.load(self, state_dict, strict, assign))

    # Modes and conversion

    def train(self: M, mode: bool = True) -> M:
        """Puts this module and all below it in training mode, or in evaluation mode: what dropout and normalisation
        ask for."""
        if not isinstance(mode, bool):
            raise ValueError(f"train: the mode is True or False, got {mode!r}")
        for module in self.modules():
            module.training = mode
        return self

    def eval(self: M) -> M:
        """Puts this module and all below it in evaluation mode."""
        return self.train(False)

    def requires_grad_(self: M, requires_grad: bool = True) -> M:
        """Sets `requires_grad` of all parameters."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forgets the gradients of all parameters; with `set_to_none=False` they become zeros in place."""
        for parameter in self.parameters():
            state.clear_gradient(parameter, set_to_none)

    def apply(self: M, fn: Callable[[Module], Any]) -> M:
        """Calls `fn` with every module below this one and then with itself."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def to(self: M, *args: Any, dtype: Any = None, device: Any = None, non_blocking: bool = False) -> M:
        """Moves the module to a device, or gives its floating parameters and buffers another dtype, or both:
        `to("cuda")`, `to(cr.float64)`, `to("cpu", cr.float16)`, `to(tensor)`. The parameters stay the same objects.

        Raises:
            TypeError: the dtype is not a floating one.
            BackendUnavailable: the device's backend cannot work here. The module is unchanged then.
        """
        for argument in args:
            if isinstance(argument, Tensor):
                dtype, device = argument.dtype, argument.device
            elif isinstance(argument, str) and argument not in dtypes.NAMES:
                device = argument
            elif argument is not None and not isinstance(argument, bool):
                dtype = argument
        wanted = None if dtype is None else dtypes.as_dtype(dtype)
        if wanted is not None and wanted.kind not in "fc" and not dtypes.is_differentiable(wanted):
            raise TypeError(f"a module's parameters have a floating or complex dtype, not {wanted}")
        state.convert(self, lambda t: t.to(dtype=wanted if dtypes.is_differentiable(t.dtype) else None, device=device))
        return self

    def type(self: M, dst_type: Any) -> M:
        """Gives all parameters and buffers the dtype `dst_type`."""
        state.convert(self, lambda t: t.to(dtype=dst_type))
        return self

    def float(self: M) -> M:
        """Floating parameters and buffers become float32."""
        return self.to(dtypes.float32)

    def double(self: M) -> M:
        """Floating parameters and buffers become float64."""
        return self.to(dtypes.float64)

    def half(self: M) -> M:
        """Floating parameters and buffers become float16."""
        return self.to(dtypes.float16)

    def cpu(self: M) -> M:
        """Moves the module to the host."""
        return self.to("cpu")

    def cuda(self: M, device: int | str | None = None) -> M:
        """Moves the module to a GPU.

        Raises:
            BackendUnavailable: there is none; the message says what is missing.
        """
        return self.to("cuda" if device is None else device if isinstance(device, str) else f"cuda:{device}")

    # Hooks

    def _own_hooks(self) -> hooking.Hooks:
        if self._hooks is None:
            self.__dict__["_hooks"] = hooking.Hooks()
        assert self._hooks is not None
        return self._hooks

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> Handle:
        """Calls `hook(module, args)` before `forward`; what it returns, if anything, takes the place of `args`. With
        `with_kwargs` it is `hook(module, args, kwargs)`, and it returns None or both."""
        return hooking.add(self._own_hooks().before, (hook, with_kwargs), prepend)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> Handle:
        """Calls `hook(module, args, output)` after `forward`; what it returns, if anything, takes the place of the
        output. With `with_kwargs` it is `hook(module, args, kwargs, output)`. With `always_call` it is called, with
        None for the output, when `forward` has raised too."""
        return hooking.add(self._own_hooks().after, (hook, with_kwargs, always_call), prepend)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Calls `hook(module, grad_input, grad_output)` when backward has computed the gradients of the positional
        arguments (None for what is no tensor); what it returns, if anything, takes the place of `grad_input`."""
        return hooking.add(self._own_hooks().backward, hook, prepend)

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Handle:
        """Calls `hook(module, grad_output)` when backward reaches the module; what it returns, if anything, takes the
        place of `grad_output`."""
        return hooking.add(self._own_hooks().backward_before, hook, prepend)

    # Text

    def extra_repr(self) -> str:
        """What `repr` shows between the parentheses; a subclass says what it was made with."""
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        inner = [f"({name}): {_indented(repr(module))}" for name, module in self._modules.items()]
        return _bracketed(self._get_name(), self.extra_repr(), inner)


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict` found missing, and what it did not expect."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")


def _bracketed(name: str, extra: str, inner: list[str]) -> str:
    """`name(extra)` on one line, or with the submodules on lines of their own."""
    lines = extra.split("\n") if extra else []
    if len(lines) == 1 and not inner:
        return f"{name}({lines[0]})"
    lines += inner
    return f"{name}(\n  " + "\n  ".join(lines) + "\n)" if lines else f"{name}()"


__all__ = ["IncompatibleKeys", "Module"]

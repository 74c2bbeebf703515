"""Containers of modules: one after the other, as a list, as a dict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from operator import index
from typing import Any, cast, overload

from .module import Module


class _Row(Module):
    """Modules named 0, 1, 2, ..., reached by position."""

    _modules: dict[str, Module]  # type: ignore[assignment]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    def _name_at(self, position: Any) -> str:
        """The name of the module at a position, counted from the end if negative.

        Raises:
            IndexError: there is none.
        """
        found = index(position)
        if not -len(self) <= found < len(self):
            raise IndexError(f"position {found} is out of range for a {type(self).__name__} of {len(self)} modules")
        return list(self._modules)[found]

    def _renumber(self, modules: Iterable[Module]) -> None:
        modules = list(modules)
        self._modules.clear()
        for module in modules:
            self._add(module)

    def _add(self, module: Module) -> None:
        number = len(self)
        while str(number) in self._modules:  # a slice keeps its names
            number += 1
        self.add_module(str(number), module)

    def __setitem__(self, position: int, module: Module) -> None:
        if not isinstance(module, Module):
            raise TypeError(f"{type(self).__name__} holds modules, got {type(module).__name__}")
        self.add_module(self._name_at(position), module)

    def __delitem__(self, position: int | slice) -> None:
        if isinstance(position, slice):
            for name in list(self._modules)[position]:
                del self._modules[name]
        else:
            del self._modules[self._name_at(position)]
        self._renumber(self._modules.values())

    def append(self, module: Module) -> Any:
        """Adds a module at the end."""
        self._add(module)
        return self

    def extend(self, modules: Iterable[Module]) -> Any:
        """Adds modules at the end."""
        given = list(modules)
        for module in given:
            if module is not None and not isinstance(module, Module):
                raise TypeError(f"{type(self).__name__} holds modules, got {type(module).__name__}")
        for module in given:
            self._add(module)
        return self

    def insert(self, position: int, module: Module) -> Any:
        """Adds a module before `position`."""
        if not isinstance(module, Module):
            raise TypeError(f"{type(self).__name__} holds modules, got {type(module).__name__}")
        modules = list(self)
        modules.insert(position, module)
        self._renumber(modules)
        return self

    def pop(self, position: int) -> Module:
        """Takes the module at `position` out, and returns it."""
        module = self._modules[self._name_at(position)]
        del self[position]
        return module


class Sequential(_Row):
    """Modules called one after the other, each with what the one before returned.

        nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
        nn.Sequential(OrderedDict(hidden=nn.Linear(64, 32), act=nn.ReLU()))

    Args:
        *args: the modules, or one dict of them with their names.
    """

    @overload
    def __init__(self, *args: Module) -> None: ...
    @overload
    def __init__(self, arg: Mapping[str, Module], /) -> None: ...
    def __init__(self, *args: Any) -> None:
        super().__init__()
        if len(args) == 1 and isinstance(args[0], Mapping):
            for name, module in args[0].items():
                self.add_module(name, module)
        else:
            self.extend(args)

    def forward(self, input: Any) -> Any:
        """What the last module returns."""
        for module in self._modules.values():
            input = module(input)
        return input

    @overload
    def __getitem__(self, position: int) -> Module: ...
    @overload
    def __getitem__(self, position: slice) -> Sequential: ...
    def __getitem__(self, position: int | slice) -> Module:
        """The module at a position, or a `Sequential` of some of them under their names."""
        if isinstance(position, slice):
            return type(self)(dict(list(self._modules.items())[position]))
        return self._modules[self._name_at(position)]

    def _renumber(self, modules: Iterable[Module]) -> None:
        # Names that were given stay; what is inserted or was numbered is numbered by its position.
        given = {id(module): name for name, module in self._modules.items() if not name.isdigit()}
        modules = list(modules)
        self._modules.clear()
        for position, module in enumerate(modules):
            self.add_module(given.get(id(module), str(position)), module)


class _Group(Module):
    """A container that is not called itself: in graphs its modules carry its name before theirs."""

    _name: str | None = None

    def _set_label(self, name: str) -> None:
        super()._set_label(name)
        self.__dict__["_name"] = name
        for inner, module in self._modules.items():
            if module is not None:
                module._set_label(f"{name}.{inner}")

    def _adopt(self, name: str, module: Module) -> None:
        if self._name is not None:
            module._set_label(f"{self._name}.{name}")
        elif module._label is None:  # a slice leaves its modules the names they have
            module._set_label(name)


class ModuleList(_Group, _Row):
    """A list of modules, all of which the module it is assigned to sees. It is not called itself.

    Args:
        modules: what to start with.
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        self.extend(modules or ())

    @overload
    def __getitem__(self, position: int) -> Module: ...
    @overload
    def __getitem__(self, position: slice) -> ModuleList: ...
    def __getitem__(self, position: int | slice) -> Module:
        """The module at a position, or a list of some of them."""
        if isinstance(position, slice):
            return type(self)(list(self)[position])
        return self._modules[self._name_at(position)]

    def __iadd__(self, modules: Iterable[Module]) -> ModuleList:
        return cast(ModuleList, self.extend(modules))

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return type(self)([*self, *other])

    def __repr__(self) -> str:
        """Equal neighbours are shown once: `(0-3): 4 x Linear(...)`."""
        runs: list[tuple[int, int, str]] = []
        for position, module in enumerate(self):
            text = repr(module)
            if runs and runs[-1][2] == text:
                runs[-1] = (runs[-1][0], position, text)
            else:
                runs.append((position, position, text))
        lines = [
            f"({first}): {text}" if first == last else f"({first}-{last}): {last - first + 1} x {text}"
            for first, last, text in runs
        ]
        inner = "\n".join(lines).replace("\n", "\n  ")
        return f"{self._get_name()}(\n  {inner}\n)" if lines else f"{self._get_name()}()"


class ModuleDict(_Group):
    """Modules by name, all of which the module it is assigned to sees. It is not called itself.

    Args:
        modules: what to start with: a mapping, or pairs of name and module.
    """

    _modules: dict[str, Module]  # type: ignore[assignment]

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | None = None) -> None:
        super().__init__()
        self.update(modules or {})

    def __getitem__(self, key: str) -> Module:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: str) -> bool:
        return key in self._modules

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._modules.keys()

    def values(self) -> Iterable[Module]:
        """The modules."""
        return self._modules.values()

    def items(self) -> Iterable[tuple[str, Module]]:
        """The names with their modules."""
        return self._modules.items()

    def pop(self, key: str) -> Module:
        """Takes a module out, and returns it."""
        return self._modules.pop(key)

    def clear(self) -> None:
        """Takes all modules out."""
        self._modules.clear()

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> None:
        """Adds modules, in place of those with the same names."""
        given = dict(modules)
        for name, module in given.items():
            self._check_name(name, "submodule")
            if module is not None and not isinstance(module, Module):
                raise TypeError(f"submodule {name!r} must be a module or None, got {type(module).__name__}")
        for name, module in given.items():
            self.add_module(name, module)


__all__ = ["ModuleDict", "ModuleList", "Sequential"]

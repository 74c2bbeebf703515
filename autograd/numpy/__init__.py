"""NumPy's protocols: what `np.f(tensor)` does.

NumPy asks a tensor among the arguments of its ufuncs (`__array_ufunc__`) and of its other functions
(`__array_function__`), and CuPy among those of its ufuncs and kernels (`__cupy_override_elementwise_kernel__`). The
tables of this package give, for each of NumPy's functions, the one that computes it with ops, so that it records. They
load when NumPy first asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from inspect import Parameter, signature
from types import MappingProxyType
from typing import Any

import numpy as np

from ...backends import BACKENDS, dtypes
from ..tensor import Tensor
from . import calculus, fft, linalg, reductions, shapes
from .operands import expect_writable, lives_in_graph, tensors_in, write_out
from .ufuncs import array_ufunc, override_elementwise_kernel
from .values import IN_PLACE, ON_VALUES, name_of, on_values, refuse, refuse_in_place

FUNCTIONS: MappingProxyType[Any, Callable[..., Any]] = MappingProxyType(
    {**calculus.FUNCTIONS, **fft.FUNCTIONS, **linalg.FUNCTIONS, **reductions.FUNCTIONS, **shapes.FUNCTIONS}
)
"""NumPy's function -> the one with its parameters that records."""


class _Row:
    """What NumPy's dispatch needs to know of one of its functions, and how a call of it is computed."""

    def __init__(self, function: Any) -> None:
        self.function = function
        self.name = f"np.{name_of(function)}"
        self.recording = FUNCTIONS.get(function)
        """What computes with ops, if the function has a derivative."""
        self.on_values = name_of(function) in ON_VALUES
        self.writes = function is np.copyto
        own = {} if self.recording is None else signature(self.recording).parameters
        theirs = _parameters(function) or own
        self.defaults = {name: p.default for name, p in theirs.items()}
        self.known = frozenset(own)
        self.open = any(p.kind is p.VAR_KEYWORD for p in own.values())
        by_place = [name for name, p in theirs.items() if p.kind <= p.POSITIONAL_OR_KEYWORD]
        self.out = by_place.index("out") if "out" in by_place else None

    def __call__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        out = kwargs.get("out")
        if out is not None:
            kwargs = {key: value for key, value in kwargs.items() if key != "out"}
        elif self.out is not None and len(args) > self.out:
            out, args = args[self.out], (*args[: self.out], None, *args[self.out + 1 :])
        if out is None:
            return self._compute(args, kwargs)
        expect_writable(self.name, out, (args, kwargs))
        return write_out(self.name, out, self._compute(args, kwargs))

    def _compute(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self.recording is not None and (self.writes or _holds_floats(args, kwargs)):
            return self.recording(*args, **self._handled(kwargs)) if kwargs else self.recording(*args)
        if self.function in IN_PLACE and isinstance(args[0], Tensor):
            refuse_in_place(self.function)
        if not self.on_values and lives_in_graph((args, kwargs)):
            refuse(self.function)
        return on_values(self.function, args, **kwargs)

    def _handled(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        """The keywords, without those that have NumPy's default.

        Raises:
            TypeError: one that is not handled.
        """
        handled = {}
        for key, value in kwargs.items():
            default = self.defaults.get(key, self)
            if value is default or value is np._NoValue:  # type: ignore[attr-defined]
                continue
            if key not in self.known and not self.open:
                raise TypeError(f"{self.name}: tensors take no {key}=; leave it away, or use the values, t.detach()")
            handled[key] = value
        return handled


def _parameters(function: Any) -> Mapping[str, Parameter]:
    """NumPy's parameters; none where the function is written in C and does not tell, as before NumPy 2.4."""
    try:
        return signature(function).parameters
    except ValueError:
        return {}


def _holds_floats(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a tensor could have a gradient: without, NumPy's own function is as good."""
    first = args[0] if args else None
    if isinstance(first, Tensor) and dtypes.is_differentiable(first.dtype):
        return True
    return any(dtypes.is_differentiable(t.dtype) for t in tensors_in((args, kwargs)))


_rows: dict[Any, _Row] = {}


def array_function(
    self: Tensor, function: Any, types: Iterable[type], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """`Tensor.__array_function__`: what NumPy calls for `function(...)` with a tensor among the arguments."""
    for kind in types:
        if not issubclass(kind, (Tensor, np.ndarray)) and not _is_array_type(kind):
            return NotImplemented
    row = _rows.get(function)
    if row is None:
        row = _rows[function] = _Row(function)
    return row(args, kwargs)


def _is_array_type(kind: type) -> bool:
    return kind in BACKENDS or any(issubclass(kind, known) for known in BACKENDS) or kind.__module__.startswith("cupy")


# From here on NumPy and CuPy come straight to these functions.
Tensor.__array_ufunc__ = array_ufunc  # type: ignore[method-assign]
Tensor.__array_function__ = array_function  # type: ignore[method-assign]
Tensor.__cupy_override_elementwise_kernel__ = override_elementwise_kernel  # type: ignore[method-assign]

__all__ = ["FUNCTIONS", "array_function", "array_ufunc", "override_elementwise_kernel"]

"""What a row of samples is: the one thing a new op needs to be tested in every way that test_ops.py knows.

    ROWS = [
        Row("tanh", Sample(T(3, 4)), Sample(T()), Sample(T(0, 3))),
        Row("Tensor.unfold", Sample(T(7), 0, 3, 2)),
        Row("max", Sample(T(3, 4, distinct=True), dim=1)),
    ]

A `Kink` in the place of a `Sample` stands at a point without a derivative (a tie in max, relu at 0): it is compared
with PyTorch, but not with finite differences.

A `T` stands wherever the call takes a tensor; everything else is passed as it is written. The numbers of a `T` are
drawn from a stream seeded by the row's name and the place of the `T`, so a failure can be repeated.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np


class T:
    """A tensor argument, to be drawn.

    Args:
        shape: its sizes.
        low, high: bounds of the uniform draw; integers are drawn from [low, high), by default from [-5, 5) (from
            [0, 5) when unsigned).
        grad: whether it requires a gradient. Only floating and complex dtypes can, so integers and booleans
            never do.
        dtype: its dtype's name.
        values: these numbers (nested lists or an array) in place of drawn ones; the shape is then theirs.
        distinct: values evenly spread between low and high in random order, so that no step of a finite difference
            changes which is larger: for max, sort, median and their like.
    """

    def __init__(
        self,
        *shape: int,
        low: float | None = None,
        high: float | None = None,
        grad: bool = True,
        dtype: str = "float64",
        values: Any = None,
        distinct: bool = False,
    ) -> None:
        self.dtype = np.dtype(dtype)
        small = {"u": 0, "i": -5}.get(self.dtype.kind, -2.0)
        self.low = small if low is None else low
        self.high = (5 if self.dtype.kind in "iu" else 2.0) if high is None else high
        self.values = None if values is None else np.array(values, dtype=self.dtype)
        self.shape = shape if self.values is None else self.values.shape
        self.grad = grad and self.dtype.kind in "fc"
        self.distinct = distinct

    def draw(self, seed: str) -> np.ndarray:
        """The numbers, the same for the same seed."""
        if self.values is not None:
            return self.values.copy()
        stream = np.random.default_rng(zlib.crc32(seed.encode()))
        size = int(np.prod(self.shape))
        if self.distinct:
            spread = np.linspace(self.low, self.high, size) if self.dtype.kind in "fc" else self.low + np.arange(size)
            return stream.permutation(spread).reshape(self.shape).astype(self.dtype)
        if self.dtype.kind == "b":
            return stream.random(self.shape) < 0.5
        if self.dtype.kind in "iu":
            return stream.integers(int(self.low), int(self.high), self.shape).astype(self.dtype)
        drawn = np.asarray(stream.uniform(self.low, self.high, self.shape))
        if self.dtype.kind == "c":
            drawn = drawn + 1j * stream.uniform(self.low, self.high, self.shape)
        return drawn.astype(self.dtype)

    def __repr__(self) -> str:
        facts = [str(size) for size in self.shape] if self.values is None else [f"values={self.values.tolist()}"]
        return f"T({', '.join([*facts, *([] if self.dtype == np.float64 else [self.dtype.name])])})"


class Sample:
    """The arguments of one call. `T`s may stand inside tuples, lists and dictionaries too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args, self.kwargs = args, kwargs

    def __repr__(self) -> str:
        parts = [repr(a) for a in self.args] + [f"{k}={v!r}" for k, v in self.kwargs.items()]
        return f"{type(self).__name__}({', '.join(parts)})"

    def specs(self) -> list[T]:
        """Every `T`, in the order of the call."""
        return list(_specs((self.args, self.kwargs)))

    def fill(self, tensors: list[Any], other: Callable[[Any], Any] = lambda value: value) -> tuple[Any, Any]:
        """The arguments with `tensors` in the places of the `T`s, and `other` applied to everything else."""
        return _fill((self.args, self.kwargs), iter(tensors), other)


def _specs(value: Any) -> Iterator[T]:
    if isinstance(value, T):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _specs(item)
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _specs(item)


def _fill(value: Any, tensors: Iterator[Any], other: Callable[[Any], Any]) -> Any:
    if isinstance(value, T):
        return next(tensors)
    if isinstance(value, dict):
        return {key: _fill(item, tensors, other) for key, item in value.items()}
    if type(value) in (tuple, list):
        return type(value)([_fill(item, tensors, other) for item in value])
    return other(value)


class Kink(Sample):
    """A sample at a point where the function has no derivative: what the gradient is there is a convention, and
    PyTorch's is ours. Finite differences are left out."""


class Row:
    """One function, and the calls of it that are tried.

    Args:
        name: where it is found below `cr`, dotted: `"tanh"`, `"Tensor.unfold"`, `"nn.functional.gelu"`. A name that
            ends in one underscore works in place: it is called on a copy of its first argument.
        samples: the calls.
        torch: where PyTorch has it, if under another name; or `f(torch, *args, **kwargs)`; or False when PyTorch has
            nothing like it.
        reference: `f(np, *arrays, **kwargs)`, what to compare values with where `torch` is False.
        call: `f(cr, *args, **kwargs)`, what to call in place of `name`, where a call needs more than its arguments.
        grad, gradgrad: whether there is a first and a second derivative to check.
        dtypes: whether the result's dtype must be PyTorch's. (Where promotion follows NumPy, it is not.)
        float32: whether float32 inputs give float32 results, and complex64 ones for complex128.
        noncontiguous: whether inputs of any memory layout must give the same.
        covers: further public names that this row is the test of (`"Tensor.__getitem__"` covers `getitem`).
    """

    def __init__(
        self,
        name: str,
        *samples: Sample,
        torch: str | Callable[..., Any] | bool | None = None,
        reference: Callable[..., Any] | None = None,
        call: Callable[..., Any] | None = None,
        grad: bool = True,
        gradgrad: bool = True,
        dtypes: bool = True,
        float32: bool = True,
        noncontiguous: bool = True,
        covers: tuple[str, ...] = (),
    ) -> None:
        if not samples:
            raise ValueError(f"the row of {name} has no samples")
        self.name, self.samples = name, samples
        self.torch = name if torch is None or torch is True else torch
        self.reference, self.call = reference, call
        self.grad, self.gradgrad = grad, grad and gradgrad
        self.dtypes, self.float32, self.noncontiguous = dtypes, float32, noncontiguous
        self.covers = (name.rpartition(".")[2], *covers)

    def __repr__(self) -> str:
        return f"Row({self.name!r}, {len(self.samples)} samples)"

    @property
    def in_place(self) -> bool:
        """Whether it changes its first argument."""
        last = self.name.rpartition(".")[2]
        return (last.endswith("_") and not last.endswith("__")) or last in ("__setitem__", "__iadd__", "__imul__")

    def arrays(self, k: int) -> list[np.ndarray]:
        """The drawn arguments of sample `k`."""
        return [t.draw(f"{self.name}/{k}/{place}") for place, t in enumerate(self.samples[k].specs())]


__all__ = ["Kink", "Row", "Sample", "T"]

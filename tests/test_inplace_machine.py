"""Random programs of views, in-place changes, detached tensors, `no_grad`, hooks and backward, played three times:
here, in PyTorch, and in a slow model that has neither graph nor views.

In the model a tensor is a piece of memory, a piece of derivatives, and the positions of its elements in both: each
element carries its value and its first and second derivatives with respect to every element of the leaves, computed
forwards when the element is written. What is here must agree with the model wherever it does not raise, and with
PyTorch wherever that does not raise; it may raise only where PyTorch does.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from judge import leaf

import chainrule as cr

SHAPE = (2, 3)
COUNT = 2 * 6
"""Elements of the two leaves together."""


class Model:
    """A tensor of the model.

    Attributes:
        values: its memory, shared by views and detached tensors.
        first, second: the derivatives of every place in that memory, (n, COUNT) and (n, COUNT, COUNT), shared by views.
        places: where its elements are, an integer array of its shape.
    """

    def __init__(self, values: Any, first: Any, second: Any, places: Any) -> None:
        self.values, self.first, self.second, self.places = values, first, second, places

    @classmethod
    def fresh(cls, v: Any, j: Any = 0.0, h: Any = 0.0) -> Model:
        v = np.asarray(v, float)
        n = v.size
        first = np.array(np.broadcast_to(j, (*v.shape, COUNT)), float).reshape(n, COUNT)
        second = np.array(np.broadcast_to(h, (*v.shape, COUNT, COUNT)), float).reshape(n, COUNT, COUNT)
        return cls(v.ravel().copy(), first, second, np.arange(n).reshape(v.shape))

    @property
    def v(self) -> Any:
        return self.values[self.places]

    @property
    def j(self) -> Any:
        return self.first[self.places]

    @property
    def h(self) -> Any:
        return self.second[self.places]

    def view(self, look: Callable[[Any], Any]) -> Model:
        return Model(self.values, self.first, self.second, look(self.places))

    def detach(self) -> Model:
        return Model(self.values, np.zeros_like(self.first), np.zeros_like(self.second), self.places)

    def write(self, source: Model, recording: bool = True) -> None:
        v, j, h = (np.broadcast_to(a, self.places.shape + a.shape[source.places.ndim :]) for a in
                   (source.v, source.j, source.h))  # fmt: skip
        v, j, h = v.copy(), j.copy(), h.copy()
        self.values[self.places] = v
        if recording:
            self.first[self.places], self.second[self.places] = j, h

    def unary(self, f: Any, slope: Any, bend: Any) -> Model:
        v, j = self.v, self.j
        d, e = slope(v), bend(v)
        return Model.fresh(f(v), d[..., None] * j, d[..., None, None] * self.h + e[..., None, None] * _outer(j, j))

    def scaled(self, by: float) -> Model:
        return Model.fresh(self.v * by, self.j * by, self.h * by)

    def plus(self, other: Model) -> Model:
        v = self.v + other.v
        return Model.fresh(v, _wide(self.j, v, 1) + _wide(other.j, v, 1), _wide(self.h, v, 2) + _wide(other.h, v, 2))

    def times(self, other: Model) -> Model:
        v = self.v * other.v
        a, b = np.broadcast_to(self.v, v.shape), np.broadcast_to(other.v, v.shape)
        p, q = _wide(self.j, v, 1), _wide(other.j, v, 1)
        h = a[..., None, None] * _wide(other.h, v, 2) + b[..., None, None] * _wide(self.h, v, 2)
        return Model.fresh(v, a[..., None] * q + b[..., None] * p, h + _outer(p, q) + _outer(q, p))

    def sum(self) -> Model:
        axes = tuple(range(self.places.ndim))
        return Model.fresh(self.v.sum(), self.j.sum(axes), self.h.sum(axes))

    def hooked(self, factor: float) -> Model:
        """With a hook that multiplies the gradient."""
        return Model.fresh(self.v, self.j * factor, self.h * factor)


def _wide(a: Any, like: Any, extra: int) -> Any:
    return np.broadcast_to(a, like.shape + a.shape[a.ndim - extra :])


def _outer(a: Any, b: Any) -> Any:
    return a[..., :, None] * b[..., None, :]


def _tanh(m: Model) -> Model:
    return m.unary(np.tanh, lambda v: 1 - np.tanh(v) ** 2, lambda v: -2 * np.tanh(v) * (1 - np.tanh(v) ** 2))


def _sin(m: Model) -> Model:
    return m.unary(np.sin, np.cos, lambda v: -np.sin(v))


UNARY: dict[str, tuple[Callable[[Any], Any], Callable[[Model], Model]]] = {
    "tanh": (lambda t: t.tanh(), _tanh),
    "sin": (lambda t: t.sin(), _sin),
    "scale": (lambda t: t * 0.7, lambda m: m.scaled(0.7)),
    "clone": (lambda t: t.clone(), lambda m: m.scaled(1.0)),
    "sum": (lambda t: t.sum(), lambda m: m.sum()),
}
CHANGES: dict[str, tuple[Callable[[Any], Any], Callable[[Model], Model]]] = {
    "tanh_": (lambda t: t.tanh_(), _tanh),
    "sin_": (lambda t: t.sin_(), _sin),
    "mul_": (lambda t: t.mul_(0.5), lambda m: m.scaled(0.5)),
    "neg_": (lambda t: t.neg_(), lambda m: m.scaled(-1.0)),
    "zero_": (lambda t: t.zero_(), lambda m: Model.fresh(np.zeros(m.places.shape))),
    "fill_": (lambda t: t.fill_(0.25), lambda m: Model.fresh(np.full(m.places.shape, 0.25))),
    "masked_fill_": (lambda t: t.masked_fill_(t > 0.2, 0.1), lambda m: _choose(m, m.v > 0.2, 0.1)),
    "clamp_": (lambda t: t.clamp_(-0.9, 0.9), lambda m: _clamped(m)),
}
BINARY: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Model, Model], Model]]] = {
    "mul": (lambda a, b: a * b, Model.times),
    "add": (lambda a, b: a + b, Model.plus),
    "sub": (lambda a, b: a - b, lambda a, b: a.plus(b.scaled(-1.0))),
}
BINARY_CHANGES: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Model, Model], Model]]] = {
    "mul_": (lambda a, b: a.mul_(b), Model.times),
    "add_": (lambda a, b: a.add_(b), Model.plus),
    "copy_": (lambda a, b: a.copy_(b), lambda a, b: b),
    "setitem": (lambda a, b: a.__setitem__(..., b), lambda a, b: b),
}


def _choose(m: Model, mask: Any, number: float) -> Model:
    keep = ~mask
    return Model.fresh(np.where(mask, number, m.v), m.j * keep[..., None], m.h * keep[..., None, None])


def _clamped(m: Model) -> Model:
    inside = np.abs(m.v) <= 0.9
    return Model.fresh(np.clip(m.v, -0.9, 0.9), m.j * inside[..., None], m.h * inside[..., None, None])


def _complex_and_back(t: Any) -> Any:
    lib = cr if isinstance(t, cr.Tensor) else torch
    return lib.view_as_real(lib.view_as_complex(t))


VIEWS: dict[str, tuple[Callable[[Any], bool], Callable[[Any], Any], Callable[[Any], Any]]] = {
    "row": (lambda p: p.ndim > 0, lambda t: t[0], lambda p: p[0]),
    "last": (lambda p: p.ndim > 0, lambda t: t[..., -1], lambda p: p[..., -1]),
    "slice": (lambda p: p.ndim > 0 and p.shape[0] > 1, lambda t: t[1:], lambda p: p[1:]),
    "step": (lambda p: p.ndim > 0, lambda t: t[..., ::2], lambda p: p[..., ::2]),
    "transpose": (lambda p: p.ndim > 1, lambda t: t.transpose(0, 1), lambda p: p.swapaxes(0, 1)),
    "flat": (lambda p: True, lambda t: t.reshape(-1), lambda p: p.reshape(-1)),
    "unsqueeze": (lambda p: p.ndim < 3, lambda t: t.unsqueeze(0), lambda p: p[None]),
    "expand": (lambda p: p.ndim < 2, lambda t: t.expand(2, *t.shape), lambda p: np.broadcast_to(p, (2, *p.shape))),
    "diagonal": (lambda p: p.ndim == 2, lambda t: t.diagonal(), lambda p: p.diagonal()),
    "unbind": (lambda p: p.ndim > 0, lambda t: t.unbind(0)[-1], lambda p: p[-1]),
    "chunk": (lambda p: p.ndim > 0 and p.shape[-1] > 1, lambda t: t.chunk(2, -1)[0],
              lambda p: p[..., : (p.shape[-1] + 1) // 2]),
    "narrow": (lambda p: p.ndim > 0, lambda t: t.narrow(-1, 0, 1), lambda p: p[..., :1]),
    "complex": (lambda p: p.ndim > 0 and p.shape[-1] == 2 and not np.diff(p.ravel(), n=2).any() and p.size > 1
                and p.ravel()[1] - p.ravel()[0] == 1 and p.min() % 2 == 0, _complex_and_back, lambda p: p),
}  # fmt: skip

indices = st.integers(0, 11)


class Entry:
    """One tensor, three times; `theirs` is None where PyTorch could not follow."""

    def __init__(self, ours: Any, theirs: Any, model: Model) -> None:
        self.ours, self.theirs, self.model = ours, theirs, model


class Machine(RuleBasedStateMachine):
    """The program so far, in `pool`; `torch_follows` until PyTorch refuses what is done here."""

    backend = "numpy"

    @initialize(values=st.lists(st.integers(-8, 8), min_size=COUNT, max_size=COUNT))
    def begin(self, values: list[int]) -> None:
        self.stack = contextlib.ExitStack()
        self.stack.enter_context(cr.use_backend(self.backend))
        start = np.array(values).reshape(2, *SHAPE) / 8.0 + 0.03
        self.torch_follows = True
        self.ours = [leaf(cr, v.tolist()) for v in start]
        self.theirs = [leaf(torch, v.tolist()) for v in start]
        units = np.eye(COUNT).reshape(2, *SHAPE, COUNT)
        self.leaves = [Entry(a, b, Model.fresh(v, j)) for a, b, v, j in zip(self.ours, self.theirs, start, units,
                                                                            strict=True)]  # fmt: skip
        self.grads = np.zeros(COUNT)
        self.pool: list[Entry] = list(self.leaves)

    def teardown(self) -> None:
        if hasattr(self, "stack"):
            self.stack.close()

    def pick(self, k: int) -> Entry:
        return self.pool[k % len(self.pool)]

    def play(self, ours: Callable[[], Any], theirs: Callable[[], Any] | None) -> tuple[bool, Any, Any]:
        """Runs both; whether ours was done, and what they gave. Ours may raise only where PyTorch does."""
        refused, found, expected = None, None, None
        try:
            found = ours()
        except RuntimeError as error:
            refused = error
        if self.torch_follows and theirs is not None:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    expected = theirs()
            except RuntimeError:
                self.torch_follows = refused is not None
            else:
                # Of an expanded tensor NumPy lets no part be written, not even one whose elements are apart.
                if refused is not None and "read-only" in str(refused):
                    self.torch_follows = False
                elif refused is not None:
                    raise refused
        return refused is None, found, expected

    def add(self, ours: Any, theirs: Any, model: Model) -> None:
        self.check(Entry(ours, theirs, model))
        self.pool.append(Entry(ours, theirs, model))
        if len(self.pool) > 12:
            del self.pool[2 + len(self.pool) % 3]

    def check(self, entry: Entry) -> None:
        """The values, and that PyTorch agrees on what requires a gradient."""
        found = entry.ours.backend.to_host(entry.ours.array)
        assert found.shape == entry.model.places.shape
        np.testing.assert_allclose(found, entry.model.v, rtol=1e-9, atol=1e-11)
        if self.torch_follows:
            np.testing.assert_allclose(found, entry.theirs.detach().numpy(), rtol=1e-9, atol=1e-11)
            assert entry.ours.requires_grad == entry.theirs.requires_grad

    def check_all(self) -> None:
        for entry in self.pool:
            self.check(entry)

    # New tensors

    @rule(k=indices, name=st.sampled_from(sorted(UNARY)))
    def unary(self, k: int, name: str) -> None:
        a, (function, model) = self.pick(k), UNARY[name]
        done, x, y = self.play(lambda: function(a.ours), lambda: function(a.theirs))
        if done:
            self.add(x, y, model(a.model))

    @rule(k=indices, other=indices, name=st.sampled_from(sorted(BINARY)))
    def binary(self, k: int, other: int, name: str) -> None:
        a, b, (function, model) = self.pick(k), self.fitting(self.pick(k), self.pick(other)), BINARY[name]
        done, x, y = self.play(lambda: function(a.ours, b.ours), lambda: function(a.theirs, b.theirs))
        if done:
            self.add(x, y, model(a.model, b.model))

    def fitting(self, a: Entry, b: Entry) -> Entry:
        """`b` if it is of the shape of `a`, else a number made of it."""
        if a.model.places.shape == b.model.places.shape:
            return b
        _, x, y = self.play(lambda: b.ours.sum() * 0.1, lambda: b.theirs.sum() * 0.1)
        return Entry(x, y, b.model.sum().scaled(0.1))

    @rule(k=indices, name=st.sampled_from(sorted(VIEWS)))
    def view(self, k: int, name: str) -> None:
        a, (possible, function, look) = self.pick(k), VIEWS[name]
        if not possible(a.model.places):
            return
        done, x, y = self.play(lambda: function(a.ours), lambda: function(a.theirs))
        if not done:
            return
        model = a.model.view(look)
        home = a.ours.backend
        if home.owner(x.array) is not home.owner(a.ours.array):  # a reshape that has to copy
            model = model.scaled(1.0)
        if self.torch_follows and y.untyped_storage().data_ptr() != a.theirs.untyped_storage().data_ptr():
            self.torch_follows = home.owner(x.array) is not home.owner(a.ours.array)
        self.add(x, y, model)

    @rule(k=indices)
    def detach(self, k: int) -> None:
        a = self.pick(k)
        done, x, y = self.play(lambda: a.ours.detach(), lambda: a.theirs.detach())
        assert done
        self.add(x, y, a.model.detach())

    @rule(k=indices, name=st.sampled_from(sorted(UNARY)))
    def computed_without_recording(self, k: int, name: str) -> None:
        a, (function, model) = self.pick(k), UNARY[name]

        def run(lib: Any, t: Any) -> Any:
            with lib.no_grad():
                return function(t)

        _, x, y = self.play(lambda: run(cr, a.ours), lambda: run(torch, a.theirs))
        self.add(x, y, Model.fresh(model(a.model).v))

    @rule()
    def constant(self) -> None:
        self.add(cr.ones(SHAPE, dtype=cr.float64), torch.ones(SHAPE, dtype=torch.float64), Model.fresh(np.ones(SHAPE)))

    @rule(k=indices, factor=st.sampled_from([-1.0, 2.0]))
    def hooked(self, k: int, factor: float) -> None:
        a = self.pick(k)

        def run(t: Any) -> Any:
            made = t * 1
            if made.requires_grad:
                made.register_hook(lambda g: g * factor)
            return made

        _, x, y = self.play(lambda: run(a.ours), lambda: run(a.theirs))
        self.add(x, y, a.model.hooked(factor))

    # Changes

    def change(self, a: Entry, ours: Any, theirs: Any, made: Model, recording: bool = True) -> None:
        if self.torch_follows and theirs is not None:  # where PyTorch refuses, nothing may have changed there
            done, _, _ = self.play(ours, theirs)
        else:
            done, _, _ = self.play(ours, None)
        if done:
            a.model.write(made, recording)
        self.check_all()

    @rule(k=indices, name=st.sampled_from(sorted(CHANGES)))
    def changed(self, k: int, name: str) -> None:
        a, (function, model) = self.pick(k), CHANGES[name]
        self.change(a, lambda: function(a.ours), lambda: function(a.theirs), model(a.model))

    @rule(k=indices, other=indices, name=st.sampled_from(sorted(BINARY_CHANGES)))
    def changed_by_another(self, k: int, other: int, name: str) -> None:
        a, (function, model) = self.pick(k), BINARY_CHANGES[name]
        b = self.fitting(a, self.pick(other))
        if a.model.values is b.model.values and not np.array_equal(a.model.places, b.model.places):
            self.torch_follows = False  # PyTorch reads what it has written already
        self.change(a, lambda: function(a.ours, b.ours), lambda: function(a.theirs, b.theirs), model(a.model, b.model))

    @rule(k=indices, other=indices)
    def row_assigned(self, k: int, other: int) -> None:
        a = self.pick(k)
        if not a.model.places.ndim:
            return
        _, x, y = self.play(lambda: a.ours[0], lambda: a.theirs[0])
        row = Entry(x, y, a.model.view(lambda p: p[0]))
        b = self.fitting(row, self.pick(other))
        _, x, y = self.play(lambda: b.ours * 0.5, lambda: b.theirs * 0.5)
        b = Entry(x, y, b.model.scaled(0.5))
        self.change(row, lambda: a.ours.__setitem__(0, b.ours), lambda: a.theirs.__setitem__(0, b.theirs), b.model)

    @rule(k=indices, name=st.sampled_from(sorted(CHANGES)))
    def changed_without_recording(self, k: int, name: str) -> None:
        a, (function, model) = self.pick(k), CHANGES[name]

        def run(lib: Any, t: Any) -> None:
            with lib.no_grad():
                function(t)

        self.change(a, lambda: run(cr, a.ours), lambda: run(torch, a.theirs), model(a.model), recording=False)

    @rule(k=indices)
    def turned(self, k: int) -> None:
        """`t_`, which changes what the tensor is a view of."""
        a = self.pick(k)
        if a.model.places.ndim != 2:
            return
        before = a.model
        done, _, _ = self.play(lambda: a.ours.t_(), lambda: a.theirs.t_())
        if done:
            a.model = before.view(lambda p: p.swapaxes(0, 1))
            self.torch_follows = False  # in PyTorch it counts as a change of the memory, and loses views
        self.check_all()

    # Derivatives

    def loss(self, lib: Any, t: Any) -> Any:
        return (t * t * 0.5 + t * 0.3).sum()

    def model_loss(self, model: Model) -> Model:
        return model.times(model).scaled(0.5).plus(model.scaled(0.3)).sum()

    @rule(k=indices)
    def backward(self, k: int) -> None:
        a = self.pick(k)
        before = self.gradients()

        def run(lib: Any, t: Any) -> None:
            self.loss(lib, t).backward(retain_graph=True)

        done, _, _ = self.play(lambda: run(cr, a.ours), lambda: run(torch, a.theirs))
        if done:
            self.grads = self.grads + self.model_loss(a.model).j
        np.testing.assert_allclose(self.gradients(), self.grads if done else before, rtol=1e-7, atol=1e-9)
        if not done:  # PyTorch has added to some of the gradients by then
            self.forget_gradients()
        elif self.torch_follows:
            theirs = np.concatenate([_numbers(t.grad) for t in self.theirs])
            np.testing.assert_allclose(self.gradients(), theirs, rtol=1e-7, atol=1e-9)
            assert [t.grad is None for t in self.ours] == [t.grad is None for t in self.theirs]

    def forget_gradients(self) -> None:
        self.grads = np.zeros(COUNT)
        for t in [*self.ours, *self.theirs]:
            t.grad = None

    def gradients(self) -> Any:
        return np.concatenate([_numbers(t.grad) for t in self.ours])

    @rule(k=indices)
    def second_derivative(self, k: int) -> None:
        a = self.pick(k)
        weights = np.linspace(-1, 1, COUNT)

        def run(lib: Any, t: Any, leaves: list[Any]) -> Any:
            found = lib.autograd.grad(self.loss(lib, t), leaves, create_graph=True, materialize_grads=True)
            total = sum((g * leaf(lib, w.tolist(), False)).sum() for g, w in zip(found, weights.reshape(2, *SHAPE),
                                                                                 strict=True))  # fmt: skip
            if not total.requires_grad:
                return None
            again = lib.autograd.grad(total, leaves, retain_graph=True, materialize_grads=True)
            return np.concatenate([_numbers(g) for g in again])

        done, x, y = self.play(lambda: run(cr, a.ours, self.ours), lambda: run(torch, a.theirs, self.theirs))
        if done:
            expected = self.model_loss(a.model).h @ weights
            np.testing.assert_allclose(np.zeros(COUNT) if x is None else x, expected, rtol=1e-7, atol=1e-8)
            if self.torch_follows and y is not None:
                np.testing.assert_allclose(y, expected, rtol=1e-7, atol=1e-8)

    @precondition(lambda self: len(self.pool) > 4)
    @rule(k=indices)
    def backward_and_free(self, k: int) -> None:
        """The graph is used up; what came from it is forgotten."""
        a = self.pick(k)
        done, _, _ = self.play(lambda: self.loss(cr, a.ours).backward(), lambda: self.loss(torch, a.theirs).backward())
        if done:
            self.grads = self.grads + self.model_loss(a.model).j
            np.testing.assert_allclose(self.gradients(), self.grads, rtol=1e-7, atol=1e-9)
        else:
            self.forget_gradients()
        self.pool = [e for e in self.pool if e in self.leaves or not e.ours.requires_grad]


def _numbers(gradient: Any) -> Any:
    if gradient is None:
        return np.zeros(6)
    values = gradient.backend.to_host(gradient.array) if isinstance(gradient, cr.Tensor) else gradient.detach().numpy()
    return np.array(values).ravel()


class OnTheStandin(Machine):
    backend = "standin"


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


@pytest.mark.parametrize("machine", [Machine, OnTheStandin], ids=["numpy", "standin"])
def test_random_programs(machine: type[Machine]) -> None:
    run_state_machine_as_test(machine, settings=settings(max_examples=60, stateful_step_count=25))


@pytest.mark.long
@pytest.mark.parametrize("machine", [Machine, OnTheStandin], ids=["numpy", "standin"])
def test_many_random_programs(machine: type[Machine]) -> None:
    run_state_machine_as_test(machine, settings=settings(max_examples=2000, stateful_step_count=40, derandomize=False))

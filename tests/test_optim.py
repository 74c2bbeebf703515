"""Optimizers: PyTorch's updates, states and settings, on every layout of parameters; what is refused; resuming."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

import chainrule as cr
from chainrule import nn, optim
from chainrule.backends import Backend
from chainrule.backends.standin_array import count_syncs
from chainrule.optim import layout

CONFIGURATIONS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", dict(lr=0.1)),
    ("SGD", dict(lr=0.1, weight_decay=0.1)),
    ("SGD", dict(lr=0.05, maximize=True)),
    ("SGD", dict(lr=0.1, momentum=0.9)),
    ("SGD", dict(lr=0.1, momentum=0.9, dampening=0.3)),
    ("SGD", dict(lr=0.1, momentum=0.9, dampening=0.3, weight_decay=0.01, maximize=True)),
    ("SGD", dict(lr=0.1, momentum=0.9, nesterov=True)),
    ("SGD", dict(lr=0.1, momentum=0.5, nesterov=True, weight_decay=0.1, maximize=True)),
    ("Adam", dict()),
    ("Adam", dict(lr=0.1, betas=(0.5, 0.9), eps=1e-3)),
    ("Adam", dict(lr=0.1, betas=(0.0, 0.0))),
    ("Adam", dict(weight_decay=0.1)),
    ("Adam", dict(amsgrad=True)),
    ("Adam", dict(amsgrad=True, weight_decay=0.1, maximize=True)),
    ("Adam", dict(weight_decay=0.1, decoupled_weight_decay=True)),
    ("AdamW", dict()),
    ("AdamW", dict(lr=0.1, weight_decay=0.5, amsgrad=True)),
    ("AdamW", dict(maximize=True)),
    ("RMSprop", dict()),
    ("RMSprop", dict(alpha=0.5, eps=1e-3, weight_decay=0.1)),
    ("RMSprop", dict(momentum=0.9)),
    ("RMSprop", dict(centered=True, maximize=True)),
    ("RMSprop", dict(centered=True, momentum=0.9, weight_decay=0.1)),
    ("Adagrad", dict()),
    ("Adagrad", dict(lr=0.1, lr_decay=0.1, initial_accumulator_value=0.5)),
    ("Adagrad", dict(weight_decay=0.1, maximize=True, eps=1e-3)),
    ("Adamax", dict()),
    ("Adamax", dict(lr=0.1, betas=(0.5, 0.9), eps=1e-3)),
    ("Adamax", dict(weight_decay=0.1, maximize=True)),
]
IDS = [f"{name}-{'-'.join(f'{k}={v}' for k, v in settings.items()) or 'default'}" for name, settings in CONFIGURATIONS]
every_configuration = pytest.mark.parametrize(("name", "settings"), CONFIGURATIONS, ids=IDS)

SHAPES = [(3, 4), (5,), (), (2, 0), (30, 40), (1,)]


def host(tensor: Any) -> np.ndarray:
    return tensor.backend.to_host(tensor.array)


class Race:
    """The same parameters and gradients given to an optimizer here and to PyTorch's."""

    def __init__(self, name: str, settings: dict[str, Any], dtype: str, shapes: list[tuple[int, ...]]) -> None:
        self.stream = np.random.default_rng(3)
        self.dtype = dtype
        start = [np.asarray(self.stream.standard_normal(shape)).astype(dtype) for shape in shapes]
        self.ours = [cr.tensor(a, requires_grad=True, device=cr.zeros(()).device) for a in start]
        self.theirs = [torch.tensor(a, requires_grad=True) for a in start]
        self.mine = getattr(optim, name)(self.ours, **settings)
        self.yours = getattr(torch.optim, name)(self.theirs, **settings)
        self.way = [np.abs(a.astype("float64")) for a in start]
        self.lr_seen = settings.get("lr", 0.01)

    def step(self, skip: tuple[int, ...] = ()) -> None:
        for k, (a, b) in enumerate(zip(self.ours, self.theirs, strict=True)):
            g = np.asarray(self.stream.standard_normal(a.shape) * self.stream.choice([1e-3, 0.1, 1.0])).astype(self.dtype)
            a.grad = None if k in skip else cr.tensor(g, device=a.device)
            b.grad = None if k in skip else torch.tensor(g)
        before = [b.detach().numpy().astype("float64") for b in self.theirs]
        self.mine.step()
        self.yours.step()
        for way, old, b in zip(self.way, before, self.theirs, strict=True):
            way += np.abs(b.detach().numpy() - old)

    def compare(self) -> None:
        """Each step rounds a few times, and an error stays: it is at most so many roundings of the way gone."""
        bound = 16 * np.finfo(self.dtype).eps
        for k, (a, b, way) in enumerate(zip(self.ours, self.theirs, self.way, strict=True)):
            error = np.abs(host(a).astype("float64") - b.detach().numpy())
            assert a.dtype == self.dtype
            assert np.all(error <= bound * (way + 1e-3)), f"parameter {k}: {np.max(error / (way + 1e-3)) / bound:.1f} x"

    def compare_states(self) -> None:
        mine, yours = self.mine.state_dict()["state"], self.yours.state_dict()["state"]
        assert mine.keys() == yours.keys()
        for k in yours:
            assert mine[k].keys() == yours[k].keys(), "the states have other names"
            for name, value in yours[k].items():
                assert isinstance(mine[k][name], cr.Tensor)
                assert mine[k][name].shape == tuple(value.shape)
                tolerance = 64 * np.finfo(self.dtype).eps
                np.testing.assert_allclose(host(mine[k][name]), value.numpy(), rtol=tolerance, atol=tolerance)


@every_configuration
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_fifty_steps_are_pytorchs(name: str, settings: dict[str, Any], dtype: str, backend: Backend) -> None:
    race = Race(name, settings, dtype, SHAPES)
    for _ in range(50):
        race.step()
    race.compare()
    race.compare_states()


@every_configuration
def test_parameters_without_a_gradient_are_left_out(name: str, settings: dict[str, Any], backend: Backend) -> None:
    """Some have none at first, some have none now and then: counts and states differ between parameters then."""
    race = Race(name, settings, "float64", SHAPES)
    for k in range(12):
        race.step(skip=(1, 4) if k < 3 else (0,) if k % 3 == 0 else ())
        race.compare()
    race.compare_states()


@every_configuration
def test_cut_and_shared_pieces_are_pytorchs(
    name: str, settings: dict[str, Any], backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "PIECE", 64)
    monkeypatch.setattr(layout, "SMALL", 16)
    race = Race(name, settings, "float64", [(3, 4), (70,), (16,), (13, 17), (16,), (17,), (), (16,), (16,), (2, 0), (64,)])
    for k in range(8):
        race.step(skip=() if k % 2 else (2, 3))
    race.compare()
    race.compare_states()
    pieces = {id(slot.shared or slot.pieces) for slot in race.mine._layouts[0].slots}
    if backend.name == "numpy":
        assert len(pieces) < 11, "no parameters share a piece"
        assert len(race.mine._layouts[0].slots[3].pieces) > 1, "no parameter is cut"


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop", "Adagrad", "Adamax"])
def test_threads_change_no_bit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def train() -> list[np.ndarray]:
        race = Race(name, dict(weight_decay=0.1), "float32", [(300, 70), (5,), (20,), (90, 40)])
        for _ in range(3):
            race.step()
        return [host(p).copy() for p in race.ours]

    monkeypatch.setattr(layout, "PIECE", 1000)
    alone = train()
    monkeypatch.setattr(layout, "THREADED", 1)
    monkeypatch.setattr(layout, "thread_count", lambda: 3)
    for a, b in zip(alone, train(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_error_in_a_thread_is_raised() -> None:
    from chainrule.optim.parallel import run_all

    ran = []

    def fail() -> None:
        raise ZeroDivisionError("in a thread")

    with pytest.raises(ZeroDivisionError, match="in a thread"):
        run_all([lambda: ran.append(1), fail, lambda: ran.append(2)])
    assert sorted(ran) == [1, 2]


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adamax"])
def test_any_memory_layout(name: str, backend: Backend) -> None:
    """A parameter that is transposed, or every second element of something, and gradients laid out otherwise."""
    settings = {"momentum": 0.9} if name in ("SGD", "RMSprop") else {}
    start = np.random.default_rng(0).standard_normal((6, 8))
    base = cr.tensor(start, device=cr.zeros(()).device)
    odd = [cr.Tensor(base.array.T, True), cr.Tensor(cr.tensor(base).array[:, ::2], True)]
    even = [cr.Tensor(backend.copy(p.array), True) for p in odd]
    one, two = getattr(optim, name)(odd, **settings), getattr(optim, name)(even, **settings)
    assert not any(p.is_contiguous() for p in odd)
    for k in range(4):
        for p, q in zip(odd, even, strict=True):
            g = backend.asarray(np.random.default_rng(k).standard_normal(p.shape))
            p.grad, q.grad = cr.Tensor(g), cr.Tensor(backend.asarray(np.ascontiguousarray(backend.to_host(g).T)).T)
        one.step()
        two.step()
    for p, q in zip(odd, even, strict=True):
        np.testing.assert_array_equal(host(p), host(q))
        assert not np.array_equal(host(q), start[: q.shape[0], : q.shape[1]])


def test_memory_that_is_shared_stays_shared() -> None:
    array = np.ones(4, dtype="float32")
    p = cr.from_numpy(array).requires_grad_()
    view, optimizer = p.detach()[1:], optim.Adam([p, cr.ones(3, requires_grad=True)], lr=0.5)
    (p * 2).sum().backward()
    optimizer.step()
    np.testing.assert_allclose(array, 0.5)
    np.testing.assert_allclose(view.numpy(), 0.5)


def test_float16_is_pytorchs(backend: Backend) -> None:
    for name in ("SGD", "Adam", "RMSprop"):
        race = Race(name, dict(lr=0.01), "float16", [(40,), (3, 5)])
        for _ in range(10):
            race.step()
        race.compare()


def test_settings_are_read_at_every_step(backend: Backend) -> None:
    race = Race("Adam", dict(lr=0.1), "float64", SHAPES)
    for k in range(10):
        for group in (*race.mine.param_groups, *race.yours.param_groups):
            group["lr"], group["betas"] = 0.1 / (k + 1), (0.9 - k / 20, 0.99)
        race.step()
    race.compare()
    race = Race("SGD", dict(lr=0.1), "float64", SHAPES)
    for k in range(10):  # a momentum that comes and goes
        for group in (*race.mine.param_groups, *race.yours.param_groups):
            group["momentum"] = 0.9 if k % 4 else 0.0
        race.step()
    race.compare()


def test_groups_have_settings_of_their_own(backend: Backend) -> None:
    def train(lib: Any) -> list[Any]:
        a, b, c = [lib.tensor([1.0, 2.0, 3.0], requires_grad=True) for _ in range(3)]
        optimizer = lib.optim.SGD([{"params": [a]}, {"params": b, "lr": 0.5, "momentum": 0.9}], lr=0.1)
        for k in range(4):
            optimizer.zero_grad()
            ((a * a).sum() + (b * b).sum() + (c * c * c).sum()).backward()
            optimizer.step()
            if k == 1:
                optimizer.add_param_group({"params": c, "lr": 0.01})
        assert [g["lr"] for g in optimizer.param_groups] == [0.1, 0.5, 0.01]
        return [a, b, c]

    for ours, theirs in zip(train(cr), train(torch), strict=True):
        np.testing.assert_allclose(host(ours), theirs.detach().numpy(), rtol=1e-6)


def test_a_module_trains_like_pytorchs(backend: Backend) -> None:
    theirs = torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3)).double()
    ours = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 3)).double()
    ours.load_state_dict({k: cr.tensor(v.numpy()) for k, v in theirs.state_dict().items()})
    x, y = np.random.default_rng(0).standard_normal((20, 5)), np.arange(20) % 3
    mine, yours = optim.Adam(ours.parameters(), lr=0.05), torch.optim.Adam(theirs.parameters(), lr=0.05)
    for _ in range(50):
        for lib, net, optimizer in ((cr, ours, mine), (torch, theirs, yours)):
            place = {"device": cr.zeros(()).device} if lib is cr else {}
            optimizer.zero_grad()
            loss = lib.nn.functional.cross_entropy(net(lib.tensor(x, **place)), lib.tensor(y, **place))
            loss.backward()
            optimizer.step()
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(host(p), q.detach().numpy(), rtol=1e-9, atol=1e-11)


def test_a_step_waits_for_no_device() -> None:
    with cr.use_backend("standin"):
        parameters = [cr.randn(20, 30).requires_grad_(), cr.randn(7).requires_grad_()]
        for name in ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adamax"):
            optimizer = getattr(optim, name)(parameters)
            for p in parameters:
                p.grad = cr.ones(*p.shape)
            with count_syncs() as log:
                optimizer.step()
                optimizer.step()
            assert log.total == 0, f"{name}: {log}"


# Resuming


@every_configuration
def test_resuming_gives_the_same_bits(
    name: str, settings: dict[str, Any], backend: Backend, tmp_path: Any
) -> None:
    race = Race(name, settings, "float32", SHAPES)
    for _ in range(5):
        race.step(skip=(1,))
    cr.save({"model": dict(enumerate(race.ours)), "optimizer": race.mine.state_dict()}, tmp_path / "checkpoint")
    for _ in range(5):
        race.step()
    straight = [host(p).copy() for p in race.ours]

    again = Race(name, {}, "float32", SHAPES)
    saved = cr.load(tmp_path / "checkpoint")
    with cr.no_grad():
        for k, p in enumerate(again.ours):
            p.copy_(saved["model"][k])
    again.mine.load_state_dict(saved["optimizer"])
    for _ in range(5):
        again.step()  # the draws of the first five
    again_stream = np.random.default_rng(3)
    assert again_stream is not None
    resumed = Race(name, {}, "float32", SHAPES)
    with cr.no_grad():
        for k, p in enumerate(resumed.ours):
            p.copy_(saved["model"][k])
    resumed.mine.load_state_dict(saved["optimizer"])
    assert straight is not None

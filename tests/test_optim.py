"""Optimizers: PyTorch's updates, states and settings, on every layout of parameters; what is refused; resuming."""

from __future__ import annotations

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


def enough(steps: int, backend: Backend) -> int:
    """As many steps; a few on the strict stand-in, whose arithmetic is the same and slow."""
    return steps if backend.name != "standin" else min(steps, 8)


def host(tensor: Any) -> np.ndarray:
    return tensor.backend.to_host(tensor.array)


class Race:
    """The same parameters and gradients given to an optimizer here and to PyTorch's."""

    def __init__(self, name: str, settings: dict[str, Any], dtype: str, shapes: list[tuple[int, ...]]) -> None:
        self.dtype, self.count = dtype, 0
        start = [np.asarray(np.random.default_rng(3).standard_normal(shape)).astype(dtype) for shape in shapes]
        self.ours = [cr.tensor(a, requires_grad=True, device=cr.zeros(()).device) for a in start]
        self.theirs = [torch.tensor(a, requires_grad=True) for a in start]
        self.mine = getattr(optim, name)(self.ours, **settings)
        self.yours = getattr(torch.optim, name)(self.theirs, **settings)
        self.way = [np.abs(a.astype("float64")) for a in start]

    def step(self, skip: tuple[int, ...] = ()) -> None:
        self.count += 1
        stream = np.random.default_rng(self.count)
        for k, (a, b) in enumerate(zip(self.ours, self.theirs, strict=True)):
            g = np.asarray(stream.standard_normal(a.shape) * stream.choice([1e-3, 0.1, 1.0])).astype(self.dtype)
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
    for _ in range(enough(50, backend)):
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
    monkeypatch.setattr(layout, "PIECE", 8 * 5 * 64)
    monkeypatch.setattr(layout, "SMALL", 16)
    shapes = [(3, 4), (70,), (16,), (13, 17), (16,), (17,), (), (16,), (16,), (2, 0), (64,)]
    race = Race(name, settings, "float64", shapes)
    for k in range(4):
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

    monkeypatch.setattr(layout, "PIECE", 4 * 5 * 1000)
    alone = train()
    monkeypatch.setattr(layout, "THREADED", 1)
    monkeypatch.setattr(layout, "thread_count", lambda: 3)
    for a, b in zip(alone, train(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_device_gets_no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "THREADED", 1)
    monkeypatch.setattr(layout, "thread_count", lambda: 3)
    with cr.use_backend("standin"):
        race = Race("Adam", {}, "float32", [(300, 70), (5,)])
        race.step()
        race.compare()
        assert race.mine._layouts[0].threads == 1
        assert [len(slot.pieces) for slot in race.mine._layouts[0].slots] == [1, 1]


def test_an_error_in_a_thread_is_raised() -> None:
    from chainrule.backends.parallel import run_all

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
    for _ in range(enough(50, backend)):
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
def test_resuming_gives_the_same_bits(name: str, settings: dict[str, Any], backend: Backend, tmp_path: Any) -> None:
    race = Race(name, settings, "float32", SHAPES)
    for _ in range(5):
        race.step(skip=(1,))
    cr.save({"model": dict(enumerate(race.ours)), "optimizer": race.mine.state_dict()}, tmp_path / "checkpoint")
    for _ in range(5):
        race.step()

    resumed = Race(name, {"lr": 7.0}, "float32", SHAPES)
    saved = cr.load(tmp_path / "checkpoint")
    for k, p in enumerate(resumed.ours):
        p.data = saved["model"][k]
    resumed.mine.load_state_dict(saved["optimizer"])
    resumed.count = 5
    for _ in range(5):
        resumed.step()
    for a, b in zip(race.ours, resumed.ours, strict=True):
        np.testing.assert_array_equal(host(a), host(b))
    one, two = race.mine.state_dict()["state"], resumed.mine.state_dict()["state"]
    assert one.keys() == two.keys()
    for k, held in one.items():
        for key, value in held.items():
            np.testing.assert_array_equal(host(value), host(two[k][key]))
    for one, two in zip(race.mine.param_groups, resumed.mine.param_groups, strict=True):
        assert {k: v for k, v in one.items() if k != "params"} == {k: v for k, v in two.items() if k != "params"}


def test_pytorchs_state_dict_is_taken(backend: Backend) -> None:
    race = Race("Adam", dict(lr=0.1, amsgrad=True), "float64", SHAPES)
    for _ in range(4):
        race.step()

    def converted(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return cr.tensor(value.detach().numpy())
        if isinstance(value, dict):
            return {k: converted(v) for k, v in value.items()}
        return [converted(v) for v in value] if isinstance(value, list) else value

    again = Race("Adam", dict(lr=0.1), "float64", SHAPES)
    again.yours.load_state_dict(race.yours.state_dict())
    again.mine.load_state_dict(converted(race.yours.state_dict()))
    for _ in range(4):
        again.step()
    again.compare()
    again.compare_states()


def test_loading_copies_and_casts(backend: Backend) -> None:
    race = Race("Adam", {}, "float64", [(3,)])
    race.step()
    single = Race("Adam", {}, "float32", [(3,)])
    state = race.mine.state_dict()
    single.mine.load_state_dict(state)
    held = single.mine.state[single.ours[0]]
    assert held["exp_avg"].dtype == cr.float32
    kept = host(state["state"][0]["exp_avg"]).copy()
    single.step()
    np.testing.assert_array_equal(host(state["state"][0]["exp_avg"]), kept)


def test_a_state_dict_that_does_not_fit_changes_nothing(backend: Backend) -> None:
    a, b = cr.ones(3, requires_grad=True), cr.ones(2, requires_grad=True)
    optimizer = optim.Adam([a, b], lr=0.5)
    (a.sum() + b.sum()).backward()
    optimizer.step()
    before = optimizer.state_dict()
    kept = host(before["state"][0]["exp_avg"]).copy()
    other = optim.Adam([cr.ones(2, requires_grad=True), cr.ones(2, requires_grad=True)], lr=0.1)
    for p in other.param_groups[0]["params"]:
        p.grad = cr.ones(2)
    other.step()
    with pytest.raises(ValueError, match=r"exp_avg of parameter 0 has shape \(2,\), the parameter \(3,\)"):
        optimizer.load_state_dict(other.state_dict())
    with pytest.raises(ValueError, match=r"groups of \[2\] parameters, the state dict groups of \[1\]"):
        optimizer.load_state_dict(optim.Adam([cr.ones(3, requires_grad=True)]).state_dict())
    with pytest.raises(KeyError, match="param_groups"):
        optimizer.load_state_dict({"state": {}})
    strange = {**before, "state": {**before["state"], 7: {}}}
    with pytest.raises(ValueError, match="parameter 7, which is in no group"):
        optimizer.load_state_dict(strange)
    spoiled = {**before, "param_groups": [{**before["param_groups"][0], "lr": -1.0}]}
    with pytest.raises(ValueError, match="lr is out of its range, got -1"):
        optimizer.load_state_dict(spoiled)
    assert optimizer.param_groups[0]["lr"] == 0.5
    np.testing.assert_array_equal(host(optimizer.state[a]["exp_avg"]), kept)


def test_a_state_that_is_exchanged_is_used(backend: Backend) -> None:
    p = cr.ones(3, requires_grad=True)
    optimizer = optim.SGD(p, lr=1.0, momentum=0.5)
    p.grad = cr.ones(3)
    optimizer.step()
    optimizer.state[p]["momentum_buffer"] = cr.full((3,), 10.0)
    optimizer.step()
    np.testing.assert_allclose(host(p), 1 - 1 - (10 * 0.5 + 1))
    np.testing.assert_allclose(host(optimizer.state[p]["momentum_buffer"]), 6)


def test_data_that_is_exchanged_is_used(backend: Backend) -> None:
    p = cr.ones(3, requires_grad=True)
    optimizer = optim.SGD(p, lr=1.0, momentum=0.5)
    p.grad = cr.ones(3)
    optimizer.step()
    p.data = cr.zeros(3)
    optimizer.step()
    np.testing.assert_allclose(host(p), -1.5)
    assert len(optimizer.state) == 1


# What a step leaves alone, and what it notes


def test_gradients_are_not_changed(backend: Backend) -> None:
    for name, settings in CONFIGURATIONS:
        p = cr.ones(40, 50, requires_grad=True)
        q = cr.ones(3, requires_grad=True)
        optimizer = getattr(optim, name)([p, q], **settings)
        p.grad, q.grad = cr.full((40, 50), 0.5), cr.full((3,), 0.25)
        optimizer.step()
        optimizer.step()
        assert (host(p.grad) == 0.5).all() and (host(q.grad) == 0.25).all(), name


def test_a_graph_made_before_the_step_is_stale(backend: Backend) -> None:
    p = cr.tensor([1.0, 2.0], requires_grad=True)
    optimizer = optim.SGD(p, lr=0.1)
    stale = (p * p).sum()
    p.grad = cr.ones(2)
    optimizer.step()
    with pytest.raises(RuntimeError, match=r"changed in place by SGD\.step"):
        stale.backward()
    (p * p).sum().backward()


def test_a_failed_step_changes_nothing(backend: Backend) -> None:
    a, b = cr.ones(3, requires_grad=True), cr.ones(2, requires_grad=True)
    optimizer = optim.Adam([{"params": [a]}, {"params": [b]}], lr=0.5)
    (a.sum() + b.sum()).backward()
    optimizer.step()
    state = {p: {k: host(v).copy() for k, v in held.items()} for p, held in optimizer.state.items()}
    values = [host(p).copy() for p in (a, b)]
    b.data = b.data.double()  # its gradient is a float32 one still
    with pytest.raises(RuntimeError, match=r"Adam: parameter 0 is float64 \(2,\).*gradient float32 \(2,\)"):
        optimizer.step()
    with pytest.raises(ZeroDivisionError):
        optimizer.step(lambda: 1 // 0)
    for p, value in zip((a, b), values, strict=True):
        np.testing.assert_array_equal(host(p), value)
        for name, kept in state[p].items():
            np.testing.assert_array_equal(host(optimizer.state[p][name]), kept)


def test_memory_that_cannot_be_written_is_refused_first() -> None:
    array = np.ones(3)
    array.flags.writeable = False
    a, b = cr.ones(2, dtype=cr.float64, requires_grad=True), cr.from_numpy(array).requires_grad_()
    optimizer = optim.SGD([{"params": [a]}, {"params": [b]}], lr=0.5)
    (a.sum() + b.sum()).backward()
    with pytest.raises(RuntimeError, match=r"parameter 0, of shape \(3,\), is in memory that cannot be written"):
        optimizer.step()
    assert (a.detach().numpy() == 1).all()


def test_gradients_that_are_not_finite_end_no_step_half_way(backend: Backend) -> None:
    for name in ("SGD", "Adam", "RMSprop", "Adagrad", "Adamax"):
        a, b = cr.ones(3, requires_grad=True), cr.ones(2, requires_grad=True)
        optimizer = getattr(optim, name)([a, b], lr=0.5)
        a.grad, b.grad = cr.tensor([math.inf, math.nan, 1e38]), cr.ones(2)
        optimizer.step()
        optimizer.step()
        assert np.isnan(host(a)[1])
        assert (host(b) < 0.9).all()


def test_a_closure_runs_with_gradients_on(backend: Backend) -> None:
    p = cr.tensor([3.0], requires_grad=True)
    optimizer = optim.SGD([p], lr=0.1)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with cr.no_grad():
        losses = [optimizer.step(closure).item() for _ in range(3)]
    np.testing.assert_allclose(losses, [9.0, 5.76, 3.6864], rtol=1e-6)
    assert optimizer.step() is None


def test_zero_grad(backend: Backend) -> None:
    p, q = cr.ones(2, requires_grad=True), cr.ones(2, requires_grad=True)
    optimizer = optim.SGD([p, q])
    (p * p).sum().backward(create_graph=True)
    held = p.grad
    optimizer.zero_grad(set_to_none=False)
    assert (host(p.grad) == 0).all() and not p.grad.requires_grad and q.grad is None
    assert p.grad.array is held.array
    optimizer.zero_grad()
    assert p.grad is None


# What is taken and what is refused


def test_parameters_are_taken_as_pytorch_takes_them(backend: Backend) -> None:
    p, q = cr.ones(2, requires_grad=True), cr.ones(3, requires_grad=True)
    assert optim.SGD(p).param_groups[0]["params"] == [p]
    assert len(optim.SGD(x for x in (p, q)).param_groups[0]["params"]) == 2
    named = optim.SGD({"a": p, "b": q}.items()).param_groups[0]
    assert named["param_names"] == ["a", "b"] and named["params"][1] is q
    net = nn.Linear(2, 3)
    assert len(optim.Adam(net.named_parameters()).param_groups[0]["params"]) == 2
    assert repr(optim.Adam(p)).startswith("Adam (\nParameter Group 0\n    amsgrad: False\n    betas: (0.9, 0.999)\n")


def test_what_is_no_parameter_is_refused() -> None:
    p = cr.ones(2, requires_grad=True)
    for wrong, kind, message in [
        ([], ValueError, "no parameters"),
        ([p, p], ValueError, r"parameter 1, of shape \(2,\), is there twice"),
        ([{"params": [p]}, {"params": [p]}], ValueError, "is there twice"),
        ([p * 2], ValueError, "was computed by <MulBackward>"),
        ([3.0], TypeError, "got float as parameter 0"),
        ([{"params": {p}}], TypeError, "a set has none"),
    ]:
        with pytest.raises(kind, match=message):
            optim.SGD(wrong)
    optimizer = optim.SGD([p])
    with pytest.raises(TypeError, match="is a dict, got list"):
        optimizer.add_param_group([p])
    with pytest.raises(ValueError, match="twice"):
        optimizer.add_param_group({"params": [p]})
    assert len(optimizer.param_groups) == 1


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("SGD", dict(lr=-1.0)),
        ("SGD", dict(momentum=-0.5)),
        ("SGD", dict(weight_decay=-1)),
        ("SGD", dict(nesterov=True)),
        ("SGD", dict(nesterov=True, momentum=0.9, dampening=0.1)),
        ("Adam", dict(lr=-1.0)),
        ("Adam", dict(eps=-1.0)),
        ("Adam", dict(betas=(1.0, 0.9))),
        ("Adam", dict(betas=(0.9, -0.1))),
        ("AdamW", dict(weight_decay=-1.0)),
        ("RMSprop", dict(alpha=-1.0)),
        ("RMSprop", dict(momentum=-1.0)),
        ("Adagrad", dict(lr_decay=-1.0)),
        ("Adagrad", dict(initial_accumulator_value=-1.0)),
        ("Adamax", dict(betas=(0.9, 1.0))),
        ("Adamax", dict(eps=-1.0)),
    ],
)
def test_settings_out_of_range_are_refused(name: str, settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=name):
        getattr(optim, name)([cr.ones(2, requires_grad=True)], **settings)
    with pytest.raises(ValueError):
        getattr(torch.optim, name)([torch.ones(2, requires_grad=True)], **settings)


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adamax"])
def test_defaults_are_pytorchs(name: str) -> None:
    ours = getattr(optim, name)([cr.ones(1, requires_grad=True)]).defaults
    theirs = getattr(torch.optim, name)([torch.ones(1, requires_grad=True)]).defaults
    apart = {"foreach", "capturable", "differentiable", "fused"}
    assert ours == {k: v for k, v in theirs.items() if k not in apart}


# Schedules


SCHEDULES: list[tuple[str, dict[str, Any]]] = [
    ("StepLR", dict(step_size=3, gamma=0.5)),
    ("ExponentialLR", dict(gamma=0.9)),
    ("CosineAnnealingLR", dict(T_max=7)),
    ("CosineAnnealingLR", dict(T_max=4, eta_min=0.01)),
    ("LambdaLR", dict(lr_lambda=lambda epoch: 1 / (epoch + 1))),
    ("LambdaLR", dict(lr_lambda=[lambda epoch: 0.5**epoch, lambda epoch: epoch])),
]


@pytest.mark.parametrize(("name", "settings"), SCHEDULES, ids=[f"{n}-{k}" for k, (n, _) in enumerate(SCHEDULES)])
def test_schedules_are_pytorchs(name: str, settings: dict[str, Any]) -> None:
    def rates(lib: Any) -> Iterator[list[float]]:
        groups = [{"params": lib.ones(1, requires_grad=True)}, {"params": lib.ones(1, requires_grad=True), "lr": 0.3}]
        optimizer = lib.optim.SGD(groups, lr=0.1)
        schedule = getattr(lib.optim.lr_scheduler, name)(optimizer, **settings)
        for _ in range(20):
            yield [g["lr"] for g in optimizer.param_groups] + schedule.get_last_lr()
            optimizer.step()
            schedule.step()

    np.testing.assert_allclose(list(rates(cr)), list(rates(torch)), rtol=1e-12, atol=1e-15)


def test_a_schedule_resumes() -> None:
    def made() -> tuple[Any, Any]:
        optimizer = optim.SGD(cr.ones(1, requires_grad=True), lr=0.1)
        return optimizer, optim.lr_scheduler.CosineAnnealingLR(optimizer, 9)

    optimizer, schedule = made()
    for _ in range(4):
        schedule.step()
    saved = optimizer.state_dict(), schedule.state_dict()
    later, resumed = made()
    later.load_state_dict(saved[0])
    resumed.load_state_dict(saved[1])
    for _ in range(8):
        schedule.step()
        resumed.step()
        assert optimizer.param_groups[0]["lr"] == later.param_groups[0]["lr"]
    with pytest.raises(KeyError, match="initial_lr"):
        optim.lr_scheduler.StepLR(optim.SGD(cr.ones(1, requires_grad=True)), 3, last_epoch=5)
    with pytest.raises(ValueError, match="1 groups need as many functions, got 2"):
        optim.lr_scheduler.LambdaLR(optimizer, [abs, abs])


# Clipping


@pytest.mark.parametrize("norm_type", [2.0, 1.0, 3.0, math.inf])
@pytest.mark.parametrize("max_norm", [0.5, 1e6])
def test_clipping_by_norm_is_pytorchs(norm_type: float, max_norm: float, backend: Backend) -> None:
    stream = np.random.default_rng(0)
    gradients = [stream.standard_normal(shape) for shape in ((3, 4), (5,), ())]

    def clipped(lib: Any, **place: Any) -> list[Any]:
        parameters = [lib.zeros(g.shape, dtype=lib.float64, requires_grad=True, **place) for g in gradients]
        for p, g in zip(parameters, gradients, strict=True):
            p.grad = lib.tensor(np.asarray(g), **place)
        parameters.append(lib.zeros(3, requires_grad=True, **place))
        total = lib.nn.utils.clip_grad_norm_(parameters, max_norm, norm_type)
        return [total, *(p.grad for p in parameters[:-1])]

    for ours, theirs in zip(clipped(cr, device=cr.zeros(()).device), clipped(torch), strict=True):
        assert ours.shape == tuple(theirs.shape)
        np.testing.assert_allclose(host(ours), theirs.numpy(), rtol=1e-12)


def test_clipping_by_value_and_its_errors(backend: Backend) -> None:
    p = cr.zeros(3, requires_grad=True)
    p.grad = cr.tensor([-5.0, 0.25, math.inf])
    with pytest.raises(RuntimeError, match="total norm of order 2.0 is inf"):
        nn.utils.clip_grad_norm_(p, 1.0, error_if_nonfinite=True)
    np.testing.assert_array_equal(host(p.grad), [-5.0, 0.25, math.inf])
    nn.utils.clip_grad_value_([p], 0.5)
    np.testing.assert_array_equal(host(p.grad), [-0.5, 0.25, 0.5])
    assert nn.utils.clip_grad_norm_([cr.zeros(1, requires_grad=True)], 1.0).item() == 0


def test_clipping_waits_for_no_device() -> None:
    with cr.use_backend("standin"):
        p = cr.zeros(3, requires_grad=True)
        p.grad = cr.ones(3)
        with count_syncs() as log:
            nn.utils.clip_grad_norm_([p], 1.0)
            nn.utils.clip_grad_value_([p], 0.1)
        assert log.total == 0, log

"""What must hold for hours: no object outlives its use, an interrupt leaves everything usable, the same bits twice."""

from __future__ import annotations

import gc
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from judge import leaf

import chainrule as cr
from chainrule.autograd.modes import current
from chainrule.autograd.node import Node
from chainrule.backends import Backend

# Counted live objects


@pytest.fixture
def collector_off() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def _live() -> dict[str, int]:
    """Nodes, tensors, arrays that Python's collector knows, and all objects."""
    things = gc.get_objects()
    kinds = [type(t) for t in things]
    return {"nodes": sum(k is Node for k in kinds), "tensors": sum(issubclass(k, cr.Tensor) for k in kinds),
            "objects": len(things), "blocks": sys.getallocatedblocks()}  # fmt: skip


def _training() -> Callable[[], None]:
    """A step with views, in-place changes, module hooks, `create_graph`, and a running total."""
    model = cr.nn.Sequential(cr.nn.Linear(3, 4), cr.nn.Tanh(), cr.nn.Linear(4, 1))
    model[0].register_full_backward_hook(lambda module, grad_in, grad_out: None)
    model.register_full_backward_pre_hook(lambda module, grad_out: None)
    optimizer = cr.optim.Adam(model.parameters(), lr=1e-3)
    x, total = cr.randn(5, 3), cr.zeros(())

    def step() -> None:
        nonlocal total
        optimizer.zero_grad()
        hidden = model(x) * 1
        hidden[0].mul_(0.5)
        hidden.register_hook(lambda g: g * 1)
        loss = hidden.square().mean()
        (g,) = cr.autograd.grad(loss, model[0].weight, create_graph=True)
        (loss + g.square().sum() * 0.1).backward()
        optimizer.step()
        total += loss.detach()

    return step


def _stays_flat(steps: int) -> None:
    step = _training()
    for _ in range(1000):  # until Python's own caches of small objects are full
        step()
    before = _live()
    for _ in range(steps):
        step()
    after = _live()
    assert after["nodes"] == before["nodes"] and after["tensors"] == before["tensors"]
    assert after["objects"] - before["objects"] <= 20 and after["blocks"] - before["blocks"] <= 500


def test_live_objects_stay_flat(backend: Backend, collector_off: None) -> None:
    _stays_flat(1000)


@pytest.mark.long
def test_live_objects_stay_flat_for_long(backend: Backend, collector_off: None) -> None:
    _stays_flat(10_000)


# Interrupts


def _usable(backend: Backend) -> None:
    """The engine works in this thread and in another, and no mode or lock is left behind."""
    assert current().grad and not current().inference

    def work(found: list[Any]) -> None:
        x = leaf(cr, [2.0])
        x.backward(leaf(cr, [1.0], False))
        x.square().sum().backward()
        found.append(x.grad.item())

    for run in (lambda f: work(f), lambda f: _in_a_thread(lambda: work(f))):
        found: list[Any] = []
        with cr.use_backend(backend.name):
            run(found)
        assert found == [5.0]


def _in_a_thread(work: Callable[[], None]) -> None:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(timeout=20)
    assert not thread.is_alive(), "a lock was left locked"


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("place", ["tensor hook", "leaf hook", "node hook", "vjp", "function"])
def test_an_interrupt_from_inside(place: str, create_graph: bool, backend: Backend) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    class Stopping(cr.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 1

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            stop()

    halting = cr.autograd.op("halting", lambda xp, x: x * 1, vjp=lambda g: stop())
    a, b = leaf(cr, [1.0, 2.0]), leaf(cr, [3.0, 4.0])
    (a * b).sum().backward()
    before = a.grad.tolist(), b.grad.tolist()
    y = a * 2
    y.retain_grad()
    z = (y * b).sum() + b.sum()
    if place == "tensor hook":
        y.register_hook(stop)
    elif place == "leaf hook":
        a.register_hook(stop)
    elif place == "node hook":
        y.grad_fn.register_hook(stop)
    elif place == "vjp":
        z = z + halting(a).sum()
    else:
        z = z + Stopping.apply(a).sum()
    with pytest.raises(KeyboardInterrupt):
        z.backward(create_graph=create_graph)
    assert (a.grad.tolist(), b.grad.tolist()) == before and y.grad is None
    _usable(backend)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # an interrupt within a destructor
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers that send signals")
@pytest.mark.parametrize("create_graph", [False, True])
def test_interrupts_at_any_time(create_graph: bool) -> None:
    """Either every gradient has been added to, or none."""
    leaves = [leaf(cr, [1.0] * 3) for _ in range(12)]
    for t in leaves:
        t.grad = cr.zeros(3, dtype=cr.float64)
    interrupted = 0
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        until = time.monotonic() + 3
        while time.monotonic() < until:
            total = sum((t * 1.0).sum() for t in leaves)
            for t in leaves:
                t.grad = t.grad.detach()
            counts = {t.grad.tolist()[0] for t in leaves}
            assert len(counts) == 1, f"after an interrupt some gradients were added to: {sorted(counts)}"
            try:
                signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, 5e-4))
                total.backward(create_graph=create_graph)
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                interrupted += 1
            signal.setitimer(signal.ITIMER_REAL, 0)
            assert current().grad
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, before)
    assert interrupted > 20
    _in_a_thread(lambda: leaf(cr, 1.0).backward())


# The same bits twice


@pytest.fixture
def deterministic() -> Iterator[None]:
    cr.use_deterministic_algorithms(True)
    yield
    cr.use_deterministic_algorithms(False)


def _with_repeated_indices(backend: Backend) -> list[bytes]:
    stream = np.random.default_rng(0)
    found = []
    for dtype in (cr.float32, cr.float64, cr.float16, cr.complex64):
        index = cr.tensor(backend.asarray(stream.integers(0, 7, 500)))
        source = cr.tensor(backend.asarray(stream.normal(size=(500, 3)))).to(dtype)
        w = cr.tensor(backend.asarray(stream.normal(size=(7, 3)))).to(dtype).requires_grad_()
        w[index].mul(source).sum().abs().backward()
        held = cr.zeros(7, 3, dtype=dtype)
        held[index] = source
        wide = index[:, None].expand(500, 3)
        results = [w.grad, held, held.index_add(0, index, source), held.scatter(0, wide, source),
                   held.scatter_add(0, wide, source), held.index_put((index,), source, accumulate=True)]  # fmt: skip
        if dtype == cr.float32:
            table = w.detach().clone().requires_grad_()
            cr.nn.functional.embedding(index, table).mul(source).sum().backward()
            results.append(table.grad)
        found += [backend.to_host(t.detach().array).tobytes() for t in results]
    return found


def test_the_same_bits_twice(backend: Backend, deterministic: None) -> None:
    assert len({tuple(_with_repeated_indices(backend)) for _ in range(5)}) == 1


def test_the_standin_device_adds_and_assigns_in_any_order() -> None:
    """So that the test above can fail."""
    with cr.use_backend("standin") as backend:
        runs = [_with_repeated_indices(backend) for _ in range(5)]
    for k in range(7):
        assert len({run[k] for run in runs}) > 1


def test_the_values_are_those_of_the_host(backend: Backend, deterministic: None) -> None:
    with cr.use_backend("numpy") as host:
        expected = _with_repeated_indices(host)
    found = _with_repeated_indices(backend)
    for k, dtype in ((1, np.float32), (8, np.float64), (14, np.float16)):  # assigned: the last value stays
        np.testing.assert_array_equal(np.frombuffer(found[k], dtype), np.frombuffer(expected[k], dtype))
    np.testing.assert_allclose(np.frombuffer(found[9], np.float64), np.frombuffer(expected[9], np.float64), rtol=1e-12)


def test_what_has_no_deterministic_form() -> None:
    with cr.use_backend("standin") as backend:
        x, weights = cr.tensor(backend.asarray([0, 1, 1])), cr.tensor(backend.asarray([0.5, 1.0, 2.0]))
        try:
            cr.use_deterministic_algorithms(True)
            assert cr.are_deterministic_algorithms_enabled()
            with pytest.raises(RuntimeError, match=r"bincount.*no deterministic form.*scatter_add.*warn_only"):
                cr.bincount(x, weights)
            cr.use_deterministic_algorithms(True, warn_only=True)
            assert cr.is_deterministic_algorithms_warn_only_enabled()
            with pytest.warns(UserWarning, match="bincount"):
                assert cr.bincount(x, weights).tolist() == [0.5, 3.0]
        finally:
            cr.use_deterministic_algorithms(False)
        assert not cr.are_deterministic_algorithms_enabled()
        assert cr.bincount(x, weights).tolist() == [0.5, 3.0]
    with pytest.raises(TypeError, match="mode"):
        cr.use_deterministic_algorithms("yes")  # type: ignore[arg-type]

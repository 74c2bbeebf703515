"""`copy.deepcopy`, the pickle protocol, and processes that pass tensors and modules to each other."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from typing import Any

import numpy as np
import pytest
from another_process import train
from judge import agree, leaf, raised

import chainrule as cr
from chainrule.backends import Backend


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_values_place_and_attributes_come_back(protocol: int, backend: Backend) -> None:
    for dtype in (cr.float64, cr.float16, cr.int32, cr.bool, cr.complex64):
        t = cr.tensor([[1, 0, 2], [3, 4, 5]]).to(dtype).transpose(0, 1)
        found = pickle.loads(pickle.dumps(t, protocol))
        assert (found.tolist(), found.dtype, found.device) == (t.tolist(), t.dtype, t.device)
    w = cr.nn.Parameter(cr.tensor(1.5))
    w.name, w.note = "w", [1, 2]
    again = pickle.loads(pickle.dumps(w, protocol))
    assert type(again) is cr.nn.Parameter and again.requires_grad and again.item() == 1.5
    assert again.name == "w" and again.note == [1, 2] and again.note is not w.note


def test_leaves_and_others_as_in_pytorch(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        x = leaf(lib, [1.0, 2.0])
        x.register_hook(lambda g: g * 2)
        y = x * 3
        y.sum().backward()
        pickled, copied = pickle.loads(pickle.dumps(y)), copy.deepcopy(x)
        (copied * 5).sum().backward()
        return (
            pickled, pickled.is_leaf, pickled.requires_grad, pickle.loads(pickle.dumps(x.detach())), x.grad,
            copied.grad, raised(lambda: copy.deepcopy(y)),
        )  # fmt: skip

    agree(program)


def test_a_tensor_that_occurs_twice_stays_one(backend: Backend) -> None:
    w = cr.nn.Parameter(cr.ones(2))
    for a, b in (pickle.loads(pickle.dumps([w, w])), copy.deepcopy([w, w])):
        assert a is b and a is not w


def _model() -> Any:
    return cr.nn.Sequential(cr.nn.Linear(3, 4), cr.nn.Tanh(), cr.nn.Dropout(0.0), cr.nn.Linear(4, 1))


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adamax"])
@pytest.mark.parametrize("how", [lambda x: pickle.loads(pickle.dumps(x)), copy.deepcopy], ids=["pickle", "deepcopy"])
def test_training_goes_on_in_a_copy(name: str, how: Any, backend: Backend) -> None:
    model = _model()
    options = {"momentum": 0.9} if name in ("SGD", "RMSprop") else {}
    optimizer = getattr(cr.optim, name)(model.parameters(), lr=0.05, **options)
    x = cr.randn(5, 3)

    def step(model: Any, optimizer: Any) -> Any:
        optimizer.zero_grad()
        model(x).square().mean().backward()
        optimizer.step()
        return [p.tolist() for p in model.parameters()]

    step(model, optimizer)
    other, its_optimizer = how((model, optimizer))
    for _ in range(3):
        assert step(model, optimizer) == step(other, its_optimizer)
    assert all(p is not q for p, q in zip(model.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize("name", ["numpy", "standin"])
def test_another_process(name: str) -> None:
    with cr.use_backend(name):
        model, x = _model(), cr.randn(2, 3)
        context = multiprocessing.get_context("spawn")
        queue = context.Queue()
        process = context.Process(target=train, args=(queue, model, x))
        process.start()
        state, gradients, loss = queue.get(timeout=120)
        process.join(timeout=60)
        assert process.exitcode == 0
        expected = model(x).sum()
        expected.backward()
        assert loss.item() == expected.item() and loss.device == expected.device
        for key, value in model.state_dict().items():
            assert state[key].tolist() == value.tolist()
        for found, p in zip(gradients, model.parameters(), strict=True):
            np.testing.assert_array_equal(found.tolist(), p.grad.tolist())


def test_functions_are_pickled_by_name() -> None:
    for function in (cr.sum, cr.exp, cr.quantile, cr.linalg.inv, cr.fft.fft, cr.special.logit):
        assert pickle.loads(pickle.dumps(function)) is function

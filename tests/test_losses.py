"""Losses: what is refused, invalid classes, one op for the cross-entropy, and the modules. Values stand in rows/."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

import chainrule as cr
from chainrule import nn
from chainrule.backends import Backend
from chainrule.backends.standin_array import count_syncs
from chainrule.nn import functional as F

ELEMENTWISE = ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy",
               "binary_cross_entropy_with_logits", "kl_div"]  # fmt: skip


def host(tensor: Any) -> np.ndarray:
    return tensor.backend.to_host(tensor.array)


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize(("one", "two"), [((3, 1), (3,)), ((4,), (1,)), ((2, 3), (3, 2)), ((3,), ())])
def test_a_loss_does_not_broadcast(name: str, one: Any, two: Any, backend: Backend) -> None:
    message = rf"{name}: the input has shape {one} and the target {two}; a loss does not broadcast"
    message = message.replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(ValueError, match=message):
        getattr(F, name)(cr.rand(*one, requires_grad=True), cr.rand(*two))


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_a_reduction_is_one_of_three(name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name}: reduction must be one of 'none', 'mean', 'sum'.*got 'avg'"):
        getattr(F, name)(cr.rand(3), cr.rand(3), reduction="avg")
    with pytest.raises(TypeError, match=rf"{name}: the input and the target are tensors, got Tensor and float"):
        getattr(F, name)(cr.rand(3), 0.5)


def test_weights_must_fit() -> None:
    x, t = cr.rand(3, 4), cr.rand(3, 4)
    with pytest.raises(ValueError, match=r"weight of shape \(3,\) does not broadcast to the input's shape \(3, 4\)"):
        F.binary_cross_entropy_with_logits(x, t, cr.rand(3))
    with pytest.raises(ValueError, match=r"weight of shape \(2, 3, 4\) does not broadcast"):
        F.binary_cross_entropy(x, t, pos := cr.rand(2, 3, 4))
    with pytest.raises(ValueError, match="does not broadcast"):
        F.binary_cross_entropy_with_logits(x, t, pos_weight=pos)
    with pytest.raises(ValueError, match=r"mse_loss: the weight has shape \(4,\), the input \(3, 4\)"):
        F.mse_loss(x, t, weight=cr.rand(4))
    for wrong in (dict(beta=-1.0),):
        with pytest.raises(ValueError, match="beta cannot be negative"):
            F.smooth_l1_loss(x, t, **wrong)
    with pytest.raises(ValueError, match="delta must be positive"):
        F.huber_loss(x, t, delta=0.0)


def test_the_old_way_to_say_a_reduction(backend: Backend) -> None:
    x, t = cr.tensor([1.0, 2.0]), cr.tensor([0.0, 0.0])
    for settings, expected in [
        (dict(size_average=False), 5.0),
        (dict(reduce=True), 2.5),
        (dict(size_average=True, reduce=True), 2.5),
        (dict(reduce=False), [1.0, 4.0]),
    ]:
        with pytest.warns(FutureWarning, match="write reduction="):
            np.testing.assert_allclose(host(F.mse_loss(x, t, **settings)), expected)
    with pytest.warns(FutureWarning, match="write reduction='sum'"):
        assert nn.CrossEntropyLoss(size_average=False).reduction == "sum"


# Class scores


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
def test_class_targets_must_fit(name: str, backend: Backend) -> None:
    loss = getattr(F, name)
    with pytest.raises(ValueError, match=rf"{name}: .*\(4, 3\).*must have shape \(4,\), got \(3,\)"):
        loss(cr.rand(4, 3), cr.tensor([0, 1, 2]))
    with pytest.raises(ValueError, match=r"must have shape \(2, 5\), got \(2,\)"):
        loss(cr.rand(2, 3, 5), cr.tensor([0, 1]))
    with pytest.raises(ValueError, match=r"must have shape \(\), got \(1,\)"):
        loss(cr.rand(3), cr.tensor([0]))
    with pytest.raises(ValueError, match="0-d"):
        loss(cr.rand(), cr.tensor(0))
    with pytest.raises(TypeError, match=r"class indices are integers, got float32 of shape \(4,\)"):
        loss(cr.rand(4, 3), cr.rand(4))
    with pytest.raises(TypeError, match="scores must be floating, got int64"):
        loss(cr.ones(4, 3, dtype=cr.int64), cr.tensor([0, 1, 2, 0]))
    with pytest.raises(ValueError, match=r"need class weights of shape \(3,\) there, got shape \(4,\)"):
        loss(cr.rand(4, 3), cr.tensor([0, 1, 2, 0]), weight=cr.rand(4))
    with pytest.raises(ValueError, match="reduction must be one of"):
        loss(cr.rand(4, 3), cr.tensor([0, 1, 2, 0]), reduction="avg")


def test_label_smoothing_is_a_part() -> None:
    with pytest.raises(ValueError, match=r"label_smoothing must be in \[0, 1\], got 1.5"):
        F.cross_entropy(cr.rand(4, 3), cr.tensor([0, 1, 2, 0]), label_smoothing=1.5)


def test_targets_of_another_backend_are_refused() -> None:
    scores = cr.rand(2, 3)
    with cr.use_backend("standin"):
        target = cr.tensor([0, 1])
    with pytest.raises(cr.MixedBackends, match=r"cross_entropy: .*\(numpy\).*\(standin\)"):
        F.cross_entropy(scores, target)


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
@pytest.mark.parametrize("dtype", [cr.int64, cr.int32, cr.int8, cr.uint8], ids=str)
@pytest.mark.parametrize("wrong", [3, 100, -1])
def test_a_class_out_of_range_on_the_host_raises(name: str, dtype: Any, wrong: int) -> None:
    if dtype == cr.uint8 and wrong < 0:
        wrong = 255
    target = cr.tensor(np.array([0, wrong, 2]), dtype=dtype)
    with pytest.raises(IndexError, match=rf"{name}: class {wrong} is out of range for scores of 3 classes"):
        getattr(F, name)(cr.rand(3, 3), target)


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_a_class_out_of_range_on_a_device_is_not_a_number(name: str, smoothing: float) -> None:
    """Looking at the indices would make the host wait, so it is the loss that tells."""
    settings = {"label_smoothing": smoothing} if name == "cross_entropy" else {}
    with cr.use_backend("standin"):
        scores = cr.rand(4, 3, requires_grad=True)
        target = cr.tensor([0, 3, 2, -1])
        with count_syncs() as log:
            losses = getattr(F, name)(scores, target, reduction="none", **settings)
            mean = getattr(F, name)(scores, target, **settings)
            losses.sum().backward()
            getattr(F, name)(scores, cr.tensor([0, -100, 2, 2]), **settings).backward()
        assert log.total == 0, log
        assert np.isnan(host(losses)).tolist() == [False, True, False, True]
        assert math.isnan(mean.item())
        scores.grad = None
        getattr(F, name)(scores, target, reduction="sum", **settings).backward()
        rows = np.isnan(host(scores.grad)).any(axis=1)
        assert rows.tolist() == [False, True, False, True]


def test_ignored_samples_do_not_count(backend: Backend) -> None:
    scores = cr.tensor([[1.0, 2.0], [math.inf, 0.0], [0.5, 0.0]], requires_grad=True)
    with np.errstate(invalid="ignore"):
        loss = F.cross_entropy(scores, cr.tensor([0, -100, 1]), reduction="none")
    np.testing.assert_allclose(host(loss), [math.log(1 + math.e), 0, math.log(1 + math.exp(0.5))], rtol=1e-6)
    assert math.isnan(F.cross_entropy(cr.rand(2, 3), cr.tensor([-100, -100])).item())
    assert F.cross_entropy(cr.rand(2, 3), cr.tensor([-100, -100]), reduction="sum").item() == 0


def test_no_samples(backend: Backend) -> None:
    empty = cr.rand(0, 3, requires_grad=True), cr.zeros(0, dtype=cr.int64)
    loss = F.cross_entropy(*empty)
    assert math.isnan(loss.item())
    assert F.cross_entropy(*empty, reduction="none").shape == (0,)
    F.cross_entropy(*empty, reduction="sum").backward()
    assert empty[0].grad.shape == (0, 3)


def test_cross_entropy_is_one_op(backend: Backend) -> None:
    scores = cr.rand(4, 3, requires_grad=True)
    for target in (cr.tensor([0, 1, 2, 0]), cr.tensor([0, 1, -100, 0])):
        loss = F.cross_entropy(scores, target)
        assert repr(loss.grad_fn) == "<CrossEntropyBackward>"
        assert loss.grad_fn.next_functions[0][0].variable is scores


def test_targets_changed_in_place_are_never_silently_used(backend: Backend) -> None:
    scores, target = cr.rand(3, 3, requires_grad=True), cr.tensor([0, 1, 2])
    F.cross_entropy(scores, target).backward()
    expected, scores.grad = host(scores.grad).copy(), None
    loss = F.cross_entropy(scores, target)
    target[0] = 2
    if backend.name == "numpy":
        with pytest.raises(RuntimeError, match="changed in place by setitem"):
            loss.backward()
    else:  # the op has a copy of its own there
        loss.backward()
        np.testing.assert_array_equal(host(scores.grad), expected)


def test_half_precision_is_computed_in_single(backend: Backend) -> None:
    values = np.linspace(-9, 9, 8 * 50).reshape(8, 50).astype("float16")
    ours = cr.tensor(values, requires_grad=True, device=cr.zeros(()).device)
    theirs = torch.tensor(values.astype("float32"), requires_grad=True)
    target = np.arange(8) * 6
    loss = F.cross_entropy(ours, cr.tensor(target, device=ours.device))
    expected = torch.nn.functional.cross_entropy(theirs, torch.tensor(target))
    assert loss.dtype == cr.float16
    loss.backward()
    expected.backward()
    np.testing.assert_allclose(host(loss), expected.item(), rtol=1e-3)
    np.testing.assert_allclose(host(ours.grad), theirs.grad.numpy(), rtol=2e-3, atol=1e-6)


def test_a_perfect_and_a_hopeless_probability(backend: Backend) -> None:
    p = cr.tensor([0.0, 1.0, 0.0, 1.0], requires_grad=True)
    loss = F.binary_cross_entropy(p, cr.tensor([0.0, 1.0, 1.0, 0.0]), reduction="none")
    np.testing.assert_array_equal(host(loss), [0, 0, 100, 100])
    loss.sum().backward()
    reference = torch.tensor([0.0, 1.0, 0.0, 1.0], requires_grad=True)
    torch.nn.functional.binary_cross_entropy(reference, torch.tensor([0.0, 1.0, 1.0, 0.0]), reduction="sum").backward()
    np.testing.assert_allclose(host(p.grad), reference.grad.numpy(), rtol=1e-6)
    assert np.isnan(host(F.binary_cross_entropy(cr.tensor([math.nan]), cr.tensor([1.0]))))


# Modules


MODULES: list[tuple[str, dict[str, Any], str]] = [
    ("MSELoss", {}, "values"),
    ("MSELoss", dict(reduction="sum"), "values"),
    ("L1Loss", dict(reduction="none"), "values"),
    ("SmoothL1Loss", dict(beta=0.3), "values"),
    ("HuberLoss", dict(delta=0.3), "values"),
    ("KLDivLoss", dict(reduction="batchmean"), "values"),
    ("KLDivLoss", dict(reduction="sum", log_target=True), "values"),
    ("BCELoss", dict(weight=[1.0, 2.0, 3.0]), "values"),
    ("BCEWithLogitsLoss", dict(weight=[1.0, 2.0, 3.0], pos_weight=[0.5, 1.0, 4.0]), "values"),
    ("NLLLoss", dict(weight=[1.0, 2.0, 3.0], ignore_index=1), "classes"),
    ("CrossEntropyLoss", dict(weight=[1.0, 2.0, 3.0], ignore_index=1), "classes"),
    ("CrossEntropyLoss", dict(label_smoothing=0.1, reduction="sum"), "classes"),
]


@pytest.mark.parametrize(("name", "settings", "kind"), MODULES)
def test_modules_are_pytorchs(name: str, settings: dict[str, Any], kind: str, backend: Backend) -> None:
    stream = np.random.default_rng(1)
    scores, values = stream.uniform(0.05, 0.95, (4, 3)), stream.uniform(0.05, 0.95, (4, 3))

    def run(lib: Any, **place: Any) -> tuple[Any, Any, Any]:
        given = dict(settings)
        for key in ("weight", "pos_weight"):
            if key in given:
                given[key] = lib.tensor(given[key], dtype=lib.float64, **place)
        module = getattr(lib.nn, name)(**given)
        x = lib.tensor(scores, requires_grad=True, **place)
        y = lib.tensor(np.array([0, 2, 1, 2]), **place) if kind == "classes" else lib.tensor(values, **place)
        loss = module(x, y)
        loss.sum().backward()
        return module, loss, x.grad

    (mine, loss, grad), (yours, expected, slope) = run(cr, device=cr.zeros(()).device), run(torch)
    np.testing.assert_allclose(host(loss), expected.detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(host(grad), slope.numpy(), rtol=1e-11, atol=1e-14)
    assert list(mine.state_dict()) == list(yours.state_dict())
    assert repr(mine) == repr(yours)


def test_arguments_come_in_pytorchs_order() -> None:
    import inspect

    for name in dict.fromkeys(name for name, _, _ in MODULES):
        ours, theirs = (inspect.signature(getattr(lib.nn, name)).parameters for lib in (cr, torch))
        assert [(p.name, p.default) for p in ours.values()] == [(p.name, p.default) for p in theirs.values()]
    for name in (*ELEMENTWISE, "cross_entropy", "nll_loss"):
        ours, theirs = (inspect.signature(getattr(lib.nn.functional, name)).parameters for lib in (cr, torch))
        assert [(p.name, p.default) for p in ours.values()] == [(p.name, p.default) for p in theirs.values()]

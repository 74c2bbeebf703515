"""Where a derivative does not exist or a formula divides by zero, values and gradients are PyTorch's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import chainrule as cr

INF, NAN = float("inf"), float("nan")

CASES: dict[str, tuple[Callable[..., Any], list[Any]]] = {
    "relu at 0": (lambda m, x: m.relu(x), [[-1.0, 0.0, 1.0]]),
    "abs at 0": (lambda m, x: m.abs(x), [[-1.0, 0.0, 1.0]]),
    "sign at 0": (lambda m, x: m.sign(x), [[-1.0, 0.0, 1.0]]),
    "sqrt at 0": (lambda m, x: m.sqrt(x), [[0.0, 1.0]]),
    "log at 0": (lambda m, x: m.log(x), [[0.0, 1.0, INF]]),
    "log1p at -1": (lambda m, x: m.log1p(x), [[-1.0, 0.0]]),
    "0 ** 0": (lambda m, x, y: x**y, [[0.0, 0.0, 2.0, 0.0], [0.0, 2.0, 0.0, 1.0]]),
    "0 ** number": (lambda m, x: x**3 + x**1 + x**0, [[0.0, 1.0, -2.0]]),
    "number ** x": (lambda m, x: 2.0**x, [[0.0, 1.0, -2.0]]),
    "a negative base": (lambda m, x: x**3, [[-2.0, -0.5]]),
    "maximum of ties": (lambda m, x, y: m.maximum(x, y), [[1.0, 2.0, 3.0], [1.0, 3.0, 2.0]]),
    "minimum of ties": (lambda m, x, y: m.minimum(x, y), [[1.0, 2.0, 3.0], [1.0, 3.0, 2.0]]),
    "fmax with NaN": (lambda m, x, y: m.fmax(x, y), [[NAN, 2.0, 3.0], [1.0, NAN, 3.0]]),
    "fmin with NaN": (lambda m, x, y: m.fmin(x, y), [[NAN, 2.0, 3.0], [1.0, NAN, 3.0]]),
    "max of ties": (lambda m, x: x.max(), [[2.0, 2.0, 1.0]]),
    "min of ties": (lambda m, x: x.min(), [[1.0, 2.0, 1.0]]),
    "max of ties, by dimension": (lambda m, x: m.max(x, 1)[0], [[[2.0, 2.0, 1.0], [0.0, 3.0, 3.0]]]),
    "amax of ties": (lambda m, x: m.amax(x, 1), [[[2.0, 2.0, 1.0], [0.0, 3.0, 3.0]]]),
    "amin of ties": (lambda m, x: m.amin(x, 0), [[[2.0, 2.0, 1.0], [2.0, 3.0, 1.0]]]),
    "clamp at its bounds": (lambda m, x: m.clamp(x, -1.0, 1.0), [[-2.0, -1.0, 0.0, 1.0, 2.0]]),
    "hardtanh at its bounds": (lambda m, x: m.nn.functional.hardtanh(x), [[-2.0, -1.0, 0.0, 1.0, 2.0]]),
    "clamp between tensors": (
        lambda m, x, y, z: m.clamp(x, y, z),
        [[-2.0, 0.0, 3.0], [0.0, 1.0, 2.0], [0.0, 1.0, 1.0]],
    ),
    "lerp to the other end": (lambda m, x, y, z: m.lerp(x, y, z), [[1e20, 1.0], [1.0, INF], [1.0, 0.2]]),
    "a rounded quotient of infinity": (lambda m, x, y: m.div(x, y, rounding_mode="trunc"), [[INF, 3.0], [2.0, 0.0]]),
    "leaky relu at 0": (lambda m, x: m.nn.functional.leaky_relu(x), [[-1.0, 0.0, 1.0]]),
    "elu at 0": (lambda m, x: m.nn.functional.elu(x), [[-1.0, 0.0, 1.0]]),
    "softplus past its threshold": (lambda m, x: m.nn.functional.softplus(x), [[-900.0, 0.0, 19.9, 20.1, 900.0]]),
    "sigmoid far out": (lambda m, x: m.sigmoid(x), [[-900.0, -40.0, 0.0, 40.0, 900.0]]),
    "softmax of large scores": (lambda m, x: m.softmax(x, 0), [[1000.0, 999.0, -1000.0]]),
    "softmax of -inf": (lambda m, x: m.softmax(x, 0), [[-INF, 1.0, 2.0]]),
    "log_softmax of large scores": (lambda m, x: m.log_softmax(x, 0), [[1000.0, 999.0, -1000.0]]),
    "logsumexp of -inf": (lambda m, x: m.logsumexp(x, 0), [[-INF, 1.0]]),
    "norm at 0": (lambda m, x: m.norm(x), [[0.0, 0.0]]),
    "1-norm with a 0": (lambda m, x: m.norm(x, p=1), [[0.0, -2.0]]),
    "inf-norm of ties": (lambda m, x: m.norm(x, p=INF), [[2.0, -2.0, 1.0]]),
    "prod with one 0": (lambda m, x: m.prod(x), [[0.0, 2.0, 3.0]]),
    "prod with two 0s": (lambda m, x: m.prod(x), [[0.0, 0.0, 3.0]]),
    "var of one number": (lambda m, x: m.var(x, correction=0), [[3.0]]),
    "std of equal numbers": (lambda m, x: m.std(x), [[3.0, 3.0]]),
    "atan2 on the axes": (lambda m, x, y: m.atan2(x, y), [[0.0, 1.0, -1.0], [1.0, 0.0, 0.0]]),
    "where around a NaN": (lambda m, x: m.where(x > 0, x, x * 0.0), [[NAN, 1.0, -1.0]]),
    "sum of nothing": (lambda m, x: m.sum(x), [[]]),
    "prod of nothing": (lambda m, x: m.prod(x), [[]]),
    "logsumexp of a row": (lambda m, x: m.logsumexp(x, (0, 1)), [[[1.0, 2.0], [3.0, 4.0]]]),
    "sort with ties": (lambda m, x: m.sort(x, stable=True)[0], [[2.0, 1.0, 2.0, 1.0]]),
    "cumsum of one": (lambda m, x: m.cumsum(x, 0), [[3.0]]),
}


@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients_are_pytorchs(name: str, backend: Any) -> None:
    function, inputs = CASES[name]
    ours = [cr.tensor(np.array(v, np.float64), device=backend.device_type, requires_grad=True) for v in inputs]
    theirs = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in inputs]
    with np.errstate(all="ignore"):
        got, expected = function(cr, *ours), function(torch, *theirs)
        np.testing.assert_allclose(got.detach().cpu().numpy(), expected.detach().numpy(), rtol=1e-12)
        weights = np.linspace(1.0, 2.0, max(expected.numel(), 1))[: expected.numel()].reshape(tuple(expected.shape))
        got.backward(cr.tensor(weights, device=backend.device_type))
        expected.backward(torch.tensor(weights))
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine.grad.cpu().numpy(), other.grad.numpy(), rtol=1e-12, err_msg=name)

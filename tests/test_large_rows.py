"""Large arrays of rows go other ways than small ones: in threads, a piece at a time, with sums as products. They give
what the formulas give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.backends import Backend
from chainrule.nn import functional as F


def host(tensor: Any) -> np.ndarray:
    return np.asarray(tensor.backend.to_host(tensor.array))


ROWS: dict[str, tuple[Callable[..., Any], tuple[tuple[int, ...], ...]]] = {
    "softmax": (lambda x: x.softmax(-1), ((300, 4, 70),)),
    "log_softmax": (lambda x: x.log_softmax(-1), ((300, 4, 70),)),
    "sum": (lambda x: x.sum(-1), ((300, 4, 70),)),
    "mean": (lambda x: x.mean(-1, keepdim=True), ((300, 4, 70),)),
    "var": (lambda x: x.var(-1), ((300, 4, 70),)),
    "amax": (lambda x: x.amax(-1), ((300, 4, 7),)),
    "amin": (lambda x: x.amin(-1, keepdim=True), ((300, 4, 7),)),
    "logsumexp": (lambda x: x.logsumexp(-1), ((300, 4, 7),)),
    "layer_norm": (lambda x, w, b: F.layer_norm(x, (70,), w, b), ((300, 4, 70), (70,), (70,))),
    "layer_norm of long rows": (lambda x, w, b: F.layer_norm(x, (4, 7000), w, b), ((9, 4, 7000), (4, 7000), (4, 7000))),
    "layer_norm without affine": (lambda x: F.layer_norm(x, (70,)), ((300, 4, 70),)),
    "rms_norm": (lambda x, w: F.rms_norm(x, (70,), w), ((300, 4, 70), (70,))),
}


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_gradients_of_first_order_are_those_that_are_recorded(name: str, dtype: str, backend: Backend) -> None:
    function, shapes = ROWS[name]
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape) for shape in shapes]

    def both_ways(dtype: str, create_graph: bool) -> list[np.ndarray]:
        inputs = [cr.Tensor(backend.asarray(a.astype(dtype)), requires_grad=True) for a in arrays]
        out = function(*inputs)
        cotangent = np.random.default_rng(1).standard_normal(out.shape).astype(dtype)
        grads = cr.autograd.grad(out, inputs, cr.Tensor(backend.asarray(cotangent)), create_graph=create_graph)
        return [host(out.detach()), *(host(g.detach()) for g in grads)]

    expected = both_ways("float64", True)
    tolerance = 1e-11 if dtype == "float64" else 3e-5
    for found, exact in zip(both_ways(dtype, False), expected, strict=True):
        assert found.dtype == dtype
        np.testing.assert_allclose(found, exact, rtol=tolerance, atol=tolerance * np.abs(exact).max())


@pytest.mark.parametrize("shape", [(4000, 1), (4000, 3), (60, 1024)])
def test_sums_of_short_rows_keep_what_is_not_finite(shape: tuple[int, int], backend: Backend) -> None:
    values = np.ones(shape, np.float32)
    values[1, 0], values[2, -1], values[3, 0] = np.inf, -np.inf, np.nan
    if shape[1] > 1:
        values[5, :2] = np.inf, -np.inf
    x = cr.Tensor(backend.asarray(values))
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(host(x.sum(1)), values.sum(1))
        np.testing.assert_array_equal(host(x.mean(1)), values.mean(1))
        np.testing.assert_array_equal(host(x.amax(1)), values.max(1))
        np.testing.assert_array_equal(host(x.amin(1)), values.min(1))


def test_sums_of_short_rows_of_any_layout(backend: Backend) -> None:
    values = np.random.default_rng(0).standard_normal((50, 8, 40))
    x = cr.Tensor(backend.asarray(values))
    np.testing.assert_allclose(host(x.transpose(0, 2).sum(-1)), values.sum(0).T)
    np.testing.assert_allclose(host(x[:, ::2].sum(-1, keepdim=True)), values[:, ::2].sum(-1, keepdims=True))
    np.testing.assert_allclose(host(x[:1].expand(50, 8, 40).sum(-1)), np.repeat(values[:1].sum(-1), 50, 0))

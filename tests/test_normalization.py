"""Normalisation beyond its values: running means and variances, how the gradients are computed, what is refused; and
tables of embeddings, where the value or the gradient is PyTorch's convention."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import chainrule as cr
from chainrule.backends import Backend
from chainrule.nn import functional as F


def host(tensor: Any) -> np.ndarray:
    return np.asarray(tensor.backend.to_host(tensor.array))


def on(backend: Backend, array: Any, grad: bool = False) -> cr.Tensor:
    return cr.Tensor(backend.asarray(np.array(array)), requires_grad=grad)


@pytest.mark.parametrize("shape", [(4, 3, 5), (4, 3), (2, 3, 2, 2)])
@pytest.mark.parametrize("momentum", [0.1, 1.0, 0.0])
def test_running_values_move_as_in_pytorch(shape: tuple[int, ...], momentum: float, backend: Backend) -> None:
    drawn = np.random.default_rng(0).normal(3, 2, shape)
    start = np.random.default_rng(1).uniform(0.5, 1, (2, 3))
    for name, named in (("batch_norm", {"training": True}), ("instance_norm", {})):
        if name == "instance_norm" and len(shape) < 3:
            continue
        mean, var = (on(backend, row) for row in start)
        theirs = [torch.tensor(row) for row in start]
        getattr(F, name)(on(backend, drawn, True), mean, var, momentum=momentum, **named)
        getattr(torch.nn.functional, name)(torch.tensor(drawn), *theirs, momentum=momentum, **named)
        np.testing.assert_allclose(host(mean), theirs[0].numpy(), rtol=1e-12)
        np.testing.assert_allclose(host(var), theirs[1].numpy(), rtol=1e-10)
        assert not mean.requires_grad and not var.requires_grad


def test_running_values_are_used_and_left_alone_in_evaluation(backend: Backend) -> None:
    mean, var = on(backend, [1.0, 2.0]), on(backend, [4.0, 0.25])
    out = F.batch_norm(on(backend, [[3.0, 3.0]]), mean, var, eps=0.0)
    np.testing.assert_allclose(host(out), [[1.0, 2.0]])
    np.testing.assert_array_equal(host(mean), [1.0, 2.0])


def test_a_gradient_is_of_the_running_values_that_were_used(backend: Backend) -> None:
    x, mean, var = on(backend, np.ones((2, 2)), True), on(backend, [0.0, 0.0]), on(backend, [4.0, 0.25])
    out = F.batch_norm(x, mean, var, eps=0.0).sum()
    F.batch_norm(on(backend, [[1.0, 2.0], [3.0, 5.0]]), mean, var, training=True)
    out.backward()
    np.testing.assert_allclose(host(x.grad), [[0.5, 2.0]] * 2)


CASES = [
    ("layer_norm", (6, 5), ((5,),), (5,)),
    ("layer_norm", (3, 4, 5), ((4, 5),), (4, 5)),
    ("group_norm", (3, 6, 4), (2,), (6,)),
    ("batch_norm", (4, 3, 5), (None, None), (3,)),
    ("batch_norm", (7, 3), (None, None), (3,)),
    ("instance_norm", (4, 3, 5), (None, None), (3,)),
]


@pytest.mark.parametrize(("name", "shape", "settings", "affine"), CASES)
@pytest.mark.parametrize("given", [(True, True), (True, False), (False, False)])
def test_the_gradient_on_arrays_is_that_of_the_formula(
    name: str, shape: Any, settings: Any, affine: Any, given: tuple[bool, bool], backend: Backend
) -> None:
    stream = np.random.default_rng(3)
    x = on(backend, stream.normal(1, 2, shape), True)
    weight, bias = (on(backend, stream.normal(1, 1, affine), True) if g else None for g in given)
    leaves = [t for t in (x, weight, bias) if t is not None]
    more = {"training": True} if name == "batch_norm" else {}
    out = getattr(F, name)(x, *settings, weight=weight, bias=bias, **more)
    g = on(backend, stream.normal(size=shape))
    plain = cr.autograd.grad(out, leaves, g, retain_graph=True)
    recorded = cr.autograd.grad(out, leaves, g, create_graph=True)
    for one, two in zip(plain, recorded, strict=True):
        np.testing.assert_allclose(host(one), host(two), rtol=1e-11, atol=1e-12)
    for k, leaf in enumerate(leaves):  # each alone gives what it gives with the others
        (alone,) = cr.autograd.grad(out, [leaf], g, retain_graph=True)
        np.testing.assert_allclose(host(alone), host(plain[k]), rtol=1e-13)


def test_far_from_zero_single_precision_is_as_good_as_pytorchs() -> None:
    drawn = np.random.default_rng(4).normal(1000, 1, (8, 4, 50))
    exact = (drawn - drawn.mean((0, 2), keepdims=True)) / np.sqrt(drawn.var((0, 2), keepdims=True) + 1e-5)
    single = drawn.astype(np.float32)
    ours = host(F.batch_norm(cr.tensor(single), None, None, training=True))
    theirs = torch.nn.functional.batch_norm(torch.tensor(single), None, None, training=True).numpy()
    assert np.abs(ours - exact).max() <= 2 * np.abs(theirs - exact).max() + 1e-6


@pytest.mark.parametrize("name", ["layer_norm", "rms_norm"])
def test_half_precision_is_computed_in_single(name: str) -> None:
    drawn = (np.random.default_rng(5).normal(0, 300, (4, 256))).astype(np.float16)  # squares overflow half precision
    x = cr.tensor(drawn, requires_grad=True)
    out = getattr(F, name)(x, (256,))
    (g,) = cr.autograd.grad(out.sum(), x)
    assert out.dtype == g.dtype == np.float16 and np.isfinite(host(g)).all()
    expected = host(getattr(F, name)(cr.tensor(drawn.astype(np.float64)), (256,)))
    np.testing.assert_allclose(host(out), expected, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("name", ["batch_norm", "instance_norm"])
def test_given_statistics_in_single_precision_keep_half_precision(name: str, backend: Backend) -> None:
    rng = np.random.default_rng(6)
    x = rng.normal(300, 300, (4, 3, 5)).astype(np.float16)
    given = [rng.normal(300, 1, 3), rng.uniform(1e5, 2e5, 3), rng.normal(size=3), rng.normal(size=3)]  # no halves
    out = getattr(F, name)(on(backend, x), *[on(backend, v.astype(np.float32)) for v in given], False)
    expected = getattr(torch.nn.functional, name)(
        torch.tensor(x), *[torch.tensor(v.astype(np.float32)) for v in given], False
    )
    assert out.dtype == np.float16
    np.testing.assert_allclose(host(out), expected.numpy(), rtol=2e-3, atol=2e-3)


def test_what_is_refused(backend: Backend) -> None:
    x = on(backend, np.ones((2, 6, 3)))
    with pytest.raises(ValueError, match=r"layer_norm: normalized_shape=\(6,\) must be the last sizes .*\(2, 6, 3\)"):
        F.layer_norm(x, (6,))
    with pytest.raises(RuntimeError, match=r"layer_norm: the weight must have shape \(3,\), got \(6,\)"):
        F.layer_norm(x, (3,), on(backend, np.ones(6)))
    with pytest.raises(RuntimeError, match="do not make 4 equal groups"):
        F.group_norm(x, 4)
    with pytest.raises(ValueError, match=r"batch_norm: of the one element per channel .*\(1, 6\) there is no variance"):
        F.batch_norm(x[:1, :, 0], None, None, training=True)
    with pytest.raises(RuntimeError, match="batch_norm: .* it needs running_mean and running_var"):
        F.batch_norm(x, None, None)
    with pytest.raises(TypeError, match="rms_norm: the input must be floating, got int64"):
        F.rms_norm(cr.ones(3, dtype="int64"), 3)
    with pytest.raises(ValueError, match="eps must be positive"):
        F.batch_norm(x, None, None, training=True, eps=0.0)


# Tables


@pytest.mark.parametrize("norm_type", [1.0, 2.0, 3.0, float("inf")])
def test_rows_that_are_too_long_are_shortened_in_the_table(norm_type: float, backend: Backend) -> None:
    drawn = np.random.default_rng(6).normal(0, 3, (5, 4))
    index = np.array([[0, 2], [2, 4]])
    ours, theirs = on(backend, drawn, True), torch.tensor(drawn, requires_grad=True)
    out = F.embedding(on(backend, index), ours, max_norm=1.5, norm_type=norm_type)
    expected = torch.nn.functional.embedding(torch.tensor(index), theirs, max_norm=1.5, norm_type=norm_type)
    np.testing.assert_allclose(host(out), expected.detach().numpy(), rtol=1e-6)
    np.testing.assert_allclose(host(ours), theirs.detach().numpy(), rtol=1e-6)
    np.testing.assert_array_equal(host(ours)[[1, 3]], drawn[[1, 3]])
    out.sum().backward()
    np.testing.assert_array_equal(host(ours.grad)[:, 0], [1, 0, 2, 0, 1])


def test_a_frequent_row_of_a_bag_counts_less(backend: Backend) -> None:
    weight = on(backend, np.ones((5, 2)), True)
    bags = F.embedding_bag(on(backend, [[0, 2, 2], [4, 2, 1]]), weight, mode="sum", scale_grad_by_freq=True)
    np.testing.assert_array_equal(host(bags), 3.0)
    (g,) = cr.autograd.grad(bags, weight, on(backend, [[1.0, 1.0], [10.0, 10.0]]))
    np.testing.assert_allclose(host(g)[:, 0], [1, 10, 12 / 3, 0, 10])


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_empty_bags_are_zero(mode: str, backend: Backend) -> None:
    weight = on(backend, -np.ones((3, 2)), True)
    out = F.embedding_bag(on(backend, [0, 1]), weight, on(backend, [0, 0, 2, 2]), mode=mode)
    np.testing.assert_array_equal(host(out)[[0, 2, 3]], 0.0)
    out = F.embedding_bag(on(backend, [[1, 1]]), weight, mode=mode, padding_idx=1)
    np.testing.assert_array_equal(host(out), 0.0)


def test_indices_and_offsets_must_fit() -> None:
    weight, index = cr.ones(3, 2), cr.tensor([0, 1])
    with pytest.raises(IndexError, match="embedding: indices from 0 to 3 are not all rows of a table of 3"):
        F.embedding(cr.tensor([0, 3]), weight)
    with pytest.raises(IndexError, match="from -1 to 0"):
        F.embedding(cr.tensor([0, -1]), weight)
    with pytest.raises(TypeError, match="embedding: an index holds integers, got float32"):
        F.embedding(cr.tensor([0.0]), weight)
    with pytest.raises(ValueError, match="padding_idx 3 is no row of a table of 3"):
        F.embedding(index, weight, padding_idx=3)
    for offsets in ([1], [0, 3], [0, 2, 1]):
        with pytest.raises(ValueError, match="embedding_bag: the offsets must ascend from 0 to at most 2"):
            F.embedding_bag(index, weight, cr.tensor(offsets))
    with pytest.raises(ValueError, match="1-d indices need offsets"):
        F.embedding_bag(index, weight)
    with pytest.raises(NotImplementedError, match="per_sample_weights are defined for mode='sum', got mode='mean'"):
        F.embedding_bag(index, weight, cr.tensor([0]), per_sample_weights=cr.ones(2))

"""In-place changes: the graph follows them, and a saved array that was changed is noticed. PyTorch is the judge, and
finite differences where it refuses."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings, strategies as st
from judge import agree, leaf, raised

import chainrule as cr
from chainrule.backends import Backend

X = [[0.5, -1.5, 2.0], [1.0, 0.25, -0.75]]


def line() -> int:
    return sys._getframe(1).f_lineno


# The graph follows


def test_an_in_place_op_is_differentiated(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        x, w = leaf(lib, X), leaf(lib, X)
        y = x * 2
        same = y.mul_(w)
        y.add_(1).sub_(x).cos_()
        y += w
        y *= 3
        y[0] = y[1].clone() * w[0]
        y[:, 1] += 5
        y.sum().backward()
        return y is same, y, x.grad, w.grad

    agree(program)


def test_the_original_is_kept_for_the_other_operand(backend: Backend) -> None:
    """The gradient of `w` in `y.mul_(w)` needs y as it was."""

    def program(lib: Any) -> Any:
        x, w = leaf(lib, X), leaf(lib, X)
        y = leaf(lib, X, requires_grad=False)
        y.mul_(w)
        z = x * 1
        z.mul_(w).div_(w * w + 1).pow_(2)
        (y + z).sum().backward()
        return x.grad, w.grad

    agree(program)


def test_constants_become_part_of_the_graph(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        w = leaf(lib, X)
        buffer = lib.zeros((2, 3), dtype=lib.float64)
        before = buffer.requires_grad, buffer.is_leaf
        row = buffer[0]
        row += w[0] * w[1]
        buffer[1, 2] = w.sum()
        (buffer * buffer).sum().backward()
        return before, buffer, row, row.requires_grad, buffer.is_leaf, w.grad

    agree(program)


def test_a_change_through_a_view_reaches_base_and_views(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        x, w = leaf(lib, X), leaf(lib, [2.0, 3.0, 4.0])
        y = x * 1
        row, column, flat, turned = y[1], y[:, 2], y.view(6), y.transpose(0, 1)
        row.mul_(w)
        column.sin_()
        turned[0].add_(turned[1])
        flat[2:4] = w[:2]
        total = (y**2).sum() + (row * 3).sum() + column.prod() + (flat * w[0]).sum() + turned.exp().sum()
        total.backward()
        return y, row, column, flat, turned, x.grad, w.grad

    agree(program)


def test_a_change_of_the_base_reaches_the_views(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        x, w = leaf(lib, X), leaf(lib, X)
        y = x * 1
        row = y[0]
        nested = row[1:]
        y.mul_(w)
        nested.add_(1)
        (row * nested.sum()).sum().backward()
        return row, nested, x.grad, w.grad

    agree(program)


def test_views_of_strided_memory(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        x = leaf(lib, np.arange(24.0).reshape(2, 3, 4).tolist())
        y = (x * 1).transpose(0, 2)
        z = y[1:3, :, ::1].transpose(1, 2)
        z[0].mul_(2)
        z[:, 1] = z[:, 0] * 3
        (z * z).sum().backward()
        return y, z, x.grad

    agree(program)


def test_second_derivatives_through_in_place_ops(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        x, w = leaf(lib, X), leaf(lib, X)
        y = x * w
        y.mul_(y.detach() * 0 + w)
        y[0] = y[1].clone() * x[0]
        y[:, 0].exp_()
        (g,) = lib.autograd.grad((y**2).sum(), x, create_graph=True)
        return g, lib.autograd.grad((g * g).sum(), [x, w])

    agree(program, rtol=1e-9)


def test_splits(backend: Backend) -> None:
    """PyTorch refuses to change what `split` returned; here it is differentiated."""
    x = leaf(cr, X)
    y = x * 1
    a, b = y.split([1, 2], dim=1)
    a.mul_(10)
    b[0].mul_(100)
    y.sum().backward()
    assert x.grad.tolist() == [[10.0, 100.0, 100.0], [10.0, 1.0, 1.0]]


def test_indexed_assignment(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        x, w = leaf(lib, X), leaf(lib, [10.0, 20.0])
        y = x * 1
        y[y > 0.9] = w.sum()
        y[[1, 0], [2, 1]] = w
        y[lib.tensor([0]), 0] = 7.0
        y[..., -1] += w
        y[0, 0] = w[0] + y[1, 1]
        y.mul(leaf(lib, X, requires_grad=False)).sum().backward()
        return y, x.grad, w.grad

    agree(program)


def test_augmented_assignment(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        x = leaf(lib, X)
        y = x * 1
        held = y
        y += 1
        y -= x
        y *= x
        y /= 2
        y **= 2
        y[0] *= 3
        y[:, 1:] -= x[:, 1:]
        y.sum().backward()
        return held is y, y, x.grad

    agree(program)


def test_copies_and_fills(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        x, w = leaf(lib, X), leaf(lib, X)
        y = x * 1
        z = y * 2
        y.copy_(w)
        z.zero_()
        v = x * 3
        v.fill_(2.0)
        row = (x * 5)[0]
        row.copy_(w[1].float())
        (y * w + z + v).sum().backward(retain_graph=True)
        row.sum().backward()
        return y, z, v, x.grad, w.grad

    agree(program)


def test_hooks_and_retained_gradients_after_a_change(backend: Backend) -> None:
    """A hook belongs to the value it was registered for; `retain_grad` to the tensor, whatever its value has become."""

    def program(lib: Any) -> Any:
        x = leaf(lib, X)
        y = x * 1
        seen: list[Any] = []
        y.register_hook(lambda g: seen.append(("before", g.clone())))
        y.retain_grad()
        y.mul_(10)
        y.register_hook(lambda g: seen.append(("after", g.clone())))
        (y * 3).sum().backward()
        return seen, y.grad, y.retains_grad, x.grad

    agree(program)


def test_version_numbers(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        x = leaf(lib, X, requires_grad=False)
        view, detached = x[0], x.detach()
        numbers = [x._version]
        x.mul_(2)
        view.add_(1)
        detached[0, 0] = 3.0
        numbers += [x._version, view._version, detached._version, (x * 1)._version]
        return numbers

    assert agree(program)[1] == 3


# What is refused


def test_leaves_that_require_a_gradient(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        x = leaf(lib, X)
        view = x[0]

        def augmented() -> None:
            nonlocal x
            x += 1

        def assigned() -> None:
            x[0] = 1.0

        found = [raised(a) for a in (lambda: x.mul_(2), lambda: view.mul_(2), augmented, assigned, lambda: x.zero_())]
        unchanged = x.clone()
        with lib.no_grad():
            x.mul_(2)
            view.add_(1)
            x[1] = 5.0
        x.detach()[0, 0] = 9.0
        x.data.add_(0.5)
        return found, unchanged, x, x.is_leaf, x.requires_grad

    agree(program)


def test_the_refusal_says_what_to_do(backend: Backend) -> None:
    x = leaf(cr, X)
    with pytest.raises(RuntimeError, match=r"mul_: a leaf that requires a gradient.*no_grad.*clone"):
        x.mul_(2)
    with pytest.raises(RuntimeError, match=r"add_: a view of a leaf"):
        x[0].add_(2)
    assert x.tolist() == X


def test_results_that_do_not_fit(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        row, matrix = leaf(lib, [1.0, 2.0, 3.0], requires_grad=False), leaf(lib, X, requires_grad=False)
        integers = lib.tensor([1, 2, 3])
        wide = lib.tensor([1.0, 2.0, 3.0])
        found = [
            raised(lambda: row.add_(matrix)),
            raised(lambda: integers.add_(0.5)),
            raised(lambda: integers.mul_(wide)),
            raised(lambda: row.expand(2, 3).mul_(2)),
            raised(lambda: matrix.add_(row)),
            raised(lambda: wide.add_(row)),
        ]
        return found, row, matrix, integers, wide

    agree(program, rtol=1e-6)


def test_overlapping_memory_is_not_written(backend: Backend) -> None:
    """Only NumPy marks what was expanded as read-only."""
    x = leaf(cr, X, requires_grad=False)
    for view in (x[0].expand(4, 3), x[0].expand(4, 3)[1:, :2], x[:, :1].expand(2, 5).transpose(0, 1)):
        with pytest.raises(RuntimeError, match=r"mul_.*one place in memory.*clone"):
            view.mul_(2)
        with pytest.raises(RuntimeError, match=r"setitem.*one place in memory.*clone"):
            view[...] = 1.0
    assert x.tolist() == X
    x.transpose(0, 1)[::2].mul_(3)
    assert x.tolist() == [[0.5 * 3, -1.5, 2.0 * 3], [1.0 * 3, 0.25, -0.75 * 3]]


def test_a_failed_assignment_changes_nothing(backend: Backend) -> None:
    x = leaf(cr, X)
    y = x * 1
    node = y.grad_fn
    for index, value in [((0,), leaf(cr, [1.0, 2.0])), ((5,), 1.0), ((slice(None), 7), 1.0)]:
        with pytest.raises((IndexError, ValueError)) as caught:
            y[index] = value
        assert "setitem" in str(caught.value)
    assert y.tolist() == X and y.grad_fn is node


# A saved array that was changed


def _saved_and_changed(lib: Any, change: str) -> Any:
    x, w = leaf(lib, X), leaf(lib, X)
    y = x * 1
    z = (y * w).sum()  # saves y and w
    if change == "in place":
        y.mul_(2)
    elif change == "view":
        y[0].mul_(2)
    elif change == "view of view":
        y.view(6)[2:].view(2, 2)[0].mul_(2)
    elif change == "base":
        y = x * 1
        z = (y[0] * w[0]).sum()
        y.mul_(2)
    elif change == "detach":
        y.detach().add_(1)
    elif change == "data of a leaf":
        w.detach().add_(1)
    elif change == "no_grad":
        with lib.no_grad():
            w.sub_(0.1)
    elif change == "setitem":
        y[0, 0] = 1.0
    elif change == "copy_":
        y.copy_(w)
    elif change == "output":
        y = x.exp()
        z = y.sum()
        y.zero_()
    elif change == "inference":
        with lib.inference_mode():
            w.add_(1)
    elif change == "index":
        index = lib.tensor([0, 1])
        z = x[index].sum()
        index.fill_(1)
    elif change == "mask":
        mask = lib.tensor([[True, False, True], [False, True, False]])
        z = x[mask].sum()
        mask.fill_(True)
    elif change == "assigned index":
        index = lib.tensor([0])
        y[index] = w[0]
        z = y.sum()
        index.fill_(1)
    elif change == "gather":
        index = lib.tensor([[0, 1, 1]])
        z = x.gather(0, index).sum()
        index.fill_(0)
    elif change == "condition":
        condition = lib.tensor([[True, False, True], [False, True, False]])
        z = lib.where(condition, x, w).sum()
        condition.fill_(True)
    elif change == "filled mask":
        condition = lib.tensor([[True, False, True], [False, True, False]])
        z = x.masked_fill(condition, 0.0).sum()
        condition.fill_(True)
    return x, w, z


CHANGES = ["in place", "view", "view of view", "base", "detach", "data of a leaf", "no_grad", "setitem", "copy_",
           "output", "inference", "index", "mask", "assigned index", "gather", "condition", "filled mask"]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_saved_array_that_was_changed(change: str, backend: Backend) -> None:
    def program(lib: Any) -> Any:
        x, w, z = _saved_and_changed(lib, change)
        return raised(z.backward), x.grad, w.grad

    assert agree(program)[0] == "RuntimeError"


def test_the_error_names_both_ops_and_in_debug_mode_both_lines(backend: Backend) -> None:
    x, w = leaf(cr, X), leaf(cr, X)
    y = x * 1
    z = (y * w).sum()
    y.add_(1)
    with pytest.raises(RuntimeError, match=r"backward of mul.*shape \(2, 3\).*changed in place by add_.*set_debug"):
        z.backward()
    assert x.grad is None and w.grad is None
    with cr.autograd.set_debug(True):
        y = x * 1
        saved = line() + 1
        z = (y * w).sum()
        changed = line() + 1
        y[0] = 1.0
    with pytest.raises(RuntimeError, match=r"setitem") as caught:
        z.backward()
    assert f"{__file__}:{saved}" in str(caught.value)
    assert f"{__file__}:{changed}" in str(caught.value)


def test_an_optimizer_step_between_forward_and_backward(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        x, w = leaf(lib, X), leaf(lib, X)
        optimizer = lib.optim.SGD([w], lr=0.1)
        first, second = (x * w).sum(), (w * w).sum()
        first.backward(retain_graph=True)
        optimizer.step()
        return raised(second.backward), raised(first.backward)

    agree(program)


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adamax"])
def test_every_optimizer_is_noticed(name: str, backend: Backend) -> None:
    w = leaf(cr, X)
    optimizer = getattr(cr.optim, name)([w], lr=0.1)
    loss = (w * w).sum()
    loss.backward(retain_graph=True)
    optimizer.step()
    with pytest.raises(RuntimeError, match="changed in place"):
        loss.backward()


def test_gradients_that_were_saved_and_are_accumulated_into(backend: Backend) -> None:
    x, w = leaf(cr, X), leaf(cr, X)
    (x * 2).sum().backward()
    z = (x.grad * w).sum()
    (x * 2).sum().backward()
    with pytest.raises(RuntimeError, match="changed in place by gradient accumulation"):
        z.backward()


# What is not refused


def test_what_was_not_saved_may_change(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        x, constant = leaf(lib, X), leaf(lib, X, requires_grad=False)
        y = x * 2
        z = (y + constant).sum()
        y.mul_(3)
        constant.zero_()
        t = x.tanh() * 2
        t.mul_(5)
        (z + t.sum()).backward()
        return x.grad

    agree(program)


def test_a_change_before_the_forward_is_no_change(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        w = leaf(lib, X)
        losses = []
        for _ in range(3):
            loss = (w * w).sum()
            loss.backward()
            losses.append(loss)
            with lib.no_grad():
                w.sub_(w.grad * 0.1)
                w.grad.zero_()
        return losses, w

    agree(program)


def test_parts_of_one_buffer_change_apart(backend: Backend) -> None:
    """Parameters in one flat buffer: stepping one does not make the others' saved arrays stale. (PyTorch says it
    does.)"""
    flat = backend.asarray(np.arange(12.0))
    a, b = cr.Tensor(flat[:6], requires_grad=True), cr.Tensor(flat[6:], requires_grad=True)
    loss = (b * b).sum()
    with cr.no_grad():
        a.mul_(100)
    loss.backward()
    assert b.grad.tolist() == [12.0, 14.0, 16.0, 18.0, 20.0, 22.0]
    loss = (b * b).sum()
    with cr.no_grad():
        cr.Tensor(flat).mul_(2)
    with pytest.raises(RuntimeError, match="changed in place"):
        loss.backward()
    loss = (a * a).sum() + (b * b).sum()
    with cr.no_grad():
        b[2:].mul_(2)
    with pytest.raises(RuntimeError, match="changed in place"):
        loss.backward()


def test_rows_of_a_base_change_apart(backend: Backend) -> None:
    x = leaf(cr, X)
    y = x * 1
    z = (y[0] * y[0]).sum()
    with cr.no_grad():
        y[1].mul_(100)
    z.backward()
    assert x.grad.tolist() == [[1.0, -3.0, 4.0], [0.0, 0.0, 0.0]]


def test_a_sequence_written_into_a_buffer(backend: Backend) -> None:
    """Each element is computed from the one before, which was saved; PyTorch refuses this."""
    w = leaf(cr, 1.01)
    out = cr.ones(200, dtype=cr.float64)
    for k in range(1, 200):
        out[k] = out[k - 1] * w
    out[-1].backward()
    np.testing.assert_allclose(w.grad.item(), 199 * 1.01**198, rtol=1e-10)


def test_freed_memory_is_not_remembered(backend: Backend) -> None:
    """A new array at the address of one that was changed has not been changed."""
    x = leaf(cr, X)
    for _ in range(50):
        scratch = cr.ones((2, 3), dtype=cr.float64)
        scratch.mul_(2)
        del scratch
        y = x * cr.ones((2, 3), dtype=cr.float64)
        (y * y).sum().backward()
    assert x.grad.tolist() == [[100 * v for v in row] for row in X]


# Random programs

VIEWS = ["row", "slice", "step", "transpose", "flat", "unsqueeze", "narrow", "getitem"]
CHANGED = ["mul_number", "mul_", "add_", "tanh_", "neg_", "fill_", "set_number", "set_tensor", "copy_", "iadd_row"]
FRESH = ["mul", "tanh", "scale", "clone", "detach", "sum"]


def _step(lib: Any, pool: list[Any], name: str, i: int, j: int) -> None:
    a, b = pool[i % len(pool)], pool[j % len(pool)]
    other = b if b.shape == a.shape else b.sum() * 0.1
    if name == "row":
        pool.append(a[j % a.shape[0]] if a.ndim else a.reshape(1))
    elif name == "slice":
        pool.append(a[1:] if a.ndim and a.shape[0] > 1 else a[None])
    elif name == "step":
        pool.append(a[..., ::2] if a.ndim else a[None])
    elif name == "transpose":
        pool.append(a.transpose(0, -1) if a.ndim else a[None])
    elif name == "flat":
        pool.append(a.reshape(-1))
    elif name == "unsqueeze":
        pool.append(a.unsqueeze(j % (a.ndim + 1)))
    elif name == "narrow":
        pool.append(a.narrow(-1, 0, 1) if a.ndim else a[None])
    elif name == "getitem":
        pool.append(a[[0]] if a.ndim else a[None])
    elif name == "mul_number":
        a.mul_(1.5)
    elif name == "mul_":
        a.mul_(other)
    elif name == "add_":
        a.add_(other)
    elif name == "tanh_":
        a.tanh_()
    elif name == "neg_":
        a.neg_()
    elif name == "fill_":
        a.fill_(0.25)
    elif name == "set_number":
        a[(0,) * a.ndim] = 0.5
    elif name == "set_tensor":
        a[...] = other
    elif name == "copy_":
        a.copy_(other.detach() if j % 2 else other)
    elif name == "iadd_row":
        if a.ndim:
            a[0] += b.sum() * 0.1
    elif name == "mul":
        pool.append(a * other)
    elif name == "tanh":
        pool.append(a.tanh())
    elif name == "scale":
        pool.append(a * 0.7)
    elif name == "clone":
        pool.append(a.clone())
    elif name == "detach":
        pool.append(a.detach().clone())
    elif name == "sum":
        pool.append(a.sum(-1) if a.ndim else a * 1)


def _run(lib: Any, leaves: list[Any], steps: list[Any]) -> Any:
    """A few views and in-place changes; the weighted sum of everything alive at the end."""
    pool = [leaves[0] * 1, leaves[1].tanh(), lib.zeros((3, 4), dtype=lib.float64)]
    for name, i, j in steps:
        _step(lib, pool, name, i, j)
    return sum(((0.5 + 0.1 * k) * (t * t * 0.5 + t).sum() for k, t in enumerate(pool)), pool[0].sum() * 0)


def _leaves(lib: Any, moved: float = 0.0) -> list[Any]:
    stream = np.random.default_rng(3)
    values = [stream.uniform(-1, 1, (3, 4)) + moved * stream.uniform(-1, 1, (3, 4)) for _ in range(2)]
    return [leaf(lib, v.tolist()) for v in values]


def _direction() -> list[np.ndarray]:
    stream = np.random.default_rng(3)
    return [[stream.uniform(-1, 1, (3, 4)), stream.uniform(-1, 1, (3, 4))][1] for _ in range(2)]


def _outcome(lib: Any, steps: list[Any]) -> Any:
    leaves = _leaves(lib)
    try:
        total = _run(lib, leaves, steps)
        return total, lib.autograd.grad(total, leaves, materialize_grads=True)
    except RuntimeError as error:
        return error


operations = st.tuples(st.sampled_from(VIEWS + CHANGED + FRESH), st.integers(0, 12), st.integers(0, 12))


@settings(max_examples=400)
@given(steps=st.lists(operations, min_size=1, max_size=10))
@example(steps=[("row", 0, 1), ("tanh_", 3, 0), ("mul_", 0, 1), ("flat", 0, 0), ("iadd_row", 4, 1)])
def test_random_views_and_changes(backend: Backend, steps: list[Any]) -> None:
    """Where PyTorch differentiates a program, we do, alike. Where it refuses, we refuse or are right."""
    ours, theirs = _outcome(cr, steps), _outcome(torch, steps)
    if isinstance(theirs, RuntimeError):
        if isinstance(ours, RuntimeError):
            return
        with torch.no_grad():
            eps = 1e-6
            above, below = _run(torch, _leaves(torch, eps), steps), _run(torch, _leaves(torch, -eps), steps)
        slope = sum(float((d * g.backend.to_host(g.array)).sum()) for d, g in zip(_direction(), ours[1], strict=True))
        if not any(name in ("detach", "copy_") for name, *_ in steps):  # these cut gradients, not values
            np.testing.assert_allclose(slope, (above - below).item() / (2 * eps), rtol=1e-5, atol=1e-6)
        return
    if isinstance(ours, RuntimeError):
        raise ours
    np.testing.assert_allclose(ours[0].item(), theirs[0].item(), rtol=1e-10)
    for g, expected in zip(ours[1], theirs[1], strict=True):
        np.testing.assert_allclose(g.backend.to_host(g.array), expected.numpy(), rtol=1e-8, atol=1e-10)


# Every method


def test_there_is_every_in_place_method_of_pytorch() -> None:
    known = {n for n in dir(torch.Tensor) if n.endswith("_") and not n.startswith("_")}
    absent = {"apply_", "map_", "map2_", "share_memory_"} | {n for n in known if "sparse" in n or "shift" in n}
    assert {n for n in known - absent if not hasattr(cr.Tensor, n)} == set()


def test_tensors_that_become_views_of_themselves(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        x = leaf(lib, X)
        y, z = x * 1, (x * 2)[:, :1]
        same = y.t_() is y
        y.unsqueeze_(0).transpose_(0, 2).mul_(x[:1].reshape(1, 3, 1).transpose(0, 1).sum()).squeeze_()
        z.squeeze_(1).add_(1)
        (y * y).sum().backward(retain_graph=True)
        z.sum().backward()
        return same, y, z, x.grad, raised(lambda: x.t_()), raised(lambda: x[0].unsqueeze_(0))

    agree(program)


def test_other_views_stay_when_a_tensor_turns(backend: Backend) -> None:
    x = leaf(cr, X)
    y = x * 1
    row = y[0]
    y.t_()
    row.mul_(10)
    y[0] *= 100
    (y * y).sum().backward()
    assert row.tolist() == [500.0, -15.0, 20.0] and y.shape == (3, 2)
    assert x.grad.tolist() == [[2 * 0.5 * 1e6, -3.0 * 100, 400.0], [2 * 1e4, 0.5, -1.5]]


def test_hooks_of_a_view_stay_with_the_value_it_had(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        found = []
        for change in (lambda v: v.mul_(2), lambda v: v[1:].mul_(2), lambda v: v.__setitem__(0, 7.0)):
            x = leaf(lib, X)
            y = x * 1
            v = y[0]
            seen: list[Any] = []
            v.register_hook(lambda g, seen=seen: seen.append(g.clone()))
            used = v * 3
            change(v)
            (y.sum() + v.sum()).backward(retain_graph=True)
            used.sum().backward()
            found += [seen, x.grad]
        return found

    agree(program)


def test_fills(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        x = leaf(lib, X)
        y = x * 1
        y.fill_diagonal_(5.0)
        z = (x * 2).uniform_()
        (y * y).sum().backward(retain_graph=True)
        z.sum().backward()
        tall, cube = lib.zeros(7, 3), lib.zeros(3, 3, 3)
        errors = [
            raised(lambda: lib.zeros(3).fill_diagonal_(1)), raised(lambda: lib.zeros(3).uniform_(2, 1)),
            raised(lambda: lib.zeros(3).normal_(0, -1)), raised(lambda: lib.zeros(3).exponential_(0)),
            raised(lambda: lib.zeros(3).geometric_(1.0)), raised(lambda: lib.zeros(3).bernoulli_(2.0)),
            raised(lambda: lib.zeros(3).random_(3, 3)), raised(lambda: x.normal_()),
        ]  # fmt: skip
        return y, x.grad, tall.fill_diagonal_(2, wrap=True), cube.fill_diagonal_(3), errors

    agree(program)


DRAWN: dict[str, Any] = {
    "uniform_": (-1, 3), "normal_": (2, 0.5), "log_normal_": (0.1, 0.2), "exponential_": (3,), "geometric_": (0.3,),
    "bernoulli_": (0.25,), "random_": (2, 9), "cauchy_": (1, 2),
}  # fmt: skip


@pytest.mark.parametrize("name", DRAWN)
def test_random_fills_have_pytorchs_distribution(name: str, backend: Backend) -> None:
    """The share of many numbers up to PyTorch's quantiles."""
    torch.manual_seed(0)
    theirs = getattr(torch.zeros(40_000, dtype=torch.float64), name)(*DRAWN[name]).numpy()
    ours = getattr(cr.zeros(40_000, dtype=cr.float64), name)(*DRAWN[name])
    found = ours.backend.to_host(ours.array)
    for place in np.quantile(theirs, [0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98]):
        assert abs((found <= place).mean() - (theirs <= place).mean()) < 0.015


# out=


def test_out_is_taken_where_pytorch_takes_it() -> None:
    from pathlib import Path
    from re import DOTALL, MULTILINE, finditer

    from chainrule.autograd.out import TAKERS

    stub = (Path(torch.__file__).parent / "_C" / "_VariableFunctions.pyi").read_text()
    takes = {m[1] for m in finditer(r"^def (\w+)\((.*?)\) -> ", stub, MULTILINE | DOTALL) if ", out: " in m[2]}
    for name in takes:
        function = getattr(cr, name, None)
        if function is not None and not name.startswith("_"):
            assert hasattr(function, "op") or name in TAKERS, name


def test_out_of_functions(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        x = leaf(lib, X, requires_grad=False)
        whole, row = lib.zeros(2, 3, dtype=lib.float64), lib.zeros(3, dtype=lib.float64)
        places = lib.zeros(2, dtype=lib.int64)
        found = [
            lib.sum(x, 0, out=row) is row, row.clone(), lib.clamp(x, 0, 1, out=whole).clone(),
            lib.cat([x[:1], x[1:]], out=whole).clone(), lib.where(x > 0, x, -x, out=whole).clone(),
            lib.stack([x[0], x[1]], out=whole).clone(), lib.max(x, 1, out=(row[:2], places)).values.clone(), places,
            lib.zeros(2, 3, out=whole).clone(), lib.matmul(x, x.T, out=lib.zeros(0, dtype=lib.float64)),
            lib.linalg.inv(x @ x.T, out=lib.zeros(2, 2, dtype=lib.float64)), lib.add(x, x, out=x), x,
            lib.linspace(0, 1, 3, out=row).clone(), lib.nn.functional.normalize(x, out=whole).clone(),
        ]  # fmt: skip
        w = leaf(lib, X)
        errors = [
            raised(lambda: lib.sum(w, 0, out=row)), raised(lambda: lib.gather(x[0], 0, places, out=x[0, :2])),
            raised(lambda: lib.sub(x, 1, out=lib.zeros(2, 3, dtype=lib.int64))), raised(lambda: lib.sum(x, 0, out=3)),
        ]  # fmt: skip
        with lib.no_grad():
            found.append(lib.sum(w, 0, out=row).clone())
        return found, errors

    agree(program)

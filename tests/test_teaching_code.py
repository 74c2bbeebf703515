"""Lines that stand in nearly every PyTorch tutorial, run as they are."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import chainrule as torch


def test_the_usual_device_line() -> None:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    assert torch.zeros(2, device=device).device.type == device.type
    assert torch.cuda.device_count() == 0 or torch.cuda.is_available()
    torch.cuda.manual_seed_all(0)


def test_tensor_of_whole_numbers_is_floating() -> None:
    assert torch.Tensor([[0, 0], [0, 1]]).dtype == torch.float32
    assert torch.tensor([[0, 0], [0, 1]]).dtype == torch.int64
    assert torch.Tensor(np.array([1, 2])).dtype == torch.int64  # an array keeps its dtype


def test_a_copy_shares_memory() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = copy.copy(x)
    assert y.requires_grad and y.array is x.array
    assert copy.copy(torch.nn.Parameter(torch.zeros(2))).requires_grad


def test_a_gradient_penalty() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (g,) = torch.autograd.grad((x**2).sum(), x, create_graph=True, retain_graph=True, only_inputs=True)
    ((g.norm() - 1) ** 2).backward()
    assert x.grad is not None
    with pytest.raises(ValueError, match="only_inputs"):
        torch.autograd.grad((x**2).sum(), x, only_inputs=False)


def test_normalise_then_add_in_place() -> None:
    x, s = torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor(2.0, requires_grad=True)
    y = x / (s * s + 1)
    y += 1.0
    y.sum().backward()
    assert x.grad.tolist() == pytest.approx([0.2, 0.2])
    assert s.grad.item() == pytest.approx(-3 * 4 / 25)


@pytest.mark.parametrize("size", [3e7, 1e30])
def test_gradients_far_out(size: float) -> None:
    x = torch.tensor([size, -size], dtype=torch.float64, requires_grad=True)
    torch.nn.functional.silu(x).sum().backward()
    assert x.grad.tolist() == [1.0, 0.0]
    a = torch.tensor(size, dtype=torch.float64, requires_grad=True)
    torch.logaddexp(a, a.detach()).backward()
    assert a.grad.item() == 0.5


def test_the_angle_at_the_origin() -> None:
    y, x = torch.tensor(0.0, requires_grad=True), torch.tensor(0.0, requires_grad=True)
    torch.atan2(y, x).backward()
    assert (y.grad.item(), x.grad.item()) == (0.0, 0.0)

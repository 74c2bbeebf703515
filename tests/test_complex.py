"""Complex numbers: PyTorch's convention at every place where a user sees a gradient, and what has no meaning for them.

The functions one by one stand in rows/complex.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from judge import agree, raised

import chainrule as cr
from chainrule.backends import Backend

Z = [[1 + 2j, -0.5 + 0.3j, 0.7 - 1.1j], [0.2 - 0.9j, 1.3 + 0.4j, -1.2 - 0.6j]]
W = [[0.4 - 0.7j, 1.1 + 0.9j, -0.8 + 0.2j], [-0.3 + 1.2j, 0.6 - 0.5j, 0.9 + 1.4j]]


def leaf(lib: Any, values: Any) -> Any:
    return lib.tensor(values, dtype=lib.complex128, requires_grad=True)


FUNCTIONS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "add": lambda lib, z, w: z + w,
    "sub, scalars": lambda lib, z, w: (2 - 1j) - z * 0.5 + w * 1j,
    "mul": lambda lib, z, w: z * w,
    "div": lambda lib, z, w: z / w,
    "pow": lambda lib, z, w: z**w,
    "pow number": lambda lib, z, w: z**3 + w**-1.5,
    "number pow": lambda lib, z, w: 2.0**z * w,
    "exp log": lambda lib, z, w: z.exp() + w.log(),
    "sqrt": lambda lib, z, w: z.sqrt() * w,
    "sin cos tan": lambda lib, z, w: z.sin() * w.cos() + z.tan(),
    "sinh cosh tanh": lambda lib, z, w: z.sinh() * w.cosh() + z.tanh(),
    "inverse": lambda lib, z, w: z.asin() + w.acos() * z.atan() + w.asinh() + z.atanh(),
    "abs": lambda lib, z, w: z.abs() * w,
    "angle": lambda lib, z, w: z.angle() + w,
    "sgn": lambda lib, z, w: z.sgn() * w,
    "conj": lambda lib, z, w: z.conj() * w * z,
    "real and imag": lambda lib, z, w: z.real * w + z.imag * w.real,
    "complex of parts": lambda lib, z, w: lib.complex(z.abs(), w.imag) * z,
    "polar": lambda lib, z, w: lib.polar(z.abs(), w.angle()) * z,
    "pairs": lambda lib, z, w: lib.view_as_complex(lib.view_as_real(z) * lib.view_as_real(w)),
    "matmul": lambda lib, z, w: z @ w.mT,
    "adjoint": lambda lib, z, w: z.mH @ w,
    "sum, mean": lambda lib, z, w: z.sum(0) * w.mean(1, keepdim=True),
    "prod": lambda lib, z, w: z.prod(1) * w.prod(),
    "cumsum, cumprod": lambda lib, z, w: z.cumsum(0) * w.cumprod(1),
    "cat, stack": lambda lib, z, w: lib.cat([z, w], 1).sum(0) * lib.stack([w, z]).prod(0).sum(),
    "indexing": lambda lib, z, w: z[0, [0, 2, 0]] * w[:, 1:2],
    "where": lambda lib, z, w: lib.where(z.real > 0, z, w),
    "norm": lambda lib, z, w: z.norm() * w.norm(dim=1),
    "norms": lambda lib, z, w: z.norm(1, 0) * w.norm(3, 0),
    "var, std": lambda lib, z, w: z.var(0) + w.std(0),
    "shapes": lambda lib, z, w: (z.reshape(3, 2).T.flip(0) * w.unsqueeze(0)).permute(0, 2, 1),
    "einsum": lambda lib, z, w: lib.einsum("ij,kj->ik", z, w),
    "real with complex": lambda lib, z, w: z.abs() * w + w.real / z,
    "to and from real": lambda lib, z, w: z.real.cdouble() * w,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_and_their_derivatives(name: str) -> None:
    def program(lib: Any) -> Any:
        z, w = leaf(lib, Z), leaf(lib, W)
        out = FUNCTIONS[name](lib, z, w)
        weights = lib.tensor(np.linspace(-1, 2, out.numel()).reshape(tuple(out.shape)).tolist(), dtype=lib.float64)
        loss = ((out * (weights - 0.5j * weights**2)).abs() ** 2).sum()
        first = lib.autograd.grad(loss, [z, w], create_graph=True)
        again = sum((g * (0.3 + 0.7j)).real.sum() + (g.imag**2).sum() for g in first)
        second = lib.autograd.grad(again, [z, w], allow_unused=True, materialize_grads=True)
        return [out, loss, *[g.resolve_conj() for g in (*first, *second)]]

    agree(program, rtol=1e-9, atol=1e-9)


def test_the_gradient_points_where_the_loss_grows(backend: Backend) -> None:
    z = cr.tensor([3 + 4j, 1 - 1j], dtype=cr.complex128, requires_grad=True)
    (z.abs() ** 2).sum().backward()
    np.testing.assert_allclose(z.grad.tolist(), [6 + 8j, 2 - 2j])


def test_wherever_a_gradient_is_seen() -> None:
    """`.grad`, hooks, retained gradients, node hooks, accumulated gradients, and a given gradient."""

    def program(lib: Any) -> Any:
        seen: list[Any] = []
        z, w = leaf(lib, Z), leaf(lib, W)
        z.register_hook(lambda g: seen.append(g.resolve_conj().clone()))
        y = z * w
        y.retain_grad()
        y.register_hook(lambda g: seen.append(g.resolve_conj().clone()) or g * (2 - 1j))
        y.grad_fn.register_hook(lambda inputs, outputs: seen.extend(g.resolve_conj().clone() for g in outputs))
        u = y * y.conj() * (1 + 1j)
        for _ in range(2):
            u.backward(lib.tensor([[1 + 1j, 2.0, 3j], [0.5, -1j, 1.0]], dtype=lib.complex128), retain_graph=True)
        inner = lib.autograd.grad(u, y, lib.ones_like(u) * 1j)
        return [z.grad, w.grad, y.grad, seen, inner]

    agree(program)


def test_a_complex_gradient_for_a_real_tensor() -> None:
    x = cr.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(RuntimeError, match="the gradient is complex64, this tensor float32"):
        (x * x).backward(cr.tensor([1j, 2.0]))
    assert x.grad is None


def test_a_function_of_ones_own() -> None:
    def program(lib: Any) -> Any:
        class Times(lib.autograd.Function):
            @staticmethod
            def forward(ctx: Any, a: Any, b: Any) -> Any:
                ctx.save_for_backward(a, b)
                return a * b

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:  # in the convention of users: with conjugates
                a, b = ctx.saved_tensors
                return g * b.conj(), g * a.conj()

        class Size(lib.autograd.Function):
            @staticmethod
            def forward(ctx: Any, a: Any) -> Any:
                ctx.save_for_backward(a)
                return a.abs() ** 2

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                (a,) = ctx.saved_tensors
                return 2 * g * a

        z, w = leaf(lib, Z), leaf(lib, W)
        out = Size.apply(Times.apply(z, w) * (1 + 2j))
        first = lib.autograd.grad(out.sum(), [z, w], create_graph=True)
        second = lib.autograd.grad(sum((g * 1j).real.sum() for g in first), [z, w])
        return [out, *first, *second]

    agree(program)


IN_PLACE: dict[str, Callable[[Any, Any], None]] = {
    "real *=": lambda lib, y: y.real.mul_(3),
    "imag =": lambda lib, y: setattr(y, "imag", y.real * 2),
    "real = number": lambda lib, y: setattr(y, "real", 0.25),
    "imag +=": lambda lib, y: setattr(y, "imag", y.imag + 1),
    "pair": lambda lib, y: lib.view_as_real(y)[1, 0].copy_(lib.tensor([7.0, 8.0], dtype=lib.float64)),
    "pairs *=": lambda lib, y: lib.view_as_real(y).mul_(lib.tensor([2.0, 3.0], dtype=lib.float64)),
    "part of a part": lambda lib, y: y[0].imag[1:].mul_(y[1, 0].real.clone()),
    "transposed": lambda lib, y: y.T.real[1].fill_(2.0),
    "conj_physical_": lambda lib, y: y.conj_physical_(),
    "sgn_": lambda lib, y: y.sgn_(),
    "mul_": lambda lib, y: y.mul_(2 - 1j),
    "setitem": lambda lib, y: y.__setitem__((slice(None), 0), y[:, 1] * 1j),
}


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place_through_views(name: str) -> None:
    def program(lib: Any) -> Any:
        z = leaf(lib, Z)
        y = z * (1 - 0.5j)
        early = y.real
        IN_PLACE[name](lib, y)
        ((y * (0.3 + 1j)).abs() ** 2 + early * y.imag).sum().backward()
        return [y, early, z.grad]

    agree(program)


def test_real_memory_written_as_complex_numbers() -> None:
    def program(lib: Any) -> Any:
        x = lib.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=lib.float64, requires_grad=True)
        y = x * 1
        z = lib.view_as_complex(y)
        z *= 1 + 2j
        z.real += z.imag.detach()
        (y**2).sum().backward()
        return [y, x.grad]

    agree(program)


def test_a_leaf_is_not_written_through_its_parts(backend: Backend) -> None:
    z = cr.tensor([1j], requires_grad=True)
    with pytest.raises(RuntimeError, match="view of a leaf"):
        z.real.zero_()
    with cr.no_grad():
        z.imag = 3
    assert z.tolist() == [3j]


def test_views_are_views_and_the_rest_is_not(backend: Backend) -> None:
    z = cr.tensor(Z)
    z.real[0, 0] = 9
    cr.view_as_real(z)[0, 1, 1] = -9
    assert z[0, 0].item() == 9 + 2j
    assert z[0, 1].item().imag == -9
    x = cr.ones(3)
    assert x.real is x and x.conj() is x and cr.real(x) is x
    assert cr.resolve_conj(z) is z and cr.resolve_neg(z) is z


# What has no meaning

UNORDERED: dict[str, Callable[[Any, Any], Any]] = {
    "lt": lambda lib, z: z < z, "le": lambda lib, z: z <= 1, "gt": lambda lib, z: z > z, "ge": lambda lib, z: 1 >= z,
    "floor": lambda lib, z: z.floor(), "ceil": lambda lib, z: z.ceil(), "trunc": lambda lib, z: z.trunc(),
    "round": lambda lib, z: z.round(), "frac": lambda lib, z: z.frac(), "sign": lambda lib, z: z.sign(),
    "floor_divide": lambda lib, z: z // z, "remainder": lambda lib, z: z % z, "fmod": lambda lib, z: z.fmod(z),
    "relu": lambda lib, z: z.relu(), "clamp": lambda lib, z: z.clamp(0, 1), "maximum": lambda lib, z: lib.maximum(z, z),
    "minimum": lambda lib, z: lib.minimum(z, z), "fmax": lambda lib, z: lib.fmax(z, z),
    "fmin": lambda lib, z: lib.fmin(z, z), "max": lambda lib, z: z.max(), "min": lambda lib, z: z.min(0),
    "amax": lambda lib, z: z.amax(0), "argmin": lambda lib, z: z.argmin(), "sort": lambda lib, z: z.sort(),
    "topk": lambda lib, z: z.topk(1), "median": lambda lib, z: z.median(), "kthvalue": lambda lib, z: z.kthvalue(1),
    "cummax": lambda lib, z: z.cummax(0), "atan2": lambda lib, z: lib.atan2(z, z),
    "hypot": lambda lib, z: lib.hypot(z, z), "erf": lambda lib, z: z.erf(), "leaky_relu": lambda lib, z:
    lib.nn.functional.leaky_relu(z), "elu": lambda lib, z: lib.nn.functional.elu(z), "softplus": lambda lib, z:
    lib.nn.functional.softplus(z), "hardtanh": lambda lib, z: lib.nn.functional.hardtanh(z), "gelu": lambda lib, z:
    lib.nn.functional.gelu(z), "quantile": lambda lib, z: z.quantile(0.5),
}  # fmt: skip


@pytest.mark.parametrize("name", UNORDERED)
def test_what_needs_an_order_refuses(name: str, backend: Backend) -> None:
    assert raised(lambda: UNORDERED[name](torch, torch.tensor(Z))) is not None
    with pytest.raises((TypeError, RuntimeError), match="complex"):
        UNORDERED[name](cr, cr.tensor(Z))


@pytest.mark.parametrize(
    "call",
    [
        lambda lib: lib.imag(lib.ones(2)),
        lambda lib: lib.ones(2).imag,
        lambda lib: lib.view_as_real(lib.ones(2)),
        lambda lib: lib.view_as_complex(lib.ones(3)),
        lambda lib: lib.view_as_complex(lib.ones(2, 4)[:, ::3]),
        lambda lib: lib.view_as_complex(lib.ones(2, dtype=lib.int64)),
        lambda lib: lib.complex(lib.ones(2), lib.ones(2, dtype=lib.float64)),
        lambda lib: lib.complex(lib.ones(2, dtype=lib.int64), lib.ones(2, dtype=lib.int64)),
        lambda lib: lib.polar(lib.ones(2), lib.ones(2, dtype=lib.float64)),
        lambda lib: lib.ones(2, 2, 2).H,
        lambda lib: lib.adjoint(lib.ones(2)),
        lambda lib: lib.ones(2, dtype=lib.complex64, requires_grad=True).sum().backward(),
        lambda lib: lib.ones(2).mul_(1j),
    ],
)
def test_errors(call: Callable[[Any], Any]) -> None:
    theirs = raised(lambda: call(torch))
    assert theirs is not None
    with pytest.raises(getattr(__import__("builtins"), theirs)):
        call(cr)


def test_there_is_no_half_of_it() -> None:
    with pytest.raises(RuntimeError, match="cfloat"):
        cr.ones(2).chalf()


# Made, shown, trained


def test_creation() -> None:
    def program(lib: Any) -> Any:
        return [
            lib.tensor(1 + 2j), lib.tensor([1 + 2j, 3]), lib.tensor([1, 2], dtype=lib.cdouble),
            lib.zeros(2, 3, dtype=lib.complex64), lib.ones(2, dtype=lib.cfloat), lib.eye(2, dtype=lib.complex128),
            lib.full((2,), 1j), lib.full((2,), 1 - 1j, dtype=lib.complex128), lib.zeros_like(lib.tensor([1j])),
            lib.tensor([1.0, 2.0]).cfloat(), lib.tensor([1.0, 2.0]).cdouble(), lib.tensor([1.0]) * 2j,
            lib.tensor([1.0], dtype=lib.float64) + 2j, lib.tensor([1j]) * lib.tensor([2.0], dtype=lib.float64),
            lib.isreal(lib.tensor([1j, 2])), lib.is_complex(lib.tensor([1j])),
            lib.tensor([1j]).is_complex(), complex(lib.tensor(2j)), lib.tensor([[1j, 2]]).tolist(),
        ]  # fmt: skip

    agree(program, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_random_numbers(dtype: str, backend: Backend) -> None:
    wanted = getattr(cr, dtype)
    z, u = cr.randn(100, 200, dtype=wanted), cr.rand(100, 200, dtype=wanted)
    for drawn in (z, u, cr.randn_like(z), cr.rand_like(u)):
        assert (drawn.dtype, drawn.shape, drawn.backend) == (wanted, (100, 200), backend)
    assert float((z.abs() ** 2).mean()) == pytest.approx(1, abs=0.05)
    assert float((z.real * z.imag).mean()) == pytest.approx(0, abs=0.02)
    for part in (u.real, u.imag):
        assert 0 <= float(part.min()) and float(part.max()) < 1
        assert float(part.mean()) == pytest.approx(0.5, abs=0.02)
    cr.manual_seed(5)
    first = cr.randn(3, dtype=wanted)
    cr.manual_seed(5)
    assert cr.equal(first, cr.randn(3, dtype=wanted))
    assert cr.randn(0, 2, dtype=wanted, requires_grad=True).requires_grad


def test_they_print() -> None:
    assert repr(cr.tensor([1 + 2j, -1j])) == "tensor([ 1.+2.j, -0.-1.j])"
    text = repr(cr.tensor([1.5 + 2j], dtype=cr.complex128, requires_grad=True) * 2)
    assert text == "tensor([3.+4.j], dtype=complex128, grad_fn=<MulBackward>)"
    assert repr(cr.tensor(0.25 + 2j, requires_grad=True)) == "tensor(0.2500+2.0000j, requires_grad=True)"


def test_they_are_drawn(tmp_path: Any) -> None:
    z = cr.tensor(Z, requires_grad=True)
    z.name = "z"
    loss = ((z * (1 + 1j)).abs() ** 2).sum()
    loss.backward()
    assert "complex64" in str(cr.visualize(loss))


OPTIMIZERS: dict[str, Callable[[Any, Any], Any]] = {
    "SGD": lambda o, p: o.SGD(p, lr=0.1),
    "SGD, momentum": lambda o, p: o.SGD(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.1),
    "Adam": lambda o, p: o.Adam(p, lr=0.1, weight_decay=0.01),
    "Adam, amsgrad": lambda o, p: o.Adam(p, lr=0.1, amsgrad=True),
    "AdamW": lambda o, p: o.AdamW(p, lr=0.1),
    "RMSprop": lambda o, p: o.RMSprop(p, lr=0.01),
    "RMSprop, centered": lambda o, p: o.RMSprop(p, lr=0.01, centered=True, momentum=0.5),
    "Adagrad": lambda o, p: o.Adagrad(p, lr=0.1, initial_accumulator_value=0.2),
    "Adamax": lambda o, p: o.Adamax(p, lr=0.1),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_take_a_complex_number_for_two_real_ones(name: str) -> None:
    def program(lib: Any) -> Any:
        strided = lib.tensor(W, dtype=lib.complex128).T.detach().requires_grad_()
        real = lib.tensor([1.0, -2.0, 0.5], dtype=lib.float64, requires_grad=True)
        single = lib.tensor(0.5 - 1j, dtype=lib.complex128, requires_grad=True)
        long = (lib.arange(20000, dtype=lib.float64) * (0.001 - 0.002j)).requires_grad_()
        parameters = [leaf(lib, Z), strided, real, single, long]
        optimizer = OPTIMIZERS[name](lib.optim, parameters)
        for _ in range(10):
            optimizer.zero_grad()
            loss = sum(
                (((p - 0.3) * (1 + 0.5j)).abs() ** 2).sum() + ((p * p * 1j).real * 0.2).sum() for p in parameters
            )
            loss.backward()
            optimizer.step()
        held = optimizer.state_dict()["state"]
        state = [s.clone() for k in sorted(held) for _, s in sorted(held[k].items())]
        again = OPTIMIZERS[name](lib.optim, parameters)
        again.load_state_dict(optimizer.state_dict())
        again.step()
        return [*[p.detach() for p in parameters], *state]

    agree(program, rtol=1e-9)

"""Functional transforms against `torch.func`, forward mode, rules of one's own, and checkpointing."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import optree
import pytest
import torch

import chainrule as cr
from chainrule import func
from chainrule.backends import Backend

rng = np.random.default_rng(0)
A, V, W = rng.normal(size=(4, 3)), rng.normal(size=3), rng.normal(size=4)


def agree(program: Callable[[Any, Any], Any]) -> Any:
    """`program(library, its func)` gives the same with chainrule and with PyTorch; results are outside any graph."""
    ours, theirs = program(cr, func), program(torch, torch.func)
    one, structure = optree.tree_flatten(ours)
    two, expected = optree.tree_flatten(theirs)
    assert structure == expected
    for found, wanted in zip(one, two, strict=True):
        assert isinstance(found, cr.Tensor) and not found.requires_grad
        assert found.shape == tuple(wanted.shape)
        np.testing.assert_allclose(found.numpy(), wanted.detach().numpy(), rtol=1e-10, atol=1e-12)
    return ours


def scalar(m: Any) -> Callable[[Any], Any]:
    return lambda x: (m.tensor(A) @ x).sin().exp().sum() * x.prod()


def nested(m: Any) -> Callable[[Any, Any], Any]:
    return lambda x, y: {"a": (m.tensor(A) @ x) * y, "b": [x.cos(), (y.sum(), x[:2])]}


PROGRAMS: dict[str, Callable[[Any, Any], Any]] = {
    "grad": lambda m, f: f.grad(scalar(m))(m.tensor(V)),
    "grad_and_value": lambda m, f: f.grad_and_value(scalar(m))(m.tensor(V)),
    "grad with aux": lambda m, f: f.grad(lambda x: (x.sin().sum(), {"y": x * 2}), has_aux=True)(m.tensor(V)),
    "grad_and_value with aux": lambda m, f: f.grad_and_value(lambda x: (x.sin().sum(), x * 2), has_aux=True)(
        m.tensor(V)
    ),
    "grad by two": lambda m, f: f.grad(lambda x, y: (x @ y).sum(), argnums=(1, 0))(m.tensor(A), m.tensor(V)),
    "grad by the last": lambda m, f: f.grad(lambda x, y: (x @ y).sum(), argnums=-1)(m.tensor(A), m.tensor(V)),
    "grad of a container": lambda m, f: f.grad(lambda p: (p["w"] @ m.tensor(V)).tanh().sum() + p["b"].sum())(
        {"w": m.tensor(A), "b": m.tensor(W)}
    ),
    "grad by what is not used": lambda m, f: f.grad(lambda x, y: x.sum(), argnums=1)(m.tensor(V), m.tensor(W)),
    "vjp": lambda m, f: f.vjp(scalar(m), m.tensor(V))[1](m.tensor(2.0, dtype=m.float64)),
    "vjp of containers": lambda m, f: f.vjp(nested(m), m.tensor(V), m.tensor(W))[1](
        {"a": m.tensor(W), "b": [m.tensor(V), (m.tensor(1.5, dtype=m.float64), m.tensor(V[:2]))]}
    ),
    "jvp": lambda m, f: f.jvp(nested(m), (m.tensor(V), m.tensor(W)), (m.tensor(V + 1), m.tensor(W * 2))),
    "jvp with aux": lambda m, f: f.jvp(lambda x: (x.exp(), x * 3), (m.tensor(V),), (m.tensor(V),), has_aux=True),
    "linearize": lambda m, f: [
        f.linearize(nested(m), m.tensor(V), m.tensor(W))[1](m.tensor(V + k), m.tensor(W * k)) for k in (1, 2)
    ],
    "jacrev": lambda m, f: f.jacrev(nested(m), argnums=(0, 1))(m.tensor(V), m.tensor(W)),
    "jacfwd": lambda m, f: f.jacfwd(nested(m), argnums=(0, 1))(m.tensor(V), m.tensor(W)),
    "jacrev of a matrix": lambda m, f: f.jacrev(lambda x: x @ x.T)(m.tensor(A)),
    "jacfwd of a matrix": lambda m, f: f.jacfwd(lambda x: x @ x.T)(m.tensor(A)),
    "jacrev with aux": lambda m, f: f.jacrev(lambda x: (x.exp(), x * 3), has_aux=True)(m.tensor(V)),
    "hessian": lambda m, f: f.hessian(scalar(m))(m.tensor(V)),
    "hessian, forward over forward": lambda m, f: f.jacfwd(f.jacfwd(scalar(m)))(m.tensor(V)),
    "hessian, reverse over forward": lambda m, f: f.jacrev(f.jacfwd(scalar(m)))(m.tensor(V)),
    "third order": lambda m, f: f.jacrev(f.jacrev(f.jacrev(scalar(m))))(m.tensor(V)),
    "third order, mixed": lambda m, f: f.jacfwd(f.hessian(scalar(m)))(m.tensor(V)),
    "a gradient inside a gradient": lambda m, f: f.grad(
        lambda x: f.grad(lambda y: (x * y).sin().sum() * x.sum())(x * 2).pow(2).sum()
    )(m.tensor(V)),
    "perturbations stay apart": lambda m, f: f.grad(lambda x: x * f.grad(lambda y: x + y)(m.tensor(1.0)))(
        m.tensor(2.0)
    ),
    "forward inside reverse": lambda m, f: f.grad(
        lambda x: f.jvp(lambda y: (y * y * x).sin(), (x,), (x.cos(),))[1].sum()
    )(m.tensor(V)),
    "reverse inside forward": lambda m, f: f.jvp(
        lambda x: f.grad(lambda y: (y**3 * x).sum())(x), (m.tensor(V),), (m.tensor(V),)
    ),
    "vjp inside a gradient": lambda m, f: f.grad(lambda x: f.vjp(lambda y: y**3, x)[1](x.sin())[0].sum())(m.tensor(V)),
    "in place inside": lambda m, f: f.grad(lambda x: (x * 1).mul_(x).add_(1).sum())(m.tensor(V)),
    "aux alone depends on what is outside": lambda m, f: f.grad(
        lambda y: f.grad(lambda x: ((x**2).sum(), (y * x.exp()).sum()), has_aux=True)(m.tensor(V))[1]
    )(m.tensor(V + 1)),
    "a gradient by the cotangent": lambda m, f: f.grad(
        lambda g: (f.vjp(lambda x: x.sin(), m.tensor(V))[1](g * g)[0] ** 2).sum()
    )(m.tensor(V + 1)),
    "a gradient by the tangent": lambda m, f: f.grad(
        lambda t: (f.jvp(lambda x: x.sin(), (m.tensor(V),), (t * t,))[1] ** 2).sum()
    )(m.tensor(V + 1)),
    "a vjp made outside": lambda m, f: (lambda pull: f.hessian(lambda g: (pull(g)[0] ** 3).sum())(m.tensor(V)))(
        f.vjp(lambda x: x.exp(), m.tensor(V))[1]
    ),
    "the value of a vjp inside": lambda m, f: f.jacrev(
        lambda x: f.vjp(lambda y: (y, y * x, m.tensor(W)), m.tensor(V))[0]
    )(m.tensor(V)),
    "indices": lambda m, f: f.hessian(lambda x: (x[[0, 1, 1]] ** 3).sum() * x[2])(m.tensor(V)),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_as_in_torch_func(name: str) -> None:
    agree(PROGRAMS[name])


def test_the_outer_graph_is_kept(backend: Backend) -> None:
    x = cr.tensor(V, requires_grad=True, backend=backend.name)
    inner = func.grad(lambda y: (y * y * x).sum())(x)  # 2 x * x, and x * x is differentiated from outside
    (g,) = cr.autograd.grad(inner.sum(), [x])
    np.testing.assert_allclose(backend.to_host(g.array), 4 * V, rtol=1e-12)


def test_nothing_is_recorded_without_an_outer_graph() -> None:
    value, g = func.value_and_grad(lambda y: (y * y).sum())(cr.tensor(V))
    assert not value.requires_grad and not g.requires_grad
    with cr.no_grad():
        x = cr.tensor(V, requires_grad=True)
        assert not func.grad(lambda y: (y * y * x).sum())(x).requires_grad


def test_what_leaves_an_inner_transform_is_part_of_an_outer_graph_only_if_it_depends_on_it() -> None:
    w = cr.tensor(V, requires_grad=True)
    value, pull = func.vjp(lambda x: (x, x * 2, x * w), cr.tensor(V))
    assert [t.requires_grad for t in value] == [False, False, True]
    assert [g.requires_grad for g in pull((value[0], value[0], value[0]))] == [True]
    seen = []
    func.grad(lambda y: seen.extend(func.vjp(lambda x: (x * 2, x * y), cr.tensor(V))[0]) or y.sum())(cr.tensor(V))
    assert [t.requires_grad for t in seen] == [False, True]
    _, push = func.linearize(lambda x: x.sin(), cr.tensor(V))
    tangent = cr.tensor(V, requires_grad=True)
    push(tangent).sum().backward()
    np.testing.assert_allclose(tangent.grad.numpy(), np.cos(V))


IN_PLACE: dict[str, Callable[[Any], Any]] = {
    "all": lambda x: x.mul_(2).sin() * x,
    "a view": lambda x: (x[:2].mul_(x[1].clone()), x**2)[1],
    "an element": lambda x: (x.__setitem__(0, x[1] * x[2]), x.exp())[1],
}


@pytest.mark.parametrize("name", IN_PLACE)
def test_a_function_that_changes_its_argument(name: str) -> None:
    """It does so here too, and the derivative is by what the argument was."""
    program, x, after = IN_PLACE[name], cr.tensor(V), cr.tensor(V)
    program(after)
    found = func.jacrev(program)(x)
    np.testing.assert_array_equal(x.numpy(), after.numpy())
    np.testing.assert_allclose(found.numpy(), func.jacrev(lambda x: program(x * 1))(cr.tensor(V)).numpy())
    np.testing.assert_allclose(found.numpy(), func.jacfwd(program)(cr.tensor(V)).numpy())


def test_what_is_part_of_an_outer_graph_is_not_changed_in_place() -> None:
    for change in (lambda y: y.mul_(2), lambda y: y[:1].mul_(2), lambda y: y.__setitem__(0, 3.0)):

        def changed(x: Any, change: Any = change) -> Any:
            return func.grad(lambda y: (change(y), (y**2).sum())[1])(x * 1).sum()

        with pytest.raises(RuntimeError, match=r"grad: the function changed its argument.*shape \(3,\).*clone"):
            func.grad(changed)(cr.tensor(V))
        assert func.grad(lambda x, c=changed: c(x.detach()) * x.sum())(cr.tensor(V)).shape == (3,)


@pytest.mark.parametrize("make", [func.vjp, func.linearize])
def test_arrays_may_be_changed_after_the_program_has_run(make: Any) -> None:
    x = V.copy()
    value, derivative = make(lambda x: np.exp(x) * x, x)
    value *= 100
    x *= 100
    for _ in range(2):
        (found,) = optree.tree_leaves(derivative(np.ones(3)))
        assert type(found) is np.ndarray
        np.testing.assert_allclose(found, np.exp(V) * (1 + V))


def test_no_transform_holds_a_graph() -> None:
    refs = []

    def program(x: Any) -> Any:
        y = (x.exp() * x).sin()
        refs.append(weakref.ref(y.grad_fn))
        return y

    x = cr.tensor(V)
    calls: list[Callable[[], Any]] = [
        lambda: func.grad(lambda x: program(x).sum())(x),
        lambda: func.hessian(lambda x: program(x).sum())(x),
        lambda: func.hvp(lambda x: program(x).sum(), (x,), (x,)),
        lambda: func.jacrev(program)(x),
        lambda: func.jacfwd(program)(x),
        lambda: func.jvp(program, (x,), (x,)),
        lambda: func.vjp(program, x)[1](x),
        lambda: func.linearize(program, x)[1](x),
    ]
    gc.collect()
    gc.disable()
    try:
        for call in calls:
            refs.clear()
            result = call()
            assert refs and all(made() is None for made in refs), result
    finally:
        gc.enable()


def test_hvp(backend: Backend) -> None:
    x, v = (cr.tensor(a, backend=backend.name) for a in (V, V + 1))
    program = scalar_of(backend)
    value, product = func.hvp(program, (x,), (v,))
    expected = torch.autograd.functional.hvp(scalar(torch), torch.tensor(V), torch.tensor(V + 1))
    np.testing.assert_allclose(backend.to_host(value.array), expected[0], rtol=1e-12)
    np.testing.assert_allclose(backend.to_host(product.array), expected[1], rtol=1e-12)


def scalar_of(backend: Backend) -> Callable[[Any], Any]:
    a = cr.tensor(A, backend=backend.name)
    return lambda x: (a @ x).sin().exp().sum() * x.prod()


def test_jacobians_on_every_backend(backend: Backend) -> None:
    a, x = cr.tensor(A, backend=backend.name), cr.tensor(V, backend=backend.name)
    rows = func.jacrev(lambda x: (a @ x).tanh())(x)
    columns = func.jacfwd(lambda x: (a @ x).tanh())(x)
    np.testing.assert_allclose(backend.to_host(rows.array), backend.to_host(columns.array), rtol=1e-12)


def test_arrays_in_arrays_out() -> None:
    g = func.grad(lambda x: (x * x).sum())(V)
    assert type(g) is np.ndarray
    np.testing.assert_allclose(g, 2 * V)
    value, product = func.jvp(lambda x: x * x, (V,), (V,))
    assert type(value) is np.ndarray and type(product) is np.ndarray
    assert isinstance(func.grad(lambda x, y: (x * y).sum())(cr.tensor(V), V), cr.Tensor)


class Point(NamedTuple):
    x: Any
    y: Any


def test_named_tuples() -> None:
    g = func.grad(lambda p: (p.x * p.y).sum())(Point(cr.tensor(V), cr.tensor(V + 1)))
    assert isinstance(g, Point)
    np.testing.assert_allclose(g.x.numpy(), V + 1)


def test_complex() -> None:
    z = V + 1j * (V - 1)
    agree(lambda m, f: f.grad(lambda z: (z * z * z).abs().sum())(m.tensor(z)))
    agree(lambda m, f: f.jvp(lambda z: (z * z).exp() * z.abs(), (m.tensor(z),), (m.tensor(z * 1j),)))


WRONG = {
    "an integer": (lambda: func.grad(lambda x: x.sum())(cr.tensor([1, 2])), TypeError, "int64"),
    "no tensor": (lambda: func.grad(lambda x: x)("a"), TypeError, "str"),
    "several numbers": (lambda: func.grad(lambda x: x * 2)(cr.tensor(V)), RuntimeError, r"shape \(3,\)"),
    "several tensors": (lambda: func.grad(lambda x: (x.sum(), x.sum()))(cr.tensor(V)), RuntimeError, "2 tensors"),
    "a complex value": (lambda: func.grad(lambda x: x.sum())(cr.tensor([1j])), RuntimeError, "real"),
    "a result that is no tensor": (lambda: func.grad(lambda x: 3)(cr.tensor(V)), TypeError, "int"),
    "no such argument": (lambda: func.grad(lambda x: x.sum(), argnums=1)(cr.tensor(V)), ValueError, "no argument 1"),
    "the same argument twice": (
        lambda: func.grad(lambda x: x.sum(), argnums=(0, -1))(cr.tensor(V)),
        ValueError,
        "twice",
    ),
    "aux forgotten": (lambda: func.grad(lambda x: x.sum(), has_aux=True)(cr.tensor(V)), TypeError, "aux"),
    "primals no tuple": (lambda: func.jvp(lambda x: x, cr.tensor(V), cr.tensor(V)), TypeError, "tuple"),
    "a tangent of another shape": (
        lambda: func.jvp(lambda x: x, (cr.tensor(V),), (cr.tensor(W),)),
        RuntimeError,
        r"\(3,\).*\(4,\)",
    ),
    "a tangent of another structure": (
        lambda: func.jvp(lambda x: x, (cr.tensor(V),), ([cr.tensor(V)],)),
        RuntimeError,
        "structure",
    ),
    "a cotangent of another dtype": (
        lambda: func.vjp(lambda x: x, cr.tensor(V))[1](cr.tensor(V).float()),
        RuntimeError,
        "float64.*float32",
    ),
    "an independent result, strictly": (
        lambda: func.jvp(lambda x: cr.tensor([1.0]), (cr.tensor(V),), (cr.tensor(V),), strict=True),
        RuntimeError,
        "does not depend",
    ),
    "inference mode": (
        lambda: func.jvp(cr.inference_mode()(lambda x: x * 2), (cr.tensor(V),), (cr.tensor(V),)),
        RuntimeError,
        "jvp: .*inference_mode",
    ),
    "a complex Jacobian": (lambda: func.jacrev(lambda x: x * 1j)(cr.tensor(V)), RuntimeError, "view_as_real"),
    "no rule": (lambda: func.custom_vjp(lambda x: x)(cr.tensor(V, requires_grad=True)), RuntimeError, "defvjp"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_calls(name: str) -> None:
    call, kind, text = WRONG[name]
    with pytest.raises(kind, match=text):
        call()


# Rules of one's own


@func.custom_vjp
def log1pexp(x: Any, k: float) -> Any:
    return {"y": (1 + x.exp()).log() * k}


log1pexp.defvjp(lambda x, k: (log1pexp(x, k), (x.sigmoid(), k)), lambda saved, g: (g["y"] * saved[0] * saved[1], None))


@func.custom_jvp
def sine_times(x: Any, y: Any) -> Any:
    return x.sin() * y


sine_times.defjvp(
    lambda primals, t: (
        sine_times(*primals),
        t[0] * primals[0].cos() * primals[1] + primals[0].sin() * t[1],
    )
)

RULES = {
    "custom_vjp": (lambda x: log1pexp(x, 3.0)["y"].sum(), lambda x: ((1 + x.exp()).log() * 3.0).sum()),
    "custom_jvp": (lambda x: sine_times(x, x * 2).sum(), lambda x: (x.sin() * x * 2).sum()),
}
TRANSFORMS: dict[str, Callable[[Any], Any]] = {
    "grad": func.grad,
    "jacfwd": func.jacfwd,
    "hessian": func.hessian,
    "jacrev of jacrev": lambda f: func.jacrev(func.jacrev(f)),
    "jacfwd of jacfwd": lambda f: func.jacfwd(func.jacfwd(f)),
    "third order": lambda f: func.jacfwd(func.jacrev(func.grad(f))),
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_rules_of_ones_own(rule: str, transform: str) -> None:
    with_rule, plain = RULES[rule]
    found, expected = (TRANSFORMS[transform](f)(cr.tensor(V)) for f in (with_rule, plain))
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-12, atol=1e-13)


def test_the_rule_is_what_is_used() -> None:
    @func.custom_vjp
    def clipped(x: Any) -> Any:
        return x * 1

    clipped.defvjp(lambda x: (x * 1, None), lambda saved, g: (g.clamp(-1, 1),))
    np.testing.assert_array_equal(func.grad(lambda x: (clipped(x) * 5).sum())(cr.tensor(V)).numpy(), np.ones(3))
    np.testing.assert_array_equal(clipped(cr.tensor(V)).numpy(), V)


def test_a_rule_with_too_few_cotangents() -> None:
    @func.custom_vjp
    def product(x: Any, y: Any) -> Any:
        return x * y

    product.defvjp(lambda x, y: (x * y, None), lambda saved, g: (g,))
    with pytest.raises(RuntimeError, match="2 cotangents"):
        func.grad(lambda x: product(x, x).sum())(cr.tensor(V))


def _exp(backward: Callable[[Any, Any], Any]) -> Any:
    class Exp(cr.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x.exp())
            return x.exp()

    Exp.backward = staticmethod(backward)
    return Exp.apply


def _outside(ctx: Any, g: Any) -> Any:
    return cr.tensor(g.detach().numpy() * ctx.saved_tensors[0].detach().numpy())


def test_forward_mode_refuses_a_backward_that_does_not_record() -> None:
    """Its transpose cannot be had; the tangent would silently be zero."""
    x = cr.tensor(V)
    unrecorded, once = _exp(_outside), _exp(cr.autograd.function.once_differentiable(_outside))
    for function in (unrecorded, once):
        np.testing.assert_allclose(func.grad(lambda x, f=function: f(x).sum())(x).numpy(), np.exp(V))
    with pytest.raises(RuntimeError, match="forward mode: the backward of Exp .*detach.*jvp"):
        func.jvp(unrecorded, (x,), (x,))
    with pytest.raises(RuntimeError, match="Exp: a backward marked once_differentiable"):
        func.jvp(once, (x,), (x,))
    with pytest.raises(RuntimeError, match="Exp: a backward marked once_differentiable"):
        func.hessian(lambda x: once(x).sum())(x)
    zero = _exp(lambda ctx, g: cr.zeros_like(g))
    np.testing.assert_array_equal(func.jvp(zero, (x,), (x,))[1].numpy(), np.zeros(3))


def test_gradients_refuse_a_rule_that_does_not_record() -> None:
    push = lambda p, t: (p[0], cr.tensor(t[0].detach().numpy() * 2))  # noqa: E731
    np.testing.assert_array_equal(_with_jvp(push).numpy(), 2 * np.eye(3))
    with pytest.raises(RuntimeError, match="rule: the tangent that the rule gives does not depend.*detach"):
        _with_jvp(push, func.jacrev)
    still = _with_jvp(lambda p, t: (p[0], p[0] * 0), func.jacrev)
    np.testing.assert_array_equal(still.numpy(), np.zeros((3, 3)))


def test_rules_take_arguments_by_name() -> None:
    x = cr.tensor(V, requires_grad=True)
    np.testing.assert_allclose(log1pexp(k=2.0, x=x)["y"].detach().numpy(), 2 * np.log1p(np.exp(V)))
    assert log1pexp(x, k=2.0)["y"].grad_fn.name() == "log1pexpBackward"
    with pytest.raises(TypeError, match="log1pexp: .*'z'"):
        log1pexp(x, 2.0, z=2.0)


def _with_vjp(backward: Callable[[Any, Any], Any]) -> Any:
    @func.custom_vjp
    def rule(x: Any, y: Any) -> Any:
        return x["a"] * y

    rule.defvjp(lambda x, y: (x["a"] * y, None), backward)
    return func.grad(lambda x: rule({"a": x}, x).sum())(cr.tensor(V))


def _with_jvp(push: Callable[[Any, Any], Any], transform: Any = func.jacfwd) -> Any:
    @func.custom_jvp
    def rule(x: Any) -> Any:
        return x * 1

    rule.defjvp(push)
    return transform(rule)(cr.tensor(V))


WRONG_RULES = {
    "cotangent of another shape": (lambda: _with_vjp(lambda _, g: ({"a": g[:2]}, g)), RuntimeError, r"\(3,\).*\(2,\)"),
    "cotangent that is an array": (lambda: _with_vjp(lambda _, g: ({"a": V}, g)), TypeError, "ndarray"),
    "cotangent of another structure": (lambda: _with_vjp(lambda _, g: (g, g)), RuntimeError, "structure.*argument 0"),
    "tangent of another shape": (lambda: _with_jvp(lambda p, t: (p[0], t[0][:2])), RuntimeError, r"\(3,\).*\(2,\)"),
    "tangent that is an array": (lambda: _with_jvp(lambda p, t: (p[0], V)), TypeError, "ndarray"),
    "tangent of another dtype": (
        lambda: _with_jvp(lambda p, t: (p[0], t[0].float())),
        RuntimeError,
        "float64.*float32",
    ),
    "transposed tangent of another shape": (
        lambda: _with_jvp(lambda p, t: (p[0], t[0][:2]), func.jacrev),
        RuntimeError,
        r"\(3,\).*\(2,\)",
    ),
}


@pytest.mark.parametrize("name", WRONG_RULES)
def test_wrong_rules(name: str) -> None:
    call, kind, text = WRONG_RULES[name]
    with pytest.raises(kind, match=f"rule.*{text}"):
        call()


def test_a_cotangent_of_a_broadcast_argument_is_summed() -> None:
    found = _with_vjp(lambda _, g: ({"a": cr.stack([g, g])}, None))
    np.testing.assert_array_equal(found.numpy(), [2, 2, 2])


def test_a_jvp_of_a_function_class() -> None:
    class Cube(cr.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            ctx.save_for_forward(x, x * x)
            return x**3

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return g * 3 * x**2

        @staticmethod
        def jvp(ctx: Any, tangent: Any) -> Any:
            _, square = ctx.saved_tensors
            return tangent * 3 * square + 1000  # the 1000 tells that it was used

    _, pushed = func.jvp(Cube.apply, (cr.tensor(V),), (cr.tensor(V),))
    np.testing.assert_allclose(pushed.numpy(), 3 * V**3 + 1000)
    np.testing.assert_allclose(func.grad(lambda x: Cube.apply(x).sum())(cr.tensor(V)).numpy(), 3 * V**2)


# Checkpointing


def _two_layers(backend: Backend, checkpointed: bool) -> tuple[Any, list[Any]]:
    cr.manual_seed(3)
    w = cr.tensor(np.eye(5) + 0.1, requires_grad=True, backend=backend.name)
    x = cr.tensor(np.linspace(0, 1, 15).reshape(3, 5), requires_grad=True, backend=backend.name)

    def layer(x: Any) -> Any:
        return cr.nn.functional.dropout((x @ w).tanh(), 0.5).exp()

    y = x
    for _ in range(3):
        y = cr.checkpoint(layer, y) if checkpointed else layer(y)
    return y, [w, x]


def test_checkpoint_changes_no_gradient(backend: Backend) -> None:
    results = []
    for checkpointed in (False, True):
        y, leaves = _two_layers(backend, checkpointed)
        first = cr.autograd.grad(y.sum(), leaves, create_graph=True)
        second = cr.autograd.grad(sum((g * g).sum() for g in first), leaves)
        results.append([backend.to_host(g.detach().array) for g in (*first, *second)])
    for plain, dropped in zip(*results, strict=True):
        np.testing.assert_array_equal(plain, dropped)


def test_checkpoint_keeps_nothing() -> None:
    gc.collect()
    x = cr.ones(1000, 1000, requires_grad=True)

    def layer(x: Any) -> Any:
        return x.sin().cos().tanh().exp()

    plain, dropped = layer(x), cr.checkpoint(layer, x)
    saved = [sum(a.nbytes for a in cr.autograd.node.saved_arrays(n)) for n in _nodes(plain)]
    assert sum(saved) >= 4 * x.nbytes
    assert not [a for n in _nodes(dropped) for a in cr.autograd.node.saved_arrays(n)]
    before = _streams()
    dropped.sum().backward()
    assert _streams() == before, "the random streams stand where they stood"


def _streams() -> Any:
    return cr.get_rng_state()


def _nodes(tensor: Any) -> list[Any]:
    return cr.autograd.engine.topological([tensor.grad_fn])


def test_checkpoint_of_a_function_that_changes_its_mind() -> None:
    calls = []

    def fickle(x: Any) -> Any:
        calls.append(1)
        return x.sin() if len(calls) == 1 else x.cos().exp()

    y = cr.checkpoint(fickle, cr.tensor(V, requires_grad=True))
    with pytest.raises(RuntimeError, match="other operations"):
        y.sum().backward()


def _checkpoint_changed(change: Callable[[Any, Any, list[int]], Any], function: Any = None) -> Any:
    x, w, size = cr.tensor(V, requires_grad=True) * 1, cr.tensor(V, requires_grad=True), [3]
    y = cr.checkpoint(function or (lambda x: (x[: size[0]] + w).exp()), x)
    with cr.no_grad():
        change(x, w, size)
    return y.sum().backward()


CHANGED = {
    "an argument": (lambda: _checkpoint_changed(lambda x, w, size: x.mul_(2)), r"an argument.*\(3,\).*mul_"),
    "a leaf": (lambda: _checkpoint_changed(lambda x, w, size: w.mul_(2)), r"a leaf.*\(3,\).*mul_"),
    "an argument, by the function": (
        lambda: _checkpoint_changed(lambda x, w, size: None, lambda x: x.mul_(2).exp()),
        "an argument.*mul_",
    ),
    "a shape": (
        lambda: _checkpoint_changed(lambda x, w, size: size.__setitem__(0, 1)),
        r"getitem of shape \(1,\).*for getitem of shape \(3,\)",
    ),
}


@pytest.mark.parametrize("name", CHANGED)
def test_checkpoint_of_what_was_changed_since(name: str) -> None:
    call, text = CHANGED[name]
    with pytest.raises(RuntimeError, match=text):
        call()


def test_checkpoint_keeps_its_arguments_when_a_container_is_changed() -> None:
    x = cr.tensor(V, requires_grad=True)
    given = [x * 2, x]
    y = cr.checkpoint(lambda pair: pair.pop() * pair[0].exp(), given)
    given[0] = x * 100
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.exp(2 * V) * (1 + 2 * V))


def test_checkpoint_after_an_error_in_the_second_run() -> None:
    runs = []

    def function(x: Any) -> Any:
        runs.append(1)
        if len(runs) == 2:
            raise KeyError("second")
        return cr.nn.functional.dropout(x.exp(), 0.5)

    x = cr.tensor(V, requires_grad=True)
    y = cr.checkpoint(function, x)
    state = _streams()
    with pytest.raises(KeyError):
        y.sum().backward()
    assert _streams() == state and x.grad is None
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), y.detach().numpy())


def test_checkpoint_without_a_graph() -> None:
    with cr.no_grad():
        assert not cr.checkpoint(lambda x: x * 2, cr.ones(2, requires_grad=True)).requires_grad


def test_a_random_state_comes_back(backend: Backend) -> None:
    with cr.use_backend(backend.name):
        state = cr.get_rng_state()
        one = cr.rand(5)
        cr.set_rng_state(state)
        two = cr.rand(5)
    np.testing.assert_array_equal(backend.to_host(one.array), backend.to_host(two.array))
    with pytest.raises(TypeError, match="get_rng_state"):
        cr.set_rng_state(5)

"""The checker, checked: right gradients pass, and every kind of wrong one is found and described."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from judge import leaf

import chainrule as cr
from chainrule.autograd.gradcheck import GradcheckError
from chainrule.backends import Backend

X = [[0.5, -1.5, 2.0], [1.0, 0.25, -0.75]]
gradcheck, gradgradcheck = cr.autograd.gradcheck, cr.autograd.gradgradcheck


def custom(forward: Callable[..., Any], backward: Callable[..., Any], name: str = "Custom") -> Any:
    """A function of one tensor with the derivative one says it has: `backward(g, x)`."""

    class Made(cr.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return forward(x)

        @staticmethod
        def backward(ctx: Any, *g: Any) -> Any:
            return backward(*g, *ctx.saved_tensors)

    def call(x: Any) -> Any:
        return Made.apply(x)

    call.__name__ = name
    return call


@pytest.fixture(params=[False, True], ids=["slow", "fast"])
def fast(request: pytest.FixtureRequest) -> bool:
    return request.param


def test_right_gradients_pass(backend: Backend, fast: bool) -> None:
    x, w = leaf(cr, X), leaf(cr, X)
    for function, inputs in [
        (lambda x: x.tanh(), x),
        (lambda x, w: x @ w.transpose(0, 1), (x, w)),
        (lambda x, n, w: (x * n, (w * x).sum()), (x, 3, w)),
        (lambda x, c: x * c, (x, leaf(cr, X, requires_grad=False))),
        (lambda x: x, (x,)),
        (lambda x: x.sum(0), (x,)),
        (lambda x: x.max(dim=1), (x,)),  # its indices have no gradient
    ]:
        assert gradcheck(function, inputs, fast_mode=fast) is True
        assert gradgradcheck(function, inputs, fast_mode=fast) is True


def test_0_d_0_size_and_strided_inputs(backend: Backend, fast: bool) -> None:
    storage = backend.asarray(leaf(cr, X * 2, requires_grad=False).numpy(force=True))
    strided = cr.Tensor(storage[::2, ::2], requires_grad=True)
    assert strided.shape == (2, 2)
    empty = cr.zeros((0, 3), dtype=cr.float64, requires_grad=True)
    for tensor in (leaf(cr, 0.7), strided, empty, cr.Tensor(storage.T, requires_grad=True)):
        assert gradcheck(lambda t: (t.sin(), t.sum()), tensor, fast_mode=fast)
        assert gradgradcheck(lambda t: (t.sin(), t.sum()), tensor, fast_mode=fast)


def test_inputs_are_left_as_they_were(backend: Backend, fast: bool) -> None:
    x = leaf(cr, X)
    gradcheck(lambda t: t.exp(), x, fast_mode=fast)
    assert x.tolist() == X and x.grad is None

    def fails(t: Any) -> Any:
        if t.tolist() != X:
            raise ZeroDivisionError
        return t.exp()

    with pytest.raises(ZeroDivisionError):
        gradcheck(fails, x, fast_mode=fast)
    assert x.tolist() == X


def test_a_wrong_gradient_is_described(backend: Backend) -> None:
    wrong = custom(lambda x: x**3, lambda g, x: g * 3 * x * x * (1 + (x == -1.5).to(x.dtype)), name="cube")
    x = leaf(cr, X)
    with pytest.raises(GradcheckError) as caught:
        gradcheck(lambda n, t: (t * n, wrong(t)), (2, x))
    text = str(caught.value)
    assert "output 1 (float64 (2, 3))" in text and "input 1 (float64 (2, 3))" in text
    assert "1 of 36 derivatives differ" in text
    assert "d output[0, 1] / d input[0, 1]: numerical 6.75, analytical 13.5" in text
    assert "numerical, one row per input element" in text and "analytical:\n" in text


def test_the_function_is_named(backend: Backend, fast: bool) -> None:
    cube = custom(lambda x: x**3, lambda g, x: g * x, name="cube")
    with pytest.raises(GradcheckError, match=r"^cube: the gradient is wrong for output 0"):
        gradcheck(cube, leaf(cr, X), fast_mode=fast)


@pytest.mark.parametrize(
    "backward",
    [
        lambda g, x: None,
        lambda g, x: g * 3 * x * x * 1.01,
        lambda g, x: g.sum() * 3 * x * x,
        lambda g, x: g * 3 * x * x + 1,
        lambda g, x: -3 * g * x * x,
        lambda g, x: g * 3 * x * x * (x > 0).to(x.dtype),
        lambda g, x: (g * 3 * x * x).flip(1),
        lambda g, x: g * (x * 0 / 0),
    ],
    ids=["absent", "scaled", "summed", "shifted", "negated", "masked", "flipped", "nan"],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_wrong_gradients_are_found(backward: Callable[..., Any], backend: Backend, fast: bool) -> None:
    cube = custom(lambda x: x**3, backward)
    with pytest.raises(GradcheckError, match="wrong"):
        gradcheck(cube, leaf(cr, X), fast_mode=fast)
    assert gradcheck(cube, leaf(cr, X), fast_mode=fast, raise_exception=False) is False


def test_a_wrong_second_derivative_is_found(backend: Backend, fast: bool) -> None:
    """`x.detach()` makes the first derivative right and the second wrong."""
    cube = custom(lambda x: x**3, lambda g, x: g * 3 * x.detach() * x, name="cube")
    x = leaf(cr, X)
    assert gradcheck(cube, x, fast_mode=fast)
    with pytest.raises(GradcheckError, match=r"the gradient of cube.*wrong"):
        gradgradcheck(cube, x, fast_mode=fast)
    assert gradgradcheck(cube, x, fast_mode=fast, raise_exception=False) is False


def test_a_second_derivative_with_respect_to_the_cotangent_is_checked(backend: Backend, fast: bool) -> None:
    wrong = custom(lambda x: x * 2, lambda g, x: g.detach() * 2 + 0 * x)
    assert gradcheck(wrong, leaf(cr, X), fast_mode=fast)
    with pytest.raises(GradcheckError, match="input 1"):
        gradgradcheck(wrong, leaf(cr, X), fast_mode=fast)


def test_given_cotangents(backend: Backend, fast: bool) -> None:
    x = leaf(cr, X)
    assert gradgradcheck(lambda t: t**3, x, leaf(cr, X), fast_mode=fast)
    with pytest.raises(ValueError, match="1 differentiable outputs, but 2 grad_outputs"):
        gradgradcheck(lambda t: t**3, x, [leaf(cr, X), leaf(cr, X)])


def test_a_gradient_cut_off_is_found(backend: Backend, fast: bool) -> None:
    x, w = leaf(cr, X), leaf(cr, X)
    with pytest.raises(GradcheckError, match="output 0 requires no gradient but changes with input 0"):
        gradcheck(lambda t: t.detach() * 2, x, fast_mode=fast)
    with pytest.raises(GradcheckError, match=r"input 0 \("):
        gradcheck(lambda a, b: a.detach() * b, (x, w), fast_mode=fast)
    assert gradcheck(lambda t: (t.detach() * 0, t > 100), x, fast_mode=fast)


def test_a_backward_that_is_not_repeatable_is_found(backend: Backend, fast: bool) -> None:
    calls = [0]

    def drifting(g: Any, x: Any) -> Any:
        calls[0] += 1
        return g * (2 + 1e-8 * calls[0])

    double = custom(lambda x: x * 2, drifting)
    with pytest.raises(GradcheckError, match=r"two backward passes differ.*nondet_tol is 0\.0"):
        gradcheck(double, leaf(cr, X), fast_mode=fast)
    assert gradcheck(double, leaf(cr, X), fast_mode=fast, nondet_tol=1e-5)


def test_absent_gradients_must_count_as_zero(backend: Backend, fast: bool) -> None:
    class Pair(cr.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.set_materialize_grads(False)
            ctx.save_for_backward(x)
            return x * 2, x * 3

        @staticmethod
        def backward(ctx: Any, g1: Any, g2: Any) -> Any:
            (x,) = ctx.saved_tensors
            if g2 is None:
                return g1 * 2 + (x * 0 + 1 if g1.tolist() != [0.0] * 2 and drift[0] else 0)
            return g2 * 3 if g1 is None else g1 * 2 + g2 * 3

    drift = [False]
    x = leaf(cr, [1.0, 2.0])
    assert gradcheck(Pair.apply, x, fast_mode=fast)
    drift[0] = True
    with pytest.raises(GradcheckError):
        gradcheck(Pair.apply, x, fast_mode=fast)


def test_only_the_absent_case_is_wrong(backend: Backend, fast: bool) -> None:
    class Three(cr.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.set_materialize_grads(False)
            return x * 1, x * 2, x * 4

        @staticmethod
        def backward(ctx: Any, *g: Any) -> Any:
            given = [k for k, part in enumerate(g) if part is not None]
            right = sum(g[k] * (1, 2, 4)[k] for k in given)
            return right * 2 if given == [0, 2] else right

    x = leaf(cr, [1.0, 2.0])
    with pytest.raises(GradcheckError, match="output 1 receiving no gradient and receiving zeros"):
        gradcheck(Three.apply, x, fast_mode=fast)
    assert gradcheck(Three.apply, x, fast_mode=fast, check_undefined_grad=False)


def test_changing_outputs_are_found(backend: Backend) -> None:
    def erratic(t: Any) -> Any:
        return t[:1] * 2 if t.tolist() == X else t * 2

    with pytest.raises(GradcheckError):
        gradcheck(erratic, leaf(cr, X))


def test_what_cannot_be_checked(backend: Backend) -> None:
    with pytest.raises(ValueError, match="no input requires a gradient"):
        gradcheck(lambda t: t, leaf(cr, X, requires_grad=False))
    expanded = leaf(cr, [1.0], requires_grad=False).expand(3).requires_grad_()
    with pytest.raises(ValueError, match=r"input 1 share memory.*clone"):
        gradcheck(lambda n, t: t * n, (2, expanded))


def test_low_precision_is_warned_of(backend: Backend, fast: bool) -> None:
    x = cr.tensor(X, dtype=cr.float32, requires_grad=True)
    with pytest.warns(UserWarning, match="input 0 is float32"):
        assert gradcheck(lambda t: t.tanh(), x, eps=1e-2, atol=1e-2, rtol=1e-2, fast_mode=fast)
    with pytest.warns(UserWarning, match="float32"), pytest.raises(GradcheckError):
        gradcheck(lambda t: t.tanh() * 100, x)


def test_it_works_under_no_grad_and_leaves_no_gradient(backend: Backend, fast: bool) -> None:
    x, w = leaf(cr, X), leaf(cr, X)
    with cr.no_grad():
        assert gradcheck(lambda a, b: a * b, (x, w), fast_mode=fast)
        assert gradgradcheck(lambda a, b: a * b, (x, w), fast_mode=fast)
    assert x.grad is None and w.grad is None


def test_parameters_reached_through_a_closure(backend: Backend, fast: bool) -> None:
    """`gradcheck(lambda *_: model(x), parameters)`: the inputs themselves are varied, not copies."""
    w, b = leaf(cr, X), leaf(cr, [0.5, 0.5, 0.5])
    x = leaf(cr, X, requires_grad=False)
    assert gradcheck(lambda *_: (x * w + b).tanh(), (w, b), fast_mode=fast)

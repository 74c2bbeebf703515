"""Custom Functions: the whole contract of `forward`, `backward` and `ctx`. PyTorch is the judge where it has a say."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
from judge import agree, leaf, raised

import chainrule as cr
from chainrule.autograd.function import once_differentiable
from chainrule.backends import Backend

X = [0.5, -1.5, 2.0]


def functions(lib: Any) -> Any:
    """The Functions that both libraries are tried on."""

    class Exp(lib.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            y = x.exp()
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (y,) = ctx.saved_tensors
            return g * y

    class Scale(lib.autograd.Function):
        """Arguments of other kinds, some saved on the ctx."""

        @staticmethod
        def forward(ctx: Any, x: Any, factor: float, options: Any, w: Any = None) -> Any:
            ctx.factor, ctx.options = factor, options
            ctx.save_for_backward(x, w)
            out = x * factor + options["shift"][0]
            return out if w is None else out * w

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            x, w = ctx.saved_tensors
            if w is None:
                return g * ctx.factor, None, None, None
            grad_w = g * (x * ctx.factor + ctx.options["shift"][0]) if ctx.needs_input_grad[3] else None
            return g * ctx.factor * w, None, None, grad_w

    class SinCos(lib.autograd.Function):
        """Two outputs, the context set up apart."""

        @staticmethod
        def forward(x: Any) -> Any:
            return x.sin(), x.cos()

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.save_for_backward(*output)

        @staticmethod
        def backward(ctx: Any, g_sin: Any, g_cos: Any) -> Any:
            sin, cos = ctx.saved_tensors
            return g_sin * cos - g_cos * sin

    class Parts(lib.autograd.Function):
        """Outputs with and without a gradient, and one that is no tensor."""

        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            floor = x.floor()
            ctx.mark_non_differentiable(floor)
            ctx.seen = []
            return x * 2, floor, "text", x > 0, None

        @staticmethod
        def backward(ctx: Any, *g: Any) -> Any:
            ctx.seen.append(g)
            return g[0] * 2

    return Exp, Scale, SinCos, Parts


def test_values_and_first_gradients(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        exp, scale, sincos, _ = functions(lib)
        x, w = leaf(lib, X), leaf(lib, X)
        sin, cos = sincos.apply(exp.apply(x * 0.5))
        y = scale.apply(sin, 3.0, {"shift": [1.0]}, w) * cos
        y.sum().backward()
        return y, x.grad, w.grad, exp.apply(x).grad_fn.name(), sincos.apply(x)[1].grad_fn.name()

    assert agree(program)[3:] == ("ExpBackward", "SinCosBackward")


def test_higher_derivatives(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        exp, scale, sincos, _ = functions(lib)
        x, w = leaf(lib, X), leaf(lib, X)
        sin, cos = sincos.apply(x)
        value = (exp.apply(sin) * cos + scale.apply(x * cos, 2.0, {"shift": [0.5]}, w)).sum()
        found = []
        for _ in range(4):
            grads = lib.autograd.grad(value, [x, w], create_graph=True, allow_unused=True)
            found.append(grads)
            value = (grads[0] * grads[0]).sum()
        return found

    agree(program, rtol=1e-9)


def test_gradcheck_of_functions(backend: Backend) -> None:
    exp, scale, sincos, _ = functions(cr)
    x, w = leaf(cr, X), leaf(cr, X)
    for function, inputs in [(exp.apply, (x,)), (sincos.apply, (x,)), (scale.apply, (x, 2.0, {"shift": [1.0]}, w))]:
        assert cr.autograd.gradcheck(function, inputs)
        assert cr.autograd.gradgradcheck(function, inputs)


def test_default_and_keyword_arguments(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        class Weighted(lib.autograd.Function):
            @staticmethod
            def forward(x: Any, w: Any, power: int = 2) -> Any:
                return x**power * w

            @staticmethod
            def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
                x, w, ctx.power = inputs
                ctx.save_for_backward(x, w)

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                x, w = ctx.saved_tensors
                return g * w * ctx.power * x ** (ctx.power - 1), g * x**ctx.power, None

        x, w = leaf(lib, X), leaf(lib, X)
        for y in (Weighted.apply(x, w), Weighted.apply(x, w, 3), Weighted.apply(x, w=w, power=3)):
            y.sum().backward()
        return x.grad, w.grad, raised(lambda: Weighted.apply(x, w, strength=3)), raised(lambda: Weighted.apply(x))

    agree(program)


def test_keyword_only_parameters_are_refused() -> None:
    class Scaled(cr.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, *, factor: float = 2.0) -> Any:
            return x * factor

    with pytest.raises(TypeError, match=r"Scaled.apply.*positional.*factor"):
        Scaled.apply(leaf(cr, X), factor=3.0)


def test_needs_input_grad(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        seen = []

        class Spy(lib.autograd.Function):
            @staticmethod
            def forward(ctx: Any, a: Any, n: int, b: Any) -> Any:
                seen.append(ctx.needs_input_grad)
                return a * n + b

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                seen.append(ctx.needs_input_grad)
                return g, None, g

        Spy.apply(leaf(lib, X), 2, leaf(lib, X, requires_grad=False)).sum().backward()
        return seen

    assert agree(program) == [(True, False, False)] * 2


def test_forward_and_backward_run_without_recording(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        modes = []

        class Spy(lib.autograd.Function):
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                modes.append((lib.is_grad_enabled(), x.requires_grad, (x * 2).requires_grad))
                ctx.save_for_backward(x)
                return x * 2

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                (x,) = ctx.saved_tensors
                modes.append((lib.is_grad_enabled(), x.requires_grad, x is held[-1], (x * 2).requires_grad))
                return g * 2

        held = [leaf(lib, X)]
        Spy.apply(held[-1]).sum().backward()
        lib.autograd.grad(Spy.apply(held[-1]).sum(), held[-1], create_graph=True)
        return modes

    agree(program)


def test_what_receives_no_gradient(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        _, _, sincos, parts = functions(lib)
        x = leaf(lib, X)
        sin, cos = sincos.apply(x)
        sin.sum().backward(retain_graph=True)
        first = x.grad.clone()
        cos.sum().backward()
        out = parts.apply(x)
        facts = [(t.requires_grad, t.is_leaf) for t in (out[0], out[1], out[3])]
        out[0].sum().backward()
        return first, x.grad, facts, out[1:]

    agree(program)


@pytest.mark.parametrize("materialize", [True, False])
def test_materialized_gradients(materialize: bool, backend: Backend) -> None:
    def program(lib: Any) -> Any:
        seen = []

        class Three(lib.autograd.Function):
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                ctx.set_materialize_grads(materialize)
                integers = x.long()
                return x * 1, integers, x * 2, None, x * 3

            @staticmethod
            def backward(ctx: Any, *g: Any) -> Any:
                seen.append(g)
                return sum(part * k for part, k in zip(g, (1, 0, 2, 0, 3), strict=True) if part is not None and k)

        x = leaf(lib, X)
        out = Three.apply(x)
        out[2].sum().backward(retain_graph=True)
        lib.autograd.grad(out[4].sum(), x, create_graph=True)
        return seen, x.grad

    agree(program)


def test_nothing_is_recorded_where_nothing_is_wanted(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        exp, *_ = functions(lib)
        with lib.no_grad():
            a = exp.apply(leaf(lib, X))
        b = exp.apply(leaf(lib, X, requires_grad=False))
        return a, b, a.requires_grad, b.requires_grad, a.grad_fn, b.grad_fn

    agree(program)


def test_inference_mode(backend: Backend) -> None:
    exp, *_ = functions(cr)
    with cr.inference_mode():
        y = exp.apply(leaf(cr, X))
    assert y.is_inference() and not y.requires_grad
    with pytest.raises(RuntimeError, match=r"Exp.*inference_mode"):
        exp.apply(y)


def test_an_input_returned_as_it_is(backend: Backend) -> None:
    """Gradient reversal: the output is a tensor of its own, with the input's values."""

    def program(lib: Any) -> Any:
        class Reverse(lib.autograd.Function):
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                return x

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                return -g

        class Reshaped(Reverse):
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                return x.view(3, 1)

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                return g.view(3) * 5

        x = leaf(lib, X)
        y = Reverse.apply(x)
        (y * y).sum().backward()
        z = Reshaped.apply(x)
        (z * z).sum().backward()
        with lib.no_grad():
            plain = Reverse.apply(x)
        constant = leaf(lib, X, requires_grad=False)
        facts = (
            y is x,
            plain is x,
            plain.requires_grad,
            Reverse.apply(constant) is constant,
            x.requires_grad,
            x.is_leaf,
        )
        return facts, x.grad, y, z

    agree(program)


def test_an_output_shares_no_memory_with_an_input(backend: Backend) -> None:
    class Head(cr.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x[:2]

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return cr.cat([g * 2, g[:1] * 0])

    x = leaf(cr, X)
    y = x * 1
    head = Head.apply(y)
    head.mul_(3)
    assert y.tolist() == X
    y.mul_(10)
    (head.sum() + y.sum()).backward()
    assert x.grad.tolist() == [6.0 + 10, 6.0 + 10, 10.0]


def test_the_same_tensor_as_two_arguments_and_two_outputs(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        class Twice(lib.autograd.Function):
            @staticmethod
            def forward(ctx: Any, a: Any, b: Any) -> Any:
                out = a * b
                ctx.save_for_backward(a, b)
                return out, out * 2

            @staticmethod
            def backward(ctx: Any, g1: Any, g2: Any) -> Any:
                a, b = ctx.saved_tensors
                g = g1 + 2 * g2
                return g * b, g * a

        x = leaf(lib, X)
        one, two = Twice.apply(x, x)
        (one * two).sum().backward()
        return x.grad

    agree(program)


def test_one_tensor_returned_twice(backend: Backend) -> None:
    class Doubled(cr.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            y = x * 2
            return y, y

        @staticmethod
        def backward(ctx: Any, g1: Any, g2: Any) -> Any:
            return 2 * g1 + 20 * g2

    x = leaf(cr, X)
    first, second = Doubled.apply(x)
    (first * 3 + second).sum().backward()
    assert x.grad.tolist() == [26.0] * 3
    first.mul_(0)
    assert second.tolist() == [2 * v for v in X]


def test_other_tensors_may_be_saved(backend: Backend) -> None:
    """Intermediates are constants to the second derivative; a tensor from outside keeps its graph."""

    def program(lib: Any) -> Any:
        outside = leaf(lib, X)

        class Odd(lib.autograd.Function):
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                ctx.save_for_backward(x * 2, outside)
                return x * x * outside

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                double, w = ctx.saved_tensors
                return g * double * w

        x = leaf(lib, X)
        y = Odd.apply(x)
        (g,) = lib.autograd.grad(y.sum(), x, create_graph=True)
        return g, lib.autograd.grad(g.sum(), [outside, x], allow_unused=True)

    agree(program)


def test_what_is_assigned_to_the_ctx_keeps_its_place_in_the_graph(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        class Careless(lib.autograd.Function):
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                ctx.x, ctx.out = x, x.exp()
                return ctx.out

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                return g * ctx.out

        x = leaf(lib, X)
        (g,) = lib.autograd.grad(Careless.apply(x).sum(), x, create_graph=True)
        return g, lib.autograd.grad(g.sum(), x)

    agree(program)
    gc.collect()


# In place


def test_mark_dirty(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        class Double(lib.autograd.Function):
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                x.mul_(2)
                ctx.mark_dirty(x)
                ctx.save_for_backward(x)
                return x

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                (doubled,) = ctx.saved_tensors
                return g * 2 + doubled * 0

        x = leaf(lib, X)
        y = x * 1
        z = Double.apply(y)
        (z * z).sum().backward()
        constant = leaf(lib, X, requires_grad=False)
        same = Double.apply(constant)
        return x.grad, z is y, same is constant, constant, raised(lambda: Double.apply(leaf(lib, X)))

    agree(program)


def test_a_dirty_input_must_be_returned(backend: Backend) -> None:
    class Forgetful(cr.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.mark_dirty(x)
            return x.mul_(2) * 1

    class Wrong(cr.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            y = x * 2
            ctx.mark_dirty(y)
            return y

    with pytest.raises(RuntimeError, match=r"Forgetful.*not returned"):
        Forgetful.apply(leaf(cr, X) * 1)
    with pytest.raises(RuntimeError, match=r"Wrong.*inputs"):
        Wrong.apply(leaf(cr, X) * 1)


def test_a_changed_input_must_be_marked(backend: Backend) -> None:
    """PyTorch lets this pass, with a gradient that is silently wrong."""

    class Sly(cr.autograd.Function):
        @staticmethod
        def forward(ctx: Any, statistics: Any, x: Any) -> Any:
            statistics.add_(1)
            x.mul_(2)
            return x * 1

    with pytest.raises(RuntimeError, match=r"Sly.forward changed input 1 in place.*mark_dirty"):
        Sly.apply(leaf(cr, X, requires_grad=False), leaf(cr, X) * 1)


def test_a_saved_tensor_that_was_changed(backend: Backend) -> None:
    exp, scale, *_ = functions(cr)
    x = leaf(cr, X)
    y = exp.apply(x)
    y.mul_(2)
    with pytest.raises(RuntimeError, match=r"Exp.*changed in place by mul_"):
        y.sum().backward()
    w = leaf(cr, X)
    y = scale.apply(x, 2.0, {"shift": [1.0]}, w)
    with cr.no_grad():
        w.add_(1)
    with pytest.raises(RuntimeError, match=r"Scale.*changed in place by add_"):
        y.sum().backward()
    assert x.grad is None and w.grad is None


# Errors


def test_freed(backend: Backend) -> None:
    exp, *_ = functions(cr)
    y = exp.apply(leaf(cr, X)).sum()
    y.backward()
    with pytest.raises(RuntimeError, match=r"Exp.*test_function\.py:\d+.*retain_graph"):
        y.backward()


def test_wrong_gradients_name_the_function(backend: Backend) -> None:
    def make(result: Any) -> Any:
        class Wrong(cr.autograd.Function):
            @staticmethod
            def forward(ctx: Any, x: Any, n: int) -> Any:
                return x * n

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                return result(g)

        return Wrong

    for result, kind, text in [
        (lambda g: g, RuntimeError, r"Wrong\.backward returned 1 gradients; forward took 2 arguments"),
        (lambda g: (g, None, g), RuntimeError, r"Wrong\.backward returned 3 gradients"),
        (lambda g: (g, g), RuntimeError, r"Wrong\.backward: gradient 1 belongs to an argument that is no tensor"),
        (lambda g: (3.0, None), TypeError, r"Wrong\.backward: gradient 0 is of type float"),
        (lambda g: ([g], None), TypeError, r"Wrong\.backward: gradient 0 is of type list"),
        (lambda g: (g[:2], None), RuntimeError, r"gradient 0 has shape \(2,\), its argument \(3,\)"),
    ]:
        x = leaf(cr, X)
        with pytest.raises(kind, match=text):
            make(result).apply(x, 2).sum().backward()
        assert x.grad is None


def test_gradients_of_another_backend_are_refused() -> None:
    class Elsewhere(cr.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g.to("standin")

    with pytest.raises(RuntimeError, match=r"Elsewhere.*standin.*numpy"):
        Elsewhere.apply(cr.tensor(X, requires_grad=True, backend="numpy")).sum().backward()


def test_lenient_gradients(backend: Backend) -> None:
    """Trailing None for nothing, shapes that sum to the argument's, other dtypes: as PyTorch takes them."""

    def program(lib: Any) -> Any:
        def make(result: Any) -> Any:
            class Lenient(lib.autograd.Function):
                @staticmethod
                def forward(ctx: Any, x: Any) -> Any:
                    return x * 2

                @staticmethod
                def backward(ctx: Any, g: Any) -> Any:
                    return result(g)

            return Lenient

        grads = []
        for result in (
            lambda g: (g, None, None),
            lambda g: lib.ones(4, 3, dtype=lib.float64),
            lambda g: g.float(),
            lambda g: None,
        ):
            x = leaf(lib, X)
            make(result).apply(x).sum().backward()
            grads.append(x.grad)
        return grads

    agree(program)


def test_a_function_without_backward(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        class Half(lib.autograd.Function):
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                return x * 2

        x = leaf(lib, X)
        y = Half.apply(x)
        return y, raised(y.sum().backward)

    agree(program)


def test_bad_arguments_to_the_ctx(backend: Backend) -> None:
    class Saves(cr.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x, 5)
            return x

    class Peeks(cr.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return ctx.saved_tensors

    with pytest.raises(TypeError, match="argument 1 is of type int"):
        Saves.apply(leaf(cr, X))
    with pytest.raises(RuntimeError, match="before forward has returned"):
        Peeks.apply(leaf(cr, X))


def test_tensors_hidden_in_a_container_are_refused(backend: Backend) -> None:
    """PyTorch returns them without a graph."""

    class Listed(cr.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return [x * 1, x * 2]

    with pytest.raises(TypeError, match=r"Listed.forward returned tensors inside a list"):
        Listed.apply(leaf(cr, X))
    assert len(Listed.apply(leaf(cr, X, requires_grad=False))) == 2


def test_functions_are_not_instantiated() -> None:
    exp, *_ = functions(cr)
    with pytest.raises(RuntimeError, match=r"Exp\.apply"):
        exp()


# Once differentiable


def test_once_differentiable(backend: Backend) -> None:
    class Cube(cr.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, g: Any) -> Any:
            assert not cr.is_grad_enabled()
            (x,) = ctx.saved_tensors
            return g * 3 * x * x

    x = leaf(cr, X)
    expected = [3 * v * v for v in X]
    Cube.apply(x).sum().backward()
    assert x.grad.tolist() == expected
    (g,) = cr.autograd.grad(Cube.apply(x).sum(), x, create_graph=True)
    assert g.tolist() == expected
    with pytest.raises(RuntimeError, match=r"Cube.*once_differentiable"):
        g.sum().backward()
    (g,) = cr.autograd.grad((Cube.apply(x) * x).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match=r"Cube.*once_differentiable"):
        g.sum().backward()


# Composition


def test_a_checkpoint(backend: Backend) -> None:
    """Backward computes the forward again, with a graph of its own inside."""

    def program(lib: Any) -> Any:
        class Checkpoint(lib.autograd.Function):
            @staticmethod
            def forward(ctx: Any, run: Any, x: Any) -> Any:
                ctx.run = run
                ctx.save_for_backward(x)
                return run(x)

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                (x,) = ctx.saved_tensors
                inner = x.detach().requires_grad_()
                with lib.enable_grad():
                    y = ctx.run(inner)
                lib.autograd.backward(y, g)
                return None, inner.grad

        x, w = leaf(lib, X), leaf(lib, X)
        y = Checkpoint.apply(lambda t: (t * w).tanh().exp(), x * 2)
        (y * y).sum().backward()
        return x.grad, w.grad

    agree(program)


def test_a_function_inside_a_function(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        exp, *_ = functions(lib)

        class Outer(lib.autograd.Function):
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                ctx.save_for_backward(x)
                return exp.apply(x) * x

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                (x,) = ctx.saved_tensors
                return g * (exp.apply(x) * (1 + x))

        x = leaf(lib, X)
        (g,) = lib.autograd.grad(Outer.apply(x).sum(), x, create_graph=True)
        return g, lib.autograd.grad(g.sum(), x)

    agree(program)


def test_hooks_and_retained_gradients(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        _, _, sincos, _ = functions(lib)
        x = leaf(lib, X)
        sin, cos = sincos.apply(x)
        sin.register_hook(lambda g: g * 2)
        sin.retain_grad()
        cos.retain_grad()
        (sin * sin).sum().backward()
        return x.grad, sin.grad, cos.grad

    agree(program)


def test_grad_with_respect_to_outputs(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        _, _, sincos, _ = functions(lib)
        x = leaf(lib, X)
        sin, cos = sincos.apply(x)
        y = (sin * cos).sum()
        return lib.autograd.grad(y, [sin, cos, x])

    agree(program)


# Memory


def test_a_saved_output_makes_no_cycle(backend: Backend) -> None:
    exp, _, sincos, _ = functions(cr)
    gc.collect()
    gc.disable()
    try:
        for function in (exp, sincos):
            x = leaf(cr, X)
            out = function.apply(x)
            tensors = out if isinstance(out, tuple) else (out,)
            dead = [weakref.ref(t) for t in tensors] + [weakref.ref(tensors[0].grad_fn)]
            dead += [weakref.ref(t.array) for t in tensors]
            del out, tensors
            assert [ref() for ref in dead] == [None] * len(dead)
    finally:
        gc.enable()


def test_what_was_saved_is_freed_by_backward(backend: Backend) -> None:
    _, scale, *_ = functions(cr)
    x = leaf(cr, X)
    inner = x * 1
    held = weakref.ref(inner.array)
    y = scale.apply(inner, 2.0, {"shift": [1.0]}).sum()
    del inner
    assert held() is not None
    y.backward()
    assert held() is None

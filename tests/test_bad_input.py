"""Bad input to tensors and to the engine: what tensors are made of, seeds, modes, backward, hooks, custom functions.
(The functions of tensors, backends, models and files have files of their own, test_bad_input_*.py.)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from refusals import refused, snapshot

import chainrule as cr
from chainrule.backends import Backend

V, T, I, R = ValueError, TypeError, IndexError, RuntimeError

DATA = [
    ("cr.tensor('a')", T, "numbers, arrays, or nested lists", "str"),
    ("cr.tensor(['a', 'b'])", T, "numbers or booleans"),
    ("cr.tensor([1, 'a'])", T, "numbers or booleans"),
    ("cr.tensor([1, None])", T, "numbers or booleans"),
    ("cr.tensor(None)", T, "NoneType"),
    ("cr.tensor({1: 2})", T, "dict"),
    ("cr.tensor(object())", T, "object"),
    ("cr.tensor(x for x in [1])", T, "generator"),
    ("cr.tensor([[1, 2], [3]])", V, "equal lengths"),
    ("cr.tensor([[1, 2], 3])", V, "equal lengths"),
    ("cr.tensor([o(1), o(2)])", V, "equal lengths"),
    ("cr.tensor(np.array(['a']))", T, "numbers or booleans"),
    ("cr.tensor(np.array([object()]))", T, "numbers or booleans"),
    ("cr.tensor(np.zeros(3, dtype=[('a', 'f4')]))", T, "numbers or booleans"),
    ("cr.tensor(np.array(['2020-01-01'], dtype='datetime64[D]'))", T, "numbers or booleans", "datetime64"),
    ("cr.tensor(10**30)", OverflowError, str(10**30), "64 bits"),
    ("cr.tensor(300, dtype=cr.uint8)", OverflowError, "300", "uint8"),
    ("cr.tensor([-1], dtype=cr.uint8)", OverflowError, "equal lengths", "uint8"),
    ("cr.tensor([1 + 1j], dtype=cr.float32)", T, "complex"),
    ("cr.tensor(1.0, dtype=3)", T, "3 is not a dtype"),
    ("cr.tensor(1.0, requires_grad='no')", T, "requires_grad", "'no'"),
    ("cr.tensor(1.0, device='gpu')", V, "'gpu'", "'cuda'"),
    ("cr.tensor(1.0, device='cpu:5')", V, "'cpu:5'", "has cpu"),
    ("cr.tensor(1.0, backend='nonsense')", V, "'nonsense'", "numpy, cupy", "'auto'"),
    ("cr.tensor(1.0, device='abacus:0')", V, "'abacus:0'"),
    ("cr.from_numpy([1, 2])", T, "from_numpy", "list"),
    ("cr.zeros(-1)", R, "zeros", "negative", "(-1,)"),
    ("cr.ones(2, -3)", R, "ones", "(2, -3)"),
    ("cr.empty(1.5)", T, "empty", "every size", "1.5"),
    ("cr.zeros('a')", T, "zeros", "'a'"),
    ("cr.zeros((2, (3,)))", T, "zeros", "(3,)"),
    ("cr.zeros(None)", T, "zeros", "None"),
    ("cr.full((2,), 'a')", T, "full", "fill_value", "str"),
    ("cr.full((2,), [1, 2])", T, "full", "list"),
    ("cr.full((2,), o(3))", T, "full", "0-d"),
    ("cr.full_like(o(2), None)", T, "full", "NoneType"),
    ("o(2).new_full((2,), 'a')", T, "full", "str"),
    ("cr.arange('a')", T, "arange", "'a'"),
    ("cr.arange(0, 1, 0)", R, "arange", "steps of 0"),
    ("cr.arange(1, 0)", R, "arange", "from 1 to 0"),
    ("cr.arange(0, inf)", R, "arange", "end", "finite"),
    ("cr.arange(0, 1, nan)", R, "arange", "step", "finite"),
    ("cr.linspace(0, 1, -1)", R, "linspace", "steps", "-1"),
    ("cr.linspace(0, 1, 2.5)", T, "linspace", "steps", "2.5"),
    ("cr.linspace('a', 1, 2)", T, "linspace", "start", "'a'"),
    ("cr.eye(-1)", R, "eye", "negative"),
    ("cr.eye(2.5)", T, "eye", "2.5"),
    ("F.one_hot(i(), -1)", V, "one_hot", "num_classes"),
    ("F.one_hot(i(1), 'a')", T, "one_hot", "num_classes", "'a'"),
    ("cr.rand(-1)", R, "rand", "negative"),
    ("cr.randn(2.5)", T, "randn", "2.5"),
    ("cr.rand(2, generator=3)", T, "generator", "int"),
    ("cr.randint(5, 5, (2,))", V, "randint", "low", "5 and 5"),
    ("cr.randint(0, 1.5, (2,))", T, "randint", "high", "1.5"),
    ("cr.randint('a', 3, (2,))", T, "randint", "low", "'a'"),
    ("cr.randint(3)", T, "randint", "size"),
    ("cr.randint(0, 300, (2,), dtype=cr.int8)", V, "randint", "int8", "-128 to 127"),
    ("cr.randint(-5, 3, (2,), dtype=cr.uint8)", V, "randint", "uint8", "0 to 255"),
    ("cr.randperm(-1)", V, "randperm", "-1"),
    ("cr.randperm(2.5)", T, "randperm", "2.5"),
    ("cr.normal(0.0, -1.0, (2,))", V, "normal", "std", "-1.0"),
    ("cr.normal(0.0, 1.0)", T, "normal", "size"),
    ("cr.bernoulli(o(2), 2.0)", V, "bernoulli", "2.0"),
]


@pytest.mark.parametrize(("line", "kind", "words"), [(line, kind, words) for line, kind, *words in DATA])
def test_what_no_tensor_can_be_made_of(line: str, kind: type[Exception], words: list[str], backend: Backend) -> None:
    cr.rand(1)  # so that there is a stream
    before = cr.initial_seed()
    refused(line, kind, *words)
    assert cr.initial_seed() == before


@pytest.mark.parametrize("line", ["F.one_hot(i(0, 5), 3)", "F.one_hot(i(-1), 3)", "F.one_hot(i(-1))"])
def test_a_class_that_is_none_on_the_host(line: str) -> None:
    refused(line, IndexError, "one_hot", "out of range")


def test_probabilities_out_of_range_on_the_host() -> None:
    for line in ("cr.bernoulli(t([2.0]))", "cr.bernoulli(t([-1.0]))", "cr.bernoulli(t([nan]))"):
        refused(line, ValueError, "bernoulli", "[0, 1]")


def test_a_foreign_byte_order_becomes_our_own(backend: Backend) -> None:
    x = cr.tensor(np.arange(3, dtype=">f4"), requires_grad=True)
    (x * x).sum().backward()
    assert x.dtype == x.grad.dtype == cr.float32 and x.dtype.isnative
    assert x.grad.tolist() == [0, 2, 4]


@pytest.mark.parametrize(("seed", "kind"), [("'a'", T), ("1.5", T), ("None", T), ("2**64", V), ("-2**63 - 1", V)])
def test_seeds(seed: str, kind: type[Exception], backend: Backend) -> None:
    cr.manual_seed(7)
    first = cr.rand(4).tolist()
    generator = cr.Generator().manual_seed(7)
    for function in ("cr.manual_seed", "generator.manual_seed"):
        cr.manual_seed(7)
        refused(f"{function}({seed})", kind, "manual_seed", "the seed must", generator=generator)
    assert cr.initial_seed() == generator.initial_seed() == 7
    assert cr.rand(4).tolist() == cr.rand(4, generator=generator).tolist() == first


def test_a_negative_seed_is_one_like_others(backend: Backend) -> None:
    cr.manual_seed(-1)
    drawn = cr.rand(4).tolist()
    cr.manual_seed(2**64 - 1)
    assert cr.rand(4).tolist() == drawn
    cr.manual_seed(np.int64(-1))
    assert cr.rand(4).tolist() == drawn and cr.initial_seed() == 2**64 - 1


TENSORS = [
    ("z(3).item()", R, "item()", "(3,)"),
    ("bool(z(3))", R, "3 elements", ".any()"),
    ("float(z(3))", R, "(3,)"),
    ("range(3)[z(())]", T, "index", "float32"),
    ("range(3)[i(0, 1)]", T, "index", "(2,)"),
    ("len(z(()))", T, "0-d"),
    ("list(z(()))", T, "0-d"),
    ("z(3).size(1)", I, "dimension 1", "(3,)"),
    ("w(3).numpy()", R, "detach()"),
    ("z(3).requires_grad_('a')", T, "requires_grad", "'a'"),
    ("z(3).requires_grad_(None)", T, "requires_grad", "None"),
    ("a = w(3) * 1; a.requires_grad_(False)", R, "leaf", "detach()"),
    ("a = z(3); a.data = 3", T, "data", "int"),
    ("a = w(3); a.data = i(1)", R, "data", "int64"),
    ("a = w(3); a.grad = 3", T, "grad", "int"),
    ("a = w(3); a.grad = z(2)", R, "(3,)", "(2,)"),
    ("a = w(3); a.grad = z(3, dtype=cr.float64)", R, "float32", "float64"),
    ("a = w(3); a.grad = a", R, "own gradient"),
    ("z(3).retain_grad()", R, "retain_grad", "does not require"),
    ("z(3).register_hook(print)", R, "register_hook", "does not require"),
    ("w(3).register_hook(3)", T, "hook", "int"),
    ("w(3).register_post_accumulate_grad_hook('a')", T, "hook", "str"),
    ("z(3).register_post_accumulate_grad_hook(print)", R, "does not require"),
    ("(w(3) * 1).register_post_accumulate_grad_hook(print)", R, "leaves"),
    ("(w(3) * 1).grad_fn.register_hook(3)", T, "hook", "int"),
    ("w(3)[0].detach_()", R, "view", "detach()"),
    ("__import__('copy').deepcopy(w(3) * 1)", R, "leaves", "clone()"),
    ("'a' in z(3)", T, "str"),
    ("cr.set_default_dtype(cr.int64)", T, "floating", "int64"),
    ("cr.set_grad_enabled('yes')", T, "set_grad_enabled", "'yes'"),
    ("cr.set_grad_enabled(None)", T, "None"),
    ("cr.no_grad(3)", T, "functions", "int"),
]


@pytest.mark.parametrize(("line", "kind", "words"), [(line, kind, words) for line, kind, *words in TENSORS])
def test_misuse_of_tensors_and_modes(line: str, kind: type[Exception], words: list[str], backend: Backend) -> None:
    refused(line, kind, *words)


# Backward

BACKWARD = [
    ("w(3).backward()", R, "(3,)", ".sum()", "gradient="),
    ("z(3).sum().backward()", R, "no graph", "requires_grad=True"),
    ("i(1).sum().backward()", R, "integer dtype"),
    ("(w(3) > 0).sum().backward()", R, "no graph"),
    ("y = (w(3) * 2).sum(); y.backward(); y.backward()", R, "mul", "freed", "retain_graph=True"),
    ("(w(3) * 1).backward(z(2))", R, "(2,)", "(3,)"),
    ("(w(3) * 1).backward(2.0)", R, "()", "(3,)"),
    ("(w(3) * 1).backward('a')", T, "str"),
    ("w(3).sum().backward(inputs=[])", R, "inputs is empty"),
    ("w(3).sum().backward(inputs=[3])", T, "inputs", "int"),
    ("w(3).sum().backward(inputs='a')", T, "inputs", "str"),
    ("w(3).sum().backward(inputs=[z(3)])", R, "input 0", "does not require"),
    ("x = w(3); cr.autograd.grad(x * 1, x)", R, "(3,)", ".sum()"),
    ("x = w(3); cr.autograd.grad((x * 1).sum(), w(3))", R, "input 0", "allow_unused=True"),
    ("x = w(3); cr.autograd.grad((x * 1).sum(), z(3))", R, "does not require"),
    ("x = w(3); cr.autograd.grad((x * 1).sum(), [])", R, "grad", "inputs is empty"),
    ("x = w(3); cr.autograd.grad((x * 1).sum(), None)", T, "grad", "inputs", "NoneType"),
    ("x = w(3); cr.autograd.grad('a', x)", T, "grad", "outputs", "str"),
    ("x = w(3); cr.autograd.grad([2.0], x)", T, "outputs", "float"),
    ("x = w(3); cr.autograd.grad((x * 1).sum(), x, [None, None])", V, "1 outputs", "2"),
    ("x = w(3); cr.autograd.grad((x * 1).sum(), x, z(2))", R, "(2,)", "()"),
    ("x = w(3); (g,) = cr.autograd.grad((x * x).sum(), x); g.sum().backward()", R, "no graph"),
    ("y = w(3) * 1; p = y * y; y.add_(1); p.sum().backward()", R, "mul", "add_", "float32", "clone()"),
    ("y = w(3).exp(); y.add_(1); y.sum().backward()", R, "exp", "add_", "set_debug(True)"),
    ("m = cr.inference_mode(); m.__enter__(); y = w(3) * 1; m.__exit__(); y * w(3)", R, "mul", "inference_mode",
     "clone()"),
    ("cr.autograd.gradcheck(lambda x: x * 2, [z(3)])", V, "gradcheck", "no input"),
    ("cr.autograd.gradcheck(lambda x: 3, t(1.0, dtype=cr.float64, requires_grad=True))", V, "no tensor", "int"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "kind", "words"), [(line, kind, words) for line, kind, *words in BACKWARD])
def test_backward(line: str, kind: type[Exception], words: list[str], backend: Backend) -> None:
    refused(line, kind, *words)


HOOKS = {
    "a number": lambda g: 3,
    "a text": lambda g: "a",
    "an array": lambda g: np.zeros(3, np.float32),
    "another shape": lambda g: g[:2],
    "another dtype": lambda g: g.double(),
    "booleans": lambda g: g > 0,
    "another backend": lambda g: g.to("standin" if g.backend.name == "numpy" else "cpu"),
}


@pytest.mark.parametrize("place", ["leaf", "inner", "node"])
@pytest.mark.parametrize("hook", HOOKS)
def test_hooks_that_return_what_is_no_gradient(hook: str, place: str, backend: Backend) -> None:
    x = cr.ones(3, requires_grad=True)
    y = x.sin()
    y.retain_grad()
    if place == "node":
        y.grad_fn.register_hook(lambda inputs, outputs: (HOOKS[hook](inputs[0]),))
    else:
        (x if place == "leaf" else y).register_hook(HOOKS[hook])
    with pytest.raises(
        RuntimeError, match=r"hook must return None or a gradient of shape \(3,\), dtype float32.*; got"
    ):
        (y * 2).sum().backward()
    assert x.grad is None and y.grad is None


@pytest.mark.parametrize("returned", [(), (None, None), 3, "a", [None]])
def test_node_hooks_that_return_another_number_of_gradients(returned: Any, backend: Backend) -> None:
    x = cr.ones(3, requires_grad=True)
    y = x.sin()
    y.grad_fn.register_hook(lambda inputs, outputs: returned)
    with pytest.raises(RuntimeError, match="SinBackward: a hook must return None or a tuple of 1 gradients"):
        y.sum().backward()
    assert x.grad is None


def test_a_failed_backward_leaves_every_gradient(backend: Backend) -> None:
    x = cr.ones(3, requires_grad=True)
    (x * 5).sum().backward()
    inner = x.exp()
    y = inner * 2
    y.retain_grad()
    inner.detach().add_(1)
    before = snapshot(x)
    with pytest.raises(RuntimeError, match="changed in place by add_"):
        y.sum().backward()
    assert snapshot(x) == before and y.grad is None  # though backward had passed y


def double(name: str, backward: Any, forward: Any = lambda ctx, x, *_: x * 2) -> Any:
    methods = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    return type(name, (cr.autograd.Function,), methods)


@pytest.mark.parametrize(("backward", "kind", "words"), [
    (lambda ctx, g: (g, g), R, ["2 gradients", "1 arguments"]),
    (lambda ctx, g: (), R, ["0 gradients"]),
    (lambda ctx, g: g[:2], R, ["gradient 0", "(2,)", "(3,)"]),
    (lambda ctx, g: 3.0, T, ["gradient 0", "float"]),
    (lambda ctx, g: [g], T, ["gradient 0", "list"]),
    (lambda ctx, g: g.to("standin" if g.backend.name == "numpy" else "cpu"), R, ["standin", "numpy"]),
    (lambda ctx, g: 1 / 0, ZeroDivisionError, []),
])  # fmt: skip
def test_functions_whose_backward_is_wrong(
    backward: Any, kind: type[Exception], words: list[str], backend: Backend
) -> None:
    if backend.name == "cupy" and "standin" in words:
        pytest.skip("about the other two backends")
    x = cr.ones(3, requires_grad=True)
    y = double("Double", backward).apply(x)
    with pytest.raises(kind) as caught:
        y.sum().backward()
    for word in (["Double"] if words else []) + words:
        assert word in str(caught.value)
    assert x.grad is None


@pytest.mark.parametrize(("line", "kind", "words"), [
    ("Fn()", R, ["static methods", "apply"]),
    ("Fn.apply(w(3))", NotImplementedError, ["forward(ctx"]),
    ("Plain.apply(w(3)).sum().backward()", NotImplementedError, ["backward(ctx"]),
    ("Listed.apply(w(3))", T, ["Listed", "list", "tuple of tensors"]),
    ("Saver.apply(w(3))", T, ["save_for_backward", "int", "ctx.name"]),
    ("Sneaky.apply(w(3) * 1)", R, ["Sneaky", "add_", "mark_dirty"]),
    ("Extra.apply(w(3), 3).sum().backward()", R, ["gradient 1", "no tensor", "None"]),
])  # fmt: skip
def test_functions_that_are_wrong_in_themselves(
    line: str, kind: type[Exception], words: list[str], backend: Backend
) -> None:
    keep: Any = lambda ctx, g: g  # noqa: E731
    refused(
        line, kind, *words, Fn=cr.autograd.Function, Extra=double("Extra", lambda ctx, g: (g, g)),
        Plain=type("Plain", (cr.autograd.Function,), {"forward": staticmethod(lambda ctx, x: x * 2)}),
        Listed=double("Listed", keep, lambda ctx, x: [x * 2]),
        Saver=double("Saver", keep, lambda ctx, x: ctx.save_for_backward(3)),
        Sneaky=double("Sneaky", keep, lambda ctx, x: x.add_(1) * 2),
    )  # fmt: skip

"""gradcheck_graph: a wrong VJP inside a network is found and named, a right one never accused, and what could not be
checked is said."""

from __future__ import annotations

import pytest

import chainrule as cr
from chainrule import func, nn
from chainrule.autograd import gradcheck_graph, set_debug
from chainrule.autograd.gradcheck import GradcheckError
from chainrule.autograd.op import op
from chainrule.backends import Backend

sloppy = op("sloppy_tanh", lambda xp, x: xp.tanh(x), vjp=lambda g, out: g * (1 - out * out) * 1.01)
half_wrong = op("half_wrong", lambda xp, a, b: a * b, vjp=(lambda g, b: g * b, lambda g, a: -g * a), elementwise=True)


class Sloppy(nn.Module):
    def forward(self, x: cr.Tensor) -> cr.Tensor:
        return sloppy(x)


class Cube(cr.autograd.Function):
    """x**3 times a number; the number stands on the ctx under its own name."""

    slope = 3.0

    @staticmethod
    def forward(ctx, x, factor):  # type: ignore[no-untyped-def]
        ctx.factor = factor
        ctx.save_for_backward(x)
        return x**3 * factor

    @staticmethod
    def backward(ctx, g):  # type: ignore[no-untyped-def]
        (x,) = ctx.saved_tensors
        return Cube.slope * x**2 * g * ctx.factor, None


class Secret(cr.autograd.Function):
    """An argument that nobody keeps."""

    @staticmethod
    def forward(ctx, x, factor):  # type: ignore[no-untyped-def]
        ctx.save_for_backward(x)
        return x * 2

    @staticmethod
    def backward(ctx, g):  # type: ignore[no-untyped-def]
        return g * 2, None


class Random(cr.autograd.Function):
    """Another result whenever it is run."""

    @staticmethod
    def forward(ctx, x):  # type: ignore[no-untyped-def]
        ctx.save_for_backward(x)
        return x * cr.rand(x.shape)

    @staticmethod
    def backward(ctx, g):  # type: ignore[no-untyped-def]
        return g


def leaf(*shape: int, dtype: object = None) -> cr.Tensor:
    return cr.randn(*shape, dtype=dtype).requires_grad_()


def statuses(report: object) -> dict[str, str]:
    return {check.node.op.name: check.status for check in report}  # type: ignore[attr-defined]


@pytest.mark.parametrize("dtype", [cr.float32, cr.float64])
def test_a_wrong_op_in_the_middle_of_a_network_is_found(dtype: object, backend: Backend) -> None:
    net = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), Sloppy(), nn.Linear(8, 3)).to(dtype)
    x, y = cr.randn(5, 6, dtype=dtype), cr.tensor([0, 1, 2, 0, 1])
    with set_debug():
        loss = nn.functional.cross_entropy(net(x), y)
    with pytest.raises(GradcheckError) as caught:
        gradcheck_graph(loss)
    text = str(caught.value)
    assert text.startswith("the VJP of sloppy_tanh in Sequential:Sequential/2:Sloppy, called at ")
    assert "test_gradcheck_graph.py:" in text and f"by input x, (5, 8) {dtype}" in text
    assert "also:" not in text
    report = gradcheck_graph(loss, raise_exception=False)
    assert not report
    assert [check.node.op.name for check in report.failed] == ["sloppy_tanh"]
    assert 1e-3 < report.failed[0].error < 3e-2, "one percent, along a random direction"
    assert {check.node.op.name for check in report.passed} >= {"linear", "relu", "cross_entropy"}
    assert not report.unchecked
    assert all(p.grad is None for p in net.parameters())


def test_the_wrong_input_is_named(backend: Backend) -> None:
    a, b = leaf(3, dtype=cr.float64), leaf(3, dtype=cr.float64)
    with pytest.raises(GradcheckError, match="half_wrong is wrong: by input b,"):
        gradcheck_graph(half_wrong(a, b).sum())
    assert gradcheck_graph(half_wrong(a, b.detach()).sum()), "the wrong formula does not run"


def test_a_right_network_passes_whole(backend: Backend) -> None:
    net = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Dropout(0.5), nn.Linear(8, 4))
    h = net(cr.randn(5, 6))
    z = h.clone()
    z[0] = 2 * h[1]
    top, _ = cr.topk(z, 2)
    loss = top.sum() + cr.cat([h, h.T.reshape(5, 4)]).std() + h.softmax(1).log().mean() + h.sort(1)[0].prod()
    loss = loss + (h.to(cr.float64) * 0.5).exp().sum() + h.mean(0).abs().max() + h.clamp(-0.1, 0.1).sum()
    report = gradcheck_graph(loss)
    assert report and len(report) > 25
    assert statuses(report)["setitem"] == "passed"
    assert not report.unchecked, str(report)
    assert "setitem" in str(report) and "largest error" in str(report).splitlines()[0]


def test_kinks_are_no_errors(backend: Backend) -> None:
    x = cr.tensor([0.0, 0.0, 1.0, -1.0], requires_grad=True)
    loss = x.relu().sum() + x.abs().sum() + x.max() + x.floor().sum() + cr.maximum(x, cr.zeros(4)).sum()
    report = gradcheck_graph(loss)
    assert not report.unchecked
    assert any("kink" in check.reason for check in report.passed)


def test_what_no_derivative_depends_on_need_not_be_kept() -> None:
    x = leaf(4, dtype=cr.float64)
    y = ((x.sinh() + cr.rand(4, dtype=cr.float64)) * 3.0 - cr.ones(4)).sum()
    assert not gradcheck_graph(y).unchecked
    hidden = (x.sinh() + cr.rand(4, dtype=cr.float64)).relu()
    assert [check.node.op.name for check in gradcheck_graph(hidden).unchecked] == ["relu"]


def test_complex_and_matrix_ops() -> None:
    z = leaf(3, 3, dtype=cr.complex128)
    symmetric = (lambda a: a @ a.T + 3 * cr.eye(3, dtype=cr.float64))(leaf(3, 3, dtype=cr.float64))
    loss = (z * z.conj()).real.sum() + cr.linalg.inv(z).abs().sum()
    loss = loss + cr.linalg.cholesky(symmetric).sum() + cr.linalg.eigvalsh(symmetric).sum()
    report = gradcheck_graph(loss)
    assert report and not report.unchecked, str(report)


def test_custom_functions(monkeypatch: pytest.MonkeyPatch, backend: Backend) -> None:
    x = leaf(4, dtype=cr.float64)
    y = Cube.apply(x, 2.0)
    assert statuses(gradcheck_graph(y)) == {"Cube": "passed"}
    monkeypatch.setattr(Cube, "slope", 2.0)
    with pytest.raises(GradcheckError, match="the VJP of Cube is wrong: by input x"):
        gradcheck_graph(y)

    @func.custom_vjp
    def square(x):  # type: ignore[no-untyped-def]
        return x * x

    square.defvjp(lambda x: (x * x, x), lambda x, g: (3 * x * g,))
    result = square(x)
    with pytest.raises(GradcheckError, match="finite differences"):
        gradcheck_graph(result)


def reason(tensor: cr.Tensor, name: str) -> str:
    """Why a node was not checked, having made sure that it was not and that the others were."""
    report = gradcheck_graph(tensor)
    assert [check.node.op.name for check in report.unchecked] == [name]
    assert f"unchecked: {report.unchecked[0].place}: {report.unchecked[0].reason}" in str(report)
    return report.unchecked[0].reason


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's, of log(0)
def test_what_cannot_be_checked_is_said(backend: Backend) -> None:
    x = leaf(4)
    secret, random = Secret.apply(x, 2.0), Random.apply(x)
    assert "its argument factor, no tensor, was not kept" in reason(secret, "Secret")
    assert "run again it gives another result" in reason(random, "Random")
    w = leaf(4)
    y = w.exp() + w.sin()
    with cr.no_grad():
        w.mul_(2.0)
    unchecked = {c.node.op.name: c.reason for c in gradcheck_graph(y).unchecked}
    assert "changed in place" in unchecked["sin"] and "its input x has changed since" in unchecked["exp"]
    assert "is not finite" in reason(cr.tensor([0.0, 2.0], requires_grad=True).log(), "log")
    assert "the derivative by input x is not finite" in reason(cr.tensor([0.0], requires_grad=True).sqrt(), "sqrt")
    z = leaf(3).exp()
    z.sum().backward()
    assert "freed by the backward call at" in reason(z, "exp")


def test_checkpoints_are_computed_again_and_stay_as_they_were(backend: Backend) -> None:
    w = leaf(50, dtype=cr.float64)
    out = cr.checkpoint(lambda w: (w * w).exp().tanh(), w)
    before = cr.autograd.saved_bytes(out)
    report = gradcheck_graph(out)
    assert len(report.passed) == 3
    assert cr.autograd.saved_bytes(out) == before
    bad = cr.checkpoint(lambda w: sloppy(w * w), w)
    with pytest.raises(GradcheckError, match="sloppy_tanh"):
        gradcheck_graph(bad)


def test_second_derivatives_are_graphs_too() -> None:
    x = leaf(4, dtype=cr.float64)
    (g,) = cr.autograd.grad(x.tanh().pow(3).sum(), x, create_graph=True)
    assert gradcheck_graph(g.sum())
    (bad,) = cr.autograd.grad(half_wrong(sloppy(x), x).sum(), x, create_graph=True)
    assert {c.node.op.name for c in gradcheck_graph(bad, raise_exception=False).failed} <= {"sloppy_tanh", "half_wrong"}


def test_tolerances_can_be_given() -> None:
    y = sloppy(leaf(4, dtype=cr.float64))
    assert gradcheck_graph(y, rtol=0.1)
    with pytest.raises(GradcheckError):
        gradcheck_graph(y, rtol=1e-4)


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="no tensor"):
        gradcheck_graph()
    with pytest.raises(TypeError, match="gradcheck_graph"):
        gradcheck_graph(1.0)  # type: ignore[arg-type]

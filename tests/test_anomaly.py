"""detect_anomaly: the first value or gradient that is not finite is found where it is made, and told in full."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

import chainrule as cr
from chainrule import func, nn
from chainrule.autograd import AnomalyError, detect_anomaly, set_debug, set_detect_anomaly
from chainrule.autograd.modes import current
from chainrule.backends import Backend
from chainrule.viz import drawing as drawing_module

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's own, of what is made wrong on purpose

INF, NAN = float("inf"), float("nan")


def leaf(values: object, name: str | None = None) -> cr.Tensor:
    tensor = cr.tensor(values, requires_grad=True)
    tensor.name = name
    return tensor


class Broken(cr.autograd.Function):
    """A custom function of two outputs: its forward is wrong at 1, its backward at 2."""

    @staticmethod
    def forward(ctx, x, factor):  # type: ignore[no-untyped-def]
        ctx.save_for_backward(x)
        return x * factor, cr.where(x == 1, NAN, x)

    @staticmethod
    def backward(ctx, g, h):  # type: ignore[no-untyped-def]
        (x,) = ctx.saved_tensors
        return cr.where(x == 2, NAN, g), None


def test_forward_names_op_inputs_module_and_line(backend: Backend) -> None:
    class Log(nn.Module):
        def forward(self, x: cr.Tensor) -> cr.Tensor:
            return x.log()

    x = leaf([1.0, -1.0, 0.0], "x")
    with detect_anomaly(), pytest.raises(AnomalyError) as caught:
        nn.Sequential(nn.Tanh(), Log())(x)
    text = str(caught.value)
    first, *rest = text.splitlines()
    assert first.startswith("log made 1 NaN and 1 infinite of 3 in the forward pass, called at ")
    assert "test_anomaly.py:" in first and first.endswith(" in Sequential:Sequential/1:Log")
    assert rest[0].split(maxsplit=2) == ["input", "x", "(3,) float32  [0.7616, -0.7616, 0]"]
    assert rest[1].split(maxsplit=1) == ["output", "(3,) float32  [-0.2723, nan, -inf]"]
    assert "Clamp its argument" in rest[2]
    assert caught.value.forward and caught.value.node.op.name == "log"
    assert isinstance(caught.value, RuntimeError)


def test_backward_names_the_vjp_and_the_line_of_the_forward_call(backend: Backend) -> None:
    x = leaf([0.0, 1.0, 4.0], "x")
    with detect_anomaly():
        root = x.sqrt()
        loss = cr.where(x > 0, root, 0.0).sum()
        with pytest.raises(AnomalyError) as caught:
            loss.backward()
    text = str(caught.value)
    line = root.grad_fn.extra.line
    assert text.startswith(f"the VJP of sqrt made 1 NaN of 3 in the backward pass, called at {line}")
    assert line.rpartition(":")[0].endswith("test_anomaly.py")
    assert "gradient of output   (3,) float32  [0, 1, 1]" in text
    assert "gradient of input x  (3,) float32  [nan, 0.5, 0.25]" in text
    assert "does not stop 0 times infinity" in text
    assert not caught.value.forward and caught.value.node is root.grad_fn


def test_no_gradient_has_changed(backend: Backend) -> None:
    x, w = leaf([0.0, 1.0]), leaf([1.0, 1.0])
    w.grad = cr.ones(2)
    h = w * 2
    h.retain_grad()
    with detect_anomaly(), pytest.raises(AnomalyError):
        (x.sqrt() * h).sum().backward()
    assert x.grad is None and h.grad is None
    assert w.grad.tolist() == [1.0, 1.0]
    with detect_anomaly():
        (w * w).sum().backward()
    assert w.grad.tolist() == [3.0, 3.0]


@pytest.mark.parametrize("bad, counted", [(NAN, "1 NaN of 2"), (INF, "1 infinite of 2")])
def test_a_leaf_that_is_not_finite_is_the_origin(bad: float, counted: str, backend: Backend) -> None:
    with detect_anomaly(), pytest.raises(AnomalyError) as caught:
        leaf([1.0, bad], "w") * 2
    assert str(caught.value).startswith(f"input w of mul is itself not finite: {counted} came in as data; found in")


def test_a_constant_that_is_nan_is_the_origin(backend: Backend) -> None:
    for compute in (lambda w, c: w + c, lambda w, c: cr.cat([w, c]), lambda w, c: w @ c):
        with detect_anomaly(), pytest.raises(AnomalyError, match="is itself not finite: 1 NaN of 2 came in as data"):
            compute(leaf([1.0, 2.0]), cr.tensor([1.0, NAN]))


def test_what_was_made_before_is_named() -> None:
    x = leaf([-1.0, 1.0])
    with set_debug():
        bad = x.log()
    with detect_anomaly(), pytest.raises(AnomalyError) as caught:
        bad * 2
    assert "it was made by log, called at " in str(caught.value)
    assert "before detection was on; found in the forward pass" in str(caught.value)


def test_infinities_put_there_on_purpose_pass(backend: Backend) -> None:
    x = leaf([1.0, 2.0, 3.0])
    hidden = cr.tensor([False, True, False])
    with detect_anomaly():
        masked = x.masked_fill(hidden, -INF)
        masked.softmax(0)[0].backward()
        (x + cr.tensor([0.0, -INF, 0.0])).log_softmax(0)[0].backward()
        cr.where(hidden, -INF, x * 2).exp().sum().backward()
        with pytest.raises(AnomalyError, match=r"sub made 1 NaN of 3 in the forward pass"):
            masked - masked


def test_infinite_false_looks_for_nan_alone(backend: Backend) -> None:
    x = leaf([0.0, 1.0])
    with detect_anomaly(infinite=False):
        h = x.log()
        x.sqrt().sum().backward()
        with pytest.raises(AnomalyError, match="sub made 1 NaN of 2") as caught:
            h - h
    assert "input a  (2,) float32  [-inf, 0]" in str(caught.value)
    with detect_anomaly(), pytest.raises(AnomalyError, match="the VJP of sqrt made 1 infinite of 2"):
        leaf([0.0, 1.0]).sqrt().sum().backward()


def test_a_gradient_that_was_given_is_not_blamed_on_the_vjp(backend: Backend) -> None:
    x = leaf([1.0, 2.0])
    with detect_anomaly():
        with pytest.raises(AnomalyError, match="the gradient that arrives at mul is itself not finite: it was given"):
            (x * 3).backward(cr.tensor([1.0, NAN]))
        h = x * 3
        h.register_hook(lambda g: g * NAN)
        with pytest.raises(AnomalyError, match="the gradient that arrives at mul is itself not finite"):
            (h * 2).sum().backward()


def test_create_graph_and_second_derivatives(backend: Backend) -> None:
    x = leaf([0.0, 2.0])
    with detect_anomaly():
        (g,) = cr.autograd.grad(x.pow(1.5).sum(), x, create_graph=True)
        with pytest.raises(AnomalyError, match="the VJP of pow made 1 infinite of 2"):
            g.sum().backward()
        with pytest.raises(AnomalyError, match="in the VJP of sqrt, called at .*test_anomaly"):
            cr.autograd.grad(x.sqrt().sum(), x, create_graph=True)


def test_functional_transforms() -> None:
    x = cr.tensor([0.0, 1.0])
    with detect_anomaly():
        with pytest.raises(AnomalyError, match="the VJP of sqrt"):
            func.grad(lambda x: x.sqrt().sum())(x)
        with pytest.raises(AnomalyError, match="log made 1 infinite"):
            func.jacrev(lambda x: x.log())(x)
        with pytest.raises(AnomalyError):
            func.jacrev(func.grad(lambda x: (x**1.5).sum()))(x)


def test_custom_functions_of_several_outputs(backend: Backend) -> None:
    with detect_anomaly():
        with pytest.raises(AnomalyError, match="Broken made 1 NaN of 2 in the forward pass") as caught:
            Broken.apply(leaf([1.0, 3.0], "x"), 2.0)
        assert "input x       (2,) float32  [1, 3]" in str(caught.value)
        assert "input factor                2" in str(caught.value)
        twice, _ = Broken.apply(leaf([2.0, 3.0]), 2.0)
        with pytest.raises(AnomalyError, match="the VJP of Broken made 1 NaN of 2 in the backward pass"):
            twice.sum().backward()


def test_ops_of_several_outputs_and_checkpoints(backend: Backend) -> None:
    with detect_anomaly():
        with pytest.raises(AnomalyError, match="sort is itself not finite"):
            cr.sort(leaf([1.0, NAN]))
        out = cr.checkpoint(lambda x: cr.where(x > 0, x.sqrt(), 0.0), leaf([0.0, 1.0]))
        with pytest.raises(AnomalyError, match="the VJP of sqrt made 1 NaN"):
            out.sum().backward()


def test_modes_begin_and_end() -> None:
    assert not cr.autograd.is_anomaly_enabled()
    with detect_anomaly():
        assert cr.autograd.is_anomaly_enabled() and current().debug
        with cr.no_grad():
            assert cr.autograd.is_anomaly_enabled()
        with set_detect_anomaly(False):
            assert not cr.autograd.is_anomaly_enabled() and not current().debug
            leaf(-1.0).log()
        with set_debug(False), pytest.raises(AnomalyError):
            leaf(-1.0).log()
    assert not current().debug
    set_detect_anomaly(True)
    with pytest.raises(AnomalyError):
        leaf(-1.0).log()
    set_detect_anomaly(False)
    with set_debug():
        set_detect_anomaly(True)
        set_detect_anomaly(False)
        assert current().debug
    leaf(-1.0).log()

    @detect_anomaly(infinite=False)
    def decorated() -> cr.Tensor:
        return leaf(-1.0).log()

    with pytest.raises(AnomalyError):
        decorated()
    with detect_anomaly(check_nan=False):
        assert cr.autograd.is_anomaly_enabled() and not cr.autograd.is_anomaly_check_nan_enabled()
        h = leaf(-1.0).log()
        h.backward()
        assert "test_anomaly" in h.grad_fn.extra.line
    with pytest.raises(TypeError, match="check_nan is True or False"):
        detect_anomaly("yes")  # type: ignore[arg-type]


def test_what_is_not_recorded_is_not_looked_at() -> None:
    with detect_anomaly(), cr.no_grad():
        leaf(-1.0).log()
    with detect_anomaly():
        cr.tensor(-1.0).log()


def test_every_thread_for_itself() -> None:
    found: list[str] = []
    start = threading.Barrier(8)

    def work(k: int) -> None:
        start.wait()
        for _ in range(20):
            x = leaf([0.0, 1.0 + k])
            if k % 2:
                x.sqrt().sum().backward()
                assert not x.grad.isfinite().all()
            else:
                try:
                    with detect_anomaly():
                        x.sqrt().sum().backward()
                except AnomalyError as error:
                    assert x.grad is None and f"{1 + k}]" not in str(error).splitlines()[0]
                    found.append(str(k))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(["0", "2", "4", "6"] * 20)


def test_the_picture_marks_the_culprit(tmp_path: Path, backend: Backend) -> None:
    w = leaf([[1.0, -1.0], [2.0, 0.5]], "w")
    with detect_anomaly(picture=tmp_path / "nan.gv"), pytest.raises(AnomalyError) as caught:
        loss = (w @ cr.ones(2)).tanh().log().sum()  # noqa: F841
    assert f"drawn in {tmp_path / 'nan.gv'}" in str(caught.value)
    text = (tmp_path / "nan.gv").read_text(encoding="utf-8")
    marked = [line for line in text.splitlines() if "the first value that is not finite" in line]
    assert len(marked) == 1 and "<B>log</B>" in marked[0] and "#B3001B" in marked[0]
    assert "<B>sum</B>" not in text and "<B>tanh</B>" in text
    assert "log made 1 infinite of 2 in the forward pass" in text
    with detect_anomaly(picture=str(tmp_path / "back.svg")), pytest.raises(AnomalyError):
        leaf([0.0, 1.0]).sqrt().sum().backward()
    assert (tmp_path / "back.svg").read_text(encoding="utf-8").count("the first gradient that is not finite") >= 1


def test_a_picture_that_cannot_be_drawn_hides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with detect_anomaly(picture=tmp_path / "no" / "such.gv"), pytest.raises(AnomalyError, match="log made 1 NaN") as e:
        leaf(-1.0).log()
    assert "could not be drawn" in str(e.value)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(drawing_module, "find_pure", lambda: None)
    with detect_anomaly(picture=tmp_path / "nan.svg"), pytest.raises(AnomalyError) as caught:
        leaf(-1.0).log()
    assert "nan.gv" in str(caught.value) and (tmp_path / "nan.gv").exists()


def test_the_error_goes_to_another_process() -> None:
    with detect_anomaly(), pytest.raises(AnomalyError) as caught:
        leaf(-1.0).log()
    copied = pickle.loads(pickle.dumps(caught.value))
    assert str(copied) == str(caught.value) and copied.forward


def test_it_is_loaded_when_it_is_asked_for() -> None:
    program = """
import sys, chainrule as cr
w = cr.ones(2).requires_grad_()
w.exp().sum().backward()
later = {f"chainrule.autograd.{m}" for m in ("anomaly", "graph", "growth", "inventory", "nodecheck", "summary")}
assert not later & set(sys.modules), later & set(sys.modules)
assert set(cr.autograd.__all__) <= set(dir(cr.autograd))
for name in cr.autograd.__all__:
    assert callable(getattr(cr.autograd, name)), name
assert later <= set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True)


# Debug mode: graphs that are kept by mistake


def warned(run: object) -> list[str]:
    with warnings.catch_warnings(record=True) as found, set_debug():
        warnings.simplefilter("always")
        run()  # type: ignore[operator]
    return [str(w.message) for w in found if issubclass(w.category, cr.autograd.GraphKeptWarning)]


def test_a_sum_that_keeps_every_graph_is_told_with_its_line() -> None:
    w = leaf([1.0, 2.0])

    def after() -> None:
        total = 0.0
        for _ in range(3):
            loss = (w * w).mean()
            loss.backward()
            total = total + loss

    def before() -> None:
        total = cr.zeros(())
        for _ in range(3):
            loss = (w * w).mean()
            total += loss
            loss.backward()

    def smoothed() -> None:
        total = 0.0
        for _ in range(3):
            loss = (w * w).mean()
            loss.backward()
            total = 0.9 * total + 0.1 * loss

    for run in (after, before, smoothed):
        found = warned(run)
        assert found, run.__name__
        assert "test_anomaly.py:" in found[0] and ".detach()" in found[0]
        number = int(found[0].split("test_anomaly.py:")[1].split()[0])
        source = Path(__file__).read_text(encoding="utf-8").splitlines()[number - 1]
        assert source.strip().startswith("total")


def test_it_is_told_once_per_line() -> None:
    w = leaf([1.0, 2.0])
    with warnings.catch_warnings(record=True) as found, set_debug():
        warnings.simplefilter("default")
        total = 0.0
        for _ in range(5):
            loss = (w * w).mean()
            loss.backward()
            total = total + loss
    assert len(found) == 1
    assert found[0].filename == __file__


def test_no_false_alarm() -> None:
    w, v = leaf([0.5, 0.2]), leaf([0.1, 0.3])

    def training() -> None:
        total, losses = 0.0, []
        for _ in range(4):
            x = cr.ones(2)
            for _ in range(3):
                x = x + (x * w).tanh()
            loss = (x * x).mean()
            loss.backward()
            total += loss.item()
            losses.append(loss.detach())
        cr.stack(losses).mean()

    def truncated() -> None:
        h = cr.zeros(2)
        for _ in range(4):
            h = h.detach()
            for _ in range(3):
                h = (h * w + v).tanh()
            h.sum().backward()

    def accumulation() -> None:
        for _ in range(2):
            for _ in range(3):
                (((w * v) ** 2).mean() / 3).backward()

    def whole_batch() -> None:
        total = 0.0
        for k in range(4):
            total = total + ((w * k) ** 2).mean()
        total.backward()

    def retained() -> None:
        loss = (w * w).sum()
        for _ in range(3):
            loss.backward(retain_graph=True)
        (g,) = cr.autograd.grad((w**3).sum(), w, create_graph=True)
        (g * g).sum().backward()

    def adversarial() -> None:
        for _ in range(3):
            fake = (w * cr.ones(2)).tanh()
            real_loss = (v * 2 - 1).pow(2).mean()
            real_loss.backward()
            fake_loss = (v * fake.detach()).pow(2).mean()
            fake_loss.backward()
            both = real_loss + fake_loss + real_loss
            both.item()
            (v * fake - 1).pow(2).mean().backward()

    def inner_steps() -> None:
        for _ in range(2):
            fast = w
            for _ in range(3):
                (g,) = cr.autograd.grad(((fast * v) ** 2).sum(), fast, create_graph=True)
                fast = fast - 0.1 * g
            ((fast * v) ** 2).sum().backward()

    for run in (training, truncated, accumulation, whole_batch, retained, adversarial, inner_steps):
        assert warned(run) == [], run.__name__

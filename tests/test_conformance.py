"""The judge of `make conformance` can fail: each kind of mistake is seen. And what it published agrees with itself."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import chainrule as cr

pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch's database, and what it calls, has much to say

ROOT = Path(__file__).resolve().parents[1]
MODULES = ("adapters", "checks", "compare", "database", "report")


@pytest.fixture(scope="module")
def judge() -> Iterator[dict[str, ModuleType]]:
    """The modules of tests/conformance, under the names by which they find one another."""
    sys.path.insert(0, str(ROOT / "tests" / "conformance"))
    try:
        yield {name: __import__(name) for name in MODULES}
    finally:
        sys.path.pop(0)
        for name in MODULES:
            sys.modules.pop(name, None)


@pytest.fixture
def judged(judge: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    def run(name: str, call: Callable[..., Any] | None = None) -> Any:
        """What is found of an operator if `call` stands in its place."""
        if call is not None:
            monkeypatch.setitem(judge["adapters"].CALLS, name, call)
        return judge["checks"].judge_operator(judge["database"].operators()[name])

    return run


class WrongTangent(cr.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x.exp()

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * ctx.saved_tensors[0].exp()

    @staticmethod
    def jvp(ctx: Any, t: Any) -> Any:
        return t * 2


def wrong_gradient(x: Any) -> Any:
    return x.detach().exp() + (x - x.detach())


def wrong_second_gradient(x: Any) -> Any:
    return x.detach().exp() * (1 + (x - x.detach()))


def changes_its_input(x: Any) -> Any:
    out = x.exp()
    with cr.no_grad():
        x.detach().mul_(2)
    return out


def one_nan(x: Any) -> Any:
    out = x.exp()
    return cr.where(cr.arange(out.numel()).reshape(out.shape) == 0, float("nan"), out)


def raises(x: Any) -> Any:
    raise NotImplementedError("not yet")


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (lambda x: x.exp() + 1, "wrong value"),
        (lambda x: x.exp() * (1 + 1e-9), "wrong value"),
        (one_nan, "wrong value"),
        (lambda x: (x.exp(), x), "wrong count"),
        (lambda x: x.exp()[None], "wrong shape"),
        (lambda x: x.float().exp(), "wrong dtype"),
        (lambda x: x.detach().exp(), "wrong requires_grad"),
        (lambda x: x.exp().array, "wrong value"),
        (changes_its_input, "wrong side effect"),
        (wrong_gradient, "wrong gradient"),
        (wrong_second_gradient, "wrong second gradient"),
        (WrongTangent.apply, "wrong jvp"),
        (raises, "error"),
    ],
)
def test_mistakes_are_seen(judged: Callable[..., Any], call: Callable[..., Any], kind: str) -> None:
    found = judged("exp", call)
    assert found.failures
    assert {f.kind for f in found.failures} == {kind}
    assert found.wrong == (kind != "error")
    assert not (found.whole and found.whole_twice and not found.forward)
    assert found.whole == (kind in ("wrong second gradient", "wrong jvp"))


def test_a_right_one_is_whole(judged: Callable[..., Any]) -> None:
    found = judged("exp")
    assert found.whole and found.whole_twice and not found.failures
    assert found.passed == found.total and found.noncontiguous == (found.total, found.total) and found.total >= 3


def test_what_is_not_there_is_missing(judged: Callable[..., Any]) -> None:
    found = judged("to_sparse")
    assert found.missing and not found.whole and not found.passed and found.total


def test_random_numbers_without_their_seed_are_seen(judged: Callable[..., Any]) -> None:
    def unseeded(x: Any, p: float, training: bool = True, **kw: Any) -> Any:
        kept = np.random.default_rng().random(x.shape) >= p
        return x * cr.as_tensor(kept / max(1 - p, 1e-9)) if training else x

    assert judged("nn.functional.dropout").random
    assert "wrong seed" in {f.kind for f in judged("nn.functional.dropout", unseeded).failures}


def test_calls_that_should_raise_and_do_not_are_seen(judged: Callable[..., Any]) -> None:
    good = judged("amax")
    assert good.errors[0] == good.errors[1] > 0 and not good.silent

    def swallows(x: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return cr.amax(x, *args, **kwargs)
        except Exception:
            return x

    lax = judged("amax", swallows)
    assert lax.whole and lax.errors[0] == 0 and len(lax.silent) == lax.errors[1]


def test_numbers_in_place_of_tensors_are_accepted_if_they_mean_the_same(judged: Callable[..., Any]) -> None:
    good = judged("fmax")
    assert len(good.accepted) == good.errors[1] > 0 and not good.silent

    def other_for_numbers(x: Any, y: Any) -> Any:
        both = isinstance(x, cr.Tensor) and isinstance(y, cr.Tensor)
        return cr.fmax(x, y) if both else cr.fmin(x, y)

    assert judged("fmax", other_for_numbers).silent


def test_the_score_falls(judge: dict[str, ModuleType], judged: Callable[..., Any]) -> None:
    report = judge["report"]
    rows = report.published()["float64"]
    assert report.compare([judged("exp")], "float64", rows, part=False) is None
    assert "exp was whole" in report.compare([judged("exp", raises)], "float64", rows, part=False)
    only_once = judged("exp", wrong_second_gradient)
    assert "second gradients" in report.compare([only_once], "float64", rows, part=False)


def test_the_page_is_written_from_the_score(judge: dict[str, ModuleType]) -> None:
    report = judge["report"]
    runs = report.published()
    assert set(runs) == set(report.RUNS)
    assert report.PAGE.read_text() == report.page(runs)
    names = set(judge["database"].operators())
    assert set(runs["float64"]) == names
    c = report.counts(runs["float64"].values())
    assert f"{c['whole']} of {c['operators']} pass with every sample" in (ROOT / "README.md").read_text()
    for rows in runs.values():
        assert not report.counts(rows.values())["wrong"]


def test_the_adapters_speak_of_operators_there_are(judge: dict[str, ModuleType]) -> None:
    import torch

    adapters, operators = judge["adapters"], judge["database"].operators
    names = {*operators(), *operators(torch.complex128), *operators(torch.float32)}
    plain = {name.partition("|")[0] for name in names}
    tables = [adapters.PROCESS, adapters.AROUND, adapters.COARSE, adapters.UNDEFINED, adapters.DISPUTED,
              adapters.ABSENT, adapters.REFUSED, adapters.ERRORS]  # fmt: skip
    assert {key.partition(",")[0] for table in tables for key in table} <= names
    assert set(adapters.CALLS) <= names | plain

"""The judgement of one sample, and of an operator by all its samples."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from typing import Any

import adapters
import numpy as np
import torch
from compare import (
    FLOOR,
    Mismatch,
    expect,
    expect_equal,
    expect_gradients,
    expect_kind,
    host,
    only_theirs_is_nan,
    precision,
    random_like,
    same,
    tolerance,
)
from database import Converted, error_samples, flat, placed, raised, raised_class, run_theirs, samples

import chainrule as cr
from chainrule.autograd.forward import push_forward

SECONDS = 120
"""What one stage of a sample may take."""


@dataclass
class Failure:
    sample: str
    arguments: str
    kind: str  # "error" (it raises), "wrong ..." (another result than PyTorch's), "disputed" (see adapters.py)
    message: str

    @property
    def wrong(self) -> bool:
        return self.kind.startswith("wrong")


@dataclass
class Result:
    """An operator's outcome; the counts are of samples."""

    name: str
    twice: bool  # PyTorch differentiates it twice
    total: int = 0
    passed: int = 0
    noncontiguous: tuple[int, int] = (0, 0)
    errors: tuple[int, int] = (0, 0)
    random: bool = False
    missing: bool = False
    skipped: list[str] = field(default_factory=list)  # samples that PyTorch itself cannot run
    first: list[Failure] = field(default_factory=list)  # of value, dtype, shape or gradient
    second: list[Failure] = field(default_factory=list)  # of the second gradient
    forward: list[Failure] = field(default_factory=list)  # of the forward-mode derivative
    silent: list[Failure] = field(default_factory=list)  # calls that should raise
    accepted: list[Failure] = field(default_factory=list)  # calls that raise in PyTorch and have a meaning here

    @property
    def failures(self) -> list[Failure]:
        return [*self.first, *self.second, *self.forward]

    @property
    def whole(self) -> bool:
        return not self.missing and not self.first

    @property
    def whole_twice(self) -> bool:
        return self.twice and self.whole and not self.second

    @property
    def wrong(self) -> bool:
        return any(f.wrong for f in self.failures)


def judge_operator(entry: Any, dtype: torch.dtype = torch.float64, first: int | None = None) -> Result:
    """By every sample, or by the first so many."""
    variant = entry.variant_test_name
    name = f"{entry.name}|{variant}" if variant else entry.name
    result = Result(name, entry.supports_gradgrad)
    call = adapters.find(name)
    if call is None:
        result.missing = True
        result.total = sum("," not in where for where, _ in samples(entry, dtype, first))
        return result
    for known in (name, f"{name}, {'complex' if dtype.is_complex else 'real'}"):
        if known in adapters.AROUND:
            entry, around = copy(entry), adapters.AROUND[known]
            entry.op, call = around(entry.op), around(call)
    for where, sample in samples(entry, dtype, first):
        trial = Trial(name, entry, call, where, sample)
        try:
            trial.run_theirs(seeds=2)
        except Exception:
            result.skipped.append(where)
            continue
        failed = _run(trial, result)
        result.random |= trial.random
        if "," in where:
            good, all_of_them = result.noncontiguous
            result.noncontiguous = (good + (not failed), all_of_them + 1)
        else:
            result.total += 1
            result.passed += not failed
    _judge_errors(entry, call, result)
    return result


def _run(trial: Trial, result: Result) -> bool:
    """Whether one of the stages failed, each of which needs the ones before."""
    for stage in ("first", "second", "forward"):
        try:
            with _limited(), np.errstate(all="ignore"):
                getattr(trial, stage)()
        except Exception as error:
            if isinstance(error, Mismatch) and error.kind == "wrong value" and trial.agreed_by_chance():
                return _run(trial, result)
            if isinstance(error, Mismatch) and result.name in adapters.DISPUTED:
                error = trial.settled(error)
            kind = error.kind if isinstance(error, Mismatch) else "error"
            message = f"{type(error).__name__}: {error}" if kind == "error" else str(error)
            getattr(result, stage).append(Failure(trial.where, _described(trial.sample), kind, message))
            return True
    return False


@contextmanager
def _limited() -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise TimeoutError(f"took more than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


class Trial:
    """One sample, there and here."""

    def __init__(self, name: str, entry: Any, call: Callable[..., Any], where: str, sample: Any) -> None:
        self.name, self.entry, self.call, self.where, self.sample = name, entry, call, where, sample
        self.stream = np.random.default_rng(0)
        self.random = False
        self.given: Any = None
        # Set by `first`: the outputs with a gradient on both sides, and their cotangents.
        self.ours: Sequence[Any] = ()
        self.theirs: Sequence[Any] = ()
        self.w_ours: list[Any] = []
        self.w_theirs: list[Any] = []

    def run_theirs(self, seeds: int) -> None:
        """PyTorch's outputs; what two seeds differ in is random. The arguments are taken before PyTorch changes some of
        them in place."""
        if self.given is None:
            try:
                self.given = Converted(self.sample)
            except Exception as error:
                self.given = error
        self.expected = run_theirs(self.entry, self.sample)
        for seed in range(1, seeds):
            again = run_theirs(self.entry, self.sample, seed)
            self.random |= any(
                isinstance(t, torch.Tensor) and not same(t, u) for t, u in zip(self.expected, again, strict=True)
            )

    def agreed_by_chance(self) -> bool:
        """Whether the result is random after all, and two seeds of PyTorch happened to agree."""
        if not self.random:
            self.run_theirs(seeds=40)
            return self.random
        return False

    def run_ours(self) -> list[Any]:
        cr.manual_seed(0)
        found = self.call(*self.given.args, **self.given.kwargs)
        process = adapters.PROCESS.get(self.name, self.sample.output_process_fn_grad)
        return flat(process(found))

    def first(self) -> None:
        """Value, dtype, shape, whether it requires a gradient, and the gradient with a random cotangent."""
        given = self.given
        if isinstance(given, Exception):
            raise given
        found, expected = self.run_ours(), self.expected
        expect(len(found) == len(expected), "wrong count", f"{len(found)} outputs, PyTorch has {len(expected)}")
        for k, (ours, theirs) in enumerate(zip(found, expected, strict=True)):
            expect_kind(ours, theirs, f"output {k}")
            if not self.random:
                expect_equal(ours, theirs, "value", f"output {k}")
        expect(given.unchanged(), "wrong side effect", "an input was changed")
        pairs = [
            (o, t) for o, t in zip(found, expected, strict=True) if isinstance(t, torch.Tensor) and t.requires_grad
        ]
        if self.random:
            for one, two in zip(found, self.run_ours(), strict=True):
                expect(same(one, two), "wrong seed", "the same seed gives two results")
        if not pairs or not given.ours:
            return
        self.ours, self.theirs = zip(*pairs, strict=True)
        weights = [random_like(self.stream, t) for t in self.theirs]
        self.w_ours = [placed(w, requires_grad=True) for w in weights]
        self.w_theirs = [torch.tensor(w, requires_grad=True) for w in weights]
        g_theirs = self._theirs_gradients()
        if self.random:
            self._expect_gradient_of_draw(g_theirs)
        else:
            expect_gradients(self._gradients(self.w_ours), g_theirs, given.theirs, "gradient", self._within("gradient"))
        expect(given.unchanged(), "wrong side effect", "an input was changed by the gradient")

    def second(self) -> None:
        """The gradient of the gradient, with a random cotangent."""
        if not self.ours or not self.entry.supports_gradgrad:
            return
        given = self.given
        if self.random:
            if self._has_numbers():
                self._finite_differences(cr.autograd.gradgradcheck)
            return
        try:
            g_theirs = self._theirs_gradients(create_graph=True)
            kept = [k for k, g in enumerate(g_theirs) if g is not None and g.requires_grad]
            if not kept:
                return
            v = [random_like(self.stream, g_theirs[k]) for k in kept]
            leaves = [*given.theirs, *self.w_theirs]
            gg_theirs = torch.autograd.grad(
                [g_theirs[k] for k in kept], leaves, [torch.tensor(a) for a in v], allow_unused=True
            )
        except (RuntimeError, NotImplementedError):
            return  # PyTorch has no second derivative for this sample
        g_ours = self._gradients(self.w_ours, create_graph=True)
        pairs = [(g_ours[k], a) for k, a in zip(kept, v, strict=True) if g_ours[k] is not None]
        pairs = [(g, a) for g, a in pairs if g.requires_grad]
        ours = [*given.ours, *self.w_ours]
        gg_ours: Sequence[Any] = (None,) * len(ours)
        if pairs:
            gg_ours = cr.autograd.grad(
                [g for g, _ in pairs], ours, [placed(a) for _, a in pairs], retain_graph=True, allow_unused=True
            )
        expect_gradients(gg_ours, gg_theirs, leaves, "second gradient", self._within("second gradient"))
        expect(given.unchanged(), "wrong side effect", "an input was changed by the second gradient")
        if self.name not in adapters.UNDEFINED and any(
            only_theirs_is_nan(a, b) for a, b in zip(gg_ours, gg_theirs, strict=True)
        ):
            self._finite_differences(cr.autograd.gradgradcheck)

    def forward(self) -> None:
        """`<w, J t> = <J* w, t>`: forward mode and reverse mode are transposes of one another."""
        if not self.ours:
            return
        tangents = [random_like(self.stream, t) for t in self.given.theirs]
        weights = [host(w) for w in self.w_ours]
        # Where a function or its derivative is not finite there is nothing to compare: it is asked elsewhere.
        weights = [np.where(np.isfinite(host(t)), w, 0) for t, w in zip(self.ours, weights, strict=True)]
        for _ in range(3):
            pushed = self._pushed(tangents)
            pulled = self._gradients([placed(w) for w in weights])
            left, right = _inner(weights, pushed), _inner(tangents, pulled)
            if np.isfinite(left) and np.isfinite(right):
                break
            weights, tangents = _where_finite(weights, pushed), _where_finite(tangents, pulled)
        pairs = [(w, host(p)) for w, p in zip(weights, pushed, strict=True) if p is not None]
        size = sum(float(np.sum(np.abs((w * p)[w != 0]))) for w, p in pairs)
        within = 10 * self._within("gradient")
        message = f"forward mode gives {left}, reverse mode {right}"
        expect(abs(left - right) <= within * max(size, abs(right), FLOOR), "wrong jvp", message)

    def settled(self, error: Mismatch) -> Mismatch:
        """A gradient that is not PyTorch's, judged by finite differences."""
        checks = {"wrong gradient": cr.autograd.gradcheck, "wrong second gradient": cr.autograd.gradgradcheck}
        if error.kind not in checks:
            return error
        try:
            self._finite_differences(checks[error.kind])
        except Exception:
            return error
        return Mismatch("disputed", f"finite differences agree with the gradient here: {error}")

    def _within(self, kind: str) -> float:
        least, _ = adapters.COARSE.get(self.name, (0.0, ""))
        return max(least, tolerance(kind, (t.dtype for t in (*self.given.theirs, *self.theirs))))

    def _gradients(self, weights: list[Any], create_graph: bool = False) -> Any:
        return cr.autograd.grad(
            self.ours, self.given.ours, weights, retain_graph=True, create_graph=create_graph, allow_unused=True
        )

    def _theirs_gradients(self, create_graph: bool = False) -> Any:
        return torch.autograd.grad(
            self.theirs, self.given.theirs, self.w_theirs, retain_graph=True, create_graph=create_graph,
            allow_unused=True,
        )  # fmt: skip

    def _pushed(self, tangents: list[np.ndarray]) -> list[Any]:
        return push_forward(self.ours, self.given.ours, [placed(t) for t in tangents])

    def _expect_gradient_of_draw(self, g_theirs: Any) -> None:
        """That of finite differences with the seed held; 0 where PyTorch has that, for which a draw has no
        derivative."""
        if not any(g.any() for g in g_theirs if g is not None):
            found = self._gradients(self.w_ours)
            expect(not any(host(g).any() for g in found if g is not None), "wrong gradient", "it is 0 in PyTorch")
        elif self._has_numbers():
            self._finite_differences(cr.autograd.gradcheck)

    def _has_numbers(self) -> bool:
        return any(t.numel() for t in self.given.ours) and any(t.numel() for t in self.ours)

    def _finite_differences(self, check: Callable[..., Any]) -> None:
        """Of the sample as a function of its leaves, with the same random numbers each time. In single precision they
        say nothing: the run in double precision asks them."""
        given = self.given
        if any(precision(t.dtype) != "float64" for t in given.ours):
            return

        def function(*leaves: Any) -> tuple[Any, ...]:
            substitute = {id(old): new for old, new in zip(given.ours, leaves, strict=True)}
            args, kwargs = given.args, given.kwargs
            try:
                given.args, given.kwargs = _replaced(args, substitute), _replaced(kwargs, substitute)
                return tuple(t for t in self.run_ours() if isinstance(t, cr.Tensor) and t.dtype.kind in "fc")
            finally:
                given.args, given.kwargs = args, kwargs

        check(function, given.ours, rtol=1e-4, atol=1e-6, nondet_tol=1e-12, fast_mode=True)


def _inner(chosen: Sequence[np.ndarray], found: Sequence[Any]) -> float:
    """Of two lists of arrays, in the second of which None stands for zeros; a complex number counts as two real ones.
    Where 0 was chosen, nothing was asked: NaN does no harm there."""
    pairs = [(a, host(b)) for a, b in zip(chosen, found, strict=True) if b is not None]
    return sum(float(np.sum((np.conj(a) * b).real[a != 0])) for a, b in pairs)


def _where_finite(chosen: Sequence[np.ndarray], found: Sequence[Any]) -> list[np.ndarray]:
    pairs = zip(chosen, found, strict=True)
    return [a if b is None else np.where(np.isfinite(host(b)), a, 0) for a, b in pairs]


def _replaced(value: Any, substitute: dict[int, Any]) -> Any:
    if isinstance(value, dict):
        return {k: _replaced(v, substitute) for k, v in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)([_replaced(v, substitute) for v in value])
    return substitute.get(id(value), value)


def _judge_errors(entry: Any, call: Callable[..., Any], result: Result) -> None:
    good = total = 0
    for k, case in enumerate(error_samples(entry)):
        sample = case.sample_input
        theirs = raised_class(lambda sample=sample: entry.op(sample.input, *sample.args, **sample.kwargs))
        if theirs is None:
            continue
        try:
            given = Converted(sample)
        except (NotImplementedError, TypeError, AttributeError, ValueError, RuntimeError):
            continue  # it is about a dtype, a layout or a device that does not exist here
        total += 1
        with np.errstate(all="ignore"):
            ours = raised(lambda given=given: call(*given.args, **given.kwargs))
        if ours is not None and issubclass(ours, theirs) and ours is not NotImplementedError:
            good += 1
            continue
        got = "nothing" if ours is None else ours.__name__
        message = f"raises {got}, PyTorch {theirs.__name__} ({case.error_regex[:80]})"
        on_purpose = ours is None and _numbers_as_tensors(call, given)
        (result.accepted if on_purpose else result.silent).append(
            Failure(f"error input {k}", _described(sample), "accepted" if on_purpose else "silent", message)
        )
    result.errors = (good, total)


def _numbers_as_tensors(call: Callable[..., Any], given: Converted) -> bool:
    """Whether the call is one with Python numbers in place of tensors, and gives what those tensors give."""
    if given.kwargs or not all(isinstance(a, (int, float, cr.Tensor)) for a in given.args):
        return False
    return len(given.args) == 2 and same(call(*given.args), call(*[cr.as_tensor(a) for a in given.args]))


def _described(sample: Any) -> str:
    def text(value: Any) -> str:
        if isinstance(value, torch.Tensor):
            return f"{str(value.dtype).removeprefix('torch.')}{list(value.shape)}"
        if isinstance(value, (tuple, list)):
            return "(" + ", ".join(text(v) for v in value) + ")"
        return repr(value)

    parts = [text(v) for v in (sample.input, *sample.args)]
    return ", ".join([*parts, *(f"{k}={text(v)}" for k, v in sample.kwargs.items())])

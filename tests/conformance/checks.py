"""The judgement of one sample, and of an operator by all its samples."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import adapters
import numpy as np
import torch
from database import Converted, error_samples, flat, placed, raised, raised_class, run_theirs, samples

import chainrule as cr

TOLERANCE = {"value": 1e-9, "gradient": 1e-8, "second gradient": 1e-6}
"""Relative to the largest number compared, and to each number: float64 throughout."""

SECONDS = 120
"""What one sample may take."""


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
    failures: list[Failure] = field(default_factory=list)  # of value, dtype, shape or gradient
    second: list[Failure] = field(default_factory=list)  # of the second gradient
    forward: list[Failure] = field(default_factory=list)  # of the forward-mode derivative
    silent: list[Failure] = field(default_factory=list)  # calls that should raise

    @property
    def whole(self) -> bool:
        return not self.missing and not self.failures

    @property
    def whole_twice(self) -> bool:
        return self.twice and self.whole and not self.second

    @property
    def wrong(self) -> bool:
        return any(f.wrong for f in [*self.failures, *self.second, *self.forward])


class Mismatch(AssertionError):
    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def judge_operator(entry: Any, dtype: torch.dtype = torch.float64) -> Result:
    variant = entry.variant_test_name
    name = f"{entry.name}|{variant}" if variant else entry.name
    result = Result(name, entry.supports_gradgrad)
    call = adapters.find(name)
    for where, sample in samples(entry, dtype):
        contiguous = "," not in where
        result.total += contiguous
        if call is None:
            result.missing = True
            continue
        failed = False
        state: dict[str, Any] = {}
        for stage in _stages(name, entry, call, sample, result, state):
            try:
                with _limited(), np.errstate(all="ignore"):
                    stage()
            except Exception as error:
                failed = True
                if isinstance(error, Mismatch) and name in adapters.DISPUTED:
                    error = _settled(error, state)
                kind = error.kind if isinstance(error, Mismatch) else "error"
                message = f"{type(error).__name__}: {error}" if kind == "error" else str(error)
                _list_of(result, stage).append(Failure(where, _described(sample), kind, message))
                break
        if contiguous:
            result.passed += not failed
        else:
            good, all_of_them = result.noncontiguous
            result.noncontiguous = (good + (not failed), all_of_them + 1)
    if call is not None:
        _judge_errors(entry, call, result)
    return result


def _list_of(result: Result, stage: Any) -> list[Failure]:
    return {"first": result.failures, "second": result.second, "forward": result.forward}[stage.__name__]


@contextmanager
def _limited() -> Any:
    def stop(*_: Any) -> None:
        raise TimeoutError(f"took more than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _settled(error: Mismatch, state: dict[str, Any]) -> Mismatch:
    """A gradient that is not PyTorch's, judged by finite differences."""
    given: Converted = state["given"]
    try:
        cr.autograd.gradcheck(_as_function(state["call"], given), given.ours, rtol=1e-4, atol=1e-6, fast_mode=True)
    except RuntimeError:
        return error
    return Mismatch("disputed", f"finite differences agree with the gradient here: {error}")


def _stages(name: str, entry: Any, call: Any, sample: Any, result: Result, state: dict[str, Any]) -> list[Any]:
    """What is checked of a sample, one after the other; a later stage needs the earlier ones."""

    def first() -> None:
        expected = run_theirs(entry, sample)
        again = run_theirs(entry, sample, seed=1)
        given = Converted(sample)
        state.update(given=given, call=lambda: _outputs(name, call, sample, given))
        cr.manual_seed(0)
        found = state["call"]()
        _expect(len(found) == len(expected), "wrong count", f"{len(found)} outputs, PyTorch has {len(expected)}")
        for k, (ours, theirs) in enumerate(zip(found, expected, strict=True)):
            _compare_kind(ours, theirs, f"output {k}")
        if any(isinstance(t, torch.Tensor) and not _same(t, u) for t, u in zip(expected, again, strict=True)):
            result.random = True
            state["random"] = True
            _check_random(state["call"], found, expected, given)
            return
        for k, (ours, theirs) in enumerate(zip(found, expected, strict=True)):
            _compare(ours, theirs, "value", f"output {k}")
        _expect(given.unchanged(), "wrong side effect", "an input was changed")
        pairs = [
            (o, t) for o, t in zip(found, expected, strict=True) if isinstance(t, torch.Tensor) and t.requires_grad
        ]
        if not pairs or not given.ours:
            return
        ours, theirs = zip(*pairs, strict=True)
        stream = np.random.default_rng(0)
        weights = [_random_like(stream, t) for t in theirs]
        w_ours = [placed(w, requires_grad=True) for w in weights]
        w_theirs = [torch.tensor(w, requires_grad=True) for w in weights]
        g_theirs = torch.autograd.grad(theirs, given.theirs, w_theirs, retain_graph=True, allow_unused=True)
        g_ours = cr.autograd.grad(ours, given.ours, w_ours, retain_graph=True, allow_unused=True)
        _compare_gradients(g_ours, g_theirs, given.theirs, "gradient")
        state.update(ours=ours, theirs=theirs, w_ours=w_ours, w_theirs=w_theirs, stream=stream)

    def second() -> None:
        if "ours" not in state or not entry.supports_gradgrad:
            return
        given, stream = state["given"], state["stream"]
        try:
            g_theirs = torch.autograd.grad(
                state["theirs"], given.theirs, state["w_theirs"], create_graph=True, allow_unused=True
            )
            kept = [k for k, g in enumerate(g_theirs) if g is not None and g.requires_grad]
            if not kept:
                return
            v = [_random_like(stream, g_theirs[k]) for k in kept]
            leaves = [*given.theirs, *state["w_theirs"]]
            gg_theirs = torch.autograd.grad(
                [g_theirs[k] for k in kept], leaves, [torch.tensor(a) for a in v], allow_unused=True
            )
        except (RuntimeError, NotImplementedError):
            return  # PyTorch has no second derivative for this sample
        g_ours = cr.autograd.grad(state["ours"], given.ours, state["w_ours"], create_graph=True, allow_unused=True)
        # The graph is kept for the last stage.
        pairs = [(g_ours[k], a) for k, a in zip(kept, v, strict=True) if g_ours[k] is not None]
        pairs = [(g, a) for g, a in pairs if g.requires_grad]
        ours = [*given.ours, *state["w_ours"]]
        gg_ours: Sequence[Any] = (None,) * len(ours)
        if pairs:
            gg_ours = cr.autograd.grad(
                [g for g, _ in pairs], ours, [placed(a) for _, a in pairs], retain_graph=True, allow_unused=True
            )
        _compare_gradients(gg_ours, gg_theirs, leaves, "second gradient")
        if name not in adapters.UNDEFINED and any(
            _only_theirs_is_nan(a, b) for a, b in zip(gg_ours, gg_theirs, strict=True)
        ):
            function = _as_function(state["call"], given)
            cr.autograd.gradgradcheck(function, given.ours, rtol=1e-4, atol=1e-6, fast_mode=True)

    def forward() -> None:
        if "ours" not in state:
            return
        _dot_product_test(state)

    return [first, second, forward] if find_spec("chainrule.autograd.forward") else [first, second]


def _outputs(name: str, call: Any, sample: Any, given: Converted) -> list[Any]:
    found = call(*given.args, **given.kwargs)
    process = adapters.PROCESS.get(name, sample.output_process_fn_grad)
    return flat(process(found))


def _dot_product_test(state: dict[str, Any]) -> None:
    """`<w, J t> = <J* w, t>`: forward mode and reverse mode are transposes of one another."""
    from chainrule.autograd.forward import push_forward

    given, stream = state["given"], state["stream"]
    ours = state["ours"]
    # Where a function is not finite it has no derivative.
    finite = [np.isfinite(_host(t)) for t in ours]
    weights = [placed(np.where(f, _host(w), 0)) for f, w in zip(finite, state["w_ours"], strict=True)]
    tangents = [placed(_random_like(stream, t)) for t in given.theirs]
    pushed = push_forward(ours, given.ours, tangents)
    pushed = [p if p is None else np.where(f, _host(p), 0) for f, p in zip(finite, pushed, strict=True)]
    pulled = cr.autograd.grad(ours, given.ours, weights, retain_graph=True, allow_unused=True)
    left = sum(_inner(w, p) for w, p in zip(weights, pushed, strict=True) if p is not None)
    right = sum(_inner(g, t) for g, t in zip(pulled, tangents, strict=True) if g is not None)
    size = sum(
        float(np.sum(np.abs(_host(w) * _host(p)))) for w, p in zip(weights, pushed, strict=True) if p is not None
    )
    tolerance = {8: 1e-8, 4: 1e-5, 2: 2e-2}[min(np.finfo(t.dtype).bits // 8 for t in (*tangents, *ours))]
    if np.isfinite(left) and np.isfinite(right):
        close = abs(left - right) <= tolerance * max(size, 1.0)
        _expect(close, "wrong jvp", f"forward mode gives {left}, reverse mode {right}")


def _inner(a: Any, b: Any) -> float:
    return float(np.sum((np.conj(_host(a)) * _host(b)).real))


def _check_random(call: Any, found: list[Any], expected: list[Any], given: Converted) -> None:
    """What draws random numbers: the same seed gives the same result, with the gradient of finite differences; or 0
    where PyTorch has that, for which a draw has no derivative."""
    cr.manual_seed(0)
    for one, two in zip(found, call(), strict=True):
        _expect(np.array_equal(_host(one), _host(two)), "wrong seed", "the same seed gives two results")
    outputs = [t for t in found if isinstance(t, cr.Tensor) and t.requires_grad]
    if not outputs or not given.ours:
        return
    theirs = [t for t in expected if isinstance(t, torch.Tensor) and t.requires_grad]
    ones = [torch.ones_like(t) for t in theirs]
    if not any(g.any() for g in torch.autograd.grad(theirs, given.theirs, ones, allow_unused=True) if g is not None):
        found = cr.autograd.grad(outputs, given.ours, [cr.ones_like(t) for t in outputs], allow_unused=True)
        _expect(not any(_host(g).any() for g in found if g is not None), "wrong gradient", "it is 0 in PyTorch")
        return
    if any(t.numel() for t in given.ours) and any(t.numel() for t in outputs):
        cr.autograd.gradcheck(_as_function(call, given), given.ours, rtol=1e-4, atol=1e-6, fast_mode=True)


def _as_function(call: Any, given: Converted) -> Any:
    """The sample as a function of its leaves, with the same random numbers each time."""

    def function(*leaves: Any) -> tuple[Any, ...]:
        cr.manual_seed(0)
        substitute = {id(old): new for old, new in zip(given.ours, leaves, strict=True)}
        args, kwargs = given.args, given.kwargs
        try:
            given.args, given.kwargs = _replaced(args, substitute), _replaced(kwargs, substitute)
            return tuple(t for t in call() if isinstance(t, cr.Tensor) and t.dtype.kind in "fc")
        finally:
            given.args, given.kwargs = args, kwargs

    return function


def _only_theirs_is_nan(ours: Any, theirs: Any) -> bool:
    if theirs is None:
        return False
    found = np.zeros(tuple(theirs.shape)) if ours is None else _host(ours)
    return bool(np.any(np.isnan(_host(theirs)) & ~np.isnan(found)))


def _replaced(value: Any, substitute: dict[int, Any]) -> Any:
    if isinstance(value, dict):
        return {k: _replaced(v, substitute) for k, v in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)([_replaced(v, substitute) for v in value])
    return substitute.get(id(value), value)


def _judge_errors(entry: Any, call: Any, result: Result) -> None:
    good = total = 0
    try:
        cases = error_samples(entry)
    except Exception:
        return
    for k, case in enumerate(cases):
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
        if ours is not None and issubclass(ours, theirs):
            good += 1
        else:
            got = "nothing" if ours is None else ours.__name__
            message = f"raises {got}, PyTorch {theirs.__name__} ({case.error_regex[:80]})"
            result.silent.append(Failure(f"error input {k}", _described(sample), "silent", message))
    result.errors = (good, total)


def _expect(holds: Any, kind: str, message: str) -> None:
    if not holds:
        raise Mismatch(kind, message)


def _host(value: Any) -> np.ndarray:
    if isinstance(value, cr.Tensor):
        return np.asarray(value.backend.to_host(value.array))
    if isinstance(value, torch.Tensor):
        return value.detach().resolve_conj().resolve_neg().numpy(force=True)  # or it refuses its ZeroTensors
    return np.asarray(value)


def _same(one: Any, two: Any) -> bool:
    a, b = _host(one), _host(two)
    return a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")


def _random_like(stream: np.random.Generator, tensor: Any) -> np.ndarray:
    drawn = np.asarray(stream.uniform(-1, 1, tuple(tensor.shape)))
    if tensor.dtype.is_complex:
        drawn = drawn + 1j * stream.uniform(-1, 1, tuple(tensor.shape))
    return np.asarray(drawn, str(tensor.dtype).removeprefix("torch."))


def _compare_kind(ours: Any, theirs: Any, what: str) -> None:
    if not isinstance(theirs, torch.Tensor):
        return
    _expect(isinstance(ours, cr.Tensor), "wrong value", f"{what}: {type(ours).__name__} in place of a tensor")
    shape, dtype = tuple(theirs.shape), str(theirs.dtype).removeprefix("torch.")
    _expect(tuple(ours.shape) == shape, "wrong shape", f"{what}: shape {tuple(ours.shape)}, PyTorch has {shape}")
    _expect(str(ours.dtype) == dtype, "wrong dtype", f"{what}: {ours.dtype}, PyTorch has {dtype}")
    message = f"{what}: requires_grad is {ours.requires_grad}, PyTorch has {theirs.requires_grad}"
    _expect(ours.requires_grad == theirs.requires_grad, "wrong requires_grad", message)


def _compare(ours: Any, theirs: Any, kind: str, what: str) -> None:
    if not isinstance(theirs, (torch.Tensor, int, float, complex)):
        _expect(ours == theirs, f"wrong {kind}", f"{what}: {ours!r}, PyTorch has {theirs!r}")
        return
    found, expected = _host(ours), _host(theirs)
    if found.dtype.kind not in "fc":
        _expect(
            np.array_equal(found, expected), f"wrong {kind}", f"{what}: {_shown(found)}, PyTorch {_shown(expected)}"
        )
        return
    if kind == "second gradient":  # PyTorch's formulas divide 0 by 0 here and there: finite differences judge then
        expected = np.where(np.isnan(expected), found, expected)
    finite = np.abs(expected[np.isfinite(expected)])
    scale = max(1.0, float(finite.max())) if finite.size else 1.0
    tolerance = TOLERANCE[kind] if expected.dtype.itemsize > 4 or expected.dtype == np.complex128 else 1e-5
    if expected.dtype == np.float16:
        tolerance = 2e-3
    close = np.allclose(found, expected, rtol=tolerance, atol=tolerance * scale, equal_nan=True)
    _expect(close, f"wrong {kind}", f"{what}: {_shown(found)}, PyTorch {_shown(expected)}")


def _compare_gradients(ours: Sequence[Any], theirs: Sequence[Any], leaves: Sequence[Any], kind: str) -> None:
    for k, (found, expected, leaf) in enumerate(zip(ours, theirs, leaves, strict=True)):
        zeros = torch.zeros_like(leaf)
        if found is not None:
            shape = tuple(leaf.shape)
            _expect(tuple(found.shape) == shape, f"wrong {kind}", f"of input {k}: shape {tuple(found.shape)}")
        _compare(
            zeros if found is None else found, zeros if expected is None else expected, kind, f"{kind} of input {k}"
        )


def _shown(array: np.ndarray) -> str:
    text = np.array2string(array, precision=5, threshold=8, edgeitems=2).replace("\n", "")
    return text if len(text) < 160 else text[:160] + "..."


def _described(sample: Any) -> str:
    def text(value: Any) -> str:
        if isinstance(value, torch.Tensor):
            return f"{str(value.dtype).removeprefix('torch.')}{list(value.shape)}"
        if isinstance(value, (tuple, list)):
            return "(" + ", ".join(text(v) for v in value) + ")"
        return repr(value)

    parts = [text(v) for v in (sample.input, *sample.args)]
    return ", ".join([*parts, *(f"{k}={text(v)}" for k, v in sample.kwargs.items())])

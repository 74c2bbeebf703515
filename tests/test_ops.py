"""Every op, from the tables of samples in rows/: one row there is all that a new op needs.

For each sample, on each backend: values, dtypes, shapes and first gradients against PyTorch in float64; first and
second derivatives against finite differences along random directions; inputs of any memory layout; float32 kept;
inputs left alone; gradients with a graph equal to those without.
"""

from __future__ import annotations

import importlib
import pkgutil
import warnings
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np
import pytest
import rows
import torch
from rows.rows import Kink, Row, Sample, T

import chainrule as cr
from chainrule.autograd import ops
from chainrule.backends import Backend, dtypes


def _modules(package: Any) -> list[Any]:
    return [importlib.import_module(f"{package.__name__}.{m.name}") for m in pkgutil.iter_modules(package.__path__)]


ROWS: list[Row] = [row for module in _modules(rows) for row in getattr(module, "ROWS", ())]
CASES = [
    pytest.param(row, k, id=f"{row.name}-{k}" if len(row.samples) > 1 else row.name)
    for row in ROWS
    for k in range(len(row.samples))
]

NOT_IN_ROWS = {
    "creation": "makes tensors of no tensor, so there is nothing to differentiate: test_creation.py",
    "dims": "reads arguments, and holds no op",
}
"""Modules of ops whose public names need no row, and why."""


def quiet() -> Any:
    """What is infinite or undefined is compared, not warned of."""
    return np.errstate(all="ignore")


_NARROW = {np.dtype(np.float64): np.dtype(np.float32), np.dtype(np.complex128): np.dtype(np.complex64)}


class Call:
    """One sample on one backend: its arguments, and how to call the function with them."""

    def __init__(
        self,
        row: Row,
        k: int,
        backend: Backend,
        layout: Callable[[np.ndarray, Backend], Any] | None = None,
        narrow: bool = False,
    ) -> None:
        self.row, self.sample, self.backend = row, row.samples[k], backend
        self.specs, self.drawn = self.sample.specs(), row.arrays(k)
        if narrow:
            self.drawn = [a.astype(_NARROW.get(a.dtype, a.dtype)) for a in self.drawn]
        arrays = [backend.asarray(a) if layout is None else layout(a, backend) for a in self.drawn]
        self.tensors = [cr.Tensor(a, t.grad and row.grad) for a, t in zip(arrays, self.specs, strict=True)]
        self.leaves = [t for t in self.tensors if t.requires_grad]

    def __call__(self, *leaves: Any) -> Any:
        """The result, with `leaves` in the places of the arguments that require a gradient."""
        given = iter(leaves or self.leaves)
        tensors = [next(given) if t.requires_grad else t for t in self.tensors]
        if self.row.in_place:
            tensors[0] = tensors[0].clone()
        args, kwargs = self.sample.fill(tensors)
        call = self.row.call
        function = attrgetter(self.row.name)(cr) if call is None else lambda *a, **k: call(cr, *a, **k)
        cr.manual_seed(0)
        with quiet():
            result = function(*args, **kwargs)
        return tensors[0] if self.row.in_place and result is None else result

    def outputs(self) -> list[Any]:
        return flat(self())

    def gradients(self, outputs: list[Any], cotangents: list[np.ndarray], create_graph: bool = False) -> list[Any]:
        """The gradient of every leaf, on the host; zeros for a leaf without influence."""
        pairs = [(t, c) for t, c in zip(outputs, cotangents, strict=True) if has_gradient(t)]
        if not pairs or not self.leaves:
            return [np.zeros(t.shape, t.dtype) for t in self.leaves]
        outputs = [t for t, _ in pairs]
        weights = [cr.Tensor(self.backend.asarray(c.astype(t.dtype))) for t, c in pairs]
        passes = []
        for retain in (True, create_graph):  # twice, for a backward that spoils what it works with
            with quiet():
                found = cr.autograd.grad(outputs, self.leaves, weights, retain, create_graph, allow_unused=True)
            for leaf, g in zip(self.leaves, found, strict=True):
                if g is not None:
                    assert g.backend is self.backend, f"the gradient is on {g.backend}"
                    assert g.shape == leaf.shape, f"a gradient of shape {g.shape} for an input of shape {leaf.shape}"
                    assert g.dtype == leaf.dtype, f"a gradient of {g.dtype} for an input of {leaf.dtype}"
            if not create_graph:
                self._expect_own_memory([g for g in found if g is not None], outputs + weights)
            zeros = [np.zeros(leaf.shape, leaf.dtype) for leaf in self.leaves]
            passes.append([z if g is None else host(g) for z, g in zip(zeros, found, strict=True)])
        for first, second in zip(*passes, strict=True):
            # A device adds up what is scattered to one place in any order, and terms may cancel.
            exact = self.backend.device_type == "cpu" or first.dtype.kind not in "fc" or not first.size
            atol = 0.0 if exact else 8 * np.finfo(first.dtype).eps * np.abs(first[np.isfinite(first)]).max(initial=0)
            np.testing.assert_allclose(
                second, first, rtol=1e-6, atol=atol, err_msg="a second backward gives other gradients"
            )
        for weight, (t, c) in zip(weights, pairs, strict=True):
            np.testing.assert_array_equal(host(weight), c.astype(t.dtype), err_msg="a cotangent was changed")
        return passes[0]

    def _expect_own_memory(self, gradients: list[Any], others: list[Any]) -> None:
        """No gradient lies in the memory of another, of an input, of an output or of a cotangent."""
        owners = [self.backend.owner(t.array) for t in (*self.tensors, *others)]
        for g in gradients:
            owner = self.backend.owner(g.array)
            assert all(owner is not other for other in owners), "a gradient shares memory with another array"
            owners.append(owner)

    def expect_unchanged(self) -> None:
        for tensor, drawn in zip(self.tensors, self.drawn, strict=True):
            np.testing.assert_array_equal(host(tensor), drawn, err_msg="an input was changed")


def flat(result: Any) -> list[Any]:
    return [item for part in result for item in flat(part)] if isinstance(result, (tuple, list)) else [result]


def host(tensor: Any) -> np.ndarray:
    return np.array(tensor.backend.to_host(tensor.array))


def has_gradient(value: Any) -> bool:
    return bool(getattr(value, "requires_grad", False))


def cotangents_for(outputs: Sequence[Any]) -> list[np.ndarray]:
    stream = np.random.default_rng(7)
    drawn: list[np.ndarray] = []
    for t in outputs:
        count = 2 if isinstance(t, cr.Tensor) and t.is_complex() else 1
        parts = [stream.uniform(-1, 1, np.shape(t)) for _ in range(count)]
        drawn.append(parts[0] if len(parts) == 1 else parts[0] + 1j * parts[1])
    return drawn


class Reference:
    """What PyTorch computes for a sample."""

    def __init__(self, row: Row, k: int) -> None:
        tensors = [torch.tensor(a) for a in row.arrays(k)]
        self.leaves = [
            x.requires_grad_() for x, t in zip(tensors, row.samples[k].specs(), strict=True) if t.grad and row.grad
        ]
        if row.in_place:
            tensors[0] = tensors[0].clone()
        args, kwargs = row.samples[k].fill(tensors, _for_torch)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if callable(row.torch):
                result = row.torch(torch, *args, **kwargs)
            else:
                result = attrgetter(str(row.torch))(torch)(*args, **kwargs)
        self.outputs = flat(tensors[0] if row.in_place and result is None else result)

    def gradients(self, cotangents: list[np.ndarray]) -> list[np.ndarray]:
        pairs = [
            (t, torch.tensor(c, dtype=t.dtype))
            for t, c in zip(self.outputs, cotangents, strict=True)
            if has_gradient(t)
        ]
        if not pairs or not self.leaves:
            return [np.zeros(x.shape) for x in self.leaves]
        outputs, weights = zip(*pairs, strict=True)
        found = torch.autograd.grad(outputs, self.leaves, weights, allow_unused=True)
        return [
            np.zeros(x.shape) if g is None else g.numpy(force=True) for x, g in zip(self.leaves, found, strict=True)
        ]


def _for_torch(value: Any) -> Any:
    """An argument that is no tensor, as PyTorch wants it."""
    if isinstance(value, np.dtype) or (isinstance(value, str) and value in dtypes.NAMES):
        return getattr(torch, np.dtype(getattr(dtypes, value) if isinstance(value, str) else value).name)
    return value


def _dtype_name(value: Any) -> str:
    return str(value.dtype).removeprefix("torch.")


@pytest.mark.parametrize(("row", "k"), CASES)
def test_values_and_gradients(row: Row, k: int, backend: Backend) -> None:
    call = Call(row, k, backend)
    outputs = call.outputs()
    for out in outputs:
        if isinstance(out, cr.Tensor):
            assert out.backend is backend, f"the result is on {out.backend}"
    cotangents = cotangents_for(outputs)
    gradients = call.gradients(outputs, cotangents)
    call.expect_unchanged()

    if row.torch is not False:
        _compare_with_torch(row, Reference(row, k), outputs, cotangents, gradients)
    elif row.reference is not None:
        args, kwargs = row.samples[k].fill(row.arrays(k))
        with quiet():
            expected = flat(row.reference(np, *args, **kwargs))
        for out, value in zip(outputs, expected, strict=True):
            _compare_values(out, np.asarray(value), "value")

    if row.grad and any(has_gradient(t) for t in outputs):
        with_graph = Call(row, k, backend)
        recorded = with_graph.gradients(with_graph.outputs(), cotangents, create_graph=True)
        for plain, g in zip(gradients, recorded, strict=True):
            np.testing.assert_allclose(g, plain, rtol=1e-12, atol=1e-13, err_msg="create_graph changes the gradient")


def _compare_with_torch(
    row: Row, reference: Reference, outputs: list[Any], cotangents: list[np.ndarray], gradients: list[np.ndarray]
) -> None:
    assert len(outputs) == len(reference.outputs), f"{len(outputs)} outputs, PyTorch has {len(reference.outputs)}"
    for out, expected in zip(outputs, reference.outputs, strict=True):
        if not isinstance(expected, torch.Tensor):
            assert out == expected
            continue
        if row.dtypes:
            assert _dtype_name(out) == _dtype_name(expected)
        if row.grad:
            assert has_gradient(out) == has_gradient(expected), f"requires_grad is {out.requires_grad}"
        _compare_values(out, expected.numpy(force=True), "value")
    for g, expected in zip(gradients, reference.gradients(cotangents), strict=True):
        np.testing.assert_allclose(g, expected, rtol=1e-9, atol=1e-10, err_msg="gradient")


def _compare_values(out: Any, expected: np.ndarray, what: str) -> None:
    found = host(out) if isinstance(out, cr.Tensor) else np.asarray(out)
    assert found.shape == expected.shape, f"{what}: shape {found.shape}, expected {expected.shape}"
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-11, err_msg=what)


SMOOTH = [
    case for case in CASES if case.values[0].grad and not isinstance(case.values[0].samples[case.values[1]], Kink)
]


@pytest.mark.parametrize(("row", "k"), SMOOTH)
def test_finite_differences(row: Row, k: int, backend: Backend) -> None:
    call = Call(row, k, backend)
    if not call.leaves:
        pytest.skip("no argument of this sample requires a gradient")

    def function(*leaves: Any) -> tuple[Any, ...]:
        return tuple(t for t in flat(call(*leaves)) if isinstance(t, cr.Tensor))

    function.__name__ = row.name
    results = function(*call.leaves)
    if not results:
        pytest.skip("the result of this sample is empty")
    # A device adds up what is scattered to one place in any order.
    options: Any = {"rtol": 1e-4, "fast_mode": True, "nondet_tol": 0.0 if backend.device_type == "cpu" else 1e-13}
    with quiet():
        assert cr.autograd.gradcheck(function, call.leaves, **options)
        if row.gradgrad and any(has_gradient(t) for t in results):
            assert cr.autograd.gradgradcheck(function, call.leaves, **options)


def _transposed(array: np.ndarray, backend: Backend) -> Any:
    """The same numbers with the dimensions in memory the other way round."""
    return backend.asarray(np.array(array.T, order="C")).T


def _stepped(array: np.ndarray, backend: Backend) -> Any:
    """The same numbers as every second element of a longer last dimension."""
    if array.ndim == 0:
        return backend.asarray(array)
    storage = np.full((*array.shape[:-1], 2 * array.shape[-1]), 99, dtype=array.dtype)
    storage[..., ::2] = array
    return backend.asarray(storage)[..., ::2]


@pytest.mark.parametrize(("row", "k"), [case for case in CASES if case.values[0].samples[case.values[1]].specs()])
def test_layouts_and_float32(row: Row, k: int, backend: Backend) -> None:
    base = Call(row, k, backend)
    outputs = base.outputs()
    cotangents = cotangents_for(outputs)
    gradients = base.gradients(outputs, cotangents)
    if row.noncontiguous:
        for layout in (_transposed, _stepped):
            other = Call(row, k, backend, layout)
            for out, expected in zip(others := other.outputs(), outputs, strict=True):
                if isinstance(expected, cr.Tensor):
                    np.testing.assert_allclose(
                        host(out), host(expected), rtol=1e-12, atol=1e-13, err_msg=f"{layout.__name__}: value"
                    )
            for g, expected in zip(other.gradients(others, cotangents), gradients, strict=True):
                np.testing.assert_allclose(g, expected, rtol=1e-12, atol=1e-13, err_msg=f"{layout.__name__}: gradient")
            other.expect_unchanged()
    if row.float32:
        single = Call(row, k, backend, narrow=True)
        singles = single.outputs()
        for out, expected in zip(singles, outputs, strict=True):
            if isinstance(expected, cr.Tensor):
                wanted = _NARROW.get(expected.dtype, expected.dtype)
                assert out.dtype == wanted, f"inputs of single precision give {out.dtype}"
        single.gradients(singles, cotangents)  # of their inputs' dtype, which `gradients` asserts


def test_every_op_has_a_row() -> None:
    covered = {name for row in ROWS for name in row.covers}
    missing = []
    for module in _modules(ops):
        name = module.__name__.rpartition(".")[2]
        if name in NOT_IN_ROWS:
            continue
        known = {id(getattr(module, n)) for n in covered if hasattr(module, n)}
        missing += [f"{name}.{n}" for n in getattr(module, "__all__", ()) if id(getattr(module, n)) not in known]
    assert not missing, f"no row in tests/rows/ tries {', '.join(missing)}"


def test_every_exception_is_needed() -> None:
    assert set(NOT_IN_ROWS) <= {module.__name__.rpartition(".")[2] for module in _modules(ops)}


def test_samples_are_the_same_each_time() -> None:
    row = Row("tanh", Sample(T(3, 4), [T(2, dtype="int64")], scale=T(5, distinct=True)))
    for one, two in zip(row.arrays(0), row.arrays(0), strict=True):
        np.testing.assert_array_equal(one, two)
    assert len(np.unique(row.arrays(0)[2])) == 5

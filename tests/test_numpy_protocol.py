"""NumPy's functions on tensors: the same values as on arrays, recorded, and what cannot be recorded refused.

The judge of values is NumPy; of gradients, finite differences of the NumPy program, and HIPS autograd where it has the
derivative.
"""

from __future__ import annotations

import inspect
import math
import warnings
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from fake_cupy import FakeArray
from numpy_cases import CASES, Case

import chainrule as cr
from chainrule.autograd.numpy import FUNCTIONS
from chainrule.autograd.numpy.ufuncs import ON_VALUES as VALUE_UFUNCS, UFUNCS
from chainrule.autograd.numpy.values import ALTERNATIVES, IN_PLACE, ON_VALUES, name_of
from chainrule.backends import Backend


def parts(result: Any) -> list[Any]:
    """The arrays or tensors in a result."""
    if hasattr(result, "dtype") or not hasattr(result, "__len__"):
        return [result]
    return [p for k in range(len(result)) for p in parts(result[k])]


def scalar(np: Any, case: Case, inputs: list[Any]) -> Any:
    """A number that depends on all of the result, computed in the namespace given."""
    total: Any = 0.0
    for k, part in enumerate(parts(case.run(np, *inputs))):
        kind = str(part.dtype)
        if kind[0] in "iub":
            continue
        weight = 0.3 + _cosines(k, tuple(part.shape))
        total = total + np.sum(np.real(part) * weight)
        if kind.startswith("complex"):
            total = total + np.sum(np.imag(part) * (weight[::-1] if weight.ndim else weight + 1))
    return total


def _cosines(k: int, shape: tuple[int, ...]) -> Any:
    return np.cos(np.arange(np.prod(shape, dtype=int)) + k).reshape(shape)


def identifier(case: Case) -> str:
    return case.name


@pytest.mark.parametrize("case", CASES, ids=identifier)
def test_values_shapes_and_dtypes_are_numpys(case: Case, backend: Backend) -> None:
    arrays = case.arrays()
    expected = parts(case.run(np, *arrays))
    tensors = [cr.tensor(backend.asarray(a), requires_grad=True) for a in arrays]
    got = parts(case.run(np, *tensors))
    assert len(got) == len(expected)
    for g, e in zip(got, expected, strict=True):
        assert isinstance(g, cr.Tensor) and g.backend is backend
        assert g.shape == np.shape(e) and g.dtype == np.asarray(e).dtype
        np.testing.assert_allclose(g.detach().numpy(force=True), e, rtol=1e-10, atol=1e-12)
    for t, a in zip(tensors, arrays, strict=True):
        np.testing.assert_array_equal(t.detach().numpy(force=True), a)


def gradients(case: Case, arrays: list[Any]) -> list[Any]:
    tensors = [cr.tensor(a, requires_grad=True) for a in arrays]
    loss = scalar(np, case, tensors)
    if isinstance(loss, cr.Tensor) and loss.requires_grad:
        loss.backward()
    return [np.zeros(t.shape) if t.grad is None else t.grad.numpy(force=True) for t in tensors]


@pytest.mark.parametrize("case", CASES, ids=identifier)
def test_gradients_are_those_of_the_numpy_program(case: Case) -> None:
    arrays = [a.astype(np.float64) for a in case.arrays()]
    found = gradients(case, arrays)
    draw = np.random.default_rng(1)
    for _ in range(2):
        directions = [draw.choice([-1.0, 1.0], a.shape) * draw.uniform(0.5, 1, a.shape) for a in arrays]
        steps = [[a + s * 1e-6 * d for a, d in zip(arrays, directions, strict=True)] for s in (1, -1)]
        slope = (scalar(np, case, steps[0]) - scalar(np, case, steps[1])) / 2e-6
        along = sum(np.sum(np.nan_to_num(g) * d) for g, d in zip(found, directions, strict=True))
        if case.inputs[0] is TIES:
            continue
        np.testing.assert_allclose(along, slope, rtol=2e-6, atol=2e-7)


TIES = next(c.inputs[0] for c in CASES if c.name == "max" and isinstance(c.inputs[0], list))


@pytest.mark.parametrize("case", [c for c in CASES if c.hips], ids=identifier)
def test_gradients_are_those_of_hips_autograd(case: Case) -> None:
    arrays = [a.astype(np.float64) for a in case.arrays()]
    expected = autograd.grad(lambda inputs: scalar(anp, case, list(inputs)))(tuple(arrays))
    for g, e in zip(gradients(case, arrays), expected, strict=True):
        np.testing.assert_allclose(g, e, rtol=1e-9, atol=1e-11)


def test_every_function_of_the_tables_has_a_case() -> None:
    named = {case.name for case in CASES}
    assert {name_of(f) for f in FUNCTIONS} - named == {"copyto"}
    assert {f.__name__ for f in UFUNCS} - named == set()


def test_everything_hips_autograd_differentiates_is_here() -> None:
    from autograd.core import primitive_vjps

    ours = {f.__name__ for f in (*FUNCTIONS, *UFUNCS)}
    plain = {f.__name__: f for f in primitive_vjps}
    private = {"untake", "truncate_pad", "concatenate_args", "make_diagonal", "array_from_args", "full", "msort"}
    missing = []
    for name, function in plain.items():
        module = getattr(function, "fun", function).__module__ or ""
        if name.startswith("_") or name in private or "scipy" in module or not hasattr(np, name):
            continue
        if name not in ours:
            missing.append(name)
    assert len(plain) > 120 and not missing


@pytest.mark.parametrize("function", FUNCTIONS, ids=name_of)
def test_parameters_are_numpys(function: Any) -> None:
    """Names, order and defaults; a keyword that is missing is refused by name."""
    try:
        theirs = inspect.signature(function).parameters
    except ValueError:
        pytest.skip("before NumPy 2.4, functions written in C do not tell their parameters")
    if np.lib.NumpyVersion(np.__version__) < "2.4.0":
        pytest.skip("the parameters are those of NumPy 2.4")
    ours = inspect.signature(FUNCTIONS[function]).parameters
    positional = ("POSITIONAL_ONLY", "POSITIONAL_OR_KEYWORD")
    order = [[n for n, p in s.items() if p.kind.name in positional] for s in (theirs, ours)]
    assert order[0][: len(order[1])] == order[1]
    for name, parameter in ours.items():
        assert name in theirs
        default = theirs[name].default
        assert parameter.default == (None if default is np._NoValue else default) or (
            default is np._NoValue and parameter.default is False
        )


# Operators, and functions of tensors and arrays


def test_operators_of_arrays_and_tensors(backend: Backend) -> None:
    values = np.array([[1.0, 2.0], [3.0, 4.0]])
    array = backend.asarray(values)
    t = cr.tensor(backend.asarray(values), requires_grad=True)
    for result, expected in [
        (array + t, 2 * values), (array - t, 0 * values), (array * t, values**2), (array / t, values / values),
        (array @ t, values @ values), (array**t, values**values), (array // t, values // values),
        (array % t, values % values), (np.float64(2) * t, 2 * values), (np.float64(2) ** t, 2**values),
        (2 * t, 2 * values),
    ]:  # fmt: skip
        assert isinstance(result, cr.Tensor)
        np.testing.assert_array_equal(result.detach().numpy(force=True), expected)
    if backend.name == "numpy":
        assert divmod(array, t)[0].tolist() == [[1, 1], [1, 1]]
    for result in (array == t, array <= t, ~(array < t)):
        assert isinstance(result, cr.Tensor) and result.dtype == cr.bool and bool(result.all())
    (array * t).sum().backward()
    np.testing.assert_array_equal(t.grad.numpy(force=True), values)


def test_functions_mix_tensors_arrays_and_lists(backend: Backend) -> None:
    t = cr.tensor([1.0, 2.0], dtype=cr.float64, requires_grad=True)
    array = backend.asarray(np.array([3.0, 4.0]))
    joined = np.concatenate([array, t, [5.0]])
    assert joined.tolist() == [3, 4, 1, 2, 5]
    joined[2].backward()
    assert t.grad.tolist() == [1, 0]
    assert np.where([True, False], t, array).tolist() == [1, 4]
    assert np.add([1, 1], t).tolist() == [2, 3]


def test_arrays_of_two_backends_are_refused() -> None:
    with cr.use_backend("standin"):
        t = cr.tensor([1.0], requires_grad=True)
    with pytest.raises(cr.MixedBackends, match="Move one first"):
        np.add(np.ones(1), t)
    with pytest.raises(cr.MixedBackends):
        np.concatenate([t, np.ones(1)])


def test_promotion_is_numpys() -> None:
    t = cr.tensor([1.0], dtype=cr.float32, requires_grad=True)
    assert np.multiply(t, 2.0).dtype == cr.float32
    assert (np.float64(2) * t).dtype == cr.float64
    assert np.add(t, np.ones(1)).dtype == cr.float64
    assert np.concatenate([t, [1.0]]).dtype == cr.float64


def test_nan_passes_through_as_in_numpy() -> None:
    values = np.array([1.0, np.nan, 3.0])
    t = cr.tensor(values, requires_grad=True)
    bounds = [2.0, 2.0, np.nan]
    for run in (
        lambda x: np.clip(x, bounds, None), lambda x: np.clip(x, None, bounds), lambda x: np.clip(x, 2.0, np.nan),
        lambda x: np.max(x), lambda x: np.median(x), lambda x: np.quantile(x, [0.2, 0.9]), lambda x: np.sort(x),
        lambda x: np.maximum(x, 2.0), lambda x: np.fmax(x, 2.0), lambda x: np.heaviside(x, 1.0), lambda x: np.sign(x),
        lambda x: np.interp(x, [0.0, 5.0], [1.0, 2.0]), lambda x: np.maximum.accumulate(x), lambda x: np.ptp(x),
    ):  # fmt: skip
        np.testing.assert_array_equal(run(t).detach().numpy(), run(values))


# What leaves the graph


def test_an_array_of_a_tensor_in_a_graph_is_refused() -> None:
    t = cr.tensor([1.0, 2.0], requires_grad=True)
    for leave in (
        np.asarray,
        np.array,
        lambda x: np.array([x[0], x[1]]),
        np.ascontiguousarray,
        lambda x: list(np.r_[x]),
    ):
        for tensor in (t, t * 2):
            with pytest.raises(RuntimeError, match=r"would leave the graph: use t\.detach\(\)\.numpy\(\)"):
                leave(tensor)
    assert np.asarray(t.detach()).tolist() == [1, 2]
    assert np.asarray(t.detach(), dtype=np.float16).dtype == np.float16
    array = np.zeros(2)
    with pytest.raises(RuntimeError, match="would leave the graph"):
        array[:] = t
    with pytest.raises(RuntimeError, match="would leave the graph"):
        np.random.default_rng(0).permutation(t)


def test_an_array_of_a_tensor_on_a_device_is_refused() -> None:
    with cr.use_backend("standin"):
        t = cr.tensor([1.0])
    with pytest.raises(TypeError, match=r"cpu\(\)"):
        np.asarray(t)


@pytest.mark.parametrize("change", ["+=", "-=", "*=", "/=", "**=", "//=", "%="])
def test_an_array_does_not_take_a_tensor_in_place(change: str) -> None:
    t = cr.tensor([1.0, 2.0], dtype=cr.float64, requires_grad=True)
    scope = {"a": np.ones(2), "t": t}
    with pytest.raises(TypeError, match="write array = array . tensor|an array cannot hold"):
        exec(f"a {change} t", scope)
    assert scope["a"].tolist() == [1, 1]
    scope["t"] = t.detach()
    exec(f"a {change} t", scope)
    assert type(scope["a"]) is np.ndarray


def test_functions_without_a_derivative_are_refused() -> None:
    t = cr.tensor([3.0, 1.0, 2.0], requires_grad=True)
    for run in (
        lambda x: np.histogram(x), lambda x: np.unique(x), lambda x: np.roots(x), lambda x: np.spacing(x),
        lambda x: np.nextafter(x, 1.0), lambda x: np.save("/dev/null", x), lambda x: np.setdiff1d(x, x),
        lambda x: np.sort_complex(x),
    ):  # fmt: skip
        with pytest.raises(TypeError, match=r"np\.[a-z_1]+ has no derivative here.*t\.detach\(\)"):
            run(t)
    assert [x.tolist() for x in np.unique(t.detach(), return_index=True)] == [[1, 2, 3], [1, 2, 0]]
    with cr.no_grad():
        assert isinstance(np.unique(t), cr.Tensor)
    assert np.histogram(t.detach(), 2)[0].tolist() == [1, 2]


def test_alternatives_are_named() -> None:
    t = cr.tensor([3.0, 1.0, 2.0], requires_grad=True)
    with pytest.raises(TypeError, match=r"np\.unique has no derivative here.*use np\.sort\(t\)"):
        np.unique(t)
    for name in ALTERNATIVES:
        assert hasattr(np, name)


def test_functions_that_change_their_argument_are_refused() -> None:
    t = cr.tensor([3.0, 1.0, 2.0])
    for run in (
        lambda x: np.put(x, [0], [1.0]), lambda x: np.place(x, x > 1, [1.0]), lambda x: np.putmask(x, x > 1, 1.0),
        lambda x: np.put_along_axis(x, np.array([0]), 1.0, 0), lambda x: np.fill_diagonal(np.diag(x), 1.0),
    ):  # fmt: skip
        with pytest.raises(TypeError, match="in place, unseen by any graph: use "):
            run(t)
    assert t.tolist() == [3, 1, 2] and {name_of(f) for f in IN_PLACE} <= set(ALTERNATIVES)
    with pytest.raises(TypeError, match=r"np\.add\.at.*index_put"):
        np.add.at(t, [0], 1.0)


def test_what_tells_about_values_answers_as_numpy_does(backend: Backend) -> None:
    values = np.array([[0.5, -1.0, 2.0], [3.0, 0.0, -0.5]])
    t = cr.tensor(backend.asarray(values), requires_grad=True)
    for name in (
        "argmax argmin argsort isnan isfinite isinf signbit nonzero any all sign zeros_like ones_like "
        "argwhere flatnonzero logical_not iscomplex isreal nanargmax"
    ).split():
        got, expected = parts(getattr(np, name)(t)), parts(getattr(np, name)(values))
        for g, e in zip(got, expected, strict=True):
            assert isinstance(g, cr.Tensor) and g.backend is backend and g.dtype == np.asarray(e).dtype
            assert g.numpy(force=True).tolist() == e.tolist()
    assert int(np.count_nonzero(t)) == 5
    assert np.shape(t) == (2, 3) and np.ndim(t) == 2 and np.size(t) == 6 and np.size(t, 1) == 3
    assert np.allclose(t, t) is True and np.array_equal(t, t * 2) is False and np.isclose(t, t).dtype == cr.bool
    assert np.result_type(t, np.float32) == np.float64 and not np.iscomplexobj(t) and np.isrealobj(t)
    assert np.argmax(t, axis=1).tolist() == [2, 0] and values[0][np.argmax(t[0])] == 2.0
    if backend.name == "numpy":
        assert np.searchsorted([0.0, 1.0], t[0]).tolist() == [1, 0, 2] and "0.5" in np.array_repr(t)


def test_integers_are_computed_by_numpy_itself(backend: Backend) -> None:
    t = cr.tensor([3, 1, 2], dtype=cr.int32)
    assert np.sum(t).dtype == np.sum(np.array([3, 1, 2], np.int32)).dtype
    assert np.mean(t).item() == 2 and np.sort(t).tolist() == [1, 2, 3] and np.left_shift(t, 1).tolist() == [6, 2, 4]
    assert np.fmax.reduce(t).item() == 3 and np.add.reduce(t.to(cr.uint8)).item() == 6
    assert np.logical_or.reduce(t).item() is True and np.logical_and.reduce(t > 1).item() is False
    assert np.gcd(t, 2).tolist() == [1, 1, 2] and np.bincount(t).tolist() == [0, 1, 1, 1]


# Keywords


def test_out_takes_a_tensor_outside_of_graphs() -> None:
    t = cr.tensor([1.0, 4.0], dtype=cr.float64, requires_grad=True)
    out = cr.zeros(2, dtype=cr.float64)
    for run in (lambda o: np.sqrt(t, out=o), lambda o: np.cumsum(t, out=o), lambda o: np.cumsum(t, 0, None, o),
                lambda o: np.add.reduce(t[None], out=o), lambda o: np.subtract.accumulate(t, out=o)):  # fmt: skip
        with pytest.raises(RuntimeError, match="out= is not recorded"):
            run(out)
        with pytest.raises(TypeError, match="an array cannot hold"):
            run(np.zeros(2))
    assert out.tolist() == [0, 0]
    with cr.no_grad():
        version = out._version
        assert np.sqrt(t, out=out) is out and out.tolist() == [1, 2] and out._version > version
        assert np.cumsum(t, out=out) is out and out.tolist() == [1, 5]
        assert np.cumsum(t, 0, None, out) is out
        assert np.add(t, 1, where=np.array([True, False]), out=out) is out and out.tolist() == [2, 5]
        with pytest.raises(TypeError, match="cannot put a float64 result into a int64 out"):
            np.sqrt(t, out=cr.zeros(2, dtype=cr.int64))
        with pytest.raises(ValueError, match="does not fit out of shape"):
            np.sqrt(t, out=cr.zeros(3, dtype=cr.float64))
        array = np.zeros(2)
        assert np.multiply(t, 2, out=array) is array and array.tolist() == [2, 8]
    whole = cr.tensor([1, 2])
    version = whole._version
    assert np.cumsum(cr.tensor([3, 4]), out=whole) is whole and whole.tolist() == [3, 7] and whole._version > version


def test_out_of_a_tensor_that_a_graph_needs_is_seen() -> None:
    t = cr.tensor([1.0, 4.0], requires_grad=True)
    factor = cr.tensor([2.0, 3.0])
    y = (t * factor).sum()
    np.negative(factor, out=factor)
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def test_where_without_out_is_refused() -> None:
    t = cr.tensor([1.0, 4.0], requires_grad=True)
    with pytest.raises(TypeError, match=r"np\.sqrt: without out=.*np\.where"):
        np.sqrt(t, where=t > 2)


def test_dtype_and_casting_follow_numpy() -> None:
    t = cr.tensor([1.0, 4.0], dtype=cr.float64, requires_grad=True)
    root = np.sqrt(t, dtype=np.float32)
    assert root.dtype == cr.float32
    root.sum().backward()
    assert t.grad.dtype == cr.float64 and t.grad.tolist() == [0.5, 0.25]
    assert np.add(t, 1, dtype=np.float32).dtype == cr.float32
    assert np.add(t, 1, signature="ff->f").dtype == cr.float32
    with pytest.raises(TypeError, match="cast"):
        np.add(t, t, dtype=np.int64)
    with pytest.raises(TypeError, match="cast"):
        np.add(t, t, dtype=np.float32, casting="safe")
    assert np.sum(t, dtype=np.float32).dtype == cr.float32


def test_other_keywords_are_refused_by_name() -> None:
    t = cr.tensor([[1.0, 4.0]], requires_grad=True)
    assert np.sqrt(t, order="K", subok=True).shape == (1, 2)
    assert np.quantile(t, 0.5, weights=None).item() == 2.5
    for run, name in (
        (lambda: np.sqrt(t, order="F"), "order"), (lambda: np.matmul(t, t.T, axes=[(0, 1)] * 3), "axes"),
        (lambda: np.quantile(t, 0.5, method="inverted_cdf", weights=t), "weights"),
        (lambda: np.einsum("ij->i", t, order="F"), "order"), (lambda: np.nan_to_num(t, copy=False), "copy"),
        (lambda: np.pad(t, 1, mode="mean", stat_length=2), "stat_length"),
        (lambda: np.interp(t, [1.0], [2.0], period=3.0), "period"),
    ):  # fmt: skip
        with pytest.raises(TypeError, match=f"tensors take no .*{name}"):
            run()


def test_no_gradient_is_lost_through_an_argument_that_takes_values() -> None:
    t = cr.tensor([1.0, 4.0], requires_grad=True)
    q = cr.tensor(0.5, requires_grad=True)
    for run, name in (
        (lambda: np.quantile(t, q), "q"), (lambda: np.percentile(t, [10, q]), "q"),
        (lambda: np.pad(t, 1, constant_values=q), "constant_values"),
    ):  # fmt: skip
        with pytest.raises(TypeError, match=f"no derivative with respect to {name}"):
            run()


def test_errors_are_numpys_where_arguments_do_not_fit() -> None:
    t = cr.tensor([[1.0, 4.0]], requires_grad=True)
    for run in (
        lambda: np.squeeze(t, 1), lambda: np.split(t, 3, axis=1), lambda: np.expand_dims(t, 5), lambda: np.pad(t, -1),
        lambda: np.quantile(t, 1.5), lambda: np.quantile(t, 0.5, method="none"), lambda: np.max(t, where=t > 2),
        lambda: np.concatenate([t, t], axis=3), lambda: np.take(t, [0], mode="no"), lambda: np.reshape(t, 3),
        lambda: np.meshgrid(t[0], indexing="no"), lambda: np.linalg.norm(t, "no"), lambda: np.add.reduce(t, 5),
        lambda: np.convolve(t[0], t[0], "no"), lambda: np.gradient(t), lambda: np.sort(t, order="x"),
        lambda: np.sqrt.reduce(t), lambda: np.var(t, ddof=1, correction=1), lambda: np.linalg.qr(t, "no"),
    ):  # fmt: skip
        with pytest.raises((ValueError, IndexError)):
            run()


def test_copyto_writes_into_a_tensor_and_records() -> None:
    t = cr.tensor([1.0, 4.0], requires_grad=True)
    target = cr.zeros(2)
    np.copyto(target, t * 2, where=np.array([True, False]))
    target.sum().backward()
    assert target.tolist() == [2, 0] and t.grad.tolist() == [2, 0]
    with pytest.raises(TypeError, match="cannot hold"):
        np.copyto(np.zeros(2), t)


def test_views_made_by_numpy_are_views() -> None:
    base = cr.zeros(2, 3)
    w = cr.tensor([1.0, 2.0, 3.0], requires_grad=True)
    np.transpose(base)[:, 0] = w
    (base * base).sum().backward()
    assert w.grad.tolist() == [2, 4, 6]


def test_another_librarys_array_gets_to_answer() -> None:
    class Other:
        def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> str:
            return "mine"

        def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> str:
            return "mine"

    t = cr.tensor([1.0], requires_grad=True)
    assert np.add(t, Other()) == "mine" and np.concatenate([t, Other()]) == "mine"
    with pytest.raises(TypeError, match="expected tensors, arrays or numbers, got object"):
        np.add(t, object())


def test_gradients_of_gradients_and_no_grad() -> None:
    t = cr.tensor([0.5, 2.0], dtype=cr.float64, requires_grad=True)
    (g,) = cr.autograd.grad(np.sum(np.sin(t) ** 2), t, create_graph=True)
    (h,) = cr.autograd.grad(np.sum(g), t)
    np.testing.assert_allclose(h.numpy(), 2 * np.cos(2 * t.detach().numpy()), rtol=1e-12)
    with cr.no_grad():
        assert not np.sin(t).requires_grad
    assert type(np.sin(cr.nn.Parameter(cr.zeros(1)))) is cr.Tensor


def test_the_tables_load_when_numpy_first_asks() -> None:
    import subprocess
    import sys

    code = (
        "import sys, numpy as np, chainrule as cr\n"
        "assert 'chainrule.autograd.numpy' not in sys.modules\n"
        "assert (np.ones(2) * cr.ones(2)).tolist() == [1, 1]\n"
        "assert 'chainrule.autograd.numpy' in sys.modules\n"
        "assert 'scipy' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_value_ufuncs_and_recording_ones_are_all_there_are() -> None:
    every = {f for f in vars(np).values() if isinstance(f, np.ufunc)}
    assert every - set(UFUNCS) - VALUE_UFUNCS == {np.nextafter, np.spacing}
    names = {name_of(f) for f in FUNCTIONS}
    assert not names & ON_VALUES


# CuPy


class Kernel:
    """A `cupy.ufunc`, or an ElementwiseKernel: what has a name and asks its arguments."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        for arg in args:
            if hasattr(arg, "__cupy_override_elementwise_kernel__"):
                return arg.__cupy_override_elementwise_kernel__(self, *args, **kwargs)
        return np.array([float(a.sum()) for a in args])


def test_cupys_ufuncs_go_through_the_same_ops() -> None:
    t = cr.tensor([1.0, 4.0], dtype=cr.float64, requires_grad=True)
    assert Kernel("cupy_sqrt")(t).tolist() == [1, 2]
    assert Kernel("cupy_true_divide")(2, t).tolist() == [2, 0.5]
    product = Kernel("cupy_multiply")(np.array([2.0, 3.0]), t)
    product.sum().backward()
    assert t.grad.tolist() == [2, 3]
    assert Kernel("cupy_sqrt")(t, dtype=np.float32).dtype == cr.float32
    with pytest.raises(TypeError, match="an array cannot hold"):
        Kernel("cupy_add")(np.ones(2), t, np.ones(2))
    with pytest.raises(RuntimeError, match="out= is not recorded"):
        Kernel("cupy_sqrt")(t, out=cr.zeros(2, dtype=cr.float64))


def test_a_kernel_of_the_users_own_has_no_derivative() -> None:
    t = cr.tensor([1.0, 4.0], requires_grad=True)
    with pytest.raises(TypeError, match=r"kernel 'squared_diff' has no derivative.*cr\.autograd\.Function"):
        Kernel("squared_diff")(t, t)
    assert Kernel("squared_diff")(t.detach()).tolist() == [5]


def test_a_cupy_array_asks_the_tensor() -> None:
    """CuPy's operators hand over to NumPy's ufunc when the other operand has `__array_ufunc__`."""
    t = cr.tensor([1.0], requires_grad=True)
    assert FakeArray.__module__ == "cupy"
    result = t.__array_function__(np.concatenate, (type(t), FakeArray), ([t, t],), {})
    assert result.tolist() == [1, 1]


# The tensor's own functions


def test_tensors_take_numpys_names_of_dimensions() -> None:
    t = cr.tensor([[3.0, 1.0], [2.0, 5.0]], requires_grad=True)
    for name in "sum mean prod var std any all amax amin argmax argmin nansum nanmean count_nonzero norm".split():
        function = getattr(cr, name)
        assert function(t, axis=0).tolist() == function(t, dim=0).tolist() == getattr(t, name)(axis=0).tolist()
        if name != "count_nonzero":
            assert function(t, axis=1, keepdims=True).shape == (2, 1)
    for name in "max min median sort cummax".split():
        assert getattr(t, name)(axis=0).indices.tolist() == getattr(t, name)(0).indices.tolist()
    assert cr.cat([t, t], axis=1).shape == cr.stack([t[0], t[0], t[0], t[0]], axis=1).shape == (2, 4)
    assert t.cumsum(axis=1).tolist() == [[3, 4], [2, 7]] and t[None].squeeze(axis=0).shape == (2, 2)
    t.sum(axis=0, keepdims=True).sum().backward()
    assert t.grad.tolist() == [[1, 1], [1, 1]]
    for run, said in (
        (lambda: t.sum(0, axis=1), "axis and dim are one parameter"),
        (lambda: t.sum(keepdim=True, keepdims=True), "keepdims and keepdim are one parameter"),
        (lambda: t.sum(axes=0), "unexpected argument 'axes'"),
        (lambda: t.cumsum(keepdims=True), "unexpected argument 'keepdims'"),
        (lambda: t.cumsum(), "dim must be an int"),
    ):
        with pytest.raises(TypeError, match=said):
            run()


def test_numbers_that_leave_the_graph_are_warned_of() -> None:
    t = cr.tensor([0.5, 2.0], requires_grad=True)
    for leave in (
        lambda: float(t[0]),
        lambda: complex(t[0]),
        lambda: math.sin(t[0]),
        lambda: np.zeros(2).__setitem__(0, t[1]),
        lambda: np.zeros(2).fill(t[1]),
    ):
        with pytest.warns(UserWarning, match=r"leaves the graph.*t\.item\(\)") as caught:
            leave()
        assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [t[0].item(), t.tolist()[1], float(t.detach()[1]), f"{t[1]:.1f}"] == [0.5, 2.0, 2.0, "2.0"]

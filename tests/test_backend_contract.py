"""What a backend promises, tried on each: kernels, random numbers, owners, transfers, NumPy's functions."""

from __future__ import annotations

import math
import weakref
from typing import Any

import numpy as np
import pytest

from chainrule import backends
from chainrule.backends import Backend

FLOATS = ["float16", "float32", "float64"]


def on_host(backend: Backend, array: object) -> np.ndarray:
    return backend.to_host(array)


def same(backend: Backend, array: object, expected: object) -> None:
    """Equal values, shape and dtype."""
    assert backends.backend_of(array) is backend
    np.testing.assert_array_equal(backend.to_host(array), np.asarray(expected), strict=True)


class TestScatterAdd:
    @pytest.mark.parametrize("dtype", [*FLOATS, "complex64", "complex128", "int8", "int16", "int32", "int64", "uint8"])
    def test_duplicates_accumulate_in_every_dtype(self, backend, dtype):
        values = np.arange(1, 7).reshape(3, 2).astype(dtype)
        if np.dtype(dtype).kind == "c":
            values = values * np.array(1 + 2j, dtype)
        target = backend.xp.zeros((4, 2), dtype)
        assert backend.xp.scatter_add(target, backend.asarray([1, 3, 1]), backend.asarray(values)) is None
        expected = np.zeros((4, 2), dtype)
        np.add.at(expected, [1, 3, 1], values)
        same(backend, target, expected)

    def test_half_precision_accumulates_in_single(self, backend):
        xp = backend.xp
        target = xp.zeros(1, np.float16)
        xp.scatter_add(target, xp.zeros(4096, np.int64), xp.ones(4096, np.float16))
        same(backend, target, np.float16([4096]))  # adding ones one by one in half precision stops at 2048

    @pytest.mark.parametrize("index", [0, slice(1, 3), (slice(None), 1), ..., (0, 1)])
    def test_basic_indices(self, backend, index):
        target = backend.xp.ones((4, 2))
        backend.xp.scatter_add(target, index, 2.0)
        expected = np.ones((4, 2))
        expected[index] += 2
        same(backend, target, expected)

    def test_several_index_arrays_that_broadcast(self, backend):
        rows, columns = np.array([[0], [2]]), np.array([1, 1, 3])
        values = np.arange(6.0).reshape(2, 3)
        target = backend.xp.zeros((3, 4))
        backend.xp.scatter_add(target, (backend.asarray(rows), backend.asarray(columns)), backend.asarray(values))
        expected = np.zeros((3, 4))
        np.add.at(expected, (rows, columns), values)
        same(backend, target, expected)

    def test_a_mask(self, backend):
        target = backend.xp.zeros((2, 3))
        backend.xp.scatter_add(target, backend.asarray([True, False]), backend.asarray([1.0, 2.0, 3.0]))
        same(backend, target, [[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]])

    def test_into_a_view(self, backend):
        whole = backend.xp.zeros((2, 3))
        backend.xp.scatter_add(whole.T, backend.asarray([0, 0, 2]), backend.asarray([1.0, 2.0]))
        same(backend, whole, [[2.0, 0.0, 1.0], [4.0, 0.0, 2.0]])

    def test_nothing(self, backend):
        target = backend.xp.ones((2, 3))
        none = backend.asarray(np.zeros(0, np.int64))
        backend.xp.scatter_add(target, none, backend.asarray(np.zeros((0, 3))))
        same(backend, target, np.ones((2, 3)))

    @pytest.mark.parametrize("broadcast", [False, True])
    @pytest.mark.parametrize(
        "index",
        [
            (np.arange(-30, 90) % 50 - 10,),
            (slice(None), np.arange(120).reshape(2, 60) % 7),
            (np.arange(300) % 40, slice(1, 20), np.arange(300) % 5 - 5),
            (np.arange(60).reshape(30, 2) % 40, np.arange(2), slice(None, None, 2)),
        ],
    )
    def test_many_values_in_several_dimensions(self, backend: Backend, index: tuple[Any, ...], broadcast: bool) -> None:
        stream = np.random.default_rng(0)
        expected = stream.normal(size=(40, 20, 5))
        target = backend.asarray(expected.copy())
        values = stream.normal(size=expected[index].shape[broadcast:])
        np.add.at(expected, index, values)
        backend.xp.scatter_add(
            target, tuple(i if isinstance(i, slice) else backend.asarray(i) for i in index), backend.asarray(values)
        )
        np.testing.assert_allclose(backend.to_host(target), expected, rtol=1e-12)

    def test_booleans_cannot_be_added(self, backend):
        with pytest.raises(TypeError, match="booleans"):
            backend.xp.scatter_add(backend.xp.zeros(2, bool), backend.asarray([0]), True)


class TestResultsSoFar:
    @pytest.mark.parametrize("name", ["maximum", "minimum", "logaddexp", "add"])
    @pytest.mark.parametrize("length", [0, 1, 2, 7, 8, 33])
    def test_is_numpys(self, backend, name, length):
        a = np.random.default_rng(0).normal(size=(3, length, 2))
        a[:, 3:5, 1] = np.nan
        with np.errstate(invalid="ignore"):
            found = backend.xp.results_so_far(getattr(backend.xp, name), backend.asarray(a), 1)
            expected = getattr(np, name).accumulate(a, 1)
        np.testing.assert_allclose(on_host(backend, found), expected, rtol=1e-14, atol=1e-14, strict=True)


class TestSoftmax:
    @pytest.mark.parametrize(
        "shape", [(1,), (0, 3), (3, 0), (2, 3, 5), (7, 16), (9, 17), (33, 256), (3, 401), (300, 900)]
    )
    @pytest.mark.parametrize("log", [False, True])
    def test_of_every_shape_along_every_axis(self, backend, shape, log):
        x = np.random.default_rng(0).normal(size=shape) * 30
        for axis in range(x.ndim):
            found = on_host(backend, backend.xp.softmax(backend.asarray(x), axis, log))
            shifted = x - x.max(axis=axis, keepdims=True) if x.size else x
            total = np.exp(shifted).sum(axis=axis, keepdims=True)
            with np.errstate(divide="ignore"):
                expected = shifted - np.log(total) if log else np.exp(shifted) / total
            np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13, strict=True)

    @pytest.mark.parametrize("dtype", FLOATS)
    def test_dtypes_and_layouts(self, backend, dtype):
        x = np.random.default_rng(0).normal(size=(20, 31)).astype(dtype)
        for array in (backend.asarray(x), backend.asarray(x.T.copy()).T, backend.asarray(x.repeat(2, 1))[:, ::2]):
            found = on_host(backend, backend.xp.softmax(array, 1))
            assert found.dtype == dtype
            wide = np.exp(x.astype(np.float64))
            np.testing.assert_allclose(found, wide / wide.sum(1, keepdims=True), rtol=4 * np.finfo(dtype).eps * 31)

    def test_infinities_and_nan(self, backend):
        x = np.array([[np.nan] + [0.0] * 19, [-np.inf] * 20, [-np.inf] * 19 + [3.0]])
        with np.errstate(invalid="ignore"):
            found = on_host(backend, backend.xp.softmax(backend.asarray(x), 1))
        assert np.isnan(found[:2]).all()
        np.testing.assert_array_equal(found[2], [0.0] * 19 + [1.0])

    def test_threads_give_the_same(self, monkeypatch):
        x = np.random.default_rng(0).normal(size=(5000, 130)).astype(np.float32)
        xp = backends.get_backend_by_name("numpy").xp
        monkeypatch.setenv("OMP_NUM_THREADS", "1")
        one = xp.softmax(x, 1)
        monkeypatch.setenv("OMP_NUM_THREADS", "3")
        np.testing.assert_allclose(xp.softmax(x, 1), one, rtol=1e-6)


def test_dot_along(backend):
    a, b = np.random.default_rng(0).normal(size=(2, 3, 4, 5))
    for axis in (0, 1, 2, -1):
        found = backend.xp.dot_along(backend.asarray(a), backend.asarray(b), axis=axis)
        np.testing.assert_allclose(on_host(backend, found), (a * b).sum(axis), rtol=1e-13, atol=1e-14, strict=True)


class TestMatmul:
    @pytest.mark.parametrize(
        ("left", "right"),
        [((2, 3), (3, 4)), ((3,), (3,)), ((3,), (3, 4)), ((2, 3), (3,)), ((5, 2, 3), (3, 4)), ((5, 2, 3), (5, 3, 4)),
         ((6, 1, 2, 3), (5, 3, 4)), ((5, 2, 3), (3,)), ((3,), (5, 3, 4)), ((2, 0), (0, 4)), ((0, 3), (3, 4)),
         ((0, 2, 3), (0, 3, 4)), ((5, 2, 0), (5, 0, 4)), ((4, 1), (1, 5)), ((1, 3), (3, 1))],
    )  # fmt: skip
    @pytest.mark.parametrize("dtype", [*FLOATS, "complex64", "int64"])
    def test_shapes_and_dtypes(self, backend, left, right, dtype):
        rng = np.random.default_rng(0)
        a, b = (rng.integers(-4, 5, shape).astype(dtype) for shape in (left, right))
        same(backend, backend.xp.matmul(backend.asarray(a), backend.asarray(b)), np.asarray(a @ b))

    @pytest.mark.parametrize("view", [lambda x: x.T, lambda x: x.T[::2].T, lambda x: x[::-1], lambda x: x[:, ::-2]])
    def test_layouts(self, backend, view):
        a = np.arange(24.0).reshape(4, 6)
        ours = view(backend.asarray(a))
        same(backend, backend.xp.matmul(ours, ours.T), view(a) @ view(a).T)
        same(backend, backend.xp.matmul(ours.T, ours), view(a).T @ view(a))

    @pytest.mark.parametrize(
        ("left", "right"), [((2, 3), (4, 3)), ((5, 2, 3), (4, 3)), ((3,), (4,)), ((2, 2, 3), (3, 3, 2))]
    )
    def test_shapes_that_do_not_fit(self, backend, left, right):
        with pytest.raises(ValueError):
            backend.xp.matmul(backend.xp.ones(left), backend.xp.ones(right))


class TestSpecialFunctions:
    @pytest.mark.parametrize("dtype", FLOATS)
    @pytest.mark.parametrize("name", ["erf", "erfc", "sigmoid"])
    def test_values(self, backend, name, dtype):
        x = np.concatenate([np.linspace(-9, 9, 721), [np.inf, -np.inf, np.nan, 0.0, -0.0]]).astype(dtype)
        got = getattr(backend.xp, name)(backend.asarray(x))
        wide = getattr(backends.get_backend_by_name("numpy").xp, name)(x.astype(np.float64))
        assert got.dtype == dtype
        smallest = 16 * np.finfo(dtype).tiny
        np.testing.assert_allclose(on_host(backend, got), wide, rtol=8 * np.finfo(dtype).eps, atol=smallest)

    @pytest.mark.parametrize("dtype", ["complex64", "complex128"])
    def test_sigmoid_of_complex_numbers_does_not_overflow(self, backend, dtype):
        z = np.array([0.5 - 2j, -3 + 1j, 2000 + 1j, -2000 + 1j, 0]).astype(dtype)
        got = backend.xp.sigmoid(backend.asarray(z))
        assert got.dtype == dtype
        wide = (1 + np.tanh(z.astype(np.complex128) / 2)) / 2
        np.testing.assert_allclose(on_host(backend, got), wide, atol=4 * np.finfo(dtype).eps)

    @pytest.mark.parametrize("name", ["erf", "erfc", "sigmoid"])
    def test_integers_empty_and_strided(self, backend, name):
        function = getattr(backend.xp, name)
        assert function(backend.asarray([0, 1])).dtype == np.float64
        assert function(backend.xp.zeros((0, 2), np.float32)).shape == (0, 2)
        x = backend.asarray(np.linspace(-2, 2, 24).reshape(4, 6))
        same(backend, function(x.T[::2, ::-1]), on_host(backend, function(x)).T[::2, ::-1])


class TestGenerator:
    @pytest.mark.parametrize("dtype", FLOATS)
    def test_the_same_seed_gives_the_same_bits(self, backend, dtype):
        def take(generator):
            drawn = [generator.random((3, 5), np.dtype(dtype)), generator.normal((4,), np.dtype(dtype))]
            drawn += [generator.integers(-2, 9, (6,), np.dtype("int64")), generator.permutation(7)]
            return [on_host(backend, array).copy() for array in drawn]

        generator = backend.generator(5)
        first = take(generator)
        for other in (take(backend.generator(5)), take(generator.manual_seed(5))):
            for x, y in zip(first, other, strict=True):
                np.testing.assert_array_equal(x, y, strict=True)
        assert [x.dtype for x in first] == [dtype, dtype, np.int64, np.int64]
        assert [x.shape for x in first] == [(3, 5), (4,), (6,), (7,)]
        assert not np.array_equal(first[0], take(generator)[0])  # the stream goes on
        assert not np.array_equal(first[0], take(backend.generator(6))[0])
        assert sorted(first[3]) == list(range(7))
        assert first[2].min() >= -2 and first[2].max() < 9

    @pytest.mark.parametrize("dtype", FLOATS)
    def test_distributions(self, backend, dtype):
        generator, n = backend.generator(11), 100_000
        x = on_host(backend, generator.random((n,), np.dtype(dtype))).astype(np.float64)
        assert x.min() >= 0 and x.max() < 1
        assert abs(x.mean() - 0.5) < 5 / math.sqrt(12 * n) + np.finfo(dtype).eps
        x = on_host(backend, generator.normal((n,), np.dtype(dtype))).astype(np.float64)
        assert abs(x.mean()) < 5 / math.sqrt(n) and abs(x.var() - 1) < 5 * math.sqrt(2 / n)

    def test_empty_and_0d(self, backend):
        generator = backend.generator(0)
        for shape in ((), (0,), (2, 0)):
            assert generator.random(shape, np.dtype("float32")).shape == shape
            assert generator.normal(shape, np.dtype("float64")).shape == shape
            assert generator.integers(0, 3, shape, np.dtype("int32")).dtype == np.int32
            assert backends.is_array(generator.random(shape, np.dtype("float32")))

    @pytest.mark.gpu
    def test_the_gpu_draws_what_the_stand_in_draws(self):
        reason = backends.unavailable("cupy")
        if reason is not None:
            pytest.skip(reason)
        gpu, other = (backends.get_backend_by_name(name) for name in ("cupy", "standin"))
        ours, theirs = gpu.generator(2**63 + 11), other.generator(2**63 + 11)
        for dtype in map(np.dtype, FLOATS):
            uniform = [b.to_host(g.random((1001,), dtype)) for b, g in ((gpu, ours), (other, theirs))]
            np.testing.assert_array_equal(*uniform, strict=True)
            normal = [b.to_host(g.normal((1001,), dtype)) for b, g in ((gpu, ours), (other, theirs))]
            np.testing.assert_allclose(*normal, rtol=0, atol=32 * np.finfo(dtype).eps)
        np.testing.assert_array_equal(gpu.to_host(ours.permutation(100)), other.to_host(theirs.permutation(100)))


class TestArrays:
    @pytest.mark.parametrize("value", [3, 2.5, True, 1j, [1, 2], [[1.0], [2.0]], [], np.float32(3), np.arange(3)])
    def test_asarray_of_host_values(self, backend, value):
        array = backend.asarray(value)
        assert isinstance(array, backend.array_type)
        same(backend, array, value)
        assert backend.asarray(array) is array
        assert backend.asarray(array, np.dtype(np.complex128)).dtype == np.complex128

    @pytest.mark.parametrize("value", [["a"], [None], [object()], np.array(["2020-01-01"], "M8[D]")])
    def test_what_is_no_number(self, backend, value):
        with pytest.raises(TypeError, match="numbers or booleans"):
            backend.asarray(value)

    def test_there_and_back(self, backend):
        for dtype in "?bBhHiIlLqQefdFD":
            x = np.arange(6).reshape(2, 3).astype(dtype)
            same(backend, backend.asarray(x), x)
            same(backend, backend.asarray(x.T[::-1]), x.T[::-1])

    def test_copy(self, backend):
        x = backend.asarray(np.arange(6.0).reshape(2, 3))
        copied = backend.copy(x.T)
        assert copied.flags.c_contiguous
        assert backend.owner(copied) is copied
        copied[...] = 0
        same(backend, x, np.arange(6.0).reshape(2, 3))

    def test_item(self, backend):
        for value, kind in ((True, bool), (3, int), (2.5, float), (1j, complex)):
            assert type(backend.item(backend.asarray([[value]]))) is kind
        with pytest.raises(ValueError):
            backend.item(backend.asarray([1, 2]))

    def test_owner_and_extent(self, backend):
        owner = backend.xp.ones((4, 6), np.float32)
        watch = weakref.ref(owner)
        assert backend.owner(owner) is owner
        low, high = backend.extent(owner)
        assert high - low == 96
        view = owner[1:3, ::2].T
        assert backend.owner(view) is owner
        assert backend.extent(view) == (low + 24, low + 24 + 24 + 16 + 4)
        assert backend.extent(owner[:2])[1] == backend.extent(owner[2:])[0]
        del owner, view
        assert watch() is None

    def test_devices(self, backend):
        array = backend.asarray(1.0)
        device = backend.device_of(array)
        assert device in backend.devices()
        assert device.partition(":")[0] == backend.device_type
        assert backend.device_of(backend.asarray(array, device=device)) == device
        backend.synchronize()
        assert all(isinstance(text, str) for text in backend.describe().values())


# NumPy's functions: the same answer from every namespace.

CALLS = [
    "sum(x, 1)", "sum(x, axis=(0, 1), keepdims=True)", "mean(x, 0, dtype='float32')", "var(x, axis=1, ddof=1)",
    "std(x, 0, None, None, 1, True)", "argmax(x, 1)", "argmin(x, axis=0, keepdims=True)", "cumsum(x, 1)",
    "prod(x, axis=0)", "max(x, 1)", "amin(x, 0, keepdims=True)", "all(x > 0, axis=1)", "any(x > 1)",
    "reshape(x, (4, 3))", "reshape(x, -1, 'F')", "transpose(x, (1, 0))", "roll(x, 1, 1)", "flip(x, 0)",
    "pad(x, ((1, 0), (2, 1)))", "pad(x, 1, mode='reflect')", "pad(x, 1, constant_values=3.0)", "tile(x, (2, 1))",
    "repeat(x, 2, axis=1)", "where(x > 0, x, -1.0)", "clip(x, -1, 1)", "clip(x, None, 0.5)", "clip(x, 0, None)",
    "concatenate([x, x], axis=1)", "stack([x, x], axis=-1)", "stack((x, x))", "vstack([x, x])", "hstack([x, x])",
    "split(x, [1, 2])", "array_split(x, 3, axis=1)", "einsum('ij,kj->ik', x, x)", "tensordot(x, x, ([1], [1]))",
    "matmul(x, x.T)", "dot(x, x.T)", "outer(x[0], x[1])", "tril(x, -1)", "triu(x, 1)", "diagonal(x, 1)",
    "diag(x[0])", "eye(3, 4, 1)", "arange(2, 8, 2)", "arange(5, dtype='float32')", "linspace(0, 1, 5)",
    "full((2, 3), 1.5)", "zeros_like(x, dtype='int32')", "ones((2, 2), dtype=bool)", "full_like(x, 2)",
    "sort(x, axis=0)", "argsort(x, axis=1)", "sort(x, axis=None)", "searchsorted(x[0], x[1])",
    "take(x, 2, axis=1)", "squeeze(x[:1], 0)", "expand_dims(x, (0, 2))", "swapaxes(x, 0, 1)",
    "moveaxis(x[None], 0, -1)", "broadcast_to(x, (2, 3, 4))", "nan_to_num(x, nan=1.0)", "isclose(x, x + 1e-9)",
    "maximum(x, 0)", "sign(x)", "round(x, 1)", "trace(x)", "cumprod(x, axis=1)", "diff(x, axis=1)",
    "logaddexp(x, 1.0)", "meshgrid(x[0], x[1])", "broadcast_arrays(x, x[0])", "histogram(x, 4)",
    "kron(x, x)", "rot90(x)", "ravel(x, 'F')", "count_nonzero(x > 0, axis=1)", "indices((2, 3))",
    "unravel_index(argmax(x), (3, 4))", "nanmax(x)", "linalg.norm(x, axis=1)", "fft.fft(x, axis=0)",
    "copysign(x, -1.0)", "float_power(x, 2)", "modf(x)", "angle(x)", "delete(x, 1, axis=0)", "average(x, axis=0)"
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_numpys_functions(backend, call):
    """By position and by name, as far as CuPy takes them."""
    x = np.random.default_rng(3).standard_normal((3, 4))
    expected = eval(call, {**vars(np), "fft": np.fft, "x": x})
    names = {**vars(backend.xp), "fft": backend.xp.fft, "bool": bool, "x": backend.asarray(x)}
    compare(backend, eval(call, names), expected)


def compare(backend: Backend, got: object, expected: object) -> None:
    if isinstance(expected, (list, tuple)):
        assert len(got) == len(expected)
        for one, other in zip(got, expected, strict=True):
            compare(backend, one, other)
        return
    expected = np.asarray(expected)
    np.testing.assert_allclose(on_host(backend, got), expected, rtol=1e-13, atol=1e-13)
    assert (got.shape, got.dtype) == (expected.shape, expected.dtype)


def test_nan_goes_through_clip(backend):
    x = backend.asarray([np.nan, 1.0, -1.0])
    same(backend, backend.xp.clip(x, 0.0, 0.5), [np.nan, 0.5, 0.0])
    bound = backend.asarray([0.0, np.nan, 0.0])
    same(backend, backend.xp.clip(x, bound, None), [np.nan, np.nan, 0.0])


def test_nan_is_last_in_order(backend):
    xp = backend.xp
    x = backend.asarray([[3.0, np.nan, 1.0], [np.nan, 0.0, -1.0]])
    same(backend, xp.sort(x, axis=1), [[1.0, 3.0, np.nan], [-1.0, 0.0, np.nan]])
    same(backend, xp.argsort(x, axis=1, kind="stable"), [[2, 0, 1], [2, 1, 0]])
    same(backend, xp.argmax(x, axis=1), [1, 0])
    same(backend, xp.max(x, axis=1), [np.nan, np.nan])
    same(backend, xp.maximum(x, 0.5), [[3.0, np.nan, 1.0], [np.nan, 0.5, 0.5]])
    same(backend, xp.sign(x), [[1.0, np.nan, 1.0], [np.nan, 0.0, -1.0]])
    second = xp.argpartition(x, 1, axis=1)[:, 1:2]
    same(backend, xp.take_along_axis(x, second, 1), [[3.0], [0.0]])
    same(backend, xp.partition(x, 0, axis=1)[:, 0], [1.0, -1.0])


def test_reductions_over_no_axes_and_of_0d(backend):
    xp = backend.xp
    x = backend.asarray([[1.0, 2.0], [3.0, 4.0]])
    same(backend, xp.asarray(xp.add.reduce(x, (), None, None, False)), [[1.0, 2.0], [3.0, 4.0]])
    same(backend, xp.asarray(xp.max(backend.asarray(2.0))), 2.0)
    same(backend, xp.asarray(xp.add.reduce(backend.asarray(2.0), None, None, None, False)), 2.0)
    same(backend, xp.asarray(xp.add.reduce(xp.ones((0, 3)), 0, None, None, True)), np.zeros((1, 3)))


def test_writes_through_a_mask_without_counting(backend):
    x = backend.asarray(np.arange(6.0).reshape(2, 3))
    backend.xp.copyto(x, backend.asarray(-1.0), casting="unsafe", where=x > 2)
    same(backend, x, [[0.0, 1.0, 2.0], [-1.0, -1.0, -1.0]])

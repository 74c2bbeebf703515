"""The strict stand-in device: every rule of CuPy that it enforces, tried."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

from chainrule import backends
from chainrule.backends.standin import DeviceArray, count_syncs

backend = backends.get_backend_by_name("standin")
xp = backend.xp


def on_device(value, dtype=None):
    return backend.asarray(value, dtype)


def on_host(array):
    return backend.to_host(array)


@pytest.fixture
def a():
    return on_device(np.arange(12.0, dtype=np.float32).reshape(3, 4))


def same(array, expected, dtype=None):
    """Equal values, shape and dtype, on the device."""
    expected = np.asarray(expected, dtype=dtype)
    assert type(array) is DeviceArray
    assert array.dtype == expected.dtype
    np.testing.assert_array_equal(on_host(array), expected, strict=True)


class TestNumpyCannotSeeIn:
    @pytest.mark.parametrize(
        "use",
        [np.asarray, np.array, np.sin, np.sum, np.exp, np.shape, np.concatenate, np.ascontiguousarray,
         lambda a: np.add(a, 1), lambda a: np.add(1, a), lambda a: np.multiply(a, a), lambda a: np.add.reduce(a),
         lambda a: np.add(np.ones(4), np.ones(4), out=a[0]), lambda a: np.array([a, a]), lambda a: np.stack([a]),
         lambda a: np.where(a > 0, a, a), lambda a: np.zeros(4) + a, lambda a: np.einsum("ij->i", a),
         lambda a: np.testing.assert_array_equal(a, a)],
    )  # fmt: skip
    def test_a_numpy_function_raises(self, a, use):
        with pytest.raises(TypeError):
            use(a)

    def test_the_message_says_what_to_use(self, a):
        with pytest.raises(TypeError, match="to_host"):
            np.asarray(a)
        with pytest.raises(TypeError, match=r"xp\.sum"):
            np.sum(a)
        with pytest.raises(TypeError, match=r"xp\.sin"):
            np.sin(a)

    def test_it_is_no_numpy_array(self, a):
        assert not isinstance(a, np.ndarray)
        assert not hasattr(a, "__array_interface__")
        with pytest.raises(TypeError):
            memoryview(a)

    def test_it_is_no_index(self, a):
        with pytest.raises(TypeError):
            [1, 2, 3][xp.argmax(a)]
        with pytest.raises(TypeError):
            range(xp.sum(xp.ones(3, int)))

    def test_another_object_with_a_numpy_protocol_gets_to_answer(self, a):
        class Box:
            def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
                return ufunc.__name__, method, [type(item).__name__ for item in inputs]

        assert a + Box() == ("add", "__call__", ["DeviceArray", "Box"])
        assert Box().__array_ufunc__ is not None
        assert (a < Box())[0] == "less"
        assert np.multiply(a, Box()) == ("multiply", "__call__", ["DeviceArray", "Box"])

    def test_a_plain_object_gets_its_reflected_operator(self, a):
        class Plain:
            def __radd__(self, other):
                return type(other).__name__

        assert a + Plain() == "DeviceArray"
        with pytest.raises(TypeError):
            a + object()


class TestMixing:
    HOST = [np.ones(4, np.float32), [1.0, 2.0, 3.0, 4.0], (1.0, 2.0, 3.0, 4.0), np.array(2.0)]

    @pytest.mark.parametrize("other", HOST, ids=["array", "list", "tuple", "0-d array"])
    @pytest.mark.parametrize(
        "use",
        [lambda a, h: a + h, lambda a, h: h * a, lambda a, h: a @ h, lambda a, h: a < h, lambda a, h: a == h,
         lambda a, h: xp.add(a, h), lambda a, h: xp.add(h, a), lambda a, h: xp.where(a > 0, a, h),
         lambda a, h: xp.where(h, a, a), lambda a, h: xp.matmul(a, h), lambda a, h: xp.sum(h),
         lambda a, h: xp.concatenate([a[0], h]), lambda a, h: xp.stack([a[0], h]), lambda a, h: xp.maximum(a, h),
         lambda a, h: xp.einsum("ij,j->i", a, h), lambda a, h: xp.scatter_add(a, 0, h), lambda a, h: xp.clip(a, h, 1.0),
         lambda a, h: a.__setitem__(0, h), lambda a, h: a.__iadd__(h), lambda a, h: xp.exp(a[0], out=h),
         lambda a, h: xp.tensordot(a, h, 1), lambda a, h: xp.take(a, h), lambda a, h: xp.erf(h),
         lambda a, h: xp.full_like(a, h), lambda a, h: a.fill(h), lambda a, h: xp.copyto(a, h)],
    )  # fmt: skip
    def test_a_host_value_in_a_device_call_raises(self, a, use, other):
        with pytest.raises(TypeError):
            use(a, other)

    def test_the_message_names_the_operation_and_the_remedy(self, a):
        with pytest.raises(TypeError, match=r"add: numpy\.ndarray is not on the device; .*asarray"):
            a + np.ones(4)
        with pytest.raises(TypeError, match="maximum: list is not on the device"):
            xp.maximum(a, [1.0])

    @pytest.mark.parametrize("index", [[0, 1], (slice(None), [0]), np.array([0, 1]), np.array([True, False, True])])
    def test_a_host_index_raises(self, a, index):
        with pytest.raises(TypeError):
            a[index]
        with pytest.raises(TypeError):
            a[index] = 0.0

    def test_python_numbers_are_weak(self, a):
        for result in (a * 2.0, 2.0 * a, a + 1, 1 - a, xp.multiply(a, 2.5), xp.where(a > 3, a, 0.0), a**2, 2.0**a):
            assert result.dtype == np.float32
        small = on_device([1, 2], np.int8)
        assert (small + 1).dtype == np.int8
        assert (small * 1.5).dtype == np.float64
        assert (on_device([1.0], np.float16) + 1j).dtype == np.complex64

    def test_numpy_scalars_are_strong_as_in_cupy(self, a):
        assert (a * np.float64(2)).dtype == np.float64
        assert (np.float64(2) * a).dtype == np.float64
        assert (np.float32(2) - a).dtype == np.float32
        same(np.float32(2) - a[0], [2, 1, 0, -1], np.float32)
        with pytest.raises(TypeError):
            xp.sum(np.float32(2))

    def test_a_0d_device_array_is_strong(self, a):
        assert (a * xp.asarray(2.0)).dtype == np.float64


class TestResults:
    @pytest.mark.parametrize(
        "make",
        [lambda a: a.sum(), lambda a: xp.sum(a), lambda a: xp.max(a), lambda a: a.argmax(), lambda a: a.mean(),
         lambda a: a[1, 2], lambda a: a[0][0], lambda a: xp.dot(a[0], a[0]), lambda a: a[0] @ a[0],
         lambda a: a.sum() * 2, lambda a: -a.sum(), lambda a: a.sum() + a.sum(), lambda a: a.sum() > 1,
         lambda a: xp.allclose(a, a), lambda a: xp.array_equal(a, a), lambda a: xp.count_nonzero(a), lambda a: a.all(),
         lambda a: xp.linalg.norm(a), lambda a: xp.einsum("ij->", a), lambda a: xp.trace(a), lambda a: xp.asarray(1.0),
         lambda a: xp.exp(2.0), lambda a: a.std(), lambda a: xp.take(a, 3), lambda a: xp.searchsorted(a[0], 1.5)],
    )  # fmt: skip
    def test_no_scalar_comes_out(self, a, make):
        result = make(a)
        assert type(result) is DeviceArray
        assert result.shape == ()

    def test_a_0d_result_can_be_written_to(self, a):
        total = a.sum()
        total += 1
        total[...] = total * 2
        same(total, 134.0, np.float32)

    def test_host_questions_get_host_answers(self, a):
        with count_syncs() as log:
            assert xp.shape(a) == (3, 4) == a.shape
            assert (xp.ndim(a), a.ndim, xp.size(a), a.size, len(a), a.itemsize, a.nbytes) == (2, 2, 12, 12, 3, 4, 48)
            assert xp.result_type(a, np.float64) == np.float64
            assert not xp.iscomplexobj(a)
            assert a.strides == (16, 4)
            assert a.dtype is np.dtype(np.float32)
        assert log.total == 0

    def test_several_results(self, a):
        parts = xp.split(a, 2, axis=1)
        assert isinstance(parts, list) and all(type(part) is DeviceArray for part in parts)
        quotient, rest = xp.divmod(a, 5)
        same(quotient, np.arange(12.0).reshape(3, 4) // 5, np.float32)
        same(rest, np.arange(12.0).reshape(3, 4) % 5, np.float32)
        q, r = xp.linalg.qr(a)
        assert type(q) is type(r) is DeviceArray

    def test_no_floating_point_warnings(self, a):
        with np.errstate(all="raise"):
            a / 0.0
            xp.log(a * 0)
            xp.exp(a * 1e10)
            a /= 0
            xp.sqrt(-a).sum()
            xp.power(a, 1000.0)
        with xp.errstate(all="raise"):  # taken, and without effect
            a / 0.0


class TestViewsAndOwners:
    @pytest.mark.parametrize(
        "make",
        [lambda a: a[1:], lambda a: a.T, lambda a: a.reshape(4, 3), lambda a: a[:, ::2], lambda a: a[None],
         lambda a: a[0], lambda a: a[1, 2], lambda a: a.ravel(), lambda a: a.swapaxes(0, 1), lambda a: a.view(),
         lambda a: xp.broadcast_to(a, (2, 3, 4)), lambda a: xp.expand_dims(a, 0), lambda a: a.diagonal(),
         lambda a: xp.transpose(a), lambda a: xp.flip(a, 1), lambda a: xp.split(a, 3)[1], lambda a: a[::-1],
         lambda a: xp.moveaxis(a, 0, 1), lambda a: a[1:].T[::2], lambda a: xp.squeeze(a[:1]), lambda a: a.real,
         lambda a: xp.swapaxes(a, 0, 1), lambda a: xp.atleast_3d(a), lambda a: next(iter(a)), lambda a: a.mT],
    )  # fmt: skip
    def test_a_view_names_its_owner(self, a, make):
        result = make(a)
        assert result is a or result.base is a
        assert backend.owner(result) is a
        low, high = backend.extent(a)
        assert low <= backend.extent(result)[0] <= backend.extent(result)[1] <= high

    def test_views_of_views_name_the_first(self, a):
        view = a[1:][:, 1:].T[0]
        assert view.base is a
        view[...] = -1.0
        np.testing.assert_array_equal(on_host(a), [[0, 1, 2, 3], [4, -1, 6, 7], [8, -1, 10, 11]])

    @pytest.mark.parametrize(
        "make",
        [lambda a: a.copy(), lambda a: a + 0, lambda a: a.T.reshape(12), lambda a: a.flatten(), lambda a: xp.copy(a),
         lambda a: a[xp.asarray([0])], lambda a: a[a > 3], lambda a: a.astype(np.float64), lambda a: a.astype(a.dtype),
         lambda a: xp.sort(a), lambda a: xp.concatenate([a]), lambda a: a[xp.asarray(1)], lambda a: xp.array(a)],
    )  # fmt: skip
    def test_a_copy_owns_itself(self, a, make):
        kept = on_host(a)
        result = make(a)
        assert result.base is None
        assert backend.owner(result) is result
        result[...] = 0
        np.testing.assert_array_equal(on_host(a), kept)

    def test_an_array_that_need_not_change_is_itself(self, a):
        assert a.astype(np.float32, copy=False) is a
        assert xp.asarray(a) is a
        assert backend.asarray(a) is a
        assert xp.ascontiguousarray(a) is a
        assert xp.ascontiguousarray(a.T).base is None

    def test_no_memory_is_read_only(self):
        """A broadcast view is written to without a word, as on a GPU, where several writes meet in one place."""
        x = xp.zeros(3)
        for wide in (xp.broadcast_to(x, (2, 3)), x[None].T.T):
            assert not hasattr(wide.flags, "writeable")
            wide[...] = 1.0
            wide += 0
        same(x, [1.0, 1.0, 1.0])
        square = xp.zeros((3, 3))
        square.diagonal()[...] = 2.0
        xp.diagonal(square, 1)[...] = 3.0
        same(square, [[2.0, 3, 0], [0, 2, 3], [0, 0, 2]])

    def test_flags(self, a):
        assert a.flags.c_contiguous and a.flags["C_CONTIGUOUS"] and a.flags.owndata and not a.flags.f_contiguous
        assert a.T.flags.f_contiguous and not a.T.flags.c_contiguous and not a.T.flags["OWNDATA"]
        with pytest.raises(KeyError):
            a.flags["WRITEABLE"]

    def test_weak_references(self, a):
        gc.disable()
        try:
            owner = xp.ones(3)
            view = owner[1:]
            watch = weakref.ref(owner)
            del owner
            assert watch() is view.base  # the view keeps it
            del view
            assert watch() is None  # by reference count alone
        finally:
            gc.enable()

    def test_device_memory_is_not_host_memory(self):
        source = np.ones(3)
        array = on_device(source)
        source[:] = 7
        same(array, [1.0, 1.0, 1.0])
        fetched = on_host(array)
        fetched[:] = 5
        same(array, [1.0, 1.0, 1.0])

    def test_copies_and_pickles(self, a):
        for other in (copy.copy(a), copy.deepcopy(a), pickle.loads(pickle.dumps(a))):
            assert other is not a and other.base is None
            same(other, on_host(a))


class TestIndexing:
    @pytest.mark.parametrize(
        "index",
        [0, -1, slice(1, None), (1, 2), (slice(None), 1), (..., 0), (None, 0), (slice(None, None, -1), slice(2)), ...,
         (), (0, ..., None), (np.int64(1), slice(None))],
    )  # fmt: skip
    def test_basic_indices_are_numpys(self, a, index):
        same(a[index], on_host(a)[index])
        other = a.copy()
        other[index] = 5
        expected = on_host(a)
        expected[index] = 5
        same(other, expected)

    @pytest.mark.parametrize("index", [3, -4, (0, 4), (slice(None), -5)])
    def test_a_number_out_of_range_raises(self, a, index):
        with pytest.raises(IndexError):
            a[index]
        with pytest.raises(IndexError):
            a[index] = 0

    @pytest.mark.parametrize("index", [(0, 0, 0), (slice(None),) * 3, 1.5, "x"])
    def test_what_is_no_index_raises(self, a, index):
        with pytest.raises(IndexError):
            a[index]

    def test_too_many_arrays_raise(self, a):
        i = xp.asarray([0])
        with pytest.raises(IndexError, match="too many indices"):
            a[i, i, i]

    def test_integer_arrays_wrap_out_of_range(self, a):
        same(a[xp.asarray([3, 4, -4, -1])], on_host(a)[[0, 1, 2, 2]])
        same(a[:, xp.asarray([4, -5])], on_host(a)[:, [0, 3]])
        same(a[xp.asarray([5]), xp.asarray([7])], on_host(a)[[2], [3]])
        same(a[None, ..., xp.asarray([[9]])], on_host(a)[None, ..., [[1]]])
        same(xp.take(a, xp.asarray([13, -13])), [1.0, 11.0], np.float32)
        same(xp.take(a, xp.asarray([3]), axis=0), on_host(a)[[0]])
        same(xp.take_along_axis(a, xp.asarray([[4], [5], [-5]]), 1), [[0.0], [5.0], [11.0]], np.float32)

    def test_writes_wrap_out_of_range(self):
        z = xp.zeros(3)
        z[xp.asarray([3, -4])] = on_device([1.0, 2.0])
        same(z, [1.0, 0.0, 2.0])
        xp.scatter_add(z, xp.asarray([3]), 10.0)
        same(z, [11.0, 0.0, 2.0])
        xp.put_along_axis(z, xp.asarray([4]), 9.0, 0)
        same(z, [11.0, 9.0, 2.0])

    def test_empty_axes_cannot_be_wrapped(self):
        with pytest.raises(IndexError):
            xp.zeros((0, 3))[xp.asarray([0])]
        assert xp.zeros((0, 3))[xp.asarray([], dtype=np.int64)].shape == (0, 3)

    @pytest.mark.parametrize(
        "indices",
        [([0, 2], slice(None)), (slice(None), [1, 1, 3]), ([[0], [1]], [2, 3]), (0, [1, 2]), ([0, 1], None, [1, 2]),
         (..., [3]), ([0, 1], ..., 2)],
    )  # fmt: skip
    def test_advanced_indices_are_numpys(self, a, indices):
        device = tuple(xp.asarray(i) if isinstance(i, list) else i for i in indices)
        same(a[device], on_host(a)[indices])

    def test_masks(self, a):
        mask = a > 4
        same(a[mask], np.arange(5.0, 12), np.float32)
        a[mask] = 0
        same(a.sum(), 10.0, np.float32)
        same(a[on_device([True, False, True])], on_host(a)[[0, 2]])
        with pytest.raises(IndexError):
            a[on_device([True, False])]

    def test_a_float_array_is_no_index(self, a):
        with pytest.raises(IndexError, match="integer or boolean"):
            a[xp.asarray([0.0])]

    def test_of_several_writes_to_one_place_another_one_stays(self):
        """NumPy keeps the last. Code that relies on it is wrong on a GPU, and finds out here."""
        winners = set()
        for _ in range(20):
            z = xp.zeros(2)
            z[xp.asarray([0, 0, 0, 1])] = on_device([1.0, 2.0, 3.0, 4.0])
            first, second = on_host(z)
            assert second == 4.0
            winners.add(float(first))
        assert winners == {1.0, 2.0}
        z = xp.zeros((2, 2))
        z[xp.asarray([1, 1])] = on_device([[1.0, 2.0], [3.0, 4.0]])
        assert on_host(z)[0].tolist() == [0, 0]
        assert on_host(z)[1].tolist() == [1, 2]
        w = xp.zeros(3)
        xp.put_along_axis(w, xp.asarray([2, 2]), on_device([5.0, 6.0]), 0)
        same(w, [0.0, 0.0, 5.0])

    def test_writes_without_duplicates_are_numpys(self, a):
        expected = on_host(a)
        expected[[2, 0], 1:3] = [[1, 2], [3, 4]]
        a[xp.asarray([2, 0]), 1:3] = on_device([[1, 2], [3, 4]])
        same(a, expected)
        a.T[xp.asarray([3, 0])] = 0.5
        expected.T[[3, 0]] = 0.5
        same(a, expected)


class TestOnlyWhatCupyHas:
    @pytest.mark.parametrize(
        "name",
        ["vecdot", "unstack", "block", "insert", "einsum_path", "geomspace", "nanpercentile", "matvec",
         "nanquantile", "seterr", "frompyfunc", "nditer", "ndenumerate", "longdouble", "histogram_bin_edges", "test"],
    )  # fmt: skip
    def test_a_missing_name(self, name):
        assert not hasattr(xp, name)
        with pytest.raises(AttributeError, match=f"CuPy has no '{name}'"):
            getattr(xp, name)

    @pytest.mark.parametrize(
        "use",
        [lambda a: xp.sum(a, where=a > 0), lambda a: xp.sum(a, initial=1.0), lambda a: xp.var(a, where=a > 0),
         lambda a: xp.std(a, mean=a), lambda a: xp.var(a, correction=1), lambda a: xp.add(a, a, where=a > 0),
         lambda a: xp.max(a, initial=0), lambda a: xp.mean(a, where=a > 0), lambda a: a.sum(where=a > 0),
         lambda a: a.max(initial=0), lambda a: xp.take(a, xp.asarray([0]), mode="clip"),
         lambda a: xp.zeros(3, device="cpu"), lambda a: xp.sort(a, order="x"), lambda a: xp.add(a, a, subok=True),
         lambda a: a.astype(int, casting="safe"), lambda a: xp.argmax(a, 0, None, None, False, 1),
         lambda a: xp.all(a, where=a > 0), lambda a: xp.prod(a, initial=2)],
    )  # fmt: skip
    def test_a_missing_keyword(self, a, use):
        with pytest.raises(TypeError):
            use(a)

    def test_reduce_and_accumulate_exist_for_two(self, a):
        same(xp.add.reduce(a, axis=1), [6, 22, 38], np.float32)
        same(xp.multiply.accumulate(a[0] + 1), [1, 2, 6, 24], np.float32)
        for method in ("reduce", "accumulate"):
            with pytest.raises(NotImplementedError, match=f"maximum.{method}"):
                getattr(xp.maximum, method)(a)
        with pytest.raises(NotImplementedError, match=r"multiply\.at"):
            xp.multiply.at(a, xp.asarray([0]), 2.0)

    def test_atomics_do_not_know_narrow_or_complex_dtypes(self):
        for dtype in ("int8", "complex64", "bool"):
            with pytest.raises(TypeError, match="atomic"):
                xp.add.at(xp.zeros(2, dtype), xp.asarray([0]), xp.ones(1, dtype))

    def test_sorting_is_stable_and_nothing_else(self, a):
        same(xp.argsort(on_device([1, 0, 1, 0])), [1, 3, 0, 2], np.int64)
        same(xp.argsort(on_device([1, 0, 1, 0]), kind="stable"), [1, 3, 0, 2], np.int64)
        with pytest.raises(ValueError, match="stable"):
            xp.sort(a, kind="quicksort")

    def test_dtypes_the_device_lacks(self):
        for value in (["a"], [object()], np.array(["2020-01-01"], "M8[D]"), np.ones(2, np.longdouble)):
            with pytest.raises(TypeError):
                on_device(value)

    def test_out_must_fit(self, a):
        out = xp.empty((3, 4), np.float32)
        assert xp.add(a, 1, out=out) is out
        assert xp.add(a, 1, out) is out
        assert xp.sum(a, axis=0, out=out[0]).base is out
        with pytest.raises(TypeError):
            xp.add(a, 1.5, out=xp.empty((3, 4), np.int32))
        with pytest.raises(ValueError):
            xp.add(a, 1, out=xp.empty((2, 4), np.float32))

    def test_errors_of_cupys_own_kind(self, a):
        with pytest.raises(TypeError, match="zero-dimensional"):
            xp.concatenate([xp.asarray(1.0), xp.asarray(2.0)])
        with pytest.raises(ValueError, match="out of range") as caught:
            a.swapaxes(0, 2)
        assert not isinstance(caught.value, IndexError)
        assert a.squeeze(()) is a

    def test_a_partition_is_a_whole_order(self):
        x = on_device([3.0, np.nan, 1.0, 2.0])
        with count_syncs() as log:
            order, values = xp.argpartition(x, 1), xp.partition(x, -1)
        assert log.total == 0
        same(order, [2, 3, 0, 1], np.int64)
        np.testing.assert_array_equal(on_host(values), [1, 2, 3, np.nan])
        for function in (xp.argpartition, xp.partition):
            for kth in (4, -5):
                with pytest.raises(ValueError, match="out of bounds"):
                    function(x, kth)

    def test_matmul_takes_no_scalars(self, a):
        with pytest.raises((TypeError, ValueError)):
            xp.matmul(a, xp.asarray(2.0))
        with pytest.raises(TypeError):
            xp.matmul(a, 2.0)


class TestWaits:
    @pytest.mark.parametrize(
        ("use", "cause"),
        [(lambda a: bool(a.sum()), "bool"), (lambda a: float(a.sum()), "float"), (lambda a: int(a.sum()), "int"),
         (lambda a: complex(a.sum()), "complex"), (lambda a: a.sum().item(), "item"),
         (lambda a: backend.item(a.sum()), "item"), (lambda a: a.tolist(), "tolist"), (lambda a: repr(a), "repr"),
         (lambda a: str(a), "str"), (lambda a: f"{a.sum():.1f}", "format"), (lambda a: backend.to_host(a), "get"),
         (lambda a: a[a > 3], "index by a mask"), (lambda a: a[True], "index by a mask"),
         (lambda a: a.__setitem__(a > 3, 0.0), "indexed assignment by a mask"), (lambda a: a.nonzero(), "nonzero"),
         (lambda a: xp.nonzero(a), "nonzero"), (lambda a: xp.where(a), "nonzero"), (lambda a: xp.unique(a), "unique"),
         (lambda a: xp.argwhere(a), "argwhere"), (lambda a: xp.bincount(xp.asarray([1])), "bincount"),
         (lambda a: xp.flatnonzero(a), "flatnonzero"), (lambda a: xp.linalg.inv(a[:, :3]), "linalg.inv"),
         (lambda a: xp.repeat(a[0], xp.asarray([1, 2, 0, 1])), "repeat by an array"),
         (lambda a: backend.synchronize(), "synchronize"), (lambda a: xp.asnumpy(a), "get"),
         (lambda a: xp.scatter_add(a, a > 3, 1.0), "add.at by a mask"), (lambda a: xp.tril_indices(3), "tril_indices"),
         (lambda a: 1.0 in a[0], "bool")],
    )  # fmt: skip
    def test_each_wait_is_counted_by_cause(self, a, use, cause):
        a += 1e-3
        with count_syncs() as log:
            try:
                use(a)
            except np.linalg.LinAlgError:
                pass
        assert cause in log.causes

    def test_ordinary_work_does_not_wait(self, a):
        with count_syncs() as log:
            b = xp.exp(a - xp.max(a, axis=1, keepdims=True))
            b /= b.sum(axis=1, keepdims=True)
            c = xp.where(b > 0.5, b, 0.0) @ a.T
            c[xp.asarray([0, 2])] = 1.0
            xp.scatter_add(c, xp.asarray([0, 0]), 1.0)
            c = xp.take_along_axis(c, xp.argsort(c, axis=1), 1)[:, 0].reshape(3, 1)
            xp.concatenate([c, c], axis=1).astype(np.float64)
            backend.generator(0).normal((3,), np.dtype(np.float32))
            backend.asarray([1.0, 2.0])
        assert log.total == 0, log

    def test_counters_nest(self, a):
        with count_syncs() as outer:
            float(a.sum())
            with count_syncs() as inner:
                float(a.sum())
            int(a.sum())
        assert (outer.total, inner.total) == (3, 1)
        assert inner.causes == {"float": 1}
        assert repr(inner) == "SyncLog({'float': 1})"


class TestOperators:
    @pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "//", "%", "**", "<", "<=", ">", ">=", "==", "!="])
    def test_arithmetic(self, symbol):
        x, y = np.array([1.0, -2.0, 3.5]), np.array([2.0, 0.5, -1.0])
        for left, right in ((x, y), (x, 2.0), (2.0, y)):
            with np.errstate(all="ignore"):
                expected = eval(f"left {symbol} right", {"left": left, "right": right})
            lifted = [on_device(v) if isinstance(v, np.ndarray) else v for v in (left, right)]
            same(eval(f"left {symbol} right", {"left": lifted[0], "right": lifted[1]}), expected)

    @pytest.mark.parametrize("symbol", ["&", "|", "^", "<<", ">>"])
    def test_bits(self, symbol):
        x, y = np.array([6, 3]), np.array([1, 2])
        same(eval(f"x {symbol} y", {"x": on_device(x), "y": on_device(y)}), eval(f"x {symbol} y", {"x": x, "y": y}))

    @pytest.mark.parametrize("symbol", ["+=", "-=", "*=", "/=", "//=", "%=", "**="])
    def test_in_place_keeps_the_array(self, symbol):
        x = np.array([1.0, 2.0, 3.5], np.float32)
        space = {"x": on_device(x), "y": on_device(x)}
        before = space["x"]
        view = before[1:]
        exec(f"x {symbol} y", space)
        exec(f"x {symbol} 2", space)
        host_space = {"x": x.copy(), "y": x}
        exec(f"x {symbol} y", host_space)
        exec(f"x {symbol} 2", host_space)
        assert space["x"] is before
        same(before, host_space["x"])
        same(view, host_space["x"][1:])

    def test_in_place_does_not_lose_a_fraction(self):
        with pytest.raises(TypeError):
            i = on_device([1, 2])
            i += 0.5

    def test_there_is_no_in_place_matmul(self, a):
        before = a
        a @= a.T
        assert a is not before
        assert before.shape == (3, 4)

    def test_integers_to_negative_powers_are_truncated(self):
        base = on_device([-2, -1, 0, 1, 2, -1, 3])
        exponent = on_device([-1, -2, -1, -5, -3, -3, 2])
        for result in (base**exponent, xp.power(base, exponent), xp.pow(base, exponent)):
            same(result, [0, 1, 0, 1, 0, -1, 9], np.int64)
        same(base**-1, [0, -1, 0, 1, 0, -1, 0], np.int64)
        base **= exponent
        same(base, [0, 1, 0, 1, 0, -1, 9], np.int64)

    def test_unary(self, a):
        same(-a, -on_host(a))
        same(abs(a - 5), abs(on_host(a) - 5))
        same(~(a > 3), ~(on_host(a) > 3))

    def test_equality_with_what_is_no_number(self, a):
        same(a == None, np.zeros((3, 4), bool))
        same(a != None, np.ones((3, 4), bool))
        same(a == object(), np.zeros((3, 4), bool))

    def test_it_cannot_be_hashed(self, a):
        with pytest.raises(TypeError, match="unhashable"):
            hash(a)

    def test_truth_of_many_is_ambiguous(self, a):
        with pytest.raises(ValueError, match="ambiguous"):
            bool(a)

    def test_iteration(self, a):
        assert [row.shape for row in a] == [(4,)] * 3
        with pytest.raises(TypeError, match="0-d"):
            iter(a.sum())
        with pytest.raises(TypeError):
            len(a.sum())


class TestBackend:
    def test_contract(self, a):
        assert backend.devices() == ["standin:0"]
        assert backend.device_of(a) == "standin:0" == a.device
        assert backends.backend_of(a) is backend
        assert backends.NAMESPACES[DeviceArray] is xp
        assert backend.describe()

    def test_unknown_device(self):
        with pytest.raises(ValueError, match="standin:1"):
            backend.asarray(1.0, device="standin:1")
        assert backend.asarray(1.0, device="standin").shape == ()

    @pytest.mark.parametrize("value", [3, 2.5, True, 1j, [1, 2], [[1.0], [2.0]], [], np.float32(3), np.arange(3)])
    def test_asarray_takes_host_values(self, value):
        same(backend.asarray(value), np.asarray(value))
        assert backend.asarray([1, 2], np.dtype(np.float16)).dtype == np.float16

    def test_asarray_joins_device_arrays(self, a):
        same(backend.asarray([a[0], a[1]]), on_host(a)[:2])

    def test_item_wants_one_element(self, a):
        assert backend.item(a[0, 1]) == 1.0
        assert isinstance(backend.item(xp.asarray([[3]])), int)
        with pytest.raises(ValueError, match="size 1"):
            backend.item(a)

    def test_copy_is_contiguous(self, a):
        copied = backend.copy(a.T)
        assert copied.flags.c_contiguous and copied.base is None
        same(copied, on_host(a).T)

    def test_device_arrays_are_not_made_by_hand(self):
        with pytest.raises(TypeError, match="asarray"):
            DeviceArray()

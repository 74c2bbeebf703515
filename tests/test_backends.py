"""The registry, plugins, devices, the NumPy backend's side of the contract, and what CuPy's backend says and does."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import weakref
from importlib.abc import MetaPathFinder

import numpy as np
import pytest
from fake_cupy import CUDARuntimeError, FakeArray, FakeDevice, fake_cupy

import chainrule as cr
from chainrule import backends
from chainrule.backends import Backend, BackendUnavailable, registry
from chainrule.backends.base import strided_extent
from chainrule.backends.cupy import CupyBackend
from chainrule.backends.standin import DeviceArray

numpy_backend = backends.get_backend_by_name("numpy")
standin = backends.get_backend_by_name("standin")


@pytest.fixture
def fresh_registry(monkeypatch):
    """A registry of its own for the test: NumPy and the stand-in loaded, nothing else known."""
    loaded = {name: registry._loaded[name] for name in ("numpy", "standin")}
    kinds = {kind: backend for kind, backend in registry.BACKENDS.items() if backend in loaded.values()}
    monkeypatch.setattr(registry, "_loaded", loaded)
    monkeypatch.setattr(registry, "_factories", {})
    monkeypatch.setattr(registry, "BACKENDS", kinds)
    monkeypatch.setattr(registry, "NAMESPACES", {kind: backend.xp for kind, backend in kinds.items()})
    monkeypatch.setattr(FakeDevice, "current", None)


@pytest.fixture
def with_cupy(fresh_registry, monkeypatch):
    """Puts a package `cupy` in place, made of what its parts answer."""

    def install(**answers):
        cupy = fake_cupy(**answers)
        monkeypatch.setitem(sys.modules, "cupy", cupy)
        return cupy

    return install


def toy(label="toy", reason=None):
    class ToyArray:
        pass

    class ToyBackend(Backend):
        name = label
        device_type = label
        array_type = ToyArray
        xp = np

        def unavailable(self):
            return reason

    return ToyBackend


@pytest.mark.usefixtures("fresh_registry")
class TestRegistry:
    def test_built_in_names(self):
        assert backends.backend_names() == ["numpy", "cupy", "standin"]

    def test_an_unknown_name(self):
        for ask in (backends.get_backend_by_name, backends.unavailable):
            with pytest.raises(ValueError, match="no backend is called 'numbpy'; there are numpy, cupy, standin, and"):
                ask("numbpy")

    def test_backends_are_made_once(self):
        made = []

        class Counted(toy()):
            def __init__(self):
                made.append(self)

        backends.register_backend("toy", Counted)
        assert not made  # not before it is asked for
        assert backends.get_backend_by_name("toy") is backends.get_backend_by_name("toy")
        assert len(made) == 1

    def test_backends_are_made_once_among_threads(self):
        made, gate = [], threading.Barrier(4)

        class Counted(toy()):
            def __init__(self):
                made.append(self)

        backends.register_backend("toy", Counted)

        def ask():
            gate.wait(timeout=10)
            backends.get_backend_by_name("toy")

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(made) == 1

    def test_registered_backends_are_known(self):
        kind = toy()
        backends.register_backend("toy", kind)
        assert backends.backend_names() == ["numpy", "cupy", "standin", "toy"]
        with pytest.raises(TypeError, match="not an array of any backend in use"):
            backends.backend_of(kind.array_type())
        found = backends.get_backend_by_name("toy")
        assert backends.backend_of(kind.array_type()) is found
        assert registry.NAMESPACES[kind.array_type] is np
        assert backends.backend_for_device("toy") is found
        assert repr(found) == "<backend toy>"

    @pytest.mark.parametrize("name", ["numpy", "cupy", "standin", "auto", "toy"])
    def test_a_name_is_given_once(self, name):
        backends.register_backend("toy", toy())
        with pytest.raises(ValueError, match=f"'{name}' is taken"):
            backends.register_backend(name, toy())

    def test_a_class_of_arrays_belongs_to_one_backend(self):
        class Thief(toy("thief")):
            array_type = np.ndarray

        backends.register_backend("thief", Thief)
        with pytest.raises(ValueError, match="ndarray arrays belong to the numpy backend already"):
            backends.get_backend_by_name("thief")
        assert backends.backend_of(np.ones(2)) is numpy_backend

    def test_an_unavailable_backend_says_why(self):
        backends.register_backend("toy", toy(reason="its cable is unplugged"))
        with pytest.raises(BackendUnavailable, match="the toy backend cannot be used here: its cable is unplugged"):
            backends.get_backend_by_name("toy")
        assert "cable" in backends.unavailable("toy")
        assert backends.unavailable("numpy") is None
        assert "cable" in backends.available_backends()["toy"]
        assert issubclass(BackendUnavailable, RuntimeError)

    def test_available_backends(self):
        report = backends.available_backends()
        assert report["numpy"] == "available: cpu"
        assert report["standin"] == "available: standin:0"
        assert set(report) == {"numpy", "cupy", "standin"}

    @pytest.mark.parametrize("value", [1.0, [1.0], None, "x", object(), np.array])
    def test_what_is_no_array(self, value):
        assert not backends.is_array(value)
        with pytest.raises(TypeError, match="not an array of any backend in use"):
            backends.backend_of(value)

    def test_what_is_an_array(self):
        class Sub(np.ndarray):
            pass

        for value in (np.ones(2), np.float32(1), np.bool_(True), np.ones(2).view(Sub), np.int64(3), np.complex64(1)):
            assert backends.is_array(value)
            assert backends.backend_of(value) is numpy_backend
        assert backends.is_array(standin.asarray(1.0))


@pytest.mark.usefixtures("fresh_registry")
class TestPlugins:
    @pytest.fixture
    def distribution(self, tmp_path, monkeypatch):
        """An installed distribution with entry points in our group."""

        def install(entries, module=""):
            info = tmp_path / "someplugin-1.0.dist-info"
            info.mkdir()
            (info / "METADATA").write_text("Metadata-Version: 2.1\nName: someplugin\nVersion: 1.0\n")
            (info / "entry_points.txt").write_text("[chainrule.backends]\n" + entries)
            (tmp_path / "someplugin_module.py").write_text(module)
            monkeypatch.syspath_prepend(tmp_path)
            monkeypatch.delitem(sys.modules, "someplugin_module", raising=False)

        return install

    def test_an_entry_point_is_found_and_loaded(self, distribution):
        distribution(
            "slate = someplugin_module:SlateBackend\n",
            "import numpy\n"
            "from chainrule.backends import Backend\n"
            "class SlateArray: pass\n"
            "class SlateBackend(Backend):\n"
            "    name = device_type = 'slate'\n"
            "    array_type = SlateArray\n"
            "    xp = numpy\n",
        )
        assert "slate" in backends.backend_names()
        assert "someplugin_module" not in sys.modules  # found, not yet loaded
        found = backends.get_backend_by_name("slate")
        assert found.name == "slate"
        assert backends.backend_of(sys.modules["someplugin_module"].SlateArray()) is found
        assert backends.available_backends()["slate"] == "available: slate"
        assert backends.backend_for_device("slate") is found

    @pytest.mark.parametrize(
        ("entry", "module", "message"),
        [("slate = nowhere_to_be_found:X\n", "", "nowhere_to_be_found"), ("slate = someplugin_module:X\n", "", "'X'")],
    )
    def test_a_broken_plugin_is_reported_and_spoils_nothing(self, distribution, entry, module, message):
        distribution(entry, module)
        with pytest.raises(BackendUnavailable, match=message):
            backends.get_backend_by_name("slate")
        report = backends.available_backends()
        assert message in report["slate"]
        assert report["numpy"] == "available: cpu"


@pytest.mark.usefixtures("fresh_registry")
class TestDevices:
    def test_names(self):
        assert backends.backend_for_device("cpu") is numpy_backend
        assert backends.backend_for_device("standin") is standin
        assert backends.backend_for_device("standin:0") is standin

    @pytest.mark.parametrize(
        ("device", "message"),
        [
            ("tpu", "no backend has a device 'tpu'; devices are 'cpu', 'cuda'"),
            ("auto", "no backend has a device 'auto'"),
            ("cpu:1", "there is no device 'cpu:1'; the numpy backend has cpu"),
            ("standin:3", "there is no device 'standin:3'; the standin backend has standin:0"),
        ],
    )
    def test_unknown_ones(self, device, message):
        with pytest.raises(ValueError, match=message):
            backends.backend_for_device(device)

    def test_cuda_is_cupys(self, with_cupy):
        with_cupy()
        assert backends.backend_for_device("cuda").name == "cupy"
        assert backends.backend_for_device("cuda:1").name == "cupy"
        with pytest.raises(ValueError, match="there is no device 'cuda:2'; the cupy backend has cuda:0, cuda:1"):
            backends.backend_for_device("cuda:2")
        with pytest.raises(ValueError, match="device 'cuda:0' belongs to the cupy backend, not to 'numpy'"):
            backends.resolve("cuda:0", "numpy")

    def test_cuda_without_cupy_is_the_clear_error(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "cupy", None)
        with pytest.raises(BackendUnavailable, match=r"chainrule\[gpu13\]"):
            backends.backend_for_device("cuda")


class TestMixing:
    """Tensors of two backends."""

    @pytest.mark.parametrize(
        "use",
        [lambda a, b: a + b, lambda a, b: b * a, lambda a, b: cr.matmul(a, b), lambda a, b: cr.cat([a, b]),
         lambda a, b: cr.where(a > 0, a, b), lambda a, b: a.clone().add_(b), lambda a, b: cr.maximum(b, a)],
    )  # fmt: skip
    def test_one_operation_on_both_names_both_and_the_remedy(self, use):
        a, b = cr.ones(2), cr.ones(2, device="standin")
        with pytest.raises(backends.MixedBackends) as caught:
            use(a, b)
        for part in ("numpy", "standin", "t.to("):
            assert part in str(caught.value)
        assert isinstance(caught.value, TypeError)

    def test_tensors_move(self):
        a = cr.tensor([1.0, 2.0], requires_grad=True)
        there = a.to("standin")
        assert there.device.type == "standin" and there.backend is standin
        (there * there).sum().cpu().backward()
        assert a.grad.backend is numpy_backend
        assert a.grad.tolist() == [2.0, 4.0]
        assert (there.cpu() + a).tolist() == [2.0, 4.0]

    def test_the_data_decides_where_an_operation_runs(self):
        with backends.use_backend("standin"):
            born = cr.ones(2)
            assert (cr.tensor([1.0, 2.0]) + born).backend is standin
        assert (born + 1).backend is standin
        assert cr.zeros_like(born).backend is standin
        assert cr.ones(2).backend is numpy_backend


class TestNumpyBackend:
    def test_asarray(self):
        x = np.ones(3)
        assert numpy_backend.asarray(x) is x
        assert numpy_backend.asarray([1, 2], np.dtype(np.float32)).dtype == np.float32
        for wrong in (["a"], [None], np.array(["2020"], "M8[Y]")):
            with pytest.raises(TypeError, match="numbers or booleans"):
                numpy_backend.asarray(wrong)

    def test_copy_is_contiguous(self):
        x = np.arange(6.0).reshape(2, 3).T
        copied = numpy_backend.copy(x)
        assert copied.flags.c_contiguous and not np.shares_memory(copied, x)
        np.testing.assert_array_equal(copied, x)

    def test_owner_and_extent(self):
        x = np.arange(24.0).reshape(2, 3, 4)
        base = numpy_backend.owner(x)
        assert numpy_backend.owner(x.T[1:][0]) is base
        assert numpy_backend.owner(x.copy()) is not base
        assert weakref.ref(base)() is base
        low, high = numpy_backend.extent(base)
        assert high - low == 24 * 8
        assert numpy_backend.extent(x[1]) == (low + 96, high)

    def test_generator_is_seeded(self):
        first, second = numpy_backend.generator(3), numpy_backend.generator(3)
        for dtype in map(np.dtype, ("float16", "float32", "float64")):
            x = first.random((50,), dtype)
            np.testing.assert_array_equal(x, second.random((50,), dtype), strict=True)
            assert x.dtype == dtype and x.min() >= 0 and x.max() < 1
            assert first.normal((2,), dtype).dtype == second.normal((2,), dtype).dtype == dtype
        assert sorted(first.permutation(7)) == list(range(7))

    def test_half_precision_stays_below_one(self):
        assert numpy_backend.generator(0).random((200_000,), np.dtype(np.float16)).max() < 1

    def test_kernels(self):
        xp = numpy_backend.xp
        target = np.zeros(3)
        xp.scatter_add(target, np.array([0, 0, 2]), np.array([1.0, 2.0, 4.0]))
        np.testing.assert_array_equal(target, [3, 0, 4])
        a, b = np.arange(3.0)[:, None], np.arange(2.0)[None]
        np.testing.assert_array_equal(xp.matmul(a, b), a @ b)
        assert xp.erf(np.float32([0.5])).dtype == np.float32

    def test_describe(self):
        assert numpy_backend.describe()["numpy"] == np.__version__


class TestExtent:
    """Addresses by arithmetic, for arrays that cannot tell their bounds."""

    @pytest.mark.parametrize(
        "view",
        [lambda x: x, lambda x: x[1:, ::2], lambda x: x[::-1], lambda x: x[:, ::-2].T, lambda x: x[1, 2, 3, None],
         lambda x: np.broadcast_to(x, (5, *x.shape)), lambda x: x[None, :, 0], lambda x: x[..., -1]],
    )  # fmt: skip
    def test_as_numpy_has_it(self, view):
        x = view(np.arange(60, dtype=np.float32).reshape(3, 4, 5))
        assert strided_extent(x.ctypes.data, x.shape, x.strides, x.itemsize) == np.lib.array_utils.byte_bounds(x)

    def test_nothing_is_touched_by_no_elements(self):
        assert strided_extent(4096, (3, 0), (64, -8), 8) == (4096, 4096)

    def test_two_halves_do_not_meet(self):
        x = standin.asarray(np.arange(10.0))
        assert standin.extent(x[:5])[1] == standin.extent(x[5:])[0]
        assert standin.extent(x[::-1]) == standin.extent(x)


# CuPy's backend. What it says where something is missing.

IMPORT_FAILURE = """
================================================================
Failed to import CuPy.

If you installed CuPy via wheels (cupy-cudaXXX), make sure that the package matches with the version of CUDA installed.

CuPy Version: 14.2.0

Original error:
  ImportError: libnvrtc.so.13: cannot open shared object file: No such file or directory
================================================================
"""
INSUFFICIENT = CUDARuntimeError(
    "cudaErrorInsufficientDriver: CUDA driver version is insufficient for CUDA runtime version"
)
NO_DEVICE = CUDARuntimeError("cudaErrorNoDevice: no CUDA-capable device is detected")
NO_NVRTC = RuntimeError('Failure finding "libnvrtc.so.13 or libnvrtc.so.12": No such file: libnvrtc.so.13')
NO_HEADERS = RuntimeError("Failed to find CUDA headers. Please install CUDA toolkit headers")
NO_CUBLAS = ImportError('Failure finding "libcublasLt.so.13 or libcublasLt.so.12": No such file')


class FailingImport(MetaPathFinder):
    def __init__(self, error):
        self.error = error

    def find_spec(self, name, path=None, target=None):
        if name == "cupy":
            raise self.error
        return None


class TestCupyIsMissing:
    @pytest.mark.parametrize(
        ("answers", "messages"),
        [
            (dict(devices=INSUFFICIENT, driver=0), ["no NVIDIA driver answers", "nvidia.com/drivers", "--gpus all"]),
            (dict(devices=INSUFFICIENT, driver=12040),
             ["built for CUDA 13", "driver supports CUDA 12.4 at most", "update the driver",
              "chainrule[gpu12]", "pip uninstall cupy-cuda13x"]),
            (dict(devices=INSUFFICIENT, driver=11080, built=12090),
             ["built for CUDA 12", "driver supports CUDA 11.8 at most", "update the driver"]),
            (dict(devices=NO_DEVICE), ["driver (CUDA 13.2) shows no device", "nvidia-smi", "cudaErrorNoDevice"]),
            (dict(devices=0), ["shows no device", "nvidia-smi"]),
            (dict(capability=(7, 0)), ["built for CUDA 13", "no longer runs on NVIDIA H200 (compute capability 7.0)",
                                       "pip uninstall cupy-cuda13x", "chainrule[gpu12]"]),
            (dict(launch=NO_NVRTC), ["CUDA's libraries are missing", "libnvrtc.so.13", "chainrule[gpu13]", "[ctk]"]),
            (dict(launch=NO_HEADERS, built=12090), ["CUDA headers", "chainrule[gpu12]", "cupy-cuda12x[ctk]"]),
            (dict(cublas=NO_CUBLAS), ["libcublasLt", "chainrule[gpu13]"]),
            (dict(version="13.6.0"), ["cupy 13.6.0 is too old, 14.0 or newer", "chainrule[gpu13]"]),
        ],
    )  # fmt: skip
    def test_the_message_says_what_and_what_to_do(self, with_cupy, answers, messages):
        with_cupy(**answers)
        with pytest.raises(BackendUnavailable) as caught:
            backends.get_backend_by_name("cupy")
        for message in ["the cupy backend cannot be used here", *messages]:
            assert message in str(caught.value)
        assert backends.available_backends()["cupy"] == str(caught.value)
        assert backends.get_backend_by_name("auto") is numpy_backend

    def test_older_driver_than_any_wheel_gets_no_wheel_advice(self, with_cupy):
        with_cupy(devices=INSUFFICIENT, driver=11080, built=12090)
        assert "pip" not in backends.unavailable("cupy")

    def test_a_hidden_device(self, with_cupy, monkeypatch):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
        with_cupy(devices=NO_DEVICE)
        assert "CUDA_VISIBLE_DEVICES is ''" in backends.unavailable("cupy")

    def test_the_package(self, fresh_registry, monkeypatch):
        monkeypatch.setitem(sys.modules, "cupy", None)  # as if not installed
        reason = backends.unavailable("cupy")
        for message in ("the package cupy is not installed", "chainrule[gpu13]", "chainrule[gpu12]"):
            assert message in reason
        assert backends.get_backend_by_name("auto") is numpy_backend

    @pytest.mark.parametrize(
        ("error", "messages"),
        [
            (ImportError(IMPORT_FAILURE), ["installed but cannot be imported", "libnvrtc.so.13", "pip list"]),
            (ImportError(""), ["installed but cannot be imported (ImportError)"]),
            (ModuleNotFoundError("No module named 'cuda'", name="cuda.pathfinder"), ["the package cuda.pathfinder"]),
        ],
    )
    def test_an_import_that_fails(self, fresh_registry, monkeypatch, error, messages):
        monkeypatch.delitem(sys.modules, "cupy", raising=False)
        monkeypatch.setattr(sys, "meta_path", [FailingImport(error), *sys.meta_path])
        reason = backends.unavailable("cupy")
        for message in [*messages, "chainrule[gpu13]"]:
            assert message in reason

    def test_nothing_imports_cupy_before_it_is_asked_for(self):
        code = """
import sys
import numpy
from chainrule import backends
backends.get_backend()
backends.backend_of(numpy.ones(1))
sys.exit(any(name.partition(".")[0] in ("cupy", "cupyx") for name in sys.modules))
"""
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# What it does where there is a device; the arrays are NumPy's, CuPy's rules are those of the stand-in's tests.


class TestCupyBackend:
    @pytest.fixture
    def backend(self, with_cupy):
        with_cupy()
        return backends.get_backend_by_name("cupy")

    def test_it_takes_its_place(self, backend):
        assert isinstance(backend, CupyBackend)
        assert backend.devices() == ["cuda:0", "cuda:1"]
        assert backends.available_backends()["cupy"] == "available: cuda:0, cuda:1"
        assert backends.get_backend_by_name("auto") is backend
        assert registry.NAMESPACES[FakeArray] is backend.xp

    def test_a_cupy_array_handed_in_first_is_recognised(self, with_cupy):
        cupy = with_cupy()
        array = cupy.asarray([1.0])
        assert "cupy" not in registry._loaded
        assert backends.is_array(array)
        assert backends.backend_of(array).name == "cupy"

    def test_asarray_places_on_a_device(self, backend):
        host = np.arange(3.0)
        assert backend.device_of(backend.asarray(host)) == "cuda:0"
        there = backend.asarray(host, device="cuda:1")
        assert backend.device_of(there) == "cuda:1"
        assert backend.asarray(there) is there  # it stays where it is
        assert backend.device_of(backend.asarray(there, np.dtype(np.float32))) == "cuda:1"
        assert backend.device_of(backend.asarray(there, device="cuda:0")) == "cuda:0"
        assert backend.device_of(backend.copy(there)) == "cuda:1"
        with FakeDevice(1):
            assert backend.device_of(backend.asarray(host, device="cuda")) == "cuda:1"
            assert backend.device_of(backend.asarray(host)) == "cuda:1"
        for wrong in ("cuda:2", "cuda:x", "cpu", "cuda:"):
            with pytest.raises(ValueError, match=f"no device '{wrong}'; the cupy backend has cuda:0, cuda:1"):
                backend.asarray(host, device=wrong)

    def test_asarray_takes_numbers_sequences_and_device_arrays(self, backend):
        assert backend.asarray(3, np.dtype(np.float32)).dtype == np.float32
        assert backend.asarray([[1, 2]]).shape == (1, 2)
        array = backend.asarray([1.0, 2.0])
        np.testing.assert_array_equal(backend.to_host(backend.asarray([array, array])), [[1, 2], [1, 2]])

    @pytest.mark.parametrize(
        ("value", "message"),
        [(["a"], "numbers or booleans"), ([None], "numbers or booleans"), (np.array(["2020"], "M8[Y]"), "numbers"),
         (np.ones(2, np.longdouble), "no extended precision")],
    )  # fmt: skip
    def test_asarray_refuses(self, backend, value, message):
        with pytest.raises(TypeError, match=message):
            backend.asarray(value)

    def test_it_draws_what_the_stand_in_draws(self, backend):
        ours, theirs = backend.generator(2**63 + 11), standin.generator(2**63 + 11)
        for dtype in map(np.dtype, ("float16", "float32", "float64")):
            for draw in ("random", "normal"):
                np.testing.assert_array_equal(
                    backend.to_host(getattr(ours, draw)((3, 5), dtype)),
                    standin.to_host(getattr(theirs, draw)((3, 5), dtype)),
                    strict=True,
                )
        np.testing.assert_array_equal(
            backend.to_host(ours.integers(-2, 9, (7,), np.dtype("int32"))),
            standin.to_host(theirs.integers(-2, 9, (7,), np.dtype("int32"))),
            strict=True,
        )
        np.testing.assert_array_equal(backend.to_host(ours.permutation(6)), standin.to_host(theirs.permutation(6)))
        assert ours.random((0, 4), np.dtype("float32")).shape == (0, 4)

    def test_matmul(self, backend):
        a, b = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
        np.testing.assert_array_equal(backend.to_host(backend.xp.matmul(backend.asarray(a), backend.asarray(b))), a @ b)

    def test_describe(self, backend):
        report = backend.describe()
        assert report["cupy"] == "14.2.0"
        assert report["cuda"] == "13.2, driver 13.2"
        assert report["cuda:1"] == "NVIDIA H200, 140 GiB, compute capability 9.0"

    def test_error_functions_refuse_complex_numbers(self, backend):
        with pytest.raises(TypeError, match="erf takes real numbers, got complex128"):
            backend.xp.erf(backend.asarray([1j]))


def test_every_backend_keeps_owners_alive_only_by_reference():
    """An owner is freed with its last view, without the collector."""
    gc.disable()
    try:
        for backend, kind in ((numpy_backend, np.ndarray), (standin, DeviceArray)):
            owner = backend.owner(backend.asarray(np.arange(4.0).copy()))
            assert isinstance(owner, kind)
            view, watch = owner[1:], weakref.ref(owner)
            assert backend.owner(view) is owner
            del owner, view
            assert watch() is None
    finally:
        gc.enable()

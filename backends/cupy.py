"""The CuPy backend: arrays on an NVIDIA GPU. CuPy is imported in this file alone, when the backend is first asked for.

Operations run on the current device (`cupy.cuda.Device`), on the current stream. The kernels that are not CuPy's own
stand in `philox.py` and below; NumPy names that CuPy lacks or answers differently stand in `cupy_shims.py`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from inspect import isfunction
from types import ModuleType
from typing import Any

import numpy as np

from . import philox
from .base import Array, Backend, strided_extent
from .cupy_shims import shims
from .dtypes import as_dtype
from .scipy_special import SpecialFunctions
from .special import complex_sigmoid

_INSTALL = '`pip install "chainrule[gpu13]"` (CUDA 13) or `pip install "chainrule[gpu12]"` (CUDA 12)'
_OLDEST_CUPY = 14
_HALVES = ("float16", "bfloat16")
_OLDEST_FOR_CUDA_13 = 75  # compute capability 7.5, Turing


def _extra(cuda_major: int) -> str:
    return f'`pip install "chainrule[gpu{cuda_major}]"`'


def _import_cupy() -> tuple[Any, str | None]:
    """The package, or why it cannot be imported."""
    try:
        import cupy
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.partition(".")[0] != "cupy":
            return None, f"the package cupy needs the package {error.name}, which is not installed; run {_INSTALL}"
        return None, f"the package cupy is not installed; run {_INSTALL}"
    except (ImportError, RuntimeError, OSError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip(" =-")]
        said = lines[-1] if lines else type(error).__name__
        return None, (
            f"the package cupy is installed but cannot be imported ({said}); uninstall every cupy package shown by "
            f"`pip list`, then run {_INSTALL}"
        )
    if int(cupy.__version__.partition(".")[0]) < _OLDEST_CUPY:
        return None, f"cupy {cupy.__version__} is too old, {_OLDEST_CUPY}.0 or newer is needed; run {_INSTALL}"
    return cupy, None


def _cuda_version(number: int) -> str:
    return f"{number // 1000}.{number % 1000 // 10}"


def _no_device(cupy: Any) -> str | None:
    """Why no device answers, or None if one does."""
    runtime = cupy.cuda.runtime
    built = runtime.runtimeGetVersion()
    try:
        count, said = runtime.getDeviceCount(), ""
    except RuntimeError as error:  # CUDARuntimeError is one
        count, said = 0, str(error)
    if count > 0:
        return None
    try:
        driver = runtime.driverGetVersion()
    except RuntimeError:
        driver = 0
    if driver == 0:
        return (
            "no NVIDIA driver answers; install one from https://www.nvidia.com/drivers, or start the container with "
            "its GPUs (`docker run --gpus all`)"
        )
    if driver // 1000 < built // 1000 and "InsufficientDriver" in said:
        older = driver // 1000
        other = f"or {_extra(older)} after `pip uninstall cupy-cuda{built // 1000}x`" if older >= 12 else ""
        return (
            f"the installed cupy is built for CUDA {built // 1000}, but the driver supports CUDA "
            f"{_cuda_version(driver)} at most; update the driver {other}".rstrip()
        )
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    hidden = f", CUDA_VISIBLE_DEVICES is {visible!r}" if visible is not None else ""
    return (
        f"the driver (CUDA {_cuda_version(driver)}) shows no device{hidden}; "
        f"see what `nvidia-smi` lists{f' ({said})' if said else ''}"
    )


def _no_kernels(cupy: Any) -> str | None:
    """Why kernels and matrix products do not work on the device that answers, or None if they do."""
    runtime = cupy.cuda.runtime
    major = runtime.runtimeGetVersion() // 1000
    properties = runtime.getDeviceProperties(0)
    capability = 10 * properties["major"] + properties["minor"]
    if major >= 13 and capability < _OLDEST_FOR_CUDA_13:
        return (
            f"the installed cupy is built for CUDA {major}, which no longer runs on {properties['name'].decode()} "
            f"(compute capability {properties['major']}.{properties['minor']}); run "
            f"`pip uninstall cupy-cuda{major}x`, then {_extra(12)}"
        )
    try:
        # The first launch finds the compiler NVRTC and the CUDA headers, or fails to; the name, cuBLAS.
        cupy.ElementwiseKernel("", "int32 y", "y = 1", "chainrule_probe")(size=1)
        cupy.cuda.cublas  # noqa: B018
    except Exception as error:
        said = str(error).strip().splitlines()
        return (
            f"the device answers, but CUDA's libraries are missing or broken ({said[0] if said else repr(error)}); run "
            f'{_extra(major)}, which brings them, or `pip install "cupy-cuda{major}x[ctk]"`'
        )
    return None


class CupyGenerator(philox.PhiloxGenerator):
    """Philox by blocks, on the current device: the same bits on any number of multiprocessors."""

    def __init__(self, seed: int, cupy: Any) -> None:
        super().__init__(seed)
        self._cupy = cupy
        self._kernels: dict[str, Any] = {}

    def _draw(self, name: str, first: int, n: int, *arguments: Any) -> Array:
        cupy, kernel = self._cupy, philox.KERNELS[name]
        compiled = self._kernels.get(name)
        if compiled is None:
            compiled = self._kernels[name] = cupy.ElementwiseKernel(
                kernel.inputs, kernel.output, kernel.body, f"chainrule_{name}", preamble=philox.PREAMBLE
            )
        out = cupy.empty(n, kernel.output.split()[1])
        if n:
            blocks = -(-n // kernel.per_block)
            compiled(np.uint64(self._key), np.uint64(first), np.int64(n), *arguments, out, size=blocks)
        return out


SPECIAL_FUNCTIONS = {
    "erf": "y = erf(x)",
    "erfc": "y = erfc(x)",
    "sigmoid": "y = T(1) / (T(1) + exp(-x))",
    "erf_half": "y = static_cast<T>(erff(static_cast<float>(x)))",
    "erfc_half": "y = static_cast<T>(erfcf(static_cast<float>(x)))",
    "sigmoid_half": "y = static_cast<T>(1.0f / (1.0f + expf(-static_cast<float>(x))))",
}
"""Bodies of elementwise kernels from `T x` to `T y`."""


def _special_function(cupy: Any, name: str) -> Callable[[Array], Array]:
    exact, half = (
        cupy.ElementwiseKernel("T x", "T y", SPECIAL_FUNCTIONS[key], f"chainrule_{key}")
        for key in (name, f"{name}_half")
    )

    def function(x: Array) -> Array:
        """Keeps a floating dtype: half precision is computed in single. Integers become float64."""
        if x.dtype.name in _HALVES:
            return half(x)
        if x.dtype.kind == "c":
            if name == "sigmoid":
                return complex_sigmoid(cupy, x)
            raise TypeError(f"{name} takes real numbers, got {x.dtype}")
        return exact(x if x.dtype.kind == "f" else x.astype(np.float64))

    function.__name__ = function.__qualname__ = name
    return function


def matmul(a: Array, b: Array) -> Array:
    """The matrix product. Every product of the package comes through here."""
    return a @ b


def _cupyx_special() -> Any:
    import cupyx.scipy.special

    return cupyx.scipy.special


def _linalg(cupy: Any) -> ModuleType:
    """`cupy.linalg`, raising NumPy's LinAlgError where a factorisation fails: by itself CuPy returns what is left of
    it."""

    def raising(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def checked(*args: Any, **kwargs: Any) -> Any:
            import cupyx

            with cupyx.errstate(linalg="raise"):
                return function(*args, **kwargs)

        return checked

    module = ModuleType("chainrule.backends.cupy.xp.linalg", _linalg.__doc__)
    for name, item in vars(cupy.linalg).items():
        if not name.startswith("_"):
            setattr(module, name, raising(item) if isfunction(item) else item)
    return module


def _namespace(cupy: Any) -> ModuleType:
    """CuPy's public names with the shims and kernels beside them."""
    xp = ModuleType("chainrule.backends.cupy.xp", "CuPy's names, and the kernels every backend has.")
    names = vars(xp)
    names.update({name: getattr(cupy, name) for name in dir(cupy) if not name.startswith("_")})
    names.update(shims(xp))
    names.update({name: _special_function(cupy, name) for name in ("erf", "erfc", "sigmoid")}, matmul=matmul)
    names.update(linalg=_linalg(cupy))
    names.update(special=SpecialFunctions(_cupyx_special))
    return xp


class CupyBackend(Backend):
    name = "cupy"
    device_type = "cuda"

    def __init__(self) -> None:
        self._cupy, self._reason = _import_cupy()
        if self._reason is None:
            self._reason = _no_device(self._cupy) or _no_kernels(self._cupy)
        if self._reason is None:
            self.array_type = self._cupy.ndarray
            self.xp = _namespace(self._cupy)

    def unavailable(self) -> str | None:
        return self._reason

    def devices(self) -> list[str]:
        return [f"cuda:{number}" for number in range(self._cupy.cuda.runtime.getDeviceCount())]

    def device_of(self, array: Array) -> str:
        return f"cuda:{array.device.id}"

    def _device(self, device: str | None) -> Any:
        """The device a name means; the current one for None and `cuda`."""
        if device is None or device == "cuda":
            return self._cupy.cuda.Device()
        kind, _, number = device.partition(":")
        if kind != "cuda" or not number.isdecimal() or device not in self.devices():
            raise ValueError(f"there is no device {device!r}; the cupy backend has {', '.join(self.devices())}")
        return self._cupy.cuda.Device(int(number))

    def asarray(self, value: Any, dtype: np.dtype | None = None, device: str | None = None) -> Array:
        cupy = self._cupy
        if isinstance(value, cupy.ndarray):
            target = value.device if device is None else self._device(device)  # it stays unless told to move
        else:
            target = self._device(device)
            if not hasattr(value, "__cuda_array_interface__"):
                try:
                    value = np.asarray(value, dtype=dtype)
                except TypeError:
                    pass  # a sequence of device arrays, say, which CuPy joins on the device
        found = getattr(value, "dtype", None)
        if isinstance(found, np.dtype) and as_dtype(found).char in "gG":
            raise TypeError(f"a GPU has no extended precision, got an array of dtype {found}; use float64")
        with target:
            return cupy.asarray(value, dtype=dtype)

    def copy(self, array: Array) -> Array:
        with array.device:
            return array.copy(order="C")

    def to_host(self, array: Array) -> np.ndarray:
        return array.get()

    def item(self, array: Array) -> Any:
        return array.item()

    def owner(self, array: Array) -> Array:
        return array if array.base is None else array.base

    def extent(self, array: Array) -> tuple[int, int]:
        return strided_extent(array.data.ptr, array.shape, array.strides, array.itemsize)

    def generator(self, seed: int) -> CupyGenerator:
        return CupyGenerator(seed, self._cupy)

    def synchronize(self) -> None:
        for number in range(self._cupy.cuda.runtime.getDeviceCount()):
            self._cupy.cuda.Device(number).synchronize()

    def describe(self) -> dict[str, str]:
        cupy, runtime = self._cupy, self._cupy.cuda.runtime
        report = {
            "cupy": cupy.__version__,
            "cuda": f"{_cuda_version(runtime.runtimeGetVersion())}, driver {_cuda_version(runtime.driverGetVersion())}",
        }
        for number in range(runtime.getDeviceCount()):
            properties = runtime.getDeviceProperties(number)
            gibibytes = properties["totalGlobalMem"] / 2**30
            report[f"cuda:{number}"] = (
                f"{properties['name'].decode()}, {gibibytes:.0f} GiB, "
                f"compute capability {properties['major']}.{properties['minor']}"
            )
        return report

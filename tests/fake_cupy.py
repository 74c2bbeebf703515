"""A package `cupy` without a GPU, for the backend's own code: what CuPy answers and raises, arrays in NumPy."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from chainrule.backends import philox


class CUDARuntimeError(RuntimeError):
    """As `cupy_backends.cuda.api.runtime` raises it: the name and the text of the status."""


class FakeArray:
    """As much of `cupy.ndarray` as the backend touches."""

    def __init__(self, values: Any, device: Any) -> None:
        self.values, self.device, self.base = np.array(values), device, None

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise TypeError("Implicit conversion to a NumPy array is not allowed.")

    dtype = property(lambda self: self.values.dtype)
    shape = property(lambda self: self.values.shape)
    ndim = property(lambda self: self.values.ndim)

    def astype(self, dtype: Any, copy: bool = True) -> FakeArray:
        return FakeArray(self.values.astype(dtype), self.device)

    def reshape(self, *shape: Any) -> FakeArray:
        return FakeArray(self.values.reshape(*shape), self.device)

    def argsort(self) -> FakeArray:
        return FakeArray(self.values.argsort(kind="stable"), self.device)

    def copy(self, order: str = "C") -> FakeArray:
        return FakeArray(self.values.copy(order), FakeDevice.current)

    def get(self) -> np.ndarray:
        return self.values.copy()

    def item(self) -> Any:
        return self.values.item()

    def __matmul__(self, other: FakeArray) -> FakeArray:
        return FakeArray(self.values @ other.values, self.device)


FakeArray.__module__ = "cupy"


class FakeDevice:
    """`cupy.cuda.Device`: the current one inside a `with`."""

    current: Any = None

    def __init__(self, id: int | None = None) -> None:
        self.id = (FakeDevice.current.id if FakeDevice.current else 0) if id is None else id
        self.outer: list[Any] = []

    def __enter__(self) -> FakeDevice:
        self.outer.append(FakeDevice.current)
        FakeDevice.current = self
        return self

    def __exit__(self, *_: Any) -> None:
        FakeDevice.current = self.outer.pop()

    def synchronize(self) -> None:
        pass


class FakeKernel:
    """`cupy.ElementwiseKernel`: the random ones compute by their NumPy twin."""

    def __init__(self, inputs: str, outputs: str, body: str, name: str, preamble: str = "") -> None:
        self.inputs, self.outputs, self.name = inputs, outputs, name

    def __call__(self, *args: Any, size: int | None = None) -> Any:
        name = self.name.removeprefix("chainrule_")
        if name not in philox.KERNELS:
            return FakeArray(0, FakeDevice())
        key, first, n, *rest, out = args
        wanted = [parameter.split()[0] for parameter in self.inputs.split(",")]
        assert [value.dtype.name for value in (key, first, n, *rest)] == wanted
        assert size == -(-int(n) // philox.KERNELS[name].per_block)
        assert out.dtype == self.outputs.split()[1]
        out.values[...] = philox.draw(name, int(key), int(first), int(n), *rest)
        return out


def fake_cupy(
    *,
    version: str = "14.2.0",
    built: int = 13020,
    driver: int = 13020,
    devices: int | Exception = 2,
    capability: tuple[int, int] = (9, 0),
    launch: Exception | None = None,
    cublas: Exception | None = None,
) -> ModuleType:
    """The package, on a machine where its parts answer as the arguments say."""
    cupy = ModuleType("cupy")

    def count() -> int:
        if isinstance(devices, Exception):
            raise devices
        return devices

    class Kernel(FakeKernel):
        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            if launch is not None:
                raise launch
            return super().__call__(*args, **kwargs)

    class Cuda(SimpleNamespace):
        @property
        def cublas(self) -> Any:
            if cublas is not None:
                raise cublas
            return object()

    def asarray(value: Any, dtype: Any = None) -> FakeArray:
        device = FakeDevice()
        if isinstance(value, FakeArray):
            return value if value.device.id == device.id and dtype is None else FakeArray(value.values, device)
        if isinstance(value, list):
            value = [item.values if isinstance(item, FakeArray) else item for item in value]
        return FakeArray(np.asarray(value, dtype=dtype), device)

    runtime = SimpleNamespace(
        getDeviceCount=count,
        runtimeGetVersion=lambda: built,
        driverGetVersion=lambda: driver,
        getDeviceProperties=lambda number: {
            "name": b"NVIDIA H200", "major": capability[0], "minor": capability[1], "totalGlobalMem": 140 * 2**30,
        },
    )  # fmt: skip
    names = {
        name: getattr(np, name) for name in ("float16", "float32", "float64", "int32", "minimum", "maximum", "add")
    }
    vars(cupy).update(
        names,
        __version__=version,
        ndarray=FakeArray,
        asarray=asarray,
        empty=lambda shape, dtype: FakeArray(np.empty(shape, dtype), FakeDevice()),
        ElementwiseKernel=Kernel,
        cuda=Cuda(runtime=runtime, Device=FakeDevice),
        linalg=ModuleType("cupy.linalg"),
    )
    return cupy

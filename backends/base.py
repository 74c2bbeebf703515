"""What a backend is: the contract between the engine and the arrays it computes with.

A backend is one object. It names an array type, a namespace `xp` with NumPy's functions and the few kernels NumPy
lacks, and the handful of things that are not functions of arrays: creation on a device, transfer to and from the
host, random numbers, the owner of a piece of memory. The engine, the modules and the optimizers reach arrays only
through the backend of the arrays in hand.

Kernels every `xp` carries beside NumPy's names:

    as_strided(x, size, stride, offset)   the memory behind x seen so, counted in elements; a view, or a copy
    in_batches(count, memory, products, make)   goes through a batch, on the host in threads (see parallel.py)
    dot_along(a, b, axis)                 the sum of a * b along an axis, of real arrays of one shape
    matmul(a, b)                          the one matrix product (any batch shape, any layout)
    results_so_far(ufunc, a, axis)        of an associative binary function along an axis: `ufunc.accumulate`
    scatter_add(target, index, values)    target[index] += values, duplicates accumulated, in place
    scatter_set(target, index, values)    target[index] = values, by arrays of indices: of several values for one
                                          element the last stays on the host, any on a device; the last there too
                                          where deterministic algorithms were asked for (see config.py)
    erf(x), erfc(x)                       the error function and its complement
    sigmoid(x)                            1 / (1 + exp(-x)), without overflow warnings
    softmax(x, axis, log=False)           exp(x) / sum(exp(x)) along an axis, or its logarithm; floating x
    special.NAME(...)                     SciPy's special functions, imported when used (an extra; see scipy_special.py)
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

Array = Any
"""An array of some backend: `numpy.ndarray`, `cupy.ndarray`, ... (there is no common base class to name)."""


NumpyLinAlgError = np.linalg.LinAlgError
"""What the functions of an `xp.linalg` raise."""


class LinAlgError(RuntimeError, NumpyLinAlgError):
    """A matrix has the wrong shape, or has not what was asked for: an inverse, a Cholesky factor, eigenvalues that
    converge. It is a RuntimeError as PyTorch's, and NumPy's error of that name."""


def strided_extent(address: int, shape: Sequence[int], strides: Sequence[int], itemsize: int) -> tuple[int, int]:
    """First and one-past-last address of the elements of a strided array whose first element is at `address`."""
    if 0 in shape:
        return address, address
    steps = [(length - 1) * stride for length, stride in zip(shape, strides, strict=True)]
    low = address + sum(step for step in steps if step < 0)
    return low, address + sum(step for step in steps if step > 0) + itemsize


class Generator:
    """A seeded stream of random arrays. The same seed on the same backend gives the same bits."""

    def manual_seed(self, seed: int) -> Generator:
        """Restarts the stream from `seed`, a non-negative integer."""
        raise NotImplementedError

    def state(self) -> dict[str, Any]:
        """Where the stream stands, as numbers and strings: what `restore` takes."""
        raise NotImplementedError

    def restore(self, state: dict[str, Any]) -> None:
        """Goes to where a stream of this backend stood."""
        raise NotImplementedError

    def random(self, shape: Sequence[int], dtype: np.dtype) -> Array:
        """Uniform on [0, 1), of a floating `dtype`."""
        raise NotImplementedError

    def normal(self, shape: Sequence[int], dtype: np.dtype) -> Array:
        """Standard normal, of a floating `dtype`."""
        raise NotImplementedError

    def integers(self, low: int, high: int, shape: Sequence[int], dtype: np.dtype) -> Array:
        """Uniform integers in [low, high)."""
        raise NotImplementedError

    def permutation(self, n: int) -> Array:
        """A random order of 0 .. n-1, int64."""
        raise NotImplementedError


class Backend:
    """One kind of array and how to work with it. Subclass it and `register_backend` an instance to add your own."""

    name: str
    """What `set_backend` and `CHAINRULE_BACKEND` call it."""

    device_type: str
    """What the user calls the device: `cpu`, `cuda`, ..."""

    array_type: type
    """The class of its arrays."""

    scalar_types: tuple[type, ...] = ()
    """Classes its functions return in place of a 0-d array (NumPy's scalars). They count as its arrays."""

    xp: ModuleType
    """NumPy's names for these arrays, and the kernels listed above."""

    def unavailable(self) -> str | None:
        """None when the backend can be used, else one sentence: what is missing and how to get it."""
        return None

    def devices(self) -> list[str]:
        """The devices that answer, as the user writes them: `['cpu']`, `['cuda:0', 'cuda:1']`."""
        return [self.device_type]

    def device_of(self, array: Array) -> str:
        """The device an array lives on."""
        return self.device_type

    def asarray(self, value: Any, dtype: np.dtype | None = None, device: str | None = None) -> Array:
        """An array of this backend holding `value`: a number, nested sequences of numbers, a NumPy array or scalar,
        or an array of this backend already (then without a copy where dtype and device allow)."""
        raise NotImplementedError

    def operand(self, number: int | float, dtype: np.dtype) -> Any:
        """What an element by element function of this backend takes fastest in place of a Python number whose
        other operand is an array of `dtype`. The result must be the same, dtype included."""
        return number

    def copy(self, array: Array) -> Array:
        """A fresh, C-contiguous array of the same values."""
        raise NotImplementedError

    def to_host(self, array: Array) -> np.ndarray:
        """The values as a NumPy array; for a backend on the host, the array itself. Waits for the device."""
        raise NotImplementedError

    def item(self, array: Array) -> bool | int | float | complex:
        """The value of a one-element array as a Python number. Waits for the device."""
        return self.to_host(array).item()

    def owner(self, array: Array) -> Array:
        """The array that owns the memory `array` looks at: itself unless it is a view. Two arrays share memory only
        if their owners are the same object; it can be weakly referenced."""
        raise NotImplementedError

    def extent(self, array: Array) -> tuple[int, int]:
        """First and one-past-last address that `array` can touch."""
        raise NotImplementedError

    def generator(self, seed: int) -> Generator:
        """A new random stream."""
        raise NotImplementedError

    def synchronize(self) -> None:
        """Waits until the device has finished all that was asked of it."""

    def describe(self) -> dict[str, str]:
        """Versions, libraries, threads, devices: what `chainrule info` prints."""
        return {}

    def __repr__(self) -> str:
        return f"<backend {self.name}>"

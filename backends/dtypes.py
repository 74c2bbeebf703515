"""The dtypes under PyTorch's names. They are NumPy's dtype objects, which CuPy shares."""

from __future__ import annotations

from typing import Any

import numpy as np

DType = np.dtype
DTypeLike = Any

float16 = half = np.dtype(np.float16)
float32 = float = np.dtype(np.float32)
float64 = double = np.dtype(np.float64)
complex64 = cfloat = np.dtype(np.complex64)
complex128 = cdouble = np.dtype(np.complex128)
int8 = np.dtype(np.int8)
int16 = short = np.dtype(np.int16)
int32 = int = np.dtype(np.int32)
int64 = long = np.dtype(np.int64)
uint8 = np.dtype(np.uint8)
uint16 = np.dtype(np.uint16)
uint32 = np.dtype(np.uint32)
uint64 = np.dtype(np.uint64)
bool = np.dtype(np.bool_)

NAMES = ("float16", "half", "float32", "float", "float64", "double", "complex64", "cfloat", "complex128", "cdouble",
         "int8", "int16", "short", "int32", "int", "int64", "long", "uint8", "uint16", "uint32", "uint64",
         "bool")  # fmt: skip


def as_dtype(dtype: DTypeLike) -> np.dtype:
    """A dtype from what a user writes: `cr.float32`, `np.float32`, `'float32'`, `float` (which is the default dtype's
    business elsewhere; here it is NumPy's float64).

    Raises:
        TypeError: it names no dtype of numbers or booleans.
    """
    try:
        found = np.dtype(dtype)
    except TypeError:
        raise TypeError(f"{dtype!r} is not a dtype; write cr.float32, 'float32' or np.float32") from None
    if found.kind not in "biufc" and found.name != "bfloat16":
        raise TypeError(f"a tensor holds numbers or booleans, not {found}")
    return found if found.isnative else found.newbyteorder("=")


def real_dtype(dtype: np.dtype) -> np.dtype:
    """That of the parts of a complex number; a real dtype is its own."""
    parts: dict[np.dtype, np.dtype] = {complex64: float32, complex128: float64}
    return parts.get(dtype, dtype)


def complex_dtype(dtype: np.dtype) -> np.dtype:
    """That of the complex numbers with parts of a real dtype: complex64 for what is narrower than float64, and for
    integers complex128."""
    if dtype.kind == "c":
        return dtype
    return complex64 if dtype.itemsize < 8 and is_differentiable(dtype) else complex128


def is_differentiable(dtype: np.dtype) -> Any:
    """Whether tensors of this dtype can require a gradient: the floating and complex ones can."""
    return dtype.kind in "fc" or dtype.name == "bfloat16"

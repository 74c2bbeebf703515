"""The strict stand-in device: CuPy's rules where there is no GPU.

Code that runs on it converts nothing to NumPy by the way, mixes no host arrays into device calls, expects no scalars
from reductions, uses only names and keywords that CuPy has, and relies on no order among writes to one place. How
often it made the host wait can be counted:

    with count_syncs() as log:
        train_one_step()
    assert log.total == 1
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import philox
from .base import Backend
from .dtypes import as_dtype
from .standin_array import SYNCS, DeviceArray, SyncLog, count_syncs, fresh, sync
from .standin_namespace import Unsupported, array, namespace

__all__ = ["SYNCS", "DeviceArray", "StandinBackend", "SyncLog", "count_syncs"]


class StandinGenerator(philox.PhiloxGenerator):
    """The numbers of the GPU's generator, by NumPy."""

    def _draw(self, name: str, first: int, n: int, *arguments: Any) -> DeviceArray:
        return fresh(philox.draw(name, self._key, first, n, *arguments))


class StandinBackend(Backend):
    name = "standin"
    device_type = "standin"
    array_type = DeviceArray

    def __init__(self) -> None:
        self.xp = namespace()

    def devices(self) -> list[str]:
        return ["standin:0"]

    def device_of(self, array: DeviceArray) -> str:
        return "standin:0"

    def asarray(self, value: Any, dtype: np.dtype | None = None, device: str | None = None) -> DeviceArray:
        if device not in (None, "standin", "standin:0"):
            raise ValueError(f"there is no device {device!r}; the standin backend has standin:0")
        found = getattr(value, "dtype", None)
        if isinstance(found, np.dtype):
            as_dtype(found)
        try:
            return array(value, dtype, copy=None)
        except Unsupported as error:
            raise TypeError(f"a tensor holds numbers or booleans: {error}") from None

    def copy(self, array: DeviceArray) -> DeviceArray:
        return array.copy()

    def to_host(self, array: DeviceArray) -> np.ndarray:
        return array.get()

    def item(self, array: DeviceArray) -> Any:
        return array.item()

    def owner(self, array: DeviceArray) -> DeviceArray:
        return array if array.base is None else array.base

    def extent(self, array: DeviceArray) -> tuple[int, int]:
        return np.lib.array_utils.byte_bounds(array._array)

    def generator(self, seed: int) -> StandinGenerator:
        return StandinGenerator(seed)

    def synchronize(self) -> None:
        sync("synchronize")

    def describe(self) -> dict[str, str]:
        return {"standin": f"a stand-in for a GPU, NumPy {np.__version__} inside"}

"""In which order a tensor's dimensions lie in memory. Values, shapes and gradients do not depend on it."""

from __future__ import annotations

from enum import Enum


class MemoryFormat(Enum):
    """PyTorch's names of memory layouts."""

    contiguous_format = "row-major order"
    preserve_format = "as it is"
    channels_last = "the second of four dimensions (N, C, H, W) innermost"
    channels_last_3d = "the second of five dimensions (N, C, D, H, W) innermost"

    @property
    def order(self) -> tuple[int, ...] | None:
        """The dimensions from the slowest to the fastest; None for all formats that fit any number of them."""
        return {"channels_last": (0, 2, 3, 1), "channels_last_3d": (0, 2, 3, 4, 1)}.get(self.name)

    def __repr__(self) -> str:
        return f"chainrule.{self.name}"


contiguous_format, preserve_format, channels_last, channels_last_3d = MemoryFormat

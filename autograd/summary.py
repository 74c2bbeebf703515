"""An array in a few words: its numbers where they are few, else their mean and range. Waits for the device."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ..backends import Array, backend_of, is_array

FEW = 4
"""Up to this many elements are written out."""


class Summary(NamedTuple):
    """What to say about an array, and whether it is alarming (it holds NaN or infinity)."""

    text: str
    alarming: bool = False


def type_text(shape: tuple[int, ...], dtype: Any) -> str:
    """`(16, 64) float32`, or `scalar float32` for a 0-d array."""
    return f"{tuple(shape) if shape else 'scalar'} {getattr(dtype, 'name', dtype)}"


def number_text(value: Any, digits: int = 4) -> str:
    """A number in so many significant digits; integers in full."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, complex):
        return f"{number_text(value.real, digits)}{value.imag:+.{digits}g}i"
    if isinstance(value, float):
        return f"{value + 0.0:.{digits}g}"  # adding 0 turns -0 into 0
    return str(value)


def plural(count: int, noun: str) -> str:
    """`1 operation`, `1,234 operations`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def bytes_text(count: int) -> str:
    """A number of bytes in the unit that fits: `512 B`, `2.0 KiB`, `1.5 MiB`."""
    size, unit = float(count), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{count} B" if unit == "B" else f"{size:.1f} {unit}"


def count_text(count: int) -> str:
    """A large number in thousands: `512`, `2.0 k`, `1.5 M`."""
    size, unit = float(count), ""
    for larger in ("k", "M", "G", "T", "P"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{size:.1f} {unit}" if unit else str(count)


def summarize(value: Any) -> Summary:
    """An array or number in a few words.

    Few elements are written out. Of more, `all 0` where they are equal, else `mean 0.1 in [-2, 2]`, of the absolute
    values where they are complex; how many are true, of booleans. Elements that are NaN or infinite are counted first.
    """
    if not is_array(value):
        return Summary(number_text(value), isinstance(value, float) and not math.isfinite(value))
    backend = backend_of(value)
    array, kind = backend.asarray(value), value.dtype.kind
    if kind not in "biufc":  # bfloat16
        array, kind = array.astype(backend.xp.float32), "f"
    if array.size == 0:
        return Summary("no elements")
    if array.size <= FEW:
        return _written_out(backend.to_host(array).tolist())
    if kind == "b":
        return Summary(f"{backend.item(backend.xp.sum(array))} of {array.size} true")
    if kind in "fc":
        strange = _strange(array, backend.xp)
        if strange:
            return Summary(strange, alarming=True)
    return Summary(_spread(array, backend, of_absolutes=kind == "c"))


def _written_out(numbers: Any) -> Summary:
    flat: list[Any] = []

    def text(item: Any) -> str:
        if isinstance(item, list):
            return f"[{', '.join(text(i) for i in item)}]"
        flat.append(item)
        return number_text(item)

    whole = text(numbers)
    return Summary(whole, not all(math.isfinite(abs(n)) for n in flat))


def _strange(array: Array, xp: Any) -> str:
    """How many elements are NaN and infinite; empty when none are."""
    counts = backend_of(array).to_host(xp.stack([xp.sum(xp.isnan(array)), xp.sum(xp.isinf(array))])).tolist()
    named = [f"{n} of {array.size} {what}" for n, what in zip(counts, ("nan", "infinite"), strict=True) if n]
    return ", ".join(named)


def _spread(array: Array, backend: Any, of_absolutes: bool) -> str:
    xp = backend.xp
    if of_absolutes:
        array = xp.abs(array)
    wide = xp.float64
    facts = (xp.min(array).astype(wide), xp.mean(array, dtype=wide), xp.max(array).astype(wide))
    low, mean, high = backend.to_host(xp.stack(facts)).tolist()
    what = "absolute " if of_absolutes else ""
    if array.dtype.kind in "iu":
        low, high = int(low), int(high)
    if low == high:
        return f"all {what}{number_text(low)}"
    mean, low, high = (number_text(n, 3) for n in (mean, low, high))
    return f"{what}mean {mean} in [{low}, {high}]"

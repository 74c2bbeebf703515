"""The attributes of an op's call, written as one would write the call: `dim=1`, `[:, 0]`, `exponent=3`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..autograd.node import Node
from ..autograd.summary import number_text
from ..backends import is_array

SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "remainder": "%", "floor_divide": "//", "pow": "**"}
"""Ops of two inputs that are written between them."""

LONGEST = 28
"""Of a longer text the end is cut off."""

_NOT_TOLD = frozenset({"shape", "size", "dtype", "order", "steps"})
"""Attributes that say what shape and dtype of the output say already, and how a view lies in memory."""


def attributes_text(node: Node, numbers: Mapping[str, Any] | None = None) -> str:
    """What is worth telling of how an op was called: its attributes where they are not the defaults, and `numbers`,
    its inputs that were numbers, by name."""
    op = node.op
    parts = [_number_input(node, name, value) for name, value in (numbers or {}).items()]
    defaults = getattr(op, "defaults", {})
    for name, value in zip(op.attributes, node.attributes, strict=False):
        if name == "index":
            parts.append(index_text(value))
            continue
        if name in _NOT_TOLD or value is None or is_array(value) or _is_default(name, value, defaults):
            continue
        text = _value_text(value)
        if text is not None:
            parts.append(f"{'dim' if name == 'dims' and '(' not in text else name}={text}")
    return ", ".join(parts)


def _number_input(node: Node, name: str, value: Any) -> str:
    """`* 2` for a number that stands after the sign, `1 -` for one that stands before it, else `low=0`."""
    text = number_text(value)
    sign = SIGNS.get(node.op.name)
    if sign is None or len(node.edges) != 2:
        return f"{name}={text}"
    return f"{text} {sign}" if name == node.op.inputs[0] and sign not in "+*" else f"{sign} {text}"


def _is_default(name: str, value: Any, defaults: Mapping[str, Any]) -> bool:
    if isinstance(value, (bool, int, float, str)) and name in defaults:
        return type(value) is type(defaults[name]) and bool(defaults[name] == value)
    return value is False  # a switch that is off, as keepdim


def index_text(index: Any) -> str:
    """An index as it was written: `[:, 0]`."""
    items = index if isinstance(index, tuple) else (index,)
    if len(items) > 1 and items[-1] is Ellipsis:  # says nothing at the end
        items = items[:-1]
    return _cut(f"[{', '.join(_index_item(item) for item in items)}]")


def _index_item(item: Any) -> str:
    if isinstance(item, slice):
        ends = [("" if end is None else str(end)) for end in (item.start, item.stop)]
        return ":".join(ends) + ("" if item.step is None else f":{item.step}")
    if item is Ellipsis:
        return "..."
    return _value_text(item) or type(item).__name__


def _value_text(value: Any) -> str | None:
    """A short text for a number, a name, a dtype or a tuple of such; an array's dtype and shape; None for the rest."""
    if isinstance(value, (bool, str)) or value is None:
        return _cut(repr(value))
    if isinstance(value, (int, float, complex)):
        return number_text(value)
    if isinstance(value, (tuple, list)):
        items = [_value_text(item) for item in value]
        if any(item is None for item in items):
            return None
        if len(items) == 1:
            return items[0]
        return _cut(f"({', '.join(str(item) for item in items)})")
    if is_array(value) or hasattr(value, "_array"):
        return f"{value.dtype.name}{list(value.shape)}"
    name = getattr(value, "name", None)
    return name if isinstance(name, str) and hasattr(value, "itemsize") else None


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."

"""A formula as text: what lets the generated call path hold `g * b` where it would have to call a lambda.

A function that is one plain expression (no branches, no assignments, no closure) is run once on symbols that note what
is done to them. The text they end up with is the expression itself. Anything else is left alone, and called.
"""

from __future__ import annotations

import dis
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

_PLAIN_CONSTANTS = (int, float, str, bool, type(None))

_FORBIDDEN = {"IS_OP", "CONTAINS_OP", "STORE_FAST", "STORE_GLOBAL", "LOAD_DEREF", "LOAD_CLOSURE", "MAKE_FUNCTION",
              "LOAD_NAME", "FORMAT_VALUE", "FORMAT_SIMPLE", "BUILD_STRING", "UNPACK_SEQUENCE", "YIELD_VALUE",
              "RAISE_VARARGS", "LIST_EXTEND", "BUILD_LIST", "BUILD_MAP", "BUILD_SET", "DICT_MERGE",
              "CALL_FUNCTION_EX", "STORE_FAST_STORE_FAST", "STORE_FAST_LOAD_FAST"}  # fmt: skip


class _NotPlain(TypeError):
    pass


class _Symbol:
    """Stands for a value while a formula is read; its text is the expression it is the value of."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __getattr__(self, name: str) -> _Symbol:
        if name.startswith("__"):
            raise _NotPlain(name)
        return _Symbol(f"{self.text}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> _Symbol:
        parts = [_bare(a) for a in args] + [f"{k}={_bare(v)}" for k, v in kwargs.items()]
        return _Symbol(f"{self.text}({', '.join(parts)})")

    def __getitem__(self, key: Any) -> _Symbol:
        return _Symbol(f"{self.text}[{_bare(key)}]")

    def __neg__(self) -> _Symbol:
        return _Symbol(f"(-{self.text})")

    def __invert__(self) -> _Symbol:
        return _Symbol(f"(~{self.text})")

    def __bool__(self) -> bool:
        raise _NotPlain("truth")

    def __iter__(self) -> Any:
        raise _NotPlain("iteration")


def _binary(sign: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    return (
        lambda self, other: _Symbol(f"({self.text} {sign} {_text(other)})"),
        lambda self, other: _Symbol(f"({_text(other)} {sign} {self.text})"),
    )


for _name, _sign in {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**",
                     "matmul": "@", "and": "&", "or": "|", "xor": "^"}.items():  # fmt: skip
    _forward, _reflected = _binary(_sign)
    setattr(_Symbol, f"__{_name}__", _forward)
    setattr(_Symbol, f"__r{_name}__", _reflected)
for _name, _sign in {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}.items():
    setattr(_Symbol, f"__{_name}__", _binary(_sign)[0])


def _text(value: Any) -> str:
    if isinstance(value, _Symbol):
        return value.text
    if type(value) is tuple:
        return "(" + "".join(f"{_text(v)}, " for v in value) + ")"
    if type(value) is slice:
        return f"slice({_text(value.start)}, {_text(value.stop)}, {_text(value.step)})"
    if type(value) not in _PLAIN_CONSTANTS or value != value or value in (float("inf"), -float("inf")):
        raise _NotPlain(repr(value))
    return f"({value!r})" if isinstance(value, (int, float)) and value < 0 else repr(value)


def _bare(value: Any) -> str:
    """The text without parentheses around all of it."""
    text = _text(value)
    if isinstance(value, _Symbol) and text.startswith("(") and text.endswith(")"):
        depth = 0
        for k, character in enumerate(text):
            depth += (character == "(") - (character == ")")
            if depth == 0 and k < len(text) - 1:
                return text
        return text[1:-1]
    return text


def expression(
    function: Callable[..., Any], names: Mapping[str, str], taken: set[str]
) -> tuple[str, dict[str, Any]] | None:
    """The text of `function`'s result, with its parameters called as `names` says, and the globals the text refers
    to; None when the function is not one plain expression.

    `taken` are names the text may not use for its globals.
    """
    if not isinstance(function, FunctionType) or function.__code__.co_freevars:
        return None
    globals_used = []
    for instruction in dis.get_instructions(function):
        if instruction.opname in _FORBIDDEN or "JUMP" in instruction.opname:
            return None
        if instruction.opname == "LOAD_GLOBAL":
            globals_used.append(instruction.argval)
    known = function.__globals__
    if any(name not in known for name in globals_used):
        return None  # defined later in its module, or a builtin
    constants: dict[str, Any] = {}
    symbols: dict[str, Any] = {}
    for name in dict.fromkeys(globals_used):
        alias = name if name not in taken else f"{name}_"
        constants[alias] = known[name]
        symbols[name] = _Symbol(alias)
    traced = FunctionType(function.__code__, symbols, function.__name__, function.__defaults__)
    traced.__kwdefaults__ = function.__kwdefaults__
    positional = function.__code__.co_varnames[: function.__code__.co_argcount]
    keyword = function.__code__.co_varnames[len(positional) :][: function.__code__.co_kwonlyargcount]
    try:
        result = traced(*[_Symbol(names[p]) for p in positional], **{k: _Symbol(names[k]) for k in keyword})
        return (_bare(result), constants) if isinstance(result, _Symbol) else None
    except (_NotPlain, KeyError):
        return None

"""A line of code that must be refused: with which exception, what the message says, and that nothing has changed.

The line is text, as a user would type it, over names that note every tensor they make. After the error each of these
still has its values to the last bit, its version, its gradient and its `requires_grad`.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import chainrule as cr

RAW = re.compile(
    r"ufunc|DType|operands could not|signature matching|has no attribute '(shape|ndim|dtype|size|backend|_array)'|"
    r"object cannot be interpreted|not supported between|unsupported operand|is not on the device|inhomogeneous shape$"
)
"""What a backend or Python says when nobody has looked at the input: of no use to who made the mistake."""


def snapshot(tensor: Any) -> tuple[Any, ...]:
    """All of a tensor that an error must leave as it was."""
    array, grad = tensor.backend.to_host(tensor.array), tensor.grad
    return (tensor.shape, tensor.dtype, array.tobytes(), tensor._version, tensor.requires_grad, tensor.grad_fn,
            grad if grad is None else snapshot(grad))  # fmt: skip


class Names(dict[str, Any]):
    """The names that a line may use: `z`, `o` and `t` are `zeros`, `ones` and `tensor`, `i(1, 2)` are integers,
    `b(1, 0)` booleans, `w` is `ones` that require a gradient; `F`, `nn`, `optim`, `np`, `nan`, `inf` as usual."""

    def __init__(self, **more: Any) -> None:
        self.made: list[tuple[Any, tuple[Any, ...]]] = []
        super().__init__(
            cr=cr, np=np, nn=cr.nn, F=cr.nn.functional, optim=cr.optim, nan=float("nan"), inf=float("inf"),
            z=self._noted(cr.zeros), o=self._noted(cr.ones), t=self._noted(cr.tensor),
            i=self._noted(lambda *v: cr.tensor(v, dtype=cr.int64)),
            b=self._noted(lambda *v: cr.tensor(v, dtype=cr.bool)),
            w=self._noted(lambda *size: cr.ones(*size, requires_grad=True)), **more,
        )  # fmt: skip

    def _noted(self, function: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            made = function(*args, **kwargs)
            self.made.append((made, snapshot(made)))
            return made

        return call


def refused(line: str, kind: type[Exception], *words: str, **names: Any) -> str:
    """Runs `line` (`;` between statements), of which the last must raise `kind` with all `words` in the message; the
    message."""
    scope = Names(**names)
    *before, last = [part.strip() for part in line.split(";")]
    for statement in before:
        exec(statement, scope)
    scope.made = [(tensor, snapshot(tensor)) for tensor, _ in scope.made]
    with pytest.raises(kind) as caught:
        exec(last, scope)
    text = str(caught.value)
    for word in words:
        assert word in text, f"{word!r} is not in: {text}"
    assert not RAW.search(text), f"a raw message: {text}"
    for tensor, state in scope.made:
        assert snapshot(tensor) == state, f"a tensor of shape {tensor.shape} was changed by the failed call"
    return text

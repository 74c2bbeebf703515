"""The hunt for the first NaN: which operation made it, of what, and where it was called.

Inside `detect_anomaly` the result of every recorded op, and of every VJP, is looked at as it is computed. The first
that is not finite raises, with the op, its inputs, the modules being called and the source line, and may leave a
picture of the graph up to there. An infinity that was put there on purpose passes: one that comes in as a constant or
an argument of the call (a mask of -inf), and what follows from it as long as no NaN does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from ..backends import Array, backend_of, is_array
from . import modes
from .function import FunctionOp
from .graph import place_of, saved_inputs, saved_outputs
from .modes import Switch
from .node import INFERENCE, Edge, Node, next_tick
from .record import conjugate
from .summary import number_text, summarize, type_text
from .tensor import Tensor


class AnomalyError(RuntimeError):
    """A value that is not finite has appeared.

    Attributes:
        node: the operation that made it, or whose VJP did; `node.op.name` is its name.
        forward: whether it appeared in the forward pass.
    """

    def __init__(self, message: str, node: Node | None = None, forward: bool = True) -> None:
        super().__init__(message)
        self.node, self.forward = node, forward

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), None, self.forward)  # a graph is not taken to another process


class Given(NamedTuple):
    """An input of an op, as the op got it. `value` is None where nobody kept it."""

    name: str
    value: Any
    edge: Edge


class Found(NamedTuple):
    """How many elements of an array are not finite."""

    nan: int = 0
    infinite: int = 0
    size: int = 0

    def __str__(self) -> str:
        counted = [f"{n} {what}" for n, what in ((self.nan, "NaN"), (self.infinite, "infinite")) if n]
        return f"{' and '.join(counted)} of {self.size}"


class Watch:
    """Looks at what is computed.

    Args:
        infinite: whether infinities count, or NaN alone.
        picture: the file to draw the graph into.
    """

    def __init__(self, infinite: bool = True, picture: str | os.PathLike[str] | None = None) -> None:
        self.infinite = infinite
        self.picture = None if picture is None else Path(picture)
        self.since = next_tick()

    def forward(self, node: Node, outputs: Sequence[Array]) -> None:
        """Looks at what an op has computed.

        Raises:
            AnomalyError: it is not finite.
        """
        found = [self._look(array) for array in outputs]
        worst = max(found, default=Found())
        if not any(worst):
            return
        inputs = _given(node)
        origin = self._origin(node, inputs, worst)
        if origin is _ON_PURPOSE:
            return
        differentiated = _differentiated()
        when = "in the forward pass" if differentiated is None else f"in the VJP of {differentiated.op.name}"
        where = node if differentiated is None else differentiated
        if origin is not None:
            reason = f"input {origin.name} of {node.op.name} is itself not finite: {self._source(origin)}"
            first = f"{reason}; found {when}{_place(where)}"
        else:
            first = f"{node.op.name} made {worst} {when}{_place(where)}"
        rows = [_row(f"input {i.name}", i.value) for i in inputs]
        rows += [_row(_output(node, k), array) for k, array in enumerate(outputs)]
        advice = _MADE_OF_DATA if origin is not None else _forward_advice(node, worst)
        values = {(node, k): array for k, array in enumerate(outputs)}
        values |= {p: i.value for i in inputs if isinstance(p := place_of(i.edge), tuple) and is_array(i.value)}
        self._raise(first, rows, advice, node, True, values, None)

    def backward(self, node: Node, g: Any, results: Sequence[Any], saved: Any) -> None:
        """Looks at what a VJP has computed of the cotangent `g` and of what the node had saved.

        Raises:
            AnomalyError: it is not finite.
        """
        for k, result in enumerate(results):
            if result is None:
                continue
            found = self._look(_raw(result))
            if any(found):
                self._raise_backward(node, g, k, results, saved, found)

    def _raise_backward(self, node: Node, g: Any, k: int, results: Sequence[Any], saved: Any, found: Found) -> None:
        parts = {j: _raw(p) for j, p in enumerate(g if type(g) is tuple else (g,)) if p is not None}
        kept = dict(saved_inputs(node, saved))
        inputs = [Given(_input_name(node, j), kept.get(j), edge) for j, edge in enumerate(node.edges)]
        if any(any(self._look(p)) for p in parts.values()):
            first = (
                f"the gradient that arrives at {node.op.name} is itself not finite: it was given to backward, changed "
                f"by a hook, or became too large as gradients were added up; found in the backward pass"
            )
            advice = "Look at the gradients given and at the hooks, and at the loss if it was scaled."
        else:
            first = f"the VJP of {node.op.name} made {found} in the backward pass"
            advice = _backward_advice(node, _raw(results[k]), parts)
        rows = [_row(f"input {i.name}", i.value) for i in inputs if i.value is not None]
        rows += [_row(_output(node, j), array) for j, array in saved_outputs(node, saved)]
        rows += [_row(f"gradient of {_output(node, j)}", conjugate(p)) for j, p in parts.items()]
        made = {j: _raw(r) for j, r in enumerate(results) if r is not None}
        rows += [_row(f"gradient of input {inputs[j].name}", conjugate(r)) for j, r in made.items()]
        gradients: dict[Any, Array] = {(node, j): p for j, p in parts.items()}
        for j, r in made.items():
            place = place_of(node.edges[j])
            if place is not None and (place not in gradients or j == k):
                gradients[place] = r
        values = {p: i.value for i in inputs if isinstance(p := place_of(i.edge), tuple) and is_array(i.value)}
        values |= {(node, j): array for j, array in saved_outputs(node, saved)}
        self._raise(f"{first}{_place(node)}", rows, advice, node, False, values, gradients)

    def _look(self, array: Any) -> Found:
        """What is not finite in an array, as far as it counts."""
        found = _not_finite(array)
        return found if self.infinite else found._replace(infinite=0) if found.nan else Found()

    def _origin(self, node: Node, inputs: list[Given], worst: Found) -> Given | None:
        """The input that brought in what is not finite; None if the op made it itself."""
        strange = [(i, found) for i in inputs if any(found := _not_finite(i.value))]
        if worst.nan:
            return next((i for i, found in strange if found.nan), None)
        if any(self._is_new(i) for i, _ in strange):
            return next(i for i, _ in strange if self._is_new(i))
        if strange or any(isinstance(a, float) and a in (float("inf"), -float("inf")) for a in node.attributes):
            return _ON_PURPOSE
        return None

    def _is_new(self, given: Given) -> bool:
        """Whether an infinity in it was seen by nobody: a leaf, or made before the watch began."""
        source = given.edge[0] if isinstance(given.edge, tuple) else given.edge
        return isinstance(source, Tensor) or (isinstance(source, Node) and source.tick < self.since)

    def _source(self, given: Given) -> str:
        """Where an input that is not finite came from."""
        edge = given.edge[0] if isinstance(given.edge, tuple) else given.edge
        if isinstance(edge, Node) and edge is not INFERENCE:
            before = "before detection was on" if edge.tick < self.since else "and has been changed since"
            return f"it was made by {edge.op.name}{_place(edge)}, {before}"
        return f"{_not_finite(given.value)} came in as data"

    def _raise(
        self, first: str, rows: list[tuple[str, str, str]], advice: str, node: Node, forward: bool,
        values: dict[Any, Array], gradients: dict[Any, Array] | None,
    ) -> None:  # fmt: skip
        lines = [first, *_aligned(rows), f"  {advice}"]
        if self.picture is not None:
            text = f"the first {'value' if forward else 'gradient'} that is not finite"
            try:
                assert modes.paint is not None
                path = modes.paint(node, text, first, values, gradients, self.picture)
                lines.append(f"  The graph up to there is drawn in {path}.")
            except Exception as error:  # the picture is a courtesy; what is wrong is told without it
                lines.append(f"  The graph could not be drawn in {self.picture}: {error}")
        raise AnomalyError("\n".join(lines), node, forward)


class detect_anomaly(Switch):
    """Inside, the first value or gradient that is not finite raises, and says where it came from.

        with cr.autograd.detect_anomaly():
            loss = criterion(model(x), y)
            loss.backward()

    Used as `with` block or decorator. What is recorded is looked at, and what backward computes (not the tangents of
    forward mode); that waits for the device each time, so a program runs slower. Nodes remember their source lines, as
    in debug mode. When it raises, no `.grad` has changed.

    Args:
        check_nan: look at values; if False, nodes remember their source lines, and that is all.
        infinite: infinities count too, where they are made of finite numbers. One that comes in as a constant (a mask
            of -inf) is taken to be meant.
        picture: a file to draw the graph into, up to the operation in question, which is marked. The suffix says the
            format: `.svg`, or `.gv` for the DOT text.

    Raises:
        AnomalyError: inside, where the value is made.
    """

    def __init__(
        self,
        check_nan: bool = True,
        *,
        infinite: bool = True,
        picture: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__(**_change(type(self).__name__, True, check_nan, infinite, picture))


class set_detect_anomaly(Switch):
    """Turns `detect_anomaly` on or off, from the call on; as `with` block, until its end.

    Args:
        mode: on or off.
        check_nan: see `detect_anomaly`.
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        super().__init__(**_change(type(self).__name__, mode, check_nan))
        self._set_at_once()


def is_anomaly_enabled() -> bool:
    """Whether `detect_anomaly` is on here and now."""
    return modes.current().anomaly is not None


def is_anomaly_check_nan_enabled() -> bool:
    """Whether values are looked at here and now."""
    return isinstance(modes.current().anomaly, Watch)


def _change(
    name: str, mode: bool, check_nan: bool, infinite: bool = True, picture: str | os.PathLike[str] | None = None
) -> dict[str, Any]:
    for argument, value in (("mode", mode), ("check_nan", check_nan), ("infinite", infinite)):
        if not isinstance(value, bool):
            raise TypeError(f"{name}: {argument} is True or False, got {value!r}")
    if not mode:
        return {"anomaly": None}
    return {"anomaly": Watch(infinite, picture) if check_nan else _Lines()}


class _Lines:
    """In the place of a watch: nodes remember their source lines, and nothing is looked at."""

    def forward(self, node: Node, outputs: Sequence[Array]) -> None:
        pass

    def backward(self, node: Node, g: Any, results: Sequence[Any], saved: Any) -> None:
        pass


_ON_PURPOSE: Any = Given("", None, None)
"""In the place of an origin: an infinity that was put there."""


def _not_finite(value: Any) -> Found:
    if isinstance(value, (float, complex)):
        return Found(int(value != value), int(abs(value) == float("inf")), 1)
    if not is_array(value) or value.dtype.kind not in "fcV" or not value.size:
        return Found()
    backend = backend_of(value)
    xp, array = backend.xp, backend.asarray(value)
    if array.dtype.kind == "V":  # bfloat16
        array = array.astype(xp.float32)
    if backend.item(xp.all(xp.isfinite(array))):
        return Found()
    nan, infinite = backend.to_host(xp.stack([xp.sum(xp.isnan(array)), xp.sum(xp.isinf(array))])).tolist()
    return Found(nan, infinite, array.size)


# What the op was given


def _frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back


def _given(node: Node) -> list[Given]:
    """The inputs of an op that is being called, from the frame of its call: it is there when something is wrong, and
    keeping the inputs at hand before would slow down every call."""
    op, values = node.op, None
    for frame in _frames():
        held = frame.f_locals
        if held.get("node") is node and frame.f_code.co_filename == f"<chainrule {op.name}.call>":
            values = held["arrays"] if op.variadic else [held[f"{name}_x"] for name in op.inputs]
            break
        if held.get("node") is node and "args" in held and isinstance(op, FunctionOp):
            values = [a._array if isinstance(a, Tensor) else a for a in held["args"]]
            break
    if values is None:
        values = [None] * len(node.edges)
    given = zip(values, node.edges, strict=True)
    return [Given(_input_name(node, k), value, edge) for k, (value, edge) in enumerate(given)]


def _differentiated() -> Node | None:
    """The node whose VJP is being run, where gradients are recorded as they are computed."""
    for frame in _frames():
        file = frame.f_code.co_filename
        if (file.startswith("<chainrule ") and file.endswith(".vjp>")) or frame.f_code is FunctionOp.vjp.__code__:
            node: Node = frame.f_locals["node"]
            return node
    return None


# In words


def _raw(value: Any) -> Array:
    return value._array if isinstance(value, Tensor) else value


def _input_name(node: Node, k: int) -> str:
    edge, op = node.edges[k], node.op
    if isinstance(edge, Tensor) and edge.name is not None:
        return str(edge.name)
    return f"{op.inputs[0]}{k}" if op.variadic else op.inputs[k] if k < len(op.inputs) else f"input{k}"


def _output(node: Node, k: int) -> str:
    names = node.op.output_names
    return "output" if not node.op.several else f"output {names[k] if k < len(names) else k}"


def _place(node: Node) -> str:
    line = node.extra.line if node.extra is not None else None
    at = f", called at {line}" if line else ""
    within = f" in {'/'.join(node.scope)}" if node.scope else ""
    return f"{at}{within}"


def _row(name: str, value: Any) -> tuple[str, str, str]:
    if value is None:
        return name, "", "not kept"
    if not is_array(value):
        text = number_text(value) if isinstance(value, (bool, int, float, complex)) else type(value).__name__
        return name, "", text
    return name, type_text(value.shape, value.dtype), summarize(value).text


def _aligned(rows: list[tuple[str, str, str]]) -> list[str]:
    widths = [max((len(row[k]) for row in rows), default=0) for k in (0, 1)]
    return [f"    {row[0].ljust(widths[0])}  {row[1].ljust(widths[1])}  {row[2]}" for row in rows]


_MADE_OF_DATA = (
    "Look at where it was loaded or computed; of a parameter, at the optimizer's last steps (learning rate, clipping)."
)

_DOMAINS = {
    "log": "The logarithm of 0 is -inf, of a negative number NaN. Clamp its argument, or use log_softmax, logsigmoid, "
    "log1p or a loss that takes logits",
    "log2": "The logarithm of 0 is -inf, of a negative number NaN. Clamp its argument",
    "log10": "The logarithm of 0 is -inf, of a negative number NaN. Clamp its argument",
    "log1p": "log1p(-1) is -inf, and NaN below. Clamp its argument",
    "sqrt": "The square root of a negative number is NaN. Clamp its argument, or add a small number to it",
    "rsqrt": "rsqrt(0) is infinite, and NaN below. Add a small number to its argument",
    "div": "A division by 0. Add a small number to the divisor, or clamp it",
    "reciprocal": "A division by 0. Add a small number to the divisor, or clamp it",
    "pow": "A negative number to a broken power is NaN, 0 to a negative one infinite. Clamp the base",
    "exp": "exp overflows from 89 on in float32, 710 in float64. Use logsumexp, softmax or log_softmax, or subtract "
    "the maximum first",
    "acos": "acos is NaN outside [-1, 1]. Clamp its argument",
    "asin": "asin is NaN outside [-1, 1]. Clamp its argument",
    "atanh": "atanh is infinite at -1 and 1, NaN outside. Clamp its argument",
}

_SLOPES = {
    "sqrt": "The derivative of the square root is infinite at 0. Add a small number under the root",
    "rsqrt": "The derivative of rsqrt is infinite at 0. Add a small number to its argument",
    "pow": "The derivative of a power below 1 is infinite at 0. Add a small number to the base",
    "norm": "The derivative of a norm at 0 is not defined. Add a small number under its root",
    "acos": "The derivative of acos is infinite at -1 and 1. Clamp its argument inside",
    "asin": "The derivative of asin is infinite at -1 and 1. Clamp its argument inside",
    "log": "The derivative of the logarithm is infinite at 0. Clamp its argument",
    "div": "The divisor is 0, or so small that its square is. Add a small number to it, or clamp it",
}


def _forward_advice(node: Node, worst: Found) -> str:
    advice = _DOMAINS.get(node.op.name)
    if advice is None and worst.infinite and not worst.nan:
        advice = "Numbers became too large for their dtype. Look at the inputs' range, the learning rate, the scale"
    return f"{advice or 'Look at the range of the inputs'}."


def _backward_advice(node: Node, result: Array, parts: dict[int, Array]) -> str:
    advice = _SLOPES.get(node.op.name, "Look at the range of the inputs and of the gradient that arrives")
    g = parts.get(0)
    if g is not None and g.shape == result.shape:
        backend = backend_of(result)
        xp, result = backend.xp, backend.asarray(result)
        wrong = xp.isnan(result)
        if backend.item(xp.any(wrong)) and not backend.item(xp.any(wrong & (backend.asarray(g) != 0))):
            advice += (
                ". The gradient that arrives is 0 wherever NaN is made: a mask or `where` after an operation does not "
                "stop 0 times infinity. Make its argument harmless first: where(ok, f(where(ok, x, 1)), 0)"
            )
    return f"{advice}."


__all__ = [
    "AnomalyError", "detect_anomaly", "is_anomaly_check_nan_enabled", "is_anomaly_enabled", "set_detect_anomaly",
]  # fmt: skip

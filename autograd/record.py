"""The parts of recording that need not be generated: rare cases, and what ops of several outputs share."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import FrameType
from typing import TYPE_CHECKING, Any

from ..backends import BACKENDS, Array, backend_of, dtypes
from .modes import Mode, current
from .node import INFERENCE, Edge, Node, extra_of
from .tensor import Tensor, from_array

if TYPE_CHECKING:
    from .op import Op

_PACKAGE = __name__.partition(".")[0]

_fitting: dict[str, Any] = {}
"""`sum_to`, `cast` and `conj`, which the engine needs but which are ops themselves: the op tables put them here."""


def conjugate(g: Any) -> Any:
    """A complex cotangent on its way between the engine and the user; a real one stays.

    Inside, the cotangent of `y` pairs with a change of `y` as `Re(g dy)`, without a conjugate, so that the VJP of a
    holomorphic function is the formula of the real one. The gradient that users see, PyTorch's, is its conjugate.
    """
    return _fitting["conj"](g) if g.dtype.kind == "c" else g


def specs_of(inputs: Iterable[tuple[Edge, Any]]) -> tuple[Any, ...]:
    """`(shape, dtype)` for every input a gradient will go to."""
    return tuple([None if edge is None else (x.shape, x.dtype) for edge, x in inputs])


def cast_to_specs(results: Any, specs: tuple[Any, ...]) -> list[Any]:
    """Sums what was broadcast and casts what was promoted, so that every gradient has its input's shape and dtype."""
    fitted = []
    for g, spec in zip(results, specs, strict=True):
        if g is not None and spec is not None:
            shape, dtype = spec
            if g.shape != shape:
                g = _fitting["sum_to"](g, shape=shape)
            if g.dtype != dtype:
                g = _fitting["cast"](g, dtype=dtype)
        fitted.append(g)
    return fitted


def wrap_outputs(arrays: tuple[Any, ...], kind: type) -> tuple[Array, ...]:
    """The outputs as arrays: NumPy hands out scalars for 0-d results."""
    return tuple([a if type(a) is kind else BACKENDS[kind].asarray(a) for a in arrays])


def fill_missing(node: Node, parts: tuple[Any, ...]) -> tuple[Any, ...]:
    """The cotangents of a node with several outputs, with zeros where none arrived (None for integer outputs)."""
    if all(part is not None for part in parts):
        return parts
    example = next(part for part in parts if part is not None)
    recorded = isinstance(example, Tensor)
    xp = backend_of(example._array if recorded else example).xp
    filled = list(parts)
    for k, (shape, dtype) in enumerate(zip(node.shape, node.dtype, strict=True)):
        if filled[k] is None and dtype.kind in "fc":
            zeros = xp.zeros(shape, dtype=dtype)
            filled[k] = from_array(zeros) if recorded else zeros
    return tuple(filled)


def finish(node: Node | None, arrays: tuple[Array, ...], mode: Mode, requires: bool = False) -> tuple[Tensor, ...]:
    """The tensors of an op with several outputs; `node` is None for one that is not recorded, though an input
    `requires` a gradient."""
    if node is None:
        tensors = tuple([from_array(array) for array in arrays])
        if mode.inference and requires:
            for tensor in tensors:
                tensor._requires, tensor._edge = True, INFERENCE
        return tensors
    node.shape = tuple([a.shape for a in arrays])
    node.dtype = tuple([a.dtype for a in arrays])
    if mode.debug:
        note(node, arrays)
    edges = [(node, k) if dtypes.is_differentiable(a.dtype) else None for k, a in enumerate(arrays)]
    return tuple([from_array(a, edge) for a, edge in zip(arrays, edges, strict=True)])


def note(node: Node, outputs: tuple[Array, ...]) -> None:
    """In debug mode: notes the source line that made `node`, and has its outputs looked at, if somebody watches."""
    from .growth import warn_if_growing

    extra_of(node).line = user_line()
    warn_if_growing(node)
    watch = current().anomaly
    if watch is not None:
        watch.forward(node, outputs)


def write_out(out: Any, op: Op, *inputs: Any, **attributes: Any) -> Any:
    """The op's result, stored in `out`: see `out.store`."""
    from .out import store

    return store(out, op.name, op.call(*inputs, **attributes))


def refuse_inference(op: Op) -> None:
    """Raises because a tensor made in inference mode would become part of a graph."""
    raise RuntimeError(
        f"{op.name}: an input was made in inference_mode and cannot take part in a graph; make it under no_grad "
        f"instead, or clone() it outside"
    )


def user_line() -> str:
    """`file:line` of the innermost caller outside this package."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if not (
            name == _PACKAGE or name.startswith(_PACKAGE + ".") or frame.f_code.co_filename.startswith("<chainrule ")
        ):
            return f"{frame.f_code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back
    return "<unknown>"

"""One op, declared once.

    mul  = op("mul",  lambda xp, a, b: xp.multiply(a, b), vjp=(lambda g, b: g * b, lambda g, a: g * a))
    tanh = op("tanh", lambda xp, x: xp.tanh(x), vjp=lambda g, out: g * (1 - out * out))

`op(...)` declares an `Op` and returns the function generated for it, the thing one calls: given tensors it returns
tensors, given raw arrays alone it returns raw arrays. `tanh.op` is the declaration. The forward takes the backend's
namespace, then its inputs, then its attributes as keyword-only parameters. The VJP is one formula per input (None for
an input without a derivative), or one joint formula for all: a function whose second parameter is `needs`, one bool per
input, and which returns one cotangent or None per input.

**The parameter names of a formula are its retention contract.** After `g`, the cotangent of the output, it may name

    out              the output (of an op with several: their names, as given in `outputs`)
    <input>          that input
    <input>_shape    that input's shape, and <input>_dtype its dtype; they keep no array alive
    <attribute>      an attribute

and what no formula that will run names is not kept. Formulas are written with operators and ops, so the same line
computes on raw arrays in a first-order backward and records when `create_graph=True` hands it tensors. A formula
returns the gradient as if nothing had been broadcast or cast: the engine sums and casts it to its input's shape and
dtype. It may return `g` itself or a view of it, but no other array it was given, and
never the same fresh array for two inputs: the engine adds to what it owns in place.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Protocol

from ..backends import dtypes
from .call import compile_call, compile_vjp, declare_call
from .node import Edge, Node
from .tensor import Tensor, from_array


def _positional(function: Callable[..., Any]) -> list[str]:
    """The names of its positional parameters. (`inspect.signature` takes longer than all the rest of a declaration.)"""
    code = inspect.unwrap(function).__code__  # of the formula itself, where one wraps another
    return list(code.co_varnames[: code.co_argcount])


_TWO = ("input", "other")
_PARAMETERS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("x",): ("input",), ("x", "values"): ("input", "values"),
    ("a", "b"): _TWO, ("a", "x"): _TWO, ("x", "other"): _TWO, ("x", "q"): _TWO, ("x", "y"): _TWO, ("y", "x"): _TWO,
}  # fmt: skip
"""What formulas call the inputs -> what callers call them."""


class Formula:
    """A VJP formula and what its parameters name."""

    def __init__(self, op: Op, function: Callable[..., Any]) -> None:
        names = _positional(function)
        if not names or names[0] != "g":
            raise TypeError(f"op {op.name}: a VJP's first parameter is g, the cotangent; got {names}")
        self.function = function
        self.joint = len(names) > 1 and names[1] == "needs"
        self.names = names[2:] if self.joint else names[1:]
        for name in self.names:
            if name not in op.retainable:
                raise TypeError(f"op {op.name}: a VJP may name {', '.join(op.retainable)}; got {name!r}")


class Op:
    """An operation with a derivative.

    Args:
        name: what graphs and errors call it.
        forward: `forward(xp, *inputs, **attributes)` on raw arrays; inputs are positional (one `*inputs` parameter
            makes it variadic), attributes keyword-only.
        vjp: the formulas; None when there is no derivative.
        linear: the op is linear in its inputs taken together, so it is its own forward-mode derivative.
        multilinear: the op is linear in each of its inputs while the others are held (a product): its forward-mode
            derivative is the sum of its calls with one input replaced by that input's tangent.
        elementwise: every output element depends on the corresponding input elements alone, so that its VJP formulas
            are its forward-mode derivative as well.
        view: the output may share the input's memory.
        outputs: the names of the outputs when there are several, None when their number depends on the call; the
            forward then returns a tuple, and `g` in the formulas is a tuple of cotangents (zeros where none arrived,
            None for an integer output).
        parameters: what callers call the inputs; by default PyTorch's `input` for one called x, and `input, other` for
            a and b.
        jvp: the forward-mode derivative, where none of these flags gives it and the VJP's transpose would be slow:
            `jvp(node, tangents, saved)` with a tangent or None per input and what the node saved, as tensors.
        flops: floating-point operations from `(output shape, *input shapes)`; the output's size if not given.
        doc: the public docstring.

    Attributes:
        call: the generated function: computes, and records when an input requires a gradient.
        vjp: the generated function that runs the needed formulas on a node; None without formulas.
        call_source, vjp_source: their texts.
    """

    def __init__(
        self,
        name: str,
        forward: Callable[..., Any],
        vjp: Callable[..., Any] | Sequence[Callable[..., Any] | None] | None = None,
        *,
        linear: bool = False,
        multilinear: bool = False,
        elementwise: bool = False,
        view: bool = False,
        outputs: Sequence[str] | None = ("out",),
        parameters: Sequence[str] | None = None,
        jvp: Callable[..., Any] | None = None,
        flops: Callable[..., int] | None = None,
        doc: str = "",
    ) -> None:
        self.name = name
        self.forward = forward
        self.linear = linear
        self.multilinear = multilinear
        self.elementwise = elementwise
        self.view = view
        self.several = outputs is None or len(outputs) > 1
        self.output_names = tuple(outputs or ())
        self.jvp = jvp
        self.flops = flops
        self.backward_name = "".join(part.capitalize() for part in name.split("_")) + "Backward"
        self.doc = doc

        code = forward.__code__
        inputs = _positional(forward)[1:]
        end = code.co_argcount + code.co_kwonlyargcount
        self.variadic = bool(code.co_flags & inspect.CO_VARARGS)
        if self.variadic:
            inputs.append(code.co_varnames[end])
        self.inputs = tuple(inputs)
        self.attributes = code.co_varnames[code.co_argcount : end]
        self.defaults = dict(zip(reversed(inputs), reversed(forward.__defaults__ or ()), strict=False))
        self.defaults.update(forward.__kwdefaults__ or {})
        if self.variadic and len(inputs) != 1:
            raise TypeError(f"op {name}: a variadic op has one parameter for its inputs, *{inputs[-1]}")

        self.parameters = tuple(parameters or _PARAMETERS.get(self.inputs, self.inputs))

        facts = tuple(f"{i}_{fact}" for i in self.inputs for fact in ("shape", "dtype"))
        self.retainable = (*self.output_names, *self.inputs, *facts, *self.attributes)
        self.formulas: tuple[Formula | None, ...]
        self.joint: Formula | None = None
        if callable(vjp):
            formula = Formula(self, vjp)
            self.joint = formula if formula.joint else None
            self.formulas = () if formula.joint else (formula,)
        else:
            self.formulas = tuple(None if f is None else Formula(self, f) for f in vjp or ())
        self.differentiable = vjp is not None
        if self.variadic and self.differentiable and self.joint is None:
            raise TypeError(f"op {name}: a variadic op needs one joint VJP, (g, needs, ...)")
        if self.formulas and len(self.formulas) != len(self.inputs):
            raise TypeError(f"op {name}: {len(self.inputs)} inputs need as many VJPs, got {len(self.formulas)}")

        used = [self.joint] if self.joint else [f for f in self.formulas if f]
        named = dict.fromkeys(n for f in used for n in f.names)
        self.saved_names = tuple(n for n in named if n in self.inputs or n in self.output_names)
        self.fact_names = tuple(n for n in named if n in facts and n not in self.attributes)
        self.saves_inputs = all(name in self.saved_names for name in self.inputs)
        self.call = declare_call(self)

    @cached_property
    def vjp(self) -> Callable[..., Any] | None:
        return compile_vjp(self)[1] if self.differentiable else None

    @property
    def call_source(self) -> str:
        return compile_call(self)[0]

    @property
    def vjp_source(self) -> str:
        return compile_vjp(self)[0] if self.differentiable else ""

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def saved_tensors(self, node: Node) -> tuple[Any, ...]:
        """What the node saved, as tensors connected to the graph: how a formula records in `create_graph` mode."""
        result: list[Any] = []
        for name, saved in zip(self.saved_names, node.saved, strict=True):
            if name in self.output_names:
                edge: Edge = (node, self.output_names.index(name)) if self.several else node
                result.append(connect(saved, edge))
            elif self.variadic:
                result.append(tuple(connect(s, e) for s, e in zip(saved, node.edges, strict=True)))
            else:
                result.append(connect(saved, node.edges[self.inputs.index(name)]))
        return tuple(result)

    def attribute(self, node: Node, name: str) -> Any:
        """The value that attribute `name` had in the call that made `node`."""
        return node.attributes[self.attributes.index(name)]


def connect(saved: Any, edge: Edge) -> Any:
    """A tensor over a saved array, with its place in the graph. What is no array (a Python number, None) stays."""
    if not hasattr(saved, "dtype"):
        return saved
    if not dtypes.is_differentiable(saved.dtype):
        return from_array(saved)
    if not isinstance(edge, Tensor):
        return from_array(saved, edge)
    if edge._array is saved:
        return edge
    # The leaf has been given another array since (`leaf.data = ...`): its gradient is still that leaf's.
    stand_in = _alias(edge)
    stand_in._array = saved
    return stand_in


class OpCall(Protocol):
    """What `op(...)` returns: a function of tensors or arrays, with its declaration."""

    op: Op
    __name__: str

    def __call__(self, *inputs: Any, **attributes: Any) -> Any: ...


def op(
    name: str,
    forward: Callable[..., Any],
    vjp: Callable[..., Any] | Sequence[Callable[..., Any] | None] | None = None,
    **options: Any,
) -> OpCall:
    """Declares an op; the arguments are those of `Op`.

    Returns:
        The function that computes and records it.
    """
    return Op(name, forward, vjp, **options).call


_alias = op("alias", lambda xp, x: x, vjp=lambda g: g, linear=True)

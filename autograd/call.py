"""The call path of an op and of its VJP, generated once from the declaration.

What is generated is plain Python, as one would write it by hand for that op alone: print `op.call_source` and
`op.vjp_source`. Everything decided by the declaration (how many inputs, what is kept for whom) is decided here, not at
every call; what depends on the data is left to the code generated. An op's code is generated when it is first called:
generating all of them would take longer than importing NumPy.
"""

from __future__ import annotations

import inspect
import keyword
import linecache
from collections.abc import Callable
from functools import cache
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

from ..backends import NAMESPACES, SCALARS
from .arguments import explain, numbers_only, reconcile
from .inline import expression
from .modes import current
from .node import INFERENCE, Node, next_tick
from .record import cast_to_specs, fill_missing, finish, note, refuse_inference, specs_of, wrap_outputs, write_out
from .tensor import Tensor

if TYPE_CHECKING:
    from .op import Op, OpCall

_RUNTIME: dict[str, Any] = {
    "INFERENCE": INFERENCE, "NAMESPACES": NAMESPACES, "Node": Node, "SCALARS": SCALARS, "Tensor": Tensor,
    "cast_to_specs": cast_to_specs, "fill_missing": fill_missing, "note": note,
    "refuse_inference": refuse_inference, "current": current, "explain": explain, "finish": finish,
    "new": object.__new__, "next_tick": next_tick, "numbers_only": numbers_only, "reconcile": reconcile,
    "specs_of": specs_of, "wrap_outputs": wrap_outputs, "write_out": write_out,
}  # fmt: skip


_LOCALS = frozenset({"arrays", "edges", "error", "flags", "kind", "made", "mended", "mode", "node", "out", "out_dtype",
                     "out_shape", "out_x", "xp"})  # fmt: skip
"""Names of the generated code, which no parameter of an op may have."""


def _compile(op: Op, kind: str, name: str, source: str, constants: dict[str, Any]) -> Callable[..., Any]:
    """Executes generated source, and lets tracebacks and debuggers show its lines."""
    filename = f"<chainrule {op.name}.{kind}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    scope = {**_RUNTIME, **constants}
    exec(compile(source, filename, "exec"), scope)
    function: Callable[..., Any] = scope[name]
    return function


def _tuple(items: list[str]) -> str:
    return "(" + ", ".join(items) + ("," if len(items) == 1 else "") + ")"


def _signature(op: Op) -> str:
    parts = [f"{p}=_default_{i}" if i in op.defaults else p for p, i in zip(op.parameters, op.inputs, strict=True)]
    parts = [f"*{op.inputs[0]}"] if op.variadic else [*parts, "*"]
    parts += [f"{n}=_default_{n}" if n in op.defaults else n for n in op.attributes]
    return ", ".join([*parts, "out=None"])


def _kept(op: Op, name: str) -> str:
    """The expression for what the node keeps under `name`: an array only if a formula that names it will run."""
    kept = "arrays" if op.variadic else f"{name}_x"
    if name in op.output_names:
        kept = "out_x" if not op.several else f"out_x[{op.output_names.index(name)}]"
    if op.joint is not None or len(op.inputs) == 1:
        return kept
    users = [i for i, f in zip(op.inputs, op.formulas, strict=True) if f is not None and name in f.names]
    return f"{kept} if " + " or ".join(f"{u}_e is not None" for u in users) + " else None"


def declare_call(op: Op) -> OpCall:
    """The function behind `op(...)`: it has its parameters and defaults, and gets its body when it is first called."""
    defaults = tuple([op.defaults[n] for n in op.inputs if n in op.defaults])
    code = _first_call(op.parameters, op.attributes, op.variadic)
    call: Any = FunctionType(code, {"OP": op, "complete": _complete}, op.name, defaults)
    call.__kwdefaults__ = {**{n: op.defaults[n] for n in op.attributes if n in op.defaults}, "out": None}
    call.__module__, call.__qualname__ = "chainrule", op.name
    call.__doc__ = op.doc
    call.op = op
    return call


@cache
def _first_call(inputs: tuple[str, ...], attributes: tuple[str, ...], variadic: bool) -> CodeType:
    """The body until then."""
    given = [f"*{inputs[0]}"] if variadic else [*inputs]
    parameters = ", ".join([*given, *([] if variadic else ["*"]), *attributes, "out"])
    passed = ", ".join([*given, *(f"{a}={a}" for a in (*attributes, "out"))])
    scope: dict[str, Any] = {}
    source = f"def first_call({parameters}): return complete(OP)({passed})"
    exec(compile(source, "<chainrule first call>", "exec"), scope)
    code: CodeType = scope["first_call"].__code__
    return code


def _complete(op: Op) -> OpCall:
    call: Any = op.call
    complete: Any = compile_call(op)[1]
    call.__globals__.update(complete.__globals__)
    call.__code__ = complete.__code__
    return op.call


def compile_call(op: Op) -> tuple[str, Callable[..., Any]]:
    """The text of `op.call`, and the function itself."""
    for name in (*op.parameters, *op.attributes):
        if name in _LOCALS or name in _RUNTIME:
            raise TypeError(f"op {op.name}: the generated code has a {name!r} of its own; name the parameter otherwise")
    constants: dict[str, Any] = {"OP": op, **{f"_default_{n}": v for n, v in op.defaults.items()}}
    body = _body(op, constants)
    name = f"{op.name}_" if keyword.iskeyword(op.name) or op.name in _RUNTIME or op.name in constants else op.name
    source = f"def {name}({_signature(op)}):\n" + "".join(f"    {line}\n" for line in body)
    return source, _compile(op, "call", name, source, constants)


def _forward(op: Op, constants: dict[str, Any]) -> list[str]:
    """The forward, as an expression where it is one."""
    names = {"xp": "xp", **{i: f"{i}_x" for i in op.inputs}, **{a: a for a in op.attributes}}
    parameters = list(inspect.signature(op.forward).parameters)
    found = None
    if not op.variadic:
        names[parameters[0]] = "xp"
        found = expression(op.forward, names, {*_RUNTIME, *names.values(), *op.inputs, *_LOCALS})
    if found is not None:
        value = found[0]
        constants.update(found[1])
    else:
        constants["forward"] = op.forward
        inputs = "*arrays" if op.variadic else ", ".join(f"{i}_x" for i in op.inputs)
        value = f"forward(xp, {inputs}{''.join(f', {a}={a}' for a in op.attributes)})"
    arrays = "arrays" if op.variadic else _tuple([f"{i}_x" for i in op.inputs])
    attributes = "(" + "".join(f"({a!r}, {a}), " for a in op.attributes) + ")"
    return [
        "try:",
        f"    out_x = {value}",
        "except Exception as error:",
        f"    raise explain(OP, {arrays}, {attributes}, error) from error",
    ]


def _body(op: Op, constants: dict[str, Any]) -> list[str]:
    names = op.inputs
    given = [f"*{names[0]}"] if op.variadic else [*op.parameters]
    call = ", ".join([*given, *(f"{a}={a}" for a in op.attributes)])
    if op.variadic:
        no_tensors, requires = "not flags", "True in flags"
    else:
        no_tensors, requires = " and ".join(f"{i}_r is None" for i in names), " or ".join(f"{i}_r" for i in names)
    lines = [
        "if out is not None:",
        f"    return write_out(out, OP, {call})",
        *_unpack(op, call),
        "xp = NAMESPACES[kind]",
        *_forward(op, constants),
        f"if {no_tensors}:",
        "    return out_x",
    ]
    if op.several:
        lines += ["out_x = wrap_outputs(out_x, kind)"]
    else:
        lines += [
            # A NumPy scalar becomes an array; an array of another backend is what a transfer gives.
            "if out_x.__class__ is not kind and NAMESPACES.get(out_x.__class__, xp) is xp:",
            "    out_x = xp.asarray(out_x)",
            "made = new(Tensor)",
            "made._array = out_x",
            "made._grad = None",
        ]
    if op.differentiable:
        lines += [f"if {requires}:", "    mode = current()", "    if mode.grad:"]
        lines += [f"        {line}" for line in _record(op)]
        if not op.several:
            marked = "        made._requires, made._edge = True, INFERENCE"
            lines += ["    if mode.inference:", marked, "        return made"]
    if op.several:
        return [*lines, f"return finish(None, out_x, current(), {requires})"]
    return [*lines, "made._requires = False", "made._edge = None", *_view(op), "return made"]


def _unpack(op: Op, call: str) -> list[str]:
    """Tensors to arrays of one backend, and which of them require a gradient (None: it is no tensor)."""
    names = op.inputs
    if op.variadic:
        given, arrays = names[0], "arrays"
        lines = [
            f"arrays = tuple([t._array if isinstance(t, Tensor) else t for t in {given}])",
            f"flags = [t._requires for t in {given} if isinstance(t, Tensor)]",
            "kind = arrays[0].__class__ if arrays else None",
            "if kind not in NAMESPACES or len({a.__class__ for a in arrays}) != 1:",
        ]
    else:
        given, arrays, lines = _tuple([*op.parameters]), _tuple([f"{i}_x" for i in names]), []
        for p, i in zip(op.parameters, names, strict=True):
            lines += [f"if isinstance({p}, Tensor):", f"    {i}_x, {i}_r = {p}._array, {p}._requires"]
            lines += ["else:", f"    {i}_x, {i}_r = {p}, None"]
        differ = "".join(f"kind is not {i}_x.__class__ or " for i in names[1:])
        lines += [f"kind = {names[0]}_x.__class__", f"if {differ}kind not in NAMESPACES:"]
    return [
        *lines,
        f"    mended = reconcile(OP, {given}, {arrays})",
        "    if mended is None:",
        f"        return numbers_only(OP, {call})",
        f"    kind, {arrays} = mended",
    ]


def _fact(op: Op, name: str) -> str:
    """The expression for an input's shape or dtype; of a Python number (), and None."""
    given, _, fact = name.rpartition("_")
    missing = "()" if fact == "shape" else "None"
    if op.variadic:
        return f"tuple([getattr(a, {fact!r}, {missing}) for a in arrays])"
    return f"{given}_x.{fact}" if len(op.inputs) == 1 else f"getattr({given}_x, {fact!r}, {missing})"


def _record(op: Op) -> list[str]:
    """What is done when a gradient will be wanted: make the node."""
    names = op.inputs
    if op.variadic:
        lines = [
            f"edges = tuple([(t._edge or t) if isinstance(t, Tensor) and t._requires else None for t in {names[0]}])"
        ]
        edges, inference = "edges", "any([e is INFERENCE for e in edges])"
    else:
        edges, inference = _tuple([f"{i}_e" for i in names]), " or ".join(f"{i}_e is INFERENCE" for i in names)
        given = list(zip(op.parameters, names, strict=True))
        lines = [f"{i}_e = ({p}._edge or {p}) if {i}_r else None" for p, i in given]
        if len(names) == 1:
            lines = [f"{i}_e = {p}._edge or {p}" for p, i in given]
    facts = [_fact(op, n) for n in op.fact_names]
    lines += [
        f"if {inference}:",
        "    refuse_inference(OP)",
        "node = Node()",
        "node.op = OP",
        f"node.attributes = {_tuple([*op.attributes, *facts])}",
        f"node.saved = {_tuple([_kept(op, n) for n in op.saved_names])}",
        f"node.edges = {edges}",
        "node.tick = next_tick()",
        "node.scope = mode.scope",
        "node.extra = None",
    ]
    if op.several:
        return [*lines, _specs(op), "return finish(node, out_x, mode)"]
    return [
        *lines,
        "node.shape = out_shape = out_x.shape",
        "node.dtype = out_dtype = out_x.dtype",
        _specs(op),
        "made._requires = True",
        "made._edge = node",
        "if mode.debug:",
        "    note(node, (out_x,))",
        *_view(op),
        "return made",
    ]


def _view(op: Op) -> list[str]:
    """A view remembers its base, so that an in-place op through it can reach the base's place in the graph."""
    if not op.view:
        return []
    attributes = "{" + ", ".join(f"{a!r}: {a}" for a in op.attributes) + "}"
    base, name, array = op.parameters[0], op.inputs[0], f"{op.inputs[0]}_x"
    # What had to be copied (some reshapes) is no view, though it may look at the copy.
    same = f"out_x.base is {array} or out_x is {array} or (out_x.base is not None and out_x.base is {array}.base)"
    return [f"if {name}_r is not None and ({same}):", f"    made.link_view({base}, OP, {attributes})"]


def _specs(op: Op) -> str:
    names = op.inputs
    if op.variadic:
        return "node.specs = specs_of(zip(edges, arrays))"
    if len(names) == 1:
        return "node.specs = None"
    specs = f"specs_of(({', '.join(f'({i}_e, {i}_x)' for i in names)}))"
    if not op.elementwise:
        return f"node.specs = {specs}"
    fits = " and ".join(f"({i}_e is None or ({i}_x.shape == out_shape and {i}_x.dtype is out_dtype))" for i in names)
    return f"node.specs = None if {fits} else {specs}"


def compile_vjp(op: Op) -> tuple[str, Callable[..., Any]]:
    """`vjp(node, g, edges, saved)`: one cotangent, or None, per input. `edges` says which are wanted; `saved` is
    what the node saved, raw or as tensors."""
    lines = ["g = fill_missing(node, g)"] if op.several else []
    if op.saved_names:
        lines.append(f"{_tuple(list(op.saved_names))} = saved")
        if op.elementwise:  # NumPy's scalars, in place of 0-d arrays, compute fastest among themselves
            lines.append("if g.__class__ in SCALARS:")
            lines += [f"    {n} = {n}[()] if {n}.__class__ in NAMESPACES else {n}" for n in op.saved_names]
    if op.attributes or op.fact_names:
        lines.append(f"{_tuple([*op.attributes, *op.fact_names])} = node.attributes")
    constants: dict[str, Any] = {}
    if op.joint is not None:
        constants["formula"] = op.joint.function
        needs = "tuple([e is not None for e in edges])"
        lines.append(f"results = formula({', '.join(['g', needs, *op.joint.names])})")
    elif len(op.inputs) == 1:
        lines.append(f"return ({_formula_text(op, 0, constants)},)")
    else:
        for k, formula in enumerate(op.formulas):
            value = f"{_formula_text(op, k, constants)} if edges[{k}] is not None else None" if formula else "None"
            lines.append(f"r{k} = {value}")
        lines.append(f"results = {_tuple([f'r{k}' for k in range(len(op.formulas))])}")
    if op.joint is not None or len(op.inputs) > 1:
        lines += ["if node.specs is not None:", "    return cast_to_specs(results, node.specs)", "return results"]
    source = "def vjp(node, g, edges, saved):\n" + "".join(f"    {line}\n" for line in lines)
    return source, _compile(op, "vjp", "vjp", source, constants)


def _formula_text(op: Op, k: int, constants: dict[str, Any]) -> str:
    """The k-th formula: its expression where it is one, else a call of it."""
    formula = op.formulas[k]
    assert formula is not None
    names = {n: n for n in ["g", *formula.names]}
    taken = {"node", "edges", "saved", "results", "g", *_RUNTIME, *op.retainable, *constants}
    found = expression(formula.function, names, taken)
    if found is None:
        constants[f"formula{k}"] = formula.function
        return f"formula{k}({', '.join(names)})"
    constants.update(found[1])
    return found[0]

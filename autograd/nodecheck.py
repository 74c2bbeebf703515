"""Every node of a recorded graph checked by finite differences, at the values it was computed with.

`gradcheck` checks a function from end to end, and says that something in it is wrong; this says which operation. Of
every node the forward is run again in float64 at the recorded inputs, moved along random directions, and the change is
compared with what the node's own VJP makes of the arrays it has saved, in the dtype it was recorded in.
"""

from __future__ import annotations

import copy
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Any

from ..backends import Array, backend_of, dtypes, get_backend_by_name, is_array
from .function import FunctionCtx
from .gradcheck import GradcheckError
from .graph import Graph, Place, may_be_absent, place_of, place_of_tensor, saved_inputs
from .modes import no_grad
from .node import Absent, Freed, Node
from .summary import number_text, type_text
from .tensor import Tensor, from_array, tensors_of
from .versions import change_since, check_unchanged

_numpy = get_backend_by_name("numpy")
_host = _numpy.xp
"""Numbers are drawn and compared on the host, wherever the graph lives."""

TOLERANCES = {"float16": (3e-2, 1e-2), "bfloat16": (2e-1, 5e-2), "float32": (1e-3, 2e-6), "complex64": (1e-3, 2e-6)}
"""`(rtol, atol)` by the lowest precision that takes part in a node; float64 and complex128 have the one below."""
FINEST = (1e-5, 1e-9)

_WIDE = {"f": dtypes.float64, "c": dtypes.complex128, "V": dtypes.float64}


_SYMMETRIC = frozenset({"cholesky", "eigh", "eigvalsh", "pinv"})
"""Ops that read one triangle of a symmetric matrix, which is therefore moved as a symmetric one."""

_ORDERING = frozenset({"argsort", "kthvalue", "median", "mode", "msort", "nanmedian", "sort", "topk"})
"""Ops that pick one of several equal elements."""

_UNDETERMINED = {"eig": ("V",), "eigh": ("V",), "svd": ("U", "Vh")}
"""Outputs determined up to a factor alone: a random cotangent asks for a derivative that there is none of."""


@dataclass(frozen=True)
class NodeCheck:
    """The verdict on one node.

    Attributes:
        node: which; `node.op.name` is its op.
        status: "passed", "failed" or "unchecked".
        reason: what is wrong, why it was not checked, or what is to be known of it.
        error: the largest difference between VJP and finite differences, relative to the size of what was compared.
    """

    node: Node
    status: str
    reason: str = ""
    error: float = 0.0

    @property
    def place(self) -> str:
        """The op with its modules, and its source line where it was recorded in debug mode."""
        node = self.node
        line = node.extra.line if node.extra is not None else None
        within = f" in {'/'.join(node.scope)}" if node.scope else ""
        return f"{node.op.name}{within}{f', called at {line}' if line else ''}"


class GraphCheck:
    """The verdicts on all nodes of a graph, oldest first; prints as a table. True if none failed.

    Attributes:
        checks: a `NodeCheck` per node.
    """

    def __init__(self, checks: list[NodeCheck]) -> None:
        self.checks = tuple(checks)

    def _of(self, status: str) -> tuple[NodeCheck, ...]:
        return tuple(check for check in self.checks if check.status == status)

    @property
    def passed(self) -> tuple[NodeCheck, ...]:
        return self._of("passed")

    @property
    def failed(self) -> tuple[NodeCheck, ...]:
        return self._of("failed")

    @property
    def unchecked(self) -> tuple[NodeCheck, ...]:
        return self._of("unchecked")

    def __bool__(self) -> bool:
        return not self.failed

    def __iter__(self) -> Iterator[NodeCheck]:
        return iter(self.checks)

    def __len__(self) -> int:
        return len(self.checks)

    def __str__(self) -> str:
        rows: list[tuple[str, ...]] = [("op", "nodes", "passed", "failed", "unchecked", "largest error")]
        for name in dict.fromkeys(check.node.op.name for check in self.checks):
            own = [check for check in self.checks if check.node.op.name == name]
            count = Counter(check.status for check in own)
            error = max((c.error for c in own if c.status != "unchecked"), default=0.0)
            numbers = [str(count[status] or "") for status in ("passed", "failed", "unchecked")]
            rows.append((name, str(len(own)), *numbers, f"{error:.1e}" if len(own) > count["unchecked"] else ""))
        widths = [max(len(row[k]) for row in rows) for k in range(6)]
        lines = [
            "  ".join([row[0].ljust(widths[0]), *[c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)]])
            for row in rows
        ]
        lines = [lines[0], "-" * len(lines[0]), *[line.rstrip() for line in lines[1:]]]
        lines += [f"failed: {check.place}: {check.reason}" for check in self.failed]
        told = Counter(f"unchecked: {check.place}: {check.reason}" for check in self.unchecked)
        return "\n".join([*lines, *[line + (f" ({n} times)" if n > 1 else "") for line, n in told.items()]])

    __repr__ = __str__


def gradcheck_graph(
    *tensors: Tensor,
    eps: float = 1e-6,
    atol: float | None = None,
    rtol: float | None = None,
    directions: int = 2,
    raise_exception: bool = True,
) -> GraphCheck:
    """Checks every operation that some tensors were computed by, at the values of the recorded run.

        loss = criterion(model(x), y)
        print(cr.autograd.gradcheck_graph(loss))

    Where a function has a kink (relu at 0) the VJP must lie between the one-sided differences. No `.grad` changes, no
    hook runs, and the graph stays as it is.

    Args:
        eps: the step, relative to the size of an input where that is above 1.
        rtol, atol: relative to the size of what is compared, and to that of the cotangent; by default after the dtype
            the node was recorded in.
        directions: in how many random directions every input is moved.
        raise_exception: raise where a node fails; if False, the report tells.

    Returns:
        The verdicts, also of the nodes that could not be checked, with the reason: what they had saved is freed, an
        input was not kept or has changed since, or a custom function cannot be run again.

    Raises:
        GradcheckError: a VJP does not agree with finite differences. The message says of which op, in which module, at
            which source line (if recorded in debug mode), for which input, with the numbers.
        ValueError: no tensor is given.
        TypeError: something is no tensor.
    """
    if not tensors:
        raise ValueError("gradcheck_graph: there is no tensor whose graph to check")
    graph = Graph(tensors_of("gradcheck_graph", "tensors", tensors))
    dropped = {node: node.saved for node in graph.nodes if isinstance(node.saved, Absent)}
    lost: dict[Node, str] = {}
    try:
        for node, saved in dropped.items():
            try:
                saved.restore(node)
            except Exception as error:
                lost[node] = _freed_reason(saved) or f"what it had saved could not be computed again: {error}"
        checker = _Checker(graph, eps, atol, rtol, directions)
        report = GraphCheck(
            [NodeCheck(n, "unchecked", lost[n]) if n in lost else checker.check(n) for n in graph.nodes]
        )
    finally:
        for node, saved in dropped.items():
            node.saved = saved
    if raise_exception and report.failed:
        first, *others = report.failed
        more = "".join(f"\n  also: {check.place}: {check.reason}" for check in others)
        raise GradcheckError(f"the VJP of {first.place} is wrong: {first.reason}{more}")
    return report


def _freed_reason(saved: Absent) -> str:
    if not isinstance(saved, Freed):
        return ""
    return f"what it had saved was freed by the backward call at {saved.where}; retain_graph=True keeps it"


class _Unknown(Exception):
    """A node cannot be checked; the text says why."""


class _Checker:
    """Checks the nodes of one graph."""

    def __init__(self, graph: Graph, eps: float, atol: float | None, rtol: float | None, directions: int) -> None:
        self.graph, self.eps, self.atol, self.rtol, self.directions = graph, eps, atol, rtol, directions
        self.generator = _numpy.generator(0)
        self.used: dict[Node, set[int]] = {}
        """The outputs of each node that the graph uses: of an op with several, a cotangent arrives for these."""
        self.home = graph.outputs[0].backend
        places = [place_of_tensor(t) for t in graph.outputs]
        places += [place for node in graph.nodes for place in map(place_of, node.edges) if place is not None]
        for place in places:
            if isinstance(place, tuple):
                self.used.setdefault(place[0], set()).add(place[1])

    def check(self, node: Node) -> NodeCheck:
        try:
            with warnings.catch_warnings(), no_grad():
                warnings.simplefilter("ignore")  # they were given when the program ran
                return self._check(node)
        except _Unknown as unknown:
            return NodeCheck(node, "unchecked", str(unknown))

    def _check(self, node: Node) -> NodeCheck:
        try:
            check_unchanged(node)
        except RuntimeError as error:
            raise _Unknown(f"an array it had saved was changed in place since: {error}") from None
        values, all_known = self._inputs(node)
        forward = self._forward(node)
        start = forward(values)
        self._expect_recorded(node, start, all_known)
        outputs = list(zip(node.shape, node.dtype, strict=True)) if node.op.several else [(node.shape, node.dtype)]
        used, names = self.used.get(node, ()), node.op.output_names
        free = [j for j in used if j < len(names) and names[j] in _UNDETERMINED.get(node.op.name, ())]
        differentiable = [j for j, (_, dtype) in enumerate(outputs) if j in used and dtypes.is_differentiable(dtype)]
        differentiable = [j for j in differentiable if j not in free]
        if not differentiable:
            raise _Unknown(f"its result {names[free[0]]} is determined up to a factor alone" if free else "no gradient")
        if not all(_host.all(_host.isfinite(start[j])) for j in differentiable):
            raise _Unknown("its result is not finite")
        like = next(value for value in values if is_array(value))
        cotangents = {j: self._draw(outputs[j][0], outputs[j][1]) for j in differentiable}
        pulled = self._pull(node, cotangents, len(outputs), like)
        worst, notes = 0.0, [f"without {names[j]}, which is determined up to a factor alone" for j in free]
        unchecked = None
        for k, edge in enumerate(node.edges):
            if edge is None or not is_array(values[k]):
                continue
            for _ in range(self.directions):
                verdict = self._compare(node, k, values, forward, start, cotangents, pulled[k])
                worst = max(worst, verdict.error)
                if verdict.status == "failed":
                    return verdict
                if verdict.status == "unchecked":
                    unchecked = verdict
                notes += [verdict.reason] if verdict.reason else []
        return unchecked or NodeCheck(node, "passed", notes[0] if notes else "", worst)

    # What the node was computed with

    def _inputs(self, node: Node) -> tuple[list[Any], bool]:
        """The inputs, floating ones in double precision, and whether all are at their recorded values: of one that
        nothing its VJP reads depends on, any value will do."""
        saved = dict(saved_inputs(node))
        values: list[Any] = []
        missing = []
        for k in range(len(node.edges)):
            try:
                values.append(_widened(self._input(node, k, saved)))
            except _Unknown:
                if not _is_independent(node, k) or (node.op.several and node.edges[k] is None):
                    raise
                values.append(None)
                missing.append(k)
        if missing:
            known = [v for v in values if is_array(v)]
            backend = backend_of(known[0]) if known else self.home
            for k in missing:
                place = place_of(node.edges[k])
                shape = node.shape if place is None else _form(place)[0]
                dtype = node.dtype if place is None else _form(place)[1]
                values[k] = _widened(backend.asarray(self._draw(shape, dtype)))
        return values, not missing

    def _input(self, node: Node, k: int, saved: dict[int, Any]) -> Any:
        if k in saved:
            return saved[k]
        place, name = place_of(node.edges[k]), _name(node, k)
        if place is None:
            if not hasattr(node.op, "forward") and node.specs[k] is None:
                return self._argument(node, name)
            if may_be_absent(node, k, name):
                return None
            raise _Unknown(f"its input {name}, a constant, was not kept")
        value = self.graph.value(place)
        if value is None:
            raise _Unknown(f"its input {name} was not kept; hold the tensor in a variable")
        if (isinstance(place, Tensor) and place._replaced > node.tick) or change_since(value, node.tick) is not None:
            raise _Unknown(f"its input {name} has changed since")
        return value

    @staticmethod
    def _argument(node: Node, name: str) -> Any:
        """An argument of a custom Function that is no tensor: known where it stands on the ctx under its own name."""
        held = vars(node.attributes[0])
        if name not in held:
            raise _Unknown(f"forward cannot be run again: its argument {name}, no tensor, was not kept (ctx.{name})")
        return held[name]

    def _forward(self, node: Node) -> Callable[[list[Any]], list[Any]]:
        """The node's forward, from inputs to outputs on the host."""
        run = _rerun_op if hasattr(node.op, "forward") else _rerun_function

        def forward(arrays: list[Any]) -> list[Any]:
            try:
                results = run(node, arrays)
            except _Unknown:
                raise
            except Exception as error:
                raise _Unknown(f"forward cannot be run again: {type(error).__name__}: {error}") from None
            return [backend_of(r).to_host(backend_of(r).asarray(r)) for r in results]

        return forward

    def _expect_recorded(self, node: Node, start: list[Any], all_known: bool) -> None:
        """Makes sure that the forward does what it did, as far as that is known."""
        rtol, _ = _tolerance(node)
        for j, array in enumerate(start):
            shape = node.shape[j] if node.op.several else node.shape
            recorded = self.graph.recorded((node, j))
            known = all_known and recorded is not None and change_since(recorded, node.tick) is None
            if known:
                there = backend_of(recorded).to_host(recorded)
                if there.dtype.kind == "V":
                    there = there.astype(dtypes.float32)
            elif not hasattr(node.op, "forward") and any(spec is None for spec in node.specs):
                raise _Unknown("forward cannot be run again with certainty: its result was not kept to compare with")
            near = array.shape == shape
            if near and known and array.dtype.kind in "fc":
                near = bool(_host.allclose(array, there, rtol=10 * rtol, atol=10 * rtol * _size(there), equal_nan=True))
            elif near and known:
                near = bool(_host.array_equal(array, there))
            if not near:
                raise _Unknown("run again it gives another result: it is random, or depends on more than its inputs")

    # Both derivatives

    def _draw(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """Random numbers on the host that `dtype` can hold, in double precision."""
        drawn = self.generator.normal(shape, dtypes.float64)
        if dtype.kind == "c":
            return drawn + 1j * self.generator.normal(shape, dtypes.float64)
        return drawn.astype(dtype if dtype.kind == "f" else dtypes.float16).astype(dtypes.float64)

    def _pull(self, node: Node, cotangents: dict[int, Any], count: int, like: Array) -> list[Any]:
        """What the node's VJP makes of the cotangents, on the host."""
        backend = backend_of(like)
        kinds = node.dtype if node.op.several else (node.dtype,)
        given = [backend.asarray(cotangents[j], dtype=kinds[j]) if j in cotangents else None for j in range(count)]
        assert node.op.vjp is not None
        try:
            results = node.op.vjp(node, tuple(given) if node.op.several else given[0], node.edges, node.saved)
        except Exception as error:
            raise _Unknown(f"its VJP raised {type(error).__name__}: {error}") from None
        hosted = [None if r is None else backend_of(r).to_host(backend_of(r).asarray(r)) for r in results]
        return [None if r is None else r.astype(_WIDE[r.dtype.kind]) for r in hosted]

    def _compare(
        self, node: Node, k: int, values: list[Any], forward: Callable[[list[Any]], list[Any]], start: list[Any],
        cotangents: dict[int, Any], pulled: Any,
    ) -> NodeCheck:  # fmt: skip
        """Input k moved along a random direction: the change of the outputs, weighted, and what the VJP says of it."""
        x = values[k]
        direction = self._draw(x.shape, x.dtype)
        if node.op.name in _SYMMETRIC and _is_hermitian(x):
            direction = (direction + direction.conj().swapaxes(-1, -2)) / 2
        step = self.eps * max(1.0, _size(backend_of(x).to_host(x)) / sqrt(max(x.size, 1)))
        products = _host.zeros(()) if pulled is None else (pulled * direction).real
        analytical = float(products.sum())

        def moved(distance: float) -> list[Any]:
            change = backend_of(x).asarray(direction * distance, dtype=x.dtype)
            return forward([*values[:k], backend_of(x).asarray(x + change), *values[k + 1 :]])

        def differences(distance: float) -> tuple[float, float, float, float]:
            """Least, middle and largest derivative that the one-sided differences allow, and their size."""
            above, below = moved(distance), moved(-distance)
            low = middle = high = square = 0.0
            for j, g in cotangents.items():
                up, down = _slope(above[j], start[j], distance), _slope(start[j], below[j], distance)
                up, down = _host.where(_host.isfinite(up), up, down), _host.where(_host.isfinite(down), down, up)
                if not _host.all(_host.isfinite(up)):
                    raise _Unknown("it is not finite beside its recorded inputs")
                up, down = (g * up).real, (g * down).real
                mean = (up + down) / 2
                kink = abs(up - down) > 1e-3 * (abs(up) + abs(down))
                low += float(_host.where(kink, _host.minimum(up, down), mean).sum())
                high += float(_host.where(kink, _host.maximum(up, down), mean).sum())
                middle += float(mean.sum())
                square += float((mean**2).sum())
            return low, middle, high, sqrt(square)

        low, middle, high, size = differences(step)
        rtol, atol = _tolerance(node)
        rtol, atol = rtol if self.rtol is None else self.rtol, atol if self.atol is None else self.atol
        weight = sqrt(sum(_size(g) ** 2 for g in cotangents.values()))
        rounding = 1e-15 * sqrt(sum(_size(g * start[j]) ** 2 for j, g in cotangents.items())) / step
        scale = max(size, _size(products))
        tolerance = rtol * scale + atol * weight + rounding
        if not isfinite(analytical):
            return NodeCheck(node, "unchecked", f"the derivative by input {_name(node, k)} is not finite")
        off = max(low - analytical, analytical - high, 0.0)
        error = abs(analytical - middle) / scale if scale and high - low <= tolerance else off / (scale or 1.0)
        if off <= tolerance:
            kink = "at a kink, where the VJP lies between the one-sided differences" if high - low > tolerance else ""
            return NodeCheck(node, "passed", kink, error)
        _, finer, _, _ = differences(step / 4)
        if off <= tolerance + 4 * abs(middle - finer):
            return NodeCheck(node, "unchecked", f"finite differences by input {_name(node, k)} do not settle")
        if node.op.name == "embedding" and node.op.attribute(node, "share") is not None:
            return NodeCheck(node, "unchecked", "its gradient is scaled on purpose (padding_idx, scale_grad_by_freq)")
        if node.op.name in _ORDERING and _host.unique(backend_of(x).to_host(x)).size < x.size:
            return NodeCheck(node, "unchecked", "elements are equal, whose order is not determined")
        place = place_of(node.edges[k])
        assert place is not None
        reason = (
            f"by input {_name(node, k)}, {type_text(x.shape, _form(place)[1])}, along a random direction its VJP "
            f"gives {number_text(analytical, 8)}, finite differences {number_text(middle, 8)} "
            f"(tolerance {tolerance:.1e})"
        )
        return NodeCheck(node, "failed", reason, error)


def _rerun_op(node: Node, arrays: list[Any]) -> tuple[Any, ...]:
    op = node.op
    attributes = {n: _attribute(op, n, v) for n, v in zip(op.attributes, node.attributes, strict=False)}
    given = next(array for array in arrays if is_array(array))
    result = op.forward(backend_of(given).xp, *arrays, **attributes)
    if not op.view and len(arrays) > 1 and any(result is array for array in arrays):
        raise _Unknown("it works in place, so that its forward cannot be run again")
    return result if isinstance(result, tuple) else (result,)


def _rerun_function(node: Node, arrays: list[Any]) -> list[Any]:
    op: Any = node.op
    call = node.attributes[0]._call
    args = []
    for array, spec in zip(arrays, node.specs, strict=True):
        if spec is None:
            args.append(copy.copy(array))  # forward may write into it
        else:
            args.append(None if array is None else from_array(backend_of(array).copy(array)))
    ctx = FunctionCtx()
    ctx.needs_input_grad = node.attributes[0].needs_input_grad
    output = op.function.forward(*args) if op.separate else op.function.forward(ctx, *args)
    outputs = output if isinstance(output, tuple) else (output,)
    return [t._array for t, place in zip(outputs, call.places, strict=True) if place is not None]


def _name(node: Node, k: int) -> str:
    op = node.op
    return f"{op.inputs[0]}{k}" if op.variadic else op.inputs[k] if k < len(op.inputs) else f"input{k}"


def _widened(value: Any) -> Any:
    if not is_array(value):
        return value
    array = backend_of(value).asarray(value)
    wide = _WIDE.get(array.dtype.kind)
    return array if wide is None else array.astype(wide)


def _attribute(op: Any, name: str, value: Any) -> Any:
    """An attribute for a second run, in which what may be left out (an array computed of the inputs beforehand) is, a
    dtype to compute in is that of double precision, and nothing is written into an input (`fresh`)."""
    if is_array(value):
        return None if value.dtype.kind in "fc" and op.defaults.get(name, name) is None else value
    if hasattr(value, "kind") and hasattr(value, "itemsize"):
        return _WIDE.get(value.kind, value)
    return True if name == "fresh" else value


def _form(place: Place) -> tuple[tuple[int, ...], Any]:
    """Shape and dtype of what stands at a place."""
    if isinstance(place, Tensor):
        return place.shape, place.dtype
    node, j = place
    return (node.shape[j], node.dtype[j]) if node.op.several else (node.shape, node.dtype)


def _tolerance(node: Node) -> tuple[float, float]:
    """`(rtol, atol)` after the lowest precision that takes part."""
    places = [place_of(edge) for edge in node.edges]
    found = [*(node.dtype if node.op.several else (node.dtype,))]
    found += [_form(place)[1] for place in places if place is not None]
    return max((TOLERANCES.get(dtype.name, FINEST) for dtype in found), default=FINEST)


def _is_independent(node: Node, k: int) -> bool:
    """Whether nothing that a node's VJP reads depends on an input, so that its derivative is the same everywhere."""
    op = node.op
    if not hasattr(op, "forward") or op.variadic:
        return False
    if op.joint is not None:
        formulas: list[Any] = [op.joint]
    else:
        formulas = [f for f, edge in zip(op.formulas, node.edges, strict=True) if edge is not None]
    read = {name for formula in formulas if formula is not None for name in formula.names}
    return op.inputs[k] not in read and not read.intersection(op.output_names)


def _is_hermitian(x: Array) -> bool:
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        return False
    there = backend_of(x).to_host(x)
    return bool(_host.allclose(there, there.conj().swapaxes(-1, -2)))


def _size(array: Any) -> float:
    """The Euclidean norm."""
    return float(sqrt((abs(array) ** 2).sum()))


def _slope(above: Any, below: Any, distance: float) -> Any:
    """The change per distance; what is infinite and stays so has not moved."""
    same = above == below
    return _host.where(same, 0.0, above - _host.where(same, 0.0, below)) / distance


__all__ = ["GraphCheck", "NodeCheck", "gradcheck_graph"]

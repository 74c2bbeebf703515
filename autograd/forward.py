"""Forward mode: tangents pushed through a recorded graph, from the inputs to the outputs.

The graph that backward walks from its outputs is walked the other way here, oldest node first. So a function is run
once and then linearised as often as wanted, and calling an op costs nothing more because forward mode exists. What a
node saved for its VJP is enough: an op is its own derivative if it is linear; a formula of an elementwise op, given a
tangent in the place of the cotangent, is the derivative along it; a product is the sum of its calls with one factor
replaced by that factor's tangent; an op may declare formulas of its own (`jvp=`). What is left is differentiated in
its cotangent: a VJP is linear in it, so its VJP is the transpose of the transpose (Townsend 2017, "A new trick for
calculating Jacobian vector products").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..backends import dtypes
from .engine import edge_of, grad, topological
from .modes import enable_grad, is_grad_enabled, no_grad
from .node import Absent, Edge, Node
from .ops.arithmetic import broadcast_to, cast
from .record import conjugate
from .tensor import Tensor, from_array
from .versions import check_unchanged, clock


def push_forward(
    outputs: Sequence[Tensor], inputs: Sequence[Tensor], tangents: Sequence[Tensor], create_graph: bool = False
) -> list[Tensor | None]:
    """The derivatives of `outputs` along `tangents` of `inputs`: Jacobian times vector.

    Args:
        outputs: computed from `inputs`; their graph is kept.
        inputs: leaves or not; other ways into the graph count as constant.
        tangents: one for each input, of its shape and dtype.
        create_graph: record what is computed, for derivatives of higher order.

    Returns:
        One tangent per output, of its shape and dtype; None where it does not depend on the inputs.

    Raises:
        RuntimeError: the graph was freed, or a saved array was changed in place.
    """
    carried: dict[Edge, Tensor] = {edge_of(t): tangent for t, tangent in zip(inputs, tangents, strict=True)}
    with enable_grad() if create_graph else no_grad():
        for node in reversed(topological([edge_of(t) for t in outputs])):
            arriving = [None if edge is None else carried.get(edge) for edge in node.edges]
            if all(t is None for t in arriving):
                continue
            for edge, tangent in _tangents_of(node, arriving, create_graph):
                if tangent is not None:
                    carried.setdefault(edge, tangent)  # an input's own tangent stands
    return [carried.get(edge_of(t)) for t in outputs]


def _tangents_of(node: Node, arriving: list[Tensor | None], recorded: bool) -> list[tuple[Edge, Tensor | None]]:
    """The tangent of every output of a node, with the edge it belongs to."""
    if isinstance(node.saved, Absent):
        node.saved.restore(node)
    if node.saved and node.tick < clock.latest:
        check_unchanged(node)
    kept = node.op.saved_tensors(node) if recorded else _boxed(node.saved)
    rule = _rule_for(node, arriving)
    found = rule(node, arriving, kept)
    if node.op.several:
        return [((node, k), tangent) for k, tangent in enumerate(found)]
    return [(node, None if found is None else _fitted(found, node))]


def _boxed(saved: Any) -> Any:
    """What a node saved, as tensors outside the graph."""
    return tuple([
        _boxed(item) if isinstance(item, tuple) else from_array(item) if hasattr(item, "dtype") else item
        for item in saved
    ])  # fmt: skip


def _fitted(tangent: Tensor, node: Node) -> Tensor:
    """A tangent broadcast and cast as the op's output was."""
    if tangent.shape != node.shape:
        tangent = broadcast_to(tangent, shape=node.shape)
    return tangent if tangent.dtype == node.dtype else cast(tangent, dtype=node.dtype)


def _rule_for(node: Node, arriving: list[Tensor | None]) -> Any:
    op: Any = node.op
    if op.jvp is not None:
        return op.jvp
    if op.linear and (len(arriving) == 1 or all(t is not None for t in arriving)):
        return _of_linear
    if op.elementwise and op.formulas:
        return _of_elementwise
    if op.multilinear and op.saves_inputs:
        return _of_multilinear
    return _through_vjp


def _of_linear(node: Node, arriving: list[Tensor | None], kept: Any) -> Any:
    return node.op.call(*arriving, **_attributes(node))


def _of_elementwise(node: Node, arriving: list[Tensor | None], kept: Any) -> Any:
    op = node.op
    named = dict(zip((*op.saved_names, *op.attributes, *op.fact_names), (*kept, *node.attributes), strict=True))
    terms = [
        formula.function(tangent, *[named[name] for name in formula.names])
        for formula, tangent in zip(op.formulas, arriving, strict=True)
        if formula is not None and tangent is not None
    ]
    return sum(terms[1:], start=terms[0]) if terms else None


def _of_multilinear(node: Node, arriving: list[Tensor | None], kept: Any) -> Any:
    op = node.op
    named = dict(zip(op.saved_names, kept, strict=True))
    factors = list(named[op.inputs[0]]) if op.variadic else [named[name] for name in op.inputs]
    terms = [
        op.call(*factors[:k], tangent, *factors[k + 1 :], **_attributes(node))
        for k, tangent in enumerate(arriving)
        if tangent is not None
    ]
    return sum(terms[1:], start=terms[0])


def _attributes(node: Node) -> dict[str, Any]:
    return dict(zip(node.op.attributes, node.attributes, strict=False))  # after them come facts of the inputs


def _through_vjp(node: Node, arriving: list[Tensor | None], kept: Any) -> Any:
    """The derivative of the VJP in its cotangent, transposed."""
    op: Any = node.op
    xp = next(t.backend for t in arriving if t is not None).xp
    recorded = is_grad_enabled()
    cotangents, pulled = _pulled(node, arriving, kept, xp.zeros)
    pairs = [(g, conjugate(t)) for g, t in zip(pulled, arriving, strict=True) if t is not None and g is not None]
    if any(not g.requires_grad for g, _ in pairs):
        _expect_zero(node, arriving, _pulled(node, arriving, kept, xp.ones)[1])
        pairs = [(g, t) for g, t in pairs if g.requires_grad]
    if not pairs:
        return [None] * len(cotangents) if op.several else None
    wanted = [g for g in cotangents if g is not None]
    found = iter(grad([g for g, _ in pairs], wanted, [t for _, t in pairs], create_graph=recorded, allow_unused=True))
    tangents = [None if g is None else next(found) for g in cotangents]
    tangents = [None if t is None else conjugate(t) for t in tangents]
    return tangents if op.several else tangents[0]


def _pulled(node: Node, arriving: list[Tensor | None], kept: Any, filled: Any) -> tuple[list[Tensor | None], Any]:
    """New cotangents of a node's outputs, of ones or zeros, and what the VJP makes of them, recorded."""
    op: Any = node.op
    shapes, kinds = (node.shape, node.dtype) if op.several else ((node.shape,), (node.dtype,))
    cotangents = [
        from_array(filled(shape, dtype=kind)).requires_grad_() if dtypes.is_differentiable(kind) else None
        for shape, kind in zip(shapes, kinds, strict=True)
    ]
    edges = tuple([None if t is None else edge for edge, t in zip(node.edges, arriving, strict=True)])
    with enable_grad():
        return cotangents, op.vjp(node, tuple(cotangents) if op.several else cotangents[0], edges, kept)


def _expect_zero(node: Node, arriving: list[Tensor | None], pulled: Any) -> None:
    """Raises where a VJP gave something that the graph does not connect to its cotangent: its transpose would be zero,
    and it is not."""
    for g, t in zip(pulled, arriving, strict=True):
        if g is not None and t is not None and not g.requires_grad and g._array.any():
            raise RuntimeError(
                f"forward mode: the backward of {node.op.name} is not made of differentiable operations alone (its "
                f"result does not depend on the cotangent: did it use detach() or numpy()?); write it so, or define "
                f"its jvp"
            )


__all__ = ["push_forward"]

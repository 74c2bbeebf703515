"""Functions with derivative rules of their own, in the functional style: `custom_vjp` and `custom_jvp`.

    @cr.func.custom_vjp
    def log1pexp(x):
        return (1 + x.exp()).log()

    def forward(x):
        return log1pexp(x), x                       # the value, and what backward needs

    def backward(x, g):
        return (g * x.sigmoid(),)                   # one cotangent per argument

    log1pexp.defvjp(forward, backward)

Both are `Function`s underneath; arguments and results may be nested containers of tensors.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from ..backends import dtypes
from . import trees
from .engine import grad
from .function import Function, sums_to
from .modes import enable_grad, is_grad_enabled
from .tensor import Tensor, from_array


class _Call:
    """The arguments of one call without their tensors, and what is known of its result."""

    def __init__(self, args: tuple[Any, ...]) -> None:
        self.leaves, self.structure = trees.flatten(args)
        self.places = [k for k, leaf in enumerate(self.leaves) if isinstance(leaf, Tensor)]
        self.specs = [(self.leaves[k].shape, self.leaves[k].dtype) for k in self.places]
        """Shape and dtype of every tensor among them; of those of the result `result_specs`."""
        self.result: Any = None
        """The structure of the result."""
        self.result_specs: list[Any] = []
        self.residuals: Any = None
        """Of custom_vjp: what forward handed to backward, without its tensors."""

    def take_tensors(self) -> list[Tensor]:
        """Its tensors, once: it becomes part of the graph, which must not hold them."""
        found = [self.leaves[k] for k in self.places]
        for k in self.places:
            self.leaves[k] = None
        return found

    def arguments(self, tensors: Sequence[Any]) -> tuple[Any, ...]:
        """The arguments, with `tensors` in the places of theirs."""
        found: tuple[Any, ...] = _refilled(self.structure, self.leaves, self.places, tensors)
        return found

    def tangents(self, tensors: Sequence[Any]) -> tuple[Any, ...]:
        """Tangents in the structure of the arguments, None for what is no tensor."""
        found: tuple[Any, ...] = _refilled(self.structure, [None] * len(self.leaves), self.places, tensors)
        return found


def _refilled(structure: Any, leaves: list[Any], places: list[int], tensors: Sequence[Any]) -> Any:
    leaves = list(leaves)
    for k, tensor in zip(places, tensors, strict=True):
        leaves[k] = tensor
    return trees.unflatten(structure, leaves)


class _Custom:
    """A function with a derivative rule, called as it was before."""

    _call: type[Function]
    """What a recorded call is an instance of; a subclass of it bears the function's name, which graphs show."""

    def __init__(self, function: Callable[..., Any]) -> None:
        if not callable(function):
            raise TypeError(f"{type(self).__name__} decorates a function, got {type(function).__name__}")
        functools.update_wrapper(self, function)
        self.function = function
        self.name = getattr(function, "__name__", type(function).__name__)
        self._function: Any = type(self.name, (self._call,), {"__doc__": self.__doc__})

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if kwargs:
            args = self._placed(args, kwargs)
        call = _Call(args)
        tensors = call.take_tensors()
        if not (is_grad_enabled() and any(t.requires_grad for t in tensors)):
            return self.function(*args)
        self._expect_rule()
        results = self._function.apply(self, call, *tensors)
        return trees.unflatten(call.result, results)

    def _placed(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """The arguments with those given by name in their places: a rule knows them by position."""
        try:
            bound = inspect.signature(self.function).bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{self.name}: {error}") from None
        bound.apply_defaults()
        if bound.kwargs:
            raise TypeError(f"{self.name}: the parameters of a function with a rule are positional; {[*bound.kwargs]} "
                            f"are not")  # fmt: skip
        return bound.args

    def _expect_rule(self) -> None:
        raise NotImplementedError

    def expect(self, what: str, found: Any, shape: tuple[int, ...]) -> None:
        """Raises unless what a rule gave is a tensor of the shape needed."""
        if not isinstance(found, Tensor):
            raise TypeError(f"{self.name}: {what} must be a tensor, got {type(found).__name__}")
        if found.shape != shape:
            raise RuntimeError(f"{self.name}: {what} must have shape {shape}, got {found.shape}")

    def _flat(self, call: _Call, value: Any) -> tuple[Tensor, ...]:
        """The tensors of a result, whose structure is noted."""
        leaves, call.result = trees.flatten(value)
        for leaf in leaves:
            if not isinstance(leaf, Tensor):
                raise TypeError(f"{self.name}: expected tensors as results, got {type(leaf).__name__}")
        call.result_specs = [(leaf.shape, leaf.dtype) for leaf in leaves]
        return tuple(leaves)


class _WithVJP(Function):
    """A call of a `custom_vjp`."""

    @staticmethod
    def forward(ctx: Any, rule: custom_vjp, call: _Call, *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.rule, ctx.call = rule, call
        value, residuals = rule.run_forward(call.arguments(tensors))
        leaves, structure = trees.flatten(residuals)
        places = [k for k, leaf in enumerate(leaves) if isinstance(leaf, Tensor)]
        call.residuals = structure, [None if k in places else leaf for k, leaf in enumerate(leaves)], places
        ctx.save_for_backward(*tensors, *[leaves[k] for k in places])
        return rule._flat(call, value)

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple[Any, ...]:
        rule, call = ctx.rule, ctx.call
        count = len(call.places)
        tensors = ctx.saved_tensors[:count]
        if is_grad_enabled():
            # What forward computed for backward depends on the arguments: recorded, it is differentiated as well.
            _, residuals = rule.run_forward(call.arguments(tensors))
        else:
            structure, leaves, places = call.residuals
            residuals = _refilled(structure, leaves, places, ctx.saved_tensors[count:])
        found = rule.run_backward(residuals, trees.unflatten(call.result, cotangents))
        if not isinstance(found, (tuple, list)) or len(found) != len(call.structure.children()):
            got = f"{len(found)}" if isinstance(found, (tuple, list)) else type(found).__name__
            raise RuntimeError(
                f"{rule.name}: backward must return a tuple of {len(call.structure.children())} cotangents, one per "
                f"argument (None for what needs none); got {got}"
            )
        flat: list[Any] = []
        for k, (cotangent, child) in enumerate(zip(found, call.structure.children(), strict=True)):
            try:
                flat += [None] * child.num_leaves if cotangent is None else child.flatten_up_to(cotangent)
            except ValueError as error:
                raise RuntimeError(
                    f"{rule.name}: backward must give cotangents in the structure of the arguments; that of argument "
                    f"{k} is {child} ({error})"
                ) from None
        found = [flat[k] for k in call.places]
        for k, (cotangent, (shape, _)) in enumerate(zip(found, call.specs, strict=True)):
            if cotangent is not None and not (isinstance(cotangent, Tensor) and sums_to(cotangent.shape, shape)):
                rule.expect(f"the cotangent of tensor {k} among the arguments, given by backward,", cotangent, shape)
        return (None, None, *found)


class custom_vjp(_Custom):
    """A function whose gradient is given by a rule (the decorated function gives the value where nothing is recorded).

    Gradients of higher order differentiate the rule: `backward`, and what `forward` computes for it.

    Args:
        function: takes tensors, or containers of them, by position; returns the same.
    """

    _call = _WithVJP

    def defvjp(self, forward: Callable[..., tuple[Any, Any]], backward: Callable[..., Any]) -> None:
        """Sets the rule.

        Args:
            forward: of the function's arguments; returns `(value, residuals)`, the second for `backward`.
            backward: `backward(residuals, cotangent)`, with a cotangent of the structure of the value; returns a tuple
                with a cotangent for every argument, None for one that needs none.
        """
        self._forward, self._backward = forward, backward

    def _expect_rule(self) -> None:
        if not hasattr(self, "_forward"):
            raise RuntimeError(f"{self.name}: no rule is set; call {self.name}.defvjp(forward, backward)")

    def run_forward(self, args: tuple[Any, ...]) -> tuple[Any, Any]:
        """The value and the residuals."""
        found = self._forward(*args)
        if not isinstance(found, tuple) or len(found) != 2:
            raise RuntimeError(f"{self.name}: forward must return (value, residuals), got {type(found).__name__}")
        return found

    def run_backward(self, residuals: Any, cotangent: Any) -> Any:
        """The cotangents of the arguments."""
        return self._backward(residuals, cotangent)


class _WithJVP(Function):
    """A call of a `custom_jvp`."""

    @staticmethod
    def forward(ctx: Any, rule: custom_jvp, call: _Call, *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.rule, ctx.call = rule, call
        ctx.save_for_backward(*tensors)
        return rule._flat(call, rule.function(*call.arguments(tensors)))

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple[Any, ...]:
        recorded = is_grad_enabled()
        primals = [t if recorded else t.detach() for t in ctx.saved_tensors]
        with enable_grad():
            # The rule is linear in the tangents, so its gradient by them is its transpose, wherever they stand.
            tangents = [_ones(t) for t in primals]
            pushed = ctx.rule.push(ctx.call, primals, tangents)
        for t, g in zip(pushed, cotangents, strict=True):
            if g is not None and not t.requires_grad and t._array.any():
                raise RuntimeError(
                    f"{ctx.rule.name}: the tangent that the rule gives does not depend on those of the arguments "
                    f"(did it use detach() or numpy()?); gradients need a rule of differentiable operations alone"
                )
        pairs = [(t, g) for t, g in zip(pushed, cotangents, strict=True) if t.requires_grad]
        wanted = [t for t in tangents if t.requires_grad]
        found = iter(
            grad([t for t, _ in pairs], wanted, [g for _, g in pairs], create_graph=recorded, allow_unused=True)
            if pairs and wanted
            else [None] * len(wanted)
        )
        return (None, None, *[next(found) if t.requires_grad else None for t in tangents])

    @staticmethod
    def jvp(ctx: Any, _rule: Any, _call: Any, *tangents: Tensor) -> tuple[Tensor, ...]:
        return ctx.rule.push(ctx.call, ctx.saved_tensors, tangents)


def _ones(like: Tensor) -> Tensor:
    ones = from_array(like.backend.xp.ones_like(like._array))
    return ones.requires_grad_() if dtypes.is_differentiable(like.dtype) else ones


class custom_jvp(_Custom):
    """A function whose derivative along a tangent is given by a rule. Gradients are the transpose of that rule, which
    must be linear in the tangents.

    Args:
        function: takes tensors, or containers of them, by position; returns the same.
    """

    _call = _WithJVP

    def defjvp(self, rule: Callable[..., tuple[Any, Any]]) -> None:
        """Sets the rule.

        Args:
            rule: `rule(primals, tangents)`, two tuples with an entry per argument (the tangent of what is no tensor is
                None); returns `(value, tangent of the value)`.
        """
        self._push = rule

    def _expect_rule(self) -> None:
        if not hasattr(self, "_push"):
            raise RuntimeError(f"{self.name}: no rule is set; call {self.name}.defjvp(rule)")

    def push(self, call: _Call, primals: Sequence[Tensor], tangents: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """The tangents of the result, flat."""
        found = self._push(call.arguments(primals), call.tangents(tangents))
        if not isinstance(found, tuple) or len(found) != 2:
            raise RuntimeError(f"{self.name}: the rule must return (value, tangent), got {type(found).__name__}")
        leaves, structure = trees.flatten(found[1])
        if structure != call.result:
            raise RuntimeError(
                f"{self.name}: the rule's tangent has the structure {structure}, the value {call.result}"
            )
        for leaf, (shape, dtype) in zip(leaves, call.result_specs, strict=True):
            if dtypes.is_differentiable(dtype):
                self.expect("the rule's tangent", leaf, shape)
        return tuple(leaves)


__all__ = ["custom_jvp", "custom_vjp"]

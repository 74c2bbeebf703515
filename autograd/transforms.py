"""Functional transforms: functions that take a function and return its gradient, Jacobian, Hessian, ...

Every transform puts fresh tensors in the places of the arguments it differentiates by, runs the function on them once,
and asks the recorded graph: backward for the reverse ones, forward for `jvp` and its kind. A fresh tensor made of one
that is itself being differentiated stays connected to it; so transforms nest to any order, and what an outer one needs
is recorded only if there is an outer one. Any other comes from a leaf of its own, which requires a gradient as long as
the function runs: what leaves a transform is part of a graph if it reaches a leaf that still does.

Arguments and results may be tensors or nested containers of them (lists, tuples, dictionaries, named tuples: optree's
pytrees). Raw arrays of a backend may stand for tensors: the function is run on tensors all the same, and where all
arguments were arrays, arrays come back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from math import prod
from typing import Any, NamedTuple

from ..backends import backend_of, dtypes, is_array
from . import trees
from .engine import edge_of, grad as gradients, node_of
from .forward import push_forward
from .modes import enable_grad, is_grad_enabled
from .node import INFERENCE
from .op import op
from .ops.joining import stack
from .tensor import Tensor, from_array
from .trees import Tree

Argnums = int | Sequence[int]

_entered = op("entered", lambda xp, x: x, vjp=lambda g: g, linear=True)


class _Run(NamedTuple):
    """A function run on fresh tensors."""

    inputs: list[Tensor]
    """What it is differentiated by, flat."""
    structure: Any
    outputs: list[Tensor]
    result_structure: Any
    aux: Any
    outer: bool
    """Whether the results depend on tensors that somebody outside differentiates by."""
    arrays: bool
    """Whether arrays were given, so that arrays are to come back."""
    kept: bool
    """Whether the graph outlives the call: no array in it may then be one of the caller's, who might change it."""

    def leave(self, tree: Tree) -> Tree:
        """Results on their way out: part of the outer graph or of none, and arrays where arrays came in."""
        return trees.mapped(self._left, tree)

    def _left(self, value: Any) -> Any:
        if not isinstance(value, Tensor):
            return value
        if value.requires_grad and not (is_grad_enabled() and _in_a_graph([value])):
            value = value.detach()
        if not self.arrays or value.requires_grad:
            return value
        return value.backend.copy(value._array) if self.kept else value._array

    @property
    def result(self) -> Tree:
        return self.leave(trees.unflatten(self.result_structure, self.outputs))


def _run(name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], chosen: Any,
         has_aux: bool, kept: bool = False) -> _Run:  # fmt: skip
    """Runs `function` with fresh tensors in the places `chosen` of `args`.

    Raises:
        TypeError: an argument to differentiate by is no tensor of a differentiable dtype, or the result is no tensor.
        RuntimeError: the function changed in place what is differentiated by outside as well, or gives what it computed
            in inference mode.
    """
    leaves, structure = trees.flatten(tuple(args[k] for k in chosen))
    roots = [_root(name, leaf, kept) for leaf in leaves]
    with enable_grad():
        inputs = [_entered(root) for root in roots]
    fresh = [from_array(t._array, t._edge) for t in inputs]  # the function may change the place of its own in the graph
    given = list(args)
    for k, value in zip(chosen, trees.unflatten(structure, fresh), strict=True):
        given[k] = value
    everything = trees.leaves((args, kwargs))
    arrays = any(is_array(a) for a in everything) and not any(isinstance(a, Tensor) for a in everything)
    try:
        with enable_grad():
            result = function(*given, **kwargs)
    finally:
        for root, leaf in zip(roots, leaves, strict=True):
            if root is not leaf:
                root._requires = False
    for k, (root, leaf, tensor, own) in enumerate(zip(roots, leaves, fresh, inputs, strict=True)):
        if root is leaf and tensor._edge is not own._edge:
            raise RuntimeError(
                f"{name}: the function changed its argument (tensor {k}, shape {leaf.shape}) in place, and that is "
                f"part of a graph outside, which cannot see the change; let the function work on a clone()"
            )
    aux = None
    if has_aux:
        if not isinstance(result, tuple) or len(result) != 2:
            raise TypeError(f"{name}: with has_aux=True the function returns (result, aux), got {_kind(result)}")
        result, aux = result
    outputs, result_structure = trees.flatten(result)
    for output in outputs:
        if not isinstance(output, Tensor):
            raise TypeError(f"{name}: the function must return tensors, or containers of them; got {_kind(output)}")
        if output._edge is INFERENCE:
            raise RuntimeError(f"{name}: the function computed its result in inference_mode, where gradients get lost")
    found = [*outputs, *(t for t in trees.leaves(aux) if isinstance(t, Tensor))]
    outer = is_grad_enabled() and _in_a_graph(found)
    return _Run(inputs, structure, outputs, result_structure, aux, outer, arrays, kept)


def _root(name: str, value: Any, kept: bool) -> Tensor:
    """What a fresh tensor is made of: the argument, if it is part of a graph outside, or else a leaf over its array."""
    if is_array(value):
        value = from_array(backend_of(value).copy(value) if kept else value)
    elif isinstance(value, (float, complex)):
        value = Tensor(value)
    if not isinstance(value, Tensor):
        raise TypeError(f"{name}: can differentiate by tensors and arrays, got {_kind(value)}")
    if not dtypes.is_differentiable(value.dtype):
        raise TypeError(
            f"{name}: can differentiate by floating and complex tensors, got {value.dtype} of shape {value.shape}; "
            f"convert it with .to(cr.float32), or leave it out of argnums"
        )
    return value if value.requires_grad and is_grad_enabled() else from_array(value._array).requires_grad_()


def _kind(value: Any) -> str:
    return f"{type(value).__name__} of dtype {value.dtype}" if hasattr(value, "dtype") else type(value).__name__


def _in_a_graph(tensors: Sequence[Tensor]) -> bool:
    """Whether the graph of one of them reaches a leaf that requires a gradient."""
    stack, seen = [edge_of(t) for t in tensors if t.requires_grad], set()
    while stack:
        edge = stack.pop()
        if isinstance(edge, Tensor):
            if edge._requires:
                return True
        elif (node := node_of(edge)) is not None and node not in seen:
            seen.add(node)
            stack.extend(node.edges)
    return False


def _places(name: str, argnums: Argnums, args: tuple[Any, ...]) -> tuple[tuple[int, ...], bool]:
    """The positions to differentiate by, and whether it is a single one given as an int."""
    single = isinstance(argnums, int)
    chosen = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    for k in chosen:
        if not isinstance(k, int):
            raise TypeError(f"{name}: argnums is an int or a tuple of ints, got {argnums!r}")
        if not -len(args) <= k < len(args):
            raise ValueError(f"{name}: there is no argument {k}; the function was called with {len(args)}")
    found = tuple(k % len(args) for k in chosen)
    if len(set(found)) < len(found):
        raise ValueError(f"{name}: argnums names an argument twice: {argnums!r}")
    return found, single


def _picked(values: Tree, single: bool) -> Any:
    return values[0] if single else values


# Reverse mode


def grad_and_value(func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that gives the gradient of `func` and its value: `(gradient, value)`, or with `has_aux`
    `(gradient, (value, aux))`. Arguments and errors as for `grad`."""

    @wraps(func)
    def transformed(*args: Any, **kwargs: Any) -> Any:
        chosen, single = _places("grad", argnums, args)
        run = _run("grad", func, args, kwargs, chosen, has_aux)
        if len(run.outputs) != 1 or run.outputs[0].numel() != 1:
            got = f"shape {run.outputs[0].shape}" if len(run.outputs) == 1 else f"{len(run.outputs)} tensors"
            raise RuntimeError(
                f"grad: the function must return a tensor of one element, got {got}; reduce it first (.sum(), "
                f".mean()), or use jacrev"
            )
        if run.outputs[0].is_complex():
            raise RuntimeError("grad: the function must return a real tensor, got a complex one; take .abs() or .real")
        found = _pull(run, [None], retain=False)
        answer = _picked(run.leave(trees.unflatten(run.structure, found)), single)
        return (answer, (run.result, run.leave(run.aux))) if has_aux else (answer, run.result)

    return transformed


def value_and_grad(func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that gives the value of `func` and its gradient: `(value, gradient)`, or with `has_aux`
    `((value, aux), gradient)`. Arguments and errors as for `grad`."""
    both = grad_and_value(func, argnums, has_aux)

    @wraps(func)
    def transformed(*args: Any, **kwargs: Any) -> Any:
        answer, value = both(*args, **kwargs)
        return value, answer

    return transformed


def grad(func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that gives the gradient of `func`.

    Args:
        func: returns a tensor of one element; with `has_aux`, a pair of it and anything else.
        argnums: the position of the argument to differentiate by, or several in a tuple.
        has_aux: the function returns `(value, aux)`, and the transformed one `(gradient, aux)`.

    Returns:
        A function of the same arguments. Its result has the structure of the argument, and tensors of the same shapes
        and dtypes; a tuple of them for several argnums.

    Raises:
        TypeError: the argument is no tensor of a floating or complex dtype.
        RuntimeError: the function returns something else than one real number in a tensor.
    """
    both = grad_and_value(func, argnums, has_aux)

    @wraps(func)
    def transformed(*args: Any, **kwargs: Any) -> Any:
        answer, value = both(*args, **kwargs)
        return (answer, value[1]) if has_aux else answer

    return transformed


def _pull(run: _Run, cotangents: Sequence[Tensor | None], retain: bool, create: bool = False) -> list[Tensor]:
    """The cotangents of the inputs for cotangents of the outputs; zeros where nothing depends on an input."""
    pairs = [(t, c) for t, c in zip(run.outputs, cotangents, strict=True) if t.requires_grad]
    found: Sequence[Tensor | None] = [None] * len(run.inputs)
    if pairs and run.inputs:
        create = create or run.outer
        found = gradients(
            [t for t, _ in pairs], run.inputs, [c for _, c in pairs], retain or create, create, allow_unused=True
        )
    return [_zeros(t) if g is None else g for g, t in zip(found, run.inputs, strict=True)]


def _zeros(like: Tensor) -> Tensor:
    return from_array(like.backend.xp.zeros_like(like._array))


def vjp(func: Callable[..., Any], *primals: Tree, has_aux: bool = False) -> Any:
    """The value of `func` at `primals`, and a function that multiplies a cotangent by the Jacobian from the left.

    Returns:
        `(value, vjp_fn)`, or `(value, vjp_fn, aux)`. `vjp_fn(cotangent)`, with a cotangent of the value's structure,
        shapes and dtypes, gives a tuple of one cotangent per primal. It may be called any number of times.

    Raises:
        TypeError, RuntimeError: as for `grad`; a cotangent does not fit the value.
    """
    run = _run("vjp", func, primals, {}, range(len(primals)), has_aux, kept=True)

    def vjp_fn(*cotangents: Tree) -> Any:
        given = cotangents[0] if len(cotangents) == 1 else cotangents
        flat = _fitting("vjp", "cotangent", given, run.outputs, run.result_structure)
        create = is_grad_enabled() and (run.outer or any(c.requires_grad for c in flat))
        return run.leave(trees.unflatten(run.structure, _pull(run, flat, retain=True, create=create)))

    return (run.result, vjp_fn, run.leave(run.aux)) if has_aux else (run.result, vjp_fn)


def _fitting(name: str, what: str, given: Tree, like: list[Tensor], structure: Any) -> list[Tensor]:
    """The leaves of `given`, which must have the structure, shapes and dtypes of `like`."""
    leaves, found = trees.flatten(given)
    if found != structure:
        raise RuntimeError(f"{name}: expected a {what} of the structure {structure}, got {found}")
    tensors = []
    for leaf, tensor in zip(leaves, like, strict=True):
        leaf = leaf if isinstance(leaf, Tensor) else Tensor(leaf, dtype=None if is_array(leaf) else tensor.dtype)
        if leaf.shape != tensor.shape or leaf.dtype != tensor.dtype:
            wanted, got = [f"shape {t.shape}, dtype {t.dtype}" for t in (tensor, leaf)]
            raise RuntimeError(f"{name}: expected a {what} of {wanted}; got {got}")
        tensors.append(leaf)
    return tensors


def jacrev(func: Callable[..., Any], argnums: Argnums = 0, *, has_aux: bool = False) -> Callable[..., Any]:
    """A function that gives the Jacobian of `func`, by a backward pass per number of the result: for functions with
    more numbers going in than coming out.

    Args, errors: as for `grad`, but the result may be tensors of any shapes.

    Returns:
        A function whose result has the structure of the function's result, with the structure of the argument in the
        place of every tensor, and tensors of shape `(*result.shape, *argument.shape)`.
    """

    @wraps(func)
    def transformed(*args: Any, **kwargs: Any) -> Any:
        chosen, single = _places("jacrev", argnums, args)
        run = _run("jacrev", func, args, kwargs, chosen, has_aux)
        jacobians = []
        for j, output in enumerate(run.outputs):
            rows = []
            for unit in _basis(output):
                cotangents = [unit if k == j else _zeros(t) for k, t in enumerate(run.outputs)]
                rows.append(_pull(run, cotangents, retain=True))
            blocks = [_block([row[k] for row in rows], output, tensor) for k, tensor in enumerate(run.inputs)]
            jacobians.append(_picked(trees.unflatten(run.structure, blocks), single))
        answer = run.leave(trees.unflatten(run.result_structure, jacobians))
        return (answer, run.leave(run.aux)) if has_aux else answer

    return transformed


def _basis(like: Tensor) -> Iterator[Tensor]:
    """The unit tensors of a shape, in row-major order."""
    if like.is_complex():
        raise RuntimeError("a Jacobian is of real functions of real tensors; view complex ones with cr.view_as_real")
    for k in range(prod(like.shape)):
        unit = like.backend.xp.zeros(prod(like.shape), dtype=like.dtype)
        unit[k] = 1
        yield from_array(unit.reshape(like.shape))


def _block(rows: list[Tensor], output: Tensor, tensor: Tensor) -> Tensor:
    if tensor.is_complex():
        raise RuntimeError("a Jacobian is of real functions of real tensors; view complex ones with cr.view_as_real")
    shape = (*output.shape, *tensor.shape)
    if not rows:
        return from_array(tensor.backend.xp.zeros(shape, dtype=tensor.dtype))
    return stack(rows).reshape(shape)


# Forward mode


def jvp(func: Callable[..., Any], primals: tuple[Tree, ...], tangents: tuple[Tree, ...], *,
        strict: bool = False, has_aux: bool = False) -> Any:  # fmt: skip
    """The value of `func` at `primals`, and its derivative along `tangents`: the Jacobian times a vector.

    Args:
        primals, tangents: tuples of arguments, and of directions of the same structures, shapes and dtypes.
        strict: raise if a result does not depend on the primals, instead of giving zeros.

    Returns:
        `(value, derivative)`, both with the structure of the function's result; with `has_aux` and `aux` as third.

    Raises:
        TypeError, RuntimeError: as for `vjp`.
    """
    for name, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, tuple):
            raise TypeError(f"jvp: {name} is a tuple, one entry per argument of the function; got {_kind(given)}")
    run = _run("jvp", func, primals, {}, range(len(primals)), has_aux)
    derivative = _pushed("jvp", run, tangents, strict)
    return (run.result, derivative, run.leave(run.aux)) if has_aux else (run.result, derivative)


def _pushed(name: str, run: _Run, tangents: tuple[Tree, ...], strict: bool = False) -> Tree:
    flat = _fitting(name, "tangent", tangents, run.inputs, run.structure)
    create = is_grad_enabled() and (run.outer or any(t.requires_grad for t in flat))
    found = push_forward(run.outputs, run.inputs, flat, create)
    if strict and any(t is None for t in found):
        raise RuntimeError(f"{name}: a result does not depend on the primals (strict=True)")
    filled = [_zeros(t) if d is None else d for d, t in zip(found, run.outputs, strict=True)]
    return run.leave(trees.unflatten(run.result_structure, filled))


def linearize(func: Callable[..., Any], *primals: Tree) -> tuple[Tree, Callable[..., Tree]]:
    """The value of `func` at `primals`, and its derivative there as a linear function of tangents, one per primal.

    The function is run once; each call of what is returned only pushes tangents through what was recorded.
    """
    run = _run("linearize", func, primals, {}, range(len(primals)), False, kept=True)

    def jvp_fn(*tangents: Tree) -> Tree:
        return _pushed("linearize", run, tangents)

    return run.result, jvp_fn


def jacfwd(func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that gives the Jacobian of `func`, by a pass forward per number of the argument: for functions with
    more numbers coming out than going in. Arguments, result and errors as for `jacrev`."""

    @wraps(func)
    def transformed(*args: Any, **kwargs: Any) -> Any:
        chosen, single = _places("jacfwd", argnums, args)
        run = _run("jacfwd", func, args, kwargs, chosen, has_aux)
        blocks: list[list[Tensor]] = [[] for _ in run.outputs]
        for tensor in run.inputs:
            columns = [push_forward(run.outputs, [tensor], [unit], run.outer) for unit in _basis(tensor)]
            for j, output in enumerate(run.outputs):
                found = [_zeros(output) if d is None else d for d in (c[j] for c in columns)]
                block = _block(found, tensor, output)
                order = (*range(tensor.ndim, block.ndim), *range(tensor.ndim))
                blocks[j].append(block.permute(order))
        jacobians = [_picked(trees.unflatten(run.structure, row), single) for row in blocks]
        answer = run.leave(trees.unflatten(run.result_structure, jacobians))
        return (answer, run.leave(run.aux)) if has_aux else answer

    return transformed


def hessian(func: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """A function that gives the second derivatives of `func`: the Jacobian, forward, of the Jacobian, reverse.
    Arguments and errors as for `jacrev`."""
    return jacfwd(jacrev(func, argnums), argnums)


def hvp(func: Callable[..., Any], primals: tuple[Tree, ...], tangents: tuple[Tree, ...]) -> tuple[Tree, Tree]:
    """The value of `func`, which returns one number, and its Hessian times a vector, without forming the Hessian:
    the gradient's derivative along the vector.

    Args:
        primals, tangents: as for `jvp`.

    Returns:
        `(value, product)`; the product is a tuple with one entry per primal, or the entry itself if there is one.
    """
    argnums: Argnums = 0 if len(primals) == 1 else tuple(range(len(primals)))
    _, product, value = jvp(grad_and_value(func, argnums), primals, tangents, has_aux=True)
    return value, product


__all__ = ["grad", "grad_and_value", "hessian", "hvp", "jacfwd", "jacrev", "jvp", "linearize", "value_and_grad", "vjp"]

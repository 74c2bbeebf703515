"""Derivatives checked against finite differences.

`gradcheck` compares what `backward` computes with `(f(x + eps) - f(x - eps)) / (2 eps)`, element by element, or in one
random direction in fast mode. `gradgradcheck` does the same to the gradients themselves. Both work on any backend: the
function runs where its inputs live, and the numbers are compared on the host. A complex number counts as two real ones:
its derivatives are compared in the direction of the real and of the imaginary axis.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from math import prod
from typing import Any

from ..backends import Array, dtypes, get_backend_by_name
from .engine import grad
from .modes import enable_grad
from .tensor import Tensor, from_array

_host = get_backend_by_name("numpy").xp
"""Numbers are compared on the host, whatever backend the function runs on."""


class GradcheckError(RuntimeError):
    """A derivative is not what finite differences say it is."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    fast_mode: bool = False,
) -> bool:
    """Whether the gradients of `func` agree with finite differences.

    Args:
        func: takes `inputs` and returns a tensor or a tuple of tensors; those that require a gradient are checked.
        inputs: the arguments. Those that require a gradient are checked; they should be float64 or complex128, for at
            lower precision a difference of `eps` drowns in rounding.
        eps: the step of the central difference.
        atol, rtol: an analytical value passes when it is within `atol + rtol * |numerical value|`.
        raise_exception: raise when the check fails, instead of returning False.
        nondet_tol: how far two backward passes may differ.
        check_undefined_grad: also check that an output that receives no gradient counts as one that receives zeros.
        check_grad_dtypes: also check that every gradient has its input's dtype.
        fast_mode: compare one number per pair of output and input, the derivative in a random direction under a
            random weighting of the output, instead of the whole Jacobian. The cost no longer grows with sizes.

    Returns:
        True, or False when the check fails and `raise_exception` is off.

    Raises:
        GradcheckError: it fails. The message says for which output and input, with the numerical and the analytical
            Jacobian.
        ValueError: no input requires a gradient, or an input's elements share memory (`expand`): clone it first.
    """
    arguments: tuple[Any, ...] = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    check = _Check(func, arguments, eps, atol, rtol)
    for place, tensor in zip(check.places, check.tensors(), strict=True):
        if tensor.dtype not in (dtypes.float64, dtypes.complex128):
            warnings.warn(
                f"gradcheck: input {place} is {tensor.dtype}; finite differences need double precision, or a larger "
                f"eps and tolerances",
                stacklevel=2,
            )
    try:
        check.run(nondet_tol, check_undefined_grad, check_grad_dtypes, fast_mode)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    grad_outputs: Tensor | Sequence[Tensor] | None = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    fast_mode: bool = False,
) -> bool:
    """Whether the gradients of the gradients of `func` agree with finite differences, with respect to `inputs` and to
    `grad_outputs`.

    Args:
        grad_outputs: the cotangents of the outputs; drawn from a fixed seed when left out.

    The other arguments, the result and the errors are those of `gradcheck`.
    """
    arguments: tuple[Any, ...] = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    _checked_inputs(arguments)
    outputs = _outputs(func, arguments)
    if grad_outputs is None:
        cotangents = tuple(_drawn(t, k).requires_grad_() for k, t in enumerate(outputs))
    else:
        cotangents = (grad_outputs,) if isinstance(grad_outputs, Tensor) else tuple(grad_outputs)
    if len(cotangents) != len(outputs):
        raise ValueError(f"gradgradcheck: {len(outputs)} differentiable outputs, but {len(cotangents)} grad_outputs")
    count = len(cotangents)

    def gradients(*given: Any) -> tuple[Tensor, ...]:
        values, weights = given[: len(given) - count], given[len(given) - count :]
        wanted = [t for t in values if isinstance(t, Tensor) and t.requires_grad]
        found = grad(_outputs(func, values), wanted, weights, create_graph=True, allow_unused=True)
        return tuple(g for g in found if g is not None)

    gradients.__name__ = f"the gradient of {_name(func)}"
    return gradcheck(
        gradients,
        (*arguments, *cotangents),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        fast_mode=fast_mode,
    )


def _name(func: Callable[..., Any]) -> str:
    return getattr(func, "__name__", None) or type(func).__name__


def _checked_inputs(arguments: tuple[Any, ...]) -> list[int]:
    """The positions of the inputs to check.

    Raises:
        ValueError: there are none, or one cannot be varied element by element.
    """
    places = [k for k, a in enumerate(arguments) if isinstance(a, Tensor) and a.requires_grad]
    if not places:
        raise ValueError("gradcheck: no input requires a gradient, so there is nothing to check")
    for k in places:
        array = arguments[k]._array
        if array.size and any(
            stride == 0 and size > 1 for stride, size in zip(array.strides, array.shape, strict=True)
        ):
            raise ValueError(
                f"gradcheck: elements of input {k} share memory (it was expanded), so they cannot be varied one by "
                f"one; clone() it first"
            )
    return places


def _outputs(func: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Tensor, ...]:
    """The outputs that can be differentiated."""
    with enable_grad():
        result = func(*arguments)
    results = tuple(result) if isinstance(result, (tuple, list)) else (result,)
    if results and not any(isinstance(t, Tensor) for t in results):
        raise ValueError(f"gradcheck: {_name(func)} returned no tensor, but {type(result).__name__}")
    return tuple(t for t in results if isinstance(t, Tensor) and t.requires_grad)


def _drawn(like: Tensor, seed: int) -> Tensor:
    generator = like.backend.generator(seed)
    return _combined(like, lambda dtype: generator.normal(like.shape, dtype))


def _combined(like: Tensor, draw: Callable[[Any], Array]) -> Tensor:
    """Random numbers for `like`: one draw, or two for the parts of complex numbers."""
    if not like.is_complex():
        return from_array(like.backend.asarray(draw(like.dtype)))
    part = dtypes.float64 if like.dtype == dtypes.complex128 else dtypes.float32
    return from_array(like.backend.asarray(draw(part) + draw(part) * 1j))


def _to_host(array: Array, like: Tensor) -> Any:
    """The numbers on the host in float64; complex ones as two in a last dimension more."""
    numbers = like.backend.to_host(array)
    if numbers.dtype.kind == "c":
        return _host.stack([numbers.real, numbers.imag], axis=-1).astype(dtypes.float64)
    return _host.array(numbers, dtype=dtypes.float64)


def _real_shape(tensor: Tensor) -> tuple[int, ...]:
    """The shape of `_to_host` of it."""
    return (*tensor.shape, 2) if tensor.is_complex() else tensor.shape


def _units(tensor: Tensor) -> tuple[complex, ...]:
    """The directions in which one element can move."""
    return (1.0, 1j) if tensor.is_complex() else (1.0,)


class _Check:
    """One check: a function, its arguments, and how to vary and compare them."""

    def __init__(self, func: Callable[..., Any], arguments: tuple[Any, ...], eps: float, atol: float, rtol: float):
        self.func, self.arguments = func, arguments
        self.eps, self.atol, self.rtol = eps, atol, rtol
        self.places = _checked_inputs(arguments)
        self.shapes: list[tuple[int, ...]] = []

    def run(self, nondet_tol: float, undefined: bool, dtypes_too: bool, fast: bool) -> None:
        """Raises GradcheckError at the first thing that is wrong."""
        outputs = _outputs(self.func, self.arguments)
        self.shapes = [_real_shape(t) for t in outputs]
        if not outputs:
            self._expect_constant()
            return
        self._expect_forms(outputs, dtypes_too)
        if fast:
            self._compare_directions(outputs, nondet_tol)
        else:
            for j in range(len(outputs)):
                self._compare_jacobians(outputs, j, nondet_tol)
        if undefined and len(outputs) > 1:
            self._expect_zeros_for_absent(outputs)

    def tensors(self) -> list[Tensor]:
        """The inputs that are checked."""
        return [self.arguments[k] for k in self.places]

    def _gradients(self, outputs: Sequence[Tensor], cotangents: Sequence[Tensor]) -> tuple[Tensor | None, ...]:
        return grad(outputs, self.tensors(), cotangents, retain_graph=True, allow_unused=True)

    def _expect_forms(self, outputs: tuple[Tensor, ...], dtypes_too: bool) -> None:
        """Every gradient has its input's shape, and its dtype if asked for."""
        ones = [from_array(t.backend.xp.ones_like(t._array)) for t in outputs]
        for place, tensor, g in zip(self.places, self.tensors(), self._gradients(outputs, ones), strict=True):
            if g is None:
                continue
            if g.shape != tensor.shape:
                raise GradcheckError(
                    f"{_name(self.func)}: the gradient of input {place} has shape {g.shape}, the input {tensor.shape}"
                )
            if dtypes_too and g.dtype != tensor.dtype:
                raise GradcheckError(
                    f"{_name(self.func)}: the gradient of input {place} has dtype {g.dtype}, the input {tensor.dtype}"
                )

    # Finite differences

    def _values(self, j: int | None = None) -> list[Any]:
        """The outputs as they are now, on the host (of all, or of output j alone)."""
        outputs = _outputs(self.func, self.arguments)
        return [_to_host(t._array, t) for t in (outputs if j is None else outputs[j : j + 1])]

    def _differences(self, tensor: Tensor, index: Any, step: Any) -> list[Any]:
        """The change of each output per `eps`, as `tensor[index]` moves along `step`; the tensor is restored."""
        array = tensor._array
        held = tensor.backend.copy(array)
        try:
            array[index] = held[index] + step * self.eps
            above = self._values()
            array[index] = held[index] - step * self.eps
            below = self._values()
        finally:
            array[index] = held[index]
        if not [v.shape for v in above] == [v.shape for v in below] == self.shapes:
            raise GradcheckError(f"{_name(self.func)}: its outputs change their number or shapes when an input varies")
        moved = [_host.subtract(a, b, out=_host.zeros_like(a), where=a != b) for a, b in zip(above, below, strict=True)]
        return [m / (2 * self.eps) for m in moved]  # an infinite output that stays so has not moved

    def _numerical(self, tensor: Tensor, sizes: list[int]) -> list[Any]:
        """The Jacobian of every output with respect to `tensor`: one row per real number of the input."""
        rows = [self._differences(tensor, index, unit) for index in _indices(tensor.shape) for unit in _units(tensor)]
        return [
            _host.stack([row[j].reshape(-1) for row in rows]) if rows else _host.zeros((0, size))
            for j, size in enumerate(sizes)
        ]

    def _expect_constant(self) -> None:
        """A function whose outputs require no gradient must not depend on inputs that do."""

        def every(*given: Any) -> tuple[Tensor, ...]:
            result = self.func(*given)
            results = tuple(result) if isinstance(result, (tuple, list)) else (result,)
            found = [t.detach() for t in results if isinstance(t, Tensor) and dtypes.is_differentiable(t.dtype)]
            return tuple(t.requires_grad_() for t in found)

        probe = _Check(every, self.arguments, self.eps, self.atol, self.rtol)
        outputs = _outputs(every, self.arguments)
        probe.shapes = [_real_shape(t) for t in outputs]
        sizes = [prod(shape) for shape in probe.shapes]
        for place, tensor in zip(self.places, self.tensors(), strict=True):
            for j, jacobian in enumerate(probe._numerical(tensor, sizes)):
                if jacobian.size and float(abs(jacobian).max()) > self.atol:
                    raise GradcheckError(
                        f"{_name(self.func)}: output {j} requires no gradient but changes with input {place}; its "
                        f"numerical derivative is not zero:\n{jacobian}"
                    )

    # What backward says

    def _analytical(self, outputs: tuple[Tensor, ...], j: int) -> list[Any]:
        """The Jacobian of output j with respect to every input, by a backward pass per real number of the output."""
        output, tensors = outputs[j], self.tensors()
        jacobians = [_host.zeros((prod(_real_shape(t)), prod(_real_shape(output)))) for t in tensors]
        for column, (index, unit) in enumerate(product(_indices(output.shape), _units(output))):
            cotangent = output.backend.xp.zeros(output.shape, dtype=output.dtype)
            cotangent[index] = unit
            for jacobian, g in zip(jacobians, self._gradients([output], [from_array(cotangent)]), strict=True):
                if g is not None:
                    jacobian[:, column] = _to_host(g._array, g).reshape(-1)
        return jacobians

    def _compare_jacobians(self, outputs: tuple[Tensor, ...], j: int, nondet_tol: float) -> None:
        sizes = [prod(_real_shape(t)) for t in outputs]
        first, second = self._analytical(outputs, j), self._analytical(outputs, j)
        for place, tensor, analytical, again in zip(self.places, self.tensors(), first, second, strict=True):
            numerical = self._numerical(tensor, sizes)[j]
            wrong = ~_close(analytical, numerical, self.atol, self.rtol)
            if wrong.any():
                raise GradcheckError(self._mismatch(outputs[j], j, tensor, place, numerical, analytical, wrong))
            if not _close(analytical, again, nondet_tol, 0.0).all():
                raise GradcheckError(self._nondeterministic(j, place, analytical, again, nondet_tol))

    def _mismatch(
        self, output: Tensor, j: int, tensor: Tensor, place: int, numerical: Any, analytical: Any, wrong: Any
    ) -> str:
        distance = _host.where(wrong, _host.nan_to_num(abs(analytical - numerical), nan=_host.inf), -1.0)
        row, column = (int(k) for k in _host.unravel_index(int(distance.argmax()), distance.shape))
        there, here = [
            tuple(int(k) for k in _host.unravel_index(place, shape)) if shape else ()
            for place, shape in ((row, _real_shape(tensor)), (column, _real_shape(output)))
        ]
        double = tensor.dtype in (dtypes.float64, dtypes.complex128)
        precision = "" if double else f"\nThe input is {tensor.dtype}: use double precision."
        return (
            f"{_name(self.func)}: the gradient is wrong for output {j} ({output.dtype} {output.shape}) with respect to "
            f"input {place} ({tensor.dtype} {tensor.shape}): {int(wrong.sum())} of {wrong.size} derivatives differ.\n"
            f"The furthest is d output{list(here)} / d input{list(there)}: numerical {numerical[row, column]:.8g}, "
            f"analytical {analytical[row, column]:.8g}.\n"
            f"numerical, one row per input element, one column per output element:\n{numerical}\n"
            f"analytical:\n{analytical}{precision}"
        )

    def _nondeterministic(self, j: int, place: int, first: Any, second: Any, tolerance: float) -> str:
        return (
            f"{_name(self.func)}: two backward passes differ for output {j} with respect to input {place}, by up to "
            f"{float(_host.max(abs(first - second))):.3g}, and nondet_tol is {tolerance}; is something random or "
            f"accumulated in its backward?"
        )

    # One direction in place of all

    def _compare_directions(self, outputs: tuple[Tensor, ...], nondet_tol: float) -> None:
        weights = [_signs(t, seed) for seed, t in enumerate(outputs)]
        passes = [[self._gradients([t], [w]) for t, w in zip(outputs, weights, strict=True)] for _ in range(2)]
        for n, (place, tensor) in enumerate(zip(self.places, self.tensors(), strict=True)):
            direction = _signs(tensor, 1000 + place)
            numerical = self._differences(tensor, ..., direction._array)
            along = _to_host(direction._array, direction)
            for j, (output, weight) in enumerate(zip(outputs, weights, strict=True)):
                terms = numerical[j] * _to_host(weight._array, weight)
                first, again = (_inner(p[j][n], along) for p in passes)
                if not abs(first - float(terms.sum())) <= self.atol + self.rtol * abs(float(terms.sum())):
                    self._compare_jacobians(outputs, j, nondet_tol)  # says more, where it agrees
                    raise GradcheckError(
                        f"{_name(self.func)}: the gradient is wrong for output {j} ({output.dtype} {output.shape}) "
                        f"with respect to input {place} ({tensor.dtype} {tensor.shape}): in a random direction the "
                        f"derivative is numerically {float(terms.sum()):.8g}, analytically {first:.8g}"
                    )
                if not abs(first - again) <= nondet_tol * along.size:
                    raise GradcheckError(self._nondeterministic(j, place, first, again, nondet_tol))

    # Absent cotangents

    def _expect_zeros_for_absent(self, outputs: tuple[Tensor, ...]) -> None:
        for j in range(len(outputs)):
            others = [t for k, t in enumerate(outputs) if k != j]
            weights = [_drawn(t, k) for k, t in enumerate(outputs) if k != j]
            zeros = from_array(outputs[j].backend.xp.zeros_like(outputs[j]._array))
            given = self._gradients([*others, outputs[j]], [*weights, zeros])
            absent = self._gradients(others, weights)
            for place, tensor, a, b in zip(self.places, self.tensors(), given, absent, strict=True):
                size = _real_shape(tensor)
                x = _host.zeros(size) if a is None else _to_host(a._array, a)
                y = _host.zeros(size) if b is None else _to_host(b._array, b)
                if not _close(x, y, self.atol, self.rtol).all():
                    raise GradcheckError(
                        f"{_name(self.func)}: the gradient of input {place} differs between output {j} receiving no "
                        f"gradient and receiving zeros:\n{y}\nand\n{x}"
                    )


def _indices(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    return product(*map(range, shape))


def _signs(like: Tensor, seed: int) -> Tensor:
    """Numbers of either sign between 0.5 and 1.5 in size, the same for the same seed."""
    backend, generator = like.backend, like.backend.generator(seed)

    def draw(dtype: Any) -> Array:
        drawn = backend.asarray(generator.random(like.shape, dtype)) * 2 - 1
        return drawn + 0.5 * backend.xp.sign(drawn)

    return _combined(like, draw)


def _inner(g: Tensor | None, along: Any) -> float:
    return 0.0 if g is None else float((_to_host(g._array, g) * along).sum())


def _close(a: Any, b: Any, atol: float, rtol: float) -> Any:
    return (abs(a - b) <= atol + rtol * abs(b)) | (a == b)


__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]

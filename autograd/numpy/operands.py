"""What NumPy takes for an array, as what ops take, and results put where `out=` asks for them.

NumPy's functions take numbers, nested lists and scalars wherever they take arrays. Ops take tensors, arrays and Python
numbers; what else stands beside a tensor is made an array where that tensor lives.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np

from ...backends import Backend, backend_of, dtypes, get_backend, is_array
from ..modes import current
from ..ops.arithmetic import cast
from ..ops.comparison import choose as choose_op
from ..ops.joining import stack
from ..tensor import Tensor, from_array

NUMBERS = (bool, int, float, complex)


class Later:
    """A module of ops that loads when one of them is first used."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(f"..ops.{self._module}", __package__), name)


def tensors_in(value: Any) -> Iterator[Tensor]:
    """The tensors among (nested) arguments."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from tensors_in(item)
    elif isinstance(value, dict):
        yield from tensors_in(list(value.values()))


def lives_in_graph(values: Any) -> bool:
    """Whether what is computed from these arguments is recorded."""
    return current().grad and any(t.requires_grad for t in tensors_in(values))


def home_of(values: Any) -> Backend:
    """The backend of the first tensor among the arguments."""
    for tensor in tensors_in(values):
        return tensor.backend
    return get_backend()


def lifted(value: Any, home: Backend) -> Any:
    """An array-like as a tensor or an array, Python numbers (whose dtype is weak) as they are."""
    if isinstance(value, Tensor) or value is None or type(value) in NUMBERS:
        return value
    if isinstance(value, np.generic):
        return home.asarray(value)
    if is_array(value):
        return value
    if isinstance(value, (list, tuple)):
        if any(True for _ in tensors_in(value)):
            return stack([as_array(item, home) for item in value])
        return home.asarray(np.asarray(value))
    raise TypeError(f"expected tensors, arrays or numbers, got {type(value).__name__}")


def as_array(value: Any, home: Backend) -> Any:
    """`lifted`, where a number is an array as well."""
    value = lifted(value, home)
    return home.asarray(value) if type(value) in NUMBERS else value


def operands(*values: Any) -> tuple[Any, ...]:
    """The arguments as tensors and arrays with shapes, all where the tensor among them lives."""
    home = home_of(values)
    return tuple([as_array(value, home) for value in values])


def sequence(values: Any) -> list[Any]:
    """The arrays of `np.stack(arrays)` and its like, each as one."""
    return list(operands(*(values.unbind(0) if isinstance(values, Tensor) else values)))


def as_dtype(x: Any, dtype: Any) -> Any:
    """`x` in the dtype asked for, if one is: `float` is NumPy's, not the default dtype."""
    return x if dtype is None or x.dtype == np.dtype(dtype) else cast(x, dtype=np.dtype(dtype))


def as_floating(x: Any, dtype: Any = None) -> Any:
    """`x` in the dtype asked for; integers become float64, as where NumPy divides them."""
    if dtype is None and x.dtype.kind in "biu":
        dtype = dtypes.float64
    return as_dtype(x, dtype)


def raw(value: Any) -> Any:
    """Arguments with arrays in place of tensors."""
    if isinstance(value, Tensor):
        return value._array
    if isinstance(value, (list, tuple)) and any(True for _ in tensors_in(value)):
        return type(value)([raw(item) for item in value])
    return {key: raw(item) for key, item in value.items()} if isinstance(value, dict) else value


def constant(function: str, name: str, value: Any) -> Any:
    """An argument through which no gradient flows, as host arrays and numbers.

    Raises:
        TypeError: it requires a gradient.
    """
    if lives_in_graph((value,)):
        raise TypeError(f"{function} has no derivative with respect to {name}; give its values alone, t.detach()")
    if isinstance(value, Tensor) or is_array(value):
        array = raw(value)
        return backend_of(array).to_host(array)
    return type(value)([constant(function, name, v) for v in value]) if isinstance(value, (list, tuple)) else value


def wrapped(value: Any) -> Any:
    """Results with tensors in place of arrays and of NumPy's scalars."""
    if is_array(value):
        return from_array(backend_of(value).asarray(value))
    if isinstance(value, (list, tuple)):
        items = [wrapped(item) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return value


def expect_writable(name: str, out: Any, given: Any) -> None:
    """Refuses an `out=` that would lose a gradient.

    Raises:
        TypeError: it is an array, which cannot hold what is recorded; or neither tensor nor array.
        RuntimeError: it is a tensor, while recording.
    """
    if not isinstance(out, Tensor) and not is_array(out):
        raise TypeError(f"{name}: out must be a tensor, got {type(out).__name__}")
    if not lives_in_graph((given, out)):
        return
    if isinstance(out, Tensor):
        raise RuntimeError(
            f"{name}: out= is not recorded, and an argument requires a gradient; use the result that is returned, a "
            f"method that ends in _ (t.add_(u)), or cr.no_grad()"
        )
    raise TypeError(
        f"{name}: an array cannot hold what a graph records; write array = array + tensor in place of array += tensor, "
        f"leave out= away, or take the values alone with t.detach()"
    )


def write_out(name: str, out: Any, result: Any, casting: str = "same_kind", where: Any = True) -> Any:
    """`out` holding `result` (where a mask is true).

    Raises:
        TypeError: NumPy's rule `casting` does not allow it.
        ValueError: the shape does not fit.
    """
    if not np.can_cast(result.dtype, out.dtype, casting=casting):  # type: ignore[arg-type]
        raise TypeError(f"{name}: cannot put a {result.dtype} result into a {out.dtype} out under casting={casting!r}")
    lead = out.ndim - result.ndim
    if lead < 0 or any(n not in (1, out.shape[k + lead]) for k, n in enumerate(result.shape)):
        raise ValueError(
            f"{name}: a result of shape {tuple(result.shape)} does not fit out of shape {tuple(out.shape)}"
        )
    if isinstance(out, Tensor):
        whole = where is True
        return out.copy_(result if whole else choose(where, result, out))
    values = result._array if isinstance(result, Tensor) else result
    if backend_of(values) is not backend_of(out):
        raise TypeError(f"{name}: the result is on {backend_of(values).name}, and out on {backend_of(out).name}")
    if where is True:
        out[...] = values
    else:
        mask = raw(lifted(where, backend_of(out)))
        out[...] = backend_of(out).xp.where(mask, values, out)
    return out


def choose(condition: Any, a: Any, b: Any) -> Any:
    """`a` where the condition holds, `b` elsewhere; array-likes are taken."""
    home = home_of((condition, a, b))
    condition = lifted(condition, home)
    if getattr(condition, "dtype", dtypes.bool) != dtypes.bool:
        condition = condition != 0
    return choose_op(condition, lifted(a, home), lifted(b, home))

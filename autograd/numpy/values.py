"""NumPy's functions that compute on the values alone, and those that have no derivative.

`np.argmax(t)`, `np.isnan(t)`, `np.shape(t)`, `np.allclose(t, u)` tell something that has no derivative: they run on the
arrays, in the namespace of the tensor's backend. A function that would lose a derivative runs so only if no argument is
in a graph.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from .operands import home_of, raw, wrapped

ON_VALUES = frozenset(
    (
        "all allclose any argmax argmin argpartition argsort argwhere array2string array_equal array_equiv array_repr "
        "array_str can_cast common_type count_nonzero diag_indices_from digitize einsum_path empty_like flatnonzero "
        "isclose iscomplex iscomplexobj isin isneginf isposinf isreal isrealobj ix_ lexsort linalg.matrix_rank "
        "may_share_memory min_scalar_type nanargmax nanargmin ndim nonzero ones_like packbits ravel_multi_index "
        "result_type searchsorted shape shares_memory size tril_indices_from triu_indices_from unpackbits "
        "unravel_index zeros_like"
    ).split()
)
"""Functions whose result is integer, boolean or constant."""

_BOOLS = frozenset({np.allclose, np.array_equal, np.array_equiv})
"""Functions whose result is a Python bool."""

ALTERNATIVES = {
    "fill_diagonal": "t + np.diag(...), or t[i, i] = value",
    "histogram": "cr.nn.functional.one_hot of np.digitize(t, bins), or a smooth kernel",
    "intersect1d": "np.isin, and t[mask]",
    "place": "np.where(mask, values, t), or t[mask] = values",
    "polyfit": "np.linalg.solve of the normal equations of np.vander(x, deg + 1)",
    "put": "t[indices] = values, or t.index_put",
    "put_along_axis": "t.scatter(axis, indices, values)",
    "putmask": "np.where(mask, values, t)",
    "roots": "np.linalg.eigvals of the companion matrix",
    "save": "cr.save",
    "savez": "cr.save",
    "savez_compressed": "cr.save",
    "trim_zeros": "t[start:end]",
    "unique": "np.sort(t), which has a derivative",
}
"""What to use in place of a function without a derivative."""


IN_PLACE = frozenset({np.fill_diagonal, np.place, np.put, np.put_along_axis, np.putmask})
"""Functions that change their first argument in place, which no graph would see."""


def name_of(function: Any) -> str:
    """`linalg.solve` for `np.linalg.solve`."""
    module = getattr(function, "__module__", None) or "numpy"
    return ".".join([*module.split(".")[1:], function.__name__])


def on_values(function: Any, args: tuple[Any, ...], **kwargs: Any) -> Any:
    """What NumPy's function gives for the arrays, computed where they live."""
    home = home_of((args, kwargs))
    if home.name != "numpy":
        function = _on(home, function)
    result = function(*raw(args), **raw(kwargs))
    return bool(result) if function in _BOOLS else wrapped(result)


def _on(home: Any, function: Any) -> Any:
    """The function of this name in the backend's namespace."""
    names = name_of(function).split(".")
    if isinstance(getattr(function, "__self__", None), np.ufunc):  # np.add.reduce
        names = [function.__self__.__name__, function.__name__]
    found = home.xp
    for name in names:
        found = getattr(found, name, None)
    if found is None:
        raise TypeError(f"np.{'.'.join(names)}: the {home.name} backend has no such function; move the tensor, t.cpu()")
    return (lambda *a, **k: bool(found(*a, **k))) if function in _BOOLS else found


def refuse_in_place(function: Any) -> NoReturn:
    """Raises because a function would change a tensor's memory behind the back of the graphs that need it.

    Raises:
        TypeError: always; the message names the alternative.
    """
    name = name_of(function)
    raise TypeError(f"np.{name} changes its first argument in place, unseen by any graph: use {ALTERNATIVES[name]}")


def refuse(function: Any) -> NoReturn:
    """Raises because a function has no derivative, and a gradient would be lost.

    Raises:
        TypeError: always; the message names the alternative.
    """
    name = name_of(function)
    instead = ALTERNATIVES.get(name)
    raise TypeError(
        f"np.{name} has no derivative here, and an argument requires a gradient: "
        f"{f'use {instead}; or ' if instead else ''}give it the values alone, t.detach()"
    )

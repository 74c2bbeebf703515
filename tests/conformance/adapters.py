"""Where the function of the same name is found, for the entries of the database that are not simply a function.

CALLS      entry -> how to call it here, where the database wraps PyTorch's function in one of its own
PROCESS    entry -> what is compared of the outputs, where PyTorch's choice is one of many (the sign of an eigenvector)
           and the sample's own function for that is written with `torch`
REASONS    entry -> why it is not here, or not whole
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import chainrule as cr

CALLS: dict[str, Callable[..., Any]] = {
    "__getitem__": lambda x, *index: x[index if len(index) > 1 else index[0]],
    "__radd__": lambda x, other: other + x,
    "__rdiv__": lambda x, other: other / x,
    "__rmatmul__": lambda x, other: other @ x,
    "__rmod__": lambda x, other: other % x,
    "__rmul__": lambda x, other: other * x,
    "__rpow__": lambda x, other: other**x,
    "__rsub__": lambda x, other: other - x,
    "H": lambda x: x.H,
    "T": lambda x: x.T,
    "mH": lambda x: x.mH,
    "mT": lambda x: x.mT,
    "contiguous": lambda x, **kw: x.contiguous(**kw),
    "einsum": lambda operands, equation: cr.einsum(equation, *operands),
    "meshgrid|variadic_tensors": lambda first, *rest, **kw: cr.meshgrid(first, *rest, **kw),
    "meshgrid|list_of_tensors": lambda first, *rest, **kw: cr.meshgrid([first, *rest], **kw),
    "where": lambda x, condition, other: cr.where(condition, x, other),
    "zero_": lambda x: x.clone().zero_(),
    "fill": lambda x, value: cr.fill(x, value),
}

PROCESS: dict[str, Callable[[Any], Any]] = {}

REASONS: dict[str, str] = {
    "bfloat16": "NumPy has no bfloat16",
    "chalf": "NumPy has no complex number of two half-precision ones",
    "sparse.mm|reduce": "there are no sparse tensors",
    "sparse.sampled_addmm": "there are no sparse tensors",
    "to_sparse": "there are no sparse tensors",
}


def find(name: str) -> Callable[..., Any] | None:
    """The function for an entry; None if there is none here."""
    if name in CALLS:
        return CALLS[name]
    plain = name.partition("|")[0]
    for place in ("", "Tensor.", "nn.functional."):
        try:
            return attrgetter(place + plain)(cr)
        except (AttributeError, ModuleNotFoundError):
            continue
    return None

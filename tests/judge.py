"""The judge: the same program is run with chainrule and with PyTorch, and what it returns is compared.

A program is a function of the library, `program(lib)`, that returns tensors, numbers, strings, None, or nestings of
them. Tensors are compared by shape, dtype and values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import chainrule as cr


def raised(action: Callable[[], Any]) -> str | None:
    """The name of the built-in exception that `action` raised (or of its built-in base), None if it raised nothing."""
    try:
        action()
    except Exception as error:
        return next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins")
    return None


def leaf(lib: Any, values: Any, requires_grad: bool = True) -> Any:
    """A float64 leaf."""
    return lib.tensor(values, dtype=lib.float64, requires_grad=requires_grad)


def agree(program: Callable[[Any], Any], rtol: float = 1e-11, atol: float = 1e-12) -> Any:
    """Asserts that chainrule and PyTorch return the same; gives back what chainrule returned."""
    torch.manual_seed(0)
    ours, theirs = program(cr), program(torch)
    _compare(ours, theirs, "result", rtol, atol)
    return ours


def _compare(ours: Any, theirs: Any, where: str, rtol: float, atol: float) -> None:
    if isinstance(theirs, torch.Tensor):
        assert isinstance(ours, cr.Tensor), f"{where}: {ours!r} in place of a tensor"
        assert tuple(ours.shape) == tuple(theirs.shape), f"{where}: shape {ours.shape}, PyTorch has {theirs.shape}"
        assert str(ours.dtype) == str(theirs.dtype).removeprefix("torch."), f"{where}: {ours.dtype}, {theirs.dtype}"
        found = ours.backend.to_host(ours.array)
        np.testing.assert_allclose(found, theirs.detach().numpy(), rtol=rtol, atol=atol, err_msg=where)
    elif isinstance(theirs, dict):
        assert ours.keys() == theirs.keys(), f"{where}: {list(ours)}, PyTorch has {list(theirs)}"
        for key in theirs:
            _compare(ours[key], theirs[key], f"{where}[{key!r}]", rtol, atol)
    elif isinstance(theirs, (tuple, list)):
        assert len(ours) == len(theirs), f"{where}: {ours}, PyTorch has {theirs}"
        for k, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            _compare(a, b, f"{where}[{k}]", rtol, atol)
    elif isinstance(theirs, float):
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol, err_msg=where)
    else:
        assert ours == theirs, f"{where}: {ours!r}, PyTorch has {theirs!r}"

"""Views as copies: `permute_copy(x, dims)` is what `permute(x, dims)` shows, in memory of its own.

Each takes the arguments of the function it copies the result of, raises what that raises, and passes gradients on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .dims import canonical_dim, ndim_of
from .getitem import at
from .index import ALL
from .joining import narrow, select, split, split_with_sizes, unbind
from .rearrange import diagonal, unfold
from .shape import clone, expand, permute, reshape, squeeze, t, transpose, unsqueeze
from .strided import as_strided


def _copied(function: Callable[..., Any], name: str = "") -> Callable[..., Any]:
    """The function `NAME_copy` for a function, which gives a view or several."""
    name = name or function.__name__

    def copy(input: Any, *args: Any, **kwargs: Any) -> Any:
        found = function(input, *args, **kwargs)
        return tuple([clone(piece) for piece in found]) if isinstance(found, tuple) else clone(found)

    copy.__name__ = copy.__qualname__ = f"{name}_copy"
    copy.__doc__ = f"What `{name}` of the same arguments gives, copied into memory of its own."
    return copy


def _slice(input: Any, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1) -> Any:
    dim = canonical_dim("slice_copy", dim, ndim_of("slice_copy", input))
    return at(input, index=(*ALL * dim, slice(start, end, step), ...))


alias_copy = _copied(lambda input: input, "alias")
as_strided_copy = _copied(as_strided)
diagonal_copy = _copied(diagonal)
expand_copy = _copied(expand)
narrow_copy = _copied(narrow)
permute_copy = _copied(permute)
select_copy = _copied(select)
slice_copy = _copied(_slice, "slice")
split_copy = _copied(split)
split_with_sizes_copy = _copied(split_with_sizes)
squeeze_copy = _copied(squeeze)
t_copy = _copied(t)
transpose_copy = _copied(transpose)
unbind_copy = _copied(unbind)
unfold_copy = _copied(unfold)
unsqueeze_copy = _copied(unsqueeze)
view_copy = _copied(reshape, "view")  # of any memory layout

__all__ = ["alias_copy", "as_strided_copy", "diagonal_copy", "expand_copy", "narrow_copy", "permute_copy",
           "select_copy", "slice_copy", "split_copy", "split_with_sizes_copy", "squeeze_copy", "t_copy",
           "transpose_copy", "unbind_copy", "unfold_copy", "unsqueeze_copy", "view_copy"]  # fmt: skip

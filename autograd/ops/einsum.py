"""Products summed over named dimensions: `einsum`, `tensordot`, `inner`.

The work is one op of two operands whose every index is in the result or in both: what stands in one alone is summed
before. So written, the gradient of an operand is the same op, of the result's cotangent and the other operand; and
each is a matrix product, with the indices sorted into those of the batch, of the rows, summed over, and of the columns.
"""

from __future__ import annotations

import math
import string
from collections import Counter
from functools import lru_cache
from typing import Any, NamedTuple

from ...backends import Array
from ..errors import ShapeError
from ..op import op
from .dims import canonical_dims, ndim_of
from .rearrange import diagonal
from .reduction import sum as total
from .shape import permute, reshape


class _Plan(NamedTuple):
    """How to make a matrix product of it: the order of each operand's dimensions and their shapes as matrices, the
    shape of the result and the order of its dimensions. A plan without `b_matrix` is a broadcast multiplication."""

    a_order: tuple[int, ...]
    a_matrix: tuple[int, ...]
    b_order: tuple[int, ...]
    b_matrix: tuple[int, ...] | None
    shape: tuple[int, ...]
    order: tuple[int, ...]


def _split(equation: str) -> tuple[str, str, str]:
    operands, _, result = equation.partition("->")
    a, _, b = operands.partition(",")
    return a, b, result


@lru_cache(maxsize=1024)
def _plan(equation: str, a_shape: tuple[int, ...], b_shape: tuple[int, ...]) -> _Plan:
    a, b, result = _split(equation)
    sizes = {**dict(zip(a, a_shape, strict=True)), **dict(zip(b, b_shape, strict=True))}
    batch = [i for i in result if i in a and i in b]
    summed = [i for i in a if i in b and i not in result]
    rows = [i for i in result if i in a and i not in b]
    columns = [i for i in result if i in b and i not in a]

    def size(indices: list[str]) -> int:
        return math.prod(sizes[i] for i in indices)

    def places(of: str, *groups: list[str]) -> tuple[int, ...]:
        return tuple(of.index(i) for group in groups for i in group)

    if not summed:
        order = [i for i in result if i in a]
        other = [i for i in result if i in b]
        a_matrix, shape = [tuple(sizes[i] if i in of else 1 for i in result) for of in (a, b)]
        return _Plan(places(a, order), a_matrix, places(b, other), None, shape, ())
    made = [*batch, *rows, *columns]
    lead = tuple(sizes[i] for i in batch)
    return _Plan(
        places(a, batch, rows, summed),
        (*lead, size(rows), size(summed)),
        places(b, batch, summed, columns),
        (*lead, size(summed), size(columns)),
        tuple(sizes[i] for i in made),
        tuple(made.index(i) for i in result),
    )


def _contract_forward(xp: Any, a: Array, b: Array, *, equation: str) -> Array:
    plan = _plan(equation, a.shape, b.shape)
    a = a.transpose(plan.a_order).reshape(plan.a_matrix)
    b = b.transpose(plan.b_order)
    if plan.b_matrix is None:
        return xp.multiply(a, b.reshape(plan.shape))
    return xp.matmul(a, b.reshape(plan.b_matrix)).reshape(plan.shape).transpose(plan.order)


@lru_cache(maxsize=1024)
def _towards_a(equation: str) -> str:
    a, b, result = _split(equation)
    return f"{result},{b}->{a}"


@lru_cache(maxsize=1024)
def _towards_b(equation: str) -> str:
    a, b, result = _split(equation)
    return f"{result},{a}->{b}"


contract = op(
    "einsum",
    _contract_forward,
    vjp=(
        lambda g, b, equation: contract(g, b, equation=_towards_a(equation)),
        lambda g, a, equation: contract(g, a, equation=_towards_b(equation)),
    ),
    multilinear=True,
    doc="`einsum` of two operands, where every index is in the result or in both.",
)


# What users write, brought to that form


def _letters(operands: tuple[Any, ...]) -> tuple[str, list[Any]]:
    """The equation for operands that alternate with lists of indices, and the operands."""
    pairs = list(zip(operands[::2], operands[1::2], strict=False))
    sublists = [indices for _, indices in pairs]
    if len(operands) % 2:
        sublists.append(operands[-1])
    words = []
    for indices in sublists:
        for i in indices:
            if i is not ... and not (isinstance(i, int) and 0 <= i < 52):
                raise ValueError(f"einsum: an index in a list is an int from 0 to 51 or ..., got {i!r}")
        words.append("".join("..." if i is ... else string.ascii_letters[i] for i in indices))
    equation = ",".join(words[: len(pairs)])
    return equation + ("->" + words[-1] if len(operands) % 2 else ""), [x for x, _ in pairs]


@lru_cache(maxsize=1024)
def _read(equation: str, ndims: tuple[int, ...]) -> tuple[list[str], str]:
    """The indices of each operand and of the result, a letter each: the implied result and `...` written out.

    Raises:
        ValueError: the equation cannot be read, or does not fit operands of so many dimensions.
    """
    text = equation.replace(" ", "")
    left, arrow, right = text.partition("->")
    operands = left.split(",")
    if len(operands) != len(ndims):
        raise ValueError(f"einsum: {equation!r} has {len(operands)} operands, but {len(ndims)} tensors were given")
    for word in [*operands, right]:
        named = word.replace("...", "", 1)
        if not all(c in string.ascii_letters for c in named):
            raise ValueError(f"einsum: {equation!r}: {word!r} must consist of letters and at most one '...'")
    hidden = [n - len(word.replace("...", "")) for word, n in zip(operands, ndims, strict=True)]
    for word, n, rest in zip(operands, ndims, hidden, strict=True):
        if rest < 0 or (rest and "..." not in word):
            raise ShapeError(f"einsum: {equation!r}: {word!r} names {n - rest} dimensions of a tensor that has {n}")
    width = max([rest for word, rest in zip(operands, hidden, strict=True) if "..." in word], default=0)
    free = [chr(k) for k in range(ord("a"), ord("a") + 10000) if chr(k).isalpha() and chr(k) not in text][:width]
    dots = "".join(free)
    counted = Counter(c for word in operands for c in word.replace("...", ""))
    if not arrow:
        right = "..." + "".join(sorted(c for c, times in counted.items() if times == 1))
    result = right.replace("...", dots)
    missing = [c for c in right.replace("...", "") if c not in counted]
    if missing or len(set(result)) != len(result):
        raise ValueError(f"einsum: {equation!r}: each index of the result must be there once, and in an operand")
    full = [word.replace("...", dots[width - rest :]) for word, rest in zip(operands, hidden, strict=True)]
    return full, result


def _diagonals(x: Any, indices: str) -> tuple[Any, str]:
    """Where an index repeats, the diagonal: `(x, indices)` without repeats."""
    for i in dict.fromkeys(indices):
        while indices.count(i) > 1:
            first = indices.index(i)
            second = indices.index(i, first + 1)
            if x.shape[first] != x.shape[second]:
                sizes = f"{x.shape[first]} and {x.shape[second]}"
                raise ShapeError(f"einsum: index {i!r} repeats on dimensions of sizes {sizes}")
            x = diagonal(x, 0, first, second)
            indices = indices[:first] + indices[first + 1 : second] + indices[second + 1 :] + i
    return x, indices


def _simplified(equation: str, operands: list[Any], words: list[str], result: str) -> tuple[list[Any], list[str]]:
    """The operands without repeated indices, without dimensions of size 1 that broadcast, and without indices that
    stand nowhere else."""
    pairs = [_diagonals(x, word) for x, word in zip(operands, words, strict=True)]
    sizes: dict[str, int] = {}
    for x, word in pairs:
        for i, n in zip(word, x.shape, strict=True):
            if sizes.setdefault(i, n) not in (n, 1) and n != 1:
                raise ShapeError(f"einsum: {equation!r}: index {i!r} has sizes {sizes[i]} and {n}")
            sizes[i] = n if sizes[i] == 1 else sizes[i]
    for k, (x, word) in enumerate(pairs):
        dropped = [d for d, i in enumerate(word) if x.shape[d] == 1 != sizes[i]]
        if dropped:
            kept = [d for d in range(len(word)) if d not in dropped]
            pairs[k] = reshape(x, tuple([x.shape[d] for d in kept])), "".join(word[d] for d in kept)
    counted = Counter(c for _, word in pairs for c in word)
    for k, (x, word) in enumerate(pairs):
        lone = [d for d, i in enumerate(word) if counted[i] == 1 and i not in result]
        if lone:
            pairs[k] = total(x, tuple(lone)), "".join(i for d, i in enumerate(word) if d not in lone)
    return [x for x, _ in pairs], [word for _, word in pairs]


def _cheapest(shapes: list[tuple[int, ...]], words: list[str]) -> tuple[int, int]:
    """The two operands that take the fewest multiplications."""

    def cost(j: int, k: int) -> int:
        sizes = dict(zip(words[j] + words[k], shapes[j] + shapes[k], strict=True))
        return math.prod(sizes.values())

    return min([(j, k) for k in range(len(words)) for j in range(k)], key=lambda pair: cost(*pair))


def einsum(*arguments: Any) -> Any:
    """Sums of products over named dimensions: `einsum("bik,bkj->bij", x, y)`.

    Args:
        arguments: an equation and the tensors; or tensors and lists of ints in turn, `einsum(x, [0, 1], y, [1, 2])`,
            with the result's list at the end or left out. In an equation, every letter names a dimension, `...` those
            not named, which broadcast; a letter twice in one operand takes the diagonal; what the result leaves out is
            summed over. Without `->` the result has the letters that stand once, in alphabetical order (capitals
            first), after `...`. Of more than two tensors, the cheapest two are multiplied first, and so on.

    Raises:
        ValueError: the equation cannot be read, or does not fit the tensors.
    """
    if not arguments:
        raise ValueError("einsum: expected an equation and tensors")
    if isinstance(arguments[0], str):
        equation, operands = arguments[0], list(arguments[1:])
        if len(operands) == 1 and isinstance(operands[0], (tuple, list)):
            operands = list(operands[0])
    else:
        equation, operands = _letters(arguments)
    words, result = _read(equation, tuple([ndim_of("einsum", x) for x in operands]))
    operands, words = _simplified(equation, operands, list(words), result)
    while len(operands) > 1:
        j, k = (0, 1) if len(operands) == 2 else _cheapest([tuple(x.shape) for x in operands], words)
        b, b_word = operands.pop(k), words.pop(k)
        a, a_word = operands.pop(j), words.pop(j)
        needed = set(result).union(*words)
        made = result if not words else "".join(i for i in dict.fromkeys(a_word + b_word) if i in needed)
        operands.append(contract(a, b, equation=f"{a_word},{b_word}->{made}"))
        words.append(made)
    x, word = operands[0], words[0]
    return x if word == result else permute(x, tuple([word.index(i) for i in result]))


def tensordot(a: Any, b: Any, dims: Any = 2) -> Any:
    """The product of two tensors summed over dimensions of both; the rest of `a`'s come first, then the rest of `b`'s.

    Args:
        dims: how many: the last of `a` with the first of `b`; or two sequences, dimensions of `a` and of `b` in pairs.

    Raises:
        IndexError: there is no such dimension.
        ValueError: the sizes of a pair differ, and neither is 1.
    """
    a_ndim, b_ndim = ndim_of("tensordot", a), ndim_of("tensordot", b)
    if isinstance(dims, int):
        if not 0 <= dims <= min(a_ndim, b_ndim):
            raise ShapeError(f"tensordot: dims={dims} of tensors with {a_ndim} and {b_ndim} dimensions")
        pairs = [(a_ndim - dims + k, k) for k in range(dims)]
    else:
        of_a, of_b = [canonical_dims("tensordot", d, n) for d, n in zip(dims, (a_ndim, b_ndim), strict=True)]
        if len(of_a) != len(of_b):
            raise ShapeError(
                f"tensordot: {len(of_a)} dimensions of the first do not pair with {len(of_b)} of the other"
            )
        pairs = list(zip(of_a, of_b, strict=True))
    for j, k in pairs:
        if a.shape[j] != b.shape[k] and 1 in (a.shape[j], b.shape[k]):
            a, b = (a, total(b, k, True)) if a.shape[j] == 1 else (total(a, j, True), b)
        elif a.shape[j] != b.shape[k]:
            raise ShapeError(
                f"tensordot: dimension {j} of shape {tuple(a.shape)} has size {a.shape[j]}, and dimension {k} of "
                f"{tuple(b.shape)} has size {b.shape[k]}"
            )
    names = [chr(ord("a") + k) for k in range(a_ndim + b_ndim)]
    a_word, b_word = names[:a_ndim], names[a_ndim:]
    for j, k in pairs:
        b_word[k] = a_word[j]
    summed = {a_word[j] for j, _ in pairs}
    result = [i for i in a_word + b_word if i not in summed]
    return contract(a, b, equation=f"{''.join(a_word)},{''.join(b_word)}->{''.join(result)}")


def inner(input: Any, other: Any) -> Any:
    """The product summed over the last dimension of both.

    Raises:
        ValueError: these differ in size.
    """
    if not ndim_of("inner", input) or not ndim_of("inner", other):
        return input * other
    return tensordot(input, other, ((-1,), (-1,)))


__all__ = ["einsum", "inner", "tensordot"]

"""Datasets, and a loader that hands out batches of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from numbers import Real
from typing import Any, Generic, Protocol, TypeVar

from ..autograd import Tensor
from ..autograd.ops.joining import stack
from ..autograd.random import Generator, randperm

Item = TypeVar("Item", covariant=True)


class Dataset(Protocol[Item]):
    """Anything with a length and items by number: a list will do."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: Any) -> Item: ...


def _checked(function: str, dataset: Dataset[Any]) -> Dataset[Any]:
    if not (hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__")):
        raise TypeError(f"{function}: a dataset has a length and items by number, got {type(dataset).__name__}")
    return dataset


class TensorDataset:
    """Tensors of equal first dimension; item `i` is the tuple of their `i`-th slices.

    Raises:
        TypeError: something is no tensor.
        ValueError: no tensors, or lengths that differ.
    """

    def __init__(self, *tensors: Tensor) -> None:
        for tensor in tensors:
            if not isinstance(tensor, Tensor):
                raise TypeError(
                    f"TensorDataset: expected tensors, got {type(tensor).__name__}; cr.tensor(...) makes one"
                )
        if not tensors or any(t.ndim == 0 for t in tensors):
            raise ValueError("TensorDataset: give one tensor or more, of one dimension or more")
        lengths = [len(t) for t in tensors]
        if len(set(lengths)) != 1:
            raise ValueError(f"TensorDataset: the tensors have different lengths {lengths}")
        self.tensors = tensors

    def __len__(self) -> int:
        return len(self.tensors[0])

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(t[index] for t in self.tensors)


class Subset(Generic[Item]):
    """Some items of a dataset, by their numbers."""

    def __init__(self, dataset: Dataset[Item], indices: Sequence[int]) -> None:
        self.dataset, self.indices = dataset, list(indices)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Item:
        return self.dataset[self.indices[index]]


def random_split(
    dataset: Dataset[Any], lengths: Sequence[float], generator: Generator | None = None
) -> list[Subset[Any]]:
    """Splits a dataset at random into parts of the given sizes, or of the given fractions if they sum to 1.

    Raises:
        TypeError: a length is no number.
        ValueError: the sizes do not sum to the dataset's, or the fractions not to 1; one is negative or not whole.
    """
    total = len(_checked("random_split", dataset))
    for n in lengths:
        if not isinstance(n, Real):
            raise TypeError(f"random_split: a length is an integer or a fraction, got {n!r} of type {type(n).__name__}")
    if all(isinstance(n, float) for n in lengths) and abs(sum(lengths) - 1) < 1e-9:
        sizes = [int(total * n) for n in lengths]
        for k in range(total - sum(sizes)):
            sizes[k % len(sizes)] += 1
    else:
        sizes = [int(n) if n == n // 1 else -1 for n in lengths]
    if sum(sizes) != total or min(sizes, default=0) < 0:
        raise ValueError(
            f"random_split: lengths {list(lengths)} are neither sizes that sum to the dataset's {total}, nor fractions "
            f"that sum to 1"
        )
    order = randperm(total, generator=generator).tolist()
    starts = [sum(sizes[:k]) for k in range(len(sizes))]
    return [Subset(dataset, order[start : start + size]) for start, size in zip(starts, sizes, strict=True)]


class DataLoader:
    """Batches of a dataset, in order or shuffled anew at every pass.

    Args:
        dataset: with a length and items by number. A `TensorDataset` is sliced a batch at a time.
        batch_size: items per batch.
        shuffle: a new random order at every pass, from `generator` or the seeded default stream.
        drop_last: leave out a last, smaller batch.

    Raises:
        TypeError: the dataset has no length or no items.
        ValueError: `batch_size` is no positive integer.
    """

    def __init__(
        self,
        dataset: Dataset[Any],
        batch_size: int = 1,
        shuffle: bool = False,
        drop_last: bool = False,
        generator: Generator | None = None,
    ) -> None:
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
            raise ValueError(f"DataLoader: batch_size must be a positive integer, got {batch_size!r}")
        self.dataset, self.batch_size, self.shuffle = _checked("DataLoader", dataset), batch_size, shuffle
        self.drop_last, self.generator = drop_last, generator

    def __len__(self) -> int:
        full, rest = divmod(len(self.dataset), self.batch_size)
        return full + (1 if rest and not self.drop_last else 0)

    def __iter__(self) -> Iterator[Any]:
        if isinstance(self.dataset, TensorDataset):
            yield from self._tensor_batches(self.dataset)
            return
        total = len(self.dataset)
        order = randperm(total, generator=self.generator).tolist() if self.shuffle else range(total)
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            yield collate([self.dataset[i] for i in order[start : start + self.batch_size]])

    def _tensor_batches(self, dataset: TensorDataset) -> Iterator[tuple[Tensor, ...]]:
        order = None
        if self.shuffle:
            first = dataset.tensors[0]
            order = randperm(len(dataset), generator=self.generator, backend=first.backend.name)
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            part = slice(start, start + self.batch_size)
            yield dataset[part if order is None else order[part]]


def collate(items: list[Any]) -> Any:
    """Items as one batch: tensors stacked, numbers and arrays made tensors, tuples and dicts item by item.

    Raises:
        ValueError: tensors of different shapes, tuples of different lengths, or dicts of different keys.
    """
    first = items[0]
    if isinstance(first, Tensor):
        return stack(items)
    if isinstance(first, (tuple, list)):
        lengths = [len(item) if isinstance(item, (tuple, list)) else type(item).__name__ for item in items]
        if len(set(lengths)) > 1:
            raise ValueError(f"collate: the items of a batch must be of one length, got {lengths}")
        return tuple(collate(list(column)) for column in zip(*items, strict=True))
    if isinstance(first, dict):
        if any(not isinstance(item, dict) or item.keys() != first.keys() for item in items):
            raise ValueError(f"collate: the items of a batch must all have the keys {list(first)}")
        return {key: collate([item[key] for item in items]) for key in first}
    if hasattr(first, "dtype") or isinstance(first, (int, float)):
        return stack([Tensor(item) for item in items])
    return items

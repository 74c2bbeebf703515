from typing import Any

from .rows import Kink, Row, Sample, T

_GRID = T(values=[[0, 2, 0], [1, 0, 2], [0, 0, 2]], dtype="int64")
_TWICE = T(values=[1, 1], dtype="int64")
_ROWS = T(values=[0, 2, 0, 0], dtype="int64")
_ZEROS = T(values=[[0.0, 0.5, 2.0], [0.0, 3.0, 1.0], [1.5, 0.0, -1.0]])
_TIES = T(values=[[1.0, 2.0, 1.0], [1.0, 2.0, 3.0], [0.5, 2.0, 3.0]])


def _samples(reduce: str) -> tuple[Any, ...]:
    distinct = reduce in ("amax", "amin")
    x, src = T(3, 3, distinct=distinct), T(3, 4, low=-1.9, high=2.1, distinct=distinct)
    return (
        Sample(x, 0, _GRID, src, reduce), Sample(x, 1, _GRID, src, reduce, include_self=False),
        Sample(T(), 0, T(values=0, dtype="int64"), T(), reduce),
        Sample(T(3), 0, T(0, dtype="int64"), T(2), reduce),
        Sample(T(3), 0, T(values=[1, 1], dtype="int64"), T(2), reduce),
    )  # fmt: skip


def _reference(np: Any, x: Any, dim: int, index: Any, src: Any, reduce: str, include_self: bool = True) -> Any:
    """Element by element. PyTorch has no gradient for a source that is larger than the index."""
    found: dict[Any, list[Any]] = {place: [x[place]] if include_self else [] for place in np.ndindex(x.shape)}
    for place in np.ndindex(index.shape):
        to = (*place[:dim], index[place], *place[dim + 1 :]) if x.ndim else place
        found[to].append(src[place])
    join = {"sum": np.sum, "prod": np.prod, "mean": np.mean, "amax": np.max, "amin": np.min}[reduce]
    return np.array([join(v) if v else x[p] for p, v in found.items()]).reshape(x.shape)


ROWS = [
    *[Row("scatter_reduce", *[Sample(T(3, dtype=dtype), 0, _ROWS, T(4, dtype=dtype), reduce, include_self=False)
                            for dtype in ("bool", "uint8", "int16")])
      for reduce in ("amax", "amin")],
    *[Row("scatter_reduce", *_samples(reduce), torch=False, reference=_reference)
      for reduce in ("sum", "prod", "mean", "amax", "amin")],
    Row("scatter_reduce", Sample(_ZEROS, 0, _GRID, _ZEROS, "prod"), Sample(T(3, 3), 1, _GRID, _ZEROS, "prod"),
        torch=False, reference=_reference),
    Row("scatter_reduce", Sample(T(3, 3), 0, _GRID, T(3, 3), "prod"), Sample(T(3, 3), 0, _GRID, T(3, 3), "mean"),
        Kink(_TIES, 0, _GRID, _TIES, "amax"), Kink(_TIES, 0, _GRID, _TIES, "amin", include_self=True),
        Sample(T(3, dtype="int64"), 0, _TWICE, T(2, dtype="int64"), "mean"),
        Sample(T(3, dtype="int64"), 0, _TWICE, T(2, dtype="int64"), "amax", include_self=False)),
    Row("index_reduce", Sample(T(3, 2), 0, _ROWS, T(4, 2), "prod"), Sample(T(2, 3), 1, _ROWS, T(2, 4), "mean"),
        Sample(T(3, 2), 0, _ROWS, T(4, 2), "mean", include_self=False),
        Sample(T(3, 2, distinct=True), 0, _ROWS, T(4, 2, low=-1.8, distinct=True), "amax"),
        Sample(T(3, 2), 0, _ROWS, T(4, 2, distinct=True), "amin", include_self=False),
        Sample(T(), 0, T(values=[0], dtype="int64"), T(), "prod")),
    Row("Tensor.scatter_reduce_", Sample(T(3, 3), 0, _GRID, T(3, 3), "mean")),
    Row("segment_reduce",
        *[Sample(T(6, 2, distinct=True), reduce, lengths=T(values=[2, 0, 1, 3], dtype="int64"), initial=3)
          for reduce in ("sum", "prod", "mean", "max", "min")],
        Sample(T(2, 4), "sum", lengths=T(values=[[1, 3], [4, 0]], dtype="int64"), axis=1),
        Sample(T(5), "prod", offsets=T(values=[0, 2, 5], dtype="int64")),
        Kink(T(5), "mean", lengths=T(values=[2, 0, 3], dtype="int64")),
        Sample(T(5), "max", lengths=T(values=[1, 2], dtype="int64"), unsafe=True)),
]  # fmt: skip

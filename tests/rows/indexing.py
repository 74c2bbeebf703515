from typing import Any

from .rows import Row, Sample, T


def _index(*values: Any, dtype: str = "int64") -> T:
    return T(values=list(values), dtype=dtype)


def _put_along(np: Any, x: Any, dim: int, index: Any, src: Any) -> Any:
    x = x.copy()
    for place in np.ndindex(index.shape):
        x[(*place[:dim], index[place], *place[dim + 1 :])] = src[place]
    return x


_ROW = _index(2, 0, 2)
_SPOT = T(values=1, dtype="int64")
_FIRST = T(values=0, dtype="int64")
_NO = T(0, dtype="int64")
_GRID = _index([0, 2, 1], [2, 2, 0])  # into dimension 0 of (3, 4)
_MASK = T(3, 4, dtype="bool")

ROWS = [
    Row("where", Sample(_MASK, T(3, 4), T(3, 4)), Sample(_MASK, T(4), T(3, 1)), Sample(_MASK, T(3, 4), 0.5),
        Sample(_MASK, 2, T(3, 4)), Sample(T(values=True, dtype="bool"), T(), T(2)), Sample(_MASK, 1.0, 2.0),
        Sample(_MASK, 1, 2), Sample(_MASK), Sample(T(0, 2, dtype="bool"), T(0, 2), T(2)),
        Sample(_MASK, T(3, 4, dtype="int64"), 3)),
    Row("masked_fill", Sample(T(3, 4), _MASK, 1.5), Sample(T(3, 4, grad=False), T(4, dtype="bool"), float("-inf")),
        Sample(T(3, 4), _MASK, T()), Sample(T(4), _MASK, 0), Sample(T(3, 4, dtype="int64"), _MASK, 2),
        Sample(T(3, 4, dtype="int64"), _MASK, 2.7), Sample(T(), T(values=True, dtype="bool"), 1.0),
        Sample(T(3, 4, dtype="bool"), _MASK, True)),
    Row("Tensor.masked_fill_", Sample(T(3, 4), _MASK, 1.5)),
    Row("masked_select", Sample(T(3, 4), _MASK), Sample(T(4), _MASK), Sample(T(3, 4), T(4, dtype="bool")),
        Sample(T(), T(values=True, dtype="bool")), Sample(T(0, 2), T(0, 2, dtype="bool"))),
    Row("nonzero", Sample(T(3, 4, dtype="int64", low=-1, high=2)), Sample(T(values=3.0, grad=False)), Sample(T(0, 2)),
        Sample(_MASK, as_tuple=True), Sample(T(values=3.0, grad=False), as_tuple=True), grad=False,
        covers=("argwhere",)),
    Row("gather", Sample(T(3, 4), 0, _GRID), Sample(T(3, 4), 1, _index([0, 3, 3], [1, 1, 2])),
        Sample(T(3, 4), -1, _index([2])), Sample(T(5), 0, _ROW), Sample(T(), 0, _FIRST), Sample(T(), 0, _index(0, 0)),
        Sample(T(1), 0, _FIRST), Sample(T(2, 3, 2), 1, T(2, 1, 2, dtype="int64", low=0, high=3)),
        Sample(T(3, 4), 0, T(0, 4, dtype="int64")), Sample(T(3, 4), 0, _NO)),
    Row("take_along_dim", Sample(T(3, 4), _index([0], [3], [1]), 1), Sample(T(3, 4), _index([0, 1]), 1),
        Sample(T(1, 4), _index([0, 0, 0, 0], [0, 0, 0, 0]), 0), Sample(T(3, 4), _ROW),
        Sample(T(3, 1), _index([2, 1]), dim=0)),
    Row("scatter", Sample(T(3, 4), 0, _index([0, 2, 1]), T(1, 3)),
        Sample(T(3, 4), 1, _index([3, 0], [1, 2]), T(3, 4, grad=False)), Sample(T(5), 0, _index(4, 1), 1.5),
        Sample(T(3, 4), -1, _index([1], [3]), value=2.0), Sample(T(), 0, _FIRST, T()),
        Sample(T(3, 4), 0, _NO, T(3, 4, grad=False)), Sample(T(3, 4, dtype="int64"), 0, _index([0, 2]), 7)),
    Row("scatter", Sample(T(3, 4), 0, _GRID, T(2, 3), reduce="add"),
        torch=lambda torch, x, dim, index, src, reduce: torch.scatter_add(x, dim, index, src)),
    # PyTorch has no gradient for a source that is larger than the index.
    Row("scatter", Sample(T(3, 4), 1, _index([3, 0], [1, 2]), T(3, 4)), torch=False, reference=_put_along),
    Row("scatter", Sample(T(5), 0, _index(4, 1), T(3)), torch=False, reference=_put_along),
    Row("Tensor.scatter_", Sample(T(5), 0, _index(4, 1), T(2))),
    Row("scatter_add", Sample(T(3, 4), 0, _GRID, T(2, 3)), Sample(T(3, 4), 0, _GRID, T(3, 4, grad=False)),
        Sample(T(5), 0, _ROW, T(3)), Sample(T(), 0, _FIRST, T()),
        Sample(T(3, 4, dtype="int64"), 0, _GRID, T(2, 3, dtype="int64"))),
    Row("index_select", Sample(T(3, 4), 0, _ROW), Sample(T(3, 4), -1, _index(1, 1, 3, 0)), Sample(T(3, 4), 0, _SPOT),
        Sample(T(), 0, _FIRST), Sample(T(3, 4), 1, _NO), Sample(T(4), 0, _index(3, 3, dtype="int32"))),
    Row("index_add", Sample(T(3, 4), 0, _ROW, T(3, 4)), Sample(T(3, 4), 1, _index(1, 1), T(3, 2), alpha=2.5),
        Sample(T(3), 0, _SPOT, T(1)), Sample(T(), 0, _FIRST, T()),
        Sample(T(3, dtype="int64"), 0, _ROW, T(3, dtype="int64"))),
    Row("index_copy", Sample(T(3, 4), 0, _index(2, 0), T(2, 4)), Sample(T(3, 4), 1, _index(3), T(3, 1)),
        Sample(T(), 0, _FIRST, T())),
    Row("index_fill", Sample(T(3, 4), 0, _index(2, 0), 1.5), Sample(T(3, 4), 1, _ROW, T()),
        Sample(T(), 0, _FIRST, 2.0)),
    Row("take", Sample(T(3, 4), _index(0, 11, 0)), Sample(T(3, 4), _index([1, 2], [-1, 5])), Sample(T(), _FIRST)),
    Row("index_put", Sample(T(3, 4), (_index(2, 0),), T(2, 4)), Sample(T(3, 4), (_index(2, 0), _index(1, 3)), T(2)),
        Sample(T(3, 4), (_ROW,), T(4), accumulate=True), Sample(T(3, 4), (T(3, 4, dtype="bool"),), T()),
        Sample(T(3, 4), (T(values=[True, False, True], dtype="bool"),), T(2, 4), True),
        Sample(T(3, 4), (_ROW, _index(1, 1, 1)), T(), True),
        Sample(T(3, 4), (_index(1, 1), _index(0, 2)), T(1), accumulate=True)),
]  # fmt: skip

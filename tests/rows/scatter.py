from .rows import Row, Sample, T


def _index(*values: object) -> T:
    return T(values=list(values), dtype="int64")


_MASK = T(values=[[True, False, True], [False, True, True]], dtype="bool")
_EVERY = T(values=[True, True, False], dtype="bool")

ROWS = [
    Row("masked_scatter", Sample(T(2, 3), _MASK, T(5)), Sample(T(2, 3), _EVERY, T(2, 2)), Sample(T(3), _MASK, T(2, 3)),
        Sample(T(2, 3), T(values=[[False] * 3] * 2, dtype="bool"), T(0))),
    Row("Tensor.masked_scatter_", Sample(T(2, 3), _MASK, T(4))),
    Row("put", Sample(T(2, 3), _index(5, 0), T(2)), Sample(T(2, 3), _index([1, -1], [0, 1]), T(4), True),
        Sample(T(), _index(0), T(1)), Sample(T(2, 3), _index(1, 1, -2), T(3, 1), accumulate=True)),
    Row("Tensor.put_", Sample(T(2, 3), _index(5, 0), T(2))),
    Row("select_scatter", Sample(T(2, 3), T(3), 0, 1), Sample(T(2, 3), T(2), -1, -2), Sample(T(3), T(), 0, 2)),
    Row("slice_scatter", Sample(T(4, 3), T(2, 3), 0, 1, 3), Sample(T(2, 5), T(2, 2), 1, 1, 99, 2),
        Sample(T(4, 3), T(4, 3)), Sample(T(3), T(0), 0, 2, 1)),
    Row("diagonal_scatter", Sample(T(3, 4), T(3)), Sample(T(3, 4), T(2), 2), Sample(T(2, 3, 2), T(3, 1), -1, 0, -1)),
]  # fmt: skip

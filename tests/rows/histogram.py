from .rows import Row, Sample, T

_EDGES = T(values=[-1.0, 0.0, 0.5, 0.5, 2.0])

ROWS = [
    Row("bincount", Sample(T(values=[1, 4, 1], dtype="int64")), Sample(T(0, dtype="int64"), minlength=3),
        Sample(T(values=[1, 4, 1], dtype="int64"), T(3), 2),
        Sample(T(values=[1, 4], dtype="int64"), T(2, dtype="float32")), grad=False, float32=False),
    Row("histc", Sample(T(20)), Sample(T(20), 5, -1, 1), Sample(T(0), 3), Sample(T(values=[2.0, 2.0]), 4),
        Sample(T(values=[-0.8, 0.4, 0.4, 1.2, -2.0, 2.0, float("nan"), 2.1]), 10, -2, 2), grad=False),
    Row("histogram", Sample(T(20), 5), Sample(T(2, 10), 4, range=(-1, 1), weight=T(2, 10)), Sample(T(20), _EDGES),
        Sample(T(20), 5, density=True), Sample(T(values=[2.0, 2.0]), 4), Sample(T(0), 4), grad=False),
    Row("histogramdd", Sample(T(20, 2), [3, 4]), Sample(T(20, 2), 3, range=(-1, 1, 0, 2), weight=T(20), density=True),
        grad=False),
]  # fmt: skip

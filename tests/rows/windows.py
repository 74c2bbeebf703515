from .rows import Row, Sample, T

ROWS = [
    Row("nn.functional.unfold", Sample(T(2, 3, 5, 6), (2, 3)), Sample(T(3, 5, 6), 2, 2, 1, (2, 1)),
        Sample(T(0, 1, 4, 4), 2)),
    Row("nn.functional.fold", Sample(T(2, 12, 12), (4, 5), (2, 2)), Sample(T(8, 6), (5, 4), 2, 2, 1, (2, 3)),
        Sample(T(0, 4, 9), 4, 2)),
]  # fmt: skip

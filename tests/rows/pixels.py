from .rows import Row, Sample, T

ROWS = [
    Row("pixel_shuffle", Sample(T(2, 8, 2, 3), 2), Sample(T(9, 1, 2), 3)),
    Row("pixel_unshuffle", Sample(T(2, 2, 4, 6), 2), Sample(T(1, 3, 6), 3)),
    Row("channel_shuffle", Sample(T(2, 6, 3, 2), 3), Sample(T(1, 4, 5), 2)),
]  # fmt: skip

from .rows import Row, Sample

_LENGTHS = tuple(Sample(n, dtype="float64") for n in (0, 1, 2, 7, 8))
_SYMMETRIC = tuple(Sample(n, False, dtype="float64") for n in (1, 2, 7, 8))

ROWS = [
    *[Row(f"{name}_window", *_LENGTHS, *_SYMMETRIC) for name in ("bartlett", "blackman", "hamming", "hann", "kaiser")],
    Row("hamming_window", Sample(6, True, 0.5, 0.4, dtype="float64")),
    Row("kaiser_window", Sample(6, True, 5.0, dtype="float64"), Sample(6, False, 0.0, dtype="float64")),
]

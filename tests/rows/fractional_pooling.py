from .rows import Row, Sample, T

D = {"distinct": True}
U = {"low": 0.0, "high": 1.0, "grad": False}

ROWS = [
    Row("nn.functional.fractional_max_pool2d",
        Sample(T(2, 3, 7, 9, **D), 2, (4, 5), _random_samples=T(2, 3, 2, **U)),
        Sample(T(2, 8, 6, **D), (3, 2), None, (0.5, 0.5), True, _random_samples=T(1, 2, 2, **U)),
        Sample(T(1, 1, 4, 5, **D), 2, 1, _random_samples=T(1, 1, 2, **U))),
    Row("nn.functional.fractional_max_pool3d",
        Sample(T(1, 2, 5, 6, 7, **D), (2, 1, 3), (2, 4, 3), None, True, _random_samples=T(1, 2, 3, **U))),
]  # fmt: skip

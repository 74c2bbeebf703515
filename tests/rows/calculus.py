from .rows import Row, Sample, T

_X = T(values=[0.0, 0.5, 2.0, 2.5])

ROWS = [
    Row("diff", Sample(T(5)), Sample(T(2, 4), 2), Sample(T(3, 2), dim=0, prepend=T(1, 2), append=T(2, 2)),
        Sample(T(3), 0), Sample(T(2), 5), Sample(T(4, dtype="bool")), Sample(T(4, dtype="int64"))),
    Row("gradient", Sample(T(5)), Sample(T(3, 4), spacing=0.5, edge_order=2), Sample(T(3, 4), spacing=(2.0, 0.1)),
        Sample(T(3, 4), spacing=(_X,), dim=1, edge_order=2), Sample(T(3, 4, 3), dim=(0, -1), spacing=(2.0, 3.0))),
    Row("trapezoid", Sample(T(4)), Sample(T(2, 4), T(4)), Sample(T(4, 2), _X, dim=0), Sample(T(2, 3), dx=0.1),
        Sample(T(2, 3), T(2, 3)), Sample(T(2, 1))),
    Row("trapz", Sample(T(4)), Sample(T(2, 4), T(4)), Sample(T(2, 3), dx=0.1, dim=0)),
    Row("cumulative_trapezoid", Sample(T(4)), Sample(T(2, 4), T(4)), Sample(T(4, 2), _X, dim=0),
        Sample(T(2, 3), dx=0.1)),
]  # fmt: skip

from .rows import Row, Sample, T

ROWS = [
    Row("block_diag", Sample(T(2, 3), T(1, 2)), Sample(T(2), T(), T(1, 1)), Sample(T(0, 2), T(2, 2))),
    Row("cartesian_prod", Sample(T(3)), Sample(T(2), T(3)), Sample(T(2), T(1), T(2))),
    Row("combinations", Sample(T(4)), Sample(T(3), 2, True), Sample(T(4), r=3), Sample(T(2), 3),
        Sample(T(3, grad=False), 0)),
    Row("cross", Sample(T(2, 3), T(2, 3)), Sample(T(3, 2), T(3, 1)), Sample(T(2, 3), T(1, 3), dim=-1),
        Sample(T(3, dtype="complex128"), T(3, dtype="complex128"))),
    Row("linalg.cross", Sample(T(3), T(3)), Sample(T(2, 3, 4), T(1, 3, 4), dim=1)),
    Row("kron", Sample(T(2, 3), T(3, 2)), Sample(T(2), T(3, 1, 2)), Sample(T(), T(2))),
    Row("vander", Sample(T(3)), Sample(T(3), 5), Sample(T(3), 2, True), Sample(T(2), 0), torch=False,
        reference=lambda np, *args: np.vander(*args)),
    Row("linalg.vander", Sample(T(3)), Sample(T(2, 3), N=2), Sample(T(values=[0.0, 0.0, 2.0]), N=4)),
]  # fmt: skip

from .rows import Kink, Row, Sample, T

D = {"distinct": True}
TIES = [[[1.0, 1.0, 0.0, 1.0], [1.0, 0.0, 2.0, 2.0], [0.0, 0.0, 2.0, 1.0]]]
NANS = [[[1.0, float("nan"), 0.0, float("-inf")], [1.0, float("nan"), float("-inf"), float("-inf")]]]

ROWS = [
    Row("nn.functional.avg_pool1d", Sample(T(2, 3, 7), 3), Sample(T(3, 8), 3, 2, 1, True, False)),
    Row("nn.functional.avg_pool2d", Sample(T(2, 3, 5, 6), 2), Sample(T(3, 5, 6), (3, 2), (2, 1), (1, 0), True),
        Sample(T(1, 2, 5, 5), 3, 2, 1, True, False), Sample(T(1, 2, 4, 4), 2, divisor_override=3),
        Sample(T(0, 1, 4, 4), 2)),
    Row("nn.functional.avg_pool3d", Sample(T(1, 2, 4, 3, 5), 2, 1), Sample(T(2, 4, 4, 5), (2, 1, 3), None, (1, 0, 1))),
    Row("nn.functional.lp_pool1d", Sample(T(2, 3, 7, low=0.1), 2, 3), Sample(T(3, 7, low=0.1), 3.0, 2, 3, True),
        Sample(T(2, 3, 7), 1, 2), Kink(T(values=[[0.0, 0.0, 1.0, -1.0, 2.0, 1.0]]), 2, 2)),
    Row("nn.functional.lp_pool2d", Sample(T(2, 3, 5, 4, low=0.1), 2, 2),
        Sample(T(1, 2, 5, 4, low=0.1), 1.5, (2, 3), 1)),
    Row("nn.functional.lp_pool3d", Sample(T(1, 2, 4, 3, 4, low=0.1), 2, 2)),
    Row("nn.functional.adaptive_avg_pool1d", Sample(T(2, 3, 7), 3), Sample(T(3, 4), 6), Sample(T(2, 3, 7), 1)),
    Row("nn.functional.adaptive_avg_pool2d", Sample(T(2, 3, 5, 7), (3, 4)), Sample(T(3, 5, 7), (None, 2)),
        Sample(T(2, 3, 5, 7), 1), Sample(T(0, 2, 3, 3), 2)),
    Row("nn.functional.adaptive_avg_pool3d", Sample(T(1, 2, 3, 4, 5), (2, None, 3))),
    Row("nn.functional.max_pool1d", Sample(T(2, 3, 7, **D), 3), Sample(T(3, 8, **D), 3, 2, 1, 2, True),
        Sample(T(2, 3, 7, **D), 2, return_indices=True)),
    Row("nn.functional.max_pool2d", Sample(T(2, 3, 5, 6, **D), 2),
        Sample(T(3, 6, 7, **D), (3, 2), (2, 1), 1, (1, 2), True, True), Sample(T(0, 1, 4, 4), 2),
        Kink(T(values=TIES), 2, 1, 1, return_indices=True), Kink(T(values=NANS), (1, 2), 1, return_indices=True),
        Sample(T(1, 4, 4, dtype="int64"), 2)),
    Row("nn.functional.max_pool3d", Sample(T(1, 2, 4, 3, 5, **D), 2, 1, return_indices=True)),
    Row("nn.functional.adaptive_max_pool1d", Sample(T(2, 3, 7, **D), 3), Sample(T(3, 4, **D), 6, return_indices=True)),
    Row("nn.functional.adaptive_max_pool2d", Sample(T(2, 3, 5, 7, **D), (3, None), return_indices=True),
        Sample(T(2, 3, 5, 7, **D), 1)),
    Row("nn.functional.adaptive_max_pool3d", Sample(T(1, 2, 3, 4, 5, **D), (2, 3, 2), return_indices=True)),
    Row("max_pool2d_with_indices_backward",
        Sample(T(1, 2, 2, 2), T(1, 2, 4, 4, grad=False), [2, 2], [2, 2], [0, 0], [1, 1], False,
               T(values=[[[[0, 3], [13, 11]], [[5, 2], [8, 15]]]], dtype="int64")),
        torch=lambda torch, *args: torch.ops.aten.max_pool2d_with_indices_backward(*args)),
]  # fmt: skip

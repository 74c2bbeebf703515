from .rows import Row, Sample, T

ROWS = [
    Row("nn.functional.conv1d", Sample(T(2, 3, 7), T(4, 3, 3)), Sample(T(4, 9), T(4, 2, 2), T(4), 2, 1, 3, 2),
        Sample(T(0, 2, 5), T(3, 2, 2), T(3)), Sample(T(1, 1, 6), T(5, 1, 4), None, 1, "same")),
    Row("nn.functional.conv2d",
        # few outputs: taps along the first dimension are shifted views; many: all are copied
        Sample(T(2, 3, 5, 6), T(2, 3, 3, 3), T(2), padding=1), Sample(T(2, 1, 5, 4), T(7, 1, 3, 2), T(7)),
        Sample(T(2, 4, 6, 7), T(6, 2, 2, 3), T(6), (2, 1), (1, 2), (1, 2), 2),
        Sample(T(3, 5, 5), T(3, 1, 3, 3), padding=1, groups=3), Sample(T(1, 2, 5, 5), T(2, 2, 2, 4), padding="same"),
        # more padding than the kernel reaches, and a remainder that no window sees
        Sample(T(1, 2, 3, 2), T(2, 2, 1, 2), None, 1, (2, 3)),
        Sample(T(1, 2, 6, 8), T(3, 2, 2, 3), stride=3)),
    Row("nn.functional.conv3d", Sample(T(1, 2, 4, 3, 4), T(2, 2, 2, 2, 3), T(2), padding=1),
        Sample(T(2, 4, 3, 5), T(4, 1, 1, 2, 2), stride=(1, 2, 1), groups=2)),
    Row("nn.functional.conv_transpose1d", Sample(T(2, 3, 4), T(3, 2, 3)),
        Sample(T(4, 5), T(4, 1, 2), T(2), 3, 1, 2, 2), Sample(T(1, 2, 4), T(2, 2, 3), None, 1, 1, 2, 1, 3)),
    Row("nn.functional.conv_transpose2d", Sample(T(2, 3, 3, 4), T(3, 2, 3, 2), T(2), padding=1),
        Sample(T(1, 4, 3, 2), T(4, 2, 2, 3), T(4), (2, 3), (0, 1), (1, 0), 2), Sample(T(0, 2, 3, 3), T(2, 1, 2, 2))),
    Row("nn.functional.conv_transpose3d", Sample(T(1, 2, 2, 3, 2), T(2, 2, 2, 1, 2), T(2), (1, 2, 1)),
        Sample(T(2, 2, 2, 2), T(2, 1, 2, 2, 2), dilation=2)),
]  # fmt: skip

from .rows import Row, Sample, T

_WINDOW = T(8, low=0.2, high=1.0)


def _c(*shape: int) -> T:
    return T(*shape, dtype="complex128")


ROWS = [
    Row("stft",
        Sample(T(20), 8, 3, return_complex=True),
        Sample(T(2, 20), 8, 4, window=_WINDOW, normalized=True, return_complex=True),
        Sample(T(2, 20), 8, 4, 6, T(6, low=0.2, high=1.0), center=False, return_complex=False),
        Sample(T(20), 8, 3, pad_mode="constant", onesided=False, return_complex=True),
        Sample(_c(20), 8, 3)),
    Row("istft",
        Sample(_c(5, 7), 8, 3),
        Sample(_c(2, 5, 7), 8, 4, window=_WINDOW, normalized=True),
        Sample(_c(2, 5, 7), 8, 2, 6, T(6, low=0.2, high=1.0), length=12),
        Sample(_c(8, 7), 8, 3, center=False, return_complex=True),
        Sample(_c(8, 7), 8, 3)),
]  # fmt: skip

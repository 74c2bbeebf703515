from .rows import Row, Sample, T


def _c(*shape: int) -> T:
    return T(*shape, dtype="complex128")


_ONE = (Sample(_c(2, 5)), Sample(T(3, 4), norm="ortho"), Sample(T(4, 3), n=5, dim=0, norm="forward"), Sample(_c(6), 4))
_REAL = (Sample(T(2, 5)), Sample(T(3, 4), norm="ortho"), Sample(T(4, 3), n=6, dim=0, norm="forward"),
         Sample(T(1, 2), 1))  # fmt: skip
_BACK = (Sample(_c(2, 4)), Sample(_c(3, 4), 7, norm="ortho"), Sample(T(4, 3), n=5, dim=0, norm="forward"),
         Sample(_c(2, 2), 1))  # fmt: skip
_MORE = (Sample(_c(3, 4)), Sample(T(2, 3, 4), norm="forward"), Sample(_c(3, 4, 2), (4, 3), (2, 0), "ortho"))
_MORE_REAL = (Sample(T(3, 4)), Sample(T(2, 3, 5), norm="forward"), Sample(T(3, 4, 2), (4, 3), (2, 0), "ortho"))
_MORE_BACK = (Sample(_c(3, 4)), Sample(_c(2, 3, 5), norm="forward"), Sample(T(3, 4, 2), (4, 5), (2, 0), "ortho"))

ROWS = [
    *[Row(f"fft.{name}", *_ONE) for name in ("fft", "ifft")],
    *[Row(f"fft.{name}", *_REAL) for name in ("rfft", "ihfft")],
    *[Row(f"fft.{name}", *_BACK) for name in ("irfft", "hfft")],
    *[Row(f"fft.{name}", *_MORE) for name in ("fft2", "ifft2")],
    *[Row(f"fft.{name}", *_MORE, Sample(_c(2, 3, 4), s=(4, -1)), Sample(T(), dim=())) for name in ("fftn", "ifftn")],
    *[Row(f"fft.{name}", *_MORE_REAL) for name in ("rfft2", "rfftn", "ihfft2", "ihfftn")],
    *[Row(f"fft.{name}", *_MORE_BACK) for name in ("irfft2", "irfftn", "hfft2", "hfftn")],
    *[Row(f"fft.{name}", Sample(T(5)), Sample(_c(3, 4)), Sample(T(3, 4), 1), Sample(T(2, 3, 5), (0, 2)))
      for name in ("fftshift", "ifftshift")],
    *[Row(f"fft.{name}", *[Sample(n, 0.5, dtype="float64") for n in (1, 4, 5)]) for name in ("fftfreq", "rfftfreq")],
]  # fmt: skip

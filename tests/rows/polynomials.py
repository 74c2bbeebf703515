import scipy.special

from .rows import Row, Sample, T

_BY_SCIPY = {
    "chebyshev_polynomial_t": "chebyt", "chebyshev_polynomial_u": "chebyu", "hermite_polynomial_h": "hermite",
    "hermite_polynomial_he": "hermitenorm", "laguerre_polynomial_l": "laguerre", "legendre_polynomial_p": "legendre",
    "shifted_chebyshev_polynomial_t": "sh_chebyt", "shifted_chebyshev_polynomial_u": "sh_chebyu",
}  # fmt: skip
_OTHERS = ["chebyshev_polynomial_v", "chebyshev_polynomial_w", "shifted_chebyshev_polynomial_v",
           "shifted_chebyshev_polynomial_w"]  # fmt: skip
_DEGREES = T(values=[0, 1, 2, 3, 9], dtype="int64")
_SAMPLES = (Sample(T(4, 1, low=-1.5, high=1.5), _DEGREES), Sample(T(3, 4), 3), Sample(T(), 0), Sample(T(0, 3), 2),
            Sample(T(2), T(values=[-1.0, 2.7], grad=False)))  # fmt: skip

ROWS = [
    # PyTorch does not differentiate them.
    *[Row(f"special.{name}", *_SAMPLES[:4], torch=False,
          reference=lambda np, x, n, theirs=theirs: getattr(scipy.special, f"eval_{theirs}")(n, x))
      for name, theirs in _BY_SCIPY.items()],
    *[Row(f"special.{name}", *_SAMPLES[:3], torch=False) for name in _OTHERS],
    *[Row(f"special.{name}", *_SAMPLES, Sample(T(values=[-1.0, 0.0, 1.0]), 5), Sample(0.3, T(values=[0.0, 3.0])),
          grad=False)
      for name in [*_BY_SCIPY, *_OTHERS]],
]  # fmt: skip

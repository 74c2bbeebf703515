import scipy.special

from .rows import Row, Sample, T

_POSITIVE = (Sample(T(3, 4, low=0.3, high=6.0)), Sample(T(low=0.5, high=3.0)), Sample(T(0, 3)))
_BELOW = Sample(T(5, low=-2.8, high=-2.2))
_PAIRS = (Sample(T(3, 4, low=0.5, high=4.0, grad=False), T(4, low=0.5, high=4.0)),
          Sample(T(3, 1, low=0.5, grad=False), T(2, 1, 4, low=0.5)),
          Sample(T(low=0.5, grad=False), T(0, 3)))  # fmt: skip

ROWS = [
    Row("lgamma", *_POSITIVE, _BELOW, covers=("gammaln",)),
    Row("lgamma", Sample(T(values=[float("inf"), -float("inf"), float("nan")])), grad=False),
    Row("lgamma", Sample(T(values=[1, 5, 7], dtype="int64")), torch=False, float32=False,
        reference=lambda np, x: scipy.special.gammaln(x)),
    Row("digamma", *_POSITIVE, _BELOW, covers=("psi",)),
    *[Row("polygamma", Sample(n, T(3, 4, low=0.3, high=4.0)), Sample(n, T(0, 3))) for n in (0, 2, 5)],
    Row("polygamma", Sample(2, T(5, low=-2.8, high=-2.2))),
    # PyTorch has the trigamma function to nine digits only.
    Row("polygamma", Sample(1, T(3, 4, low=0.3, high=4.0)), Sample(1, T(values=[0.5, 1.0, 40.0])), torch=False,
        reference=lambda np, n, x: scipy.special.polygamma(n, x)),
    Row("Tensor.polygamma", Sample(T(3, low=0.3), 2)),
    *[Row("mvlgamma", Sample(T(3, 4, low=0.5 * p + 0.1, high=6.0), p), Sample(T(0, 3), p), covers=("multigammaln",))
      for p in (1, 3)],
    Row("igamma", *_PAIRS, covers=("gammainc",)),
    Row("igammac", *_PAIRS, Sample(T(values=[2.0], grad=False), T(values=[60.0])), covers=("gammaincc",)),
    Row("special.zeta", Sample(T(3, low=1.5, high=5.0, grad=False), T(4, 1, low=0.5, high=3.0)),
        Sample(2.5, T(3, low=0.5)), torch=False, reference=lambda np, x, q: scipy.special.zeta(x, q)),
    Row("special.zeta", Sample(T(3, low=1.5, high=5.0), T(4, 1, low=0.5, high=3.0)), Sample(T(3, low=1.5), 2.0),
        Sample(T(values=[1.0, 0.5, 2.0]), T(values=[1.0, 1.0, -3.0])), grad=False),
]  # fmt: skip

from .rows import Kink, Row, Sample, T


def _c(*shape: int, **options: object) -> T:
    return T(*shape, dtype="complex128", **options)  # type: ignore[arg-type]


_BOTH = (Sample(_c(3, 4)), Sample(_c()), Sample(_c(0, 3)), Sample(T(2, 3)))

ROWS = [
    *[Row(name, *_BOTH) for name in ("real", "conj", "conj_physical", "resolve_conj", "resolve_neg", "angle", "sgn")],
    *[Row(name, Kink(T(values=[0.0, 1 - 2j, -3.0], dtype="complex128")), Kink(T(values=[0.0, -0.0, 1.0, -1.0])))
      for name in ("angle", "sgn")],
    Row("imag", Sample(_c(3, 4)), Sample(_c())),
    Row("isreal", Sample(T(values=[1.0, 1 + 1j, 0], dtype="complex128")), Sample(T(values=[0.5, float("nan")])),
        Sample(T(2, dtype="bool"))),
    Row("view_as_real", Sample(_c(3, 4)), Sample(_c())),
    Row("view_as_complex", Sample(T(3, 4, 2)), Sample(T(2)), noncontiguous=False),
    Row("complex", Sample(T(3, 4), T(3, 4)), Sample(T(3, 1), T(4)), Sample(T(), T())),
    Row("polar", Sample(T(3, 4, low=0.1), T(3, 4)), Sample(T(3, 1, low=0.1), T(4)), Sample(T(low=0.1), T())),
    Row("adjoint", Sample(_c(3, 4)), Sample(_c(2, 3, 4)), Sample(T(3, 4))),
    Row("is_complex", Sample(_c(2)), Sample(T(2))),
    Row("is_floating_point", Sample(_c(2)), Sample(T(2)), Sample(T(2, dtype="float16")), Sample(T(2, dtype="int64"))),
    Row("Tensor.cdouble", Sample(_c(2, 3)), Sample(T(2, 3)), Sample(T(3, dtype="int64")), float32=False),
    Row("Tensor.cfloat", Sample(_c(2, 3)), Sample(T(2, 3)), grad=False, float32=False),

    # Functions of other families, of complex numbers
    *[Row(name, Sample(_c(3, 4))) for name in ("exp", "expm1", "log", "log2", "log10", "log1p", "sqrt", "rsqrt",
      "reciprocal", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
      "square", "neg", "abs")],
    Row("abs", Kink(T(values=[0.0, 3 - 4j], dtype="complex128"))),
    *[Row(name, Sample(_c(3, 4), _c(4)), Sample(_c(3, 1), T(4)), Sample(T(3, 4), _c(4)), Sample(_c(3), 2 - 1j),
          Sample(T(3), 2 - 1j), dtypes=True) for name in ("add", "sub", "mul", "div", "pow")],
    Row("pow", Sample(_c(3), 3), Sample(_c(3), 2), Sample(_c(3), -1.5), Sample(_c(3), 0), Sample(2.0, _c(3))),
    Row("matmul", Sample(_c(2, 3), _c(3, 4)), Sample(_c(5, 2, 3), T(3, 4)), Sample(T(3), _c(3, 2)),
        torch=lambda torch, a, b: torch.matmul(a.cdouble(), b.cdouble())),
    Row("vdot", Sample(_c(3), _c(3)), Sample(_c(0), _c(0))),
    Row("dot", Sample(_c(3), _c(3))),
    *[Row(name, Sample(_c(3, 4)), Sample(_c(3, 4), 1), Sample(_c(3, 4), 0, True)) for name in ("sum", "mean", "prod")],
    *[Row(name, Sample(_c(3, 4), 1)) for name in ("cumsum", "cumprod")],
    Row("cat", Sample([_c(2, 3), _c(1, 3)]), Sample([_c(2), T(3)])),
    Row("where", Sample(T(3, dtype="bool"), _c(3), _c(3)), Sample(T(3, dtype="bool"), _c(3), T(3)),
        torch=lambda torch, condition, a, b: torch.where(condition, a, b.cdouble())),
    Row("Tensor.__getitem__", Sample(_c(3, 4), (slice(None), [0, 0, 2])), Sample(_c(3), 1)),
    Row("Tensor.norm", Sample(_c(3, 4)), Sample(_c(3, 4), 1), Sample(_c(3, 4), 3.0, 1), Sample(_c(3, 4), float("inf"))),
    *[Row(name, Sample(_c(3, 4)), Sample(_c(3, 4), 1)) for name in ("var", "std")],
    Row("einsum", Sample("ij,jk->ki", _c(2, 3), _c(3, 4))),
    Row("nn.functional.linear", Sample(_c(5, 3), _c(2, 3), _c(2)), torch="nn.functional.linear"),
]  # fmt: skip

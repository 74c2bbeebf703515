"""Programs for tests/test_numpy_protocol.py: each calls one function of NumPy in a namespace `np`.

The namespace is NumPy's for arrays and for tensors alike, and HIPS autograd's `autograd.numpy` where that judges.
Arguments of a case are shapes, of numbers between 0.2 and 0.9, all different; or arrays themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as onp

M, V, C = (3, 4), (5,), (2, 3, 4)
GAPS = onp.array([[1.0, onp.nan, 3.0], [2.0, 5.0, 0.5]])
SIGNS = onp.array([[-1.3, 0.4, 2.6], [0.7, -0.2, -1.9]])
LEVELS = [0.0, 0.3, 0.5, 1.0]
NO_HIPS = "cbrt positive hypot ceil floor rint sign trunc fmod floor_divide copysign float_power heaviside".split()
EYE, EYE2, EYE4 = onp.eye(3).tolist(), (2 * onp.eye(3)).tolist(), onp.eye(4).reshape(2, 2, 4).tolist()
RISING = onp.diag([4.0, 2.0, 1.0]).tolist()


@dataclass(frozen=True)
class Case:
    name: str
    run: Callable[..., Any]
    inputs: tuple[Any, ...]
    hips: bool = True
    """Whether HIPS autograd can judge it: False where it has no derivative, or one that is wrong."""

    def arrays(self) -> list[Any]:
        drawn = onp.random.default_rng(sum(map(ord, self.name)))
        made = []
        for k, given in enumerate(self.inputs):
            if isinstance(given, tuple):
                count = int(onp.prod(given))
                between = onp.linspace(0.2 + 0.0137 * k, 0.87 + 0.0119 * k, max(count, 2))
                made.append(drawn.permutation(between[:count]).reshape(given))
            else:
                made.append(onp.array(given))
        return made


def _cases() -> list[Case]:
    cases: list[Case] = []

    def add(name: str, run: Any, *inputs: Any, hips: bool = True) -> None:
        cases.append(Case(name, run, inputs, hips))

    # ufuncs of one number
    for name in (
        "absolute cbrt ceil conjugate cos cosh deg2rad degrees exp exp2 expm1 fabs floor log log10 log1p log2 negative "
        "positive rad2deg radians reciprocal rint sign sin sinh sqrt square tan tanh trunc arccos arcsin arctan "
        "arcsinh arctanh"
    ).split():
        add(name, lambda np, x, name=name: getattr(np, name)(x), M, hips=name not in NO_HIPS)
    add("arccosh", lambda np, x: np.arccosh(x + 1), M)
    add("frexp", lambda np, x: np.frexp(x)[0], M, hips=False)
    add("modf", lambda np, x: np.modf(x * 3), M, hips=False)
    add("absolute", lambda np, x: np.abs(x), SIGNS)
    add("conjugate", lambda np, x: np.conj(x * (1 + 2j)), M, hips=False)

    # of two
    for (
        name
    ) in "add arctan2 divide fmax fmin hypot logaddexp logaddexp2 maximum minimum multiply power subtract".split():
        add(name, lambda np, x, y, name=name: getattr(np, name)(x, y), M, (4,), hips=name not in NO_HIPS)
        add(name, lambda np, x, name=name: getattr(np, name)(x, 0.5), M, hips=name not in NO_HIPS)
        add(
            name,
            lambda np, x, name=name: getattr(np, name)([0.3, 0.4, 0.5, 0.6], x),
            M,
            hips=name not in (*NO_HIPS, "arctan2"),
        )
    for name in "fmod remainder floor_divide copysign float_power heaviside".split():
        add(name, lambda np, x, y, name=name: getattr(np, name)(x + 1, y), M, (4,), hips=name not in NO_HIPS)
    add("divmod", lambda np, x, y: np.divmod(x + 1, y), M, (4,), hips=False)
    add("ldexp", lambda np, x: np.ldexp(x, [1, 2, -1, 0]), M, hips=False)
    for name in "equal greater greater_equal less less_equal not_equal".split():
        add(name, lambda np, x, y, name=name: np.where(getattr(np, name)(x, y), x, y), M, M)
    add("matmul", lambda np, x, y: np.matmul(x, y), C, (4, 2))
    add("matmul", lambda np, x, y: x @ y, (4,), C[:1] + (4, 3))
    add("vecdot", lambda np, x, y: np.vecdot(x, y), M, (4,), hips=False)
    if hasattr(onp, "matvec"):  # since NumPy 2.2
        add("matvec", lambda np, x, y: np.matvec(x, y), C, (4,), hips=False)
        add("vecmat", lambda np, x, y: np.vecmat(x, y), (2, 3), C, hips=False)

    # methods of ufuncs
    for name in "add multiply maximum minimum logaddexp fmax fmin subtract".split():
        add(f"{name}.reduce", lambda np, x, name=name: getattr(np, name).reduce(x), M, hips=False)
        add(
            f"{name}.reduce", lambda np, x, name=name: getattr(np, name).reduce(x, axis=1, keepdims=True), M, hips=False
        )
        add(f"{name}.reduce", lambda np, x, name=name: getattr(np, name).reduce(x, 0, initial=0.55), M, hips=False)
        add(f"{name}.accumulate", lambda np, x, name=name: getattr(np, name).accumulate(x, axis=1), M, hips=False)
        add(f"{name}.outer", lambda np, x, y, name=name: getattr(np, name).outer(x, y), (2, 3), (4,), hips=False)
        add(
            f"{name}.reduceat", lambda np, x, name=name: getattr(np, name).reduceat(x, [0, 2, 1], axis=1), M, hips=False
        )
    add("add.reduce", lambda np, x: np.add.reduce(x, axis=None), M, hips=False)
    add("add.reduce", lambda np, x: np.add.reduce(x, axis=(0, 2)), C, hips=False)
    add("add.reduce", lambda np, x: np.add.reduce(x, where=[True, False, True, True]), M, hips=False)

    # reductions
    for name in "sum mean prod max min amax amin std var ptp median".split():
        f = lambda np, x, name=name, **k: getattr(np, name)(x, **k)  # noqa: E731
        hips = name not in ("ptp", "median")
        add(name, f, M, hips=hips)
        add(name, lambda np, x, f=f: f(np, x, axis=0), C, hips=hips)
        add(name, lambda np, x, f=f: f(np, x, axis=(0, -1)), C, hips=hips and name != "prod")
        add(name, lambda np, x, f=f: f(np, x, axis=1, keepdims=True), C, hips=hips)
        add(name, lambda np, x, f=f: f(np, x, keepdims=True), M, hips=hips)
        if name not in ("ptp", "median"):
            add(name, lambda np, x, f=f: f(np, x, axis=()), M, hips=False)
            mask = [True, False, True, True]
            start = {"initial": 0.55} if name not in ("mean", "std", "var") else {}
            add(name, lambda np, x, f=f, mask=mask, start=start: f(np, x, axis=1, where=mask, **start), M, hips=False)
    add("sum", lambda np, x: np.sum(x, 0, onp.float64), M)
    add("sum", lambda np, x: np.sum(x, dtype=float), onp.float32([1, 2]), hips=False)
    add("max", lambda np, x: np.max(x), [1.0, 3.0, 3.0])
    add("var", lambda np, x: np.var(x, axis=0, ddof=1), M)
    add("std", lambda np, x: np.std(x, ddof=1), M)
    add("var", lambda np, x: np.var(x, axis=1, correction=1), M, hips=False)
    add("var", lambda np, x: np.var(x, axis=1, mean=np.mean(x, axis=1, keepdims=True)), M, hips=False)
    add("average", lambda np, x: np.average(x, axis=1), M, hips=False)
    add("average", lambda np, x, w: np.average(x, axis=1, weights=w), M, (4,), hips=False)
    add("average", lambda np, x, w: np.average(x, weights=w, returned=True), M, M, hips=False)
    add("average", lambda np, x, w: np.average(x, axis=(2, 0), weights=w, keepdims=True), C, (4, 2), hips=False)
    for name in "nansum nanmean nanprod nanmax nanmin nanstd nanvar nancumsum nancumprod nanmedian".split():
        add(name, lambda np, x, name=name: getattr(np, name)(x), GAPS, hips=False)
        add(name, lambda np, x, name=name: getattr(np, name)(x, axis=0), GAPS, hips=False)
    for name in "quantile nanquantile".split():
        for method in "linear lower higher midpoint nearest".split():
            add(name, lambda np, x, name=name, m=method: getattr(np, name)(x, LEVELS, axis=1, method=m), C, hips=False)
        add(name, lambda np, x, name=name: getattr(np, name)(x, 0.3, axis=(0, 2), keepdims=True), C, hips=False)
    for method in "hazen weibull median_unbiased normal_unbiased interpolated_inverted_cdf".split():
        add("quantile", lambda np, x, m=method: np.quantile(x, [LEVELS, LEVELS], axis=1, method=m), M, hips=False)
    add("percentile", lambda np, x: np.percentile(x, [10, 50]), M, hips=False)
    add("nanpercentile", lambda np, x: np.nanpercentile(x, 40, axis=1), GAPS, hips=False)
    for name in "cumsum cumprod".split():
        add(name, lambda np, x, name=name: getattr(np, name)(x), M, hips=name == "cumsum")
        add(name, lambda np, x, name=name: getattr(np, name)(x, axis=1), M, hips=name == "cumsum")
    for name in "cumulative_sum cumulative_prod".split():
        add(name, lambda np, x, name=name: getattr(np, name)(x, axis=1, include_initial=True), M, hips=False)
        add(name, lambda np, x, name=name: getattr(np, name)(x), V, hips=False)
    add("sort", lambda np, x: np.sort(x), V)
    add("sort", lambda np, x: np.sort(x, axis=0, kind="stable"), M, hips=False)
    add("sort", lambda np, x: np.sort(x, axis=None), M, hips=False)
    add("partition", lambda np, x: np.partition(x, 2), V)
    add("partition", lambda np, x: np.partition(x, 1, axis=0), M, hips=False)

    # shapes
    add("reshape", lambda np, x: np.reshape(x, (2, 6)), M)
    add("reshape", lambda np, x: np.reshape(x, -1, order="F"), M)
    add("reshape", lambda np, x: np.reshape(x, (4, -1), "F", copy=True), M, hips=False)
    add("ravel", lambda np, x: np.ravel(x), M)
    add("ravel", lambda np, x: np.ravel(x, order="F"), M)
    add("transpose", lambda np, x: np.transpose(x), C)
    add("transpose", lambda np, x: np.transpose(x, (1, 2, 0)), C)
    add("matrix_transpose", lambda np, x: np.matrix_transpose(x), C, hips=False)
    add("swapaxes", lambda np, x: np.swapaxes(x, 0, -1), C)
    add("moveaxis", lambda np, x: np.moveaxis(x, 0, -1), C)
    add("moveaxis", lambda np, x: np.moveaxis(x, [0, 1], [-1, 0]), C)
    for axis, start in ((2, 0), (0, 2), (1, 3), (-1, 1)):
        add("rollaxis", lambda np, x, a=axis, s=start: np.rollaxis(x, a, s), C, hips=axis >= 0 and start < 3)
    add("squeeze", lambda np, x: np.squeeze(x), (1, 3, 1))
    add("squeeze", lambda np, x: np.squeeze(x, axis=0), (1, 3, 1))
    add("expand_dims", lambda np, x: np.expand_dims(x, 1), M)
    add("expand_dims", lambda np, x: np.expand_dims(x, (0, -1)), M)
    add("broadcast_to", lambda np, x: np.broadcast_to(x, (2, 3, 4)), M, hips=False)
    add("broadcast_to", lambda np, x: np.broadcast_to(x, (3, 4)), (1, 4))
    add("broadcast_arrays", lambda np, x, y: np.broadcast_arrays(x, y), M, (4,), hips=False)
    for k in "123":
        add(f"atleast_{k}d", lambda np, x, k=k: getattr(np, f"atleast_{k}d")(x), V)
        add(f"atleast_{k}d", lambda np, x, y, k=k: getattr(np, f"atleast_{k}d")(x, y), V, (), hips=False)
    for indexing in ("xy", "ij"):
        for sparse in (True, False):
            add(
                "meshgrid", lambda np, x, y, i=indexing, s=sparse: np.meshgrid(x, y, indexing=i, sparse=s),
                (3,), (4,), hips=False,
            )  # fmt: skip
    add("concatenate", lambda np, x, y: np.concatenate([x, y]), M, (2, 4))
    add("concatenate", lambda np, x, y: np.concatenate((x, y), axis=None), M, (2, 4), hips=False)
    add("concatenate", lambda np, x: np.concatenate([x, [[1.0, 2.0, 3.0, 4.0]]], 0), M)
    for name in "stack hstack vstack dstack column_stack".split():
        add(name, lambda np, x, y, name=name: getattr(np, name)([x, y]), (3,), (3,), hips=name != "dstack")
        add(name, lambda np, x, y, name=name: getattr(np, name)((x, y)), M, M, hips=name != "dstack")
    add("stack", lambda np, x, y: np.stack([x, y], axis=-1), M, M)
    add("append", lambda np, x, y: np.append(x, y), M, (2,))
    add("append", lambda np, x, y: np.append(x, y, axis=0), M, (1, 4))
    add("block", lambda np, x, y: np.block([[x, y], [y, x]]), M, M, hips=False)
    add("block", lambda np, x: np.block([x, x]), V, hips=False)
    for name, sections in (("array_split", 3), ("split", 2), ("split", [1, 3]), ("array_split", [2])):
        add(name, lambda np, x, name=name, s=sections: getattr(np, name)(x, s, axis=1), M)
    add("vsplit", lambda np, x: np.vsplit(x, 3), M)
    add("hsplit", lambda np, x: np.hsplit(x, [1]), M)
    add("dsplit", lambda np, x: np.dsplit(x, 2), C)
    add("unstack", lambda np, x: np.unstack(x, axis=1), M, hips=False)
    add("tile", lambda np, x: np.tile(x, (2, 1, 3)), M)
    add("tile", lambda np, x: np.tile(x, 2), M, hips=False)
    add("repeat", lambda np, x: np.repeat(x, 3), M)
    add("repeat", lambda np, x: np.repeat(x, 2, axis=0), M)
    add("repeat", lambda np, x: np.repeat(x, [1, 0, 2], axis=0), M, hips=False)
    add("resize", lambda np, x: np.resize(x, (5, 3)), M, hips=False)
    add("resize", lambda np, x: np.resize(x, 4), M, hips=False)
    for name in "flipud fliplr rot90".split():
        add(name, lambda np, x, name=name: getattr(np, name)(x), M)
    add("rot90", lambda np, x: np.rot90(x, 3, axes=(1, 2)), C, hips=False)
    add("flip", lambda np, x: np.flip(x), M, hips=False)
    add("flip", lambda np, x: np.flip(x, axis=1), M, hips=False)
    add("roll", lambda np, x: np.roll(x, 2), M)
    add("roll", lambda np, x: np.roll(x, 1, axis=1), M)
    add("roll", lambda np, x: np.roll(x, (1, 2), axis=(0, 1)), M, hips=False)
    add("roll", lambda np, x: np.roll(x, 1, axis=(0, 1)), M)
    add("pad", lambda np, x: np.pad(x, 1, "constant"), M)
    add("pad", lambda np, x: np.pad(x, ((1, 0), (0, 2)), mode="constant", constant_values=3.0), M, hips=False)
    add("pad", lambda np, x: np.pad(x, 1, constant_values=((1, 2), (3, 4))), M, hips=False)
    for mode in "reflect symmetric edge wrap".split():
        add("pad", lambda np, x, mode=mode: np.pad(x, ((1, 2), (0, 6)), mode=mode), M, hips=False)
    add("diag", lambda np, x: np.diag(x), (3, 3))
    add("diag", lambda np, x: np.diag(x, -1), V)
    add("diagflat", lambda np, x: np.diagflat(x, 1), (2, 2), hips=False)
    add("diagonal", lambda np, x: np.diagonal(x), M, hips=False)
    add("diagonal", lambda np, x: np.diagonal(x, 0, -1, -2), (2, 3, 3))
    add("diagonal", lambda np, x: np.diagonal(x, 1, 1, 2), C, hips=False)
    add("trace", lambda np, x: np.trace(x, 1), M)
    add("trace", lambda np, x: np.trace(x, axis1=1, axis2=2), C, hips=False)
    add("tril", lambda np, x: np.tril(x, 1), M)
    add("triu", lambda np, x: np.triu(x, -1), M)
    add("vander", lambda np, x: np.vander(x, 4), V, hips=False)
    add("vander", lambda np, x: np.vander(x, increasing=True), (3,), hips=False)
    add("take", lambda np, x: np.take(x, [[0, 3], [5, -1]]), M, hips=False)
    add("take", lambda np, x: np.take(x, [0, 2, 0], axis=1), M, hips=False)
    add("take", lambda np, x: np.take(x, 1, axis=0), M, hips=False)
    add("take", lambda np, x: np.take(x, [-5, 9], axis=1, mode="wrap"), M, hips=False)
    add("take", lambda np, x: np.take(x, [-5, 9], axis=1, mode="clip"), M, hips=False)
    add("take_along_axis", lambda np, x: np.take_along_axis(x, np.argsort(x, axis=1), axis=1), M, hips=False)
    add("compress", lambda np, x: np.compress([True, False, True], x, axis=0), M, hips=False)
    add("extract", lambda np, x: np.extract(x > 0.5, x), M, hips=False)
    add("choose", lambda np, x, y: np.choose([[0, 1, 0, 1]], [x, y]), M, M, hips=False)
    add("where", lambda np, x, y: np.where(x > 0.5, x, y), M, (4,), hips=False)
    add("where", lambda np, x, y: np.where(x > 0.5, x, y), M, M)
    add("where", lambda np, x: np.where(x > 0.5, x * x, 0.0), M)
    add("select", lambda np, x: np.select([x < 0.4, x < 0.6], [x * x, -x], 7.0), M, hips=False)
    add("delete", lambda np, x: np.delete(x, [0, 2], axis=1), M, hips=False)
    add("delete", lambda np, x: np.delete(x, slice(0, 5, 2)), M, hips=False)
    add("insert", lambda np, x, y: np.insert(x, 1, y, axis=0), M, (4,), hips=False)
    add("insert", lambda np, x, y: np.insert(x, [1, 3], y, axis=1), M, (3, 2), hips=False)
    add("insert", lambda np, x: np.insert(x, 2, 5.0), M, hips=False)
    add("insert", lambda np, x, y: np.insert(x, 1, y, axis=1), M, (2, 3), hips=False)
    add("full_like", lambda np, x, y: x * np.full_like(x, y), M, (), hips=False)
    add("copy", lambda np, x: np.copy(x), M, hips=False)
    add("astype", lambda np, x: np.astype(x, onp.float64), onp.float32([0.5, 2]), hips=False)

    # mathematics
    add("round", lambda np, x: np.round(x, 1) + x, M, hips=False)
    add("around", lambda np, x: np.around(x, 1) + x, M, hips=False)
    add("fix", lambda np, x: np.fix(x * 3) + x, M, hips=False)
    add("clip", lambda np, x: np.clip(x, 0.3, 0.6), M)
    add("clip", lambda np, x: np.clip(x, a_max=0.6, a_min=None), M, hips=False)
    add("clip", lambda np, x, y: np.clip(x, y, y + 0.1), M, (4,), hips=False)
    add("clip", lambda np, x, y: np.clip(x, max=y), M, (4,), hips=False)
    add("nan_to_num", lambda np, x: np.nan_to_num(x, nan=2.0), GAPS, hips=False)
    add("real", lambda np, x: np.real(x * (1 + 2j)), M)
    add("imag", lambda np, x: np.imag(x * (1 + 2j)), M)
    add("imag", lambda np, x: np.imag(x) + x, M, hips=False)
    add("real", lambda np, x: np.real(x), M)
    add("angle", lambda np, x: np.angle(x * (1 + 2j) + 3), M)
    add("angle", lambda np, x: np.angle(x + 2j, deg=True), SIGNS, hips=False)
    add("real_if_close", lambda np, x: np.real_if_close(x + 0j), M)
    add("sinc", lambda np, x: np.sinc(x), M)
    add("i0", lambda np, x: np.i0(x), M, hips=False)
    add("unwrap", lambda np, x: np.unwrap(x * 9), V, hips=False)
    add("dot", lambda np, x, y: np.dot(x, y), M, (4, 2))
    add("dot", lambda np, x, y: np.dot(x, y), C, (2, 4, 3))
    add("dot", lambda np, x, y: np.dot(x, y), V, V)
    add("dot", lambda np, x, y: np.dot(x, y), C, (4,))
    add("dot", lambda np, x, y: np.dot(x, y), (4,), C[:1] + (4, 2))
    add("dot", lambda np, x: np.dot(x, 2.0), M)
    add("vdot", lambda np, x, y: np.vdot(x, y), M, (4, 3), hips=False)
    add("inner", lambda np, x, y: np.inner(x, y), M, (2, 4))
    add("outer", lambda np, x, y: np.outer(x, y), (2, 2), (3,), hips=False)
    add("outer", lambda np, x, y: np.outer(x, y), (2,), (3,))
    add("tensordot", lambda np, x, y: np.tensordot(x, y), C, (3, 4, 2))
    add("tensordot", lambda np, x, y: np.tensordot(x, y, axes=([0, 1], [1, 0])), C, (3, 2, 2))
    add("tensordot", lambda np, x, y: np.tensordot(x, y, axes=(1, 0)), C, (3, 2), hips=False)
    add("tensordot", lambda np, x, y: np.tensordot(x, y, 0), (2,), (3,))
    add("einsum", lambda np, x, y: np.einsum("ij,jk->ik", x, y), M, (4, 2))
    add("einsum", lambda np, x: np.einsum("ii", x), (3, 3), hips=False)
    add("einsum", lambda np, x, y: np.einsum(x, [0, 1], y, [1], [0]), M, (4,))
    add("einsum", lambda np, x, y: np.einsum("...j,j->...", x, y, optimize=True), C, (4,), hips=False)
    add("kron", lambda np, x, y: np.kron(x, y), (2, 2), (3, 2))
    add("kron", lambda np, x, y: np.kron(x, y), (2,), (3, 2), hips=False)
    add("cross", lambda np, x, y: np.cross(x, y), (4, 3), (4, 3))
    add("cross", lambda np, x, y: np.cross(x, y, axis=0), (3, 2), (3, 2), hips=False)
    add("cross", lambda np, x, y: np.cross(x, y, axisa=0, axisb=-1, axisc=0), (3, 2), (2, 3), hips=False)
    add("diff", lambda np, x: np.diff(x), M)
    add("diff", lambda np, x: np.diff(x, 2, axis=0), M, hips=False)
    add("diff", lambda np, x, y: np.diff(x, prepend=y, append=0.5), M, (3, 2), hips=False)
    add("diff", lambda np, x: np.diff(x, n=0), M, hips=False)
    add("ediff1d", lambda np, x: np.ediff1d(x, to_begin=[1.0, 2.0], to_end=3.0), M, hips=False)
    add("gradient", lambda np, x: np.gradient(x), (4, 5))
    add("gradient", lambda np, x: np.gradient(x, axis=1), (4, 5))
    add("gradient", lambda np, x: np.gradient(x, 0.5, edge_order=2), V, hips=False)
    add("gradient", lambda np, x, p: np.gradient(x, p, axis=0), V, [0.0, 0.1, 0.4, 0.5, 0.9], hips=False)
    add("gradient", lambda np, x, p: np.gradient(x, p, edge_order=2), V, [0.0, 0.1, 0.4, 0.5, 0.9], hips=False)
    add("gradient", lambda np, x: np.gradient(x, 2.0, [0.0, 1.0, 3.0, 4.0]), M, hips=False)
    add("trapezoid", lambda np, x: np.trapezoid(x, dx=0.3), M, hips=False)
    add("trapezoid", lambda np, x, p: np.trapezoid(x, p, axis=0), M, [0.0, 1.0, 1.5], hips=False)
    add("interp", lambda np, x, p, f: np.interp(x, p, f), M, [0.1, 0.5, 0.8], (3,), hips=False)
    add("interp", lambda np, x, f: np.interp(x, [0.3, 0.5], f, left=1.0, right=2.0), M, (2,), hips=False)
    for mode in "full same valid".split():
        for n, m in ((5, 3), (5, 4), (3, 5), (4, 2)):
            add("convolve", lambda np, x, y, mode=mode: np.convolve(x, y, mode), (n,), (m,), hips=False)
            add("correlate", lambda np, x, y, mode=mode: np.correlate(x, y, mode), (n,), (m,), hips=False)
    add("polyval", lambda np, p, x: np.polyval(p, x), (4,), M, hips=False)
    add("polyadd", lambda np, p, q: np.polyadd(p, q), (4,), (2,), hips=False)
    add("polysub", lambda np, p, q: np.polysub(p, q), (2,), (4,), hips=False)
    add("polymul", lambda np, p, q: np.polymul(p, q), (4,), (2,), hips=False)
    add("polyder", lambda np, p: np.polyder(p, 2), (4,), hips=False)
    add("polyint", lambda np, p: np.polyint(p, 2, [1.0, 2.0]), (4,), hips=False)
    add("linspace", lambda np, x, y: np.linspace(x, y, 5), (), (), hips=True)
    add("linspace", lambda np, x: np.linspace(x, 2.0, 4, endpoint=False, axis=-1, retstep=True), (3,), hips=False)
    add("logspace", lambda np, x, y: np.logspace(x, y, 5, base=2.0), (), (), hips=False)
    add("geomspace", lambda np, x, y: np.geomspace(x, y, 5), (2,), (2,), hips=False)
    add("cov", lambda np, x: np.cov(x), M, hips=False)
    add("cov", lambda np, x, y: np.cov(x, y, rowvar=False, bias=True), M, (3, 2), hips=False)
    weights = {"fweights": [1, 2, 1, 3], "aweights": [0.5, 0.2, 0.9, 0.4]}
    add("cov", lambda np, x: np.cov(x, ddof=0, **weights), M, hips=False)
    add("corrcoef", lambda np, x: np.corrcoef(x), M, hips=False)
    add("bincount", lambda np, w: np.bincount([0, 3, 3, 1, 0], w, 6), V, hips=False)
    add("apply_along_axis", lambda np, x: np.apply_along_axis(lambda v: v[:2] * np.sum(v), 1, x), C, hips=False)
    add("apply_along_axis", lambda np, x: np.apply_along_axis(lambda v: np.prod(v), 0, x), M, hips=False)
    add("apply_over_axes", lambda np, x: np.apply_over_axes(np.sum, x, [0, 2]), C, hips=False)
    add("piecewise", lambda np, x: np.piecewise(x, [x < 0.4, x > 0.7], [np.sin, 2.0, lambda v: v * v]), M, hips=False)

    # linalg
    square, tall = (3, 3), (4, 2)
    for name in "det inv slogdet".split():
        add(f"linalg.{name}", lambda np, x, name=name: getattr(np.linalg, name)(np.add(x, EYE2)), square)
        add(f"linalg.{name}", lambda np, x, name=name: getattr(np.linalg, name)(np.add(x, EYE2)), (2, 3, 3))
    add("linalg.solve", lambda np, a, b: np.linalg.solve(np.add(a, EYE2), b), square, (3, 2))
    add("linalg.solve", lambda np, a, b: np.linalg.solve(np.add(a, EYE2), b), square, (3,))
    add("linalg.solve", lambda np, a, b: np.linalg.solve(np.add(a, EYE2), b), (3, 3, 3), (3, 3), hips=False)
    symmetric = lambda np, x: np.add((x + np.matrix_transpose(x)) / 2, RISING)  # noqa: E731
    add("linalg.cholesky", lambda np, x: np.linalg.cholesky(np.add(np.dot(x, x.T), EYE)), square)
    add("linalg.cholesky", lambda np, x: np.linalg.cholesky(np.add(x @ x.T, EYE), upper=True), square, hips=False)
    add("linalg.eigh", lambda np, x: np.linalg.eigh(symmetric(np, x))[0], square, hips=False)
    add("linalg.eigh", lambda np, x: np.linalg.eigh(symmetric(np, x), "U")[1] ** 2, square, hips=False)
    add("linalg.eigvalsh", lambda np, x: np.linalg.eigvalsh(symmetric(np, x)), square, hips=False)
    add("linalg.eig", lambda np, x: np.linalg.eig(symmetric(np, x))[0], square, hips=False)
    add("linalg.eigvals", lambda np, x: np.linalg.eigvals(symmetric(np, x)), square, hips=False)
    add("linalg.svd", lambda np, x: np.linalg.svd(x, full_matrices=False)[1], tall)
    add("linalg.svd", lambda np, x: np.linalg.svd(x, compute_uv=False), (2, 4, 3))
    add("linalg.svd", lambda np, x: np.linalg.svd(x, False)[0] ** 2, tall)
    add("linalg.svdvals", lambda np, x: np.linalg.svdvals(x), tall, hips=False)
    add("linalg.qr", lambda np, x: [p**2 for p in np.linalg.qr(x)], tall, hips=False)
    add("linalg.qr", lambda np, x: np.linalg.qr(x, mode="r") ** 2, tall, hips=False)
    add("linalg.pinv", lambda np, x: np.linalg.pinv(x), tall, hips=False)
    add("linalg.lstsq", lambda np, a, b: np.linalg.lstsq(a, b)[:2], tall, (4, 2), hips=False)
    add("linalg.lstsq", lambda np, a, b: np.linalg.lstsq(a, b, rcond=None)[0], (2, 4), (2,), hips=False)
    add("linalg.matrix_power", lambda np, x: np.linalg.matrix_power(x, 3), square, hips=False)
    add("linalg.matrix_power", lambda np, x: np.linalg.matrix_power(np.add(x, EYE), -2), square, hips=False)
    add("linalg.multi_dot", lambda np, x, y, z: np.linalg.multi_dot([x, y, z]), M, (4, 2), (2,), hips=False)
    add("linalg.norm", lambda np, x: np.linalg.norm(x), C)
    add("linalg.norm", lambda np, x: np.linalg.norm(x, axis=1), M)
    add("linalg.norm", lambda np, x: np.linalg.norm(x, 3, axis=1, keepdims=True), M, hips=False)
    for ord in (1, -1, 2, -2, float("inf"), -float("inf"), "fro", "nuc"):
        add("linalg.norm", lambda np, x, ord=ord: np.linalg.norm(x, ord), M, hips=ord in ("fro", "nuc"))
        add("linalg.norm", lambda np, x, ord=ord: np.linalg.norm(x, ord, axis=(2, 0)), C, hips=ord == "fro")
        add("linalg.matrix_norm", lambda np, x, o=ord: np.linalg.matrix_norm(x, ord=o, keepdims=True), C, hips=False)
    for ord in (1, 2, 2.5, float("inf"), -float("inf")):
        add("linalg.norm", lambda np, x, ord=ord: np.linalg.norm(x, ord), V, hips=ord in (2, 2.5))
    add("linalg.vector_norm", lambda np, x: np.linalg.vector_norm(x), C, hips=False)
    add("linalg.vector_norm", lambda np, x: np.linalg.vector_norm(x, axis=(0, 2), ord=3), C, hips=False)
    for p in (None, -2, "fro", 1, float("inf")):
        add("linalg.cond", lambda np, x, p=p: np.linalg.cond(np.add(x, EYE), p), square, hips=False)
    add("linalg.tensorinv", lambda np, x: np.linalg.tensorinv(np.add(x, EYE4), ind=2), (2, 2, 4), hips=False)
    add("linalg.tensorsolve", lambda np, a, b: np.linalg.tensorsolve(np.add(a, EYE4), b), (2, 2, 4), (2, 2), hips=False)
    add("linalg.trace", lambda np, x: np.linalg.trace(x), C, hips=False)
    add("linalg.diagonal", lambda np, x: np.linalg.diagonal(x, offset=1), C, hips=False)
    add("linalg.matrix_transpose", lambda np, x: np.linalg.matrix_transpose(x), C, hips=False)
    add("linalg.matmul", lambda np, x, y: np.linalg.matmul(x, y), C, (4, 2), hips=False)
    add("linalg.outer", lambda np, x, y: np.linalg.outer(x, y), (2,), (3,), hips=False)
    add("linalg.cross", lambda np, x, y: np.linalg.cross(x, y, axis=0), (3, 2), (3, 2), hips=False)
    add("linalg.vecdot", lambda np, x, y: np.linalg.vecdot(x, y, axis=0), M, M, hips=False)
    add("linalg.tensordot", lambda np, x, y: np.linalg.tensordot(x, y, axes=1), C, (4, 2), hips=False)

    # fft
    for name in "fft ifft rfft ihfft".split():
        for k in ({}, {"n": 6}, {"n": 3, "axis": 0}, {"norm": "ortho"}):
            hips = name in ("fft", "ifft") or (name == "rfft" and not k)
            add(f"fft.{name}", lambda np, x, name=name, k=k: getattr(np.fft, name)(x, **k), (4, 4), hips=hips)
    for name in "irfft hfft".split():
        for k in ({}, {"n": 7}, {"axis": 0}):
            add(
                f"fft.{name}",
                lambda np, x, name=name, k=k: getattr(np.fft, name)(x + 1j * x * x, **k),
                (4, 4),
                hips=False,
            )
    for name in "fft2 ifft2 rfft2 fftn ifftn rfftn".split():
        add(
            f"fft.{name}",
            lambda np, x, name=name: getattr(np.fft, name)(x),
            (2, 4, 4),
            hips=name in ("fft2", "ifft2", "fftn"),
        )
        add(f"fft.{name}", lambda np, x, name=name: getattr(np.fft, name)(x, (3, 6), axes=(1, 0)), (4, 4), hips=False)
    for name in "irfft2 irfftn".split():
        add(f"fft.{name}", lambda np, x, name=name: getattr(np.fft, name)(x + 1j * x * x), (4, 4), hips=False)
    add("fft.fftshift", lambda np, x: np.fft.fftshift(x), (3, 4))
    add("fft.ifftshift", lambda np, x: np.fft.ifftshift(x, axes=1), (3, 5))
    return cases


CASES = _cases()

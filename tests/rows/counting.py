from typing import Any

from .rows import Row, Sample, T

_INTS = T(values=[[3, 1, 3, 0], [1, 1, 3, 3], [3, 1, 3, 0]], dtype="int64")
_SORTED = T(values=[-1.0, 0.0, 0.5, 0.5, 2.0])
_BOOLS = T(3, 4, dtype="bool")


def _pairs(*kwargs: dict[str, Any]) -> list[Sample]:
    both = {"return_inverse": True, "return_counts": True}
    return [Sample(_INTS), *[Sample(_INTS, **both, **more) for more in kwargs]]


ROWS = [
    Row("unique", *_pairs({}, {"dim": 0}, {"dim": 1}), Sample(T(2, 3, grad=False)), Sample(T(0)), Sample(_BOOLS),
        Sample(T(0), dim=0), Sample(T(3, 0, 2), dim=1),
        Sample(T(values=[float("nan"), 1.0, float("nan")], grad=False)), grad=False),
    Row("unique_consecutive", *_pairs({}, {"dim": 0}, {"dim": -1}), Sample(T(0)), Sample(T(0), dim=0), grad=False),
    Row("searchsorted", Sample(_SORTED, T(2, 3)), Sample(_SORTED, _SORTED, right=True), Sample(_SORTED, 0.5),
        Sample(T(values=[[1, 3, 5], [2, 4, 6]], dtype="int64"), T(values=[[3, 0], [3, 9]], dtype="int64"),
               side="right"),
        Sample(T(values=[2.0, 1.0, 3.0]), T(4), sorter=T(values=[1, 0, 2], dtype="int64")),
        Sample(_SORTED, _SORTED, out_int32=True), Sample(T(2, 0), T(2, 3)), Sample(T(0, 2), T(0, 0)),
        Sample(T(values=[[[1.0, 2.0, 2.0, 4.0, 8.0]], [[0.0, 0.0, 0.0, 0.0, 0.0]]]),
               T(values=[[[2.0, 9.0, -1.0]], [[0.0, float("nan"), -float("inf")]]])), grad=False, noncontiguous=False),
    Row("bucketize", Sample(T(2, 3), _SORTED), Sample(_SORTED, _SORTED, right=True), grad=False),
    Row("isin", Sample(_INTS, T(values=[0, 1], dtype="int64")), Sample(_INTS, 3), Sample(_INTS, 3, invert=True),
        grad=False),
    Row("nonzero_static", Sample(_INTS, size=4), Sample(_INTS, size=12, fill_value=7), grad=False),
    Row("unravel_index", Sample(T(values=[0, 7, 11], dtype="int64"), (3, 4)),
        Sample(T(values=-1, dtype="int64"), (3, 4)), grad=False),
    Row("tril_indices", Sample(3, 4), Sample(3, 2, -1, dtype="int32"), Sample(0, 2), grad=False),
    Row("triu_indices", Sample(3, 4, 1), Sample(4, 3, offset=-1), grad=False),
]  # fmt: skip

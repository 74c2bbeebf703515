from typing import Any

from .rows import Row, Sample, T


def _mask(*values: Any) -> T:
    return T(values=list(values), dtype="bool")


def _index(*values: Any, dtype: str = "int64") -> T:
    return T(values=list(values), dtype=dtype)


_BASIC = (
    0,
    -1,
    (0, 1),
    (1, -2, 0),
    slice(1, None),
    slice(None, None, 2),
    (slice(None), slice(0, 2)),
    None,
    (..., 1),
    (0, None, ..., slice(1, 4, 2)),
    ...,
    (),
    (slice(None), 0),
    (None, 1, None),
    slice(5, 9),
    (slice(2, 0), 1),
)
_ARRAYS = (
    [2, 0, 2],
    ([0, 1, 1],),
    (slice(None), [0, 0, 2]),
    ([0, 2], [1, 1]),
    ([[0], [2]], [0, 1]),
    (0, slice(None), [0, 3]),
    (slice(1, 3), [0, 1], 2),
    ([0, 1], slice(None), [1, 3]),
    (..., [0, 0]),
    ([0, 1], None, [1, 2]),
    (None, [0, 2], 1),
    ([0, -1], ..., -1),
    [],
    ([[0, 1], [2, 0]],),
    (slice(None, None, 2), 1, [3, 3]),
    _index(1, 1, 0),
    (_index(0, 2), _index(2, 2, dtype="int32")),
    (slice(None), T(values=1, dtype="int64")),
    T(values=2, dtype="int64"),
)
_MASKS = (
    _mask(True, False, True),
    _mask([True, False, True], [False, False, False], [True, True, False]),
    (slice(None), _mask(True, False, True)),
    (_mask(True, False, True), 1),
    (_mask(True, False, True), [0, 2]),
    (_mask(True, False, True), slice(None), _mask(False, True, True, False)),
    (..., _mask(False, True, True, False)),
    _mask(False, False, False),
    True,
    False,
    (0, True),
    T(values=True, dtype="bool"),
)


def _assigned(module: Any, x: Any, index: Any, value: Any) -> Any:
    x = x.clone()
    x[index] = value
    return x


def _setitem(cr: Any, x: Any, index: Any, value: Any) -> Any:
    from chainrule.autograd.ops.getitem import setitem

    return setitem(x, index, value)


_SETTINGS = (
    Sample(T(3, 3, 4), 0, T(3, 4)),
    Sample(T(3, 3, 4), (slice(None), 1), T(4)),
    Sample(T(3, 3, 4), (..., 2), T()),
    Sample(T(3, 3, 4), slice(1, None), 2.5),
    Sample(T(3, 3, 4), ..., T(1, 3, 1)),
    Sample(T(3, 3, 4), 1, T(1, 1, 3, 4)),
    Sample(T(3), 1, T()),
    Sample(T(), (), T()),
    Sample(T(4), [3, 0], T(2)),
    Sample(T(3, 3, 4), ([0, 2], [1, 1]), T(2, 4)),
    Sample(T(3, 3, 4), (0, slice(None), [0, 3]), T(3, 2)),
    Sample(T(3, 3, 4), (slice(1, 3), [0, 1], 2), T(2, 1)),
    Sample(T(3, 3, 4), _index(0, 2), T(1, 3, 4)),
    Sample(T(3, 3, 4), ([0, 1], slice(None), [1, 3]), 7),
    Sample(T(3, 3, 4), _mask(True, False, True), T(2, 3, 4)),
    Sample(T(3, 3, 4), _mask(True, False, True), T(4)),
    Sample(T(3, 3, 4), _mask(True, False, True), T()),
    Sample(T(3, 3, 4), _mask(True, False, True), 0.5),
    Sample(T(3, 3, 4), (slice(None), _mask(True, False, True)), T(1)),
    Sample(T(3, 3, 4), (1, _mask(True, False, True)), T(2, 4)),
    Sample(T(3, 3, 4), (_mask(True, False, True), [0, 2]), T(2, 4)),
    Sample(T(3, 4), True, T(3, 4)),
    Sample(T(4, dtype="int64"), slice(1, 3), 5),
    Sample(T(0, 3), slice(None), 1.0),
)

ROWS = [
    Row("Tensor.__getitem__", *[Sample(T(3, 3, 4), index) for index in (*_BASIC, *_ARRAYS, *_MASKS)],
        Sample(T(3), 1), Sample(T(), ...), Sample(T(), None), Sample(T(0, 3), slice(None)), Sample(T(0, 3), []),
        Sample(T(4, dtype="int64"), [0, 2]), Sample(T(2, 0), (slice(None), [])), Sample(T(), True),
        covers=("getitem",)),
    Row("Tensor.__getitem__", Sample(T(5, 3), slice(None, None, -1)),
        Sample(T(5, 3), (slice(None, 1, -2), slice(1, None))), torch=False, reference=lambda np, x, index: x[index]),
    Row("Tensor.__setitem__", *_SETTINGS),
    Row("setitem", *_SETTINGS, call=_setitem, torch=_assigned),
]  # fmt: skip

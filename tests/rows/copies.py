from .rows import Row, Sample, T

ROWS = [
    Row("alias_copy", Sample(T(2, 3))),
    Row("as_strided_copy", Sample(T(3, 4), (2, 2), (4, 1), 5), noncontiguous=False),
    Row("diagonal_copy", Sample(T(3, 4), 1)),
    Row("expand_copy", Sample(T(3, 1), (2, 3, 4))),
    Row("narrow_copy", Sample(T(3, 4), 1, 1, 2)),
    Row("permute_copy", Sample(T(2, 3, 4), (2, 0, 1))),
    Row("select_copy", Sample(T(3, 4), 1, 2)),
    Row("slice_copy", Sample(T(5, 4), 0, 1, 5, 2), Sample(T(5))),
    Row("split_copy", Sample(T(5, 2), 2)),
    Row("split_with_sizes_copy", Sample(T(5, 2), (2, 3))),
    Row("squeeze_copy", Sample(T(1, 3, 1)), Sample(T(1, 3, 1), 0)),
    Row("t_copy", Sample(T(2, 3))),
    Row("transpose_copy", Sample(T(2, 3, 4), 0, 2)),
    Row("unbind_copy", Sample(T(2, 3), 1)),
    Row("unfold_copy", Sample(T(6), 0, 3, 2)),
    Row("unsqueeze_copy", Sample(T(2, 3), -1)),
    Row("view_copy", Sample(T(2, 3), (3, 2))),
]

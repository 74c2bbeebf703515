from .rows import Kink, Row, Sample, T

ROWS = [
    Row("as_strided", Sample(T(3, 4), (2, 2), (4, 1), 5), Sample(T(6), (3, 2), (1, 1)), Sample(T(2, 3), (), (), 4),
        Sample(T(2, 3), (0, 2), (1, 1)), noncontiguous=False),
    # Through a view with gaps: what is seen in the gaps has no gradient.
    Row("as_strided", Kink(T(4, 6), (2, 3), (7, 2), 5), noncontiguous=False,
        call=lambda cr, x, *args: cr.as_strided(x[1:, ::2], *args),
        torch=lambda torch, x, *args: torch.as_strided(x[1:, ::2], *args)),
    Row("as_strided", Sample(T(3, 1), (3, 2), (1, 0)), noncontiguous=False,  # elements that share a place
        call=lambda cr, x, *args: cr.as_strided(x.expand(3, 4), *args),
        torch=lambda torch, x, *args: torch.as_strided(x.expand(3, 4), *args)),
    # PyTorch gives the input the gradient of what was overwritten, and none of the rest.
    Row("as_strided_scatter", Sample(T(3, 4), T(2, 2), (2, 2), (4, 1), 5), Sample(T(3), T(), (), (), 1), torch=False,
        noncontiguous=False),
]  # fmt: skip

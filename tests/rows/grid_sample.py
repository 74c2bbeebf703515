from .rows import Row, Sample, T

G = {"low": -1.3, "high": 1.3}

ROWS = [
    Row("nn.functional.grid_sample", Sample(T(2, 3, 4, 5), T(2, 3, 2, 2, **G)),
        *[Sample(T(1, 2, 4, 3), T(1, 3, 2, 2, **G), mode, padding, align_corners=align)
          for mode, padding, align in (("bilinear", "border", True), ("bilinear", "reflection", False),
                                       ("nearest", "zeros", True), ("bicubic", "zeros", False),
                                       ("bicubic", "reflection", True))],
        Sample(T(1, 2, 3, 4, 2), T(1, 2, 1, 2, 3, **G), align_corners=True), Sample(T(0, 2, 3, 4), T(0, 2, 2, 2))),
    Row("nn.functional.grid_sample",
        *[Sample(T(1, 2, 3, 3), T(values=[[[[float("nan"), 0.3], [float("inf"), -1.0]]]]), mode, padding,
                 align_corners=False)
          for mode, padding in (("nearest", "zeros"), ("bicubic", "border"), ("bilinear", "border"))], grad=False),
    Row("grid_sampler_2d", Sample(T(1, 2, 3, 4), T(1, 2, 2, 2, **G), 0, 1, True), covers=("grid_sampler",)),
    Row("grid_sampler_3d", Sample(T(1, 2, 3, 2, 4), T(1, 2, 2, 1, 3, **G), 0, 2, False)),
    Row("nn.functional.affine_grid", Sample(T(2, 2, 3), (2, 1, 3, 4), align_corners=False),
        Sample(T(1, 3, 4), (1, 2, 2, 3, 1), align_corners=True)),
]  # fmt: skip

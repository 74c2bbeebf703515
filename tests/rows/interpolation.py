from .rows import Row, Sample, T

ROWS = [
    Row("nn.functional.interpolate", Sample(T(2, 3, 4), 7),
        Sample(T(1, 2, 4, 5), scale_factor=1.7, mode="nearest-exact"),
        Sample(T(2, 3, 5), 8, mode="linear", align_corners=True),
        Sample(T(1, 2, 4, 5), scale_factor=(1.7, 0.6), mode="bilinear"),
        Sample(T(1, 2, 4, 5), (7, 3), mode="bicubic"),
        Sample(T(1, 2, 3, 4, 3), (5, 2, 4), mode="trilinear"), Sample(T(1, 2, 5, 4), (2, 3), mode="area"),
        Sample(T(1, 2, 9, 7), (3, 10), mode="bilinear", antialias=True),
        Sample(T(1, 2, 9, 7), scale_factor=0.4, mode="bicubic", antialias=True, align_corners=True),
        Sample(T(0, 2, 3, 3), 5),
        Sample(T(1, 1, 4, 4), scale_factor=2.3, mode="bilinear", recompute_scale_factor=True)),
    Row("nn.functional.upsample", Sample(T(1, 2, 3, 4), scale_factor=2, mode="bilinear")),
    Row("nn.functional.upsample_nearest", Sample(T(1, 2, 3, 4), 5)),
    Row("nn.functional.upsample_bilinear", Sample(T(1, 2, 3, 4), scale_factor=1.5)),
    Row("_upsample_bilinear2d_aa", Sample(T(1, 2, 6, 8), (3, 5), False), Sample(T(1, 2, 6, 8), None, True, (0.5, 1.7)),
        torch="_C._nn._upsample_bilinear2d_aa"),
]  # fmt: skip

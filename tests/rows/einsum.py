"""Samples for `autograd/ops/einsum.py`."""

from __future__ import annotations

from .rows import Row, Sample, T

ROWS = [
    Row(
        "einsum",
        Sample("ij,jk->ik", T(2, 3), T(3, 4)),
        Sample("ij,jk", T(2, 3), T(3, 4)),
        Sample("ij,jk->ki", T(2, 3), T(3, 4)),
        Sample("ij, kj -> ik", T(2, 3), T(4, 3)),
        Sample("ba,Ab", T(2, 3), T(4, 2)),
        Sample("bij,bjk->bik", T(2, 3, 4), T(2, 4, 2)),
        Sample("bij,bkj->kbi", T(2, 3, 4), T(2, 5, 4)),
        Sample("bqhd,bkhd->bhqk", T(2, 3, 2, 4), T(2, 5, 2, 4)),
        Sample("bhqk,bkhd->bqhd", T(2, 2, 3, 5), T(2, 5, 2, 4)),
        Sample("...ij,...jk->...ik", T(2, 1, 3, 4), T(5, 4, 2)),
        Sample("i...,i...", T(3, 2), T(3, 2)),
        Sample("...,i", T(2, 3), T(4)),
        Sample("...i->i...", T(2, 3, 4)),
        Sample("i,i->", T(3), T(3)),
        Sample("i,i", T(3), T(3)),
        Sample("i,i->i", T(3), T(3)),
        Sample("i,j->ij", T(3), T(4)),
        Sample("i,j->ji", T(3), T(4)),
        Sample("ij,ij->j", T(3, 4), T(3, 4)),
        Sample("ij,j->i", T(3, 4), T(4)),
        Sample("ijk,jil->kl", T(2, 3, 4), T(3, 2, 5)),
        Sample("ij,kl->i", T(2, 3), T(2, 4)),
        # one operand
        Sample("ij->ji", T(2, 3)),
        Sample("ba", T(2, 3)),
        Sample("ij->i", T(2, 3)),
        Sample("ij->", T(2, 3)),
        Sample("ii->i", T(3, 3)),
        Sample("ii", T(3, 3)),
        Sample("iji->j", T(3, 2, 3)),
        Sample("iii->i", T(2, 2, 2)),
        Sample("...ii->...i", T(2, 3, 3)),
        # repeats beside another operand, and sizes of 1 that broadcast
        Sample("ii,ij->j", T(3, 3), T(3, 2)),
        Sample("ij,jk->ik", T(2, 1), T(3, 4)),
        Sample("ij,ij->ij", T(2, 1), T(1, 3)),
        Sample("ij,ij", T(1, 3), T(2, 3)),
        # more than two
        Sample("ij,jk,kl->il", T(2, 3), T(3, 4), T(4, 5)),
        Sample("i,ij,j", T(2), T(2, 3), T(3)),
        Sample("bi,bi,bi->b", T(2, 3), T(2, 3), T(2, 3)),
        Sample("bn,anm,bm->ba", T(2, 3), T(4, 3, 5), T(2, 5)),
        Sample("a,b,c,d->dcba", T(2), T(3), T(2), T(2)),
        # lists of indices, and the operands in a list
        Sample(T(2, 3), [0, 1], T(3, 4), [1, 2]),
        Sample(T(2, 3), [0, 1], T(3, 4), [1, 2], [2, 0]),
        Sample(T(5, 2, 3), [..., 0, 1], T(3, 4), [1, 2], [..., 2]),
        Sample("ij,jk", [T(2, 3), T(3, 4)]),
        # nothing in it
        Sample("ij,jk->ik", T(0, 3), T(3, 4)),
        Sample("ij,jk->ik", T(2, 0), T(0, 4)),
        Sample("ij,jk->ik", T(2, 3, dtype="int64"), T(3, 4, dtype="int64")),
        Sample(",->", T(), T()),
        Sample(",i", T(), T(3)),
    ),
    Row(
        "tensordot",
        Sample(T(2, 3, 4), T(3, 4, 5)),
        Sample(T(2, 3), T(3, 4), 1),
        Sample(T(2), T(3), 0),
        Sample(T(2, 3, 4), T(4, 5, 2), dims=([0, 2], [2, 0])),
        Sample(T(2, 3, 4), T(4, 5, 2), dims=([-1], [0])),
        Sample(T(2, 1, 4), T(4, 3), dims=([1, 2], [1, 0])),
        Sample(T(3, 2), T(1, 4), 1),
        Sample(T(2, 0), T(0, 3), 1),
    ),
    Row("inner", Sample(T(3), T(3)), Sample(T(2, 3), T(4, 3)), Sample(T(2, 3), T()), Sample(T(2, 5, 3), T(3))),
]

"""What a graph holds: its bytes counted once each, and its table by op and by module."""

from __future__ import annotations

import gc

import pytest

import chainrule as cr
from chainrule import nn
from chainrule.autograd import graph_stats, saved_bytes
from chainrule.backends import Backend
from chainrule.viz import visualize


class Keeper(cr.autograd.Function):
    """Keeps an array on its ctx, where nobody is told of it."""

    @staticmethod
    def forward(ctx, x):  # type: ignore[no-untyped-def]
        ctx.kept = x.detach() * 2
        return x + 1

    @staticmethod
    def backward(ctx, g):  # type: ignore[no-untyped-def]
        return g


def leaf(*shape: int) -> cr.Tensor:
    return cr.ones(*shape, dtype=cr.float64).requires_grad_()


def test_memory_that_is_shared_counts_once(backend: Backend) -> None:
    w = leaf(1000)
    assert saved_bytes(w) == 0
    y = w.exp()  # keeps its result
    assert saved_bytes(y) == 8000
    assert saved_bytes(y * w) == 8000, "the result of exp is kept by both, w is there anyway"
    assert saved_bytes((y * y).sum(), y) == 8000
    x = cr.ones(1000, dtype=cr.float64)
    assert saved_bytes((w * x).sum()) == 8000
    assert saved_bytes((w[:10] * x[:10]).sum()) == 8000, "a view keeps the whole alive"
    assert saved_bytes((w + x).sum()) == 0


def test_what_is_freed_is_gone(backend: Backend) -> None:
    w = leaf(1000)
    loss = w.exp().sum()
    loss.backward(retain_graph=True)
    assert saved_bytes(loss) == 8000
    loss.backward()
    assert saved_bytes(loss) == 0
    assert graph_stats(loss).freed == 1
    assert "1 operation freed by backward" in str(graph_stats(loss))


def test_it_is_the_memory_that_is_released(backend: Backend) -> None:
    """What is counted is what goes away: every kept array, by its own count of references."""
    w = leaf(64, 64)
    loss = ((w @ cr.ones(64, 64, dtype=cr.float64)).tanh() * w).sum()
    counted = saved_bytes(loss)
    assert counted == 2 * 64 * 64 * 8  # the constant of the product, the result of tanh
    drawn = visualize(loss, show_saved=True).source
    assert "64.0 KiB" in drawn


def test_checkpoints_functions_and_indices_are_counted(backend: Backend) -> None:
    w, x = leaf(100), cr.ones(100, dtype=cr.float64)
    out = cr.checkpoint(lambda w, x: (w * x).exp().tanh(), w, x)
    assert saved_bytes(out) == 800, "the argument x; the rest is computed again"
    stats = graph_stats(out)
    assert stats.checkpointed == 3 and stats.freed == 0
    assert "3 operations checkpointed" in str(stats)
    out.sum().backward(retain_graph=True)
    assert saved_bytes(out) == 2400
    assert saved_bytes(Keeper.apply(w)) == 800
    index = cr.arange(100)
    assert saved_bytes(w[index]) == index._array.nbytes


def test_rows_add_up_and_name_ops() -> None:
    w = leaf(100)
    h = w.exp()
    loss = (h * h + h.sin()).sum()
    stats = graph_stats(loss)
    rows = {row.name: row for row in stats}
    assert set(rows) == {"exp", "mul", "sin", "add", "sum"} and len(stats) == 5
    assert (rows["exp"].calls, rows["exp"].output_bytes, rows["exp"].saved_bytes) == (1, 800, 800)
    assert rows["mul"].saved_bytes == 0, "what exp keeps is counted there"
    assert rows["add"].flops == rows["sum"].flops == 100
    assert stats.total.calls == 5 and stats.total.saved_bytes == saved_bytes(loss)
    assert stats.rows[0].name == "exp", "what keeps most comes first"
    assert (stats.leaves, stats.leaf_bytes) == (1, 800)


def test_flops_of_products_and_what_is_not_known() -> None:
    a, b = leaf(8, 16), leaf(16, 4)
    assert graph_stats(a @ b).total.flops == 2 * 8 * 16 * 4
    assert graph_stats((a @ b).T).rows[1].flops == 0, "a view is no work"
    stats = graph_stats(Keeper.apply(a))
    assert (stats.total.flops, stats.total.unknown) == (0, 1)
    assert "1 operation not counted in flops" in str(stats)


def test_by_module() -> None:
    net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
    loss = net(cr.ones(3, 4)).sum()
    rows = {row.name: row for row in graph_stats(loss, by="module")}
    assert set(rows) == {
        "Sequential:Sequential/0:Linear", "Sequential:Sequential/1:Tanh", "Sequential:Sequential/2:Linear",
        "(in no module)",
    }  # fmt: skip
    assert rows["Sequential:Sequential/1:Tanh"].saved_bytes == 3 * 8 * 4
    assert rows["Sequential:Sequential/0:Linear"].flops > 2 * 3 * 4 * 8


def test_the_table() -> None:
    w = leaf(1000)
    assert str(graph_stats((w * 2.5).exp().sum())).splitlines() == [
        "op     calls   outputs    saved  flops",
        "--------------------------------------",
        "exp        1   7.8 KiB  7.8 KiB  1.0 k",
        "mul        1   7.8 KiB      8 B  1.0 k",
        "sum        1       8 B      0 B  1.0 k",
        "--------------------------------------",
        "total      3  15.6 KiB  7.8 KiB  3.0 k",
        "1 leaf: 7.8 KiB",
    ]


def test_wrong_arguments() -> None:
    with pytest.raises(TypeError, match="saved_bytes"):
        saved_bytes(1.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="by is 'op' or 'module', got 'layer'"):
        graph_stats(leaf(1), by="layer")
    with pytest.raises(ValueError, match="no tensor"):
        graph_stats()


def test_looking_leaves_nothing_behind() -> None:
    w = leaf(10)
    loss = w.exp().sum()
    graph_stats(loss), saved_bytes(loss)
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(5):
        graph_stats(loss), saved_bytes(loss)
    gc.collect()
    assert len(gc.get_objects()) <= before + 5

"""The graph, drawn: what a drawing says, how it looks in DOT, and that it becomes a picture with either program.

`golden/*.dot` hold whole drawings. After a change that is meant, `UPDATE_GOLDEN=1 pytest tests/test_viz.py` writes them
anew; look at the pictures before committing them.
"""

from __future__ import annotations

import gc
import html
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import graphviz
import numpy as np
import pytest

import chainrule as cr
from chainrule import nn
from chainrule.autograd.graph import Constant, Graph
from chainrule.backends import Backend
from chainrule.viz import drawing as drawing_module, graph_text, visualize

GOLDEN = Path(__file__).parent / "golden"


def leaf(value: object, name: str | None = None, requires_grad: bool = True) -> cr.Tensor:
    tensor = cr.tensor(value, requires_grad=requires_grad)
    tensor.name = name
    return tensor


def boxes(drawing: graphviz.Digraph) -> dict[str, str]:
    """The visible text of every box, by its id; lines are separated by a slash."""
    found = {}
    for line in drawing.source.splitlines():
        match = re.match(r"\s*(\w+) \[label=<(.*)>( \w+=|\])", line)
        if match and match[1] not in ("graph", "node", "edge"):
            rows = re.split(r"</?TR>", match[2])
            texts = [" ".join(html.unescape(re.sub(r"<[^>]*>", " ", row)).split()) for row in rows]
            found[match[1]] = " / ".join(filter(None, texts))
    return found


def arrows(drawing: graphviz.Digraph) -> list[tuple[str, str]]:
    """The arrows that are seen, ports left away."""
    lines = (line for line in drawing.source.splitlines() if "style=invis" not in line)
    found = (re.match(r"\s*(\w+)(?::\w+:\w)? -> (\w+)", line) for line in lines)
    return [(match[1], match[2]) for match in found if match]


def frames(drawing: graphviz.Digraph) -> list[tuple[str, list[str], list[str]]]:
    """Of every module's frame its title, the titles of the frames around it, and the ids of the boxes right in it."""
    found: list[tuple[str, list[str], list[str]]] = []
    around: list[tuple[str, list[str], list[str]]] = []
    for line in drawing.source.splitlines():
        if "subgraph" in line:
            around.append(("", [title for title, _, _ in around], []))
            found.append(around[-1])
        elif line.strip() == "}" and around:
            around.pop()
        elif around and (match := re.match(r"\s*\w+=.* label=<(.*?)> labelloc", line)):
            title = " ".join(html.unescape(re.sub(r"<[^>]*>", "", match[1])).split())
            found[found.index(around[-1])] = around[-1] = (title, around[-1][1], around[-1][2])
        elif around and (match := re.match(r"\s*(\w+) \[label=", line)):
            around[-1][2].append(match[1])
    return found


def caption(drawing: graphviz.Digraph) -> str:
    """The text under the drawing."""
    match = re.search(r"^\tlabel=<(.*)> labelloc=b$", drawing.source, re.M)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", match[1])).split()) if match else ""


# Whole drawings


class Halves(cr.autograd.Function):
    """Twice the sum and half of it, to have a custom function of two outputs."""

    @staticmethod
    def forward(ctx, x):  # type: ignore[no-untyped-def]
        return x * 2, x / 2

    @staticmethod
    def backward(ctx, g, h):  # type: ignore[no-untyped-def]
        return g * 2 + h / 2


def scalars() -> graphviz.Digraph:
    a, b, c, f = leaf(2.0), leaf(-3.0), leaf(10.0), leaf(-2.0)
    e = a * b
    d = e + c
    L = d * f
    for tensor in (e, d, L):
        tensor.retain_grad()
    L.backward(retain_graph=True)
    return visualize(L, params=dict(a=a, b=b, c=c, d=d, e=e, f=f, L=L), show_values=True, direction="LR")


def modules() -> graphviz.Digraph:
    model = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))
    x = cr.ones(5, 4)
    x.name = "x"
    return visualize({"loss": (model(x) ** 2).mean()}, params=model)


def branches() -> graphviz.Digraph:
    x = leaf([3.0, 1.0, 2.0], "x")
    values, _ = cr.topk(x, 2)
    twice, half = Halves.apply(values)
    return visualize((twice - half).sum(), show_values=True, show_tensors=False, legend=True)


def second_order() -> graphviz.Digraph:
    x = leaf(0.5, "x")
    y = x * x.tanh()
    (g,) = cr.autograd.grad(y, x, create_graph=True)
    return visualize({"y": y, "dy/dx": g}, show_values=True)


def anomaly() -> graphviz.Digraph:
    model = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
    with cr.no_grad():
        for parameter in model.parameters():
            parameter.fill_(0.5)
    h = model(cr.tensor([[1.0, -3.0]]))
    with np.errstate(all="ignore"):
        y = h.log()
    return visualize(y.sum(), params=model, show_values=True, mark={y: "the first value that is not finite"})


CASES = [scalars, modules, branches, second_order, anomaly]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_whole_drawings(case, backend: Backend) -> None:  # type: ignore[no-untyped-def]
    source = case().source
    path = GOLDEN / f"{case.__name__}.dot"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(source, encoding="utf-8")
    assert source == path.read_text(encoding="utf-8")
    assert case().source == source, "creation numbers show in the drawing"


# What a drawing says


def test_every_box_tells_its_kind_shape_dtype_and_value(backend: Backend) -> None:
    w = leaf([[1.0, 2.0], [3.0, 5.0]], "w")
    x = cr.tensor([[1.0], [1.0]])
    found = boxes(visualize((w @ x).sum(), params={"w": w, "x": x}, show_values=True))
    assert found["leaf0"] == "w parameter / (2, 2) float32 / value [[1, 2], [3, 5]] / no gradient yet"
    assert found["constant0"] == "x constant / (2, 1) float32 / value [[1], [1]]"
    assert found["value0"] == "(2, 1) float32 / value [[3], [8]]"
    assert found["op1"] == "sum"
    assert found["value1"] == "output / scalar float32 / value 11"


def test_arrows_point_the_way_values_flow() -> None:
    a, b = leaf(1.0), leaf(2.0)
    drawn = visualize(a * b + a, show_tensors=True)
    assert arrows(drawn) == [("leaf0", "op0"), ("leaf1", "op0"), ("op0", "value0"), ("value0", "op1"),
                             ("leaf0", "op1"), ("op1", "value1")]  # fmt: skip
    assert arrows(visualize(a * a, show_tensors=False)) == [("leaf0", "op0"), ("leaf0", "op0")]


def test_no_gradient_yet_is_not_a_gradient_of_zero(backend: Backend) -> None:
    untouched, zero, vector = leaf(1.0, "untouched"), leaf(2.0, "zero"), leaf([1.0] * 6, "vector")
    (zero * 0 + (vector * 0).sum()).backward()
    out = untouched * zero * vector.sum()
    found = boxes(visualize(out, show_values=True))
    by_name = {text.split()[0]: text for text in found.values()}
    assert by_name["untouched"].endswith("value 1 / no gradient yet")
    assert by_name["zero"].endswith("value 2 / grad 0")
    assert by_name["vector"].endswith("value all 1 / grad all 0")
    found = boxes(visualize(out))
    by_name = {text.split()[0]: text for text in found.values()}
    assert by_name["untouched"].endswith("no gradient yet")
    assert by_name["zero"].endswith("has a gradient")


def test_intermediates_show_the_gradient_they_were_told_to_retain() -> None:
    x = leaf(3.0, "x")
    kept, not_kept = x * 2, x * 5
    kept.retain_grad()
    assert "no gradient yet" in boxes(visualize(kept, show_values=True))["value0"]
    (kept * 7 + not_kept).backward()
    assert boxes(visualize(kept, show_values=True))["value0"].endswith("value 6 / grad 7")
    assert "grad" not in boxes(visualize(not_kept, show_values=True))["value0"]


def test_without_show_values_nothing_waits_for_the_device() -> None:
    if cr.backends.unavailable("standin") is not None:
        pytest.skip("the stand-in is not available")
    from chainrule.backends.standin import count_syncs

    with cr.use_backend("standin"):
        model = nn.Sequential(nn.Linear(4, 3), nn.ReLU())
        out = model(cr.ones(2, 4)).sum()
        with count_syncs() as log:
            visualize(out, params=model)
        assert log.total == 0, log
        with count_syncs() as log:
            visualize(out, params=model, show_values=True)
        assert log.total > 0


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([1.0, 2.5], "[1, 2.5]"),
        ([1.0, 2.0, 3.0, 4.0, 10.0], "mean 4 in [1, 10]"),
        ([0.5] * 9, "all 0.5"),
        ([-0.0] * 9, "all 0"),
        ([1e-7, 1 / 3], "[1e-07, 0.3333]"),
        ([[]], "no elements"),
        ([1.0, float("nan"), 2.0, float("inf"), float("-inf"), 1.0], "1 of 6 nan, 2 of 6 infinite"),
    ],
)
def test_values_in_a_few_words(values: list[float], text: str, backend: Backend) -> None:
    x = leaf(values, "x")
    assert f"value {text} /" in boxes(visualize(x.sum(), show_values=True))["leaf0"]


def test_values_of_every_dtype(backend: Backend) -> None:
    def value(tensor: cr.Tensor) -> str:
        return boxes(visualize(tensor, show_values=True))["leaf0"].rpartition("value ")[2]

    assert value(cr.arange(10)) == "mean 4.5 in [0, 9]"
    assert value(cr.arange(6) > 1) == "4 of 6 true"
    assert value(cr.tensor(True)) == "true"
    assert value(cr.tensor([1 + 2j])) == "[1+2i]"
    assert value(cr.tensor([3 + 4j] * 3 + [0j] * 2)) == "absolute mean 3 in [0, 5]"
    assert value(cr.ones(9, dtype=cr.float16) * 60000) == "all 6e+04"
    assert value(cr.tensor(12345678901)) == "12345678901"


def test_nan_and_infinity_stand_out() -> None:
    x = leaf([1.0, float("nan")])
    assert '<FONT POINT-SIZE="9" COLOR="#B3001B"><B>[1, nan]</B></FONT>' in visualize(x * 2, show_values=True).source


def test_values_that_nobody_holds_are_found() -> None:
    # An op saved the first, the next is computed again, of the last the tensor is there.
    x1, x2 = cr.tensor(2.0), cr.tensor(0.0)
    w1, w2, b = leaf(-3.0), leaf(1.0), leaf(6.881373587)
    out = (x1 * w1 + x2 * w2 + b).tanh()
    values = [text for key, text in boxes(visualize(out, show_values=True)).items() if key.startswith("value")]
    assert [text.rpartition("value ")[2] for text in values] == ["-6", "0", "-6", "0.8814", "0.7071"]


def _change_in_place(tensor: cr.Tensor) -> None:
    tensor.data.mul_(10.0)


def _replace(tensor: cr.Tensor) -> None:
    tensor.data = cr.tensor(50.0)


@pytest.mark.parametrize("change", [_change_in_place, _replace])
def test_a_value_is_never_computed_from_what_has_changed_since(change) -> None:  # type: ignore[no-untyped-def]
    first, second = leaf(2.0), leaf(3.0)
    out = (first + second).relu()
    assert boxes(visualize(out, show_values=True))["value0"].endswith("value 5")
    change(first)
    assert "not kept" in boxes(visualize(out, show_values=True))["value0"]


def test_in_place_changes_show_the_value_of_now_only_where_it_is_now() -> None:
    x = leaf([1.0, 2.0])
    y = x * 1
    y[0] = 7.0
    found = boxes(visualize(y.sum(), show_values=True))
    assert found["op0"].startswith("mul") and found["value0"].endswith("value [1, 2]")
    assert found["value1"].endswith("value [7, 2]")


def test_a_freed_graph_is_drawn_with_what_is_left() -> None:
    x, w = cr.tensor([1.0, 2.0]), leaf([3.0, 4.0], "w")
    out = (x * w).exp().sum()
    out.backward()
    drawn = visualize(out, show_values=True, show_saved=True)
    found = boxes(drawn)
    assert found["leaf0"].endswith("value [3, 4] / grad [20.09, 5962]")
    assert found["constant0"] == "constant not kept"
    assert found["op1"] == "exp / keeps nothing, freed"
    assert found["value1"] == "(2,) float32"
    assert "backward(retain_graph=True) keeps them" in caption(drawn)
    with pytest.raises(RuntimeError, match="retain_graph"):
        visualize(out, show_gradients=True)


def test_what_the_graph_keeps_alive() -> None:
    w = leaf([1.0] * 1000, "w")
    drawn = visualize((w.exp() * w).sum(), show_saved=True)
    found = boxes(drawn)
    assert found["op0"] == "exp / keeps 1 array, 3.9 KiB"
    assert found["op1"] == "mul / keeps 2 arrays, 7.8 KiB"
    assert found["op2"] == "sum / keeps nothing"
    # The result of exp is kept by exp and mul, and w is there anyway.
    assert "beyond the leaves: 3.9 KiB" in caption(drawn)


def test_gradients_of_everything_without_backward(backend: Backend) -> None:
    x = leaf([1.0, 2.0], "x")
    x.register_hook(lambda g: pytest.fail("a hook ran"))
    values, _ = cr.topk(x * 3, 2)
    a, b = Halves.apply(values)
    out = (a * b).sum()
    drawn = visualize(out, show_values=True, show_gradients=True)
    found = boxes(drawn)
    assert found["leaf0"].endswith("value [1, 2] / grad [18, 36]")
    assert found["value0"].endswith("value [3, 6] / grad [6, 12]")
    assert found["value1_0"].endswith("value [6, 3] / grad [12, 6]")
    assert found["value1_1"].endswith("indices / (2,) int64 / value [1, 0]")
    assert found["value4"].endswith("value 45 / grad 1")
    assert "computed for this drawing" in caption(drawn)
    assert x.grad is None
    x._hooks = None
    out.backward()  # nothing was freed
    assert x.grad.tolist() == [18.0, 36.0]
    with pytest.raises(RuntimeError, match=r"one of shape \(2,\)"):
        visualize(x * 2, show_gradients=True)


def test_names_come_from_params_in_every_form(backend: Backend) -> None:
    class Scale(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.factor = nn.Parameter(cr.ones(3))
            self.register_buffer("shift", cr.ones(3))

        def forward(self, x: cr.Tensor) -> cr.Tensor:
            return x * self.factor * self.shift

    module = Scale()
    out = module(cr.ones(3))
    for params in (module, dict(module.named_parameters()), list(module.named_parameters()), module.named_parameters()):
        found = boxes(visualize(out, params=params))
        assert found["leaf0"].startswith("factor parameter"), type(params)
    assert boxes(visualize(out, params=module))["constant1"].startswith("shift constant")
    assert boxes(visualize(out))["leaf0"].startswith("parameter /")
    a, b = leaf(1.0), leaf(2.0, "own name")
    product = a * b
    assert {text.split(" /")[0] for text in boxes(visualize(product, params=locals())).values()} == {
        "a parameter", "b parameter", "mul", "product output",
    }  # fmt: skip
    assert boxes(visualize(product, [b]))["leaf1"].startswith("own name parameter")
    assert boxes(visualize(product))["leaf1"].startswith("own name input")
    assert boxes(visualize(product))["leaf0"].startswith("input /")
    with pytest.raises(TypeError, match=r"params: .* got int"):
        visualize(product, params=3)
    with pytest.raises(TypeError, match=r"params: .* an entry of float"):
        visualize(product, params=[2.0])


def test_names_of_intermediates_and_several_outputs() -> None:
    x = leaf([1.0, 2.0, 3.0], "x")
    square = x * x
    square.name = "square"
    drawn = visualize({"total": square.sum(), "largest": square.max()})
    found = boxes(drawn)
    assert found["value0"].startswith("square /")
    assert found["value1"].startswith("total output")
    assert found["value2"].startswith("largest output")
    assert visualize([square.sum(), square.max()]).source.count("output") == 2
    fused = boxes(visualize(square, show_tensors=False))
    assert fused["op0"] == "mul output / square (3,) float32"


def test_modules_are_nested_frames_with_their_parameters(backend: Backend) -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Linear(4, 3), nn.ReLU())
            self.head = nn.Linear(3, 3)

        def forward(self, x: cr.Tensor) -> cr.Tensor:
            return self.head(self.body(x))

    net = Net()
    x = cr.ones(2, 4)
    drawn = visualize(net(x).sum(), params=net)
    assert [(title, around) for title, around, _ in frames(drawn)] == [
        ("Net", []), ("body Sequential", ["Net"]), ("0 Linear", ["Net", "body Sequential"]),
        ("1 ReLU", ["Net", "body Sequential"]), ("head Linear", ["Net"]),
    ]  # fmt: skip
    inside = {title: [boxes(drawn)[key].split(" /")[0] for key in ids] for title, _, ids in frames(drawn)}
    assert inside["0 Linear"] == ["weight parameter", "bias parameter", "input weight bias"]
    assert inside["1 ReLU"] == ["relu"]
    assert inside["Net"] == inside["body Sequential"] == []
    outside = set(boxes(drawn)) - {key for _, _, ids in frames(drawn) for key in ids}
    assert {boxes(drawn)[key].split(" /")[0] for key in outside} == {"constant", "sum output"}


def test_parameters_shared_by_modules_stand_in_none_of_them() -> None:
    first, second = nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False)
    second.weight = first.weight
    drawn = visualize(nn.Sequential(first, second)(cr.ones(1, 2)).sum())
    weights = [key for key, text in boxes(drawn).items() if text.startswith("parameter")]
    assert len(weights) == 1
    assert [title for title, _, ids in frames(drawn) if weights[0] in ids] == ["Sequential"]


def test_modules_drawn_closed() -> None:
    net = nn.Sequential(nn.Linear(4, 3), nn.Sequential(nn.ReLU(), nn.Linear(3, 2)))
    x = leaf(cr.ones(5, 4), "x")
    loss = (net(x) ** 2).mean()
    drawn = visualize(loss, params=net, depth=1)
    assert boxes(drawn) == {
        "leaf0": "x input / (5, 4) float32 / no gradient yet",
        "module0": "0 Linear / (5, 3) float32 / 15 parameters / 1 operation",
        "module1": "1 Sequential / (5, 2) float32 / 8 parameters / 2 operations",
        "op3": "square / (5, 2) float32",
        "op4": "mean output / scalar float32",
    }
    assert arrows(drawn) == [("leaf0", "module0"), ("module0", "module1"), ("module1", "op3"), ("op3", "op4")]
    assert [title for title, _, _ in frames(drawn)] == ["Sequential"]
    assert "module0" in boxes(visualize(net(x), params=net, depth=0))
    assert "output" in boxes(visualize(net(x), params=net, depth=0))["module0"]
    assert visualize(loss, params=net, depth=9).source == visualize(loss, params=net).source


def test_too_many_operations_are_drawn_in_closed_modules() -> None:
    net = nn.Sequential(*(nn.Sequential(nn.Linear(2, 2), nn.Tanh()) for _ in range(6)))
    drawn = visualize(net(leaf(cr.ones(1, 2), "x")).sum(), params=net, max_nodes=10)
    assert sum(key.startswith("module") for key in boxes(drawn)) == 6
    assert "13 operations: modules are drawn closed at depth=1. max_nodes=None draws every operation." in caption(drawn)
    opened = visualize(net(leaf(cr.ones(1, 2), "x")).sum(), params=net, max_nodes=None)
    assert sum(key.startswith("op") for key in boxes(opened)) == 13
    assert caption(opened) == ""


def test_too_many_operations_without_modules_end_in_dots() -> None:
    x = leaf([1.0, 1.0], "x")
    y = x
    for _ in range(3000):
        y = y * 0.5 + x
    drawn = visualize(y, show_values=True)
    ops = [text for key, text in boxes(drawn).items() if key.startswith("op")]
    assert len(ops) == 399  # and the leaf
    assert boxes(drawn)["omitted0"] == "... / (2,) float32"
    assert ("omitted0", "op0") in arrows(drawn)
    assert 'The latest 399 of 6,000 operations; what came before is drawn as "..."' in caption(drawn)
    assert len(boxes(visualize(y, max_nodes=None))) == 6001


def test_a_long_chain_is_drawn_without_recursion() -> None:
    y = x = leaf(1.0)
    for _ in range(20_000):
        y = y * 1.0
    assert len(boxes(visualize(y, max_nodes=5))) == 5 + 5 + 1  # operations, values, and what came before
    assert graph_text(y).count("\n") == 20_000
    assert x.grad is None


def test_attributes_worth_telling() -> None:
    x = leaf([[1.0, 2.0], [3.0, 4.0]])

    def op(out: cr.Tensor) -> str:
        return re.split(r" output| / \(| / scalar", boxes(visualize(out, show_tensors=False))["op0"])[0]

    assert op(x.sum(dim=1)) == "sum dim=1"
    assert op(x[None].sum(dim=(0, 1), keepdim=True)) == "getitem [None]"
    cube = leaf([[[1.0]]])
    assert op(cube.sum(dim=(0, 1), keepdim=True)) == "sum dims=(0, 1), keepdim=True"
    assert op(x.sum()) == "sum"
    assert op(x * 2) == op(2 * x) == "mul * 2"
    assert op(x / 4) == "div / 4"
    assert op(2.0**x) == "pow 2 **"
    assert op(4 / x) == "div 4 /"
    assert op(4 - x).startswith("a b / sub")  # which the op need not keep
    assert op(x**3) == "pow exponent=3"
    assert op(x[:, 0]) == "getitem [:, 0]"
    assert op(x.reshape(4)) == "reshape"
    assert op(cr.softmax(x, dim=0)) == "softmax dim=0"


def test_inputs_that_cannot_change_places_have_ports() -> None:
    a, b = leaf([[2.0]], "a"), leaf([[3.0]], "b")
    source = visualize(a @ b).source
    assert "leaf0 -> op0:i0:n" in source and "leaf1 -> op0:i1:n" in source
    assert ":i" not in visualize(a * b).source
    assert "leaf0 -> op0:i0:w" in visualize(a - b, direction="LR").source
    many = [leaf([1.0]) for _ in range(9)]
    assert ":i" not in visualize(cr.cat(many)).source
    assert "leaf1 -> op0:i1:n" in visualize(cr.cat(many[:3])).source


def test_outputs_are_told_apart() -> None:
    x = leaf([1.0, 2.0, 3.0, 4.0], "x")
    low, high = x.split(2)
    drawn = visualize(high - low, show_tensors=False)
    assert "op0:o1:s -> op1:i0:n" in drawn.source and "op0:o0:s -> op1:i1:n" in drawn.source
    parts = leaf([1.0] * 50).split(1)
    assert "out49" in boxes(visualize(parts[49] * parts[3], show_tensors=False))["op0"]
    assert "out48" not in boxes(visualize(parts[49] * parts[3], show_tensors=False))["op0"]


def test_text_that_means_something_to_dot_or_html() -> None:
    nasty = 'a<b>&"c"\\n\\{x}|</TD>\n\x00'
    x = leaf([1.0], nasty)
    drawn = visualize(x * 2, params={nasty: x})
    assert boxes(drawn)["leaf0"].startswith('a<b>&"c"\\n\\{x}|</TD> parameter')
    picture = ElementTree.fromstring(svg_by_pure(drawn))
    assert 'a<b>&"c"\\n\\{x}|</TD>' in "".join(picture.itertext())


def test_tensors_without_a_graph_are_drawn_with_a_reason() -> None:
    drawn = visualize(cr.ones(2), show_values=True)
    assert boxes(drawn) == {"leaf0": "tensor / (2,) float32 / value [1, 1]"}
    assert "does not require a gradient" in caption(drawn)
    drawn = visualize(leaf(1.0, "w"))
    assert boxes(drawn) == {"leaf0": "w input / scalar float32 / no gradient yet"}
    assert caption(drawn) == "A leaf: no operation made it."
    with cr.inference_mode():
        out = leaf(1.0) * 2
    assert "inference_mode" in caption(visualize(out))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: visualize(3), TypeError, "expected a tensor, or several, got int"),
        (lambda x: visualize([x, 3]), TypeError, "got one of type int"),
        (lambda x: visualize([]), ValueError, "no tensor"),
        (lambda x: visualize(x, direction="up"), ValueError, "direction: expected 'TB'"),
        (lambda x: visualize(x, depth=-1), ValueError, "depth: expected an integer of at least 0"),
        (lambda x: visualize(x, max_nodes=0), ValueError, "max_nodes: expected an integer of at least 1"),
        (lambda x: graph_text("x"), TypeError, "got str"),
    ],
)
def test_wrong_arguments(call, error: type[Exception], message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error, match=message):
        call(leaf(1.0))


def test_drawing_leaves_no_trace() -> None:
    w = leaf([1.0, 2.0])
    out = (w * 3).exp().sum()
    gc.collect()
    before = len(Graph([out]).nodes), w.grad, sys.getrefcount(out), sys.getrefcount(out.grad_fn)
    visualize(out, show_values=True, show_gradients=True, show_saved=True)
    graph_text(out, show_values=True)
    gc.collect()
    assert (len(Graph([out]).nodes), w.grad, sys.getrefcount(out), sys.getrefcount(out.grad_fn)) == before


def test_tooltips_tell_module_and_source_line() -> None:
    net = nn.Sequential(nn.Tanh())
    with cr.autograd.set_debug(True):
        out = net(leaf(1.0))
    tooltips = re.findall(r'tooltip="(tanh .*?)"', visualize(out).source)
    assert len(tooltips) == 1
    assert re.fullmatch(r"tanh in Sequential:Sequential/0:Tanh, .*test_viz\.py:\d+", tooltips[0])


def test_the_legend_explains_what_is_drawn() -> None:
    text = caption(visualize(leaf(1.0) * cr.tensor(2.0), legend=True))
    assert "requires a gradient" in text and "Values flow along the arrows" in text
    assert "closed" not in text


def test_marked_operations_stand_out() -> None:
    h = leaf([1.0, 2.0], "x").exp()
    loss = h.sum()
    drawn = visualize(loss, mark={h: "look <here>"})
    assert boxes(drawn)["op0"] == "exp / look <here>"
    assert drawn.source.count("#FBE3E6") == 1
    assert visualize(loss, mark={h.grad_fn: "look <here>"}).source == drawn.source
    net = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
    y = net(cr.ones(1, 2))
    closed = visualize(y.sum(), depth=0, mark={y: "here"})
    assert boxes(closed)["module0"].startswith("Sequential / (1, 2) float32 / tanh: here")
    with pytest.raises(ValueError, match="belongs to no operation of this graph"):
        visualize(loss, mark={y: "elsewhere"})
    with pytest.raises(ValueError, match="belongs to no operation"):
        visualize(loss, mark={leaf(1.0): "a leaf"})
    for wrong in ({1: "text"}, {h: 1}):
        with pytest.raises(TypeError, match="from tensors"):
            visualize(loss, mark=wrong)  # type: ignore[arg-type]


# The graph behind the drawing


def test_nodes_stand_after_what_they_were_computed_from() -> None:
    x, w = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    h = (x * w).tanh()
    graph = Graph([(h * h).sum() + h.sum()])
    seen: set[object] = set()
    for node in graph.nodes:
        for item in graph.inputs(node):
            if isinstance(item.source, tuple):
                assert item.source[0] in seen
        seen.add(node)
    assert [node.op.name for node in graph.nodes] == ["mul", "tanh", "mul", "sum", "sum", "add"]
    assert graph.leaves[0] is x and graph.leaves[1] is w
    assert graph.tensor_at((graph.nodes[1], 0)) is h


def test_a_constant_used_twice_is_one() -> None:
    x, w = cr.tensor([1.0, 2.0]), leaf([3.0, 4.0])
    graph = Graph([(x * w) * x])
    constants = [i.source for node in graph.nodes for i in graph.inputs(node) if isinstance(i.source, Constant)]
    assert len(constants) == 2 and constants[0] is constants[1]
    assert constants[0].tensor is x


# As text


def test_graph_as_text(backend: Backend) -> None:
    x = cr.tensor([[1.0, 2.0]])
    net = nn.Sequential(nn.Linear(2, 3))
    with cr.no_grad():
        for parameter in net.parameters():
            parameter.fill_(0.5)
    values, _ = cr.topk(net(x), 2)
    loss = (values * 2).sum()
    text = graph_text({"loss": loss}, params={"x": x, **dict(net.named_parameters())}, show_values=True)
    assert [re.split(r"   +", line) for line in text.splitlines()] == [
        ["x: constant", "(1, 2) float32", "[[1, 2]]"],
        ["0.weight: parameter", "(3, 2) float32", "all 0.5"],
        ["0.bias: parameter", "(3,) float32", "[0.5, 0.5, 0.5]"],
        ["op0 = linear(x, 0.weight, 0.bias)", "(1, 3) float32", "[[2, 2, 2]]", "Sequential:Sequential/0:Linear"],
        ["op1 = topk(op0, k=2, dim=1, largest=True)"],
        ["  op1.values", "(1, 2) float32", "[[2, 2]]"],
        ["  op1.indices", "(1, 2) int64", "[[0, 1]]"],
        ["op2 = mul(op1.values, 2)", "(1, 2) float32", "[[4, 4]]"],
        ["loss = sum(op2)", "scalar float32", "8", "output"],
    ]
    small = leaf(2.0, "a") * leaf(3.0, "b")
    assert graph_text(small).splitlines() == [
        "a: input          scalar float32",
        "b: input          scalar float32",
        "op0 = mul(a, b)   scalar float32   output",
    ]


# As a picture


def svg_by_pure(drawing: graphviz.Digraph) -> str:
    program = drawing_module.find_pure()
    assert program is not None, "the tests need graphviz-pure: pip install 'chainrule[viz]'"
    done = subprocess.run([program, "-Tsvg"], input=drawing.source, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def no_dot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty PATH: there is no `dot`."""
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
def no_renderer(no_dot: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the wheel is not installed either."""
    monkeypatch.setattr(drawing_module, "find_pure", lambda: None)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_graphviz_pure_draws_it(case, no_dot: None) -> None:  # type: ignore[no-untyped-def]
    drawn = case()
    picture = ElementTree.fromstring(drawn.pipe(format="svg"))
    assert picture.tag.endswith("svg")
    shown = " ".join("".join(picture.itertext()).split())
    for text in boxes(drawn).values():
        for word in text.split(" / ")[0].split():
            assert word in shown
    groups = [g.get("class") for g in picture.iter() if g.tag.endswith("}g")]
    assert groups.count("node") == len(boxes(drawn))
    assert groups.count("cluster") == len(frames(drawn))


def test_a_notebook_shows_the_picture(no_dot: None) -> None:
    drawn = visualize(leaf(2.0) * 3)
    assert ElementTree.fromstring(drawn._repr_svg_()).tag.endswith("svg")
    bundle = drawn._repr_mimebundle_()
    assert list(bundle) == ["image/svg+xml"] and bundle["image/svg+xml"] == drawn._repr_svg_()
    assert not hasattr(cr.Tensor, "_repr_svg_"), "a tensor shows as its text"


def test_files(no_dot: None, tmp_path: Path) -> None:
    drawn = visualize(leaf(2.0) * 3)
    assert isinstance(drawn, graphviz.Digraph)
    path = drawn.save_svg(tmp_path / "graph.svg")
    assert path == tmp_path / "graph.svg" and ElementTree.parse(path).getroot().tag.endswith("svg")
    assert Path(drawn.render(outfile=tmp_path / "graph.png", cleanup=True)).read_bytes().startswith(b"\x89PNG")
    assert {p.name for p in tmp_path.iterdir()} == {"graph.svg", "graph.png"}
    assert drawn.render(tmp_path / "other") == str(tmp_path / "other.svg")
    assert (tmp_path / "other").read_text(encoding="utf-8") == drawn.source
    with pytest.raises(ValueError, match="graphviz-pure cannot do this"):
        drawn.render(outfile=tmp_path / "graph.pdf")
    assert not (tmp_path / "graph.pdf").exists() and not (tmp_path / "graph.gv").exists()
    with pytest.raises(OSError):
        drawn.save_svg(tmp_path / "missing" / "graph.svg")


def test_where_nothing_renders_the_error_says_how_to_get_it(no_renderer: None, tmp_path: Path) -> None:
    drawn = visualize(leaf(2.0) * 3)
    assert "mul" in drawn.source
    for attempt in (
        lambda: drawn.pipe(), lambda: drawn._repr_svg_(), lambda: drawn._repr_mimebundle_(),
        lambda: drawn.render(tmp_path / "graph"), lambda: drawn.save_svg(tmp_path / "graph.svg"),
    ):  # fmt: skip
        with pytest.raises(graphviz.ExecutableNotFound, match=r"pip install graphviz-pure.*apt install graphviz"):
            attempt()
    assert list(tmp_path.iterdir()) == []


def test_the_wheel_is_found_without_a_path(no_dot: None) -> None:
    program = drawing_module.find_pure()
    assert program is not None and Path(program).is_file()


def test_dot_is_preferred(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("the stand-in for dot is a shell script")
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\ncat > /dev/null\necho '<svg>by dot</svg>'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    drawn = visualize(leaf(2.0) * 3)
    assert drawn.pipe(encoding="utf-8").strip() == drawn._repr_svg_().strip() == "<svg>by dot</svg>"
    assert drawn.save_svg(tmp_path / "x.svg").read_text(encoding="utf-8").strip() == "<svg>by dot</svg>"


def test_graphviz_is_loaded_only_to_draw() -> None:
    code = (
        "import sys, chainrule as cr; assert 'graphviz' not in sys.modules;"
        "t = cr.tensor(1.0, requires_grad=True) * 2; cr.viz.graph_text(t); assert 'graphviz' not in sys.modules;"
        "cr.visualize(t); assert 'graphviz' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

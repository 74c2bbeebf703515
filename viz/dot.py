"""A scene in DOT: how boxes, arrows and modules look.

Rounded boxes are operations and what they compute, square ones what was given. Colours are tints of Okabe and Ito's
palette (https://jfly.uni-koeln.de/color/), which colour-blind people tell apart; kind is told by outline and word too,
so that a black-and-white print loses nothing. Only what Graphviz and graphviz-pure draw alike is used: one font whose
widths both know, and labels that are tables.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from .scene import Arrow, Box, Row, Scene

if TYPE_CHECKING:
    from .drawing import Drawing

FAINT, ALARMING, INK = "#666666", "#B3001B", "#333333"
SMALL = "9"

LOOKS: dict[str, dict[str, str]] = {
    "op": dict(style="rounded,filled", fillcolor="white", color=INK),
    "value": dict(style="rounded,filled", fillcolor="#F5F5F5", color="#999999"),
    "parameter": dict(style="filled", fillcolor="#FCE8C4", color="#B87800", peripheries="2"),
    "input": dict(style="filled", fillcolor="#DCEEFA", color="#0072B2"),
    "constant": dict(style="filled,dashed", fillcolor="#F5F5F5", color="#777777"),
    "module": dict(style="rounded,filled", fillcolor="#E9E9E9", color=INK, peripheries="2"),
    "omitted": dict(style="filled,dotted", fillcolor="white", color="#777777"),
}
OUTPUT = dict(color="#00805F", penwidth="2.2", fillcolor="#DDF3EC")
MARKED = dict(color=ALARMING, penwidth="2.6", fillcolor="#FBE3E6")


def write(scene: Scene, notes: list[str], drawing: Drawing, direction: str, legend: bool = False) -> None:
    """Writes a scene into an empty drawing."""
    drawing.attr(
        "graph", rankdir=direction, fontname="Helvetica", fontsize="10", bgcolor="white", nodesep="0.25",
        ranksep="0.35", labeljust="l", tooltip=" ",
    )  # fmt: skip
    drawing.attr("node", shape="box", fontname="Helvetica", fontsize="11", margin="0.06,0.03", height="0", width="0")
    drawing.attr("edge", color="#555555", arrowsize="0.7")
    tree: dict[str, Any] = {"boxes": [], "modules": {}}
    for box in scene.boxes:
        place = tree
        for label in box.scope:
            place = place["modules"].setdefault(label, {"boxes": [], "modules": {}})
        place["boxes"].append(box)
    _write_level(drawing, tree, direction, [0], 0)
    for arrow in scene.arrows:
        _write_arrow(drawing, arrow, direction)
    if legend or notes:
        kinds = {box.kind for box in scene.boxes} if legend else set()
        drawing.attr(label=_caption(notes, kinds), labelloc="b")


def _write_level(drawing: Drawing, level: dict[str, Any], direction: str, counter: list[int], depth: int) -> None:
    """A module's boxes, then the modules in it, each in a frame."""
    for box in level["boxes"]:
        look = {**LOOKS[box.kind], **(OUTPUT if box.is_output else {}), **(MARKED if box.is_marked else {})}
        if box.tooltip:
            look["tooltip"] = _plain(box.tooltip)
        drawing.node(box.id, _label(box, direction), **look)
    for label, inner in level["modules"].items():
        name = f"cluster_{counter[0]}"
        counter[0] += 1
        with drawing.subgraph(name=name) as frame:
            frame.attr(
                label=f"<{_module_title(label)}>", labelloc="t" if direction == "TB" else "b", style="rounded,filled",
                color="#AAAAAA", fillcolor="#F9F9F9" if depth % 2 == 0 else "#F1F1F1", tooltip=_plain(label),
            )  # fmt: skip
            _write_level(frame, inner, direction, counter, depth + 1)


def _write_arrow(drawing: Drawing, arrow: Arrow, direction: str) -> None:
    if arrow.is_hidden:
        drawing.edge(arrow.tail, arrow.head, style="invis")
        return
    leaves, enters = ("s", "n") if direction == "TB" else ("e", "w")
    tail = arrow.tail if arrow.tail_port is None else f"{arrow.tail}:o{arrow.tail_port}:{leaves}"
    head = arrow.head if arrow.head_port is None else f"{arrow.head}:i{arrow.head_port}:{enters}"
    # What flows from operation to operation pulls harder than what is given from aside: the main path gets straight.
    look = {"weight": "4"} if arrow.is_main else {}
    drawing.edge(tail, head, **look, **({"style": "dashed"} if arrow.is_constant else {}))


# Labels


def _font(text: str, **attributes: str) -> str:
    given = "".join(f' {key.replace("_", "-").upper()}="{value}"' for key, value in attributes.items())
    return f"<FONT{given}>{text}</FONT>"


def _printable(text: str) -> str:
    """Text without what no font shows, and no program reads."""
    return "".join(c if c.isprintable() else " " for c in text)


def _text(text: str) -> str:
    """Text as HTML."""
    return escape(_printable(text), quote=False)


def _plain(text: str) -> str:
    """Text as an attribute's value, where a backslash starts an escape, and HTML stands in angle brackets."""
    text = _printable(text).replace("\\", "\\\\")
    return f" {text}" if text.startswith("<") else text


def _table(rows: str, spacing: int = 0, padding: int = 1) -> str:
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="{spacing}" CELLPADDING="{padding}">{rows}</TABLE>'


def _module_title(label: str) -> str:
    name, colon, kind = label.partition(":")
    return f"<B>{_text(name)}</B>" + (_font(f" {_text(kind)}", color=FAINT) if colon and kind != name else "")


def _label(box: Box, direction: str) -> str:
    """The label of a box: its lines, and a cell per port before and after them."""
    title = _module_title(box.title) if box.kind == "module" else f"<B>{_text(box.title)}</B>" if box.title else ""
    if box.detail:
        title += _font(f" {_text(box.detail)}", point_size=SMALL)
    if box.tag:
        title += _font(f" {box.tag}", point_size=SMALL, color=OUTPUT["color"] if box.tag == "output" else FAINT)
    lines = [title] if title else []
    if box.type:
        name = f"<B>{_text(box.name)}</B> " if box.name else ""
        lines.append(_font(name + _text(box.type), point_size=SMALL))
    body = "".join(f"<TR><TD>{line}</TD></TR>" for line in lines)
    if box.rows:
        body += f"<TR><TD>{_table(''.join(_row(row) for row in box.rows))}</TD></TR>"
    if not (box.inputs or box.outputs):
        return f"<{_table(body)}>"
    before, after = _ports("i", box.inputs, direction), _ports("o", box.outputs, direction)
    if direction == "TB":
        return f"<{_table(_in_row(before) + body + _in_row(after), padding=0)}>"
    return f"<{_table(f'<TR>{before}<TD>{_table(body)}</TD>{after}</TR>', padding=0)}>"


def _ports(letter: str, ports: tuple[tuple[int, str], ...], direction: str) -> str:
    cells = [f'<TD PORT="{letter}{k}">{_font(_text(n), point_size="8", color=FAINT)}</TD>' for k, n in ports]
    if not cells:
        return ""
    rows = f"<TR>{''.join(cells)}</TR>" if direction == "TB" else "".join(f"<TR>{cell}</TR>" for cell in cells)
    return f"<TD>{_table(rows, padding=2)}</TD>"


def _in_row(cell: str) -> str:
    return f"<TR>{cell}</TR>" if cell else ""


def _row(row: Row) -> str:
    text = _text(row.text)
    if row.manner == "faint":
        text = _font(f"<I>{text}</I>", point_size=SMALL, color=FAINT)
    elif row.manner == "alarming":
        text = _font(f"<B>{text}</B>", point_size=SMALL, color=ALARMING)
    else:
        text = _font(text, point_size=SMALL)
    if not row.key:
        return f'<TR><TD COLSPAN="2">{text}</TD></TR>'
    key = _font(_text(row.key) + "  ", point_size=SMALL, color=FAINT)
    return f'<TR><TD ALIGN="LEFT">{key}</TD><TD ALIGN="LEFT">{text}</TD></TR>'


# Under the drawing

_MEANINGS = {
    "parameter": "trained: its gradient<BR/>accumulates in .grad",
    "input": "a leaf that<BR/>requires a gradient",
    "constant": "no gradient<BR/>flows to it",
    "op": "an operation",
    "value": "what an operation<BR/>computed",
    "module": "a module, closed",
    "omitted": "not drawn further",
}


def _caption(notes: list[str], kinds: set[str]) -> str:
    """The notes, and the legend of the given kinds of boxes, as the label of the whole drawing."""
    rows = [f'<TR><TD ALIGN="LEFT">{_font(_text(note), point_size="10")}</TD></TR>' for note in notes]
    if kinds:
        cells = "".join(_sample(kind, meaning) for kind, meaning in _MEANINGS.items() if kind in kinds)
        rows.append(f"<TR><TD>{_table(f'<TR>{cells}</TR>', spacing=4, padding=3)}</TD></TR>")
        flow = "Values flow along the arrows, gradients against them; along a dashed arrow flows no gradient."
        rows.append(f'<TR><TD ALIGN="LEFT">{_font(flow, point_size=SMALL, color=FAINT)}</TD></TR>')
    return f"<{_table(''.join(rows))}>"


def _sample(kind: str, meaning: str) -> str:
    look = LOOKS[kind]
    outline = next((style for style in ("rounded", "dashed", "dotted") if style in look["style"]), "solid")
    frame = f'BORDER="{look.get("peripheries", "1")}" STYLE="{outline}" COLOR="{look["color"]}"'
    text = f"<B>{kind}</B><BR/>{_font(meaning, point_size=SMALL)}"
    return (
        f'<TD><TABLE {frame} BGCOLOR="{look["fillcolor"]}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="4">'
        f"<TR><TD>{text}</TD></TR></TABLE></TD>"
    )

"""The score: printed, written as a page, and compared with the one that was published.

`score.json` holds what was found of each operator, in each of the runs that are published; the page is written from it
alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import adapters
from checks import Failure, Result
from compare import COARSER, FLOOR, TOLERANCE

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "conformance.md"
SCORE = Path(__file__).resolve().parent / "score.json"

RUNS = {
    "float64": "",
    "complex128": "--dtype complex128",
    "stand-in": "--backend standin",
}
"""The runs that are published, and how each is asked for."""

Row = dict[str, Any]
"""What is kept of an operator: `state` and, where there is something to say, the rest of what `row` writes."""


def failures(results: Iterable[Result], most: int | None) -> str:
    """Every operator that is not whole, with the samples that fail."""
    lines = []
    for r in results:
        found: list[tuple[str, list[Failure]]] = [
            ("", r.first), ("second gradient: ", r.second), ("forward mode: ", r.forward), ("", r.silent)
        ]  # fmt: skip
        if r.missing:
            lines.append(f"{r.name}: missing ({r.total} samples)")
        elif any(group for _, group in found):
            errors = f", error inputs {r.errors[0]} of {r.errors[1]}" if r.errors[1] else ""
            lines.append(
                f"{r.name}: {r.passed} of {r.total} samples, not contiguous {r.noncontiguous[0]} of "
                f"{r.noncontiguous[1]}{errors}"
            )
            for title, group in found:
                for f in group[:most]:
                    lines.append(f"    {title}{f.sample} ({f.arguments[:300]})\n        {f.kind}: {f.message[:500]}")
    return "\n".join(lines)


def row(r: Result) -> Row:
    kept: Row = {
        "state": "missing" if r.missing else "whole" if r.whole else "part",
        "twice": r.whole_twice if r.twice else None,
        "samples": [r.passed, r.total],
        "strided": list(r.noncontiguous),
        "errors": [r.errors[0], len(r.accepted), r.errors[1]],
        "wrong": r.wrong,
        "random": r.random,
        "skipped": len(r.skipped),
    }
    if r.missing:
        kept["note"] = adapters.ABSENT.get(r.name, "not written")
    elif r.failures:
        kept["note"] = _partial(r)
    if r.silent:
        kept["silent"] = adapters.ERRORS.get(r.name, r.silent[0].message[:160])
    return {key: value for key, value in kept.items() if value not in (False, 0, [0, 0], [0, 0, 0])}


def _partial(r: Result) -> str:
    if all(f.kind == "disputed" for f in r.failures) and r.name in adapters.DISPUTED:
        return f"{adapters.DISPUTED[r.name]}; finite differences agree with the gradient here"
    if all(f.kind == "error" for f in r.failures) and r.name in adapters.REFUSED:
        return adapters.REFUSED[r.name]
    return f"{r.failures[0].kind}: {r.failures[0].message[:160]}"


def counts(rows: Iterable[Row]) -> dict[str, int]:
    """The numbers of the score."""
    rows = list(rows)

    def total(key: str, place: int) -> int:
        return sum(r[key][place] for r in rows if key in r)

    return {
        "operators": len(rows),
        "whole": sum(r["state"] == "whole" for r in rows),
        "in part": sum(r["state"] == "part" for r in rows),
        "missing": sum(r["state"] == "missing" for r in rows),
        "twice differentiable in PyTorch": sum(r.get("twice", False) is not None for r in rows),
        "whole, second gradients too": sum(r.get("twice") is True for r in rows),
        "wrong": sum(r.get("wrong", False) for r in rows),
        "samples": total("samples", 1),
        "samples passing": total("samples", 0),
        "samples not contiguous": total("strided", 1),
        "samples not contiguous passing": total("strided", 0),
        "samples PyTorch cannot run": sum(r.get("skipped", 0) for r in rows),
        "error inputs": total("errors", 2),
        "error inputs that raise": total("errors", 0),
        "error inputs accepted": total("errors", 1),
    }


def summary(results: Sequence[Result]) -> str:
    c = counts(row(r) for r in results)
    return "\n".join(
        [
            f"{c['whole']} of {c['operators']} operators whole, {c['in part']} in part, {c['missing']} missing",
            f"{c['whole, second gradients too']} of {c['twice differentiable in PyTorch']} whole with second gradients",
            f"{c['wrong']} wrong",
            f"{c['samples passing']} of {c['samples']} samples; not contiguous: "
            f"{c['samples not contiguous passing']} of {c['samples not contiguous']}",
            f"{c['error inputs that raise']} of {c['error inputs']} error inputs raise the same class of error, "
            f"{c['error inputs accepted']} are accepted on purpose",
        ]
    )


def published() -> dict[str, dict[str, Row]]:
    """The rows of every run, by operator."""
    return json.loads(SCORE.read_text()) if SCORE.exists() else {}


def write(results: Sequence[Result], run: str) -> None:
    """The rows of this run beside those of the others, and the page."""
    runs = published() | {run: {r.name: row(r) for r in results}}
    SCORE.write_text(_as_json({name: runs[name] for name in RUNS if name in runs}))
    PAGE.write_text(page(runs))
    print(f"written: {PAGE.relative_to(ROOT)}, {SCORE.relative_to(ROOT)}")


def _as_json(runs: dict[str, dict[str, Row]]) -> str:
    """A line for each operator."""
    parts = []
    for run, rows in runs.items():
        lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(r)}" for name, r in rows.items())
        parts.append(f"{json.dumps(run)}: {{\n{lines}\n}}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def compare(results: Sequence[Result], run: str, rows: dict[str, Row], part: bool) -> str | None:
    """What is worse than published; None if nothing is. `part`: not every sample was run."""
    worse = []
    for r in results:
        was, now = rows.get(r.name, {"state": "missing"}), row(r)
        if was["state"] == "whole" != now["state"]:
            worse.append(f"{r.name} was whole")
        elif was.get("twice") and not now.get("twice"):
            worse.append(f"{r.name} was whole with second gradients")
        if now.get("wrong"):
            worse.append(f"{r.name} is wrong")
        raising, before = (x.get("errors", [0])[0] for x in (now, was))
        if raising < before:
            worse.append(f"{r.name}: {raising} of its error inputs raise, it were {before}")
        if not part and now.get("samples", [0])[0] < was.get("samples", [0])[0]:
            worse.append(f"{r.name}: fewer samples pass")
    if not worse:
        return None
    return f"the score has fallen in {run}:\n" + "\n".join(worse) + "\n" + failures(results, 1)


_HEAD = """# Conformance

PyTorch ships the samples its own operators are tested with: `op_db` in
`torch.testing._internal.common_methods_invocations`. `make conformance` runs all of them against the function of the
same name here, and writes this page. {operators} operators of PyTorch 2.13 have a gradient in float64. An operator is
whole if every one of its float64 samples passes; one that fails a single sample counts as partial.

| | |
|---|---|
"""

_COMPARED = """
## What is compared

For every sample that asks for a gradient, with PyTorch's result for the same numbers:

- the value, dtype and shape of every output, and whether it requires a gradient;
- the gradient of every input, for a random cotangent: value, dtype, shape;
- the gradient of that gradient, for a random cotangent, where PyTorch has one. Where PyTorch's is NaN and that here is
  not, finite differences decide;
- the forward-mode derivative, as the transpose of the reverse one: `<w, J t> = <Jᵀ w, t>`;
- that no input was changed.

The same again with arrays that are not contiguous, as PyTorch makes them for its own tests. Then the calls that must
raise: they count if the error here is of the same built-in class or derived from it. Of the rest, {accepted} are
accepted on purpose: they put Python numbers in place of tensors, as in `maximum(t, 2)`, and the result is checked to be
that of the tensors. {skipped} samples are left out of the count: PyTorch runs them with contiguous arrays alone.

Tolerances in double precision, relative to each number and to the largest of its tensor: values {value:.0e}, gradients
{gradient:.0e}, second gradients {second:.0e}. Where all of a tensor is small, {floor} of the sample's largest gradient,
or of 1, is what they are relative to. Where single precision takes part, they are {single:,.0f} times as wide.

What draws random numbers cannot be compared number by number. Its dtypes, shapes and seeding are checked, its gradients
against finite differences with the seed held; `tests/test_random_functions.py` looks at its statistics.

{exceptions}
"""


def page(runs: dict[str, dict[str, Row]]) -> str:
    rows = runs["float64"]
    c = counts(rows.values())
    figures = {
        "operators whole": f"{c['whole']} of {c['operators']}",
        "whole, with second gradients": f"{c['whole, second gradients too']} of {c['twice differentiable in PyTorch']}",
        "in part": c["in part"],
        "missing": c["missing"],
        "with a wrong result": c["wrong"],
        "samples passing": f"{c['samples passing']} of {c['samples']}",
        "samples that are not contiguous": f"{c['samples not contiguous passing']} of {c['samples not contiguous']}",
        "error inputs that raise the same built-in class": f"{c['error inputs that raise']} of {c['error inputs']}",
    }
    lines = [_HEAD.format(operators=c["operators"]).rstrip("\n")]
    lines += [f"| {name} | {number} |" for name, number in figures.items()]
    lines += ["", *_not_whole(rows, "##")]
    lines.append(
        _COMPARED.lstrip("\n").format(
            accepted=c["error inputs accepted"], skipped=c["samples PyTorch cannot run"], value=TOLERANCE["value"],
            gradient=TOLERANCE["gradient"], second=TOLERANCE["second gradient"], floor=FLOOR,
            single=COARSER["float32"], exceptions=_exceptions(),
        )
    )  # fmt: skip
    for run, title in _OTHERS.items():
        if run in runs:
            lines += _other(run, title, runs[run])
    lines += ["## The operators that are whole", ""]
    lines += [_list(name for name, r in rows.items() if r["state"] == "whole"), ""]
    lines += ["Of these, the following draw random numbers:", ""]
    lines += [_list(name for name, r in rows.items() if r["state"] == "whole" and r.get("random"))]
    return "\n".join(lines) + "\n"


def _not_whole(rows: dict[str, Row], level: str) -> list[str]:
    def section(title: str, found: dict[str, str]) -> list[str]:
        if not found:
            return []
        table = [f"| `{_cell(name)}` | {_cell(text)} |" for name, text in found.items()]
        return [f"{level} {title}", "", "| operator | reason |", "|---|---|", *table, ""]

    def noted(state: str) -> dict[str, str]:
        return {
            name: r["note"]
            if state == "missing"
            else f"{r.get('samples', [0])[0]} of {r['samples'][1]} samples; {r['note']}"
            for name, r in rows.items()
            if r["state"] == state and "note" in r
        }

    raising = {
        name: f"{r['errors'][0]} of {r['errors'][2]}; {r['silent']}" for name, r in rows.items() if "silent" in r
    }
    return [
        *section("Missing", noted("missing")),
        *section("In part", noted("part")),
        *section("Whole, but not in second or forward derivatives", noted("whole")),
        *section("Error inputs that raise nothing, or another class of error", raising),
    ]


def _exceptions() -> str:
    """What is compared otherwise, and why."""
    lines = ["Exceptions:", ""]
    lines += [f"- `{name}`: gradients within {within:.0e}. {why}." for name, (within, why) in adapters.COARSE.items()]
    lines += [
        f"- `{name}`: at some samples there is no second derivative, where PyTorch has NaN and a finite number stands "
        f"here: {why}."
        for name, why in adapters.UNDEFINED.items()
    ]
    lines += [
        "- `cholesky_inverse`, `cholesky_solve`: called with a triangular matrix, and the Cholesky factorisations of "
        "complex matrices with a Hermitian one, there and here. PyTorch's own gradient tests do the same, for its "
        "gradients have numbers where nothing is read."
    ]
    return "\n".join(lines)


_OTHERS = {
    "complex128": (
        "Complex numbers",
        "The operators with a gradient in complex128, with their complex samples. Gradients are PyTorch's: for real "
        "outputs, the direction of steepest ascent.",
    ),
    "stand-in": (
        "On the stand-in for CuPy",
        "The same float64 samples on a backend that refuses what CuPy lacks (see "
        "[adding a backend](adding-a-backend.md)). Fewer calls raise here: an index out of range cannot be seen "
        "without waiting for the device.",
    ),
}


def _other(run: str, words: tuple[str, str], rows: dict[str, Row]) -> list[str]:
    c = counts(rows.values())
    title, text = words
    score = (
        f'`make conformance ARGS="{RUNS[run]}"`: {c["whole"]} of {c["operators"]} whole, '
        f"{c['whole, second gradients too']} of {c['twice differentiable in PyTorch']} with second gradients, "
        f"{c['wrong']} wrong; {c['samples passing']} of {c['samples']} samples, "
        f"{c['samples not contiguous passing']} of {c['samples not contiguous']} that are not contiguous, "
        f"{c['error inputs that raise']} of {c['error inputs']} error inputs."
    )
    here = {name: r for name, r in rows.items() if r["state"] != "missing" and "note" in r}
    table = [f"| `{_cell(name)}` | {_cell(r['note'])} |" for name, r in here.items()]
    listed = (
        ["Not whole, beside what is missing:", "", "| operator | reason |", "|---|---|", *table, ""] if here else []
    )
    return [f"## {title}", "", text, "", score, "", *listed]


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) + "."


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;").replace("*", "\\*")

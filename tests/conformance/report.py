"""The score: printed, written as a page, and compared with the one that was published."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import adapters
from checks import Failure, Result

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "conformance.md"
SCORE = Path(__file__).resolve().parent / "score.json"


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


def counts(results: Sequence[Result]) -> dict[str, int]:
    """The numbers of the score."""
    return {
        "operators": len(results),
        "whole": sum(r.whole for r in results),
        "in part": sum(not r.whole and not r.missing for r in results),
        "missing": sum(r.missing for r in results),
        "twice differentiable in PyTorch": sum(r.twice for r in results),
        "whole, second gradients too": sum(r.whole_twice for r in results),
        "wrong": sum(r.wrong for r in results),
        "samples": sum(r.total for r in results),
        "samples passing": sum(r.passed for r in results),
        "samples not contiguous": sum(r.noncontiguous[1] for r in results),
        "samples not contiguous passing": sum(r.noncontiguous[0] for r in results),
        "error inputs": sum(r.errors[1] for r in results),
        "error inputs that raise": sum(r.errors[0] for r in results),
    }


def summary(results: Sequence[Result]) -> str:
    c = counts(results)
    return "\n".join(
        [
            f"{c['whole']} of {c['operators']} operators whole, {c['in part']} in part, {c['missing']} missing",
            f"{c['whole, second gradients too']} of {c['twice differentiable in PyTorch']} whole with second gradients",
            f"{c['wrong']} wrong",
            f"{c['samples passing']} of {c['samples']} samples; not contiguous: "
            f"{c['samples not contiguous passing']} of {c['samples not contiguous']}",
            f"{c['error inputs that raise']} of {c['error inputs']} error inputs raise the same class of error",
        ]
    )


def write(results: Sequence[Result]) -> None:
    """The page and the score it was written from."""
    PAGE.write_text(_page(results))
    states = {r.name: [bool(r.whole), bool(r.whole_twice), r.errors[0]] for r in results}
    text = json.dumps({"counts": counts(results), "operators": states}, indent=0)
    SCORE.write_text(text.replace("[\n", "[").replace(",\ntrue", ", true").replace(",\nfalse", ", false") + "\n")
    print(f"written: {PAGE.relative_to(ROOT)}, {SCORE.relative_to(ROOT)}")


def compare(results: Sequence[Result]) -> str | None:
    """What is worse than published; None if nothing is."""
    published = json.loads(SCORE.read_text())["operators"]
    worse = []
    for r in results:
        whole, twice, errors = published.get(r.name, [False, False, 0])
        if whole and not r.whole:
            worse.append(f"{r.name} was whole")
        elif twice and not r.whole_twice:
            worse.append(f"{r.name} was whole with second gradients")
        if r.errors[0] < errors:
            worse.append(f"{r.name}: {r.errors[0]} of its error inputs raise, it were {errors}")
        if r.wrong:
            worse.append(f"{r.name} is wrong")
    return "the score has fallen:\n" + "\n".join(worse) + "\n" + failures(results, 1) if worse else None


_HEAD = """# Conformance

The score on PyTorch's own operator database, written by `make conformance`. Each operator of
`torch.testing._internal.common_methods_invocations.op_db` (PyTorch 2.13) that has a gradient in float64 is run against
the function of the same name here, with every float64 sample that asks for a gradient: value, dtype, shape, gradient
with a random cotangent, gradient of that gradient, the forward-mode derivative (as the transpose of the reverse one),
the same with arrays that are not contiguous, and the calls that must raise. An operator is whole if every one of its
samples passes; one that passes all but a single sample counts as partial.

| | |
|---|---|
"""

_TOLERANCES = """
Tolerances, relative to each number and to the largest of the tensor: values 1e-9, gradients 1e-8, second gradients
1e-6. What draws random numbers cannot be compared number by number: its shape, dtype and seeding are checked, and its
gradient by finite differences with the seed held; `tests/test_random_functions.py` looks at its statistics.

"""


def _page(results: Sequence[Result]) -> str:
    c = counts(results)
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
    lines = [f"| {name} | {number} |" for name, number in figures.items()]
    rest = _section("Missing", [(r.name, _reason(r)) for r in results if r.missing])
    rest += _section("In part", [(r.name, _partial(r)) for r in results if not r.missing and not r.whole])
    only_second = [r for r in results if r.whole and (r.second or r.forward)]
    rest += _section("Whole, but not in second or forward derivatives", [(r.name, _partial(r)) for r in only_second])
    title = "Error inputs that raise nothing here, or another class of error"
    rest += _section(title, [(r.name, _silent(r)) for r in results if r.silent])
    rest += ["## Whole", "", _list(r.name for r in results if r.whole), ""]
    rest += ["Of these, by statistics and seed:", "", _list(r.name for r in results if r.whole and r.random)]
    return _HEAD + "\n".join(lines) + "\n" + _TOLERANCES + "\n".join(rest) + "\n"


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) + "."


def _section(title: str, rows: list[tuple[str, str]]) -> list[str]:
    if not rows:
        return []
    table = [f"| `{_cell(name)}` | {_cell(text)} |" for name, text in rows]
    return [f"## {title}", "", "| operator | reason |", "|---|---|", *table, ""]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;").replace("*", "\\*")


def _reason(r: Result) -> str:
    return adapters.ABSENT.get(r.name, "not written")


def _partial(r: Result) -> str:
    failed = r.failures
    counted = f"{r.passed} of {r.total} samples"
    stated = adapters.DISPUTED.get(r.name)
    if stated and all(f.kind == "disputed" for f in failed):
        stated += "; finite differences agree with the gradient here"
    return f"{counted}; {stated or f'{failed[0].kind}: {failed[0].message[:160]}'}"


def _silent(r: Result) -> str:
    stated = adapters.ERRORS.get(r.name)
    return f"{r.errors[0]} of {r.errors[1]}; {stated or r.silent[0].message[:160]}"

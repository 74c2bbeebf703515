"""What becomes of the rows: the table, the JSON file and the picture."""

from __future__ import annotations

import json
import platform
import subprocess
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from measure import OURS, Row
from rivals import THREADS

PACKAGES = ("chainrule", "numpy", "torch", "autograd", "mygrad")


def figure(value: float) -> str:
    """Three digits that matter."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


HEADINGS = ("row", "unit", "ours", "theirs", "ratio", "quartiles", "budget", "", "ratio to others")


def cells(row: Row) -> tuple[str, ...]:
    case, rival = row.case, row.case.rival
    ours = figure(row.value(OURS))
    others = ", ".join(f"{side} {row.ratio(side)[0]:.2f}" for side in row.samples if side not in (OURS, rival))
    budget = "" if case.budget is None else f"{case.budget:.2f}"
    if rival not in row.samples:
        return case.name, case.unit, ours, f"no {rival}", "", "", budget, "", others
    ratio, low, high = row.ratio(rival)
    theirs = f"{rival} {figure(row.value(rival))}"
    return case.name, case.unit, ours, theirs, f"{ratio:.2f}", f"{low:.2f}-{high:.2f}", budget, row.verdict, others


def table(rows: list[Row]) -> str:
    """All rows, aligned."""
    lines = [HEADINGS, *(cells(row) for row in rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(HEADINGS))]
    right = {2, 4, 6}

    def text(line: tuple[str, ...]) -> str:
        parts = [c.rjust(w) if k in right else c.ljust(w) for k, (c, w) in enumerate(zip(line, widths, strict=True))]
        return "  ".join(parts).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([text(lines[0]), rule, *(text(line) for line in lines[1:])])


def setting(rounds: int) -> dict[str, Any]:
    """What the numbers depend on: versions, processor, threads. Nothing that names the machine."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return {
        "date": date.today().isoformat(),
        "commit": commit(),
        "python": platform.python_version(),
        "versions": versions,
        "system": platform.system(),
        "processor": processor(),
        "threads": THREADS,
        "rounds": rounds,
    }


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]}, {len(names)} logical cores" if names else platform.machine()


def commit() -> str:
    """The commit measured, marked when files differ from it."""
    here = Path(__file__).resolve().parent
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty"], cwd=here, check=True, capture_output=True, text=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()


def record(row: Row) -> dict[str, Any]:
    case = row.case
    found: dict[str, Any] = {"name": case.name, "what": case.what, "unit": case.unit, "rival": case.rival}
    found["budget"], found["verdict"] = case.budget, row.verdict
    found["median"] = {side: round(row.value(side), 4) for side in row.samples}
    others = [side for side in row.samples if side != OURS]
    found["ratio"] = {side: [round(r, 4) for r in row.ratio(side)] for side in others}
    return found


def write(rows: list[Row], rounds: int, folder: Path) -> list[Path]:
    """`<date>.json` and `<date>.png` in `folder`. Ratios are median, lower and upper quartile."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = setting(rounds)
    path = folder / f"{facts['date']}.json"
    path.write_text(json.dumps({**facts, "rows": [record(row) for row in rows]}, indent=1) + "\n", encoding="utf-8")
    picture = path.with_suffix(".png")
    draw(rows, facts, picture)
    return [path, picture]


def draw(rows: list[Row], facts: dict[str, Any], path: Path) -> None:
    """Every ratio on a logarithmic axis with its quartiles, the budget as a mark; shorter is better."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = [row for row in rows if row.case.rival in row.samples]
    height = 1.2 + 0.32 * len(rows)
    canvas, axes = pyplot.subplots(figsize=(10, height), layout="constrained")
    for place, row in enumerate(rows):
        ratio, low, high = row.ratio(row.case.rival)
        colour = {"ok": "#2a7f62", "missed": "#c0504d", "": "#5b6770"}[row.verdict]
        axes.barh(place, ratio - 0.01, left=0.01, color=colour, height=0.62, alpha=0.85)
        axes.plot([low, high], [place, place], color="#202830", linewidth=1.6)
        end = max(high, ratio, 0.1)
        if row.case.budget is not None and end < row.case.budget < end * 1.2:
            end = row.case.budget
        axes.text(end * 1.05, place, f"{ratio:.2f}", va="center", fontsize=8)
        if row.case.budget is not None:
            axes.plot([row.case.budget] * 2, [place - 0.42, place + 0.42], color="#202830", linewidth=2)
    axes.axvline(1.0, color="#5b6770", linewidth=0.8, linestyle=":")
    axes.set_yticks(range(len(rows)), [f"{row.case.name}  (/ {row.case.rival})" for row in rows], fontsize=8)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xscale("log")
    largest = max([1.0, *(row.ratio(row.case.rival)[2] for row in rows)])
    axes.set_xlim(0.1, largest * 1.6)
    ticks = [t for t in (0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10) if t <= largest * 1.6]
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    axes.set_xlabel("chainrule / other, median and quartiles; the black mark is the budget; less is better", fontsize=9)
    versions = facts["versions"]
    axes.set_title(
        f"chainrule {versions['chainrule']}, NumPy {versions['numpy']}, PyTorch {versions['torch']} (CPU), "
        f"{facts['threads']} threads, {facts['date']}",
        fontsize=9,
    )
    canvas.savefig(path, dpi=120)
    pyplot.close(canvas)

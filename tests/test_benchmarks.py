"""The benchmarks run, do on every side the same work, and write what they say they write."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

import chainrule as cr

FOLDER = Path(__file__).resolve().parent.parent / "benchmarks"


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONSAFEPATH"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=FOLDER.parent, env=environment, capture_output=True, text=True, timeout=240
    )


def module(name: str):
    spec = importlib.util.spec_from_file_location(f"benchmarks_{name}", FOLDER / f"{name}.py")
    found = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = found  # dataclasses look their module up
    spec.loader.exec_module(found)
    return found


def test_a_row_from_start_to_finish(tmp_path):
    pytest.importorskip("torch")
    pytest.importorskip("matplotlib")
    done = bench("benchmarks", "--quick", "--rounds", "3", "--rows", "no_grad: x*w", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "small op, no_grad: x*w + w" in done.stdout
    (written,) = tmp_path.glob("*.json")
    assert written.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    found = json.loads(written.read_text())
    assert found["threads"] == 2 and found["versions"]["chainrule"] == cr.__version__
    (row,) = found["rows"]
    median, low, high = row["ratio"]["torch"]
    assert 0 < low <= median <= high
    assert row["verdict"] == ("ok" if median <= row["budget"] else "missed")
    assert str(Path.home()) not in written.read_text()


def test_a_row_of_a_family_does_the_same_work_on_both_sides():
    pytest.importorskip("torch")
    done = bench("benchmarks", "--quick", "--rounds", "1", "--rows", "small")
    assert done.returncode == 0, done.stderr
    assert "family: x[index] = v, small" in done.stdout and "4096x4096" not in done.stdout


def test_started_as_a_module_it_does_not_take_our_folders_for_other_packages():
    done = bench("-m", "benchmarks", "--rows", "there is no such row")
    assert done.returncode == 1 and "no row's name contains" in done.stderr


@pytest.mark.slow
def test_every_quick_row(tmp_path):
    pytest.importorskip("torch")
    done = bench("-P", "benchmarks", "--quick", "--rounds", "1")
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.iterdir())
    for row in (
        "small op, both ways",
        "scalars: 3-4-4-1 network",
        "MLP step, Adam, batch 128",
        "family: np.sin(t)",
        "import",
        "10^4 nodes",
    ):
        assert row in done.stdout


def test_ratios_are_taken_within_rounds():
    measure = module("measure")
    case = measure.Case("row", "", "us", "torch", 0.5, lambda settings: {})
    row = measure.Row(case, {"chainrule": [1.0, 2.0, 30.0], "torch": [2.0, 5.0, 60.0]})
    assert row.ratio("torch")[0] == 0.5 and row.verdict == "ok"
    row.samples["torch"] = [1.9, 3.0, 100.0]
    assert row.ratio("torch")[0] == pytest.approx(1 / 1.9) and row.verdict == "missed"
    row.samples = {"chainrule": [1.0]}
    assert row.verdict == ""


def test_a_collected_side_starts_clean():
    measure = module("measure")
    seen = []

    class Loop:
        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            seen.append("collected")

    def litter() -> float:
        Loop()
        return 1.0

    def look() -> float:
        seen.append("looked")
        return 1.0

    measure.alternate({"a": litter, "b": look}, 1)
    assert seen == ["collected", "looked"]


def test_micrograds_idea_has_our_gradients():
    """The yardstick of the scalar rows computes the right thing."""
    value = module("micrograd_value").Value

    def program(a, b):
        c = a * b + b**3 - 1
        d = c * 2 + (1 - c) + (a - b).relu()
        return (d / (2.0 * a + 7) - (-b)).tanh() * d + 0.5 / b

    a, b = value(-1.5), value(0.75)
    out = program(a, b)
    out.backward()
    x, y = (cr.tensor(v, requires_grad=True, dtype=cr.float64) for v in (-1.5, 0.75))
    expected = program(x, y)
    expected.backward()
    assert math.isclose(out.data, expected.item(), rel_tol=1e-12)
    assert math.isclose(a.grad, x.grad.item(), rel_tol=1e-12)
    assert math.isclose(b.grad, y.grad.item(), rel_tol=1e-12)

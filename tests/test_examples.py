"""The examples run, and do what they say."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_neuron_has_the_gradients_worked_out_by_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    y = load("neuron").main(tmp_path)
    assert y.item() == pytest.approx(0.5**0.5, abs=1e-6)
    assert "w1 = -3.0000   gradient +1.0000" in capsys.readouterr().out
    assert (tmp_path / "neuron.svg").read_text(encoding="utf-8").count("<svg") == 1


def test_a_network_of_scalars_learns(capsys: pytest.CaptureFixture[str]) -> None:
    assert load("scalar_network").main() == 1.0
    assert "33 scalar parameters" in capsys.readouterr().out


def test_newton_beats_gradient_descent() -> None:
    newton, descent = load("newton").main()
    assert newton < 1e-18 < 1e-3 < descent


def test_numpy_programs_are_differentiated_unchanged(capsys: pytest.CaptureFixture[str]) -> None:
    first, last, miss = load("numpy_code").main()
    assert f"nothing recorded: {first:.3f}" in capsys.readouterr().out
    assert first < -40 and last > 11.8 and miss < 1e-12


def test_scipy_optimises_with_our_gradients() -> None:
    example = load("scipy_optimize")
    differences, gradients, newton = example.minimise_rosenbrock(10)
    assert gradients.fun < 1e-10 and newton.fun < 1e-10
    assert gradients.nfev * 8 < differences.nfev
    assert example.learn_digits() > 0.95


def test_the_nan_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = load("nan_hunt").main(tmp_path)
    assert "the loss is nan" in capsys.readouterr().out
    assert found.startswith("log made 32 infinite of 32 in the forward pass, called at ")
    assert "nan_hunt.py:" in found and "in Likelihood:Likelihood" in found
    assert "the first value that is not finite" in (tmp_path / "nan.svg").read_text(encoding="utf-8")


def test_the_readme_lists_every_example() -> None:
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for path in EXAMPLES.glob("*.py"):
        assert f"`{path.name}`" in listed

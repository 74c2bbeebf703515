"""What is shipped: the wheel and the sdist as built, their metadata, and what `import chainrule` loads."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from email.message import Message
from email.parser import Parser
from importlib.metadata import version
from pathlib import Path

import pytest

import chainrule as cr

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES: dict[str, str] = SETTINGS["tool"]["setuptools"]["package-dir"]
NOT_SHIPPED = {"tests", "docs", "examples", "benchmarks", "build", "dist", "site", "out"}


def source_files(folder: Path) -> Iterator[Path]:
    """The files of a package folder itself, without those of the folders below it that are packages too."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path


def shipped() -> set[str]:
    """Every file of the package folders, by the path it must have in the wheel."""
    names = set()
    for package, folder in PACKAGES.items():
        for path in source_files(ROOT / folder):
            inner = path.relative_to(ROOT / folder).as_posix()
            names.add(f"{package.replace('.', '/')}/{inner}")
    return names


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel that is built from it; the checkout is left as it was."""
    pytest.importorskip("build", reason="install the extra `test`")
    tree = tmp_path_factory.mktemp("tree")
    ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, tree)
        elif path.name in {*PACKAGES.values(), "tests", "docs", "examples", "benchmarks"}:
            shutil.copytree(path, tree / path.name, ignore=ignore)
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-P", "-m", "build", "--no-isolation", "--outdir", str(out), str(tree)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return out


@pytest.fixture(scope="module")
def wheel(built: Path) -> Iterator[zipfile.ZipFile]:
    (path,) = built.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    (name,) = (n for n in wheel.namelist() if n.endswith(".dist-info/METADATA"))
    return Parser().parsestr(wheel.read(name).decode())


def test_the_wheel_holds_the_package_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == shipped()
    assert "chainrule/py.typed" in names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in wheel.namelist())


def test_the_wheel_is_for_every_platform(built: Path) -> None:
    (path,) = built.glob("*.whl")
    assert path.name == f"chainrule-{cr.__version__}-py3-none-any.whl"


def test_the_core_has_four_dependencies(metadata: Message) -> None:
    lines = metadata.get_all("Requires-Dist", [])
    core = {line.split(">")[0] for line in lines if "extra ==" not in line}
    assert core == {"numpy", "graphviz", "optree", "safetensors"}
    extras = {"gpu12", "gpu13", "viz", "special", "demo", "bench", "test", "docs", "all"}
    assert set(metadata.get_all("Provides-Extra", [])) == extras
    assert not [line for line in lines if line.startswith("torch")], "a bare torch pulls in gigabytes of CUDA"


def test_metadata(metadata: Message) -> None:
    assert metadata["Name"] == "chainrule"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Version"] == version("chainrule") == cr.__version__


def test_the_command_is_declared(wheel: zipfile.ZipFile) -> None:
    (name,) = (n for n in wheel.namelist() if n.endswith(".dist-info/entry_points.txt"))
    assert "chainrule = chainrule.cli:main" in wheel.read(name).decode()


def test_the_sdist_can_be_tested_from(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    held = {p.relative_to(ROOT).as_posix() for f in PACKAGES.values() for p in source_files(ROOT / f)}
    held |= {p.relative_to(ROOT).as_posix() for p in source_files(ROOT / "tests") if p.suffix == ".py"}
    assert held | {"pyproject.toml", "README.md", "LICENSE", "CONTRIBUTING.md", "Makefile"} <= names


def test_every_top_level_package_is_mapped() -> None:
    """A folder with Python files at the top is either shipped, or known not to be."""
    with_python = {p.parent.name for p in ROOT.glob("[!.]*/*.py")}
    assert with_python - NOT_SHIPPED == {folder for folder in PACKAGES.values() if "/" not in folder}
    assert sorted(PACKAGES) == sorted(SETTINGS["tool"]["setuptools"]["packages"])


def python(code: str, cwd: Path, **environment: str) -> str:
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONSAFEPATH")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env=env | environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_loads_no_extra(tmp_path: Path) -> None:
    extras = "cupy sklearn matplotlib torch scipy tqdm graphviz_pure autograd mygrad jax pandas".split()
    code = f"import chainrule, sys; print([name for name in {extras} if name in sys.modules])"
    assert python(code, tmp_path) == "[]"


def test_import_starts_no_thread_and_writes_nothing(tmp_path: Path) -> None:
    code = "import chainrule, threading; print(threading.active_count())"
    assert python(code, tmp_path, PYTHONDONTWRITEBYTECODE="1") == "1"
    assert not list(tmp_path.iterdir())


def test_the_tests_see_the_installed_package_and_not_the_folders() -> None:
    assert str(ROOT) not in sys.path and "" not in sys.path
    for name in ("nn", "optim", "viz", "backends"):
        with pytest.raises(ModuleNotFoundError):
            __import__(name)


def test_import_works_from_the_top_of_the_checkout() -> None:
    """There, Python finds the bare folder chainrule/ first; an editable install still finds the other parts."""
    if Path(cr.__file__).parent != ROOT / "chainrule":
        pytest.skip("installed as a wheel: the folder on the path stands in its way, as with any package")
    assert python("import chainrule.autograd, chainrule.nn; print(chainrule.autograd.__file__)", ROOT) == str(
        ROOT / "autograd" / "__init__.py"
    )

"""Where new tensors are born: argument, block, call, environment, file, default, and their errors."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import pytest

from chainrule import backends
from chainrule.backends import BackendUnavailable, ConfigError


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    """An empty directory, an empty environment, nothing set."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CHAINRULE_BACKEND", raising=False)
    monkeypatch.delenv("CHAINRULE_DTYPE", raising=False)
    backends.set_backend(None)
    backends.set_default_dtype(None)
    backends.reload_settings()
    yield
    monkeypatch.undo()
    backends.set_backend(None)
    backends.set_default_dtype(None)
    backends.reload_settings()


def test_the_default_is_numpy_and_float32():
    assert backends.get_backend().name == "numpy"
    assert backends.get_default_dtype() == np.float32


def test_each_level_overrides_the_one_below(tmp_path, monkeypatch):
    def now(**arguments):
        return backends.resolve(**arguments)[0].name

    (tmp_path / "chainrule.toml").write_text('backend = "standin"\n')
    backends.reload_settings()
    assert now() == "standin"  # the file, over the default
    monkeypatch.setenv("CHAINRULE_BACKEND", "numpy")
    backends.reload_settings()
    assert now() == "numpy"  # the environment, over the file
    backends.set_backend("standin")
    assert now() == "standin"  # the call, over the environment
    with backends.use_backend("numpy"):
        assert now() == "numpy"  # the block, over the call
        assert now(backend="standin") == "standin"  # the argument, over the block
        assert now(device="standin:0") == "standin"
        with backends.use_backend("standin"):
            assert now() == "standin"
        assert now() == "numpy"
    assert now() == "standin"
    backends.set_backend(None)
    assert now() == "numpy"
    monkeypatch.delenv("CHAINRULE_BACKEND")
    backends.reload_settings()
    assert now() == "standin"


def test_settings_are_read_once_until_told(monkeypatch):
    assert backends.get_backend().name == "numpy"
    monkeypatch.setenv("CHAINRULE_BACKEND", "standin")
    assert backends.get_backend().name == "numpy"
    backends.reload_settings()
    assert backends.get_backend().name == "standin"


def test_an_empty_variable_counts_as_unset(monkeypatch, tmp_path):
    (tmp_path / "chainrule.toml").write_text('backend = "standin"\n')
    monkeypatch.setenv("CHAINRULE_BACKEND", "")
    assert backends.load_settings() == {"backend": "standin"}


def test_the_nearest_file_counts(tmp_path, monkeypatch):
    (tmp_path / "chainrule.toml").write_text('backend = "standin"\ndtype = "float64"\n')
    inner = tmp_path / "project" / "package"
    inner.mkdir(parents=True)
    assert backends.load_settings(inner) == {"backend": "standin", "dtype": "float64"}
    (tmp_path / "project" / "pyproject.toml").write_text('[tool.chainrule]\nbackend = "numpy"\n')
    assert backends.load_settings(inner) == {"backend": "numpy"}
    (tmp_path / "project" / "chainrule.toml").write_text('backend = "auto"\n')
    assert backends.load_settings(inner) == {"backend": "auto"}  # beside a pyproject.toml, the own file counts
    monkeypatch.chdir(inner)
    assert backends.load_settings() == {"backend": "auto"}


@pytest.mark.parametrize("text", ["", "[tool.ruff]\nline-length = 100\n", "tool = 3\n", "this is [not toml"])
def test_a_pyproject_without_our_table_is_passed_over(tmp_path, text):
    (tmp_path / "chainrule.toml").write_text('backend = "standin"\n')
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "pyproject.toml").write_text(text)
    assert backends.load_settings(inner) == {"backend": "standin"}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("chainrule.toml", 'bakend = "numpy"\n', "unknown key 'bakend'; the keys are backend, dtype"),
        ("chainrule.toml", "backend = 3\n", "backend must be a string, got 3"),
        ("chainrule.toml", 'backend = ["numpy"]\n', "backend must be a string"),
        ("chainrule.toml", "backend = \n", "not valid TOML"),
        ("pyproject.toml", '[tool.chainrule]\ndtyp = "float64"\n', "unknown key 'dtyp'"),
        ("pyproject.toml", '[tool]\nchainrule = "numpy"\n', "must be a table, got 'numpy'"),
    ],
)
def test_a_wrong_file_is_an_error_that_names_it(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError, match=name) as caught:
        backends.get_backend()
    assert message in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_a_file_that_is_no_text(tmp_path):
    (tmp_path / "chainrule.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"chainrule\.toml is not valid TOML"):
        backends.load_settings()


def test_an_unknown_backend_in_the_file_or_environment_names_its_source(tmp_path, monkeypatch):
    (tmp_path / "chainrule.toml").write_text('backend = "numbpy"\n')
    backends.reload_settings()
    with pytest.raises(ConfigError, match=r"chainrule\.toml: no backend is called 'numbpy'; there are numpy, cupy"):
        backends.get_backend()
    monkeypatch.setenv("CHAINRULE_BACKEND", "nump")
    backends.reload_settings()
    with pytest.raises(ConfigError, match="variable CHAINRULE_BACKEND: no backend is called 'nump'"):
        backends.get_backend()


def test_an_unusable_backend_in_the_environment_names_its_source(monkeypatch):
    class Broken(backends.Backend):
        name = device_type = "broken-by-test"
        array_type = type("BrokenArray", (), {})

        def unavailable(self):
            return "its hardware is missing"

    monkeypatch.setattr("chainrule.backends.registry._factories", {"broken-by-test": Broken})
    monkeypatch.setenv("CHAINRULE_BACKEND", "broken-by-test")
    backends.reload_settings()
    with pytest.raises(BackendUnavailable, match="its hardware is missing") as caught:
        backends.get_backend()
    assert "CHAINRULE_BACKEND" in str(caught.value)


def test_set_backend_keeps_what_was_set_after_an_error():
    backends.set_backend("standin")
    with pytest.raises(ValueError, match="no backend is called 'nonsense'"):
        backends.set_backend("nonsense")
    assert backends.get_backend().name == "standin"


def test_use_backend_is_left_after_an_exception():
    with pytest.raises(KeyError), backends.use_backend("standin"):
        raise KeyError
    assert backends.get_backend().name == "numpy"


def test_arguments_that_contradict_each_other():
    with pytest.raises(ValueError, match="device 'cpu' belongs to the numpy backend, not to 'standin'"):
        backends.resolve(device="cpu", backend="standin")
    found, device = backends.resolve(device="standin:0", backend="standin")
    assert (found.name, device) == ("standin", "standin:0")


class TestDtype:
    def test_precedence(self, tmp_path, monkeypatch):
        (tmp_path / "chainrule.toml").write_text('dtype = "float64"\n')
        backends.reload_settings()
        assert backends.get_default_dtype() == np.float64
        monkeypatch.setenv("CHAINRULE_DTYPE", "float16")
        backends.reload_settings()
        assert backends.get_default_dtype() == np.float16
        backends.set_default_dtype(np.float32)
        assert backends.get_default_dtype() == np.float32
        backends.set_default_dtype(None)
        assert backends.get_default_dtype() == np.float16

    @pytest.mark.parametrize("wrong", [int, "int32", bool, "complex64"])
    def test_only_floating_dtypes(self, wrong):
        backends.set_default_dtype("float64")
        with pytest.raises(TypeError, match="must be a floating one"):
            backends.set_default_dtype(wrong)
        assert backends.get_default_dtype() == np.float64

    @pytest.mark.parametrize(("value", "message"), [("int64", "must be a floating one"), ("float33", "is not a dtype")])
    def test_a_wrong_one_names_its_source(self, monkeypatch, value, message):
        monkeypatch.setenv("CHAINRULE_DTYPE", value)
        backends.reload_settings()
        with pytest.raises(ConfigError, match=message) as caught:
            backends.get_default_dtype()
        assert "CHAINRULE_DTYPE" in str(caught.value)


class TestLocality:
    """A block holds in its own thread and its own asyncio task; a call holds everywhere."""

    def test_threads(self):
        inside, seen = threading.Barrier(2), {}

        def work(name):
            with backends.use_backend(name):
                inside.wait(timeout=10)  # both blocks are open at once
                seen[name] = backends.get_backend().name
                inside.wait(timeout=10)

        threads = [threading.Thread(target=work, args=(name,)) for name in ("numpy", "standin")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == {"numpy": "numpy", "standin": "standin"}

    def test_a_block_does_not_reach_a_thread_started_inside(self):
        seen = []
        with backends.use_backend("standin"):
            thread = threading.Thread(target=lambda: seen.append(backends.get_backend().name))
            thread.start()
            thread.join()
        assert seen == ["numpy"]

    def test_a_call_reaches_every_thread(self):
        seen = []
        backends.set_backend("standin")
        thread = threading.Thread(target=lambda: seen.append(backends.get_backend().name))
        thread.start()
        thread.join()
        assert seen == ["standin"]

    def test_asyncio_tasks(self):
        async def work(name, entered, other):
            with backends.use_backend(name):
                entered.set()
                await other.wait()  # the other task's block is open now, on the same thread
                return backends.get_backend().name

        async def main():
            first, second = asyncio.Event(), asyncio.Event()
            return await asyncio.gather(work("numpy", first, second), work("standin", second, first))

        assert asyncio.run(main()) == ["numpy", "standin"]
        assert backends.get_backend().name == "numpy"

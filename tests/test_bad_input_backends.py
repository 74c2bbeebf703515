"""Backends that are not there, that fail or that meet in one op, and configuration that cannot be followed."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from refusals import refused

import chainrule as cr
from chainrule import backends
from chainrule.backends import Backend, BackendUnavailable, ConfigError, registry

V, T, R = ValueError, TypeError, RuntimeError


@pytest.mark.parametrize("line", [
    "n + s", "s * n", "n @ s", "n < s", "s == n", "n.maximum(s)", "cr.cat([n, s])", "cr.stack([s, n])",
    "cr.where(n > 0, s, 1.0)", "n.masked_fill(s > 0, 1.0)", "cr.einsum('i,i->', n, s)", "cr.dot(n, s)",
    "n.clamp(min=s)", "F.mse_loss(n, s)", "F.binary_cross_entropy_with_logits(n, s)", "F.linear(n, s)",
    "cr.isclose(n, s)", "n.add_(s)", "n += s", "n[0] = s[0]", "s[0] = n[0]", "n[s.long()]", "n.take(s.long())",
    "n.index_select(0, s.long())", "n.gather(0, s.long())", "n.scatter(0, s.long(), 1.0)",
    "n.scatter_add(0, n.long(), s)", "n.index_add(0, n.long(), s)", "F.cross_entropy(n, s.long()[0])",
    "F.nll_loss(s.view(1, 2), n.long()[:1])", "n + s.array", "s.array + n", "s + n.array", "n.array + s",
    "cr.lerp(n, s, 0.5)",
])  # fmt: skip
def test_two_backends_in_one_op(line: str) -> None:
    n, s = cr.ones(2, backend="numpy"), cr.ones(2, backend="standin")
    with pytest.raises(cr.MixedBackends) as caught:
        exec(line, {"cr": cr, "F": cr.nn.functional, "n": n, "s": s})
    text = str(caught.value)
    for word in ("different backends", "on cpu (numpy)", "on standin:0 (standin)", "t.cpu()", "t.to(other.device)"):
        assert word in text
    assert isinstance(caught.value, TypeError)
    assert n.tolist() == s.tolist() == [1, 1] and n._version == s._version == 0


@pytest.mark.parametrize(("line", "kind", "words"), [
    ("n.grad = s", R, ["shape, dtype and backend", "numpy", "standin"]),
    ("(n * 2).backward(s)", R, ["gradient is on standin:0", "cpu", ".to()"]),
    ("F.cross_entropy(n.view(1, 2), n.long()[:1], weight=s)", V, ["class weights", "standin"]),
    ("cr.rand(2, backend='numpy', generator=cr.Generator('standin'))", V, ["standin", "numpy"]),
    ("cr.tensor(1.0, device='cpu', backend='standin')", V, ["'cpu'", "numpy", "'standin'"]),
    ("np.asarray(s)", T, ["standin:0", "cpu()"]),
    ("s.numpy()", T, ["standin:0", "force=True"]),
])  # fmt: skip
def test_two_backends_that_meet_elsewhere(line: str, kind: type[Exception], words: list[str]) -> None:
    n, s = cr.ones(2, backend="numpy", requires_grad=True), cr.ones(2, backend="standin")
    refused(line, kind, *words, n=n, s=s)
    assert n.grad is None and n.tolist() == s.tolist() == [1, 1]


@pytest.mark.parametrize(("line", "kind", "words"), [
    ("cr.set_backend('nonsense')", V, ["'nonsense'", "numpy, cupy, standin", "'auto'"]),
    ("cr.use_backend('nonsense').__enter__()", V, ["'nonsense'"]),
    ("cr.use_backend(None).__enter__()", V, ["None"]),
    ("cr.register_backend('numpy', Backend)", V, ["'numpy' is taken"]),
    ("cr.register_backend('auto', Backend)", V, ["'auto' is taken"]),
    ("cr.register_backend('', Backend)", V, ["empty"]),
    ("cr.register_backend(3, Backend)", T, ["register_backend", "3"]),
    ("cr.register_backend('new', 3)", T, ["register_backend", "3"]),
])  # fmt: skip
def test_names_of_backends(line: str, kind: type[Exception], words: list[str]) -> None:
    names, active = backends.backend_names(), backends.get_backend()
    refused(line, kind, *words, Backend=Backend)
    assert backends.backend_names() == names and backends.get_backend() is active


def test_a_backend_that_is_not_there_says_how_to_get_it() -> None:
    if backends.unavailable("cupy") is None:
        pytest.skip("there is a GPU")
    active = backends.get_backend()
    for line in ("cr.set_backend('cupy')", "cr.zeros(3, device='cuda')", "z(3).cuda()", "z(3).to('cuda:1')"):
        refused(line, BackendUnavailable, "the cupy backend cannot be used here", "chainrule[gpu")
    assert backends.get_backend() is active and issubclass(BackendUnavailable, RuntimeError)


class Unready(Backend):
    """A plugin that can do nothing."""

    name = device_type = "unready"
    array_type = type("UnreadyArray", (), {})


def _raises(error: Exception) -> Any:
    def factory() -> Any:
        raise error

    return factory


@pytest.mark.parametrize(("factory", "words"), [
    (_raises(OSError("no such device node")), ["OSError", "no such device node"]),
    (_raises(KeyError("SDK")), ["KeyError", "SDK"]),
    (lambda: None, ["NoneType"]),
    (Unready, ["xp"]),
], ids=["OSError", "KeyError", "None", "without xp"])  # fmt: skip
def test_a_plugin_that_fails_fails_alone(factory: Any, words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_factories", {"plugin": factory})
    before = dict(registry.NAMESPACES)
    for _ in range(2):  # it stays unavailable, and no half of it stays behind
        with pytest.raises(BackendUnavailable) as caught:
            cr.set_backend("plugin")
        for word in ("the plugin backend cannot be used here", *words):
            assert word in str(caught.value)
    report = backends.available_backends()
    assert report["plugin"] == str(caught.value) and report["numpy"] == "available: cpu"
    assert registry.NAMESPACES == before and backends.get_backend().name == "numpy"


def test_a_plugin_that_cannot_be_imported_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plugin_with_a_bug.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    entry = EntryPoint("buggy", "plugin_with_a_bug:Backend", "chainrule.backends")
    monkeypatch.setattr(registry, "_entry_points", lambda name="buggy": [entry] if name == "buggy" else [])
    with pytest.raises(BackendUnavailable, match="'plugin_with_a_bug:Backend': ZeroDivisionError"):
        cr.set_backend("buggy")
    report = backends.available_backends()
    assert "ZeroDivisionError" in report["buggy"] and report["numpy"] == "available: cpu"


@pytest.mark.parametrize(("text", "words"), [
    ('bakcend = "numpy"', ["unknown key 'bakcend'", "backend, dtype"]),
    ("backend = 3", ["backend must be a string", "3"]),
    ('backend = "numpyy"', ["no backend is called 'numpyy'"]),
    ("backend = ", ["not valid TOML"]),
])  # fmt: skip
def test_a_wrong_configuration_file(
    text: str, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "chainrule.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CHAINRULE_BACKEND", raising=False)
    backends.reload_settings()
    try:
        for line in ("cr.zeros(3)", "cr.rand(2)"):
            refused(line, ConfigError, str(tmp_path / "chainrule.toml"), *words)
        assert cr.zeros(2, backend="numpy", dtype=cr.float64).tolist() == [0, 0]  # what says it all needs no file
    finally:
        monkeypatch.undo()
        backends.reload_settings()

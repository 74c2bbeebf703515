"""Tries the wheel where it is installed alone: `python -I .ci/check_wheel.py`.

`-I` keeps every folder of the checkout off the path, and only the core dependencies may be installed. A small network
is trained, saved, read back and drawn, as a user would.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tempfile
from importlib.metadata import requires, version
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import chainrule as cr

home = Path(sysconfig.get_path("purelib")).resolve()
assert Path(cr.__file__).resolve().is_relative_to(home), f"chainrule came from {cr.__file__}, not from {home}"
assert (Path(cr.__file__).parent / "py.typed").exists(), "py.typed was not shipped"
assert cr.__version__ == version("chainrule"), (cr.__version__, version("chainrule"))

core = sorted(line.split(">")[0] for line in requires("chainrule") or [] if "extra ==" not in line)
assert core == ["graphviz", "numpy", "optree", "safetensors"], core
for absent in ("torch", "scipy", "sklearn", "matplotlib", "tqdm", "cupy", "autograd"):
    assert find_spec(absent) is None, f"{absent} is installed here, so this environment proves nothing about it"

# A derivative known by heart: d/dx of x^3 sin x, once and twice.
x = cr.tensor(0.7, requires_grad=True, dtype=cr.float64)
y = x**3 * cr.sin(x)
(first,) = cr.autograd.grad(y, x, create_graph=True)
assert first is not None
first.backward()
assert x.grad is not None
np.testing.assert_allclose(first.item(), 3 * 0.7**2 * np.sin(0.7) + 0.7**3 * np.cos(0.7), rtol=1e-12)
np.testing.assert_allclose(x.grad.item(), (6 * 0.7 - 0.7**3) * np.sin(0.7) + 6 * 0.7**2 * np.cos(0.7), rtol=1e-12)

# XOR, learnt by a network with one hidden layer.
cr.manual_seed(0)
inputs = cr.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
targets = cr.tensor([[0.0], [1.0], [1.0], [0.0]])
model = cr.nn.Sequential(cr.nn.Linear(2, 16), cr.nn.Tanh(), cr.nn.Linear(16, 1))
optimizer = cr.optim.Adam(model.parameters(), lr=0.05)
loss_function = cr.nn.BCEWithLogitsLoss()
for _ in range(300):
    optimizer.zero_grad()
    loss = loss_function(model(inputs), targets)
    loss.backward()
    optimizer.step()
assert loss.item() < 0.01, f"XOR was not learnt: the loss is still {loss.item():.3f}"

drawn = cr.visualize(loss_function(model(inputs), targets), params=dict(model.named_parameters()))
assert drawn.source.startswith("digraph"), drawn.source[:80]

with tempfile.TemporaryDirectory() as folder:
    weights = Path(folder) / "xor.safetensors"
    cr.save(model.state_dict(), weights)
    again = cr.nn.Sequential(cr.nn.Linear(2, 16), cr.nn.Tanh(), cr.nn.Linear(16, 1))
    again.load_state_dict(cr.load(weights))
    np.testing.assert_array_equal(again(inputs).detach().numpy(), model(inputs).detach().numpy())

    command = Path(sys.prefix) / ("Scripts" if sys.platform == "win32" else "bin") / "chainrule"
    subprocess.run([str(command), "info"], check=True, cwd=folder)

print(f"the wheel of chainrule {cr.__version__} works on Python {sys.version.split()[0]}, NumPy {np.__version__}")

"""A PyTorch program from a tutorial, verbatim but for its import. (PyTorch itself stops at its optimizer, which is
handed a bare tensor.)"""

from __future__ import annotations

import pytest

PROGRAM = """
import chainrule as torch
tensor = torch.tensor([1, 2, 3, 4, 5]); print("Tensor:", tensor)
result = tensor + tensor; print("Result of addition:", result)
variable = torch.tensor([1.0, 2.0], requires_grad=True)
loss_fn = torch.nn.MSELoss(); optimizer = torch.optim.SGD(variable, lr=0.1)
for _ in range(10):
    optimizer.zero_grad()
    loss = loss_fn(variable, torch.tensor([3.0, 4.0]))
    loss.backward()
    optimizer.step()
print("Updated value of variable:", variable.data)
"""


def test_the_program_runs(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(PROGRAM, "program", "exec"), {})
    # The gradient of the mean of two squares is the difference, so each step leaves 0.9 of it: 2 * 0.9**10 = 0.6974.
    assert capsys.readouterr().out.splitlines() == [
        "Tensor: tensor([1, 2, 3, 4, 5])",
        "Result of addition: tensor([ 2,  4,  6,  8, 10])",
        "Updated value of variable: tensor([2.3026, 3.3026])",
    ]


def test_pytorch_prints_the_same_where_it_takes_a_list(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(PROGRAM, "program", "exec"), {})
    ours = capsys.readouterr().out
    theirs = PROGRAM.replace("import chainrule as torch", "import torch").replace("SGD(variable,", "SGD([variable],")
    exec(compile(theirs, "program", "exec"), {})
    assert capsys.readouterr().out == ours

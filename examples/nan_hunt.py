"""The hunt for a NaN: a network learns for a while, then its loss is no number any more; who did it?

It predicts a mean and a spread, and is trained by the likelihood of what was measured, which has no noise. So the
spread shrinks, and where it is small the gradients are large: one step throws it far below 0, relu makes 0 of that, and
the logarithm of 0 is taken.
"""

import sys
import warnings
from pathlib import Path

import chainrule as cr
from chainrule import nn


class Gaussian(nn.Module):
    """Predicts a mean and a standard deviation."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(1, 16)
        self.mean = nn.Linear(16, 1)
        self.spread = nn.Linear(16, 1)

    def forward(self, x: cr.Tensor) -> tuple[cr.Tensor, cr.Tensor]:
        h = self.hidden(x).tanh()
        return self.mean(h), self.spread(h).relu()  # the mistake: softplus is small where relu is 0


class Likelihood(nn.Module):
    """The negative logarithm of the likelihood of `y` under a prediction, without its constant."""

    def forward(self, mean: cr.Tensor, spread: cr.Tensor, y: cr.Tensor) -> cr.Tensor:
        return (spread.log() + (y - mean) ** 2 / (2 * spread**2)).mean()


def train(steps: int) -> tuple[int, float]:
    """Trains until the loss is no number any more; returns the steps taken and the last loss."""
    cr.manual_seed(0)
    model, criterion = Gaussian(), Likelihood()
    model.spread.bias.data = cr.tensor([2.0])
    optimizer = cr.optim.SGD(model.parameters(), lr=0.05)
    x = cr.linspace(-1.0, 1.0, 32).reshape(32, 1)
    y = cr.where(x > 0, 0.5, x)
    loss = cr.tensor(0.0)
    for step in range(steps):
        optimizer.zero_grad()
        loss = criterion(*model(x), y)
        loss.backward()
        optimizer.step()
        if not loss.isfinite().item():
            return step, loss.item()
    return steps, loss.item()


def main(out: Path) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's word on it, which names no operation of ours
        step, last = train(500)
        print(f"in step {step} the loss is {last}\n")

        out.mkdir(parents=True, exist_ok=True)
        try:
            with cr.autograd.detect_anomaly(picture=out / "nan.svg"):
                train(500)
        except cr.autograd.AnomalyError as error:
            print(error)
            return str(error)
    return ""


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "out"))

"""One neuron, scalar by scalar: the forward pass, the backward pass, and a picture of the graph between them."""

import sys
from pathlib import Path

import chainrule as cr


def main(out: Path) -> cr.Tensor:
    x1, x2 = cr.tensor(2.0, requires_grad=True), cr.tensor(0.0, requires_grad=True)
    w1, w2 = cr.tensor(-3.0, requires_grad=True), cr.tensor(1.0, requires_grad=True)
    b = cr.tensor(6.8813735870195432, requires_grad=True)

    z = x1 * w1 + x2 * w2 + b
    y = z.tanh()
    z.retain_grad()
    y.backward()

    names = {"x1": x1, "x2": x2, "w1": w1, "w2": w2, "b": b, "z": z, "y": y}
    for name, tensor in names.items():
        gradient = "none kept" if not tensor.is_leaf and not tensor.retains_grad else f"{tensor.grad.item():+.4f}"
        print(f"{name:>2} = {tensor.item():+.4f}   gradient {gradient}")

    out.mkdir(parents=True, exist_ok=True)
    cr.visualize(y, params=names, show_values=True).save_svg(out / "neuron.svg")
    print(f"the graph is in {out / 'neuron.svg'}")
    return y


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "out"))

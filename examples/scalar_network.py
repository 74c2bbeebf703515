"""A network made of single numbers, as micrograd makes them: 2 inputs, 8 tanh neurons, 1 output, every weight a 0-d
tensor. It learns to tell the points of an inner ring from those of an outer one."""

import math
import random

import chainrule as cr


def ring(radius: float, count: int, rng: random.Random) -> list[tuple[float, float]]:
    angles = [2 * math.pi * k / count for k in range(count)]
    return [(radius * math.cos(a) + rng.gauss(0, 0.1), radius * math.sin(a) + rng.gauss(0, 0.1)) for a in angles]


class Neuron:
    def __init__(self, fan_in: int, rng: random.Random) -> None:
        self.weights = [cr.tensor(rng.uniform(-1, 1), requires_grad=True) for _ in range(fan_in)]
        self.bias = cr.tensor(0.0, requires_grad=True)

    def __call__(self, inputs: list) -> cr.Tensor:
        total = self.bias
        for weight, value in zip(self.weights, inputs, strict=True):
            total = total + weight * value
        return total

    def parameters(self) -> list[cr.Tensor]:
        return [*self.weights, self.bias]


def main(steps: int = 60) -> float:
    rng = random.Random(0)
    points = [(p, -1.0) for p in ring(0.5, 12, rng)] + [(p, 1.0) for p in ring(1.5, 12, rng)]
    hidden, output = [Neuron(2, rng) for _ in range(8)], Neuron(8, rng)
    parameters = [p for neuron in [*hidden, output] for p in neuron.parameters()]

    def score(point: tuple[float, float]) -> cr.Tensor:
        return output([neuron(list(point)).tanh() for neuron in hidden])

    for step in range(steps):
        loss = sum(((1 - score(point) * side).relu() for point, side in points), start=cr.tensor(0.0)) / len(points)
        for parameter in parameters:
            parameter.grad = None
        loss.backward()
        with cr.no_grad():
            for parameter in parameters:
                parameter -= 1.0 * parameter.grad
        if step % 10 == 9:
            print(f"step {step + 1:3}: loss {loss.item():.4f}")

    right = sum(score(point).item() * side > 0 for point, side in points) / len(points)
    print(f"{right:.0%} of {len(points)} points right, {len(parameters)} scalar parameters")
    return right


if __name__ == "__main__":
    main()

"""A scalar that remembers how it was computed: micrograd's idea, written anew as the yardstick of the scalar rows.

Every operation makes a `Value` that knows its inputs and carries a closure which hands its gradient on to them;
`backward` orders the graph depth first and calls the closures from the end. One Python float per node, no arrays. The
idea is Andrej Karpathy's (https://github.com/karpathy/micrograd); this is another writing of it, with the same work
per operation: one object, one closure and one set of inputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable


def _nothing() -> None:
    pass


class Value:
    """A number in a graph."""

    def __init__(self, data: float, inputs: tuple[Value, ...] = (), label: str = "") -> None:
        self.data = data
        self.grad = 0.0
        self.inputs = set(inputs)
        self.label = label
        self.hand_on: Callable[[], None] = _nothing

    def __add__(self, other: Value | float) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other), "+")

        def hand_on() -> None:
            self.grad += out.grad
            other.grad += out.grad

        out.hand_on = hand_on
        return out

    def __mul__(self, other: Value | float) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other), "*")

        def hand_on() -> None:
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out.hand_on = hand_on
        return out

    def __pow__(self, exponent: float) -> Value:
        out = Value(self.data**exponent, (self,), f"**{exponent}")

        def hand_on() -> None:
            self.grad += exponent * self.data ** (exponent - 1) * out.grad

        out.hand_on = hand_on
        return out

    def relu(self) -> Value:
        out = Value(max(self.data, 0.0), (self,), "relu")

        def hand_on() -> None:
            self.grad += (out.data > 0) * out.grad

        out.hand_on = hand_on
        return out

    def tanh(self) -> Value:
        out = Value(math.tanh(self.data), (self,), "tanh")

        def hand_on() -> None:
            self.grad += (1 - out.data**2) * out.grad

        out.hand_on = hand_on
        return out

    def __neg__(self) -> Value:
        return self * -1

    def __sub__(self, other: Value | float) -> Value:
        return self + (-other)

    def __truediv__(self, other: Value | float) -> Value:
        return self * other**-1

    def __radd__(self, other: float) -> Value:
        return self + other

    def __rmul__(self, other: float) -> Value:
        return self * other

    def __rsub__(self, other: float) -> Value:
        return other + (-self)

    def __rtruediv__(self, other: float) -> Value:
        return other * self**-1

    def backward(self) -> None:
        """Adds to `.grad` of every value behind this one the derivative of this one with respect to it."""
        order: list[Value] = []
        seen: set[Value] = set()

        def visit(value: Value) -> None:
            if value not in seen:
                seen.add(value)
                for source in value.inputs:
                    visit(source)
                order.append(value)

        visit(self)
        self.grad = 1.0
        for value in reversed(order):
            value.hand_on()

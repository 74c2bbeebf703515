"""SciPy's optimisers with gradients from chainrule: Rosenbrock's function by BFGS, and by Newton's method with
Hessian-vector products; then a softmax regression that learns handwritten digits by L-BFGS.

Needs SciPy and scikit-learn (for the digits).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult, minimize

import chainrule as cr

Objective = Callable[[Any], Any]


def value_and_gradient(f: Objective) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
    """What `minimize(..., jac=True)` wants: the value and the gradient at an array, from one pass."""

    def both(x: np.ndarray) -> tuple[float, np.ndarray]:
        p = cr.tensor(x, requires_grad=True)
        value = f(p)
        (gradient,) = cr.autograd.grad(value, p)
        return value.item(), gradient.numpy()

    return both


def hessian_times(f: Objective) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """What `minimize(..., hessp=...)` wants: the Hessian times a vector, without ever making the Hessian."""

    def product(x: np.ndarray, v: np.ndarray) -> np.ndarray:
        p = cr.tensor(x, requires_grad=True)
        (gradient,) = cr.autograd.grad(f(p), p, create_graph=True)
        (result,) = cr.autograd.grad(gradient, p, cr.tensor(v))
        return result.numpy()

    return product


def rosenbrock(x: Any) -> Any:
    """Of n numbers: the sum of 100 (x[k+1] - x[k]^2)^2 + (1 - x[k])^2, least at (1, ..., 1)."""
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def report(name: str, found: OptimizeResult) -> None:
    print(f"{name:35} f = {found.fun:.2e} after {found.nit} steps, {found.nfev} evaluations")


def minimise_rosenbrock(n: int = 50) -> tuple[OptimizeResult, OptimizeResult, OptimizeResult]:
    start = np.full(n, -1.2)
    differences = minimize(rosenbrock, start, method="BFGS", options={"maxiter": 2000})
    report("BFGS, finite differences:", differences)
    gradients = minimize(value_and_gradient(rosenbrock), start, jac=True, method="BFGS", options={"maxiter": 2000})
    report("BFGS, gradients:", gradients)
    newton = minimize(
        value_and_gradient(rosenbrock), start, jac=True, hessp=hessian_times(rosenbrock), method="Newton-CG",
        options={"xtol": 1e-8},
    )  # fmt: skip
    report("Newton-CG, Hessian-vector products:", newton)
    return differences, gradients, newton


def learn_digits(penalty: float = 1e-3) -> float:
    """Softmax regression on the 8x8 digits of scikit-learn; the accuracy on the third that was not shown."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    shown, hidden, shown_labels, hidden_labels = train_test_split(
        images / 16, labels, test_size=1 / 3, random_state=0, stratify=labels
    )

    def scores(p: Any, x: np.ndarray) -> Any:
        weights, bias = np.split(p, [640])
        return x @ np.reshape(weights, (64, 10)) + bias

    def loss(p: Any) -> Any:
        z = scores(p, shown)
        surprise = np.logaddexp.reduce(z, axis=1) - z[np.arange(len(z)), shown_labels]
        return np.mean(surprise) + penalty * np.sum(p**2)

    found = minimize(value_and_gradient(loss), np.zeros(650), jac=True, method="L-BFGS-B", options={"maxiter": 300})
    report("digits, L-BFGS-B, 650 parameters:", found)
    accuracy = float(np.mean(np.argmax(scores(found.x, hidden), axis=1) == hidden_labels))
    print(f"{accuracy:.1%} of the {len(hidden)} digits that were not shown are told right")
    return accuracy


def main() -> tuple[OptimizeResult, OptimizeResult, OptimizeResult, float]:
    return *minimise_rosenbrock(), learn_digits()


if __name__ == "__main__":
    main()

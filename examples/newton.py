"""Second derivatives at work: Newton's method on Rosenbrock's function f(x, y) = (1 - x)^2 + 100 (y - x^2)^2, against
gradient descent from the same point."""

import chainrule as cr
from chainrule import func


def rosenbrock(p: cr.Tensor) -> cr.Tensor:
    return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2


def main() -> tuple[float, float]:
    gradient, hessian = func.grad(rosenbrock), func.hessian(rosenbrock)

    p = cr.tensor([-1.2, 1.0], dtype=cr.float64)
    for step in range(6):
        p = p - cr.linalg.solve(hessian(p), gradient(p))
        print(f"Newton step {step + 1}: f = {rosenbrock(p).item():.3e} at {p.tolist()}")
    newton = rosenbrock(p).item()

    q = cr.tensor([-1.2, 1.0], dtype=cr.float64)
    for _ in range(2000):
        q = q - 1e-3 * gradient(q)
    descent = rosenbrock(q).item()
    print(f"2000 steps of gradient descent: f = {descent:.3e}")
    return newton, descent


if __name__ == "__main__":
    main()

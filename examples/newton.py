"""Second derivatives at work: Newton's method on Rosenbrock's function f(x, y) = (1 - x)^2 + 100 (y - x^2)^2, against
gradient descent from the same point."""

import chainrule as cr


def rosenbrock(p: cr.Tensor) -> cr.Tensor:
    return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2


def gradient_and_hessian(p: cr.Tensor) -> tuple[cr.Tensor, cr.Tensor]:
    """The gradient, and the gradient of each of its entries: the rows of the Hessian."""
    (gradient,) = cr.autograd.grad(rosenbrock(p), p, create_graph=True)
    rows = [cr.autograd.grad(entry, p, retain_graph=True)[0] for entry in gradient]
    return gradient.detach(), cr.stack(rows)


def solve(a: cr.Tensor, b: cr.Tensor) -> cr.Tensor:
    """The solution of a 2x2 system, by Cramer's rule."""
    determinant = a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0]
    return cr.stack([b[0] * a[1, 1] - b[1] * a[0, 1], a[0, 0] * b[1] - a[1, 0] * b[0]]) / determinant


def main() -> tuple[float, float]:
    p = cr.tensor([-1.2, 1.0], dtype=cr.float64, requires_grad=True)
    for step in range(6):
        gradient, hessian = gradient_and_hessian(p)
        with cr.no_grad():
            p -= solve(hessian, gradient)
        print(f"Newton step {step + 1}: f = {rosenbrock(p).item():.3e} at {p.tolist()}")
    newton = rosenbrock(p).item()

    q = cr.tensor([-1.2, 1.0], dtype=cr.float64, requires_grad=True)
    for _ in range(2000):
        (gradient,) = cr.autograd.grad(rosenbrock(q), q)
        with cr.no_grad():
            q -= 1e-3 * gradient
    descent = rosenbrock(q).item()
    print(f"2000 steps of gradient descent: f = {descent:.3e}")
    return newton, descent


if __name__ == "__main__":
    main()

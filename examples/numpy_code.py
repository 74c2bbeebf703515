"""NumPy programs, differentiated unchanged: the two functions below know of NumPy alone, and were written for arrays.

The first fits a Gaussian process to measurements by climbing its log-likelihood; the second finds the speed at which a
spacecraft must leave to meet a point, through a simulation of its orbit.
"""

import numpy as np

import chainrule as cr


def log_likelihood(parameters, x, y):
    """Of measurements y at x, if they are a Gaussian process with a squared-exponential kernel, and noise.

    `parameters` are the logarithms of the kernel's length, its height, and the noise's deviation. The formula is
    equation 2.30 of Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006).
    """
    length, height, noise = np.exp(parameters)
    squares = np.subtract.outer(x, x) ** 2
    covariance = height**2 * np.exp(-0.5 * squares / length**2) + noise**2 * np.eye(len(x))
    factor = np.linalg.cholesky(covariance)
    weights = np.linalg.solve(factor.T, np.linalg.solve(factor, y))
    return -0.5 * np.dot(y, weights) - np.sum(np.log(np.diag(factor))) - 0.5 * len(x) * np.log(2 * np.pi)


def flight(velocity, steps=200, time=2.0):
    """Where a body is after `time` that left (1, 0) with this velocity, around a sun of mass 1 at the origin.

    Leapfrog: half a kick, a drift, half a kick."""
    dt = time / steps
    place = np.array([1.0, 0.0])
    for _ in range(steps):
        velocity = velocity - 0.5 * dt * place / np.linalg.norm(place) ** 3
        place = place + dt * velocity
        velocity = velocity - 0.5 * dt * place / np.linalg.norm(place) ** 3
    return place


def fit_process() -> tuple[float, float]:
    """Climbs the log-likelihood; what it was at first, and in the end."""
    draw = np.random.default_rng(0)
    x = np.sort(draw.uniform(0, 10, 40))
    y = np.sin(x) + 0.1 * draw.normal(size=40)
    print("on arrays, nothing recorded:", round(float(log_likelihood(np.zeros(3), x, y)), 3))

    parameters = cr.tensor(np.zeros(3), requires_grad=True)
    optimizer = cr.optim.Adam([parameters], lr=0.05)
    history = []
    for step in range(301):
        value = log_likelihood(parameters, x, y)
        history.append(value.item())
        if step % 100 == 0:
            length, height, noise = np.exp(parameters.detach().numpy())
            print(f"step {step:3}: log-likelihood {value.item():8.3f}   "
                  f"length {length:.3f}, height {height:.3f}, noise {noise:.3f}")  # fmt: skip
        optimizer.zero_grad()
        (-value).backward()
        optimizer.step()
    return history[0], history[-1]


def aim(target: tuple[float, float] = (-0.6, 0.9)) -> float:
    """Newton's method on the miss, as a function of the velocity; how far it is in the end."""
    goal = np.array(target)
    velocity = cr.tensor(np.array([0.0, 1.0]), requires_grad=True)
    for _ in range(6):
        place = flight(velocity)
        miss = np.linalg.norm(place - goal).item()
        print(f"leaving with {np.round(velocity.detach().numpy(), 4)}, it misses by {miss:.2e}")
        rows = [cr.autograd.grad(coordinate, velocity, retain_graph=True)[0] for coordinate in place]
        with cr.no_grad():
            velocity -= np.linalg.solve(np.stack(rows), place - goal)
    return miss


def main() -> tuple[float, float, float]:
    first, last = fit_process()
    return first, last, aim()


if __name__ == "__main__":
    main()

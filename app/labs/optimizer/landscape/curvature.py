r"""How a network's loss curves at one point: products with its Hessian H, and H's largest eigenvalue from a few of them.

H v = d/dtheta (grad L . v), two backward passes (Pearlmutter, "Fast exact multiplication by the Hessian", 1994). Lanczos's
recurrence makes of k such products a tridiagonal T whose largest eigenvalue rises to H's (Golub and Van Loan, "Matrix
Computations", section 10.1); |beta_k s_k| bounds how far it still is.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import NamedTuple

import torch
from torch import Tensor

PRODUCTS = 24
"""Products with H at most."""
NEAR = 1e-3
"""A bound of so much of the eigenvalue is near enough."""


class Curvature:
    """Of ``loss``, a function of one vector, at ``theta`` (P,). The graph of the gradient is kept: each product is one pass."""

    def __init__(self, loss: Callable[[Tensor], Tensor], theta: Tensor) -> None:
        self.theta = theta.detach().clone().requires_grad_()
        self.gradient = torch.autograd.grad(loss(self.theta), self.theta, create_graph=True)[0]

    def product(self, v: Tensor) -> Tensor:
        """H v, (P,)."""
        return torch.autograd.grad(self.gradient, self.theta, v, retain_graph=True)[0]

    def on_plane(self, directions: Tensor) -> Tensor:
        """(2, 2): D H D^T of two directions (2, P), the second derivatives of the loss along the plane."""
        products = torch.stack([self.product(d) for d in directions])
        found = directions.double() @ products.double().T
        return (found + found.T) / 2


class Largest(NamedTuple):
    """The largest eigenvalue, and how far from a true one it is at most."""

    value: float
    error: float


def largest(product: Callable[[Tensor], Tensor], start: Tensor, most: int = PRODUCTS) -> Generator[None, None, Largest]:
    """Lanczos from ``start`` (P,), every vector made orthogonal to all before; a yield after each product."""
    q = start / torch.linalg.vector_norm(start)
    basis: list[Tensor] = []
    diagonal: list[float] = []
    beside: list[float] = []
    found = Largest(float("nan"), float("inf"))
    for _ in range(min(most, start.numel())):
        basis.append(q)
        z = product(q)
        yield
        diagonal.append(float(q.double() @ z.double()))
        for _ in range(2):  # once is not enough in float32
            known = torch.stack(basis)
            z = z - known.T @ (known @ z)
        beta = float(torch.linalg.vector_norm(z))
        T = torch.diag(torch.tensor(diagonal, dtype=torch.float64))
        if beside:
            off = torch.tensor(beside, dtype=torch.float64)
            T += torch.diag(off, 1) + torch.diag(off, -1)
        values, vectors = torch.linalg.eigh(T)
        found = Largest(float(values[-1]), beta * abs(float(vectors[-1, -1])))
        if found.error <= NEAR * abs(found.value) or beta == 0:
            break
        beside.append(beta)
        q = z / beta
    return found

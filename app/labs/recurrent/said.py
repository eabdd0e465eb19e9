"""What a trained network says comes next, in numbers: a logit from the last states."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from app.labs.contract import Equation, Reference, Term
from app.labs.recurrent.arithmetic import Product, long_sum


def logits_of(head: nn.Linear, h: np.ndarray) -> np.ndarray:
    """V h + b in float64: h (D P,) to (V,)."""
    found: np.ndarray = _array(head.weight) @ h + _array(head.bias)
    return found


def logit(head: nn.Linear, h: np.ndarray, step: int, k: int) -> tuple[Equation, Reference]:
    r"""\ell_k = V_k h + b_k."""
    w, b = _array(head.weight)[k], float(head.bias.detach()[k])
    products: list[Product] = [
        ([Term(f"V_{{{k + 1},{j + 1}}}", float(w[j])), Term(f"h_{{{step},{j + 1}}}", float(h[j]))], float(w[j] * h[j]))
        for j in range(len(h))
    ]
    line = long_sum(rf"\ell_{{{k + 1}}} = V h_{{{step}}} + b_y", [Term("b_y", b)], products)
    own = float(functional.linear(torch.from_numpy(h), head.weight.detach().double(), head.bias.detach().double())[k])
    return line, Reference("functional.linear", own, abs(line.value - own))


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().double().cpu().numpy()

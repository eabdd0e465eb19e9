"""What tells a Transformer where a token stands: it sees a set otherwise.

Vaswani et al., arXiv 1706.03762, section 3.5.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

Positions: TypeAlias = Literal["sinusoidal", "learned", "none"]


def sinusoidal(length: int, d_model: int, dtype: torch.dtype | None = None) -> Tensor:
    """PE(pos, 2i) = sin(pos / 10000^(2i / d_model)),  PE(pos, 2i + 1) = cos(pos / 10000^(2i / d_model)); (length, d_model).

    Computed in float64; ``dtype``: what it is rounded to, torch's default where none is given.
    """
    pos = torch.arange(length, dtype=torch.float64)[:, None]
    two_i = torch.arange(0, d_model, 2, dtype=torch.float64)
    angle = pos / 10_000 ** (two_i / d_model)  # (length, ceil(d_model / 2))
    table = torch.stack([angle.sin(), angle.cos()], -1).flatten(1)[:, :d_model]
    return table.to(dtype or torch.get_default_dtype())


class PositionTable(nn.Module):
    """Row pos is added to the token at pos: computed by a formula, learned, or nothing."""

    table: Tensor

    def __init__(self, kind: Positions, most: int, d_model: int) -> None:
        super().__init__()
        self.kind, self.most = kind, most
        if kind == "learned":
            self.table = nn.Parameter(torch.randn(most, d_model) * 0.02)
        else:
            table = sinusoidal(most, d_model) if kind == "sinusoidal" else torch.zeros(most, d_model)
            self.register_buffer("table", table, persistent=False)

    def forward(self, length: int, past: int = 0) -> Tensor:
        """(length, d_model): the rows past to past + length. Raises ValueError past the last one."""
        if past + length > self.most:
            raise ValueError(f"at most {self.most} positions (got {past + length})")
        return self.table[past : past + length]

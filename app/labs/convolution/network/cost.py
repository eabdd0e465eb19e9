"""Multiply-accumulate operations of an operation: what a convolution or a matrix product costs; 0 for all others."""

from __future__ import annotations

from math import prod

from app.labs.convolution.network.seen import Operation


def macs(operation: Operation) -> int:
    """For a picture of the size it ran on: outputs times the weights that each one meets."""
    weight = operation.weights.get("weight")
    if weight is None or operation.kind not in ("conv", "linear"):
        return 0
    if operation.kind == "linear":
        return operation.output.numel() * weight.shape[1]
    # A convolution's weight is (out, in / groups, ...); a transposed one's (in, out / groups, ...), met once by every input.
    met = operation.inputs[0] if operation.options.get("transposed") else operation.output
    return met.numel() * prod(weight.shape[1:])

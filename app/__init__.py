"""Unrolled: watch deep learning compute, one step at a time."""

__version__ = "0.1.0"

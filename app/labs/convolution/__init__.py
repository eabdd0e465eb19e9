"""The convolution lab: what a convolution and a pooling compute, and what a network's layers see."""

"""The params of the lab's experiments, one file each. No torch, no numpy."""

"""The commands of ``python -m app``, one module each: a function from the parsed options to the exit code."""

"""References of the kernels, in plain array code."""

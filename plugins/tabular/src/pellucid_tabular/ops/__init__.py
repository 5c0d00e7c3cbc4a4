"""References: what the kernels compute, in plain array code."""

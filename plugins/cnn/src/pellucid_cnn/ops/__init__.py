"""References of the kernels: array code that says what they compute, for every backend that has none of its own."""

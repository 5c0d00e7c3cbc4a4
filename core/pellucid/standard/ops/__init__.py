"""What layers, losses and optimizers compute: the specification in array code, and the compiled kernels."""

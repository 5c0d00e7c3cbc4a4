"""The built-in optimizers: one pass over each flat segment of parameters."""

"""The built-in initializers: how the first values of parameters are drawn."""

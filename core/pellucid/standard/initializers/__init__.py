"""The built-in initializers: how parameters get their first values."""

"""The architectures of this package, one a file."""

"""The architectures of this package."""

"""Weights that others have trained, for the architectures of this package."""

"""The layers of this package, one a file."""

"""The built-in transforms, one a file."""

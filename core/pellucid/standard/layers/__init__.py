"""The built-in layers, one a file; ``dense.py`` is a good one to read first."""

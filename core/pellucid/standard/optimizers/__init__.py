"""The built-in optimizers, one a file; ``sgd.py`` is the shortest."""

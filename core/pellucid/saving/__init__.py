"""Models and checkpoints in files: nothing in them is ever executed."""

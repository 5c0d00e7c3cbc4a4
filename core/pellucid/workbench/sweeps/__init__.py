"""Sweeps: many runs from one file, over processes."""

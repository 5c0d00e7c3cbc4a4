"""Weights that others have trained, as a model of ours."""

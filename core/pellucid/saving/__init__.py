"""Saving: a model or a training run as one file that is data and nothing else."""

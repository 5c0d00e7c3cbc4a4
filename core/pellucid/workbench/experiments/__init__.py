"""Experiments: from a TOML file to a run folder, and back from a run folder to its model."""

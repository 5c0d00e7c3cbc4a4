"""Benchmarks: pellucid's training step beside its peers', measured alternately in one run. See benchmarks/README.md."""

"""What the ready models reach, and whether that is what was promised; ``python -m benchmarks.quality``."""

"""The version of pellucid, where everything may read it: it imports nothing."""

__version__ = "0.1.0"

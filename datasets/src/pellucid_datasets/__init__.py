"""Data sets for pellucid; ``plugin.py`` registers them, each other file holds one of them or reads one format."""

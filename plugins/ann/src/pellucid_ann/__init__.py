"""Fully connected networks for pellucid; ``plugin.py`` registers what ``models.py`` makes."""

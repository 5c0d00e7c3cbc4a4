"""Figures of trained models: where they err, how sure they are, what their first layer looks for, where they decide."""

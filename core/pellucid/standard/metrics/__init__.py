"""Metrics: figures of predictions and targets, of classes, of answers and of values."""

"""Evaluation of trained models: figures with intervals, tables, calibration, mistakes; runs against each other."""

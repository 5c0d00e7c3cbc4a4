"""Backends: the operations that layers are made of, specified in array code, and their faster versions."""

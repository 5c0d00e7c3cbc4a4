"""Reverse-mode automatic differentiation: rules, primitives, Variables, and the tape that they are written on."""

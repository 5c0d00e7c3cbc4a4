"""Reverse-mode automatic differentiation: rules, primitives and Variables; the tape itself is pellucid.tape."""

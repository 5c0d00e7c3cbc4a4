"""A text goes on: which token comes next, and what a layer must keep of those before."""

"""A tree of layers becomes a model: built, given inputs, asked for predictions."""

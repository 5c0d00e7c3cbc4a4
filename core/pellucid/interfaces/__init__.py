"""What one implements: layers, losses, optimizers and all the others, one idea a file."""

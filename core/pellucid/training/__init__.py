"""What a trainer works with: data, micro-batches, steps, updates, the run as seen from outside."""

"""The built-in losses: each is the weighted mean over the batch, fused with its gradient."""

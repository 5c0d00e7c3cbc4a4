"""The built-in callbacks that decide or keep something: checkpoints, the best epoch, when to stop, averages of weights."""

"""The built-in callbacks that keep or decide something: checkpoints, the best epoch, when to stop, averages."""

"""The built-in regularizers: penalties on parameters."""

"""The GPU backend verified and measured on a card: one command, in parts; see README.md."""

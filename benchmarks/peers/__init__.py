"""The contestants, one file each: every one makes the same training step in the way its own users would."""

"""Samples in .npy files that are larger than memory: mapped, read block by block at the speed of the disk."""

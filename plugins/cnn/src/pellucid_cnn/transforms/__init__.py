"""Augmentations of images, one a file: random changes of the training batches that keep what an image shows."""

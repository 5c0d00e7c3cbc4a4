"""Pictures of data sets: images by class, points, curves, columns, texts; needs matplotlib."""

"""A step made once more on a copy: replayed, certified, asked what if, divided among its samples."""

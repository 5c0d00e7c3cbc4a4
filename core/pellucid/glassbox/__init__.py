"""What a step is made of, opened: equations held against numbers."""

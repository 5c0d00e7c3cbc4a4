"""What people work with at a terminal: the command line, experiments, pictures."""

"""The built-in schedules: factors on the learning rate over the steps; ``linear.py`` is the shortest with a plan."""

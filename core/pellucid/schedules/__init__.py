"""The built-in learning-rate schedules: pure functions of the step."""

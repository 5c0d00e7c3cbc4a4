"""What everything stands on: components, errors, checks, arrays, files. Imports nothing of ours."""

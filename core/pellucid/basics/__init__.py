"""What everything stands on: components, errors, checks, arrays. Imports nothing of ours."""

"""What the models reach on well-known data, with five seeds each: ``python -m studies.goals OUT``."""

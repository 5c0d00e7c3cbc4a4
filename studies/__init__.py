"""Questions answered by many trainings, and the best results of the ready models: ``python -m studies``."""

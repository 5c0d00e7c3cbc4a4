"""Real tables, and who predicts them best: pellucid's estimators beside their peers, each with its defaults."""

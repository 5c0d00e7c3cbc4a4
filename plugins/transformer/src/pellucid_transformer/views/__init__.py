"""Views of models of texts in the studio."""

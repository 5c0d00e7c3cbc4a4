"""Views: ways to look at a model in the studio, as data: what may be set, and what is then shown."""

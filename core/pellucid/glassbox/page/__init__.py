"""A step as a page: one HTML file with every number of a trace, which opens without a network; see ``export.write``."""

"""What the models of this package are trained with, beside the core's losses."""

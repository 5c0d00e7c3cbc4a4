"""Limits of what a page may have built: a browser's playground, not a data centre."""

from __future__ import annotations

from math import prod

from pellucid import ConfigError, Trainer

MOST_PARAMETERS = 5_000_000
MOST_BATCH = 4_096
MOST_NUMBERS = 64_000_000
"""Of all outputs of all layers for one batch."""


def check_sizes(trainer: Trainer, batch_size: int) -> None:
    """Raise ConfigError where a network has more parameters than the studio takes."""
    count = sum(prod(param.shape) for param in trainer.model.parameters())
    if count > MOST_PARAMETERS:
        raise ConfigError(
            f"model: it has {count:,} parameters. The studio builds networks of at most {MOST_PARAMETERS:,}: make a "
            "layer smaller, or train it with pellucid train."
        )

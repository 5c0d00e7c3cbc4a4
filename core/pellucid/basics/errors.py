"""Errors: every message says what, where, what was expected, what was received and what to do."""

from __future__ import annotations

MOST_LETTERS = 8_000
"""Of a message: the middle of a longer one, such as the names of a million columns, is left out."""


class PellucidError(Exception):
    """Base of all errors that pellucid raises on purpose; the command line prints it without a traceback."""

    def __str__(self) -> str:
        text, half = super().__str__(), MOST_LETTERS // 2
        more = len(text) - MOST_LETTERS
        return text if more <= 0 else f"{text[:half]} … ({more:,} characters are left out) … {text[-half:]}"


class ConfigError(PellucidError):
    """A name, key, type or range in a configuration or constructor call is wrong."""


class ShapeError(PellucidError):
    """Shapes do not fit together; the message names the layer and the shapes so far."""


class DataError(PellucidError):
    """The data cannot be used: empty, not finite, misaligned, label out of range, broken file."""


class CheckpointError(PellucidError):
    """A saved model or checkpoint cannot be written or read."""


class PluginError(PellucidError):
    """A plugin is broken, conflicting, disabled or built for another version of the interface."""


class NumericalError(PellucidError):
    """A loss, gradient, weight or state is not finite. A step that was rejected has touched nothing; the message
    says so, or what the steps before have left."""


class DifferentiationError(PellucidError):
    """A function cannot be differentiated as it is written; the message names the operation and what to write."""


class PellucidWarning(UserWarning):
    """Something works, though not as well as it could; the message says how to mend it."""


MUTE = "an error whose words cannot be shown"


def raised(error: BaseException) -> str:
    """``"ValueError: why"`` for messages, which does not fail where the error's own words do."""
    try:
        return f"{type(error).__name__}: {error}".removesuffix(": ")
    except BaseException:  # whatever its __str__ raises
        return MUTE

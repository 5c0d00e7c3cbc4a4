"""Pellucid's errors as scikit-learn's users catch them: each is a ValueError, too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pellucid import ConfigError, DataError, ShapeError


class WrongArgument(ConfigError, ValueError):
    """An argument of an estimator is wrong."""


class WrongData(DataError, ValueError):
    """What an estimator was given cannot be used."""


class WrongShape(ShapeError, ValueError):
    """Shapes do not fit together."""


_AS = {ConfigError: WrongArgument, DataError: WrongData, ShapeError: WrongShape}

_OF_FILES = ("categorical", "missing", "kinds", "dates")
"""Arguments of the data set ``table`` that messages about cells name."""
_HERE = (
    " These are arguments of the data set 'table'. An estimator has categorical_features; a missing cell of a frame is "
    "None or NaN."
)


@contextmanager
def value_errors() -> Iterator[None]:
    """Within: what pellucid refuses is a ValueError with the same words, and still pellucid's own."""
    try:
        yield
    except (ConfigError, DataError, ShapeError) as error:
        if isinstance(error, ValueError):
            raise
        kind = next(of for own, of in _AS.items() if isinstance(error, own))
        others = any(f"{name} = " in str(error) for name in _OF_FILES)
        raise kind(f"{error}{_HERE if others else ''}") from error

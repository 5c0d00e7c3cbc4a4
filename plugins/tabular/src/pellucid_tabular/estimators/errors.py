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


@contextmanager
def value_errors() -> Iterator[None]:
    """Within: what pellucid refuses is a ValueError with the same words, and still pellucid's own."""
    try:
        yield
    except (ConfigError, DataError, ShapeError) as error:
        if isinstance(error, ValueError):
            raise
        kind = next(of for own, of in _AS.items() if isinstance(error, own))
        raise kind(str(error)) from error

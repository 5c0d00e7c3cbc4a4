"""Which backend: by name, by PELLUCID_BACKEND, or the compiled kernels where they are there."""

from __future__ import annotations

import os
import warnings
from functools import cache
from typing import Any

from pellucid.basics.errors import ConfigError, PellucidWarning
from pellucid.ops.base import Backend
from pellucid.ops.lookup import BACKEND_VARIABLE, require_known, shared


def get_ops(backend: str | Backend | None = None) -> Any:
    """The operations of a backend, one shared instance for each name.

    Args:
        backend: a registered name, such as ``"cython"``, ``"reference"`` or a plugin's ``vendor/name``, an ``Ops``
            (returned as it is), or None for ``default_backend()``.

    Raises:
        ConfigError: the name is unknown, or the backend cannot be used here; the message says why and what to do.
    """
    if isinstance(backend, Backend):
        return backend
    name = backend or default_backend()
    made = shared(name)
    if not isinstance(made, Backend):
        raise ConfigError(f"Backend {name!r} must be a subclass of pellucid.Ops. Received: {made!r}.")
    return made


def default_backend() -> str:
    """``PELLUCID_BACKEND`` if it is set; else ``cython`` if the kernels are compiled; else ``reference``, and a warning
    that says so, once."""
    return check_variable() or _best_installed()


def check_variable() -> str:
    """``PELLUCID_BACKEND``, or an empty text if it is not set.

    Raises:
        ConfigError: it names no backend; said also by those who do not need it, for nobody sets it in vain.
    """
    chosen = os.environ.get(BACKEND_VARIABLE, "").strip()
    if chosen and "/" not in chosen:
        require_known(chosen)
    return chosen


@cache
def _best_installed() -> str:
    try:
        shared("cython")
    except ConfigError as error:
        if not isinstance(error.__cause__, ImportError):  # a setting is wrong, which the other backend would hide
            raise
        warnings.warn(f"Using the 'reference' backend, which is several times slower. {error}", PellucidWarning,
                      stacklevel=4)  # fmt: skip
        return "reference"
    return "cython"

"""Which backend: by name, by PELLUCID_BACKEND, or the compiled kernels where they are there."""

from __future__ import annotations

import os
import warnings
from functools import cache

from pellucid.basics.errors import ConfigError, PellucidWarning
from pellucid.basics.suggest import did_you_mean
from pellucid.ops.base import Ops, ReferenceOps

BACKEND_VARIABLE = "PELLUCID_BACKEND"
BUILT_IN = ("cython", "reference", "cupy")


def backend_names() -> tuple[str, ...]:
    """The built-in backends; plugins may register more, named ``vendor/name``."""
    return BUILT_IN


def get_ops(backend: str | Ops | None = None) -> Ops:
    """The operations of a backend, one shared instance for each name.

    Args:
        backend: ``"cython"``, ``"reference"``, ``"cupy"``, a plugin's backend, an ``Ops`` (returned as it is), or None
            for ``default_backend()``.

    Raises:
        ConfigError: the name is unknown, or the backend cannot be used here; the message says why and what to do.
    """
    if isinstance(backend, Ops):
        return backend
    shared: Ops = _shared(backend or default_backend())
    return shared


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
    if chosen and "/" not in chosen and chosen not in BUILT_IN:
        raise _unknown(chosen)
    return chosen


@cache
def _best_installed() -> str:
    try:
        _shared("cython")
    except ConfigError as error:
        if not isinstance(error.__cause__, ImportError):  # a setting is wrong, which the other backend would hide
            raise
        warnings.warn(f"Using the 'reference' backend, which is several times slower. {error}", PellucidWarning,
                      stacklevel=4)  # fmt: skip
        return "reference"
    return "cython"


@cache
def _shared(name: str) -> Ops:
    if name == "reference":
        return ReferenceOps()
    if name == "cython":
        try:
            from pellucid.ops.cython import CythonOps
        except ImportError as error:
            raise ConfigError(
                f"The compiled kernels of backend 'cython' cannot be imported ({error}). Install a C compiler and "
                f"reinstall pellucid to build them, or choose the slower one: {BACKEND_VARIABLE}=reference."
            ) from error
        compiled: Ops = CythonOps()
        return compiled
    if name == "cupy":
        from pellucid.ops.cupy import CupyOps

        return CupyOps()
    if "/" in name:
        from pellucid.registry.config import create

        made = create("backend", name)
        if not isinstance(made, Ops):
            raise ConfigError(f"Backend {name!r} must be a subclass of pellucid.ops.base.Ops. Received: {made!r}.")
        return made
    raise _unknown(name)


def _unknown(name: str) -> ConfigError:
    return ConfigError(
        f"Unknown backend {name!r}.{did_you_mean(name, BUILT_IN)} Known: {', '.join(BUILT_IN)}, and those of plugins "
        f"as vendor/name. It is chosen by backend=… or {BACKEND_VARIABLE}."
    )

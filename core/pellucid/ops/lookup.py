"""From the name of a backend to the one instance of it, through the registry, where ours stand as a stranger's do."""

from __future__ import annotations

from functools import cache
from typing import Any

from pellucid.basics.errors import ConfigError, PluginError
from pellucid.registry.config import create
from pellucid.registry.plugins import CORE
from pellucid.registry.registry import default_registry

BACKEND_VARIABLE = "PELLUCID_BACKEND"


def shared(name: str) -> Any:
    """The one instance of a registered backend, whether it is asked for by its short name or its whole one.

    Raises:
        ConfigError: the name is unknown, or the backend cannot be used here.
    """
    return made(require_known(name))


@cache
def made(name: str) -> Any:
    """The instance of a backend by its whole name."""
    try:
        return create("backend", name)
    except PluginError as error:
        missing, (vendor, _, short) = _root(error), name.partition("/")
        if isinstance(missing, ConfigError):  # of the environment, of which the backend can do nothing
            raise missing from None
        if vendor == CORE and isinstance(missing, ImportError):
            raise ConfigError(
                f"The compiled kernels of backend {short!r} cannot be imported ({missing}). When that is remedied, "
                "reinstall pellucid from where it came, with pip install --force-reinstall --no-cache-dir --no-deps: "
                "pip's cache keeps what was built without them. "
                f"Or choose the slower backend: {BACKEND_VARIABLE}=reference."
            ) from missing
        raise


def _root(error: BaseException) -> BaseException:
    """The error that began it; of imports the one that says what the build knows."""
    return error if error.__cause__ is None or isinstance(error, ImportError) else _root(error.__cause__)


def require_known(name: str) -> str:
    """The whole name of a registered backend, or ConfigError. The core's need no look at the plugins."""
    try:
        return default_registry().find("backend", name).name
    except ConfigError as error:
        raise ConfigError(f"{error} It is chosen by backend=… or {BACKEND_VARIABLE}.") from error

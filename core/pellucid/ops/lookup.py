"""From the name of a backend to the one instance of it, through the registry, where ours stand as a stranger's do."""

from __future__ import annotations

from functools import cache
from typing import Any

from pellucid.basics.errors import ConfigError, PluginError
from pellucid.basics.suggest import did_you_mean, listed
from pellucid.registry.config import create
from pellucid.registry.plugins import CORE
from pellucid.registry.registry import default_registry

BACKEND_VARIABLE = "PELLUCID_BACKEND"
ELSEWHERE = {"cupy": "pellucid-cupy"}
"""Backends that one may know of before the distribution that brings them is installed."""


def backend_names() -> tuple[str, ...]:
    """Every backend that is registered, as one would write it: the core's by their short names."""
    entries = default_registry().entries("backend")
    short = [entry.short_name for entry in entries]
    return tuple(e.short_name if e.vendor == "core" or short.count(e.short_name) == 1 else e.name for e in entries)


@cache
def shared(name: str) -> Any:
    """The one instance of a registered backend.

    Raises:
        ConfigError: the name is unknown, or the backend cannot be used here.
    """
    if "/" not in name:
        require_known(name)
    try:
        return create("backend", name)
    except PluginError as error:
        missing = _root(error)
        if name == "cython" and isinstance(missing, ImportError):
            raise ConfigError(
                f"The compiled kernels of backend 'cython' cannot be imported ({missing}). When that is remedied, "
                "reinstall pellucid from where it came, with pip install --force-reinstall --no-cache-dir --no-deps: "
                "pip's cache keeps what was built without them. "
                f"Or choose the slower backend: {BACKEND_VARIABLE}=reference."
            ) from missing
        raise


def _root(error: BaseException) -> BaseException:
    """The error that began it; of imports the one that says what the build knows."""
    return error if error.__cause__ is None or isinstance(error, ImportError) else _root(error.__cause__)


def require_known(name: str) -> None:
    """ConfigError unless a backend is registered under this short name. The core's need no look at the plugins."""
    registry = default_registry()
    if ("backend", name) in registry.plugins.load(CORE).entries:
        return
    known = {entry.short_name for entry in registry.entries("backend")}
    if name in known:
        return
    absent = ""
    if name in ELSEWHERE:
        absent = f" It comes with {ELSEWHERE[name]}, which is not installed: pip install 'pellucid[{name}]'."
    names = backend_names()
    raise ConfigError(
        f"Unknown backend {name!r}.{absent or did_you_mean(name, names)} Known: {listed(names)}, and those of plugins "
        f"as vendor/name. It is chosen by backend=… or {BACKEND_VARIABLE}."
    )

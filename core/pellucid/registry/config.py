"""Everything by name: create, names, and to_config back again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pellucid.basics.component import Component
from pellucid.basics.errors import ConfigError
from pellucid.registry.reader import Reader
from pellucid.registry.registry import Backend, default_registry
from pellucid.registry.writer import to_config

__all__ = ["config_or_none", "create", "find_op", "names", "read", "read_several", "to_config"]


def create(kind: str, name: str | Mapping[str, Any], /, **arguments: Any) -> Any:
    """A component by its registered name, not yet built.

    Args:
        kind: ``"layer"``, ``"loss"``, ``"optimizer"``, …; see ``pellucid.registry.manifest.KINDS``.
        name: ``"dense"`` or ``"core/dense"``; or a table ``{"type": "dense", "units": 10}``.
        arguments: of its constructor; nested components may be given as objects, names or tables.

    Raises:
        ConfigError: unknown name, unknown or missing argument, wrong type or range; all mistakes at once.
        PluginError: the plugin that has it could not be loaded.

    Example::

        create("optimizer", "sgd", lr=0.1, momentum=0.9)
    """
    return read(kind, {**(name if isinstance(name, Mapping) else {"type": name}), **arguments})


def read(kinds: str | Sequence[str], config: Any, *, path: str = "", saved: bool = False, **offered: Any) -> Any:
    """A component from its name, its table or itself; see :class:`pellucid.registry.reader.Reader`, which also
    reads several sections and reports the mistakes of all of them together.

    Args:
        kinds: the kind, or several in order of preference.
        path: where the configuration stands, for messages: ``"model"``.
        saved: it was written by ``to_config``, so that a component without ``version`` is of version 1.
        offered: arguments for the component itself, if it takes them and is not given others; None offers nothing.
    """
    reader = Reader(saved=saved, **offered)
    made = reader.read(kinds, config, path)
    reader.finish()
    return made


def read_several(kind: str, configs: Any, *, path: str) -> list[Any]:
    """The components of a list; see :func:`read`."""
    if isinstance(configs, str | Mapping | Component):
        raise ConfigError(f"{path}: expected a list. Received: {configs!r}. Put it into brackets: [{configs!r}].")
    if not isinstance(configs, Iterable):
        raise ConfigError(f"{path}: expected a list. Received: {configs!r}. An empty one, [], stands for none.")
    return [read(kind, config, path=f"{path}.{i}") for i, config in enumerate(configs)]


def names(kind: str) -> list[str]:
    """The canonical names of all components of a kind, sorted: ``["core/dense", …]``."""
    return default_registry().names(kind)


def config_or_none(component: Component) -> dict[str, Any] | None:
    """None for what has unregistered parts: it can be trained with, and saving it will say what to do."""
    try:
        return to_config(component)
    except ConfigError:
        return None


def find_op(name: str, ops: Backend) -> Callable[..., Any]:
    """The implementation of a plugin's op for a backend; see :meth:`pellucid.registry.manifest.Registrar.op`."""
    return default_registry().op(name, ops)

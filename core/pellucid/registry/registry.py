"""Registry: finds what is registered by kind and name, and imports it when it is first built."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from importlib import import_module
from pathlib import PurePath
from typing import Any, ClassVar, Protocol

from pellucid.basics.component import Component
from pellucid.basics.errors import ConfigError, PluginError, raised
from pellucid.basics.suggest import a, absent, did_you_mean, listed
from pellucid.registry.blame import blaming, who
from pellucid.registry.manifest import FUNCTIONS, KINDS, Entry
from pellucid.registry.plugins import CORE, Plugin, Plugins


class Backend(Protocol):
    """What the registry asks of a backend: ``pellucid.Ops``, which stands above it, has more."""

    name: ClassVar[str]

    def spoil(self) -> None: ...


class Registry:
    """Everything that can be built by name.

    Names are looked up at three levels of laziness: which vendors exist comes from metadata; their manifests are
    loaded when one of their names is wanted (``vendor/name`` loads that one manifest, a short name that is not the
    core's loads all of them); an implementation is imported when it is first built.
    """

    def __init__(self, plugins: Plugins | None = None) -> None:
        self.plugins = Plugins() if plugins is None else plugins
        self._loaded: dict[str, Any] = {}
        self._entries_of: dict[type, Entry] = {}
        self._ops: dict[tuple[str, str], Callable[..., Any]] = {}

    # -- names ---------------------------------------------------------------------------------------------------

    def entries(self, kind: str | None = None) -> list[Entry]:
        """All entries, or those of one kind, sorted by kind and canonical name. Loads every manifest."""
        if kind is not None:
            _check_kind(kind)
        entries = [e for plugin in self.plugins.load_all() for e in plugin.entries.values() if kind in (None, e.kind)]
        return sorted(entries, key=lambda entry: (KINDS.index(entry.kind), entry.name))

    def names(self, kind: str) -> list[str]:
        """The canonical names of one kind, sorted."""
        return [entry.name for entry in self.entries(kind)]

    def find(self, kinds: str | Sequence[str], name: str) -> Entry:
        """The entry of this name.

        Args:
            kinds: a kind, or several in order of preference.
            name: ``vendor/name``, or a short name: the core's wins, and otherwise it must be unique.

        Raises:
            ConfigError: unknown or ambiguous; with a suggestion or the candidates.
            PluginError: the vendor's plugin could not be loaded.
        """
        kinds = (kinds,) if isinstance(kinds, str) else tuple(kinds)
        for kind in kinds:
            _check_kind(kind)
        if not isinstance(name, str):
            raise ConfigError(f"{a(kinds[0]).capitalize()} is chosen by its name, a str. Received: {name!r}.")
        vendor, slash, short = name.partition("/") if "/" in name else (CORE, "", name)
        if vendor not in (found := self.plugins.found):
            known = self._readers(kinds, name) or absent(name, found) or did_you_mean(vendor, found)
            raise ConfigError(
                f"No plugin '{vendor}' is installed, so there is no {kinds[0]} '{name}'.{known} Installed: "
                f"{listed(found)}. Install the package that brings this name, or choose another: pellucid list."
            )
        plugin = self.plugins.load(vendor)
        for kind in kinds:
            if (kind, short) in plugin.entries:
                return plugin.entries[kind, short]
        if slash:
            raise self._unknown(kinds, name, [plugin]) if plugin.status == "loaded" else plugin.unusable()
        plugins = self.plugins.load_all()
        for kind in kinds:
            candidates = [plugin.entries[kind, name] for plugin in plugins if (kind, name) in plugin.entries]
            if len(candidates) == 1:
                return candidates[0]
            if candidates:
                raise ConfigError(
                    f"The {kind} '{name}' is offered by several plugins. Write the one that you mean in full: "
                    f"{' or '.join(sorted(entry.name for entry in candidates))}."
                )
        raise self._unknown(kinds, name, plugins)

    def _unknown(self, kinds: Sequence[str], name: str, plugins: Sequence[Plugin]) -> ConfigError:
        """Worded from names alone: nothing is imported to say what might have been meant."""
        entries = [entry for plugin in plugins for entry in plugin.entries.values()]
        wanted = [entry for entry in entries if entry.kind in kinds]
        known = sorted({entry.name if "/" in name else _shown(entry, entries) for entry in wanted})
        several = len(kinds) > 2
        suggestion = self._readers(kinds, name) or absent(name, self.plugins.found) or did_you_mean(name, known)
        message = f"Unknown {'name' if several else ' or '.join(kinds)} '{name}'.{suggestion}"
        elsewhere = sorted({entry.kind for entry in entries if name in (entry.name, entry.short_name)})
        if elsewhere:
            message += f" There is a {' and a '.join(elsewhere)} of this name."
        message += " See: pellucid list." if several else f" Known: {listed(known)}."
        failed = [f"{p.vendor} ({p.status})" for p in self.plugins.found.values() if p.reason and p.status != "loaded"]
        if failed:
            message += f" Plugins that are not loaded: {', '.join(failed)}; see: pellucid plugins."
        elif not (suggestion or elsewhere or "/" in name):
            message += " Names of a plugin are known once it is installed; pellucid plugins lists those that are."
        return ConfigError(message)

    def _readers(self, kinds: Sequence[str], name: str) -> str:
        """Of a name that looks like a file: who reads such files, as their summaries say; or nothing."""
        suffix = PurePath(name).suffix
        known = self.entries() if suffix else []
        found = [entry for entry in known if entry.kind in kinds and suffix in entry.summary]
        return "".join(f" A file is not a name: {e.name} has {e.summary}; see: pellucid show {e.name}." for e in found)

    # -- implementations -----------------------------------------------------------------------------------------

    def load(self, entry: Entry) -> Any:
        """The class or function that an entry names, imported on first use.

        Raises:
            PluginError: it cannot be imported, or is nothing that makes components of its kind.
        """
        target = self.load_target(entry.target, f"The {entry.kind} '{entry.name}'", entry)
        with blaming(entry):  # a class may do anything when it is looked at
            _check_makes(entry, target)
        return target

    def entry_of(self, implementation: type[Component]) -> Entry:
        """The entry that a class is registered under: by the core, a plugin that is loaded, or one of its own package.
        Nothing else is imported, as a class of a user's own may be called as a stranger's is.

        Raises:
            ConfigError: it is not registered, so nobody could build it again by name.
        """
        kinds = {implementation.kind, "model" if implementation.kind == "layer" else ""}
        known = self._entries_of.get(implementation)
        if known is not None:
            return known
        written = f"{implementation.__module__}:{implementation.__qualname__}"
        package = implementation.__module__.partition(".")[0]
        for vendor, plugin in self.plugins.found.items():
            if vendor == CORE or plugin.module.partition(".")[0] == package:
                self.plugins.load(vendor)
        there = (e for p in self.plugins.found.values() for e in p.entries.values() if e.kind in kinds)
        named = [entry for entry in there if entry.target == written or self._is(entry, implementation)]
        entry = min(named, key=lambda entry: (entry.target != written, entry.vendor != CORE), default=None)
        if entry is None:
            raise ConfigError(
                f"{implementation.__module__}.{implementation.__qualname__} is not registered, so a configuration "
                f"cannot name it. Register it in a plugin: registry.{implementation.kind}('name', '{written}', …); "
                "`pellucid new plugin NAME` writes one."
            )
        self._entries_of[implementation] = entry
        return entry

    def _is(self, entry: Entry, implementation: type[Component]) -> bool:
        """Whether an entry names this class, as far as that is known without an import."""
        module, _, attribute = entry.target.partition(":")
        there = getattr(sys.modules.get(module), "__dict__", {}).get(attribute)
        return self._loaded.get(entry.target, there) is implementation

    def blaming(self, component: Component) -> AbstractContextManager[None]:
        """A ``with`` block for code of a component: see :func:`pellucid.registry.blame.blaming`. A class that is not
        registered belongs to whoever runs it, and what it raises passes as it is."""
        try:
            return blaming(self.entry_of(type(component)))
        except ConfigError:
            return nullcontext()

    def load_target(self, target: str, what: str, entry: Entry) -> Any:
        """The object that ``"module:attribute"`` names in a manifest."""
        if target not in self._loaded:
            module, _, attribute = target.partition(":")
            try:
                self._loaded[target] = getattr(import_module(module), attribute)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # a module that calls sys.exit must not end us
                origin = f"It comes from {entry.distribution} {entry.distribution_version}: reinstall or upgrade that"
                said = f"{what} cannot be loaded from {target}: {raised(error).rstrip('.')}. {origin}"
                raise PluginError(f"{said} package, or report this to its authors.") from error
        return self._loaded[target]

    def op(self, name: str, ops: Backend) -> Callable[..., Any]:
        """The implementation of a plugin's op for this backend, with ``ops`` already filled in."""
        key = (name, ops.name)
        if key not in self._ops:
            entry = self.find("op", name)
            what = f"The op '{entry.name}'"
            reference = self.load_target(entry.backends["reference"], what, entry)
            target = entry.backends.get(ops.name)
            self._ops[key] = (
                partial(_array_code, reference) if target is None or ops.name == "reference"
                else partial(_fall_back, self.load_target(target, what, entry), reference)
            )  # fmt: skip
        return partial(self._ops[key], ops)


def _array_code(reference: Callable[..., Any], ops: Backend, *args: Any, **named: Any) -> Any:
    ops.spoil()
    return reference(ops, *args, **named)


def _fall_back(fast: Callable[..., Any], reference: Callable[..., Any], ops: Backend, *args: Any, **named: Any) -> Any:
    result = fast(ops, *args, **named)
    return _array_code(reference, ops, *args, **named) if result is NotImplemented else result


def _check_makes(entry: Entry, target: Any) -> None:
    """A class must be of the entry's kind; of a function, what it returns is checked when it is called."""
    if entry.kind in FUNCTIONS or not isinstance(target, type):
        fits, expected = callable(target), "a function" if entry.kind in FUNCTIONS else "a class or a function"
    else:
        kind = made_kind(entry)
        base = "Ops" if kind == "backend" else kind.capitalize()
        fits, expected = getattr(target, "kind", None) == kind, f"a subclass of pellucid.{base}"
    if not fits:
        received = f"Expected: {expected}. Received: {target!r}. Report this to the authors of {entry.distribution}."
        raise PluginError(f"{who(entry)} names {entry.target}, which does not make {a(entry.kind)}. {received}")


def made_kind(entry: Entry) -> str:
    """The kind of the components that an entry makes: a model is a layer."""
    return "layer" if entry.kind == "model" else entry.kind


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise ConfigError(f"There is no kind '{kind}'.{did_you_mean(kind, KINDS)} The kinds are: {listed(KINDS)}.")


def _shown(entry: Entry, entries: Sequence[Entry]) -> str:
    """The name that one would write: short where that is unambiguous."""
    if entry.vendor == CORE:
        return entry.short_name
    rivals = [e for e in entries if e.kind == entry.kind and e.short_name == entry.short_name]
    return entry.short_name if len(rivals) == 1 else entry.name


# -- the registry that everyone uses ---------------------------------------------------------------------------------

LOCK = threading.Lock()
DEFAULT: list[Registry] = []
"""The registry of what is installed, once it was asked for; under the lock."""


def default_registry() -> Registry:
    """The registry of what is installed, made when first asked for. The only global object of the framework."""
    with LOCK:
        if not DEFAULT:
            DEFAULT.append(Registry())
        return DEFAULT[0]

"""Reader: turns configurations into components, and collects every mistake on the way with its path.

A component is written as its registered name, or as a table with ``type`` and its constructor's arguments::

    {"type": "sequential", "layers": [{"type": "dense", "units": 128, "activation": "relu"}, "dropout"]}

Which values are components follows from the constructor's type annotations. Nothing is imported by path and nothing is
evaluated: a configuration can only name what is registered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from pathlib import Path, PurePath
from re import match
from typing import Any, Final, Literal, NamedTuple, get_args, get_origin

from pellucid.basics.checks import is_int, is_number
from pellucid.basics.component import Component
from pellucid.basics.errors import ConfigError, PellucidError, PluginError
from pellucid.basics.suggest import a, did_you_mean, listed, said
from pellucid.registry.blame import blaming, who
from pellucid.registry.manifest import Entry
from pellucid.registry.registry import Registry, default_registry, made_kind
from pellucid.registry.signature import (
    component_kind,
    fixed_length,
    is_mapping,
    is_sequence,
    item_annotations,
    options,
    shown,
    signature_of,
    value_annotation,
)

FAILED: Final = object()
"""Stands for a value that could not be read; the mistake has been noted."""
MOST_LEVELS = 150
"""How deeply a component may stand in others, in keys and numbers of its path; files hold no more."""
MOST_PARTS = 10_000
"""Items of one list, and components of one section, a shared one as often as it is used."""
FUNCTIONS: Final = frozenset({"layer", "loss", "metric"})
"""Kinds of which a plain function may stand for a component: the argument of the one registered as ``function``."""
MADE_BY: Final = "_made_by"
"""Attribute of what a factory function made: the :class:`Call` that makes it again."""


class Call(NamedTuple):
    """A registered function and the arguments that it was called with."""

    entry: Entry
    arguments: dict[str, Any]
    before: Call | None = None
    """How that was made which the function was given and returned; of a class of its own, None."""


class Mistake(NamedTuple):
    """What is wrong, and where: ``layers.1.units``."""

    path: str
    message: str
    cause: PellucidError | ValueError | None = None

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class Reader:
    """Reads one or several sections; call :meth:`finish` at the end, which raises if there were mistakes.

    Args:
        offered: arguments for the component that stands at the path "", if it takes them and is not given others.
        saved: the configuration was written by ``to_config``: a component without ``version`` is of version 1, while
            in one written by hand it is of today's.
    """

    def __init__(self, registry: Registry | None = None, *, saved: bool = False, **offered: Any) -> None:
        self.registry = default_registry() if registry is None else registry
        self.saved, self.offered = saved, offered
        self.mistakes: list[Mistake] = []
        self._root = ""
        self._made: dict[str, Any] = {}  # by their paths, in order
        self._sizes: dict[int, int] = {}  # of these, by their identity: components in them, and they themselves

    def read(self, kinds: str | Sequence[str], config: Any, path: str = "") -> Any:
        """The component that a whole section describes; ``ref`` in it is relative to this section."""
        self._root, self._made, self._sizes = path, {}, {}
        return self.component(kinds, config, path)

    def finish(self) -> None:
        """Raise one error that names all mistakes.

        Raises:
            ConfigError: there were mistakes. PluginError, if all of them are the fault of plugins.
        """
        if not self.mistakes:
            return
        first, *others = self.mistakes
        kind = PluginError if all(isinstance(m.cause, PluginError) for m in self.mistakes) else ConfigError
        if not others:
            raise kind(str(first)) from first.cause
        lines = "\n".join(f"  {mistake}" for mistake in self.mistakes)
        raise kind(f"{len(self.mistakes)} mistakes in the configuration:\n{lines}")

    def note(self, path: str, message: str, cause: PellucidError | ValueError | None = None) -> Any:
        """Note a mistake; returns ``FAILED``."""
        self.mistakes.append(Mistake(path, message, cause))
        return FAILED

    # -- components ----------------------------------------------------------------------------------------------

    def component(self, kinds: str | Sequence[str], config: Any, path: str) -> Any:
        """A component of one of these kinds from its name, its table, or from itself."""
        kinds = (kinds,) if isinstance(kinds, str) else kinds
        if path.count(".") > MOST_LEVELS:
            return self.note(
                f"{path[:80]}…", f"more than {MOST_LEVELS} levels deep. Put layers side by side, in one list."
            )
        if isinstance(config, Component):
            if config.kind in kinds:
                return config
            return self.note(path, f"expected {a(' or '.join(kinds))}. Received: {config!r}, {a(config.kind)}.")
        if isinstance(config, str):
            return self._named(kinds, config, {}, path, path)
        if callable(config) and not isinstance(config, type) and not FUNCTIONS.isdisjoint(kinds):
            return self._named(kinds, "function", {"function": config}, path, path)
        if not isinstance(config, Mapping):
            expected = f"expected {a(' or '.join(kinds))}: its name, or a table with 'type' and its arguments."
            return self.note(path, f"{expected} Received: {said(config)}.")
        if "ref" in config:
            return self._shared(dict(config), path)
        if "type" not in config:
            return self.note(_join(path, "type"), f'missing. It names the {" or ".join(kinds)}, as in type = "…".')
        arguments = {key: value for key, value in config.items() if key != "type"}
        return self._named(kinds, config["type"], arguments, path, _join(path, "type") if path else "")

    def _named(self, kinds: Sequence[str], name: Any, arguments: dict[str, Any], path: str, at: str) -> Any:
        try:
            entry = self.registry.find(kinds, name)
            target = self.registry.load(entry)
            with blaming(entry):
                signature_of(target)
            arguments = self._migrated(entry, arguments)
        except (ConfigError, PluginError) as error:
            return self.note(at, str(error), error)
        read = self.arguments(target, arguments, path, entry.name)
        return FAILED if read is FAILED else self._construct(entry, target, read, path)

    def _construct(self, entry: Entry, target: Callable[..., Any], arguments: dict[str, Any], path: str) -> Any:
        # As they are now: a function may change its lists, and so may who gave them.
        given = {name: copy(value) if isinstance(value, list | dict) else value for name, value in arguments.items()}
        try:
            with blaming(entry, passing=(ValueError,)):  # which is how a constructor refuses a value
                made = target(**arguments)
                if not isinstance(target, type):
                    _remember(made, entry, given)
        except (PellucidError, ValueError) as error:
            about = match(r"The '(\w+)' of ", str(error))  # so begin the messages of pellucid.basics.checks
            named = about is not None and about[1] in arguments
            return self.note(_join(path, about[1]) if about and named else path, str(error), error)
        parts = (part for value in arguments.values() for part in (value if isinstance(value, list) else (value,)))
        self._sizes[id(made)] = 1 + sum(self._sizes.get(id(part), 0) for part in parts)
        self._made[path] = made
        if max(self._sizes[id(made)], len(self._made)) > MOST_PARTS:  # each use of a shared one counts: they may double
            raise ConfigError(f"{path or entry.name}: more than {MOST_PARTS:,} components. Give fewer, or share fewer.")
        return made

    def _migrated(self, entry: Entry, arguments: dict[str, Any]) -> dict[str, Any]:
        written = arguments.pop("version", 1 if self.saved else entry.version)
        if written == entry.version:
            return arguments
        origin = f"{entry.distribution} {entry.distribution_version}"
        if not isinstance(written, int) or written > entry.version:
            raise ConfigError(
                f"This was written for version {written} of {entry.name}; {origin} knows version {entry.version}. "
                f"Upgrade {entry.distribution}."
            )
        if entry.migrate is None:
            raise PluginError(
                f"This was written for version {written} of {entry.name}, and {origin}, which knows version "
                f"{entry.version}, cannot migrate it. Install an older {entry.distribution}."
            )
        migrate = self.registry.load_target(entry.migrate, f"The migration of {entry.name}", entry)
        with blaming(entry, "migration of the"):
            return dict(migrate(arguments, written))

    def _shared(self, config: dict[str, Any], path: str) -> Any:
        """``{"ref": "layers.0"}``: the layer that stands there; with ``transpose = true`` its transposed twin."""
        ref = config.pop("ref")
        transpose = config.pop("transpose", False)
        if not isinstance(transpose, bool):
            return self.note(_join(path, "transpose"), f"expected true or false. Received: {transpose!r}.")
        if config and not transpose:
            return self.note(path, f"a shared layer takes no arguments of its own. Received: {listed(config)}.")
        place = _join(self._root, str(ref))
        if any(f"{mistake.path}.".startswith(f"{place}.") for mistake in self.mistakes):
            return FAILED  # what is wrong there has been noted
        source = self._made.get(place) if isinstance(ref, str) else None
        if source is None:
            layers = [at.removeprefix(_join(self._root, "")) for at, made in self._made.items() if made.kind == "layer"]
            near = did_you_mean(ref, layers) if isinstance(ref, str) else ""
            return self.note(
                _join(path, "ref"), f"no layer {ref!r} stands before this one.{near} Before it stand: {listed(layers)}."
            )
        if not transpose:
            return source
        twin = getattr(source, "transposed_twin", None)
        if twin is None:
            return self.note(
                _join(path, "transpose"),
                f"{type(source).__name__} cannot be transposed. A layer can whose class names its twin, "
                "transposed_twin = 'vendor/name': a registered layer that takes it as the argument 'source'.",
            )
        return self._named(("layer",), twin, {"source": source, **config}, path, path)

    # -- arguments -----------------------------------------------------------------------------------------------

    def arguments(self, function: Callable[..., Any], config: Any, path: str, of: str) -> Any:
        """The keyword arguments of a function from a table, or ``FAILED``; ``of`` says what they belong to."""
        if not isinstance(config, Mapping):
            return self.note(path, f"expected a table. Received: {said(config)}.")
        try:
            known, others = signature_of(function)
        except PluginError as error:
            return self.note(path, str(error), error)
        before = len(self.mistakes)
        offered = {} if path else {key: value for key, value in self.offered.items() if value is not None}
        config = {**{key: offered[key] for key in offered if key in known}, **config}
        read: dict[str, Any] = {}
        for key, value in config.items():
            at = _join(path, str(key))
            if key in known:
                read[key] = self.value(value, known[key].annotation, at)
            elif others is not None and isinstance(key, str):
                read[key] = self.value(value, others, at)
            else:
                self.note(at, f"{of} has no such argument.{did_you_mean(str(key), known)} Allowed: {listed(known)}.")
        for argument in known.values():
            if argument.required and argument.name not in config:
                self.note(_join(path, argument.name), f"missing. {of} needs it: {shown(argument.annotation)}.")
        return read if len(self.mistakes) == before else FAILED

    # -- values --------------------------------------------------------------------------------------------------

    def value(self, given: Any, annotation: Any, path: str) -> Any:
        """``given`` as what the annotation asks for: numbers, texts, lists, tables and components in them."""
        wanted = options(annotation)
        kinds = tuple(dict.fromkeys(kind for kind in map(component_kind, wanted) if kind))
        if "layer" in kinds:
            kinds += ("model",)  # a whole architecture may stand where a layer does
        for member in wanted:
            plain = _plain(given, member)
            if plain is not FAILED and not (kinds and isinstance(given, str) and member is str):
                return plain
        if hasattr(given, "tolist"):  # a number or an array of NumPy's
            return self.value(given.tolist(), annotation, path)
        # A text is a name where a component may stand.
        if kinds and (isinstance(given, str | Mapping | Component) or callable(given)):
            made = self.component(kinds, given, path)
            classes = tuple(member for member in wanted if component_kind(member))
            if made is FAILED or isinstance(made, classes):
                return made
            return self.note(path, f"expected {' or '.join(c.__name__ for c in classes)}. Received: {made!r}.")
        for member in wanted:
            if is_sequence(member) and isinstance(given, list | tuple):
                return self._sequence(given, member, path)
            if is_mapping(member) and isinstance(given, Mapping):
                return self._mapping(given, member, path)
        return self.note(path, f"expected {shown(annotation)}. Received: {said(given)} ({type(given).__name__}).")

    def _sequence(self, given: Sequence[Any], annotation: Any, path: str) -> Any:
        before = len(self.mistakes)
        if len(given) > MOST_PARTS:
            return self.note(path, f"a list of {len(given):,} items. Expected: at most {MOST_PARTS:,}.")
        if fixed_length(annotation) not in (None, len(given)):
            return self.note(path, f"expected {shown(annotation)}. Received: {said(given)}, of length {len(given)}.")
        wanted = item_annotations(annotation, len(given))
        items = [self.value(item, wanted[i], _join(path, str(i))) for i, item in enumerate(given)]
        if len(self.mistakes) > before:
            return FAILED
        return tuple(items) if (get_origin(annotation) or annotation) is tuple else items

    def _mapping(self, given: Mapping[Any, Any], annotation: Any, path: str) -> Any:
        before = len(self.mistakes)
        wanted = value_annotation(annotation)
        read = {key: self.value(item, wanted, _join(path, str(key))) for key, item in given.items()}
        return read if len(self.mistakes) == before else FAILED


def _remember(made: Any, entry: Entry, arguments: dict[str, Any]) -> None:
    """Check what a function returned, and note on it how it was made."""
    if isinstance(made, type) or getattr(made, "kind", None) != made_kind(entry):
        raise PluginError(f"{who(entry)} returned {made!r}. Expected: {a(made_kind(entry))}.")
    before = made.__dict__.get(MADE_BY) if any(value is made for value in arguments.values()) else None
    object.__setattr__(made, MADE_BY, Call(entry, arguments, before))  # no change of it: what was recorded of it stays


def _plain(given: Any, annotation: Any) -> Any:
    """``given`` where the annotation asks for a number, a text or the like and it is one; else FAILED."""
    if annotation in (None, type(None)):
        return None if given is None else FAILED
    if annotation in (Any, object):
        return given
    if get_origin(annotation) is Literal:
        return next((v for v in get_args(annotation) if type(v) is type(given) and v == given), FAILED)
    if annotation is int:
        return int(given) if is_int(given) else FAILED
    if annotation is float:
        return float(given) if is_number(given) else FAILED
    base = get_origin(annotation) or annotation
    if not isinstance(base, type) or component_kind(base) or is_sequence(base) or is_mapping(base):
        return FAILED
    if issubclass(base, PurePath):
        return Path(given) if isinstance(given, str | PurePath) else FAILED
    return given if isinstance(given, base) else FAILED


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key

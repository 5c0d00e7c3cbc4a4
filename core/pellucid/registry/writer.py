"""to_config: the configuration that makes a component again, by registered names only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from pellucid.basics.component import Component
from pellucid.basics.errors import ConfigError
from pellucid.registry.manifest import Entry
from pellucid.registry.reader import MADE_BY, Call, Reader
from pellucid.registry.registry import Registry, default_registry
from pellucid.registry.signature import component_kind, item_annotations, options, signature_of, value_annotation


def to_config(component: Component, registry: Registry | None = None) -> dict[str, Any]:
    """The configuration of a component: canonical names, all arguments, nested, fit for JSON and TOML.

    A layer that stands at several places is written once; the others refer to it: ``{"ref": "layers.0"}``.

    Raises:
        ConfigError: something in it is not registered, or has a value that a configuration cannot hold.
    """
    return Writer(default_registry() if registry is None else registry).component(component, "")


class Writer:
    """Writes one configuration; with ``remembered=False`` of what is there now, whatever factory function made it."""

    def __init__(self, registry: Registry, remembered: bool = True) -> None:
        self.registry = registry
        self.remembered = remembered
        self._places: dict[int, str] = {}
        self._inside: dict[int, Call] = {}  # of components that are being written, the call that gave them

    def component(self, component: Component, path: str) -> dict[str, Any]:
        inside = self._inside.get(id(component))
        if inside is None and id(component) in self._places and component.kind == "layer":
            return {"ref": self._places[id(component)]}
        self._places.setdefault(id(component), path)
        made_by: Call | None = component.__dict__.get(MADE_BY) if inside is None else inside.before
        if made_by is not None and self.remembered:
            around, self._inside = self._inside, {**self._inside, id(component): made_by}
            config = self.call(made_by.entry, made_by.arguments, path)
            self._inside = around
            return config
        return self.call(self.registry.entry_of(type(component)), component.arguments(), path)

    def call(self, entry: Entry, given: Mapping[str, Any], path: str) -> dict[str, Any]:
        """A class or function with these arguments, those that it was not given included."""
        signature = signature_of(self.registry.load(entry))
        defaults = {name: known.default for name, known in signature.arguments.items() if not known.required}
        config: dict[str, Any] = {"type": entry.name}
        if entry.version != 1:
            config["version"] = entry.version
        values = {**dict.fromkeys(signature.arguments), **defaults, **given}  # in the order of the signature
        for name, value in values.items():
            known = signature.arguments.get(name)
            annotation = known.annotation if known else signature.others
            config[name] = self.value(value, annotation, f"{path}.{name}" if path else name)
        return config

    def value(self, value: Any, annotation: Any, path: str) -> Any:
        if isinstance(value, Component):
            return self.component(value, path)
        if isinstance(value, str) and any(map(component_kind, options(annotation))):
            return self.component(self._named(value, annotation, path), path)
        if value is None or isinstance(value, str | bool | int | float):
            return value
        if isinstance(value, PurePath):
            return str(value)
        if isinstance(value, list | tuple):
            wanted = item_annotations(annotation, len(value))
            return [self.value(item, wanted[i], f"{path}.{i}") for i, item in enumerate(value)]
        if isinstance(value, Mapping):
            inner = value_annotation(annotation)
            return {str(key): self.value(item, inner, f"{path}.{key}") for key, item in value.items()}
        if callable(getattr(value, "item", None)) and getattr(value, "ndim", None) == 0:  # a NumPy scalar
            return value.item()
        raise ConfigError(
            f"{path}: a configuration cannot hold {value!r} ({type(value).__name__}). It can hold numbers, texts, "
            "truth values, None, components, and lists and tables of these."
        )

    def _named(self, name: str, annotation: Any, path: str) -> Component:
        """The component that a name stands for, so that the name and the object are written alike."""
        reader = Reader(self.registry)
        made: Component = reader.value(name, annotation, path)
        reader.finish()
        return made

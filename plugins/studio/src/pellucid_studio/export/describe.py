"""describe: what a page has to know of a model: its layers, their arguments and arrays, and the JavaScript of each."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pellucid import (
    Augmentation,
    Component,
    ConfigError,
    HostArray,
    Layer,
    Param,
    State,
    Transform,
    listed,
    require_runtime,
)
from pellucid.registry.registry import default_registry

from pellucid_studio.export.known import HERE, LAYERS, TRANSFORMS
from pellucid_studio.export.packing import Packed

Named = dict[str, Any]


@dataclass
class Description:
    """A model as a page is told of it.

    Attributes:
        layers: ``{"type", "arguments", "arrays", "parts"}`` of each, the model itself first; parts are numbers of
            layers, or lists of them.
        transforms, targets: the same of the model's transforms, without parts.
        modules: by kind and registered name, ``"layer core/dense"``, the file of its JavaScript.
        packed: the arrays.
    """

    layers: list[Named] = field(default_factory=list)
    transforms: list[Named] = field(default_factory=list)
    targets: list[Named] = field(default_factory=list)
    modules: dict[str, Path] = field(default_factory=dict)
    packed: Packed = field(default_factory=Packed)


def describe(model: Layer) -> Description:
    """All layers of a built model, and its transforms.

    Raises:
        ConfigError: there is no JavaScript for some of them; all of these are named.
    """
    runtime, found, unknown = require_runtime(model), Description(), dict[str, None]()
    layers = [layer for _, layer in model.walk()]
    for component in (*layers, *runtime.transforms, *runtime.target_transforms):
        name = name_of(component)
        module = module_of(component, name)
        if module is None:
            unknown[f"the {component.kind} {name}"] = None
        else:
            found.modules[f"{component.kind} {name}"] = module
    if unknown:
        vendors = sorted({name.partition("/")[0] for name in LAYERS})
        raise ConfigError(
            f"A page cannot do what this model does: there is no JavaScript for {listed(unknown)}. There is for "
            f"{len(LAYERS)} layers, of {listed(vendors)}; docs/plugins/javascript.md lists them. Train a model of "
            'these; or write it, a class names its file, javascript = "layer.js"; or take pellucid studio RUN.'
        )
    numbers = {id(layer): number for number, layer in enumerate(layers)}
    to_host = runtime.ops.to_host
    found.layers = [_told(layer, found.packed, to_host) | {"parts": _parts(layer, numbers)} for layer in layers]
    found.transforms = [_told(each, found.packed) for each in runtime.transforms]
    found.targets = [_told(each, found.packed) for each in runtime.target_transforms]
    return found


def name_of(component: Component) -> str:
    """The name that a class is registered under; of one that is not, its own."""
    try:
        return default_registry().entry_of(type(component)).name
    except ConfigError:
        return f"{type(component).__module__}.{type(component).__qualname__}, which is not registered"


def module_of(component: Component, name: str) -> Path | None:
    """The file of its JavaScript: what the class itself names, then what is known here; None where there is none.

    A subclass does not inherit it: it may compute something else.

    Raises:
        ConfigError: the class names a file that is not there.
    """
    own = vars(type(component)).get("javascript")
    if own is None:
        if component.kind == "transform":
            known = TRANSFORMS.get(name, "as_is.js" if isinstance(component, Augmentation) else None)
            return None if known is None else HERE / "transforms" / known
        return HERE / "layers" / LAYERS[name] if name in LAYERS else None
    try:
        path = Path(inspect.getfile(type(component))).parent / str(own)
    except (OSError, TypeError):  # typed at a prompt, or made by a program
        path = Path(str(own))
    if not path.is_file():
        raise ConfigError(
            f"{name} names {own!r} as its JavaScript, and there is no file {path}. It is looked for beside the module "
            "of the class; a distribution has to include it, [tool.setuptools.package-data]."
        )
    return path


def _told(component: Component, packed: Packed, to_host: Callable[[Any], HostArray] = np.asarray) -> Named:
    """Its name, those of its arguments that JSON can hold, and its arrays."""
    arguments = {key: value for key, value in component.arguments().items() if _is_plain(value)}
    if isinstance(component, Transform):  # which work in double
        arrays = {name: packed.add(array, exact=True) for name, array in component.state().items()}
    else:
        arrays = {name: packed.add(array) for name, array in _arrays(component, to_host)}
    return {"type": name_of(component), "arguments": arguments, "arrays": arrays}


def _arrays(component: Component, to_host: Callable[[Any], HostArray]) -> list[tuple[str, HostArray]]:
    """Parameters, states and other arrays, by the names of their attributes."""
    found = []
    for name, value in vars(component).items():
        if isinstance(value, Param | State):
            found.append((name, to_host(value.data)))
        elif isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
            found.append((name, value))
    return found


def _parts(layer: Layer, numbers: Mapping[int, int]) -> Named:
    """The layers inside, by the names of their attributes."""

    def found(value: Any) -> Any:
        if isinstance(value, Layer):
            return numbers[id(value)]
        return [found(item) for item in value]

    return {name: found(value) for name, value in vars(layer).items() if _holds_layers(value)}


def _holds_layers(value: Any) -> bool:
    return isinstance(value, Layer) or (
        isinstance(value, list | tuple) and bool(value) and all(isinstance(item, Layer) for item in value)
    )


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(map(_is_plain, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)

"""The catalogue: what a page may build, with summaries, arguments and equations."""

from __future__ import annotations

import inspect
import re
from typing import Any, Literal, get_args, get_origin

from pellucid import PellucidError
from pellucid.registry.manifest import Entry
from pellucid.registry.registry import default_registry
from pellucid.registry.signature import Argument, component_kind, options, shown, signature_of

from pellucid_studio.allowed import DATA, KINDS, mistakes_in, settable, why_not, words_of
from pellucid_studio.presets import PRESETS


def catalogue() -> dict[str, Any]:
    """What the page may build: components, data sets, presets."""
    return {"components": components(), "data": data_sets(), "presets": lessons()}


def lessons() -> list[dict[str, Any]]:
    """The presets whose components are installed."""
    return [each for each in PRESETS if not mistakes_in(each["sections"])]


def components() -> list[dict[str, Any]]:
    """All components of all plugins that are installed and that a page may name."""
    found = []
    for kind in KINDS:
        for entry in default_registry().entries(kind):
            try:
                if not why_not(entry):
                    found.append(_told(entry))
            except PellucidError:  # a plugin that cannot be imported: `pellucid plugins` says so
                continue
    return found


def data_sets() -> list[dict[str, Any]]:
    """The data sets that a page may name."""
    found = []
    for name in DATA:
        try:
            found.append(
                _told(default_registry().find("dataset", name)) | {"inputs": INPUTS.get(name), "task": _task(name)}
            )
        except PellucidError:  # not installed
            continue
    return found


INPUTS = {
    "datasets/half_moons": 2, "datasets/spirals": 2, "datasets/gaussian_blobs": 2, "datasets/sine": 1,
    "datasets/iris": 4, "datasets/breast_cancer": 30, "datasets/digits": 64, "datasets/mnist": 784, "studio/points": 2,
}  # fmt: skip


def _task(name: str) -> str:
    return "regression" if name == "datasets/sine" else "classification"


def _told(entry: Entry) -> dict[str, Any]:
    target = default_registry().load(entry)
    arguments = signature_of(target).arguments.values()
    about, _, rest = (inspect.getdoc(target) or "").partition("\nArgs:\n")
    of_arguments = _of_arguments(rest)
    return {
        "kind": entry.kind, "name": entry.name, "summary": entry.summary,
        "doc": about.strip(),
        "arguments": [
            _argument(entry, each) | {"doc": of_arguments.get(each.name)} for each in arguments if settable(entry, each)
        ],
        "equations": [{"of": e.of, "latex": e.latex} for e in getattr(target, "equations", ())],
    }  # fmt: skip


def _of_arguments(text: str) -> dict[str, str]:
    """What a docstring's section Args says of each argument."""
    section = re.split(r"\n(?=\S)", text)[0]
    found: dict[str, str] = {}
    for names, said in re.findall(r"^    (\w[\w, ]*): (.*(?:\n {5,}.*)*)", section, re.MULTILINE):
        for name in names.split(", "):
            found[name] = " ".join(said.split())
    return found


def _argument(entry: Entry, argument: Argument) -> dict[str, Any]:
    members = options(argument.annotation)
    told: dict[str, Any] = {
        "name": argument.name, "type": shown(argument.annotation), "required": argument.required,
        "default": None if argument.required else _plain(argument.default),
    }  # fmt: skip
    choices = [word for member in members if get_origin(member) is Literal for word in get_args(member)]
    words = words_of(entry, argument)
    kinds = [kind for kind in map(component_kind, members) if kind in KINDS]
    if choices or (words and not kinds):
        told["choices"] = choices or list(words)
    if kinds:
        told["kind"] = kinds[0]
    return told


def _plain(value: Any) -> Any:
    """A default as JSON has it."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None

"""Proposals: sections of an experiment that its data set proposes where the user has written none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pellucid.basics.errors import PluginError
from pellucid.basics.suggest import listed
from pellucid.interfaces.dataset import Dataset
from pellucid.workbench.experiments.sections import NAMES, Sections, to_toml

_INSTEAD = {"loss": "objective", "objective": "loss"}
"""Sections of which an experiment has one."""
_KEY_BY_KEY = ("data", "train")
LONG = 80
"""Characters of a value that is told whole."""


def proposes(dataset: object) -> bool:
    """Whether a data set has proposals to make, which it knows when it has been loaded."""
    return isinstance(dataset, Dataset) and type(dataset).proposed is not Dataset.proposed


def names_type(section: Any) -> bool:
    """Whether a section names its component, and does not only change arguments of the one that it would have."""
    return isinstance(section, str) or (isinstance(section, Mapping) and "type" in section)


def completed(sections: Mapping[str, Any], proposed: Mapping[str, Any], where: str) -> tuple[Sections, Sections]:
    """The sections, and what was taken of the proposal, with the changes that the user makes to it.

    Whoever names a component has it as it is written, without a word of the proposal; a table without ``type`` changes
    arguments of the proposed one. ``[data]`` and ``[train]`` are taken key by key.

    Raises:
        PluginError: a proposal of a section that no experiment has.
    """
    unknown = [name for name in proposed if name not in NAMES]
    if unknown or not all(isinstance(section, Mapping) for section in proposed.values()):
        raise PluginError(
            f"{where}.proposed must give tables for sections of an experiment: {listed(NAMES)}. Received: "
            f"{listed(proposed)}."
        )
    whole, taken = dict(sections), dict[str, Any]()
    for name, section in proposed.items():
        own = whole.get(name, {})
        if _INSTEAD.get(name) in sections or (name not in _KEY_BY_KEY and names_type(own)):
            continue
        own = {"type": own} if isinstance(own, str) else own
        whole[name] = {**section, **own}
        shown = section if name in _KEY_BY_KEY else whole[name]
        taken[name] = {key: whole[name][key] for key in shown}
    return whole, taken


def told(taken: Mapping[str, Any]) -> str:
    """What was proposed and taken, a line for each section; what is long stands in the run folder."""
    return "\n".join(f"  {name:<9} {', '.join(words(section))}" for name, section in taken.items())


def words(section: Mapping[str, Any]) -> Iterator[str]:
    """Each key with its value as it stands behind --set."""
    for key, value in section.items():
        if (
            value
            and isinstance(value, list | tuple)
            and all(isinstance(each, Mapping) and "type" in each for each in value)
        ):
            yield f"{key} = [{', '.join(each['type'] for each in value)}]"
        elif isinstance(value, Mapping | list | tuple) and len(repr(value)) > LONG:
            yield f"{key} ({len(value)}, see experiment.toml)"
        elif isinstance(value, Mapping) and "type" in value:
            yield f"{key} = {value['type']}"
        elif isinstance(value, Mapping):
            yield from (f"{key}.{each}" for each in words(value))
        else:
            yield str(value) if key == "type" else _on_one_line(to_toml({key: value}))


def _on_one_line(toml: str) -> str:
    """A setting with its list in one line, as it is typed."""
    return " ".join(line.strip() for line in toml.splitlines()).replace("[ ", "[").replace(", ]", "]")

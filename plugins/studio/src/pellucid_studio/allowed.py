"""What a page may have built, decided by signatures: components whose arguments are numbers, words and components.

A component is code of an installed plugin, and what its arguments do with a text is its own affair: it may be a path
that is opened, or the name of a function. So nothing is believed of a text: it must be one that the argument's
annotation, its default or the component's own examples name, or, where a component may stand, the name of an allowed
one. An argument of any other kind (a path, a table, a callable, anything) is not to be set from a page, and a component
that needs one is not offered at all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Literal, NamedTuple, get_args, get_origin

from pellucid import ACTIVATIONS, PellucidError, listed
from pellucid.registry.manifest import Entry
from pellucid.registry.registry import default_registry
from pellucid.registry.signature import (
    Argument,
    component_kind,
    fixed_length,
    is_sequence,
    item_annotations,
    options,
    signature_of,
)

KINDS = ("layer", "loss", "optimizer", "schedule", "initializer", "regularizer", "metric", "transform", "model")
"""Of components that a page may name, beside the data sets below."""
DATA = (
    "studio/points", "studio/own_table", "datasets/half_moons", "datasets/spirals", "datasets/gaussian_blobs",
    "datasets/sine", "datasets/iris", "datasets/breast_cancer", "datasets/digits", "datasets/mnist",
)  # fmt: skip
"""Data sets that a page may name: they read what lies in a package, or what the page itself has sent."""
SECTIONS = ("data", "model", "loss", "optimizer", "schedule", "train")
TRAIN = ("epochs", "batch_size", "accumulate", "metrics", "clip_norm", "clip_value", "seed", "dtype")
"""Keys of the section train that a page may give."""
MOST_SIZE, MOST_NUMBER, MOST_ITEMS, MOST_DEPTH = 4_096, 1 << 32, 64, 24
"""The largest whole number of a layer or a model, and of anything else; items of a list; components in each other."""
MOST_SUM = 4 * MOST_SIZE
"""Of all whole numbers in lists of a layer or a model: some of them say how many layers there are."""
MOST_SAMPLES = 20_000
"""Of a data set that makes as many as it is told to."""


class Mistake(NamedTuple):
    """What is wrong, and where: ``model.layers.1.units``."""

    path: str
    text: str

    @classmethod
    def of(cls, line: str) -> Mistake:
        """From a line of pellucid's own, ``path: message``."""
        path, colon, text = line.partition(": ")
        known = (
            colon and " " not in path and path.partition(".")[0] in (*SECTIONS, "objective", "sampler", "transforms")
        )
        return cls(path, text) if known else cls("", line)


def mistakes_in(sections: Any) -> list[Mistake]:
    """What of these sections a page may not have made; nothing is imported that is not installed, nothing is built."""
    found: list[Mistake] = []
    if not isinstance(sections, dict):
        return [Mistake("", f"expected the sections of an experiment, a table. Received: {_said(sections)}.")]
    for name, section in sections.items():
        if name not in SECTIONS:
            found.append(Mistake(str(name)[:40], f"the studio has no such section. Allowed: {listed(SECTIONS)}."))
        elif name == "train":
            found += _train(section)
        elif name == "data":
            found += _component(("dataset",), _without(section, "seed"), "data", 0)
            found += _seed(section, "data.seed")
        elif name == "model":
            found += _component(("model", "layer"), _without(section, "input_shape"), "model", 0)
            found += _shape(section)
        else:
            found += _component((name,), section, name, 0)
    return found[:50]


def _without(section: Any, key: str) -> Any:
    return {name: value for name, value in section.items() if name != key} if isinstance(section, dict) else section


def _seed(section: Any, path: str) -> Iterator[Mistake]:
    seed = section.get("seed") if isinstance(section, dict) else None
    if seed is not None and not (isinstance(seed, int) and not isinstance(seed, bool) and 0 <= seed < MOST_NUMBER):
        yield Mistake(path, f"expected a whole number from 0 to {MOST_NUMBER - 1:,}. Received: {_said(seed)}.")


def _shape(section: Any) -> Iterator[Mistake]:
    shape = section.get("input_shape") if isinstance(section, dict) else None
    sizes = isinstance(shape, list) and 0 < len(shape) <= 4 and all(_is_int(n) and 1 <= n <= MOST_SIZE for n in shape)
    if shape is not None and not sizes:
        yield Mistake(
            "model.input_shape", f"expected a list of sizes from 1 to {MOST_SIZE:,}. Received: {_said(shape)}."
        )


def _train(section: Any) -> Iterator[Mistake]:
    if not isinstance(section, dict):
        yield Mistake("train", f"expected a table. Received: {_said(section)}.")
        return
    yield from _seed(section, "train.seed")
    for key, value in section.items():
        path = f"train.{str(key)[:40]}"
        if key not in TRAIN:
            yield Mistake(path, f"the studio has no such setting. Allowed: {listed(TRAIN)}.")
        elif key == "metrics":
            if not isinstance(value, list) or len(value) > MOST_ITEMS:
                yield Mistake(path, f"expected a list of metrics. Received: {_said(value)}.")
            else:
                for i, each in enumerate(value):
                    yield from _component(("metric",), each, f"{path}.{i}", 0)
        elif key in ("epochs", "batch_size", "accumulate"):
            most = {"epochs": 1_000_000, "batch_size": 4_096, "accumulate": 64}[key]
            if not _is_int(value) or not 1 <= value <= most:
                yield Mistake(path, f"expected a whole number from 1 to {most:,}. Received: {_said(value)}.")
        elif not (value is None or isinstance(value, int | float) or value in ("float32", "float64")):
            yield Mistake(path, f"expected a number. Received: {_said(value)}.")


# -- components ------------------------------------------------------------------------------------------------------


def _component(kinds: tuple[str, ...], config: Any, path: str, depth: int) -> Iterator[Mistake]:
    """What is wrong with a component of one of these kinds; what its own constructor refuses is not looked for here."""
    if depth > MOST_DEPTH:
        yield Mistake(path, f"more than {MOST_DEPTH} components in each other. Put layers side by side, in one list.")
        return
    table = {"type": config} if isinstance(config, str) else config
    if not isinstance(table, dict):
        yield Mistake(path, f"expected the name of a {' or '.join(kinds)}, or a table. Received: {_said(config)}.")
        return
    if "ref" in table:
        yield from _shared(table, path)
        return
    name = table.get("type")
    if not isinstance(name, str) or len(name) > 100:
        yield Mistake(f"{path}.type", f"missing, or no name. It names the {' or '.join(kinds)}.")
        return
    try:
        entry = default_registry().find(kinds, name)
        why = why_not(entry)
        arguments, others = signature_of(default_registry().load(entry))
    except PellucidError as error:
        yield Mistake(f"{path}.type", str(error))
        return
    if why:
        yield Mistake(f"{path}.type", why)
        return
    total = sum(n for value in table.values() if isinstance(value, list) for n in value if _is_int(n))
    if entry.kind in ("layer", "model") and total > MOST_SUM:
        yield Mistake(path, f"its lists of numbers add up to {total:,}. Expected: at most {MOST_SUM:,}, in the studio.")
        return
    for key, value in table.items():
        if key in ("type", "version"):
            continue
        argument = arguments.get(key)
        if argument is not None:  # one that there is not is told by whoever builds it, with a suggestion
            yield from _value(entry, argument, argument.annotation, value, f"{path}.{key}", depth)
        elif others is not None or not isinstance(value, str | int | float | None):
            yield Mistake(f"{path}.{str(key)[:40]}", f"{entry.name} has no such argument.")


def _shared(table: Mapping[str, Any], path: str) -> Iterator[Mistake]:
    """A layer that stands elsewhere: ``{"ref": "layers.0", "transpose": true}``."""
    for key, value in table.items():
        fits = isinstance(value, str) and len(value) < 200 if key == "ref" else value is None or isinstance(value, bool)
        if not (fits or (key not in ("ref", "transpose") and value in ACTIVATIONS)):
            yield Mistake(f"{path}.{str(key)[:40]}", f"cannot be set from the page. Received: {_said(value)}.")


def _value(entry: Entry, argument: Argument, annotation: Any, value: Any, path: str, depth: int) -> Iterator[Mistake]:
    """What is wrong with the value of an argument, or with a part of it."""
    wanted = options(annotation)
    kinds = _kinds(annotation)
    if value is None or isinstance(value, bool):
        return  # nothing can be done with these
    if isinstance(value, int | float):
        most = MOST_SIZE if entry.kind in ("layer", "model") and argument.name != "seed" else MOST_NUMBER
        most = MOST_SAMPLES if entry.kind == "dataset" else most
        if _is_int(value) and abs(value) > most:
            yield Mistake(path, f"expected a number of at most {most:,}, in the studio. Received: {value:.6g}.")
        elif not math.isfinite(value):
            yield Mistake(path, "expected a number.")
        return
    named = isinstance(value, str) and value not in words_of(entry, argument)
    if kinds and (isinstance(value, dict) or named):
        yield from _component(kinds, value, path, depth + 1)
        return
    if isinstance(value, str):
        if all(member in (int, float, bool, type(None)) for member in wanted):  # pellucid itself says what it expects
            return
        if entry.name == "studio/own_table" and argument.name in ("name", "target"):  # by which nothing else is found
            return
        words = words_of(entry, argument)
        if value not in words:
            allowed = f"Allowed: {listed(words)}." if words else "It is left at its default."
            yield Mistake(path, f"this text cannot be set from the page. {allowed} Received: {_said(value)}.")
        return
    if isinstance(value, list) and any(is_sequence(member) for member in wanted):
        most = 2_000 if entry.name == "studio/points" else MOST_ITEMS
        if len(value) > most:
            yield Mistake(path, f"expected at most {most:,} items. Received: {len(value):,}.")
            return
        for i, (item, inner) in enumerate(zip(value, item_annotations(annotation, len(value)), strict=True)):
            yield from _value(entry, argument, inner, item, f"{path}.{i}", depth)
        return
    yield Mistake(path, f"this cannot be set from the page. Received: {_said(value)}.")


def _kinds(annotation: Any) -> tuple[str, ...]:
    """The allowed kinds of components that may stand here."""
    kinds = tuple(dict.fromkeys(kind for kind in map(component_kind, options(annotation)) if kind in KINDS))
    return (*kinds, "model") if "layer" in kinds else kinds


def why_not(entry: Entry) -> str:
    """Why a page may not have this built; empty if it may."""
    return _why_not(entry.kind, entry.name)


@cache
def _why_not(kind: str, name: str) -> str:
    entry = default_registry().find(kind, name)
    if entry.kind == "dataset":
        return (
            "" if entry.name in DATA else f"{entry.name} reads files, which the page must not. Allowed: {listed(DATA)}."
        )
    if entry.kind not in KINDS:
        return f"{entry.name} is a {entry.kind}, which the studio does not build. It builds: {listed(KINDS)}."
    signature = signature_of(default_registry().load(entry))
    needed = [each.name for each in signature.arguments.values() if each.required and not settable(entry, each)]
    if needed:
        return f"{entry.name} needs {listed(needed)}, a path, a function or a table, which the page must not give."
    return ""


def settable(entry: Entry, argument: Argument) -> bool:
    """Whether a page may give this argument a value of its own."""
    return any(_fits(entry, argument, member) for member in options(argument.annotation))


def _fits(entry: Entry, argument: Argument, member: Any) -> bool:
    """Whether values of one member of an annotation may come from a page."""
    if member in (int, float, bool) or get_origin(member) is Literal or component_kind(member) in KINDS:
        return True
    if member is str:
        return bool(words_of(entry, argument))
    if is_sequence(member):
        inner = item_annotations(member, fixed_length(member) or 1)
        return any(_fits(entry, argument, each) for part in inner for each in options(part))
    return False


def words_of(entry: Entry, argument: Argument) -> tuple[str, ...]:
    """The texts that an argument is known to take: those of its annotation, its default, and its component's examples;
    where one of them is an activation, all activations."""
    return _words(entry.kind, entry.name, argument.name)


@cache
def _words(kind: str, of: str, name: str) -> tuple[str, ...]:
    target = default_registry().load(default_registry().find(kind, of))
    argument = signature_of(target).arguments[name]
    members = options(argument.annotation)
    found: list[Any] = [word for member in members if get_origin(member) is Literal for word in get_args(member)]
    if str in members:
        examples = [example.arguments.get(name) for example in getattr(target, "examples", ())]
        found += [] if argument.required else [argument.default]
        found += [each for each in examples if isinstance(each, str) and each.isidentifier()]
        if name == "activation" or any(word in ACTIVATIONS for word in found if isinstance(word, str)):
            found += ACTIVATIONS
    return tuple(dict.fromkeys(word for word in found if isinstance(word, str)))


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _said(value: Any) -> str:
    if isinstance(value, dict | list):
        return f"a {'table' if isinstance(value, dict) else 'list'} of {len(value)}"
    return f"{value!r:.80}"

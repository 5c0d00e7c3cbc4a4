"""A number that is none, or is below what it may be, is refused by the argument that was given it."""

from __future__ import annotations

import math
import re
import typing
from collections.abc import Iterator
from contextlib import suppress
from inspect import signature
from typing import Any

import pytest
from pellucid.basics.errors import ConfigError, DataError
from pellucid.registry.config import create
from pellucid.registry.manifest import Entry
from pellucid.registry.registry import default_registry

ANY_NUMBER = {
    "core/prelu.start", "recurrent/lstm.forget_bias", "tabular/piecewise_linear.low", "core/constant.value",
    "core/normal.mean", "core/truncated_normal.mean", "recurrent/forget_bias.value", "core/scale.factor",
    "core/scale.offset",
    "core/binary_cross_entropy.ignore", "core/softmax_cross_entropy.ignore",  # labels, of which one may be -1
    "tabular/table.target", "core/balanced.target", "core/groups.target", "core/files.target",  # counted from the end
}  # fmt: skip
"""Arguments that may be below 0, and far below."""
FILES = {"core/files": {"train": "a.csv"}, "core/image_folder": {"train": "a"}, "core/mapped": {"x": "a.npy"}}
"""Data sets without examples: they read what the user names, and that is not looked for here."""
NO_COMPONENTS = ("backend", "op", "command")
"""Kinds whose entries are made by no arguments of a configuration."""
NOT_ALONE = {"studio/own_table": "it reads a table that was given to a studio, which refuses any other first"}
ENTRIES = [e for e in default_registry().entries() if e.kind not in NO_COMPONENTS and e.name not in NOT_ALONE]


def numbers(target: Any) -> Iterator[tuple[str, bool]]:
    """The arguments that take a number, and whether it may be a fraction."""
    hints = typing.get_type_hints(target.__init__ if isinstance(target, type) else target)
    for name in signature(target).parameters:
        kinds = {hints.get(name), *typing.get_args(hints.get(name))}
        if kinds & {int, float}:
            yield name, float in kinds


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.kind}-{entry.name}")
def test_numbers_that_no_argument_can_be(entry: Entry) -> None:
    target = default_registry().load(entry)
    examples = getattr(target, "examples", ())
    others = dict(examples[0].arguments) if examples else FILES.get(entry.name, {})
    for name, fractions in numbers(target):
        if fractions:
            with pytest.raises(ConfigError, match="Received: nan"):
                create(entry.kind, entry.name, **{**others, name: math.nan})
        if f"{entry.name}.{name}" not in ANY_NUMBER:
            with pytest.raises(ConfigError, match=r"Received: \[?-3"):
                create(entry.kind, entry.name, **{**others, name: -3.0 if fractions else -3})


WHEN_READ = {
    "tabular/table.train", "tabular/table.validation", "tabular/table.test", "transformer/labelled_texts.train",
    "transformer/text_pairs.train", "core/streams.x", "core/streams.y",
}  # fmt: skip
"""Arguments that name what is read: whether it can be is seen when the data are loaded."""


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.kind}-{entry.name}")
def test_what_is_of_no_type_that_an_argument_takes_is_refused_by_its_name(entry: Entry) -> None:
    target = default_registry().load(entry)
    examples = getattr(target, "examples", ())
    others = dict(examples[0].arguments) if examples else FILES.get(entry.name, {})
    for name, parameter in signature(target).parameters.items():
        several = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        if not several and f"{entry.name}.{name}" not in WHEN_READ:
            with pytest.raises(ConfigError, match=rf"(?m)^ *{name}\b|'{name}\b"):
                create(entry.kind, entry.name, **{**others, name: object()})


PARAMETERS = {name for entry in ENTRIES for name in signature(default_registry().load(entry)).parameters}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.kind}-{entry.name}")
def test_what_a_constructor_refuses_itself_it_calls_by_its_name(entry: Entry) -> None:
    """Called as Python calls it, with no configuration to be held against its types before: an argument of its own, or
    that of a layer which it makes."""
    target = default_registry().load(entry)
    examples = getattr(target, "examples", ())
    others = dict(examples[0].arguments) if examples else FILES.get(entry.name, {})
    for name, parameter in signature(target).parameters.items():
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            # What it does not look at itself may break anywhere; configurations are refused before (the test above).
            with suppress(AttributeError, DataError, LookupError, TypeError, ValueError, NotImplementedError):
                try:
                    target(**{**others, name: object()})
                except ConfigError as error:
                    said = str(error)
                    assert "does not store argument" not in said, "it is described before it is made"
                    named = re.match(r"The '(\w+)' of \w+ must ", said)
                    assert named is None or named[1] in PARAMETERS, said

"""A word that an argument does not take, and what is no truth value, are refused by the name of the argument."""

from __future__ import annotations

from collections.abc import Iterator
from types import NoneType
from typing import Any, Literal, get_origin

import pytest
from pellucid import Component, PellucidError
from pellucid.registry.manifest import Entry
from pellucid.registry.registry import default_registry
from pellucid.registry.signature import options, signature_of

from tests.registry.lists import OURS

NO_COMPONENTS = ("backend", "op", "command", "view")
ENTRIES = [e for e in default_registry().entries() if e.kind not in NO_COMPONENTS and e.vendor in OURS]


def wrong(target: Any) -> Iterator[tuple[str, Any]]:
    """Arguments that take words or truth values alone, each with what is none."""
    for name, argument in signature_of(target).arguments.items():
        members = [member for member in options(argument.annotation) if member not in (None, NoneType)]
        if str not in members and any(get_origin(member) is Literal for member in members):
            yield name, "no such word"
        if members == [bool]:
            yield from ((name, given) for given in ("yes", 2, 0.5))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.kind}-{entry.name}")
def test_words_and_truth_values_are_held(entry: Entry) -> None:
    target: Any = default_registry().load(entry)
    examples = getattr(target, "examples", Component.examples)
    for name, given in wrong(target) if examples else ():
        with pytest.raises(PellucidError, match=f"'{name}'"):
            target(**{**examples[0].arguments, name: given})


def test_most_of_them_are_tried() -> None:
    tried = {f"{e.name}.{name}" for e in ENTRIES for name, _ in wrong(default_registry().load(e))}
    assert len(tried) > 60 and {"ae/denoising_autoencoder.noise", "tabular/table.header"} <= tried

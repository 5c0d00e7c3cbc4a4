"""Every hook stands in docs/plugins/hooks.md with its exact signature, and every kind in its table."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from pellucid.registry import hookspecs
from pellucid.registry.manifest import KINDS, Registrar

PAGE = (Path(__file__).parents[2] / "docs" / "plugins" / "hooks.md").read_text(encoding="utf-8")
HOOKS = {name: function for name, function in vars(hookspecs).items() if name.startswith("pellucid_")}


def test_the_page_has_exactly_the_hooks_with_their_exact_signatures():
    signatures = [f"{name}{str(inspect.signature(function)).replace(chr(39), '')}" for name, function in HOOKS.items()]
    assert re.findall(r"^## `(.*)`$", PAGE, re.MULTILINE) == signatures


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_has_a_specification_and_a_long_docstring(name: str):
    function = HOOKS[name]
    assert hasattr(function, "pellucid_spec")
    doc = inspect.getdoc(function)
    assert doc is not None
    for parameter in inspect.signature(function).parameters:
        assert f"{parameter}: " in doc.partition("Args:")[2]


def test_the_table_has_exactly_the_kinds_and_their_methods():
    rows = re.findall(r"^\| (\w+) \| `registry\.(\w+)` \|", PAGE, re.MULTILINE)
    assert rows == [(kind, kind) for kind in KINDS]


def test_the_page_explains_the_arguments_that_registering_takes():
    for method in (Registrar.model, Registrar.op):
        for parameter in list(inspect.signature(method).parameters)[2:]:
            assert parameter in ("target", "details") or f"`{parameter}`" in PAGE
    for parameter in ("summary", "version", "migrate"):
        assert f"`{parameter}`" in PAGE

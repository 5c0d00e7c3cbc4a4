"""Every hook stands in docs/plugins/hooks.md with its exact signature, and every kind in its table."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pellucid
import pytest
from pellucid.registry import hookspecs
from pellucid.registry.derivatives import Derivatives
from pellucid.registry.manifest import KINDS, Registrar
from pellucid.training.run import Run
from pellucid.workbench.report import Report

PAGE = (Path(__file__).parents[2] / "docs" / "plugins" / "hooks.md").read_text(encoding="utf-8")
HOOKS = {name: function for name, function in vars(hookspecs).items() if name.startswith("pellucid_")}


def test_the_page_has_exactly_the_hooks_with_their_exact_signatures():
    signatures = [f"{name}{str(inspect.signature(function)).replace(chr(39), '')}" for name, function in HOOKS.items()]
    assert re.findall(r"^## `(.*)`$", PAGE, re.MULTILINE) == signatures


def test_what_a_hook_is_handed_is_what_its_signature_says():
    """A hook names Run and Report without importing them, for the registry stands below them."""
    handed = {(p.name, str(p.annotation)) for f in HOOKS.values() for p in inspect.signature(f).parameters.values()}
    assert handed == {
        ("registry", "Registrar"), ("derivatives", "Derivatives"), ("report", "Report"), ("run", "Run"),
    }  # fmt: skip
    assert hookspecs.Registrar is Registrar and pellucid.Report is Report and pellucid.Run is Run
    assert hookspecs.Derivatives is Derivatives
    for hook, named in ((hookspecs.pellucid_run_start, Run), (hookspecs.pellucid_doctor, Report)):
        assert f":class:`{named.__module__}.{named.__name__}`" in (inspect.getdoc(hook) or "")


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

"""list, show, plugins, doctor: what they print, for people and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pellucid.registry.manifest import KINDS

from tests.cli.conftest import Command
from tests.fake_plugins import install, install_sine

Json = Callable[..., Any]
MODEL = 'registry.model("net", "m:net", summary="a net", verbs={"encode": "m:encode"})'


def test_list_names_everything_with_a_line_about_each(pellucid: Command, pellucid_json: Json, site: Path):
    install(site, "acme", MODEL)
    shown = pellucid("list").stdout
    assert "core/dense" in shown
    groups = dict(group.split("\n", 1) for group in shown.rstrip("\n").split("\n\n"))
    assert set(groups) == set(KINDS)
    assert all(line.startswith("  ") for rows in groups.values() for line in rows.split("\n"))
    assert "  core/adam " in groups["optimizer"] and "core/adam" not in groups["layer"]
    assert "acme/net" in shown
    assert "a net  [verbs: encode]" in shown
    (net,) = pellucid_json("list", "model", PELLUCID_PLUGINS="acme")
    assert net == {
        "kind": "model", "name": "acme/net", "summary": "a net", "verbs": ["encode"], "distribution": "pellucid-acme",
        "version": "1.0",
    }  # fmt: skip


def test_list_takes_a_kind_in_singular_and_plural(pellucid_json: Json):
    for word, kind in (("layer", "layer"), ("layers", "layer"), ("losses", "loss"), ("schedules", "schedule")):
        assert {entry["kind"] for entry in pellucid_json("list", word)} == {kind}


def test_list_mentions_the_plugins_that_are_missing_from_it(pellucid: Command, site: Path):
    install(site, "acme", source="1 / 0")
    done = pellucid("list", "layer", "--json")
    assert "Plugins that are not loaded: acme (broken); see: pellucid plugins." in done.stderr
    assert json.loads(done.stdout)


def test_list_of_a_kind_without_entries_says_so(pellucid: Command):
    assert pellucid("list", "op", PELLUCID_PLUGINS="").stdout == "No op is registered.\n"


def test_show_tells_all_about_a_name(pellucid: Command, pellucid_json: Json):
    (dense,) = pellucid_json("show", "dense")
    assert dense["name"] == "core/dense"
    units = dense["arguments"][0]
    assert units == {"name": "units", "type": "int", "required": True, "default": None}
    equations = {equation["of"]: equation for equation in dense["equations"]}
    assert equations["dW"]["latex"] == r"dW = x^\top dz"
    assert equations["dW"]["checked"] is True
    assert (dense["distribution"], dense["implementation"]) == ("pellucid", "pellucid.standard.layers.dense:Dense")
    assert "Deep Learning" in dense["documentation"]
    shown = " ".join(pellucid("show", "core/dense").stdout.split())
    for part in ("core/dense (layer): ", "units int ", "dW checked", r"dW = x^\top dz", "from pellucid 0."):
        assert part in shown


def test_show_marks_equations_that_are_not_checked(pellucid: Command):
    assert "unchecked  y = (f_n" in pellucid("show", "sequential").stdout


def test_show_finds_a_name_in_every_kind(pellucid_json: Json):
    assert [found["kind"] for found in pellucid_json("show", "flatten")] == ["layer", "transform"]
    assert [found["kind"] for found in pellucid_json("show", "flatten", "--kind", "transform")] == ["transform"]


def test_show_tells_of_models_and_ops(pellucid: Command, site: Path):
    register = (
        'verbs = {"encode": "{module}.m:e"}\n'
        'registry.model("net", "{module}.m:net", summary="", verbs=verbs)\n'
        'registry.model("own", "{module}.m:Own", summary="")\n'
        'registry.op("conv", reference="{module}.m:net", cython="{module}.m:e", summary="a kernel")'
    )
    source = (
        "from pellucid import Layer\n"
        "def net(units: int, *, deep: bool = True): ...\n"
        "def e(): ...\n"
        "class Own(Layer):\n    default_objective = 'core/supervised'"
    )
    install(site, "acme", register, modules={"m": source})
    shown = pellucid("show", "acme/net").stdout
    for part in ("verbs:\n  encode  plugin_acme.m:e", "deep   bool  default True"):
        assert part in shown
    assert "trained with: core/supervised" in pellucid("show", "acme/own").stdout
    assert "backends:\n  cython     plugin_acme.m:e\n  reference  plugin_acme.m:net" in pellucid("show", "conv").stdout


@pytest.fixture
def all_statuses(site: Path) -> None:
    install_sine(site, "good")
    install(site, "broken", source="1 / 0")
    install(site, "old", group="pellucid.v0")
    install(site, "twice", distribution="one")
    install(site, "twice", distribution="two")
    install(site, "unwanted")


@pytest.mark.usefixtures("all_statuses")
def test_plugins_shows_the_status_of_each(pellucid: Command, pellucid_json: Json):
    allowed = {"PELLUCID_PLUGINS": "good,broken,old,twice"}
    found = {plugin["vendor"]: plugin for plugin in pellucid_json("plugins", **allowed)}
    expected = {
        "core": "loaded", "good": "loaded", "broken": "broken", "old": "incompatible", "twice": "conflict",
        "unwanted": "disabled",
    }  # fmt: skip
    assert {vendor: found[vendor]["status"] for vendor in expected} == expected
    assert "ZeroDivisionError" in found["broken"]["traceback"]
    shown = pellucid("plugins", **allowed).stdout
    assert "Plugin 'broken' (pellucid-broken 1.0) is broken: ZeroDivisionError: division by zero." in shown
    assert "Plugin 'twice' (one, two 1.0, 1.0) is in conflict: The packages one and two" in shown
    assert "To see where: pellucid plugins --traceback" in shown
    assert "Traceback" not in shown
    assert "1 / 0" in pellucid("plugins", "--traceback", **allowed).stdout


@pytest.mark.usefixtures("all_statuses")
def test_doctor_finds_what_is_wrong(pellucid: Command, pellucid_json: Json):
    report = pellucid_json(
        "doctor", OPENBLAS_CORETYPE="Haswell", PELLUCID_PLUGINS="good,broken,old,twice,god", PELLUCID_NUM_THREADS="1"
    )
    warnings = {finding["name"]: finding["value"] for finding in report["findings"] if finding["warning"]}
    assert "OPENBLAS_CORETYPE=Haswell is set" in warnings["OPENBLAS_CORETYPE"]
    assert "ZeroDivisionError" in warnings["broken"]
    assert {"old", "twice"} <= set(warnings)
    assert "unwanted" not in warnings
    assert warnings["PELLUCID_PLUGINS"].endswith("no such plugin is installed. Did you mean 'good'?")
    assert report["warnings"] == len([finding for finding in report["findings"] if finding["warning"]])
    facts = {finding["name"]: finding["value"] for finding in report["findings"] if not finding["warning"]}
    assert facts["PELLUCID_NUM_THREADS"] == "1"
    assert facts["reference"] == "available"
    assert "numpy" in facts


@pytest.mark.usefixtures("all_statuses")
def test_what_shows_plugins_shows_them_in_strict_mode_too(pellucid: Command):
    for command in ("plugins", "doctor"):
        assert "ZeroDivisionError" in pellucid(command, PELLUCID_STRICT="1").stdout
    assert "PELLUCID_STRICT must be 1 or 0." in pellucid("list", code=2, PELLUCID_STRICT="maybe").stderr


def test_doctor_is_content_where_nothing_is_wrong(pellucid: Command):
    shown = pellucid("doctor", PELLUCID_PLUGINS="").stdout
    for part in ("versions\n", "machine\n", "backends\n", "kernels\n", "plugins\n", "pellucid   "):
        assert part in shown


def test_plugins_speak_in_doctor_and_one_that_raises_is_shown(pellucid_json: Json, site: Path):
    hook = "from pellucid import hookimpl\n@hookimpl\ndef pellucid_doctor(report):\n    report.fact('sky', 'blue')\n"
    install(site, "good", source=hook)
    install(site, "bad", source=hook + "    1 / 0\n")
    findings = pellucid_json("doctor", PELLUCID_PLUGINS="good,bad")["findings"]
    assert {"section": "good", "name": "sky", "value": "blue", "warning": False} in findings
    (bad,) = [finding for finding in findings if finding["name"] == "pellucid_doctor"]
    assert bad["warning"]
    assert "The hook of plugin 'bad' raised" in bad["value"]
    assert "1 / 0" in bad["value"]


def test_a_terminal_without_greek_letters_is_no_reason_to_fail(pellucid: Command):
    assert "core/l2" in pellucid("list", "regularizer", PYTHONIOENCODING="ascii").stdout


def test_json_may_stand_before_the_command(pellucid: Command):
    assert json.loads(pellucid("--json", "list", "loss").stdout)[0]["kind"] == "loss"

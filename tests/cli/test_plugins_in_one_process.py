"""What list, show, doctor and verbs of models say, whole: of one plugin, in this process."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pellucid as pl
import pytest
from pellucid.registry.registry import Registry, default_registry
from pellucid.testing.registries import use_registry
from pellucid.workbench.cli import main
from pellucid.workbench.cli.commands import doctor, show
from pellucid.workbench.report import Finding, Report

from tests.fake_plugins import install, registry_of

REGISTER = """
verbs = {"encode": "{module}.m:encode", "draw": "{module}.m:draw", "trip": "{module}.m:trip"}
registry.model("net", "{module}.m:net", summary="a net", verbs=verbs)
registry.model("plain", "{module}.m:net", summary="another", verbs={"draw": "{module}.m:draw"})
registry.command("greet", "{module}.m:greet", verbs={"leave": "{module}.m:leave"}, summary="says a word")
registry.command("fall", "{module}.m:fall", verbs={"down": "{module}.m:odd", "deep": "{module}.m:fall"}, summary="")
"""
MODULE = """
from pathlib import Path
from pellucid.standard.layers.dense import Dense

def net(units: int, *, bias: bool = True):
    '''A net.

    Of one layer.
    '''
    return Dense(units)

def encode(run: Path, *, count: int = 3):
    '''Encode.'''
    return {"run": run.name, "count": count}

def trip(run: Path):
    raise RuntimeError("bug")

def draw(run: Path):
    '''Draw.'''
    yield "a"
    yield "b"
    return "ab"

def greet(names: list[str], *, loud: bool = False):
    '''Greet.'''
    return {"names": names, "loud": loud}

def fall():
    raise RuntimeError("bug")

def odd(*, table: dict[str, int]):
    pass

def leave(name: str = "you"):
    '''Take leave.'''
    return f"bye {name}"
"""


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """The core, a plugin that speaks in doctor, one that is broken, one of two packages and one that is not allowed."""
    source = "from pellucid import hookimpl\n@hookimpl\ndef pellucid_register(registry):\n"
    source += "".join(f"    {line}\n" for line in REGISTER.replace("{module}", "plugin_acme").strip().splitlines())
    source += "@hookimpl\ndef pellucid_doctor(report):\n"
    source += "    report.fact('sky', 3)\n    report.warn('sea', 'It rises.')\n"
    site = tmp_path / "site"
    install(site, "acme", source=source, modules={"m": MODULE})
    install(site, "bad", source="1 / 0")
    install(site, "off")
    monkeypatch.setenv("PELLUCID_PLUGINS", "acme,bad")
    monkeypatch.delenv("PELLUCID_STRICT", raising=False)
    monkeypatch.chdir(tmp_path)
    with registry_of(site) as registry, use_registry(registry):
        for name in ("net", "plain"):
            pl.save(pl.build(f"acme/{name}", input_shape=(3,), backend="reference", units=2), f"{name}.safetensors")
        yield registry


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    capsys.readouterr()
    assert main(words) == code
    return capsys.readouterr().out


@pytest.mark.usefixtures("registry")
def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "models"]) == 0
    shown, noted = capsys.readouterr()
    assert shown == "model\n  acme/net    a net  [verbs: draw, encode, trip]\n  acme/plain  another  [verbs: draw]\n"
    assert noted.endswith("Plugins that are not loaded: bad (broken), off (disabled); see: pellucid plugins.\n")
    groups = dict(group.split("\n", 1) for group in said(capsys, "list").rstrip("\n").split("\n\n"))
    assert groups["command"].splitlines() == [
        "  acme/fall     [verbs: deep, down]", "  acme/greet  says a word  [verbs: leave]",
    ]  # fmt: skip
    assert all(line.startswith("  core/") for line in groups["optimizer"].splitlines()) and "op" not in groups
    assert json.loads(said(capsys, "list", "command", "--json")) == [
        {"kind": "command", "name": "acme/fall", "summary": "", "distribution": "pellucid-acme",
         "verbs": ["deep", "down"], "version": "1.0"},
        {"kind": "command", "name": "acme/greet", "summary": "says a word", "distribution": "pellucid-acme",
         "verbs": ["leave"], "version": "1.0"},
    ]  # fmt: skip


@pytest.mark.usefixtures("registry")
def test_show(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "show", "acme/net") == (
        "acme/net (model): a net\n\n"
        "arguments:\n  units  int   required\n  bias   bool  default True\n\n"
        "  A net.\n\n  Of one layer.\n\n"
        "verbs:\n  draw    plugin_acme.m:draw\n  encode  plugin_acme.m:encode\n  trip    plugin_acme.m:trip\n\n"
        "from pellucid-acme 1.0, plugin_acme.m:net\n"
    )
    (told,) = json.loads(said(capsys, "show", "net", "--kind", "model", "--json"))
    assert told["arguments"] == [
        {"name": "units", "type": "int", "required": True, "default": None},
        {"name": "bias", "type": "bool", "required": False, "default": True},
    ]  # fmt: skip
    assert told["objective"] is told["title"] is None and told["backends"] == {} and told["equations"] == []


def test_show_of_equations_with_and_without_a_reason() -> None:
    equations = [
        {"of": "y", "latex": "y = x", "checked": True},
        {"of": "dx", "latex": "dx = dy", "checked": False, "why": "dull"},
    ]  # fmt: skip
    nothing = {"arguments": [], "documentation": "", "verbs": {}, "backends": {"b": "m:b", "a": "m:a"}}
    found = {
        "name": "a/b", "kind": "view", "summary": "s", "title": "T", "objective": "core/x", "distribution": "d",
        "distribution_version": "1", "implementation": "m:f", "equations": equations, **nothing,
    }  # fmt: skip
    assert show._as_text(found) == (
        "a/b (view): s\n\ntitle: T\n\n"
        "equations (checked: the conformance kit evaluates it against the code):\n"
        "  y   checked    y = x\n  dx  unchecked  dx = dy  (dull)\n\n"
        "backends:\n  a  m:a\n  b  m:b\n\ntrained with: core/x\n\nfrom d 1, m:f"
    )


def test_a_name_is_looked_for_in_the_kinds_behind_the_first_one() -> None:
    registry = default_registry()
    assert [entry.kind for entry in show._entries(registry, "flatten", None)] == ["layer", "transform"]
    assert [entry.kind for entry in show._entries(registry, "flatten", "transform")] == ["transform"]
    assert [entry.kind for entry in show._entries(registry, "adam", None)] == ["optimizer"]


# -- doctor ----------------------------------------------------------------------------------------------------------


def test_doctor(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pellucid.ops.kernels.native")

    def version(package: str) -> str:
        if package == "tqdm":
            raise PackageNotFoundError
        if package == "numpy":
            raise ValueError("torn")
        return "1.5"

    def ops(name: str) -> Any:
        if name == "cython":
            raise pl.ConfigError("It is not built.")
        if name == "reference":
            raise ZeroDivisionError("odd")

    monkeypatch.setattr(doctor, "version", version)
    monkeypatch.setattr(doctor, "get_ops", ops)
    monkeypatch.setattr(doctor, "leftovers", lambda: [("old", "Delete it.")])
    monkeypatch.setattr(doctor, "get_num_threads", lambda: 3)
    for name in [name for name in os.environ if name.startswith("PELLUCID_") or name in doctor.HARMFUL]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PELLUCID_PLUGINS", "acme,bad,ofg")
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    report = doctor.examine(registry)
    found: dict[str, list[Finding]] = {}
    for finding in report.findings:
        found.setdefault(finding.section, []).append(finding)
    assert list(found) == ["versions", "machine", "backends", "kernels", "environment", "plugins", "acme"]
    told = {section: [each[1:] for each in every] for section, every in found.items()}
    assert told["versions"][:1] == [("pellucid", pl.__version__, False)] and told["versions"][1][0] == "python"
    assert told["versions"][2:] == [
        ("numpy", "Its metadata cannot be read: ValueError: torn. Reinstall it.", True), ("pluggy", "1.5", False),
        ("safetensors", "1.5", False), ("scipy-openblas32", "1.5", False), ("tqdm", "not installed", False),
        ("matplotlib", "1.5", False), ("pellucid-cupy", "1.5", False),
    ]  # fmt: skip
    assert told["backends"] == [
        ("cython", "not available: It is not built.", False),
        ("cython", "Everything runs on the reference backend, several times slower. It is not built.", True),
        ("reference", "not available: ZeroDivisionError: odd", False),
    ]  # fmt: skip
    assert [name for name, _, _ in told["machine"]] == ["system", "processors"]
    assert ("threads", "3", False) in told["kernels"]
    assert told["environment"] == [
        ("PELLUCID_PLUGINS", "acme,bad,ofg", False),
        ("OMP_NUM_THREADS", "OMP_NUM_THREADS=2 is set. It limits the threads of every library in this process; "
         "pellucid's own are set by PELLUCID_NUM_THREADS. Unset it unless you mean it.", True),
    ]  # fmt: skip
    assert [(name, value) for name, value, warning in told["plugins"] if not warning and name != "core"] == [
        ("acme", "loaded, pellucid-acme 1.0"), ("bad", "broken, pellucid-bad 1.0"),
        ("off", "disabled, pellucid-off 1.0"),
    ]  # fmt: skip
    assert [(name, value) for name, value, warning in told["plugins"] if warning] == [
        ("bad", "ZeroDivisionError: division by zero See: pellucid plugins --traceback."), ("old", "Delete it."),
        ("PELLUCID_PLUGINS", "'ofg' is in the allow-list, and no such plugin is installed. Did you mean 'off'?"),
    ]  # fmt: skip
    assert told["acme"] == [("sky", "3", False), ("sea", "It rises.", True)]


def test_doctors_report_for_people(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    report = Report()
    report.section("one")
    report.fact("a", 1)
    report.warn("long", "It is wrong.")
    report.section("two")
    report.fact("b", None)
    assert doctor.as_text(report) == (
        "one\n    a     1\n!   long  It is wrong.\n\ntwo\n    b  None\n\n1 warning(s), marked !."
    )
    monkeypatch.setattr(doctor, "examine", lambda: report)
    assert json.loads(said(capsys, "doctor", "--json")) == {
        "findings": [
            {"section": "one", "name": "a", "value": "1", "warning": False},
            {"section": "one", "name": "long", "value": "It is wrong.", "warning": True},
            {"section": "two", "name": "b", "value": "None", "warning": False},
        ],
        "warnings": 1,
    }
    assert doctor.as_text(Report()) == "Nothing is wrong."


# -- verbs -----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("registry")
def test_verbs_of_a_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "encode", "net.safetensors", "--count", "5") == "run    net.safetensors\ncount  5\n"
    assert json.loads(said(capsys, "encode", "net.safetensors", "--json")) == {"run": "net.safetensors", "count": 3}
    for run in ("net", "plain"):
        assert said(capsys, "draw", f"{run}.safetensors") == "ab\n"
    assert json.loads(said(capsys, "draw", "net.safetensors", "--json")) == "ab"
    needs = "pellucid draw needs a RUN: a run folder or saved model of acme/net, acme/plain. "
    needs += "Its options depend on the model: pellucid draw RUN --help."
    assert said(capsys, "draw", "--help") == f"{needs}\n"
    assert said(capsys, "encode", "--help").startswith("usage: pellucid encode [-h]")
    assert main(["encode", "plain.safetensors", "--help"]) == 2
    assert capsys.readouterr() == ("", (
        "pellucid: plain.safetensors holds a model acme/plain, which has no verb 'encode'. It is a verb of: acme/net.\n"
    ))  # fmt: skip


@pytest.mark.usefixtures("registry")
def test_what_no_model_can_do_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for words, message in [
        (["encode", "plain.safetensors"], "plain.safetensors holds a model acme/plain, which has no verb 'encode'. "
         "It is a verb of: acme/net."),
        (["draw"], "pellucid draw needs a RUN: a run folder or saved model of acme/net, acme/plain."),
        (["encodd", "x"], "pellucid has no command 'encodd'. Did you mean 'encode'? Commands: train, sweep,"),
        (["encodd"], "the installed plugins: fall, greet. Verbs of the installed models: draw, encode, trip."),
        (["draw", "none"], "Cannot read none: No such file or directory"),
    ]:  # fmt: skip
        assert main(words) == 2
        assert message in capsys.readouterr().err


@pytest.mark.usefixtures("registry")
def test_commands_of_a_plugin(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(said(capsys, "greet", "a", "b", "--loud", "--json")) == {"names": ["a", "b"], "loud": True}
    assert said(capsys, "acme/greet", "a") == "names  ['a']\nloud   False\n"
    assert said(capsys, "greet", "leave") == "bye you\n" and said(capsys, "greet", "leave", "me") == "bye me\n"
    assert "Also: pellucid greet leave …." in said(capsys, "greet", "--help")
    assert "Also:" not in said(capsys, "greet", "leave", "--help")
    assert said(capsys, "greet", "leave", "--help").startswith("usage: pellucid greet leave [-h]")


@pytest.mark.usefixtures("registry")
def test_whose_fault_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    for words, whose in [
        (["fall"], "The command 'acme/fall' (pellucid-acme 1.0) raised RuntimeError: bug."),
        (["fall", "deep"], "'deep' of the command 'acme/fall' (pellucid-acme 1.0) raised RuntimeError: bug."),
        (["fall", "down"], "The argument 'table' of plugin_acme.m.odd is a table"),
        (["trip", "net.safetensors"], "verb 'trip' of the model 'acme/net' (pellucid-acme 1.0) raised RuntimeError"),
    ]:  # fmt: skip
        assert main(words) == 2
        assert whose in capsys.readouterr().err

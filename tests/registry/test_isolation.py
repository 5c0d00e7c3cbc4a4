"""A plugin that fails harms nobody else, leaves no trace, and says what is wrong with it."""

from __future__ import annotations

import random
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
from pellucid.basics.errors import ConfigError, PellucidWarning, PluginError
from pellucid.registry.plugins import Plugin
from pellucid.registry.registry import Registry

from tests.fake_plugins import REGISTER_SINE, claim, install, install_sine


def loaded(registry: Registry, vendor: str = "acme") -> Plugin:
    return registry.plugins.load(vendor)


BROKEN = {
    "raises when imported": ("1 / 0", "ZeroDivisionError: division by zero"),
    "imports what is not there": ("import nowhere", "ModuleNotFoundError: No module named 'nowhere'"),
    "is not Python": ("def (", "SyntaxError"),
    "ends the process": ("raise SystemExit(3)", "SystemExit: 3"),
    "has no hook": ("x = 1", "The module plugin_acme implements no hook. Mark its functions: @pellucid.hookimpl."),
    "misspells a hook": (
        "from pellucid import hookimpl\n@hookimpl\ndef pellucid_regster(registry): pass",
        "plugin_acme.pellucid_regster is marked as a hook, and there is no such hook. Did you mean 'pellucid_register'",
    ),
    "misspells the argument of a hook": (
        "from pellucid import hookimpl\n@hookimpl\ndef pellucid_register(regstry): pass",
        "Argument(s) {'regstry'} are declared in the hookimpl but can not be found in the hookspec",
    ),
    "wraps a hook": (
        "from pellucid import hookimpl\n@hookimpl(wrapper=True)\ndef pellucid_run_end(run): yield",
        "plugin_acme.pellucid_run_end is a hook wrapper",
    ),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_module_is_broken_with_its_traceback_and_nothing_else_is(site: Path, registry: Registry, how: str):
    source, reason = BROKEN[how]
    install(site, "acme", source=source)
    install_sine(site, "other")
    assert registry.names("layer")[-1] == "other/sine"
    plugin = loaded(registry)
    assert plugin.status == "broken"
    assert reason in plugin.reason
    assert plugin.traceback.startswith("Traceback")
    with pytest.raises(PluginError, match=r"(?s)'acme' \(pellucid-acme 1.0\) is broken: .*--traceback") as caught:
        registry.find("layer", "acme/sine")
    assert caught.value.__cause__ is plugin.error


def test_a_plugin_whose_loading_is_interrupted_is_loaded_by_who_asks_next(site: Path, registry: Registry):
    """Ctrl-C, in a notebook for example."""
    pressed = "\nif not globals().setdefault('pressed', []):\n    pressed.append(1)\n    import signal\n    "
    install(site, "acme", f"{REGISTER_SINE}{pressed}signal.raise_signal(signal.SIGINT)")
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt) as caught:
        loaded(registry)
    assert caught.value.__notes__ == ["pellucid-acme was being imported, for plugin 'acme'."]
    assert registry.plugins.found["acme"].status == "found"
    assert signal.getsignal(signal.SIGINT) is before
    assert loaded(registry).status == "loaded"
    assert registry.find("layer", "acme/sine").name == "acme/sine"


BAD_MANIFESTS = {
    'registry.layer("sine", "m:S", summary="")': "registers the layer 'sine' twice",
    'registry.layer("core/dense", "m:D", summary="")': "registers names of its own vendor.*registry.layer('dense', …)",
    'registry.layer("Sine", "m:S", summary="")': "registers the layer 'Sine'. A name must consist of lower-case",
    'registry.layer("x", "m.x", summary="")': "registers the layer 'x' with 'm.x'. Expected a string",
    'registry.layer("x", print, summary="")': "Expected a string 'package.module:attribute'",
    'registry.layer("x", "m:x", summary="", migrate="m")': "the layer 'x (migrate)' with 'm'",
    'registry.layer("x", "m:x")': "missing 1 required keyword-only argument: 'summary'",
    'registry.op("x", reference="m:x", cython="m", summary="")': "registers the op 'x (cython)' with 'm'",
    'registry.model("x", "m:x", summary="", verbs={"list": "m:v"})': "the verb 'list', which is a command of pellucid",
    'registry.model("x", "m:x", summary="", verbs={"A B": "m:v"})': "the verb 'A B', which is not a name",
    'registry.model("x", "m:x", summary="", verbs={"encode": "m"})': "registers the verb 'x.encode' with 'm'",
    'registry.lyer("x", "m:x", summary="")': "'Registrar' object has no attribute 'lyer'",
}


def test_a_programs_random_numbers_are_its_own_whatever_a_manifest_seeds(site: Path, registry: Registry):
    seeds = "\nimport random, numpy.random\nrandom.seed(0)\nnumpy.random.seed(0)\nnumpy.random.normal()\n"
    install(site, "acme", REGISTER_SINE + seeds)
    random.seed(7)
    np.random.seed(7)  # noqa: NPY002
    np.random.normal(size=3)  # noqa: NPY002
    states = random.getstate(), np.random.get_state()  # noqa: NPY002
    expected = [(random.random(), *np.random.normal(size=4)) for _ in range(2)]  # noqa: NPY002
    random.setstate(states[0])
    np.random.set_state(states[1])  # noqa: NPY002
    assert "the state of random, the state of numpy.random" in loaded(registry).reason.replace(" and ", ", ")
    assert [(random.random(), *np.random.normal(size=4)) for _ in range(2)] == expected  # noqa: NPY002


def test_a_manifest_that_brings_random_numbers_itself_leaves_them_unforeseeable_and_is_not_blamed(
    site: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
):
    install(site, "acme", f"{REGISTER_SINE}\nimport random\nrandom.seed(0)\n")
    monkeypatch.delitem(sys.modules, "random")
    plugin, fresh = loaded(registry), sys.modules["random"]
    assert (plugin.status, plugin.reason) == ("loaded", "")
    assert fresh.random() != random.Random(0).random()


@pytest.mark.parametrize("statement", BAD_MANIFESTS)
def test_a_manifest_that_fails_halfway_leaves_nothing_behind(site: Path, registry: Registry, statement: str):
    install(site, "acme", f"{REGISTER_SINE}\n{statement}")
    plugin = loaded(registry)
    assert plugin.status == "broken"
    for part in BAD_MANIFESTS[statement].split(".*"):
        assert part in plugin.reason
    assert plugin.entries == {}
    assert not any(name.startswith("acme/") for name in registry.names("layer"))
    assert registry.plugins.implementations("pellucid_register")[-1][0] == "core", "its hooks are gone too"


def test_registering_after_the_hook_has_returned_is_refused(site: Path, registry: Registry):
    install(site, "acme", "import plugin_acme\nplugin_acme.kept = registry")
    assert loaded(registry).status == "loaded"
    from importlib import import_module

    with pytest.raises(PluginError, match="after its pellucid_register hook has returned"):
        import_module("plugin_acme").kept.layer("late", "m:x", summary="")


def test_a_manifest_that_looks_names_up_while_it_loads_does_not_loop(site: Path, registry: Registry):
    from pellucid.testing.registries import use_registry

    install(site, "acme", "import pellucid\npellucid.create('layer', 'acme/sine')")
    with use_registry(registry):
        plugin = loaded(registry)
    assert plugin.status == "broken"
    assert "is loading: A manifest registers names; it cannot build anything while it does." in plugin.reason


def test_a_plugin_made_for_another_interface_is_incompatible(site: Path, registry: Registry):
    install(site, "old", group="pellucid.v0", source="1 / 0")
    install(site, "new", group="pellucid.v2", source="1 / 0")
    for vendor, group in (("old", "pellucid.v0"), ("new", "pellucid.v2")):
        plugin = loaded(registry, vendor)
        assert plugin.status == "incompatible"
        assert plugin.reason == (
            f"It is made for the plugin interface {group}; this pellucid offers pellucid.v1. "
            f"Install a version of pellucid-{vendor} for pellucid.v1, or the pellucid that it was made for."
        )
    with pytest.raises(PluginError, match=r"'old' .* is incompatible"):
        registry.find("layer", "old/sine")


def test_a_plugin_that_offers_several_interfaces_is_used_through_ours(site: Path, registry: Registry):
    install_sine(site)
    claim(site, "acme", "nowhere", group="pellucid.v2", distribution="pellucid-acme", version="1.0")
    assert registry.find("layer", "acme/sine").target == "plugin_acme.layers:Sine"


def test_two_distributions_that_claim_a_vendor_are_both_refused_by_name(site: Path, registry: Registry):
    install_sine(site)
    install(site, "acme", source="1 / 0", distribution="acme-fork", module="plugin_fork")
    plugin = loaded(registry)
    assert plugin.status == "conflict"
    assert plugin.reason == (
        "The packages acme-fork and pellucid-acme both claim the vendor 'acme'. Uninstall all but one."
    )
    with pytest.raises(PluginError, match="is in conflict: The packages acme-fork and pellucid-acme"):
        registry.find("layer", "acme/sine")


def test_nobody_speaks_for_the_core(site: Path, registry: Registry):
    install(site, "core", source="1 / 0", distribution="usurper")
    assert registry.find("layer", "dense").distribution == "pellucid"
    (plugin,) = [p for p in registry.plugins.load_all() if p.distribution == "usurper"]
    assert plugin.status == "conflict"
    assert plugin.reason == "usurper claims the vendor 'core', which is pellucid's own. Uninstall it."


def test_a_vendor_that_is_no_name_is_broken(site: Path, registry: Registry):
    install(site, "Acme-2", "pass", module="plugin_acme")
    assert "A vendor's name must consist of lower-case letters" in loaded(registry, "Acme-2").reason


def test_an_entry_point_that_names_no_module_is_broken(site: Path, registry: Registry):
    claim(site, "acme", "plugin_acme:plugin", group="pellucid.v1", distribution="pellucid-acme", version="1.0")
    assert 'It must name the module with the hooks: acme = "plugin_acme".' in loaded(registry).reason


def test_the_allow_list_disables_all_others(site: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch):
    install_sine(site, "acme")
    install(site, "other", source="1 / 0")
    monkeypatch.setenv("PELLUCID_PLUGINS", "acme, absent")
    with pytest.warns(PellucidWarning, match="allows 'absent', and no such plugin is installed. Installed: core, acme"):
        assert registry.find("layer", "sine").name == "acme/sine"
    plugin = loaded(registry, "other")
    assert (plugin.status, plugin.reason) == ("disabled", "It is not in PELLUCID_PLUGINS=acme, absent.")
    with pytest.raises(PluginError, match=r"'other' .* is disabled: It is not in PELLUCID_PLUGINS"):
        registry.find("layer", "other/x")


def test_a_name_in_the_allow_list_that_nobody_has_is_told_at_once(
    site: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
):
    install_sine(site, "acme")
    monkeypatch.setenv("PELLUCID_PLUGINS", "acne")
    with pytest.warns(PellucidWarning, match=r"PELLUCID_PLUGINS=acne allows 'acne', .* Did you mean 'acme'\?"):
        assert loaded(registry).status == "disabled"


def test_an_empty_allow_list_leaves_the_core(site: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch):
    install_sine(site)
    monkeypatch.setenv("PELLUCID_PLUGINS", "")
    assert {entry.vendor for entry in registry.entries()} == {"core"}


@pytest.mark.parametrize("group", ["pellucid.v1", "pellucid.v2"])
def test_strict_makes_a_plugin_that_cannot_be_loaded_an_error(
    site: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch, group: str
):
    install(site, "acme", source="1 / 0", group=group)
    monkeypatch.setenv("PELLUCID_STRICT", "1")
    assert registry.find("layer", "core/dense"), "others are not concerned"
    for _ in range(2):
        with pytest.raises(PluginError, match="Plugin 'acme'"):
            registry.names("layer")


def test_strict_does_not_mind_disabled_plugins(site: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch):
    install(site, "acme", source="1 / 0")
    monkeypatch.setenv("PELLUCID_STRICT", "1")
    monkeypatch.setenv("PELLUCID_PLUGINS", "")
    assert registry.names("layer")


def test_strict_does_not_mind_what_the_allow_list_leaves_out(
    site: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
):
    install(site, "core", source="1 / 0", distribution="usurper")
    install_sine(site)
    monkeypatch.setenv("PELLUCID_STRICT", "1")
    monkeypatch.setenv("PELLUCID_PLUGINS", "acme")
    assert "acme/sine" in registry.names("layer")


@pytest.mark.parametrize("value", ["", "0", "false", "No", " off "])
def test_strict_can_be_switched_off(site: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch, value: str):
    install(site, "acme", source="1 / 0")
    monkeypatch.setenv("PELLUCID_STRICT", value)
    assert loaded(registry).status == "broken"


def test_strict_is_yes_or_no(site: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch):
    install(site, "acme", source="1 / 0")
    monkeypatch.setenv("PELLUCID_STRICT", "maybe")
    with pytest.raises(ConfigError, match=r"PELLUCID_STRICT must be 1 or 0\. Received: 'maybe'"):
        loaded(registry)


HOOKS = """
from pellucid import hookimpl
@hookimpl
def pellucid_run_start(run):
    run.append("{name}")
    {statement}
@hookimpl
def pellucid_run_end():
    {end}
"""


def test_a_hook_that_raises_switches_its_plugin_off_and_the_others_are_called(site: Path, registry: Registry):
    for name, statement in (("a", "pass"), ("b", "1 / 0"), ("c", "pass")):
        source = HOOKS.replace("{name}", name).replace("{statement}", statement).replace("{end}", "pass")
        install(site, name, source=source)
    run: list[str] = []
    where = r"raised this in pellucid_run_start, at .*plugin_b.__init__\.py:6, .*--debug"
    with pytest.warns(PellucidWarning, match=rf"Plugin 'b' .* is broken: ZeroDivision.*{where}") as caught:
        registry.plugins.call("pellucid_run_start", run=run)
    assert "pellucid plugins --traceback" not in str(caught[0].message), "another process would not show it"
    assert isinstance(caught[0].message.__cause__, ZeroDivisionError), "the command line prints it with --debug"
    with pytest.raises(PluginError, match=r"is broken: .* It was switched off in pellucid_run_start\."):
        registry.find("layer", "b/x")
    assert sorted(run) == ["a", "b", "c"]
    registry.plugins.call("pellucid_run_start", run=run)
    assert sorted(run) == ["a", "a", "b", "c", "c"]
    assert "in pellucid_run_start" in loaded(registry, "b").traceback
    registry.plugins.call("pellucid_run_end", run=run)  # takes no argument, which is allowed


def test_strict_makes_a_hook_that_raises_an_error(site: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch):
    install(site, "a", source=HOOKS.replace("{statement}", "1 / 0").replace("{end}", "pass"))
    monkeypatch.setenv("PELLUCID_STRICT", "1")
    with pytest.raises(PluginError, match=r"Plugin 'a' .* ZeroDivisionError"):
        registry.plugins.call("pellucid_run_start", run=[])

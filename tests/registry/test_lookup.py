"""Names: canonical and short, unique and ambiguous, and nothing loaded that is not needed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pellucid.basics.errors import ConfigError, PluginError
from pellucid.ops.backends import get_ops
from pellucid.registry.registry import Registry, default_registry
from pellucid.testing.registries import use_registry

from tests.fake_plugins import REGISTER_SINE, install, install_sine


def statuses(registry: Registry) -> dict[str, str]:
    return {vendor: plugin.status for vendor, plugin in registry.plugins.found.items()}


def test_a_full_name_loads_exactly_one_manifest(site: Path, registry: Registry):
    install_sine(site, "acme")
    install_sine(site, "other")
    entry = registry.find("layer", "acme/sine")
    assert (entry.name, entry.kind, entry.summary) == ("acme/sine", "layer", "sin(ωx)")
    assert (entry.distribution, entry.distribution_version) == ("pellucid-acme", "1.0")
    assert statuses(registry) == {"core": "found", "acme": "loaded", "other": "found"}
    assert "plugin_other" not in sys.modules


def test_an_implementation_is_imported_when_it_is_loaded_and_not_before(site: Path, registry: Registry):
    install_sine(site)
    entry = registry.find("layer", "acme/sine")
    assert "plugin_acme.layers" not in sys.modules
    assert registry.load(entry).__name__ == "Sine"
    assert registry.load(entry) is registry.load(entry)


def test_a_name_of_the_core_loads_no_plugin(site: Path, registry: Registry):
    install_sine(site)
    assert registry.find("layer", "dense").name == "core/dense"
    assert statuses(registry) == {"core": "loaded", "acme": "found"}


def test_a_short_name_works_where_it_is_unique(site: Path, registry: Registry):
    install_sine(site)
    install(site, "other")
    assert registry.find("layer", "sine").name == "acme/sine"


def test_the_cores_short_name_wins(site: Path, registry: Registry):
    install(site, "acme", 'registry.layer("dense", "m:x", summary="another")')
    assert registry.find("layer", "dense").name == "core/dense"
    assert registry.find("layer", "acme/dense").name == "acme/dense"


def test_an_ambiguous_name_lists_the_candidates(site: Path, registry: Registry):
    install_sine(site, "acme")
    install_sine(site, "other")
    with pytest.raises(ConfigError, match=r"'sine' is offered by several plugins.*acme/sine or other/sine"):
        registry.find("layer", "sine")


def test_kinds_are_searched_in_order_of_preference(site: Path, registry: Registry):
    install(site, "acme", 'registry.layer("x", "m:l", summary="")\nregistry.model("x", "m:m", summary="")')
    assert registry.find(("model", "layer"), "x").kind == "model"
    assert registry.find(("layer", "model"), "acme/x").kind == "layer"


def test_names_are_canonical_and_sorted(site: Path, registry: Registry):
    install(site, "acme", 'registry.loss("z", "m:z", summary="")\nregistry.loss("a", "m:a", summary="")')
    names = registry.names("loss")
    assert names == sorted(names)
    assert {"acme/a", "acme/z", "core/mse"} <= set(names)


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("layer", "densse", r"Unknown layer 'densse'\. Did you mean 'dense'\? Known: .*dense"),
        ("layer", "sin", r"Unknown layer 'sin'\. Did you mean 'sine'\?"),
        ("layer", "acme/sin", r"Unknown layer 'acme/sin'\. Did you mean 'acme/sine'\? Known: acme/sine\."),
        ("layer", "acne/sine", r"No plugin 'acne' is installed.*Did you mean 'acme'\? Installed: core, acme\."),
        ("loss", "waves/x", r"no loss 'waves/x'\. Installed: core, acme\. Install the package .*: pellucid list\.$"),
        ("layer", "ae/masking_noise", r"'ae/masking_noise'\. It comes with pellucid-ae, .* Installed: core"),
        ("dataset", "mnist", r"'mnist'\. It comes with pellucid-datasets, .* \./datasets\. Known: files"),
        ("loss", "acme/sine", r"Unknown loss 'acme/sine'\. There is a layer of this name\."),
        ("lair", "dense", r"There is no kind 'lair'\. Did you mean 'layer'\?"),
        ("layer", "wavelet", r"Known: .*\. Names of a plugin are known once it is installed; pellucid plugins lists"),
        ("layer", 3, r"A layer is chosen by its name, a str\. Received: 3"),
        ("layer", "core/", r"Unknown layer 'core/'"),
    ],
)
def test_an_unknown_name_says_what_might_be_meant(site: Path, registry: Registry, kind: str, name: str, message: str):
    install_sine(site)
    with pytest.raises(ConfigError, match=message):
        registry.find(kind, name)
    assert "plugin_acme.layers" not in sys.modules, "worded from names alone"


def test_a_plugin_that_is_not_installed_is_no_misspelling(site: Path, registry: Registry):
    """'ae' is near to 'acme' and 'vae' to 'ae': neither is what was meant."""
    install_sine(site)
    for kind, name in (("layer", "ann/x"), ("model", "vae"), ("layer", "ae/sine")):
        with pytest.raises(ConfigError, match="which is not installed") as caught:
            registry.find(kind, name)
        assert "Did you mean" not in str(caught.value)


def test_a_misspelt_vendor_loads_no_manifest_to_be_noticed(site: Path, registry: Registry):
    install_sine(site)
    with pytest.raises(ConfigError, match="Did you mean 'acme'"):
        registry.find("layer", "acmee/sine")
    assert "plugin_acme" not in sys.modules


def test_an_unknown_name_mentions_plugins_that_could_not_be_loaded(site: Path, registry: Registry):
    install(site, "acme", "1 / 0")
    with pytest.raises(ConfigError, match=r"Plugins that are not loaded: acme \(broken\); see: pellucid plugins"):
        registry.find("layer", "sine")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("plugin_acme.absent:Sine", "ModuleNotFoundError: No module named 'plugin_acme.absent'"),
        ("plugin_acme.layers:Cosine", "AttributeError"),
        ("plugin_acme.broken:X", "ZeroDivisionError"),
    ],
)
def test_an_implementation_that_cannot_be_imported_is_a_plugin_error(
    site: Path, registry: Registry, target: str, message: str
):
    install(site, "acme", f'registry.layer("sine", "{target}", summary="")', modules={"layers": "", "broken": "1/0"})
    with pytest.raises(PluginError, match=f"acme/sine.*{message}.*pellucid-acme 1.0") as caught:
        registry.load(registry.find("layer", "acme/sine"))
    assert caught.value.__cause__ is not None


def test_the_entry_of_a_class_is_found_even_if_it_is_defined_elsewhere(site: Path, registry: Registry):
    from tests.fake_plugins import SINE

    install(
        site, "acme", 'registry.layer("sine", "plugin_acme.facade:Sine", summary="")',
        modules={"layers": SINE, "facade": "from plugin_acme.layers import Sine"},
    )  # fmt: skip
    implementation = registry.load(registry.find("layer", "acme/sine"))
    assert implementation.__module__ == "plugin_acme.layers"
    assert registry.entry_of(implementation).name == "acme/sine"


def test_a_class_that_is_not_registered_says_how_to_register_it(site: Path, registry: Registry):
    install(site, "acme", "pass", modules={"layers": "from pellucid import Layer\nclass Own(Layer): ..."})
    from importlib import import_module

    own = import_module("plugin_acme.layers").Own
    with pytest.raises(ConfigError, match=r"plugin_acme.layers.Own is not registered.*registry.layer\('name', "):
        registry.entry_of(own)


def test_the_default_registry_is_one_object_that_tests_can_replace(registry: Registry):
    before = default_registry()
    assert before is default_registry()
    with use_registry(registry):
        assert default_registry() is registry
    assert default_registry() is before


def test_ops_fall_back_to_the_reference(site: Path, registry: Registry):
    from pellucid.standard.ops.base import ReferenceOps

    class Fast(ReferenceOps):
        name = "cython"

    class Stranger(ReferenceOps):
        name = "acme/metal"

    install(
        site, "acme", 'registry.op("half", reference="{module}.k:half", cython="{module}.k:fast", summary="x/2")',
        modules={
            "k": """
            def half(ops, x):
                return ("reference", ops.name, x / 2)
            def fast(ops, x):
                return ("fast", ops.name, x / 2) if isinstance(x, float) else NotImplemented
            """
        },
    )  # fmt: skip
    assert registry.op("acme/half", ReferenceOps())(3.0) == ("reference", "reference", 1.5)
    assert registry.op("acme/half", Fast())(3.0) == ("fast", "cython", 1.5)
    assert registry.op("half", Fast())(3) == ("reference", "cython", 1.5)
    assert registry.op("half", Stranger())(3.0) == ("reference", "acme/metal", 1.5)
    with pytest.raises(ConfigError, match=r"Unknown op 'acme/halve'\. Did you mean 'acme/half'"):
        registry.op("acme/halve", ReferenceOps())


def test_a_context_reaches_a_plugins_op(site: Path, registry: Registry):
    from pellucid import Context
    from pellucid.standard.ops.base import ReferenceOps

    install(site, "acme", 'registry.op("twice", reference="{module}.k:twice", summary="2x")',
            modules={"k": "def twice(ops, x): return 2 * x"})  # fmt: skip
    with use_registry(registry):
        assert Context(ReferenceOps()).op("acme/twice")(4) == 8


def test_the_reference_of_an_op_leaves_no_recorded_plan(site: Path, registry: Registry):
    """A plan holds kernel calls: array code between them would be missing when it is replayed."""
    np = pytest.importorskip("numpy")
    ops = pytest.importorskip("pellucid.standard.ops.cython").CythonOps()
    install(
        site, "acme",
        """
        registry.op("plain", reference="{module}.k:double", summary="2x")
        registry.op("partly", reference="{module}.k:double", cython="{module}.k:fast", summary="2x")
        """,
        modules={
            "k": """
            def double(ops, x):
                x *= 2
            def fast(ops, x):
                return NotImplemented if x.dtype == "float64" else ops.scale(x, 2.0)
            """
        },
    )  # fmt: skip

    def recorded(name: str, dtype: str) -> bool:
        x, one = np.ones(3, dtype), np.ones(3, np.float32)

        def step() -> None:
            ops.scale(one, 3.0)
            registry.op(name, ops)(x)

        _, plan = ops.record(step)
        assert (x == 2).all()
        return plan is not None

    assert not recorded("acme/plain", "float32")
    assert not recorded("acme/partly", "float64")
    assert recorded("acme/partly", "float32")


def test_many_threads_load_a_manifest_once(site: Path, registry: Registry):
    from concurrent.futures import ThreadPoolExecutor

    install(site, "acme", "import time\ntime.sleep(0.02)\n" + REGISTER_SINE, modules={"layers": ""})
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: registry.find("layer", "sine"), range(32)))
    assert all(entry is found[0] for entry in found)
    assert registry.plugins.found["acme"].status == "loaded"


def test_everything_that_a_plugin_registers_is_listed(site: Path, registry: Registry):
    install(site, "acme", REGISTER_SINE + '\nregistry.layer("cosine", "{module}.layers:Cosine", summary="cos")')
    assert {entry.name for entry in registry.entries("layer") if entry.vendor == "acme"} == {"acme/sine", "acme/cosine"}


@pytest.mark.parametrize("wrong", [3, ["cython"], b"cython"])
def test_a_backend_that_is_no_name_is_told_so(wrong):
    with pytest.raises(ConfigError, match=r"chosen by its name, a str\. Received: .*backend="):
        get_ops(wrong)


def test_a_backend_is_looked_up_once(monkeypatch):
    get_ops("reference")  # is made
    found, find = [], Registry.find
    monkeypatch.setattr(Registry, "find", lambda self, *what: found.append(what) or find(self, *what))
    assert get_ops("reference") is get_ops("core/reference")
    assert found == [("backend", "reference"), ("backend", "core/reference")]

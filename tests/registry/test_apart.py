"""A plugin is imported when something of it is wanted, and nobody else has to do with it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import numpy as np
import pellucid as pl
import pytest
from pellucid.registry.discovery import GROUP, find_claims
from pellucid.registry.plugins import Plugins
from pellucid.registry.registry import Registry
from pellucid.testing.registries import use_registry
from pellucid.workbench.leftovers import leftovers

from tests.fake_plugins import REGISTER_SINE, SINE, claim, install, install_sine
from tests.saving.support import small_data, small_trainer


class Sine(pl.Composite):
    """Called as a plugin's layer is, whose module cannot be imported."""

    def call(self, ctx, x):
        return np.where(x > 0, np.sin(x), 0.0)  # a function whose rule the core has, and not the engine


def test_a_build_imports_no_plugin_that_it_does_not_name(site: Path, registry: Registry):
    install(site, "slow", source="raise RuntimeError('imported')")
    install_sine(site)
    with use_registry(registry):
        pl.build("core/dense", units=2, input_shape=(3,), seed=0)
        pl.build("dense", units=2, input_shape=(3,), seed=0)
        model = pl.build(
            pl.Sequential([Sine(), pl.Dense(2), pl.create("layer", "acme/sine")]), input_shape=(3,), seed=0
        )
        trainer = pl.Trainer(model, loss="mse", seed=0)
        assert registry.plugins.found["slow"].status == "found"
        assert model.runtime.config is None, "Sine is not registered"
        with pytest.raises(pl.ConfigError, match=r"test_apart\.Sine is not registered"):
            pl.to_config(model)
        trainer.train_step(np.ones((4, 3)), np.ones((4, 2)))  # a training, whose hooks any plugin may have
        assert registry.plugins.found["slow"].status == "broken"


def test_a_class_is_known_by_what_it_is_and_not_by_its_name(site: Path, registry: Registry):
    install(site, "acme", 'registry.layer("sine", "{module}.nowhere:Sine", summary="")')
    install(site, "other", REGISTER_SINE, modules={"layers": SINE})
    with use_registry(registry):
        assert len(registry.names("layer")) > 2  # all manifests are loaded
        assert pl.build(Sine(), input_shape=(3,), seed=0).predict(np.ones((2, 3))).shape == (2, 3)
        known = pl.create("layer", "other/sine")
        assert pl.to_config(known)["type"] == "other/sine"
        assert pl.to_config(type(known)())["type"] == "other/sine"


def test_a_class_that_is_imported_from_a_package_is_found_in_its_plugin(site: Path, registry: Registry):
    install_sine(site)
    from importlib import import_module

    with use_registry(registry):
        registry.plugins.load("core")
        own = import_module("plugin_acme.layers").Sine(2.0)
        assert pl.build(own, input_shape=(3,), seed=0).runtime.config == {"type": "acme/sine", "omega": 2.0}


def test_ctrl_c_names_what_it_has_interrupted_and_leaves_its_handler(site: Path, registry: Registry):
    install(site, "acme", source="import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nfor _ in range(10**6): pass")
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt) as caught:
        registry.names("layer")
    assert "pellucid-acme" in caught.value.__notes__[0]
    assert signal.getsignal(signal.SIGINT) is before


def test_in_another_thread_a_plugin_is_loaded_as_well_and_nobody_waits_to_look(site: Path, registry: Registry):
    install(site, "slow", source="import threading, time\nthreading.go.wait(10)")
    threading.go = threading.Event()  # type: ignore[attr-defined]
    loading = threading.Thread(target=registry.plugins.load, args=("slow",))
    _ = registry.plugins.found, registry.plugins.load("core")
    loading.start()
    try:
        while registry.plugins.found["slow"].status != "loading":
            pass
        assert registry.find("layer", "core/dense").name == "core/dense"
    finally:
        threading.go.set()  # type: ignore[attr-defined]
        loading.join()
        del threading.go  # type: ignore[attr-defined]
    assert registry.plugins.found["slow"].status == "broken"


def test_an_observer_of_gradients_that_raises_ends_the_run_with_its_name(site: Path, registry: Registry):
    hook = "from pellucid import hookimpl\n@hookimpl\ndef pellucid_run_start(run):\n    "
    install(site, "acme", source=hook + "run.on_gradients(lambda segments: 1 / 0)")
    with use_registry(registry):
        trainer = small_trainer(callbacks=[])
        before = trainer.model.runtime.arena.data.copy()
        with (
            pytest.raises(pl.PluginError, match=r"Plugin 'acme' \(pellucid-acme 1\.0\) is broken: ZeroDivisionError"),
        ):
            trainer.fit(small_data(), batch_size=16)
        assert (trainer.model.runtime.arena.data == before).all()


@pytest.mark.parametrize("what", ["Exits", "exits", "annotated", "Looked", "Words", "Refuses"])
def test_whatever_a_component_raises_it_is_named(site: Path, registry: Registry, what: str):
    module = """
    import sys
    from pellucid import Layer

    class Mute(ValueError):
        def __str__(self): raise RuntimeError("mute")

    class Exits(Layer):
        def __init__(self): sys.exit(3)

    def exits(): sys.exit(3)

    def annotated(x: "1 / 0" = 3): ...

    class Meta(type(Layer)):
        @property
        def kind(cls): raise OSError("kind")

    class Looked(Layer, metaclass=Meta): ...

    class Refuses(Layer):
        def __init__(self): raise Mute

    class Words(Layer):
        def __init__(self): raise BaseException(Mute())
    """
    install(site, "acme", f"registry.layer('x', '{{module}}.m:{what}', summary='')", modules={"m": module})
    with (
        use_registry(registry),
        pytest.raises(pl.PluginError, match=r"The layer 'acme/x' \(pellucid-acme 1\.0\) raised"),
    ):
        pl.create("layer", "acme/x")


def test_what_a_zip_file_holds_is_found(tmp_path: Path):
    from zipfile import ZipFile

    with ZipFile(tmp_path / "plugins.zip", "w") as archive:
        archive.writestr("pellucid_acme-1.2.dist-info/entry_points.txt", "[pellucid.v1]\nacme = m\n")
        archive.writestr("pellucid_old.egg-info/entry_points.txt", "[pellucid.v1]\nold = m\n")
        archive.writestr("pellucid_old.egg-info/PKG-INFO", "Name: pellucid-old\nVersion: 0.1\n\n")
        archive.writestr("m.py", "")
    (tmp_path / "not.zip").write_bytes(b"PK\x03\x04")
    path: list[object] = [str(tmp_path / "not.zip"), str(tmp_path / "plugins.zip"), None, b"/tmp", tmp_path, "\0"]
    found = {(c.vendor, c.distribution, c.version) for c in find_claims(path)}  # type: ignore[arg-type]
    assert found == {("acme", "pellucid-acme", "1.2"), ("old", "pellucid-old", "0.1")}


def test_what_an_upgrade_has_left_hides_and_doubles_nothing(site: Path):
    for version in ("0.9.0", "0.10.0"):
        claim(site, "acme", "m", group=GROUP, distribution="pellucid-acme", version=version)
    (site / "pellucid_acme-0.11.dist-info").mkdir()
    claim(site, "acme", "m", group=GROUP, distribution="~ellucid-acme", version="0.10.0")
    assert [(c.vendor, c.distribution, c.version) for c in find_claims([str(site)])] == [
        ("acme", "pellucid-acme", "0.10.0")
    ]
    claim(site, "x", "m", group="Pellucid.V1", distribution="other", version="1")
    told = dict(leftovers([str(site)]))
    assert "pip began to remove it" in told["~ellucid-acme"]
    assert "registers in the group 'Pellucid.V1'" in told["other"]
    said = [message for package, message in leftovers([str(site)]) if package == "pellucid-acme"]
    assert any("Its metadata is empty" in message for message in said)
    assert any("in the versions 0.11, 0.10.0, 0.9.0" in message for message in said)
    assert not list(leftovers([str(site.parent)]))


@pytest.mark.parametrize("file", ["METADATA", "PKG-INFO"])
def test_a_package_of_ours_that_registers_nothing_is_no_leftover(site: Path, file: str):
    folder = site / ("pellucid_acme-1.0.dist-info" if file == "METADATA" else "pellucid_acme.egg-info")
    folder.mkdir()
    (folder / file).write_text("Name: pellucid-acme\nVersion: 1.0\n\n")
    assert list(leftovers([str(site)])) == []
    (folder / file).write_text("")
    ((package, message),) = leftovers([str(site)])
    assert package.startswith("pellucid") and message.startswith("Its metadata is empty")


def test_a_plugin_that_speaks_for_modules_of_ours_does_not_take_them_from_the_core(site: Path):
    claim(site, "thief", "pellucid.standard.manifest", group=GROUP, distribution="pellucid-thief", version="1")
    registry = Registry(Plugins(lambda: find_claims([str(site)])))
    assert registry.plugins.load("thief").status == "broken"
    assert "a module of pellucid" in registry.plugins.found["thief"].reason
    assert registry.find("layer", "dense").name == "core/dense"


def test_what_an_import_changes_is_put_back(site: Path, registry: Registry, capsys: pytest.CaptureFixture[str]):
    install(site, "acme", source=(
        "import os, sys, warnings, numpy, pellucid\nprint('hello')\nos.chdir('/')\nsys.path.insert(0, '/nowhere')\n"
        "sys.path.append('/behind')\nwarnings.simplefilter('ignore')\nnumpy.seterr(all='raise')\n"
        "pellucid.build = None\nos.environ['PELLUCID_BACKEND'] = 'evil'\nfrom pellucid import hookimpl\n"
        "@hookimpl\ndef pellucid_register(registry): sys.stdout.close()"
    ))  # fmt: skip
    build, folder, path = pl.build, Path.cwd(), [*sys.path]
    try:
        plugin = registry.plugins.load("acme")
        assert (pl.build, Path.cwd(), sys.path) == (build, folder, [*path, "/nowhere", "/behind"])
        assert np.geterr()["divide"] != "raise"
        assert "PELLUCID_BACKEND" not in os.environ
    finally:
        sys.path[:] = path
    assert plugin.status == "loaded"
    assert plugin.reason == (
        "What its import changed was put back: warnings.filters, pellucid, sys.path, the working directory, "
        "environment variables. Its import prints; that went to standard error."
    )
    assert capsys.readouterr() == ("", "hello\n")


def test_a_class_of_another_package_than_its_plugins_is_found_when_it_is_saved(site: Path, registry: Registry):
    install(site, "acme", 'registry.layer("sine", "plugin_parts:Sine", summary="")')
    (site / "plugin_parts.py").write_text(SINE)
    from importlib import import_module

    with use_registry(registry):
        model = pl.build(import_module("plugin_parts").Sine(), input_shape=(3,), seed=0)
        assert model.runtime.config is None
        pl.save(model, site / "m.safetensors")
        assert pl.to_config(pl.load(site / "m.safetensors"))["type"] == "acme/sine"

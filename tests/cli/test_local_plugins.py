"""Python files as plugins: used where the command line asks for them, and never run where it does not."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pellucid as pl
import pytest
from pellucid.registry.registry import default_registry
from pellucid.workbench.cli import main

from tests.fake_plugins import MANIFEST, SINE

EXPERIMENT = """
plugins = ["parts/acme.py"]
[data]
type = "files"
train = "rows.csv"
target = "label"
[model]
type = "sequential"
layers = [{type = "acme/sine", omega = 2.0}, {type = "dense", units = 2}]
[loss]
type = "softmax_cross_entropy"
[train]
epochs = 1
backend = "reference"
"""
RAN = "import pathlib\npathlib.Path('ran').touch()\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "acme.py").write_text(RAN + SINE)
    (tmp_path / "parts" / "_helper.py").write_text("1 / 0")
    (tmp_path / "parts" / "notes.txt").write_text("")
    (tmp_path / "rows.csv").write_text("a,b,label\n" + "".join(f"{i % 5},{i},{'xy'[i % 2]}\n" for i in range(20)))
    (tmp_path / "e.toml").write_text(EXPERIMENT)
    return tmp_path


def test_an_experiments_own_files_run_only_if_the_command_line_says_so(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = ["train", "e.toml", "--out", "run", "--quiet"]
    assert main(train) == 2
    said = capsys.readouterr().err
    assert str(folder / "parts" / "acme.py") in said and "--trust" in said
    assert not (folder / "ran").exists()
    assert main([*train, "--trust"]) == 0
    assert (folder / "ran").exists()
    assert str(folder / "parts" / "acme.py") in (folder / "run" / "experiment.toml").read_text()

    (folder / "ran").unlink()
    assert main(["train", "--resume", "--out", "run", "--set", "train.epochs=2", "--quiet"]) == 2
    assert main(["evaluate", "run"]) == 2
    assert "acme.py local: give its folder: --plugins-dir DIR" in capsys.readouterr().err
    assert not (folder / "ran").exists()
    on = ["train", "--resume", "--out", "run", "--set", "train.epochs=2", "--quiet", "--plugins-dir", "parts"]
    assert main(on) == 0
    assert main(["evaluate", "run", "--plugins-dir", "parts/acme.py"]) == 0

    with pl.local_plugins("parts"):
        model = pl.load("run/model.safetensors", backend="reference")
        assert pl.to_config(model)["layers"][0]["type"] == "acme/sine"
    assert "acme" not in default_registry().plugins.found
    assert not [name for name in sys.modules if name.startswith("pellucid_local_")]


def test_a_file_with_a_hook_and_a_package_are_plugins_as_well(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hook = MANIFEST.replace("{body}", "    registry.layer('wave', f'{__name__}:Sine', summary='its own name')")
    package = folder / "parts" / "random"  # a name of Python's hides nothing
    package.mkdir()
    (package / "__init__.py").write_text(hook + "\nfrom .layers import Sine\n")
    (package / "layers.py").write_text(SINE)
    assert main(["list", "layer", "--json", "--plugins-dir=parts"]) == 0
    listed = {entry["name"]: entry["summary"] for entry in json.loads(capsys.readouterr().out)}
    assert listed["random/wave"] == "its own name"
    assert listed["acme/sine"] == "``y = sin(omega x)``."
    with pl.local_plugins("parts"):
        assert pl.create("layer", "random/wave", omega=3.0).omega == 3.0


def test_an_unfinished_component_says_so_and_a_base_of_others_is_none(folder: Path) -> None:
    (folder / "parts" / "half.py").write_text(
        "import pellucid as pl\nclass Base(pl.Layer):\n    def forward(self, ctx, x): return x\n"
        "class Unfinished(Base):\n    def output_shape(self, s): return s\n"
        "class Whole(Base):\n    def output_shape(self, s): return s\n    def backward(self, ctx, dy): return dy\n"
    )
    with pl.local_plugins("parts/half.py") as registry:
        found = [entry.name for entry in registry.entries() if entry.vendor == "half"]
        assert sorted(found) == ["half/unfinished", "half/whole"]
        pl.create("layer", "half/whole")
        with pytest.raises(pl.PluginError, match=r"'half/unfinished' \(half\.py local\).* abstract .*backward"):
            pl.create("layer", "half/unfinished")


@pytest.mark.parametrize("fault", ["1 / 0", "raise SystemExit(3)"])
def test_a_file_that_fails_is_named(folder: Path, capsys: pytest.CaptureFixture[str], fault: str) -> None:
    (folder / "parts" / "bad.py").write_text(fault)
    assert main(["plugins", "--plugins-dir", "parts", "--json"]) == 0
    status = {plugin["vendor"]: plugin["status"] for plugin in json.loads(capsys.readouterr().out)}
    assert (status["bad"], status["acme"], status["core"]) == ("broken", "loaded", "loaded")


def test_what_is_no_plugin_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "empty").mkdir()
    (folder / "other").mkdir()
    (folder / "stray").mkdir()
    (folder / "stray" / "core.py").write_text("")
    (folder / "ann.py").write_text("")
    (folder / "other" / "acme.py").write_text("")
    for words, said in (
        (["--plugins-dir"], "needs a folder of plugins"),
        (["--plugins-dir", "absent"], "neither a folder of plugins nor a Python file"),
        (["--plugins-dir", "rows.csv"], "neither a folder of plugins nor a Python file"),
        (["--plugins-dir", "empty"], "There is no plugin in empty"),
        (["--plugins-dir", "parts", "--plugins-dir", "other"], "are both the plugin 'acme'. Rename one."),
        (["--plugins-dir", "stray"], "core.py would be the plugin 'core', which pellucid is, an installed package."),
        (["--plugins-dir", "ann.py"], "the plugin 'ann', which pellucid-ann is, an installed package. Rename"),
    ):
        assert main(["list", *words]) == 2
        assert said in capsys.readouterr().err
    (folder / "e.toml").write_text(EXPERIMENT.replace('["parts/acme.py"]', "3"))
    assert main(["train", "e.toml", "--trust"]) == 2
    assert 'expected a list of files, plugins = ["layers.py"]. Received: 3' in capsys.readouterr().err


VIEW = '''
import pellucid as pl

class Weights(pl.View):
    """Every weight."""

    title = "Weights"

    @classmethod
    def tried_on(cls):
        yield pl.Viewed.of(pl.build("dense", units=3, input_shape=(4,), seed=0))

    def suits(self, opened):
        return bool(opened.model.parameters())

    def controls(self, opened):
        return []

    def show(self, opened, **values):
        return [pl.PageNote(f"{len(opened.model.parameters())} parameters")]
'''


def test_a_file_brings_a_view(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "looks.py").write_text(VIEW)
    assert main(["--plugins-dir", "looks.py", "list", "view"]) == 0
    assert "looks/weights  " in capsys.readouterr().out
    assert main(["--plugins-dir", "looks.py", "show", "looks/weights"]) == 0
    assert "looks/weights (view): Every weight.\n\ntitle: Weights\n" in capsys.readouterr().out
    with pl.local_plugins("looks.py"):
        view = pl.create("view", "looks/weights")
        opened = pl.Viewed.of(pl.build("dense", units=1, input_shape=(1,), seed=0))
        assert view.suits(opened) and view.show(opened)[0].text == "2 parameters"

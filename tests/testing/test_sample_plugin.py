"""A stranger's plugin: built, installed beside pellucid in an environment of its own, tested, trained by name."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "tests" / "sample_plugin"
TUTORIAL = ROOT / "docs" / "plugins" / "tutorial.md"


class Environment:
    """A virtual environment that sees pellucid and pytest of this one, and has the sample plugin installed."""

    def __init__(self, folder: Path) -> None:
        self.python = folder / "environment" / "bin" / "python"
        self.plugin = folder / "pellucid-acme"
        self.work = folder / "work"
        self.work.mkdir()
        shutil.copytree(SAMPLE, self.plugin)
        self._run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, self.plugin)
        self._run(sys.executable, "-m", "venv", "--without-pip", folder / "environment")  # our pip installs into it
        (wheel,) = folder.glob("*.whl")
        pip = (sys.executable, "-m", "pip", "--python", self.python, "--disable-pip-version-check")
        self._run(*pip, "install", "--no-index", "--no-deps", wheel)
        (site,) = folder.glob("environment/lib/python*/site-packages")
        ours = sysconfig.get_paths()["purelib"]
        (site / "ours.pth").write_text(f"import site; site.addsitedir({ours!r})\n", encoding="utf-8")

    def pellucid(self, *arguments: str | Path, code: int = 0) -> str:
        """What a command prints."""
        return self._run(self.python, "-m", "pellucid", *arguments, code=code)

    def run(self, *arguments: str | Path) -> str:
        """What Python prints."""
        return self._run(self.python, *arguments)

    @contextmanager
    def studio(self, run: Path) -> Iterator[str]:
        """The address of a studio that looks at a run."""
        command = [str(self.python), "-m", "pellucid", "studio", "--no-open", str(run)]
        with subprocess.Popen(command, cwd=self.work, env=_clean(), stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                address = process.stdout.readline().strip()
                for _ in range(200):
                    with suppress(URLError):
                        urlopen(address, timeout=20).close()
                        break
                    time.sleep(0.1)
                yield address
            finally:
                process.terminate()

    def _run(self, *command: str | Path, code: int = 0) -> str:
        done = subprocess.run(
            [str(part) for part in command], cwd=self.work, env=_clean(), capture_output=True, text=True, check=False
        )
        assert done.returncode == code, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr


def _clean() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith("PELLUCID_") and k != "PYTHONPATH"}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return Environment(tmp_path_factory.mktemp("stranger"))


@pytest.fixture(scope="module")
def trained(installed: Environment) -> Path:
    """The run folder of its experiment, trained from the command line."""
    folder = installed.work / "run"
    installed.pellucid("train", installed.plugin / "experiment.toml", "--out", folder)
    return folder


def test_its_code_is_what_the_tutorial_shows() -> None:
    shown = dict(re.findall(r"```python\n# file: \S+/(\w+\.py)\n(.*?)```", TUTORIAL.read_text("utf-8"), re.DOTALL))
    package = SAMPLE / "src" / "pellucid_acme"
    for name in ("rbf.py", "huber.py", "rmsprop.py", "noisy_sine.py", "hill.py"):
        assert (package / name).read_text("utf-8") == shown[name], name
    manifest = (package / "__init__.py").read_text("utf-8").splitlines()
    assert set(manifest) <= set(shown["__init__.py"].splitlines())


def test_it_is_found_by_name(installed: Environment) -> None:
    listed = json.loads(installed.pellucid("list", "--json"))
    names = {entry["name"] for entry in listed if entry["name"].startswith("acme/")}
    assert names == {"acme/rbf", "acme/huber", "acme/rmsprop", "acme/noisy_sine", "acme/hill"}
    assert "radial basis functions" in installed.pellucid("show", "acme/rbf")


def test_it_passes_its_own_conformance_tests(installed: Environment) -> None:
    report = installed.run("-m", "pytest", "-q", "-p", "no:cacheprovider", installed.plugin)
    found = re.search(r"(\d+) passed", report)
    assert found is not None and int(found[1]) > 100, report
    assert "failed" not in report


def test_the_report_says_how_many_cases_ran(installed: Environment) -> None:
    report = installed.run("-c", "from pellucid.testing import run_conformance; run_conformance('acme')")
    assert re.search(r"layer +acme/rbf +\d+ passed", report)
    assert re.search(r"view +acme/hill +\d+ passed", report)
    assert re.search(r"\d+ cases ran: \d+ passed, 0 failed; \d+ skipped\.", report)


def test_it_is_trained_by_name_from_toml(trained: Path) -> None:
    summary = json.loads((trained / "summary.json").read_text("utf-8"))
    assert summary["data"] == "acme/noisy_sine"
    assert summary["versions"]["pellucid-acme"] == "1.0.0"
    first, *_, last = (json.loads(line) for line in (trained / "metrics.jsonl").read_text("utf-8").splitlines())
    assert last["epoch"] == 40 and last["loss"] < 0.8 * first["loss"]
    resolved = (trained / "experiment.toml").read_text("utf-8")
    for name in ("acme/rbf", "acme/huber", "acme/rmsprop", "acme/noisy_sine"):
        assert name in resolved


def test_it_has_learned_the_curve_in_spite_of_the_errors(installed: Environment, trained: Path) -> None:
    script = (
        "import numpy as np, pellucid as pl\n"
        f"model = pl.load({str(trained / 'model.safetensors')!r})\n"
        "x = np.linspace(-3, 3, 101, dtype='float32')[:, None]\n"
        "print(float(np.abs(model.predict(x) - np.sin(x)).mean()))\n"
    )
    assert float(installed.run("-c", script)) < 0.15


def test_its_view_shows_the_curve_that_a_run_has_learned(installed: Environment, trained: Path) -> None:
    """As the studio asks it: which views suit the model of this run, and what they show."""
    script = (
        "import numpy as np, pellucid as pl\n"
        f"run = pl.open_run({str(trained)!r})\n"
        "opened = pl.Viewed(run.model, 'run', lambda part: run.samples(split=part))\n"
        "view = pl.create('view', 'acme/hill')\n"
        "assert view.suits(opened) and [c.high for c in view.controls(opened)] == [19, 10.0]\n"
        "(part,) = view.show(opened, hill=3, far=3.0)\n"
        "assert list(part.curves) == ['the model', 'hill 3'] and part.curves['hill 3'].max() <= 1\n"
        "print(float(np.abs(part.curves['the model'] - np.sin(part.x)).mean()))\n"
    )
    assert float(installed.run("-c", script)) < 0.15


def test_the_studio_shows_its_view_of_a_run(installed: Environment, trained: Path) -> None:
    """Through the server and its socket, as a page asks: the curve, as it comes over the wire, is the sine."""
    client = pytest.importorskip("websockets.sync.client")
    with installed.studio(trained) as address, client.connect(address.replace("http", "ws") + "live") as socket:
        socket.send(json.dumps({"do": "view", "id": 3, "view": "acme/hill", "run": 0, "values": {"hill": 4, "far": 3}}))
        shown = next(told for told in map(json.loads, socket) if told["is"] == "shown")
        catalogue = json.load(urlopen(f"{address}catalogue", timeout=20))
    (view,) = (view for view in catalogue["views"] if view["name"] == "acme/hill")
    assert (view["title"], view["runs"]) == ("A hill of the curve", [0])
    assert view["summary"] == "the learned curve, and one of its hills"
    assert shown["id"] == 3 and [control["name"] for control in shown["controls"]] == ["hill", "far"]
    (part,) = shown["parts"]
    x, y, hill = (_array(data) for data in (part["x"], part["curves"]["the model"], part["curves"]["hill 4"]))
    assert part["part"] == "curves" and len(x) == 101 and 0 < hill.max() <= 1
    assert np.abs(y - np.sin(x)).mean() < 0.15


def _array(data: dict[str, Any]) -> Any:
    """An array as it comes over the wire."""
    return np.frombuffer(b64decode(data["data"]), np.dtype(f"<{data['type']}")).reshape(data["shape"])


def test_it_is_evaluated_from_its_run_folder(installed: Environment, trained: Path) -> None:
    test = json.loads((trained / "summary.json").read_text("utf-8"))["test"]["loss"]
    again = json.loads(installed.pellucid("evaluate", trained, "--json"))
    assert f"{test:.6f}" in {f"{value:.6f}" for value in _numbers(again)}


def _numbers(value: object) -> list[float]:
    """All numbers in a JSON value."""
    if isinstance(value, dict):
        return [number for part in value.values() for number in _numbers(part)]
    return [float(value)] if isinstance(value, int | float) else []


def test_without_the_plugin_its_model_says_what_is_missing(trained: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pellucid", "evaluate", str(trained)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "acme" in done.stderr and "Traceback" not in done.stderr


def test_its_layer_stands_inside_a_unet_by_name(installed: Environment) -> None:
    """In the bottom of another plugin's architecture: trained, saved and loaded again by registered names."""
    script = """
import numpy as np, pellucid as pl
bottom = {"type": "cnn/pixelwise", "layer": {"type": "acme/rbf", "units": 4, "width": 2.0}}
model = pl.build("cnn/unet", input_shape=(8, 8, 1), outputs=1, filters=[2, 4], bottom=bottom, seed=0)
rng = np.random.default_rng(0)
x = rng.uniform(size=(64, 8, 8, 1)).astype("float32")
centers = next(param for param in model.parameters() if param.name == "centers")
before = centers.data.copy()
history = pl.Trainer(model, optimizer={"type": "adam", "lr": 1e-2}, seed=0).fit((x, x), epochs=20, verbose=False)
assert history[-1]["loss"] < 0.5 * history[0]["loss"], history
assert not np.array_equal(centers.data, before)
pl.save(model, "unet.safetensors")
assert np.array_equal(pl.load("unet.safetensors").predict(x), model.predict(x))
print(pl.to_config(model)["bottom"]["layer"]["type"])
"""
    assert installed.run("-c", script).strip() == "acme/rbf"

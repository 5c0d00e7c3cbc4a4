"""What the core knows of our own distributions, for messages: no more and no less than they register."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from pellucid.basics import suggest
from pellucid.basics.suggest import absent
from pellucid.registry.registry import Registry

ROOT = Path(__file__).resolve().parents[2]
OURS = tomllib.loads(Path(suggest.__file__).with_name("ours.toml").read_text(encoding="utf-8"))


def test_every_distribution_of_ours_stands_there():
    members = [ROOT / "datasets", *(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))]
    assert {own["folder"] for own in OURS.values()} == {str(member.relative_to(ROOT)) for member in members}
    for vendor, own in OURS.items():
        project = tomllib.loads((ROOT / own["folder"] / "pyproject.toml").read_text())["project"]
        assert project["name"] == f"pellucid-{vendor}"


@pytest.mark.parametrize("vendor", OURS)
def test_its_names_are_those_that_it_registers(vendor):
    entries = Registry().plugins.load(vendor).entries
    unwritten = {"op", "view"}  # which nobody writes into a configuration, nor on the command line
    assert OURS[vendor]["names"] == sorted(short for kind, short in entries if kind not in unwritten)


@pytest.mark.parametrize(
    ("name", "vendor"),
    [
        ("mnist", "datasets"),
        ("cnn/conv2d", "cnn"),
        ("unet", "cnn"),
        ("lstm", "recurrent"),
        ("vae", "vae"),
        ("cupy", "cupy"),
        ("ae/", "ae"),
    ],
)
def test_a_missing_one_is_named_with_the_way_to_get_it(name, vendor):
    said = absent(name, ["core"])
    assert said.startswith(f" It comes with pellucid-{vendor}, which is not installed: pip install pellucid-")
    assert said.endswith(f"pip install ./{OURS[vendor]['folder']}.")
    assert absent(name, ["core", vendor]) == ""


def test_nothing_is_said_of_others():
    assert absent("acme/sine", ["core"]) == absent("mnits", ["core"]) == absent("cnm/conv2d", ["core"]) == ""

"""What a publisher is held to beside the code: pages for contributors, licences, Pythons that were run."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECTS: dict[str, dict[str, Any]] = {
    path.parent.relative_to(ROOT).as_posix(): tomllib.loads(path.read_text(encoding="utf-8"))
    for folder in ("", "datasets/", "plugins/*/")
    for path in sorted(ROOT.glob(f"{folder}pyproject.toml"))
}
PICTURES = sorted(path for folder in ("*/", "plugins/*/") for path in ROOT.glob(f"{folder}images/*") if path.is_file())
OURS = (
    "HELLO_WORLD.gif",
    "HELLO_WORLD-sheet.png",
    "letters.png",
    "glyphs.png",
    "half_moons.gif",
    "half_moons-sheet.png",
    "curves.png",
    "sorting.png",
    "figures-confusion.png",
    "figures-surface.png",
    "optimizers.png",
    "schedules.png",
    "studio-draw.png",
    "studio-export.png",
    "studio-playground.png",
    "studio-step.png",
    "studio.gif",
)
"""Pictures of points, curves, characters from fonts, digits that we drew: they show nothing of others' data."""


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def pythons() -> dict[str, str]:
    """Python's minor version -> what docs/machines.md says of its run."""
    rows = re.findall(r"^\| (3\.\d+)[^|]*\|(.*)\|$", read("docs/machines.md"), re.MULTILINE)
    return dict(rows)


@pytest.mark.parametrize("project", PROJECTS.values(), ids=PROJECTS)
def test_every_python_that_is_promised_was_run(project: dict[str, Any]) -> None:
    promised = re.findall(r"Python :: (3\.\d+)", "\n".join(project["project"]["classifiers"]))
    assert promised
    for minor in promised:
        assert "green" in pythons()[minor], f"docs/machines.md tells of no run of the suite on Python {minor}"


@pytest.mark.parametrize(
    "folder", [folder for folder, project in PROJECTS.items() if "cibuildwheel" in project["tool"]]
)
def test_what_cibuildwheel_would_build_and_nobody_has_is_called_untried(folder: str) -> None:
    text = read(f"{folder}/pyproject.toml")
    assert "# Untried:" in text.partition("[tool.cibuildwheel]")[2].partition("[tool.cibuildwheel.")[0]
    (not_run,) = re.findall(r"^Not run here: (.*?)\.\s", read("docs/machines.md"), re.MULTILINE | re.DOTALL)
    for tag in PROJECTS[folder]["tool"]["cibuildwheel"]["build"]:
        minor = re.sub(r"cp3(\d+)-\*", r"3.\1", tag)
        assert minor in pythons() or minor in not_run, f"docs/machines.md does not say that Python {minor} was not run"
    assert "macOS, Windows" in not_run


def test_contributing_has_ten_rules() -> None:
    assert [int(n) for n in re.findall(r"^(\d+)\.", read("CONTRIBUTING.md"), re.MULTILINE)] == list(range(1, 11))


def test_security_is_a_promise_with_a_way_to_report() -> None:
    page = read("SECURITY.md")
    assert "No pickle, no code" in page and re.search(r"^## Reporting$", page, re.MULTILINE)


def test_the_citation_has_what_its_format_asks_for() -> None:
    keys = set(re.findall(r"^([a-z-]+):", read("CITATION.cff"), re.MULTILINE))
    assert {"cff-version", "message", "title", "authors", "license", "type"} <= keys


def test_the_changelog_begins_with_what_is_not_released() -> None:
    assert re.findall(r"^## (.*)$", read("CHANGELOG.md"), re.MULTILINE)[0] == "Unreleased"


def test_data_by_others_are_named_with_their_licence() -> None:
    notice = read("datasets/NOTICE")
    for path in (ROOT / "datasets/src/pellucid_datasets/data").iterdir():
        assert path.name in notice or (path.name.endswith("-ubyte.gz") and "*-ubyte.gz" in notice), path.name
    for licence in re.findall(r"LICENSES/[\w.-]+\.txt", notice):
        assert (ROOT / "datasets" / licence).is_file()
    ours = {"CC-BY-SA-3.0.txt", "CC-BY-4.0.txt", "BSD-3-Clause.txt"}
    assert ours == {path.name for path in (ROOT / "datasets/LICENSES").iterdir()}


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: "/".join((path.parts[-3], path.name)))
def test_a_picture_with_digits_of_mnist_says_so(picture: Path) -> None:
    """Once for each picture: its NOTICE names it (or all), or it shows nothing of others."""
    notice = said_of_others(picture.parents[1])
    named = picture.name in notice or "All pictures of the folder images" in notice
    assert named != (picture.name in OURS)
    assert not named or "licenses/by-sa" in notice


def said_of_others(folder: Path) -> str:
    """The NOTICE of a folder, in one line; nothing where it has none."""
    notice = folder / "NOTICE"
    return " ".join(notice.read_text(encoding="utf-8").split()) if notice.is_file() else ""


@pytest.mark.parametrize("folder", PROJECTS)
def test_the_licence_in_the_metadata_is_that_of_all_it_holds(folder: str) -> None:
    project = PROJECTS[folder]["project"]
    theirs = {
        "CC-BY-SA-3.0": "licenses/by-sa/3.0", "CC-BY-4.0": "licenses/by/4.0", "BSD-3-Clause": "BSD 3-Clause",
        "Apache-2.0": "Apache License 2.0",
    }  # fmt: skip
    notice = said_of_others(ROOT / folder)
    said = ["MIT", *(name for name, words in theirs.items() if words in notice)]
    assert sorted(project["license"].split(" AND ")) == sorted(said)
    assert ("NOTICE" in project["license-files"]) == bool(notice)

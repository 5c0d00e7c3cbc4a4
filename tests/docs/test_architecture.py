"""docs/architecture.md tells the truth: the places of each walk are reached in order, the picture shows the folders."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "core" / "pellucid"
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
WALKS = dict(re.findall(r"^## (.+?)$\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S))
PROFILED = """
import sys
calls = []
def profile(frame, event, argument):
    file, core = frame.f_code.co_filename, {core!r}
    if event == "call" and file.startswith(core):
        calls.append(file[len(core) + 1:] + " " + frame.f_code.co_qualname)
sys.setprofile(profile)
{snippet}
sys.setprofile(None)
print("\\n".join(calls))
"""


def places(walk: str) -> list[str]:
    """``file function`` of every place of a walk, in the order of the page."""
    text = walk.rpartition("```")[2]
    return [f"{file} {function}" for file, function in re.findall(r"`(\w+/[\w/]+\.py)` `([\w.]+)`", text)]


def first_out_of_order(wanted: list[str], calls: list[str]) -> str | None:
    """The first place that is not called after the ones before it."""
    start = 0
    for place in wanted:
        if place not in calls[start:]:
            return place
        start = calls.index(place, start)
    return None


@pytest.mark.parametrize("name", WALKS)
def test_a_walk_reaches_its_places_in_order(name: str, tmp_path: Path) -> None:
    snippet = re.findall(r"```python\n(.*?)```", WALKS[name], re.S)[0]
    program = PROFILED.format(core=str(CORE), snippet=snippet)
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    wanted = places(WALKS[name])
    assert len(wanted) >= 8
    wrong = first_out_of_order(wanted, done.stdout.splitlines())
    assert wrong is None, f"{name}: {wrong} is not called after the places before it"


def test_a_wrong_order_is_noticed() -> None:
    assert first_out_of_order(["a b", "c d"], ["a b", "x y", "c d"]) is None
    assert first_out_of_order(["c d", "a b"], ["a b", "x y", "c d"]) == "a b"
    assert first_out_of_order(["a b", "e f"], ["a b"]) == "e f"


def test_the_picture_shows_the_folders() -> None:
    drawn = set(re.findall(r'^    (\w+)\["<b>', PAGE, re.M)) - {"plugins"}
    assert drawn == {path.parent.name for path in CORE.glob("*/__init__.py")}

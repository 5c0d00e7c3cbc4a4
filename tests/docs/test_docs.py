"""The docs cannot lie: every snippet and command on every page is run, every link leads somewhere."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest
from pellucid import ConfigError, create

ROOT = Path(__file__).resolve().parents[2]
_spec = importlib.util.spec_from_file_location("snippets", Path(__file__).with_name("snippets.py"))
assert _spec is not None and _spec.loader is not None
snippets = importlib.util.module_from_spec(_spec)
sys.modules["snippets"] = snippets
_spec.loader.exec_module(snippets)

PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "datasets/*.md", "plugins/*/*.md", "benchmarks/*.md")
    for path in ROOT.glob(pattern)
)
WITH_CODE = [page for page in PAGES if any(block.language in ("python", "console") for block in snippets.blocks(page))]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", WITH_CODE, ids=name)
def test_every_snippet_and_command_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PELLUCID_CACHE", str(tmp_path / "cache"))  # not the user's
    monkeypatch.setenv("MPLBACKEND", "Agg")
    ran = snippets.run_page(page)
    assert ran or all(not block.runs for block in snippets.blocks(page))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page):
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in target and not target.startswith("#"):
            assert (page.parent / target.partition("#")[0]).exists(), f"{name(page)}: {target}"


def test_a_wrong_page_is_noticed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = tmp_path / "page.md"
    page.write_text("```python\nx = 1\n```\n```python\nassert x == 2\n```\n")
    with pytest.raises(AssertionError):
        snippets.run_page(page)
    page.write_text("```console\n$ false\n```\n")
    with pytest.raises(AssertionError, match="false"):
        snippets.run_page(page)
    page.write_text("```console\n$ echo one two\none … three\n```\n")
    with pytest.raises(AssertionError, match="not printed: one … three"):
        snippets.run_page(page)
    for printed, shown in (("a = 1.5 of 3", "a = 1.7 of 3"), ("a = 1.5 of 3", "a = 1.5 of 4"), ("1.5\\n2", "2\n1.5")):
        page.write_text(f"```python\nprint('{printed}')\n```\n```text\n{shown}\n```\n")
        with pytest.raises(AssertionError, match="not printed"):
            snippets.run_page(page)
    printed, shown = "a = 1.50004, so 3\\nb\\n−2e−05 of c", "a = 1.5, … 3\n−2e−05 …"
    page.write_text(f"```python\nprint('{printed}')\n```\n```text\n{shown}\n```\n")
    assert snippets.run_page(page) == 2


def test_a_page_installs_for_itself_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = tmp_path / "page.md"
    page.write_text(
        "```console\n$ pellucid new plugin waves\n$ cd pellucid-waves\n$ pip install -e .\n$ pellucid plugins\n"
        "vendor …\nwaves … loaded … 1\n```\n"
        "```python\nimport pellucid as pl\nassert pl.create('layer', 'waves/gain').init\n```\n"
    )
    assert snippets.run_page(page) == 2
    assert "pellucid_waves" not in sys.modules
    with pytest.raises(ConfigError, match="No plugin 'waves' is installed"):
        create("layer", "waves/gain")


def unknown_paths(text: str) -> list[str]:
    """Files of the core that a text names and that are not there; a build writes its log beside the kernels."""
    named = re.findall(r"(?<![\w./-])(?:core/)?(pellucid/[\w/-]+\.[a-z]+)\b", text)
    homes = (ROOT / "core", ROOT / "core/pellucid/ops/include")  # kernels include "pellucid/api.pxi"
    there = {path for path in named if any((home / path).exists() for home in homes)}
    return [path for path in named if path not in there and not path.endswith("build.log")]


@pytest.mark.parametrize("folder", ["docs", "core", "ext", "plugins", "datasets", "benchmarks"])
def test_files_of_the_core_that_are_named_are_there(folder):
    suffixes = {".md", ".py", ".pyi", ".pyx", ".pxi", ".c", ".h"}
    files = [path for path in (ROOT / folder).rglob("*") if path.suffix in suffixes and "build" not in path.parts]
    wrong = {str(path.relative_to(ROOT)): unknown_paths(path.read_text(encoding="utf-8")) for path in files}
    assert files and not {path: names for path, names in wrong.items() if names}


def test_a_file_that_is_not_there_is_noticed():
    assert unknown_paths("see core/pellucid/ops/base.py, `pellucid/layers/dense.py`") == ["pellucid/layers/dense.py"]

"""What an index shows and takes: metadata, pages without relative links, tags, versions (`make release-check`)."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from release import __main__ as main
from release.build import FOLDERS, repair
from release.check import problems, unready
from release.command import Failed, run
from release.install import first_program
from release.pages import absolute, home, left

ROOT = Path(__file__).resolve().parents[2]
PROJECTS = {folder: tomllib.loads((ROOT / folder / "pyproject.toml").read_text()) for folder in FOLDERS}
COMPILED = [folder for folder in FOLDERS if (ROOT / folder / "ext").is_dir()]
ids = {"ids": lambda folder: folder or "pellucid"}


@pytest.mark.parametrize("folder", FOLDERS, **ids)
def test_metadata_say_where_it_lives_and_what_it_is(folder):
    project = PROJECTS[folder]["project"]
    assert project["urls"] == PROJECTS[""]["project"]["urls"]
    assert {"Homepage", "Documentation", "Issues", "Changelog"} <= set(project["urls"])
    assert {f"Programming Language :: Python :: 3.{minor}" for minor in (11, 12, 13, 14)} <= set(project["classifiers"])


@pytest.mark.parametrize("folder", FOLDERS, **ids)
def test_the_version_is_that_of_the_commit(folder):
    project, tool = PROJECTS[folder]["project"], PROJECTS[folder]["tool"]["setuptools_scm"]
    assert "version" not in project and project["dynamic"] == ["version"]
    assert (ROOT / folder / tool.get("root", ".")).resolve() == ROOT
    assert tool["fallback_version"] == PROJECTS[""]["tool"]["setuptools_scm"]["fallback_version"]
    ours = re.findall(r"pellucid[\w-]*([><=][^\"]*)\"", (ROOT / folder / "pyproject.toml").read_text())
    assert set(ours) <= {f">={tool['fallback_version']},<0.2"}


@pytest.mark.parametrize("folder", FOLDERS, **ids)
def test_the_page_of_an_index_has_no_relative_link(folder):
    page = (ROOT / folder / "README.md").read_text(encoding="utf-8")
    shown = absolute(page, folder, home(ROOT), "abc")
    assert left(shown) == []
    for path in re.findall(rf"\({re.escape(home(ROOT))}/(?:raw|blob)/abc/([^)#]+)", shown):
        assert (ROOT / path).exists(), path
    assert re.findall("^```.*?^```", shown, re.M | re.S) == re.findall("^```.*?^```", page, re.M | re.S)


def test_links_and_pictures_are_told_apart():
    page = "[a](../b.md#c) ![p](images/p.png) [![q](q.png)](d) `[x](y)` [w](https://w) [h](#h)"
    assert absolute(page, "plugins/ann", "https://x", "v1") == (
        "[a](https://x/blob/v1/plugins/b.md#c) ![p](https://x/raw/v1/plugins/ann/images/p.png) "
        "[![q](https://x/raw/v1/plugins/ann/q.png)](https://x/blob/v1/plugins/ann/d) `[x](y)` [w](https://w) [h](#h)"
    )


def wheel(folder, name, version="0.1.0", url="https://somewhere.org", page="[a](https://b)"):
    path = folder / name
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            f"pellucid-{version}.dist-info/METADATA",
            f"Metadata-Version: 2.4\nName: pellucid\nVersion: {version}\nProject-URL: Repository, {url}\n\n{page}\n",
        )
    return path


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, None),
        ({"version": "0.1.dev5", "url": "https://pellucid.example"}, None),
        ({"url": "https://pellucid.example"}, "placeholder"),
        ({"version": "0.1.dev5+gabc"}, "local version"),
        ({"page": "![p](p.png)"}, "relative link p.png"),
        ({"name": "pellucid-0.1.0-cp311-cp311-linux_x86_64.whl"}, "manylinux"),
        ({"name": "pellucid-0.1.0-cp311-cp311-manylinux_2_34_x86_64.whl"}, "glibc 2.34"),
        ({"name": "pellucid-0.1.0-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.whl"}, None),
    ],
)
def test_what_is_wrong_with_a_distribution_is_said(tmp_path, given, problem):
    found = problems(wheel(tmp_path, given.pop("name", "pellucid-0.1.0-py3-none-any.whl"), **given))
    assert (len(found) == 1 and problem in found[0]) if problem else found == []


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("0.1.dev422", []),
        (
            "0.1.0",
            ["plugins/ann/pyproject.toml: [project.urls] has the placeholder pellucid.example", "CHANGELOG.md: no"],
        ),
        ("0.0.9", ["plugins/ann/pyproject.toml: [project.urls] has the placeholder pellucid.example"]),
    ],
)
def test_what_is_to_be_set_before_a_release_is_named(tmp_path, version, expected):
    for folder, address in (("", "https://somewhere.org"), ("plugins/ann", "https://pellucid.example")):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / "pyproject.toml").write_text(f'[project.urls]\nHomepage = "{address}"\n')
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\n## 0.0.9\n")
    found = unready(tmp_path, version)
    assert len(found) == len(expected) and all(a.startswith(b) for a, b in zip(found, expected, strict=True))


def test_at_a_tag_the_check_stops_before_it_builds(monkeypatch, capsys):
    monkeypatch.setattr(main, "version", lambda: "0.1.0")
    monkeypatch.setattr(main, "unready", lambda root, version: [f"pyproject.toml of {version}: a placeholder."])
    monkeypatch.setattr(main, "build", lambda dist: pytest.fail("it built"))
    assert main.main() == 1
    said = capsys.readouterr().err
    assert "pyproject.toml of 0.1.0: a placeholder." in said and "docs/decisions/releases.md" in said


def test_a_pure_wheel_needs_no_repair(tmp_path):
    dist = tmp_path / "dist"
    dist.mkdir()
    repair(wheel(tmp_path, "pellucid-0.1.0-py3-none-any.whl"), dist)
    assert [path.name for path in dist.iterdir()] == ["pellucid-0.1.0-py3-none-any.whl"]


def test_a_step_that_fails_says_what_it_wrote():
    with pytest.raises(Failed, match=r"(?s)-c.*what it said"):
        run(sys.executable, "-c", "raise SystemExit('what it said')")


def test_the_program_that_is_run_is_the_readmes_first():
    program = first_program((ROOT / "README.md").read_text(encoding="utf-8"))
    assert program.startswith("import pellucid as pl") and "pl.save(" in program


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's symbols have versions on Linux only")
@pytest.mark.parametrize("folder", COMPILED, **ids)
def test_the_kernels_ask_for_no_symbol_newer_than_glibc_2_28(folder):
    package = f"pellucid_{Path(folder).name}" if folder else "pellucid.ops"
    native = pytest.importorskip(f"{package}.kernels.native", reason="the kernels are not built")
    library = Path(native.__file__)
    asked = {tuple(map(int, found.split(b"."))) for found in re.findall(rb"GLIBC_(\d+\.\d+)", library.read_bytes())}
    assert not asked or max(asked) <= (2, 28), f"{library}: {max(asked)}"


@pytest.mark.parametrize("plugin", COMPILED[1:], **ids)
def test_a_checkout_has_the_header_and_a_source_distribution_asks_for_pellucid(tmp_path, plugin):
    ask = "import build_backend as b; print([r for r in b.get_requires_for_build_wheel() if r.startswith('pellucid')])"
    alone = tmp_path / "alone"
    (alone / "ext").mkdir(parents=True)
    for name in ("build_backend.py", "setup.py", "ext/optional.py"):
        (alone / name).write_bytes((ROOT / plugin / name).read_bytes())
    for folder, expected in ((ROOT / plugin, "[]"), (alone, "['pellucid>=0.1.dev0,<0.2']")):
        code = f"import sys; sys.path.insert(0, {str(folder)!r}); {ask}"
        done = subprocess.run([sys.executable, "-c", code], cwd=alone, capture_output=True, text=True, check=True)
        assert done.stdout.strip().splitlines()[-1] == expected

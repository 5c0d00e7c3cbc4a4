"""Lists of plugins: what is installed, from where, and back again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pellucid.basics.errors import ConfigError
from pellucid.workbench import requirements
from pellucid.workbench.cli import main
from pellucid.workbench.requirements import Requirement

from tests.fake_plugins import claim

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ORIGINS: dict[str, tuple[Any, str]] = {
    "index": (None, "pellucid-index==1.0"),
    "editable": ({"url": "file:///home/me/a%20b", "dir_info": {"editable": True}}, "-e /home/me/a b"),
    "folder": ({"url": "file:///home/me/x", "dir_info": {}}, "pellucid-folder @ file:///home/me/x"),
    "wheel": ({"url": "https://h/x.whl", "archive_info": {}}, "pellucid-wheel @ https://h/x.whl"),
    "git": ({"url": "https://h/x", "subdirectory": "p", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
            f"pellucid-git @ git+https://h/x@{COMMIT}#subdirectory=p"),
    "damaged": ("{", "pellucid-damaged==1.0"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    for name, (origin, _) in ORIGINS.items():
        claim(site, name, "nowhere", group="pellucid.v1", distribution=f"pellucid-{name}", version="1.0")
        if origin is not None:
            text = origin if isinstance(origin, str) else json.dumps(origin)
            (site / f"pellucid_{name}-1.0.dist-info" / "direct_url.json").write_text(text)
    monkeypatch.setattr(sys, "path", [str(site)])
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What an installer was asked for; of "bad" it can install nothing."""
    asked: list[list[str]] = []

    def run(command: list[str], **_: object) -> object:
        asked.append(command)
        return subprocess.CompletedProcess(command, any("bad" in word for word in command))

    monkeypatch.setattr(requirements.subprocess, "run", run)
    monkeypatch.setattr(requirements, "_installer", lambda: ["pip", "install"])
    return asked


def test_each_is_written_with_its_version_and_where_it_came_from(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "freeze", "plugins.txt"]) == 0
    lines = [line for line in Path("plugins.txt").read_text().splitlines() if not line.startswith("#")]
    assert sorted(lines) == sorted(line for _, line in ORIGINS.values())
    assert main(["plugins", "freeze", "plugins.txt"]) == 0, "a list is replaced"
    Path("novel.txt").write_text("It was a dark and stormy night.")
    assert main(["plugins", "freeze", "novel.txt"]) == 2


def test_what_is_missing_is_installed_whatever_becomes_of_the_others(
    ran: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("p.txt").write_text("# Plugins\n\npellucid-index==1.0\nbad==2\npellucid-wheel==3.0\n-e /home/me/new one\n")
    assert main(["plugins", "restore", "p.txt", "--json"]) == 1
    said = capsys.readouterr()
    assert json.loads(said.out) == {
        "pellucid-index==1.0": "is there", "bad==2": "failed", "pellucid-wheel==3.0": "installed",
        "-e /home/me/new one": "installed",
    }  # fmt: skip
    assert "Not installed: bad==2." in said.err
    assert [command[2:] for command in ran] == [
        ["bad==2"], ["--no-build-isolation", "bad==2"], ["pellucid-wheel==3.0"], ["-e", "/home/me/new one"],
    ]  # fmt: skip


@pytest.mark.parametrize(("requires", "alone_first"), [
    ('["setuptools", "pellucid"]', False), ('["pellucid>=0.1"]', False), ('["setuptools", "pellucid-tools"]', True),
    ("3", True), ("[3]", True), ("[", True),
])  # fmt: skip
def test_a_kernel_is_built_with_the_pellucid_that_is_there(
    ran: list[list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, requires: str, alone_first: bool
) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "pyproject.toml").write_text(f"[build-system]\nrequires = {requires}\n")
    ways = [[], ["--no-build-isolation"]]
    for line in (f"-e {tmp_path}/bad", f"acme @ {(tmp_path / 'bad').as_uri()}"):
        ran.clear()
        wanted = Requirement(line)
        assert list(requirements.restore([wanted])) == [(wanted, "failed")]
        expected = ways if alone_first else ways[::-1]
        assert [command[2:] for command in ran] == [[*way, *wanted.words] for way in expected]


def test_newer_versions_come_from_the_index_alone(ran: list[list[str]]) -> None:
    Path("p.txt").write_text(f"pellucid-index==1.0\n{ORIGINS['git'][1]}\n")
    assert main(["plugins", "restore", "p.txt", "--upgrade"]) == 0
    assert [command[2:] for command in ran] == [["--upgrade", "pellucid-index"]]


@pytest.mark.parametrize("line", ["--index-url https://h", "-r other.txt", "x==1 --hash", "../x", "a; rm", "a b", "-e"])
def test_what_is_no_package_is_refused(ran: list[list[str]], line: str) -> None:
    Path("p.txt").write_text(f"pellucid-index==2.0\n{line}\n")
    with pytest.raises(ConfigError, match=r"p\.txt, line 2: expected a package"):
        requirements.read(Path("p.txt"))
    assert main(["plugins", "restore", "p.txt"]) == 2
    assert not ran


def test_a_list_that_is_not_there_and_no_file_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "restore", "absent.txt"]) == 2
    assert "Cannot read the list of plugins absent.txt" in capsys.readouterr().err
    assert main(["plugins", "restore"]) == 2
    assert "needs a FILE" in capsys.readouterr().err


def test_without_an_installer_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "find_spec", lambda name: None)
    monkeypatch.setattr(requirements.shutil, "which", lambda name: None)
    with pytest.raises(ConfigError, match="neither pip nor uv"):
        list(requirements.restore([Requirement("x==1")]))
    monkeypatch.setattr(requirements.shutil, "which", lambda name: "/bin/uv")
    assert requirements._installer()[:3] == ["/bin/uv", "pip", "install"]

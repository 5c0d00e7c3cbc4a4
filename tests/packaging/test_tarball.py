"""A tarball has no .git, and a bare machine no git: what needs either is skipped, and says why."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.archives import unpack
from tests.checkout import tracked


def test_without_git_it_is_skipped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pytest.skip.Exception, match="git is not installed"):
        tracked()


@pytest.mark.skipif(subprocess.call(["sh", "-c", "command -v git >/dev/null"]) != 0, reason="git is not installed")
@pytest.mark.parametrize("inside_another", [False, True])
def test_without_a_checkout_it_is_skipped(tmp_path: Path, inside_another: bool) -> None:
    if inside_another:
        subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    (tmp_path / "pellucid").mkdir()
    with pytest.raises(pytest.skip.Exception, match=r"pellucid is no git checkout"):
        tracked(root=tmp_path / "pellucid")


def test_archives_are_unpacked_on_pythons_before_the_filter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import tarfile

    (tmp_path / "file").write_text("here")
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "file", "inner/file")
    asked: list[dict[str, str]] = []
    monkeypatch.setattr(tarfile.TarFile, "extractall", lambda self, folder, **named: asked.append(named))
    unpack(tmp_path / "a.tar.gz", tmp_path / "new")
    monkeypatch.delattr(tarfile, "data_filter", raising=False)
    unpack(tmp_path / "a.tar.gz", tmp_path / "old")
    assert asked[-1] == {}

"""README's two commands on a bare Debian, by an ordinary user, with what README names and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.packaging import bare_root
from tests.packaging.bare_root import BareMachine, Failed, both_commands


def test_readme_names_the_packages() -> None:
    assert "python3-venv" in bare_root.install_line() and "git" not in bare_root.install_line()


def test_without_the_means_it_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bare_root.os, "geteuid", lambda: 1000)
    assert bare_root.why_not() == "making a bare machine (chroot) needs root"
    monkeypatch.setattr(bare_root.os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", "/nowhere")
    assert "debootstrap" in bare_root.why_not()


def test_the_log_tells_how_many_tests_were_green() -> None:
    lines = [*map(str, range(100)), "7 passed, 2 skipped in 3.00s", *map(str, range(100))]
    said = bare_root.shortened(lines)
    assert said == [*lines[:5], "… 146 lines …", "7 passed, 2 skipped in 3.00s", *lines[-50:]]
    assert bare_root.shortened(lines[:60]) == lines[:60]


@pytest.mark.slow
def test_both_commands(tmp_path: Path) -> None:
    if reason := bare_root.why_not():
        pytest.skip(reason)
    said: list[str] = []
    machine = BareMachine(tmp_path / "root", said.append)
    try:
        machine.bootstrap()
    except OSError as error:
        pytest.skip(str(error))
    try:
        both_commands(machine)
    except Failed as error:
        pytest.fail("\n".join([*said, str(error)]))
    finally:
        shutil.rmtree(machine.root, ignore_errors=True)  # two gigabytes

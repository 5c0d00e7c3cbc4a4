"""Every test of experiments works in a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.experiments.support import IRIS, Shell


@pytest.fixture
def draws() -> bool:
    """Whether curves are drawn, which takes longer than training on these small data sets."""
    return False


@pytest.fixture
def pellucid(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, draws: bool
) -> Shell:
    """The command line, in an empty working directory that holds ``iris.toml``."""
    monkeypatch.chdir(tmp_path)
    if not draws:
        monkeypatch.setattr("pellucid.workbench.experiments.training.draw_curves", lambda *_: None)
    Path("iris.toml").write_text(IRIS)
    return Shell(capsys)

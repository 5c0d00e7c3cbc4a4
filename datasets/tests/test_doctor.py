"""pellucid doctor says which data are on this machine, and what is wrong with PELLUCID_DATA."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pellucid import Report
from pellucid_datasets import places
from pellucid_datasets.plugin import pellucid_doctor


def findings() -> tuple[dict[str, str], dict[str, str]]:
    report = Report()
    pellucid_doctor(report)
    facts, warnings = ({f.name: f.value for f in report.findings if f.warning is kind} for kind in (False, True))
    return facts, warnings


def test_what_is_there_and_what_is_not(
    nowhere: Path, clothes: Callable[[Path], Any], letters: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("matplotlib.font_manager.findSystemFonts", list)
    facts, warnings = findings()
    assert facts["cache"] == str(nowhere) and not warnings
    assert facts["fashion_mnist"].startswith("not on this machine; 31 MB from https://")
    assert facts["emnist"].startswith("not on this machine; 562 MB")
    assert "DejaVu Sans Mono" in facts["glyphs"]
    clothes(places.SYSTEM / "fashion-mnist")
    letters(places.SYSTEM / "emnist", "digits")
    facts, _ = findings()
    assert facts["fashion_mnist"] == f"in {places.SYSTEM / 'fashion-mnist'}"
    assert facts["emnist"] == f"digits in {places.SYSTEM / 'emnist'}"


def test_a_wrong_variable_is_a_warning(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(places.DATA, "/nowhere")
    monkeypatch.setattr("matplotlib.font_manager.findSystemFonts", list)
    _, warnings = findings()
    assert "must name a folder" in warnings["PELLUCID_DATA"]

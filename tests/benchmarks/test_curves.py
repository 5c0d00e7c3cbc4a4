"""What the diffusion models reach after how long is drawn from the results that are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import curves


def test_one_picture_of_both_models(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    missing = [case for case in curves.CASES if not (curves.RESULTS / f"diffusion-{case}.json").exists()]
    assert not missing, f"run make quality ARGS=diffusion: {missing}"
    assert curves.main([str(tmp_path / "curves.png")]) == 0
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")

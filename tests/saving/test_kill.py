"""Kill -9 at random moments of saving, 200 times: always a loadable checkpoint."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_kill_at_random_moments(tmp_path: Path) -> None:
    script = Path(__file__).with_name("killed_writer.py")
    result = subprocess.run([sys.executable, script, tmp_path], capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    kills, cut_short, steps, clean = result.stdout.split()
    assert int(kills) == 200
    assert int(cut_short) >= 20, "too few kills came while a file was being written to say anything"
    assert int(steps) > 20, "hardly anything was saved"  # a busy machine saves less between two kills
    assert clean == "True"


def test_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault at every call of the system that saving makes: the old file stays, and no temporary one."""
    import pellucid as pl

    from tests.saving.support import small_model

    path = tmp_path / "m.safetensors"
    pl.save(small_model(seed=1), path)

    def no_space(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for owner, name in ((os, "fsync"), (Path, "replace"), (os, "open")):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, no_space)
            with pytest.raises(pl.CheckpointError, match=r"No space left .*what was there before is untouched"):
                pl.save(small_model(seed=2), path)
        assert pl.load(path, backend="reference").runtime.seed == 1
        assert [p.name for p in tmp_path.iterdir()] == [path.name]

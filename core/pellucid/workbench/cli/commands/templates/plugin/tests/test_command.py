"""What the command prints."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from pellucid import build, save


def test_parameters_are_counted(tmp_path: Path) -> None:
    path = str(tmp_path / "model.safetensors")
    save(build("dense", units=3, input_shape=(4,), seed=0), path)
    command = [sys.executable, "-m", "pellucid", "parameters", path, "--json"]
    assert json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout) == {path: 15}

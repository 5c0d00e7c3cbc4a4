"""What a command writes where it is told to: a new file, never over another one."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.errors import ConfigError
from pellucid.saving.atomic import replace_file


def check_output(path: Path, *suffixes: str, option: str = "output") -> None:
    """Raise ConfigError unless a file of this name can be made; called before any work is done for it.

    Args:
        path: the file.
        suffixes: endings that the command knows, such as ``.png``, in lower case.
        option: of the command line that names the file.
    """
    if path.suffix.lower() not in suffixes:
        raise ConfigError(f"--{option} must end in {', '.join(suffixes)}. Received: {path}.")
    if path.exists():
        raise ConfigError(f"--{option} {path} exists already. Choose another name, or remove it first.")
    if not path.parent.is_dir():
        raise ConfigError(f"--{option} {path}: there is no folder {path.parent}. Make it first.")


def save_array(path: Path, array: np.ndarray[Any, Any]) -> None:
    """Write a .npy file."""
    encoded = BytesIO()
    np.save(encoded, array, allow_pickle=False)
    replace_file(path, encoded.getvalue())

"""The C header and the Cython files that a plugin's kernels include (docs/plugins/kernels.md)."""

from __future__ import annotations

from pathlib import Path


def get_include() -> str:
    """The folder of ``pellucid.h``: for ``include_dirs`` of a plugin's extension and ``include_path`` of Cython."""
    return str(Path(__file__).parent)

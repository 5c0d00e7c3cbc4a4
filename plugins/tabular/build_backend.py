"""setuptools, asked to build pellucid-tabular, which needs pellucid's header: in a checkout it lies two folders up.

So ``pip install`` of this folder in a checkout asks no index for pellucid, which none may have. A source distribution
that stands by itself requires pellucid for building, as any plugin with kernels does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from setuptools import build_meta
from setuptools.build_meta import *  # noqa: F403 - the other hooks are setuptools' own

CHECKOUT = Path(__file__).resolve().parents[2] / "core/pellucid/ops/include"


def get_include() -> str:
    """The folder of ``pellucid.h``: the checkout's, else the installed one's."""
    if (CHECKOUT / "pellucid.h").is_file():
        return str(CHECKOUT)
    import pellucid

    return pellucid.get_include()


def _needed(requirements: list[str]) -> list[str]:
    """What setuptools needs, and pellucid where its header is not at hand."""
    return requirements if (CHECKOUT / "pellucid.h").is_file() else [*requirements, "pellucid>=0.1.dev0,<0.2"]


def get_requires_for_build_wheel(config_settings: Any = None) -> list[str]:
    return _needed(build_meta.get_requires_for_build_wheel(config_settings))


def get_requires_for_build_editable(config_settings: Any = None) -> list[str]:
    return _needed(build_meta.get_requires_for_build_editable(config_settings))

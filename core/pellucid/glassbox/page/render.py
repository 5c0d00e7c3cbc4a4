"""Writing: a trace as one HTML file, in which nothing asks for a network and nothing of a stranger's becomes markup."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pellucid.basics.checks import check_int
from pellucid.basics.errors import CheckpointError, DataError
from pellucid.glassbox.page.export import Export, sizes
from pellucid.glassbox.page.opened import Opened
from pellucid.saving.files import replace_text

SCRIPTS = (
    "base", "latex", "arrays", "cells", "terms", "writing", "heatmap", "network", "panel", "exercise", "page",
)  # fmt: skip
"""In this order one script."""
LARGEST = 64 * 2**20
"""Bytes of a page: what a browser opens within seconds."""


def write(trace: Opened, path: Any, limit: int = LARGEST) -> Path:
    """Write the page of a trace; returns its path.

    Raises:
        DataError: the page would be larger than ``limit`` bytes.
        CheckpointError: it cannot be written there.
    """
    if not isinstance(path, str | os.PathLike):
        raise CheckpointError(
            f"A page is named by its path, a text or a pathlib.Path. Received: {path!r:.80} ({type(path).__name__})."
        )
    target = Path(os.fsdecode(path))
    check_int("html", "limit", limit, "[1, inf)")
    text = page(trace)
    size = len(text.encode())
    if size > limit:
        raise DataError(
            f"The page of this trace would have {size:,} bytes, and it may have {limit:,}. The largest "
            f"quantities: {', '.join(sizes(trace))}. Give fewer rows, trace_step(x[:16], y[:16]), choose quantities, "
            "trace_step(x, y, keep=('loss', 'layers.0.*')), or raise limit=…."
        )
    replace_text(target, text)
    return target


def page(trace: Opened) -> str:
    """The page as text."""
    export = Export(trace)
    style, script = _asset("page.css"), _script()
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    filled = {
        "policy": policy, "title": _escaped(str(export.data["title"])), "style": style, "script": script,
        "data": _json(export.data), "numbers": export.packed.text(),
    }  # fmt: skip
    parts = _asset("template.html")
    for name in ("policy", "title", "style"):  # title stands twice
        parts = parts.replace(f"{{{name}}}", filled[name])
    for name in ("data", "numbers", "script"):  # not looked through for the names of others
        before, _, after = parts.rpartition(f"{{{name}}}")
        parts = before + filled[name] + after
    return parts


def _json(data: Any) -> str:
    """As it may stand in an element: no ``<`` in it, which could end that."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", r"\u003c").replace("\u2028", r"\u2028").replace("\u2029", r"\u2029")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _asset(name: str) -> str:
    return (files("pellucid.glassbox.page") / "assets" / name).read_text("utf-8")


@cache
def _script() -> str:
    body = "\n".join(_asset(f"{name}.js") for name in SCRIPTS)
    return f'"use strict";\n(() => {{\n{body}}})();\n'

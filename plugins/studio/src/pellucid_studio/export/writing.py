"""Writing: one HTML file, in which nothing asks for a network and no name that a stranger chose becomes markup."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from pellucid import PluginError

from pellucid_studio.export.bundle import bundle
from pellucid_studio.export.describe import Description
from pellucid_studio.export.known import HERE

PAGE = HERE / "page"


def page(title: str, found: Description, told: dict[str, Any]) -> str:
    """The page as text.

    Args:
        title: a text.
        found: the layers, whose arrays are packed.
        told: what the page shows, see :mod:`pellucid_studio.export.demo`.
    """
    style = (PAGE / "page.css").read_text("utf-8")
    script = bundle(PAGE / "main.js", PAGE / "kit.js", found.modules)
    if "</script" in script.lower() or "<!--" in script:
        raise PluginError("The JavaScript of a layer holds '</script' or '<!--', which a page cannot. Write '<\\/'.")
    data = {
        "title": title, "layers": found.layers, "transforms": found.transforms, "targets": found.targets, **told,
    }  # fmt: skip
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    filled = {
        "policy": policy, "title": _escaped(title), "style": style, "data": _json(data), "numbers": found.packed.text(),
        "script": script,
    }  # fmt: skip
    pieces = (PAGE / "template.html").read_text("utf-8").split("{{")
    text = [pieces[0]]
    for piece in pieces[1:]:  # put in one after another: what is put in is not looked through
        name, _, after = piece.partition("}}")
        text += [filled[name], after]
    return "".join(text)


def _json(data: Any) -> str:
    """As it may stand in an element: no ``<`` in it, which could end that."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", r"\u003c").replace("\u2028", r"\u2028").replace("\u2029", r"\u2029")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"

"""A README as an index shows it: there its relative links and pictures lead nowhere, so they are made absolute."""

from __future__ import annotations

import posixpath
import re
import tomllib
from pathlib import Path

LINK = re.compile(r"(!?)(\[(?:[^\[\]]|!?\[[^\[\]]*\]\([^)\s]*\))*\])\(([^)\s]+)\)")
CODE = re.compile(r"(^```.*?^```$|`[^`\n]+`)", re.MULTILINE | re.DOTALL)
PLACEHOLDER = "pellucid.example"
"""The address in the metadata as long as the project has none; a domain that is reserved for examples."""


def home(root: Path) -> str:
    """Where the repository lives, from the metadata of the core."""
    address: str = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["Repository"]
    return address.rstrip("/")


def absolute(text: str, folder: str, address: str, revision: str) -> str:
    """A page with its relative links made absolute.

    Args:
        text: Markdown.
        folder: where the page lies in the repository, ``""`` or ``"plugins/ann"``.
        address: of the repository.
        revision: the tag or commit that the page belongs to.
    """

    def link(match: re.Match[str]) -> str:
        picture, label, target = match.groups()
        label = LINK.sub(link, label)  # a picture may be the text of a link
        if not relative(target):
            return f"{picture}{label}({target})"
        path, hash_, fragment = target.partition("#")
        place = posixpath.normpath(posixpath.join(folder, path))
        return f"{picture}{label}({address}/{'raw' if picture else 'blob'}/{revision}/{place}{hash_}{fragment})"

    parts = CODE.split(text)  # code at odd places: it shows brackets and links nowhere
    return "".join(part if number % 2 else LINK.sub(link, part) for number, part in enumerate(parts))


def relative(target: str) -> bool:
    """Whether a link leads to a file beside the page."""
    return "://" not in target and not target.startswith(("#", "mailto:"))


def left(text: str) -> list[str]:
    """The relative links of a page."""
    prose = "".join(CODE.split(text)[::2])
    return [target for target in re.findall(r"\]\(([^)\s]+)\)", prose) if relative(target)]

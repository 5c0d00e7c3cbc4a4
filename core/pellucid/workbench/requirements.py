"""Requirements: the installed plugins as lines of a file that ``pip install -r`` reads too, and their way back."""

from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from urllib.request import url2pathname

from pellucid.basics.errors import ConfigError
from pellucid.basics.version import __version__
from pellucid.registry.discovery import find_claims
from pellucid.saving.files import replace_text

_ERROR = 2
"""The descriptor of standard error, where what the installer says does not mix with the result."""
_NAME = r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?"
_LINE = re.compile(rf"-e (?P<path>\S.*)|(?P<name>{_NAME})(?: *== *(?P<version>[\w.!+-]+)| @ (?P<url>[\w+.-]+:\S+))?")


class Requirement(NamedTuple):
    """A line of the file: ``pellucid-acme==1.0``, ``pellucid-acme @ git+https://…@commit``, ``-e /home/me/acme``."""

    line: str

    @property
    def words(self) -> list[str]:
        """As the arguments of an installer."""
        return self.line.split(" ", 1) if self.line.startswith("-e ") else [self.line]

    @property
    def newest(self) -> Requirement:
        """Without its version, where it comes from an index."""
        return Requirement(self.line.partition("==")[0].strip()) if "==" in self.line else self


def installed() -> list[Requirement]:
    """The packages that bring the installed plugins, each in its version and from where it came."""
    packages = {claim.distribution: claim.version for claim in find_claims() if claim.distribution != "pellucid"}
    return sorted(Requirement(_line(package, version)) for package, version in packages.items())


def _line(package: str, version: str) -> str:
    try:
        origin: dict[str, Any] = json.loads(distribution(package).read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):  # in an archive, or damaged: its name and version are known all the same
        origin = {}
    url = origin.get("url")
    if not isinstance(url, str):
        return f"{package}=={version}"
    if origin.get("dir_info", {}).get("editable"):
        return f"-e {url2pathname(urlsplit(url).path)}"
    source = origin.get("vcs_info")
    inside = f"#subdirectory={origin['subdirectory']}" if origin.get("subdirectory") else ""
    return f"{package} @ " + (f"{source['vcs']}+{url}@{source['commit_id']}{inside}" if source else url)


def freeze(path: Path) -> list[Requirement]:
    """Write the installed plugins to a file; one that is there is replaced if it is such a list.

    Raises:
        ConfigError: there is a file, and it is something else.
    """
    if path.exists():
        read(path)
    found = installed()
    heading = f"# Plugins of pellucid {__version__}, Python {platform.python_version()}.\n"
    remedy = f"# Install them again: pellucid plugins restore {path.name}\n"
    replace_text(path, heading + remedy + "".join(f"{each.line}\n" for each in found))
    return found


def read(path: Path) -> list[Requirement]:
    """The requirements in a file.

    Raises:
        ConfigError: it cannot be read, or holds anything else: options of pip are not passed on.
    """
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"Cannot read the list of plugins {path}: {error}. Check the path.") from error
    for number, line in enumerate(lines, 1):
        if line and not line.startswith("#") and not _LINE.fullmatch(line):
            raise ConfigError(
                f"{path}, line {number}: expected a package, such as pellucid-acme==1.0, pellucid-acme @ https://… or "
                f"-e FOLDER, as pellucid plugins freeze writes them. Received: {line!r:.200}."
            )
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def restore(wanted: Sequence[Requirement], *, upgrade: bool = False) -> Iterator[tuple[Requirement, str]]:
    """Install what is not there, one after the other, whatever becomes of the others.

    A plugin with a kernel is built with pellucid, which need not be on an index: it is tried in an environment of its
    own and, if that fails, in this one, with the pellucid and the tools for building that are installed here. Of a
    folder that says it needs pellucid for building, this one comes first.

    Args:
        upgrade: take the newest versions of those that come from an index.

    Yields:
        (the requirement, ``"is there"``, ``"installed"`` or ``"failed"``).

    Raises:
        ConfigError: there is no installer.
    """
    installer, there = _installer(), installed()
    for each in wanted:
        if each in there and not (upgrade and each.newest != each):
            yield each, "is there"
            continue
        words = ["--upgrade", *each.newest.words] if upgrade else each.words
        ways: list[list[str]] = [[], ["--no-build-isolation"]]
        for way in reversed(ways) if _needs_us_for_building(each) else ways:
            done = subprocess.run([*installer, *way, *words], stdout=_ERROR, check=False)
            if not done.returncode:
                break
        yield each, "failed" if done.returncode else "installed"


def _needs_us_for_building(wanted: Requirement) -> bool:
    """Whether it is a folder whose pyproject.toml requires pellucid for building."""
    line = _LINE.fullmatch(wanted.line)
    url = urlsplit((line and line["url"]) or "")
    folder = line["path"] if line and line["path"] else url2pathname(url.path) if url.scheme == "file" else None
    try:
        text = "" if folder is None else Path(folder, "pyproject.toml").read_text(encoding="utf-8")
        requires = tomllib.loads(text).get("build-system", {}).get("requires", [])
        return any(re.fullmatch(r"pellucid *([\[(<>=!~;@].*)?", each.strip(), re.I) for each in requires)
    except (OSError, ValueError, AttributeError, TypeError):  # the installer will say what is wrong with it
        return False


def _installer() -> list[str]:
    if find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
    uv = shutil.which("uv")
    if uv is None:
        raise ConfigError(
            "There is neither pip nor uv to install with. Install pip: python -m ensurepip, or uv; or give the file to "
            "an installer of yours, pip install -r FILE."
        )
    return [uv, "pip", "install", "--python", sys.executable]

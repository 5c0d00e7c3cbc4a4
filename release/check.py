"""What an index and its readers would find wrong with a distribution."""

from __future__ import annotations

import email
import re
import tarfile
import zipfile
from pathlib import Path

from release.command import Failed, run
from release.pages import PLACEHOLDER, left

OLDEST_GLIBC = (2, 28)


def released(version: str) -> bool:
    """Whether it is a release, and not a commit on the way to one."""
    return not re.search(r"dev\d", version)


def unready(root: Path, version: str) -> list[str]:
    """What has to be set in the repository before this version may be uploaded; nothing of a development version."""
    if not released(version):
        return []
    projects = [path for folder in ("", "*/", "plugins/*/") for path in sorted(root.glob(f"{folder}pyproject.toml"))]
    placeholders = [path for path in projects if PLACEHOLDER in path.read_text(encoding="utf-8")]
    found = [f"{path.relative_to(root)}: [project.urls] has the placeholder {PLACEHOLDER}." for path in placeholders]
    if f"\n## {version}" not in (root / "CHANGELOG.md").read_text(encoding="utf-8"):
        found.append(f"CHANGELOG.md: no section '## {version}'; what stands under Unreleased belongs there.")
    return found


def check(dist: Path) -> None:
    """Raise Failed for what is wrong with the distributions of a folder."""
    run("twine", "check", "--strict", *sorted(dist.iterdir()))
    wrong = [problem for path in sorted(dist.iterdir()) for problem in problems(path)]
    if wrong:
        raise Failed("\n".join(wrong))


def problems(path: Path) -> list[str]:
    """What is wrong with one wheel or source distribution, in words; twine's own checks aside."""
    found = []
    headers, description = metadata(path)
    found += [f"the long description has the relative link {target}" for target in left(description)]
    address = "\n".join(headers.get_all("Project-URL", []))
    if not address:
        found.append("the metadata name no project URL")
    elif PLACEHOLDER in address and released(headers["Version"]):
        found.append(f"[project.urls] still has the placeholder {PLACEHOLDER}, which must not be released")
    if "+" in headers["Version"]:
        found.append(f"no index takes the local version {headers['Version']}")
    glibc = re.search(r"manylinux_(\d+)_(\d+)_", path.name)
    if "-linux_" in path.name:
        found.append("no index takes a wheel for linux without the tag of a manylinux")
    elif glibc and (int(glibc[1]), int(glibc[2])) > OLDEST_GLIBC:
        found.append(f"it needs glibc {glibc[1]}.{glibc[2]}, and {OLDEST_GLIBC[0]}.{OLDEST_GLIBC[1]} was meant to do")
    return [f"{path.name}: {problem}." for problem in found]


def metadata(path: Path) -> tuple[email.message.Message, str]:
    """Headers and long description."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
            text = wheel.read(name)
    else:
        with tarfile.open(path) as archive:
            member = archive.extractfile(f"{path.name.removesuffix('.tar.gz')}/PKG-INFO")
            assert member is not None
            text = member.read()
    message = email.message_from_bytes(text)
    body = message.get_payload(decode=True)
    assert isinstance(body, bytes)
    return message, body.decode("utf-8")

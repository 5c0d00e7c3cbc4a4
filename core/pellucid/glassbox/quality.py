"""Quality: what the conformance kit found of a plugin, kept in the cache for ``pellucid plugins``; when, and of what.

Nothing is computed here and nothing of NumPy imported: a list of plugins reads a small file for each and looks at the
sizes and times of its modules, to tell whether it is still about what is installed.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pellucid.basics.version import __version__
from pellucid.registry.manifest import NAME

LEVELS = ("none", "bronze", "silver", "gold", "platinum")
"""Each holds all that the one before it asks for.

* bronze: every component is made by its name, can be used, configured and copied;
* silver: gradients are right, and so is all else that is promised of its kind;
* gold: what it computes agrees with its equations, every equation is checked or says why not, every argument is
  documented and read;
* platinum: all installed backends give the same, recorded plans too, and tests of the plugin's own pass.
"""
CACHE = "PELLUCID_CACHE"
"""Environment variable: the folder of what is kept between runs, in place of the user's cache."""
_FORMAT = 1


@dataclass(frozen=True)
class Quality:
    """What was found.

    Attributes:
        vendor, distribution, version: the plugin.
        level: one of ``LEVELS``.
        lacking: what stands between it and the next level, one sentence each.
        components: the level of each.
        passed, failed, skipped: how many cases.
        unchecked: equations that were not held against code, each with the reason, which may be empty.
        excused: cases that were left out on request, each with the reason.
        backends: what it was compared on.
        tests: how many tests of its own passed; None: they were not run.
        pellucid, python, machine: by what and on what it was computed.
        when: the time, in UTC.
        files: of sizes and times of the modules of plugin and pellucid, then.
    """

    vendor: str
    distribution: str
    version: str
    level: str
    lacking: list[str] = field(default_factory=list)
    components: dict[str, str] = field(default_factory=dict)
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    unchecked: dict[str, str] = field(default_factory=dict)
    excused: dict[str, str] = field(default_factory=dict)
    backends: list[str] = field(default_factory=list)
    tests: int | None = None
    pellucid: str = __version__
    python: str = ""
    machine: str = ""
    when: str = ""
    files: str = ""

    def __str__(self) -> str:
        """One line for a README, in Markdown."""
        of = f"{len(self.components)} component{'s' * (len(self.components) != 1)}"
        tests = "" if self.tests is None else f", {self.tests} tests of its own"
        return (
            f"**pellucid: {self.level}** ({self.passed} of {self.passed + self.failed} cases of {of}{tests}; "
            f"{self.distribution} {self.version}, pellucid {self.pellucid}, "
            f"{' and '.join(self.backends)}, {self.when[:10]})"
        )

    def stale(self, version: str, module: str) -> str:
        """Why it is not about what is installed now, or an empty text."""
        if version != self.version:
            return f"of {self.version}"
        if self.pellucid != __version__:
            return f"with pellucid {self.pellucid}"
        return "" if self.files == stamp(module) else "changed since"


def kept(vendor: str) -> Quality | None:
    """What was last found of a plugin on this machine, or None. A file that is none of ours counts as none."""
    if not NAME.fullmatch(vendor):
        return None
    try:
        found = json.loads(_file(vendor).read_text(encoding="utf-8"))
        return _read(found) if found.pop("format") == _FORMAT else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def keep(quality: Quality) -> Path:
    """Write it where :func:`kept` finds it, whole or not at all; returns the file."""
    file = _file(quality.vendor)
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(f".{os.getpid()}")
    part.write_text(json.dumps({"format": _FORMAT, **asdict(quality)}, indent=1), encoding="utf-8")
    part.replace(file)
    return file


def stamp(module: str) -> str:
    """Of sizes and times of the modules of a plugin, and of pellucid's: another one where any of them was changed."""
    return f"{_stamp(module.partition('.')[0])}, {_stamp('pellucid')}"


@cache
def _stamp(package: str) -> str:
    total = newest = count = 0
    for file in _modules(package):
        seen = os.stat(file)  # noqa: PTH116  (a list of plugins waits for it)
        total, count, newest = total + seen.st_size, count + 1, max(newest, seen.st_mtime_ns)
    return f"{count} files, {total} bytes, {newest}"


def _modules(package: str) -> Iterator[str]:
    """The files of a package, or the file of a module that is none."""
    try:
        spec = find_spec(package)
    except (ImportError, ValueError, AttributeError):
        return
    if spec is None or not spec.submodule_search_locations:
        if spec is not None and spec.origin and os.path.isfile(spec.origin):  # noqa: PTH113
            yield spec.origin
        return
    for folder in spec.submodule_search_locations:
        for path, _, names in os.walk(folder):
            yield from (f"{path}/{name}" for name in names if name.endswith((".py", ".so", ".pyd")))


def _read(found: Mapping[str, Any]) -> Quality:
    known = {each.name: found[each.name] for each in fields(Quality)}
    texts = ("vendor", "distribution", "version", "level", "pellucid", "python", "machine", "when", "files")
    if not all(isinstance(known[name], str) for name in texts) or known["level"] not in LEVELS:
        raise ValueError("no quality of ours")
    return Quality(**known)


def _file(vendor: str) -> Path:
    return _cache() / "quality" / f"{vendor}.json"


def _cache() -> Path:
    chosen = os.environ.get(CACHE)
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "pellucid"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "pellucid" / "Cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pellucid"

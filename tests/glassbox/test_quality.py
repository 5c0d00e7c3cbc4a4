"""What was found of a plugin: one line for a README, and a file that is read only if it is one of ours."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pellucid.glassbox.quality import Quality, _stamp, keep, kept, stamp


def quality(**other: Any) -> Quality:
    told: dict[str, Any] = {
        "passed": 7, "failed": 1, "backends": ["reference", "cython"], "components": {"a": "gold"}, "pellucid": "1.2",
        "when": "2024-05-06T07:08:09",
    }  # fmt: skip
    return Quality("acme", "pellucid-acme", "3.4", "gold", **{**told, **other})


def test_a_quality_is_one_line() -> None:
    assert str(quality()) == (
        "**pellucid: gold** (7 of 8 cases of 1 component; pellucid-acme 3.4, pellucid 1.2, reference and cython, "
        "2024-05-06)"
    )
    several = str(quality(tests=0, components={"a": "gold", "b": "gold"}))
    assert "(7 of 8 cases of 2 components, 0 tests of its own; " in several


def test_a_quality_is_kept_and_a_file_that_is_none_counts_as_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PELLUCID_CACHE", str(tmp_path))
    assert kept("acme") is None and kept("../acme") is None
    file = keep(quality())
    assert file == tmp_path / "quality" / "acme.json" and kept("acme") == quality()
    assert [each.name for each in file.parent.iterdir()] == ["acme.json"]
    whole = file.read_text(encoding="utf-8")
    for right, wrong in (
        ('"format": 1', '"format": 2'), ('"level": "gold"', '"level": "best"'), ('"vendor": "acme"', '"vendor": 3'),
        ('"when": ', '"then": '),
    ):  # fmt: skip
        file.write_text(whole.replace(right, wrong), encoding="utf-8")
        assert kept("acme") is None, wrong
    for text in ("", "[]", "{}", '{"format": 1}', "3"):
        file.write_text(text, encoding="utf-8")
        assert kept("acme") is None, text
    keep(quality(passed=8))
    found = kept("acme")
    assert found is not None and found.passed == 8
    (file.parent / "other.json").write_bytes(b"\xff\xfe")
    assert kept("other") is None


def test_the_cache_is_where_it_was_told_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PELLUCID_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for platform, place in (
        ("linux", "xdg/pellucid"), ("darwin", "Library/Caches/pellucid"), ("win32", "local/pellucid/Cache"),
    ):  # fmt: skip
        monkeypatch.setattr("sys.platform", platform)
        assert keep(quality()) == tmp_path / place / "quality" / "acme.json"
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert keep(quality()) == tmp_path / ".cache" / "pellucid" / "quality" / "acme.json"


def test_a_plugin_has_another_stamp_where_a_module_was_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    inner = tmp_path / "stamped_plugin" / "inner"
    inner.mkdir(parents=True)
    sizes = {"../__init__.py": 3, "deep.py": 40, "fast.so": 500, "fast.pyd": 6000, "notes.txt": 70000, "deep.pyc": 9}

    def stamped(module: str) -> str:
        _stamp.cache_clear()
        return stamp(module).partition(", pellucid")[0].rpartition(f", {_stamp('pellucid')}")[0]

    (tmp_path / "stamped_module.py").write_text("#" * 12)
    os.utime(tmp_path / "stamped_module.py", ns=(0, 7000))
    for time, (name, size) in enumerate(sizes.items(), start=2):
        (inner / name).write_text("#" * size)
        os.utime(inner / name, ns=(0, time * 1000))
    assert stamped("stamped_plugin") == stamped("stamped_plugin.inner.deep") == "4 files, 6543 bytes, 5000"
    os.utime(inner / "deep.py", ns=(0, 9000))
    assert stamped("stamped_plugin") == "4 files, 6543 bytes, 9000"
    assert stamped("stamped_module") == "1 files, 12 bytes, 7000"
    assert stamped("no_such_plugin") == stamped("sys") == stamped("") == "0 files, 0 bytes, 0"
    _stamp.cache_clear()

"""Plugins are found from metadata alone, and the same ones that importlib.metadata finds."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from pellucid.registry.discovery import GROUP, Claim, find_claims

from tests.fake_plugins import claim, install, install_sine


def test_agrees_with_importlib_metadata_about_this_environment():
    found = {(c.vendor, c.module, c.distribution) for c in find_claims() if c.group == GROUP}
    expected = {(e.name, e.value, e.dist.name) for e in entry_points(group=GROUP) if e.dist is not None}
    assert {(v, m, d.replace("_", "-")) for v, m, d in found} == {(v, m, d.replace("_", "-")) for v, m, d in expected}


def test_agrees_with_importlib_metadata_about_a_folder(site: Path, monkeypatch: pytest.MonkeyPatch):
    install_sine(site)
    install(site, "old", group="pellucid.v0", version="0.3.dev1+g12")
    install(site, "two_words", distribution="pellucid-two-words")
    monkeypatch.setattr(sys, "path", [str(site)])
    for group in ("pellucid.v1", "pellucid.v0"):
        expected = {(e.name, e.value, e.dist.name, e.dist.version) for e in entry_points(group=group)}
        assert {(c.vendor, c.module, c.distribution, c.version) for c in find_claims() if c.group == group} == expected


def test_imports_nothing(site: Path):
    install(site, "acme", source="raise SystemExit('imported')")
    assert find_claims([str(site)]) == [Claim("acme", "plugin_acme", GROUP, "pellucid-acme", "1.0")]
    assert "plugin_acme" not in sys.modules


def test_the_first_of_two_installations_of_a_distribution_counts(tmp_path: Path):
    for folder, version in (("a", "2.0"), ("b", "1.0")):
        claim(tmp_path / folder, "acme", "m", group=GROUP, distribution="pellucid-acme", version=version)
    assert [c.version for c in find_claims([str(tmp_path / "a"), str(tmp_path / "b")])] == ["2.0"]


def test_reads_metadata_of_a_development_install(site: Path):
    info = site / "pellucid_acme.egg-info"
    info.mkdir()
    (info / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: pellucid-acme\nVersion: 0.7\n\nVersion: none\n")
    lines = ["[console_scripts]", "x = y:z", "", "[pellucid.v1]", "# a = b", "; c = d", " acme = m [extra]"]
    (info / "entry_points.txt").write_text("\n".join(lines))
    assert find_claims([str(site)]) == [Claim("acme", "m", GROUP, "pellucid-acme", "0.7")]


def test_passes_over_what_is_not_a_folder_and_over_other_groups(site: Path, tmp_path: Path):
    (tmp_path / "archive.zip").write_bytes(b"PK")
    claim(site, "x", "y", group="other.v1", distribution="other", version="1")
    (site / "no_entry_points-1.0.dist-info").mkdir()
    assert find_claims([str(tmp_path / "archive.zip"), str(tmp_path / "absent"), str(site)]) == []

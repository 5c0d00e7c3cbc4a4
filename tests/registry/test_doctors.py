"""What doctor says of compiled kernels, for each plugin that has some: they are there, or what it costs and why."""

from __future__ import annotations

from importlib import import_module

import pytest
from pellucid import Report

SLOW = {
    "pellucid_cnn": "Convolutions are", "pellucid_recurrent": "Recurrent layers are",
    "pellucid_tabular": "Layers of tables are", "pellucid_transformer": "Attention is",
}  # fmt: skip


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("package", SLOW)
def test_doctor_says_whether_kernels_are_compiled(package: str, there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    kernels = pytest.importorskip(f"{package}.kernels", reason="it is not installed").kernels
    monkeypatch.setattr(type(kernels), "available", lambda self: there)
    monkeypatch.setattr(type(kernels), "why_missing", lambda self: "no compiler")
    report = Report()
    import_module(f"{package}.plugin").pellucid_doctor(report)
    (finding,) = report.findings
    said = "available" if there else f"{SLOW[package]} many times slower: no compiler."
    assert (finding.name, finding.value, finding.warning) == ("compiled kernels", said, not there)

"""What doctor says of the compiled kernels: that they are there, or what that costs and why they are missing."""

from __future__ import annotations

import pytest
from pellucid import Report
from pellucid_cnn.plugin import pellucid_doctor

kernels = pytest.importorskip("pellucid_cnn.kernels", reason="the kernels are not compiled").kernels


@pytest.mark.parametrize("there", [True, False])
def test_doctor_says_whether_kernels_are_compiled(there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(kernels), "available", lambda self: there)
    monkeypatch.setattr(type(kernels), "why_missing", lambda self: "no compiler")
    report = Report()
    pellucid_doctor(report)
    (finding,) = report.findings
    said = "available" if there else "Convolutions are many times slower: no compiler."
    assert (finding.name, finding.value, finding.warning) == ("compiled kernels", said, not there)

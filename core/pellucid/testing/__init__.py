"""Testing: the gradient checker and the conformance kit, for the authors of plugins and for pellucid's own tests::

    import pytest
    from pellucid.testing import conformance_cases

    @pytest.mark.parametrize("case", conformance_cases("acme"), ids=str)
    def test_conformance(case):
        case.run()

``check_gradients(layer, x)`` compares one component's gradients with central differences.
"""

from pellucid.glassbox.failure import ConformanceError
from pellucid.testing.cases import Case, conformance_cases
from pellucid.testing.gradients import GradientReport, check_gradients
from pellucid.testing.report import Report, run_conformance
from pellucid.testing.subject import Backends

__all__ = [
    "Backends", "Case", "ConformanceError", "GradientReport", "Report", "check_gradients", "conformance_cases",
    "run_conformance",
]  # fmt: skip

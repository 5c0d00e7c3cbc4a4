"""Everything in this package keeps every promise of pellucid's contracts."""

from __future__ import annotations

import pytest
from pellucid.registry.registry import default_registry
from pellucid.testing import Case, conformance_cases

NEEDED = {"diffusion/unet_denoiser": "cnn", "diffusion/latent_diffusion": "ae", "diffusion/latents": "ae"}
"""Plugins that the examples of these use; each may be installed or not."""


@pytest.mark.parametrize("case", conformance_cases("diffusion"), ids=str)
def test_conformance(case: Case) -> None:
    needed = NEEDED.get(case.subject.entry.name)
    plugin = default_registry().plugins.found.get(needed or "diffusion")
    if plugin is None or plugin.status == "disabled":
        pytest.skip(f"its examples need pellucid-{needed}, which is not installed, or disabled")
    case.run()

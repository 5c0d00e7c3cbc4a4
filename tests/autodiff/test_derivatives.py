"""The table of derivatives is open: what a stranger's plugin adds is differentiated like what is built in."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.autodiff.functions import BY_FUNCTION, further
from pellucid.registry.derivatives import Derivatives
from pellucid.registry.discovery import GROUP, Claim
from pellucid.registry.plugins import Plugins
from pellucid.registry.registry import Registry
from pellucid.testing.registries import use_registry
from scipy import special

ERF = pl.Primitive("erf", lambda dy, y, x: dy * (2 / np.sqrt(np.pi)) * np.exp(-x * x), compute=special.erf)


def registry(*meanings: tuple[Any, Any]) -> Registry:
    """One with a plugin of these rules."""

    @pl.hookimpl
    def pellucid_derivatives(derivatives: Derivatives) -> None:
        for function, meaning in meanings:
            derivatives.add(function, meaning)

    module = ModuleType("pellucid_acme_rules")
    module.pellucid_derivatives = pellucid_derivatives  # type: ignore[attr-defined]
    sys.modules[module.__name__] = module
    return Registry(Plugins(lambda: [Claim("acme", module.__name__, GROUP, "pellucid-acme", "1.0")]))


def test_a_ufunc_of_another_library() -> None:
    with use_registry(registry((special.erf, ERF))):
        slope = pl.grad(special.erf)
        assert slope(0.3) == pytest.approx(2 / np.sqrt(np.pi) * np.exp(-0.09), rel=1e-14)
        assert pl.grad(slope)(0.3) == pytest.approx(-0.6 * slope(0.3), rel=1e-14)
        assert pl.grad(lambda x: np.sum(special.erf(x)))(np.zeros(2)) == pytest.approx(np.full(2, 2 / np.sqrt(np.pi)))
    with pytest.raises(pl.DifferentiationError, match=r"^erf has no derivative rule"):
        pl.grad(special.erf)(0.3)


def test_a_function_made_of_others_and_its_options() -> None:
    def nanmax(x: Any, axis: int | None = None) -> Any:
        return np.max(np.where(np.isnan(x), -np.inf, x), axis=axis)

    with use_registry(registry((np.nanmax, nanmax))):
        assert pl.grad(np.nanmax)(np.array([3.0, np.nan, 2.0])).tolist() == [1, 0, 0]
        with pytest.raises(pl.DifferentiationError, match=r"does not take these arguments.*axis"):
            pl.grad(lambda x: np.nanmax(x, keepdims=True))(np.ones(3))


def test_what_is_built_in_stays() -> None:
    with use_registry(registry((np.sort, ERF), (np.exp, ERF))) as strange:
        assert pl.grad(lambda x: np.sort(x)[0])(np.array([2.0, 1.0])).tolist() == [0, 1]
        assert pl.grad(np.exp)(0.0) == 1.0
        assert further(strange.plugins)[np.sort] is not ERF


def test_what_is_no_meaning_is_said_and_the_rest_stays(recwarn: pytest.WarningsRecorder) -> None:
    with use_registry(registry((special.erf, 3))), pytest.raises(pl.DifferentiationError, match=r"^erf has no"):
        pl.grad(special.erf)(0.3)
    assert "The derivative of erf must be a Primitive or a function. Received: 3" in str(recwarn[0].message)


def test_nothing_is_said_twice() -> None:
    """Of functions in both tables the engine's would count, and the other never be used."""
    from pellucid.standard.derivatives import TABLE

    assert not TABLE.keys() & BY_FUNCTION.keys()

"""The equations of what the trainer itself computes: sums of gradients, norm, clipping, learning rate.

They follow from what a call is given alone, so that a trace in a file needs none: nothing that is read is evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pellucid.basics.component import Equation
from pellucid.glassbox.quantity import Call

_LR = Equation("lr", r"\eta_t = \eta \cdot f(t)", "base_lr * factor")
_FACTOR = Equation("clip_factor", r"\min(1, c / \lVert g \rVert)", "min(1.0, clip_norm / norm)")


def own_equations(call: Call) -> tuple[Equation, ...]:
    """The equations of a call that no component made, by what it made of what; none where it is none of these."""
    given, made = call.given, call.made
    if "grad" in made:
        return _gradient(call)
    if "norm" in made:
        return _norm(given)
    if "clip_factor" in made and "norm" in given:
        return (_FACTOR,)
    if "lr" in made and "factor" in given:
        return (_LR,)
    if "penalty" in made:
        return _penalty(given)
    return _step_grad(given) if "step_grad" in made else ()


def _numbered(given: Mapping[str, str], pattern: str) -> Iterator[str]:
    k = 0
    while (name := pattern.format(k)) in given:
        yield name
        k += 1


def _gradient(call: Call) -> tuple[Equation, ...]:
    """A gradient is the sum of what each call of its layer gives, each micro-batch by its part in the mean."""
    names = list(_numbered(call.given, "d{}"))
    terms = [name if call.values.get(f"s{k}") == 1.0 else f"s{k} * {name}" for k, name in enumerate(names)]
    if not terms:
        return ()
    latex = r"dW = \sum_k \tfrac{c_k}{\sum c} \left(dW\right)_k" if len(terms) > 1 else r"dW = \left(dW\right)_1"
    return (Equation("grad", latex, " + ".join(terms)),)


def _norm(given: Mapping[str, str]) -> tuple[Equation, ...]:
    terms = [f"np.sum(({_scaled(given, name[1:])})**2)" for name in _numbered(given, "g{}")]
    latex = r"\lVert g \rVert = \sqrt{\textstyle\sum_p \sum_i g_{p,i}^2}"
    return (Equation("norm", latex, f"np.sqrt({' + '.join(terms)})"),) if terms else ()


def _penalty(given: Mapping[str, str]) -> tuple[Equation, ...]:
    terms = list(_numbered(given, "p{}"))
    return (Equation("penalty", r"\Omega = \sum_p \Omega_p", " + ".join(terms)),) if terms else ()


def _step_grad(given: Mapping[str, str]) -> tuple[Equation, ...]:
    latex = r"\tilde g = \min(1, c / \lVert g \rVert)\, (g + \nabla \Omega)"
    return (Equation("step_grad", latex, _scaled(given)),) if "g" in given else ()


def _scaled(given: Mapping[str, str], k: str = "") -> str:
    """The gradient of a parameter with its penalty, and what has scaled it so far."""
    text = f"(g{k} + p{k})" if f"p{k}" in given else f"g{k}"
    for factor in _numbered(given, f"c{k}_{{}}"):
        text = f"{factor} * {text}"
    return text

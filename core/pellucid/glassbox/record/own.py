"""The equations of what the trainer computes: sums of gradients, norm, clipping, learning rate, penalties, states.

They follow from what a call is given alone, so that a trace in a file needs none: nothing that is read is evaluated.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any

from pellucid.basics.component import Equation

_LR = Equation("lr", r"\eta_t = \eta \cdot f(t)", "base_lr * factor")
_FACTOR = Equation("clip_factor", r"\min(1, c / \lVert g \rVert)", "min(1.0, clip_norm / norm)")


def own_equations(given: Mapping[str, str], made: Mapping[str, str], values: Mapping[str, Any]) -> tuple[Equation, ...]:
    """The equations of a call that no component made, by what it made of what; none where it is none of these."""
    if "grad" in made:
        return _gradient(given, values)
    if "loss" in made:
        return _loss(given)
    if "norm" in made:
        return _norm(given)
    if "clip_factor" in made and "norm" in given:
        return (_FACTOR,)
    if "lr" in made and "factor" in given:
        return (_LR,)
    if "penalty" in made:
        return (
            Equation("penalty", r"\Omega = \textstyle\sum_p \Omega_p", " + ".join(f"p{k}" for k in _count(given, "p"))),
        )
    if "new" in made and "s0" in given:
        return _state(given)
    return _step_grad(given, values) if "step_grad" in made and "g" in given else ()


def _state(given: Mapping[str, str]) -> tuple[Equation, ...]:
    """Updates of a state that were asked for, by micro-batches or several calls of a layer, one after the other."""
    made = [f"s{k + 1}" for k in _count(given, "a")]
    if not made:
        return (Equation("new", "s = s_0", "s0"),)
    made[-1:] = ["new"]
    return tuple(
        Equation(of, rf"s_{{{k + 1}}} = s_{{{k}}} + r_{{{k}}} (a_{{{k}}} - s_{{{k}}})", f"s{k} + r{k} * (a{k} - s{k})")
        for k, of in enumerate(made)
    )


def _count(given: Mapping[str, str], letter: str) -> Iterator[int]:
    k = 0
    while f"{letter}{k}" in given:
        yield k
        k += 1


def _gradient(given: Mapping[str, str], values: Mapping[str, Any]) -> tuple[Equation, ...]:
    """A gradient is the sum of what each call of its layer gives, each micro-batch by its part in the mean."""
    terms = [f"d{k}" if values.get(f"s{k}") == 1.0 else f"s{k} * d{k}" for k in _count(given, "d")]
    if not terms:
        return ()
    latex = r"dW = \sum_k \tfrac{c_k}{\sum c} \left(dW\right)_k" if len(terms) > 1 else r"dW = \left(dW\right)_1"
    return (Equation("grad", latex, " + ".join(terms)),)


def _loss(given: Mapping[str, str]) -> tuple[Equation, ...]:
    """The loss of a step of several micro-batches, or a part of it: their mean over all rows."""
    terms = [f"s{k} * l{k}" for k in _count(given, "l")]
    return (Equation("loss", r"L = \sum_k \tfrac{c_k}{\sum c} L_k", " + ".join(terms)),) if terms else ()


def _scaled(given: Mapping[str, str], k: int | str) -> str:
    """The k-th gradient with its penalty and what has scaled it down so far."""
    text = f"(g{k} + p{k})" if f"p{k}" in given else f"g{k}"
    for factor in factors_in(given, k):
        text = f"{factor} * {text}"
    return text


def factor_of(k: int | str, j: int) -> str:
    """What equations call the j-th of those by which the k-th gradient is scaled down: its group's, that of all."""
    return f"clip_factor{k}" if j == 0 else f"clip_factor{k}_{j}"


def factors_in(given: Container[str], k: int | str) -> Iterator[str]:
    """Those that a call is given, in order."""
    j = 0
    while factor_of(k, j) in given:
        yield factor_of(k, j)
        j += 1


def _norm(given: Mapping[str, str]) -> tuple[Equation, ...]:
    terms = [f"np.sum(({_scaled(given, k)})**2)" for k in _count(given, "g")]
    latex = r"\lVert g \rVert = \sqrt{\textstyle\sum_p \sum_i g_{p,i}^2}"
    return (Equation("norm", latex, f"np.sqrt({' + '.join(terms)})"),) if terms else ()


def _step_grad(given: Mapping[str, str], values: Mapping[str, Any]) -> tuple[Equation, ...]:
    scaled, penalised = factor_of("", 0) in given, "p" in given
    latex = r"g + \nabla \Omega" if penalised else "g"
    if scaled:
        latex = r"\min(1, c / \lVert g \rVert)\, " + (f"({latex})" if penalised else latex)
    text = _scaled(given, "")
    if "clip_value" in values:
        latex, text = rf"\max(-c, \min(c, {latex}))", f"np.clip({text}, -clip_value, clip_value)"
    return (Equation("step_grad", rf"\tilde g = {latex}", text),)

"""Words for figures: means, deviations and differences as sentences say them."""

from __future__ import annotations

from collections.abc import Sequence

from studies.results import Results, Setting, difference

ACCURACY = "test accuracy"


def percent(value: float) -> str:
    return f"{100 * value:.2f} %"


def reached(setting: Setting, figure: str = ACCURACY) -> str:
    """``"97.91 ± 0.08 %"``; of a single run without deviation; ``"no figure"`` where none came to its end."""
    if not setting.runs:
        return "no figure"
    if len(setting.runs) == 1:
        return percent(setting.mean(figure))
    return f"{100 * setting.mean(figure):.2f} ± {100 * setting.sd(figure):.2f} %"


def compared(a: Setting, b: Setting, figure: str = ACCURACY) -> str:
    """``"has 0.31 points more than …"`` or ``"is level with …"``: with the 95 % interval of pairs of seeds."""
    found = difference(a, b, figure)
    interval = f"95 % interval {100 * (found.mean - found.half):+.2f} … {100 * (found.mean + found.half):+.2f}"
    if found.clear:
        return (
            f"has {100 * abs(found.mean):.2f} points {'more' if found.mean > 0 else 'less'} than {b.name} ({interval})"
        )
    return f"is level with {b.name} ({100 * found.mean:+.2f} points, {interval})"


def best(settings: Sequence[Setting], figure: str = "validation accuracy") -> Setting:
    """Of those with figures, the one with the highest mean on the validation data: what is chosen on the test set and
    then compared there looks better than it is."""
    return max((setting for setting in settings if setting.runs), key=lambda setting: setting.mean(figure))


def ranked(settings: Sequence[Setting], figure: str = ACCURACY) -> list[Setting]:
    """The highest mean first; those without a figure last."""
    return sorted(settings, key=lambda setting: -setting.mean(figure) if setting.runs else 2.0)


def in_order(settings: Sequence[Setting], figure: str = ACCURACY) -> str:
    """``"Adam 97.5 ± 0.1 %, SGD 96.0 ± 0.2 %"``, the best first; those without a figure last."""
    return ", ".join(f"{setting.name} {reached(setting, figure)}" for setting in ranked(settings, figure))


def amount(results: Results) -> str:
    """``"45 runs of 6 epochs on 54,000 samples"``."""
    runs = sum(len(setting.runs) + len(setting.failed) for setting in results.settings)
    return f"{runs} runs of {results.epochs} epochs on {results.samples['train']:,} samples"

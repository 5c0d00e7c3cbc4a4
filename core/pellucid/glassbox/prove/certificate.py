"""certify: the gradients of a step against central differences, and its equations against its numbers."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pellucid.basics.checks import check_int
from pellucid.basics.errors import ConfigError, DataError
from pellucid.glassbox.prove.agreement import TOLERANCE, Agreement, agreements
from pellucid.glassbox.prove.held import EXACT, RECORDED, Held, held_gradients
from pellucid.glassbox.prove.threads import one_blas_thread
from pellucid.glassbox.prove.twin import Opened, Twin

WIDTH = 100
"""Of the table that a certificate prints, in characters."""


@dataclass(frozen=True)
class Certificate:
    """What was shown of a step, and what was not.

    Attributes:
        what: ``"step 12"`` or ``"a prediction"``.
        gradients: each gradient that was held against central differences.
        equations: each equation that was held against the recorded numbers.
        unchecked: what could not be checked -> why.
        tolerances: of ``gradients`` as recorded, of the same code in float64, ``exact``, and of ``equations``.
        dtype, backend, rows, seed: of what; and what the cells were chosen with.
    """

    what: str
    gradients: tuple[Held, ...]
    equations: tuple[Agreement, ...]
    unchecked: dict[str, str]
    tolerances: dict[str, float]
    dtype: str
    backend: str
    rows: int
    seed: int

    @property
    def passed(self) -> bool:
        """Whether there is something that was checked, and all of it is within its tolerance."""
        return bool(self.gradients or self.equations) and not self.wrong

    @property
    def wrong(self) -> list[str]:
        """The names of the quantities that are not."""
        checked: list[Held | Agreement] = [*self.gradients, *self.equations]
        return list(dict.fromkeys(each.name for each in checked if not each.passed))

    @property
    def cells(self) -> int:
        """How many cells were held against central differences."""
        return sum(each.cells for each in self.gradients)

    @property
    def kinks(self) -> int:
        """How many more lie at a kink, where there is no derivative to compare with."""
        return sum(each.kinks for each in self.gradients)

    @property
    def worst(self) -> Held | None:
        """The gradient with the largest error."""
        return max(self.gradients, key=lambda each: (not each.passed, each.error), default=None)

    @property
    def worst_equation(self) -> Agreement | None:
        """The equation with the largest error."""
        return max(self.equations, key=lambda each: each.error, default=None)

    def as_dict(self) -> dict[str, Any]:
        """All of it as data."""
        worst = {"worst": self.worst, "worst_equation": self.worst_equation}
        return {
            "passed": self.passed, "wrong": self.wrong, "cells": self.cells, "kinks": self.kinks,
            **{name: None if each is None else asdict(each) for name, each in worst.items()}, **asdict(self),
        }  # fmt: skip

    def json(self) -> str:
        """All of it as JSON; numbers that are not finite are texts."""
        return json.dumps(_plain(self.as_dict()), indent=1, allow_nan=False)

    def __str__(self) -> str:
        said = "all that could be checked is right" if self.passed else "nothing could be checked"
        if self.wrong:
            said = f"{len(self.wrong)} of the quantities are wrong: {', '.join(self.wrong)}"
        lines = [
            *_filled(f"Certificate of {self.what}: {said}."),
            f"{self.rows} rows, {self.dtype}, backend {self.backend}; cells chosen with seed {self.seed}.", "",
        ]  # fmt: skip
        lines += [*self._gradients(), *self._equations()]
        if self.unchecked:
            lines += ["", f"Not checked ({len(self.unchecked)}):"]
            lines += [line for name, why in self.unchecked.items() for line in _filled(f"{name}: {why}", "  ")]
        return "\n".join(lines)

    def _gradients(self) -> list[str]:
        if not self.gradients:
            return []
        kinks = f"; {self.kinks:,} more lie at kinks" if self.kinks else ""
        lines = [
            f"Gradients against central differences: {self.cells:,} cells of {len(self.gradients)}{kinks}.",
            f"  {'gradient':34} {'cells':>6} {'error':>8} {'float64':>8}  worst cell: gradient, difference",
        ]
        for each in self.gradients:
            cell = f"[{', '.join(map(str, each.cell))}]"
            told = f"{cell} {each.gradient:.5g}, {each.slope:.5g}{'' if each.passed else '  WRONG'}"
            error = f"{each.error:8.1e}" if each.recorded else f"{'-':>8}"
            cells = f"{each.cells:6,} {error} {each.exact:8.1e}" if each.cells else f"{'kinks':>6}{'':18}"
            lines.append(f"  {_cut(each.name, 34):34} {cells}  {told if each.cells else ''}".rstrip())
        allowed = self.tolerances
        return [*lines, f"  {'allowed':34} {'':6} {allowed['gradients']:8.0e} {allowed['exact']:8.0e}", ""]

    def _equations(self) -> list[str]:
        worst = self.worst_equation
        if worst is None:
            return []
        numbers = sum(each.size for each in self.equations)
        return [
            f"Equations against the recorded numbers: {len(self.equations)}, {numbers:,} numbers.",
            *(line for each in self.equations if not each.passed for line in _filled(f"WRONG {each}", "  ")),
            f"  worst: {worst.place}, {worst.error:.1e}; allowed {self.tolerances['equations']:.0e}",
        ]


@one_blas_thread()
def certify(trace: Opened, cells: int = 1000, seed: int = 0) -> Certificate:
    """See :meth:`pellucid.Trace.certify`."""
    check_int("certify", "cells", cells, "[1, inf)")
    check_int("certify", "seed", seed, "[0, inf)")
    setting, rows = trace.setting, sum(trace.setting.sizes)
    setting.require_as_taken(setting.model)
    dtype = str(setting.told["dtype"])
    equations, unchecked = agreements(trace, seed)
    for name in trace.names():
        if name.endswith(".observed"):
            unchecked[name] = "what observers of gradients have made of the gradient, which is their own business"
    gradients: list[Held] = []
    if setting.sizes:
        try:
            twin = Twin(trace, exact=True)
        except (ConfigError, DataError) as error:  # of a trace of which not all is here, the equations can be checked
            unchecked["gradients"] = str(error)
        else:
            gradients = list(held_gradients(twin, cells, np.random.default_rng([seed, 2]), unchecked))
    else:
        unchecked["gradients"] = "a prediction has no loss"
        rows = next((len(trace[name]) for name in ("x", "x.0") if name in trace), 0)
    what = f"step {setting.step + 1:,}" if setting.sizes else "a prediction"
    return Certificate(
        what, tuple(gradients), tuple(equations), unchecked,
        {"gradients": RECORDED[dtype], "exact": EXACT, "equations": TOLERANCE[dtype]},
        dtype, str(setting.told["backend"]), rows, seed,
    )  # fmt: skip


def _cut(text: str, width: int) -> str:
    """A text of at most this width: of a long one beginning and end."""
    end = width - width // 2
    return text if len(text) <= width else f"{text[: width // 2 - 1]}…{text[-end:]}"


def _filled(text: str, indent: str = "") -> list[str]:
    """Lines of at most ``WIDTH`` characters; those that follow the first stand further in."""
    lines, line = [], indent
    for word in text.split():
        if len(line) + len(word) >= WIDTH and line.strip():
            lines.append(line.rstrip())
            line = f"{indent}  "
        line += f"{word} "
    return [*lines, line.rstrip()]


def _plain(value: Any) -> Any:
    """What JSON can hold."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, float) and not np.isfinite(value) else value

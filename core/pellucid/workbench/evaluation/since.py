"""otherwise: whether a run says other figures now than when it was made, and what has changed since."""

from __future__ import annotations

from collections.abc import Mapping

from pellucid.basics.errors import DataError
from pellucid.interfaces.layer import Layer
from pellucid.saving.model import model_document
from pellucid.workbench.experiments.finished import FinishedRun, SplitName
from pellucid.workbench.experiments.folder import RunFolder


def otherwise(run: FinishedRun[Layer], split: SplitName | None, figures: Mapping[str, float]) -> tuple[str, ...]:
    """What is to be said where the run's own data gives other figures than stand in ``summary.json``.

    On the same machine, with the same versions and data, they are equal to the last bit.
    """
    if split is None or not run.path.is_dir():
        return ()
    try:
        summary = RunFolder(run.path).read_summary()
    except DataError as error:
        return (f"What the run said of itself cannot be read, and is not compared: {error}",)
    before = summary.get(split) or {} if split != "train" else {}  # that of training is a mean over its steps
    other = [name for name, value in before.items() if name in figures and figures[name] != value]
    if not other:
        return ()
    told = ", ".join(f"{name} {before[name]:.6g} then, {figures[name]:.6g} now" for name in other)
    versions, document = summary.get("versions") or {}, model_document(run.model)
    now = {"pellucid": document["pellucid"]}
    now |= dict(package.rpartition(" ")[::2] for package in document["plugins"].values())
    changed = [
        f"{name} {versions[name]} then, {now[name]} now" for name in now if versions.get(name, now[name]) != now[name]
    ]
    why = f"; versions: {', '.join(changed)}" if changed else ""
    return (f"summary.json has other figures ({told}): the data, the backend or the versions are others{why}.",)

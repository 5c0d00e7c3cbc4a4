"""What a page says of where its network comes from."""

from __future__ import annotations

import json
from typing import Any

from pellucid import DataError, FinishedRun, Layer, __version__, require_runtime

_PARTS = ("test", "validation")
_TELLING = (
    "hidden", "filters", "channels", "blocks", "convolutions", "latent", "activation", "normalization", "architecture",
)  # fmt: skip
"""Arguments of models that a reader wants to know."""


def facts_of(run: FinishedRun[Layer]) -> list[list[str]]:
    """``[label, text]`` of the model, its size, how well it does and how it was trained."""
    runtime, told = require_runtime(run.model), summary_of(run)
    config = runtime.config or {}
    count = sum(param.data.size for param in run.model.parameters())
    found = [["Network", _architecture(config)], ["Parameters", f"{count:,}"]]
    data = run.sections.get("data", {}).get("type")
    if data:
        found.append(["Trained on", _short(str(data))])
    for part in _PARTS:
        figures = {k: v for k, v in (told.get(part) or {}).items() if isinstance(v, int | float)}
        if figures:
            found += [[f"{_words(name)} ({part})", _figure(name, value)] for name, value in figures.items()]
            break
    if told.get("epochs"):
        seconds = float(told.get("training_seconds") or 0)
        found.append(["Training", f"{told['epochs']} epochs in {_duration(seconds)}"])
    if told.get("finished"):
        found.append(["Finished", str(told["finished"])[:10]])
    return [*found, ["Made by", f"pellucid {__version__}"]]


def summary_of(run: FinishedRun[Layer]) -> dict[str, Any]:
    """What came out of the run; nothing for a model file, or a run that has not come to its end."""
    path = run.path / "summary.json"
    if not path.is_file():
        return {}
    try:
        told = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        remedy = "Remove it: the page then shows no figures of the run"
        raise DataError(f"{path} cannot be read: {error}. {remedy}.") from error
    return told if isinstance(told, dict) else {}


def title_of(run: FinishedRun[Layer]) -> str:
    """A title of what is known: the model and its data."""
    model = _short(str((require_runtime(run.model).config or {}).get("type", type(run.model).__name__)))
    data = run.sections.get("data", {}).get("type")
    return f"{model} on {_short(str(data))}" if data else model


def _architecture(config: dict[str, Any]) -> str:
    """``ann/ann: hidden 512, 256, gelu, batch_norm``: what a reader would want to know, of any model."""
    shown: list[str] = []
    if config.get("architecture") == "dense":
        config = {key: value for key, value in config.items() if key not in ("channels", "architecture")}
    for key in _TELLING:
        value = config.get(key)
        if isinstance(value, list | tuple) and value:
            shown.append(f"{key} {', '.join(map(str, value))}")
        elif isinstance(value, int) and not isinstance(value, bool):
            shown.append(f"{key} {value}")
        elif isinstance(value, str):
            shown.append(value)
    return ": ".join(filter(None, [str(config.get("type", "")), ", ".join(shown)]))


def _short(name: str) -> str:
    return name.rpartition("/")[2]


def _words(name: str) -> str:
    return name.upper() if len(name) <= 3 else name.replace("_", " ").capitalize()


def _figure(name: str, value: float) -> str:
    return f"{value:.2%}" if name.endswith("accuracy") else f"{value:.4g}"


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.3g} seconds"

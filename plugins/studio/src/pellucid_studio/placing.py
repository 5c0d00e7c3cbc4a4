"""Placing: where a mistake stands that pellucid words without the path of a section."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pellucid_studio.allowed import Mistake

HEADS = {"metrics: ": "train.metrics"}
"""How messages of one section begin."""
LAYER = re.compile(r"(?:model: )?layers\.(\d+)[. ]")
PARTS = ("loss", "optimizer", "schedule")


def placed(mistake: Mistake, sections: Mapping[str, Any], parts: Mapping[str, Any]) -> Mistake:
    """The same mistake at its section, or at its layer, where its message names one.

    Args:
        parts: what the sections ``loss``, ``optimizer`` and ``schedule`` were made into, as far as that has come.
    """
    path, text = mistake
    if path not in ("", "model"):
        return mistake
    for name in PARTS if not path else ():
        if parts.get(name) is not None and re.search(rf"\b{type(parts[name]).__name__}\b", text):
            return Mistake(name, text)
    if not path and sections.get("loss") is None and "needs a loss" in text:
        return Mistake("loss", text)
    for head, place in HEADS.items():
        if not path and text.startswith(head):
            return Mistake(place, text.removeprefix(head))
    layer, model = LAYER.match(text), sections.get("model")
    if layer and isinstance(model, dict) and int(layer[1]) < len(model.get("layers", ())):
        return Mistake(f"model.layers.{layer[1]}", text)
    return mistake

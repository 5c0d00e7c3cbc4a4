"""Pages that were exported and opened: what they say of samples; that they complain of nothing, and ask for nothing."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
from pellucid_studio.export.command import export

from tests.glassbox.browsing import Looked

AROUND = 1e-4
"""How far a page may be from Python."""
PREDICT = """([text, shape, label]) => {
  const letters = atob(text), bytes = Uint8Array.from(letters, (c) => c.charCodeAt(0));
  const x = new Float32Array(bytes.buffer), width = x.length / shape[0], others = (i) => (label ? [label[i]] : []);
  return Array.from({ length: shape[0] }, (_, i) => {
    const y = pellucid.predict(x.subarray(i * width, (i + 1) * width), ...others(i));
    return Array.isArray(y) ? y.map((part) => [...part]) : [[...y]];
  });
}"""


def predicted(looked: Looked, x: np.ndarray, labels: np.ndarray | None = None) -> list[np.ndarray]:
    """What the page says of each sample: one array for each output."""
    text = base64.b64encode(x.astype("<f4").tobytes()).decode()
    found = looked.tab.evaluate(PREDICT, [text, x.shape, None if labels is None else labels.tolist()])
    return [np.array([row[k] for row in found]) for k in range(len(found[0]))]


def page_of(model: Any, folder: Path, browser: Any, **how: Any) -> Looked:
    pl.save(model, folder / "model.safetensors")
    export(folder / "model.safetensors", folder / "page.html", **how)
    return Looked(browser, folder / "page.html", viewport={"width": 1280, "height": 900})


def silent(looked: Looked) -> None:
    assert not looked.complaints
    assert not looked.requests
    looked.close()


def as_if_trained(model: Any, seed: int = 0) -> Any:
    """Every number of the model other than it began, and statistics as training would leave them."""
    rng = np.random.default_rng(seed)
    for param in model.parameters():
        param.data += rng.normal(size=param.shape, scale=0.05).astype(param.data.dtype)
    for state in model.states():
        state.data[...] = rng.uniform(0.5, 1.5, size=state.shape)
    return model

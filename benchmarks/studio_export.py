"""Pages to publish: how large they are, how soon they are there, how long a prediction takes in a Chromium.

    python -m benchmarks.studio_export --json FILE

needs Chromium and playwright, as `make browser`. Networks are trained for a moment: size and time depend on no more.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
from pellucid_studio.export.command import export

from tests.glassbox.browsing import Looked, chromium

NETWORKS: dict[str, tuple[str, dict[str, Any], bool]] = {
    "ann, mnist.toml": (
        "ann", {"hidden": [512, 256], "activation": "gelu", "normalization": "batch_norm", "dropout": 0.4}, True,
    ),
    "lenet": ("cnn/lenet", {}, False),
    "lenet, mnist.toml of cnn": (
        "cnn/lenet", {"filters": [16, 32, 64], "convolutions": [1, 2, 2], "pooling": "mean", "hidden": [],
                      "normalization": "batch_norm", "dropout": 0.2}, False,
    ),
    "resnet_small": ("cnn/resnet_small", {}, False),
}  # fmt: skip
ROUNDS = 300
TIMES = """([rows, rounds]) => {
  const times = [];
  for (let i = 0; i < rounds; i++) {
    const begin = performance.now();
    pellucid.predict(rows[i % rows.length]);
    times.push(performance.now() - begin);
  }
  return times;
}"""


def measured(name: str, data: pl.Splits, folder: Path, browser: Any) -> dict[str, Any]:
    """Bytes of the page; milliseconds until it can be used, and of a prediction."""
    model_name, arguments, flat = NETWORKS[name]
    shape = (784,) if flat else (28, 28, 1)
    model = pl.build(model_name, **arguments, outputs=10, input_shape=shape, seed=0)
    few = data.train.take(np.arange(2000))
    split = pl.Split(np.asarray(few.x).reshape(-1, *shape), few.y, few.classes)
    pl.Trainer(model, loss="softmax_cross_entropy", optimizer="adam", seed=0).fit(split, epochs=1, verbose=False)
    pl.save(model, folder / "model.safetensors")
    made = export(folder / "model.safetensors", folder / "page.html", data="mnist")
    begin = time.perf_counter()
    looked = Looked(browser, folder / "page.html")
    ready = 1000 * (time.perf_counter() - begin)
    x = np.asarray(data.test.x[:50], np.float32).reshape(50, -1)
    times = np.array(looked.tab.evaluate(TIMES, [x.tolist(), ROUNDS]))[ROUNDS // 10 :]  # compiled by then
    expected = model.predict(x.reshape(-1, *shape))
    said = looked.tab.evaluate("(rows) => rows.map((row) => [...pellucid.predict(row)])", x.tolist())
    looked.close()
    return {
        "parameters": sum(param.data.size for param in model.parameters()), "bytes": made["bytes"], "ready_ms": ready,
        "predict_ms": {f"{p} %": float(np.percentile(times, p)) for p in (5, 50, 95)},
        "largest_difference": float(np.abs(said - expected).max()),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="also write what was measured to this file")
    options = parser.parse_args()
    data, found = pl.load_dataset("mnist"), {}
    with chromium() as browser:
        for name in NETWORKS:
            with tempfile.TemporaryDirectory() as folder:
                found[name] = measured(name, data, Path(folder), browser)
            print(name, found[name], flush=True)
        document = {
            "machine": platform.machine(),
            "browser": browser.version,
            "networks": found,
        }
    if options.json is not None:
        options.json.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()

"""What the diffusion models reach after how long, as a picture: ``python -m benchmarks.curves FILE.png``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullFormatter, ScalarFormatter

from benchmarks.environment import ROOT

RESULTS = ROOT / "benchmarks" / "results" / "quality"
CASES = {"mnist_latent": ("codes", "#1f6f8b"), "mnist_unet": ("pixels", "#d98324")}
PANELS = {
    "agreement": ("digits seen as asked for, without guidance, %", 100.0),
    "frechet": ("Fréchet distance to the test set, of 500 samples", 1.0),
}


def main(arguments: list[str] | None = None) -> int:
    (path,) = sys.argv[1:] if arguments is None else arguments
    draw({case: json.loads((RESULTS / f"diffusion-{case}.json").read_text(encoding="utf-8")) for case in CASES}, path)
    return 0


def draw(documents: dict[str, Any], path: str | Path) -> None:
    """One panel for each figure, one line for each case: the epochs over the minutes of training."""
    figure = Figure(figsize=(8.4, 3.3), dpi=110, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    for panel, (name, (title, factor)) in zip(figure.subplots(1, len(PANELS)), PANELS.items(), strict=True):
        for case, document in documents.items():
            label, colour = CASES[case]
            points = document["figures"]["curve"]
            x, y = [point["minutes"] for point in points], [factor * point[name] for point in points]
            panel.plot(x, y, "o-", color=colour, markersize=3.5, linewidth=1.4, label=f"diffusion of {label}")
        panel.set(title=title, xlabel="minutes of training", xlim=(0, None))
        panel.grid(color="#e3e8ec")
        panel.spines[["top", "right"]].set_visible(False)
        if name == "frechet":
            of_vae = documents["mnist_unet"]["figures"]["frechet_of_conditional_vae_in_curve"]
            panel.axhline(of_vae, color="#7a6c9d", linestyle="--", linewidth=1.2, label="conditional VAE")
            panel.set(yscale="log")
            panel.yaxis.set_major_locator(FixedLocator([5, 10, 20, 50, 100]))
            panel.yaxis.set_major_formatter(ScalarFormatter())
            panel.yaxis.set_minor_formatter(NullFormatter())
            panel.legend(frameon=False, fontsize=8)
    figure.savefig(path)


if __name__ == "__main__":
    sys.exit(main())

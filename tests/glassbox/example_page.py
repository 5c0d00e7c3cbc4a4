"""The page that README links to: ``python -m tests.glassbox.example_page`` writes it anew."""

from __future__ import annotations

from pathlib import Path

import pellucid as pl

PAGE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "step.html"


def write(path: Path) -> None:
    """A step of a small network on iris, opened."""
    data = pl.load_dataset("iris", seed=0)
    model = pl.build("ann", input_shape=(4,), hidden=[6], outputs=3, seed=0)
    trainer = pl.Trainer(model, loss="softmax_cross_entropy", optimizer={"type": "adam", "lr": 0.01}, seed=0)
    trainer.fit(data, epochs=2, verbose=False)
    trainer.trace_step(data.train.x[:12], data.train.y[:12]).html(path)


if __name__ == "__main__":
    write(PAGE)

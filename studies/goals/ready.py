"""What the ready experiments of the plugins reach, from the committed logs of ``make quality`` and ``vae_minutes``."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pellucid as pl
from pellucid.workbench.experiments.sections import read_sections

from benchmarks.environment import ROOT
from studies.goals import said

RESULTS = ROOT / "benchmarks" / "results"
ROWS = {"Images": ("cnn-mnist", "cnn-fashion_mnist"), "Likelihood of images": ("vae-mnist",)}
"""By the section of the page that they stand in: files of benchmarks/results/quality."""
VAE_MINUTES = RESULTS / "vae-minutes.json"


def rows(section: str) -> list[list[str]]:
    return [_row(name) for name in ROWS.get(section, ())]


def _row(name: str) -> list[str]:
    document = _read(RESULTS / "quality" / f"{name}.json")
    plugin, _, experiment = name.partition("-")
    sections = read_sections(ROOT / "plugins" / plugin / "experiments" / f"{experiment}.toml")
    figures = document["figures"]
    accuracies = figures.get("test_accuracies")
    reached = (
        f"{100 * fmean(accuracies):.2f} ± {100 * stdev(accuracies):.2f} %" if accuracies
        else f"{figures['importance_weighted_bound']:.2f} nats"
    )  # fmt: skip
    kind, architecture = said.model(sections)
    return [
        f"[{plugin}/{experiment}](../plugins/{plugin}/experiments/{experiment}.toml), the ready experiment",
        said.data(sections), kind, architecture, said.regularisation(sections), said.dropout(sections),
        str(figures["epochs"]), said.rate(sections), f"**{reached}**", str(len(accuracies) if accuracies else 1), "–",
        f"{60 * figures['training_minutes']:,.0f} s, CPU", f"{figures['cpu_minutes']:.1f}",
        f"{_parameters(sections):,}", f"of {document['date']}",
    ]  # fmt: skip


def _parameters(sections: Any) -> int:
    """How many numbers the model has: it is built for that."""
    config = {key: value for key, value in sections["model"].items() if key != "type"}
    images = sections["data"].get("flat") is False
    if sections["model"]["type"] != "vae":
        config["outputs"] = 10
    model = pl.build(sections["model"]["type"], input_shape=(28, 28, 1) if images else (784,), seed=0, **config)
    return sum(int(param.data.size) for param in model.parameters())


def notes(section: str) -> list[str]:
    """What there is to say below a table."""
    if section != "Likelihood of images":
        return []
    figures = _read(RESULTS / "quality" / "vae-mnist.json")["figures"]
    found = [
        f"The ready experiment: the importance-weighted bound of {figures['importance_samples']} codes, on dynamic "
        f"binarisation; the evidence lower bound is {figures['test_elbo']:.2f} nats. Published, with 5,000 codes: "
        "−87.8 and −89.8 (VAE), −84.6 (IWAE)."
    ]
    if VAE_MINUTES.exists():
        found.append(_minutes(_read(VAE_MINUTES)))
    return found


def _minutes(document: Any) -> str:
    """The same network in pellucid and in PyTorch with the same CPU time."""

    def of(contestant: str) -> str:
        runs = [run for run in document["runs"] if run["contestant"] == contestant]
        epochs = sorted({run["epochs"] for run in runs})
        return f"{fmean(run['log_likelihood'] for run in runs):.2f} nats after {'–'.join(map(str, epochs))} epochs"

    pairs = len({run["seed"] for run in document["runs"]})
    sd = "" if document["sd"] is None else f" ± {document['sd']:.2f}"
    return (
        f"The same VAE, 784-500-500-20, trained by one thread for {document['seconds']:g} CPU seconds from the same "
        f"first weights: pellucid {of('pellucid')}, PyTorch {of('torch')}; {document['nats_ahead']:+.2f}{sd} nats over "
        f"{pairs} seeds, {document['codes']:,} codes for each of {document['images']:,} test images, dynamic "
        f"binarisation (`python -m benchmarks.vae_minutes`; {document['machine']['processor']}, busy with other work)."
    )


def machines() -> list[str]:
    names = [name for section in ROWS.values() for name in section]
    found = {_read(RESULTS / "quality" / f"{name}.json")["machine"]["processor"] for name in names}
    return [
        f"* The ready experiments, on a CPU, {name}: logs of `make quality` in benchmarks/results/quality. They choose "
        "the epoch on validation data, 6,000 of the training images." for name in sorted(found)
    ]  # fmt: skip


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))

"""recipe: how a table's network is made and trained unless told otherwise, by stated rules in the size of the table."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Any

from pellucid import check_choice, check_int, check_sizes

from pellucid_tabular.mlp import Task, loss_of

WIDTH = 256
"""Units of each hidden layer."""
SEEN = {"classification": 400_000, "regression": 700_000}
"""Rows that training sees at most, epochs times rows, as far as that leaves LEAST_EPOCHS."""
MOST_EPOCHS, LEAST_EPOCHS = {"classification": 64, "regression": 128}, 16
RATES, DECAY = {"classification": 0.015, "regression": 0.05}, 0.002
"""Learning rates and weight decay of weights that are divided by the root of their inputs, as RealMLP's are."""
MOST_OF_BINS = 2.0
"""Weights of bins are added up, as many as x has passed, and AdamW moves all of them at once: at most so far."""
ONE_HOT = 8
"""The most known values of a category that is one-hot: as in mlp."""
BEST = {"type": "core/best_epoch", "monitor": "validation_loss"}
"""Of classes the loss says more than the accuracy of a few hundred rows, most of whose epochs are equal."""
SCALING = "quantile"
"""What ``tabular/columns`` should make of numbers for this network."""


def recipe(
    task: Task, rows: int, columns: int, categories: Sequence[int] = (), *, outputs: int | None = None,
    hidden: Sequence[int] = (WIDTH, WIDTH, WIDTH),
) -> dict[str, Any]:  # fmt: skip
    """The sections ``model``, ``loss``, ``optimizer``, ``schedule`` and ``train`` of an experiment on a table.

    After RealMLP (Holzmüller, Grinsztajn & Steinwart, Better by Default, 2024, Table A.1). Its dense layers divide by
    the root of their inputs and take one learning rate η; here they are plain ones, so the same steps are η/√width for
    weights.

    Args:
        task: ``"classification"`` or ``"regression"``; targets that are values are to be standardised.
        rows: of the training part.
        columns: of what the model is given, numbers and indexes of categories together.
        categories: how many indexes each of the last columns has, the unseen one included.
        outputs: classes, or numbers to predict; None leaves it to the data.
        hidden: units of each hidden layer.

    Raises:
        ConfigError: an argument is out of range.
    """
    check_choice(recipe, "task", task, ("classification", "regression"))
    check_int(recipe, "rows", rows, "[1, inf)")
    check_sizes(recipe, "categories", categories, "the indexes of each category")
    check_int(recipe, "columns", columns, f"[{max(1, len(categories))}, inf)")
    check_sizes(recipe, "hidden", hidden, "the units of each hidden layer")
    numbers = {"type": "tabular/piecewise_linear", "bins": bins_of(rows)}
    model: dict[str, Any] = {"type": "tabular/mlp", "categories": list(categories), "hidden": list(hidden)}
    model["task"] = task
    if columns > len(categories):
        model["numbers"] = numbers
    return {
        "model": model if outputs is None else {**model, "outputs": outputs},
        "loss": loss_of(task, outputs or 2, 0.1),
        "optimizer": optimizer_of(task, bins_of(rows) if columns > len(categories) else 0, categories, hidden),
        "schedule": {"type": "tabular/coslog"},
        "train": {"epochs": epochs_of(task, rows), "batch_size": batch_size_of(rows), "callbacks": [BEST]},
    }


def ensemble_recipe(
    task: Task, rows: int, columns: int, categories: Sequence[int] = (), *, outputs: int | None = None,
    members: int = 32,
) -> dict[str, Any]:  # fmt: skip
    """The same sections for ``tabular/ensemble``: members of half the width, so that all of them together take as long
    as a few large networks. Arguments and errors are those of :func:`recipe`."""
    made = recipe(task, rows, columns, categories, outputs=outputs)
    own = {name: value for name, value in made["model"].items() if name not in ("type", "hidden", "numbers")}
    settings = {name: made["model"][name] for name in ("numbers",) if name in made["model"]}
    own |= {"members": members, "dropouts": [0.0, dropout_of(rows)]}
    made["model"] = {"type": "tabular/ensemble", **own, "settings": settings}
    del made["train"]["callbacks"]  # each member's best epoch is found by its loss, and the ensemble chosen from these
    return made


def epochs_of(task: Task, rows: int) -> int:
    """As many as see SEEN rows; classes are learned by heart sooner than values."""
    return min(MOST_EPOCHS[task], max(LEAST_EPOCHS, SEEN[task] // rows))


def batch_size_of(rows: int) -> int:
    """256; fewer where an epoch would be a handful of steps, more where it would be many hundred."""
    return min(max(32, rows // 24), max(256, min(1024, rows // 400)))


def dropout_of(rows: int) -> float:
    """The most of a member's dropout, from 0.35 to 0.15: less where there are too many rows to be learned by heart."""
    return round(min(0.35, max(0.15, 300 / rows)), 2)


def bins_of(rows: int) -> int:
    """As many bins of each number as leave about 128 rows to each, from 8 to 128."""
    return min(128, max(8, rows // 128))


def optimizer_of(task: Task, bins: int, categories: Sequence[int], hidden: Sequence[int]) -> dict[str, Any]:
    """AdamW with a short memory of squares, and a learning rate for each sort of parameter; 0 bins: no numbers."""
    rate, width = RATES[task], sqrt(max(hidden, default=1))
    embeds = bins > 0 or any(size - 1 > ONE_HOT for size in categories)
    slower = bins * rate > MOST_OF_BINS
    groups = [
        *[{"match": "*layers.0.*weight", "lr": MOST_OF_BINS / max(bins, 1), "weight_decay": DECAY}] * slower,
        *[{"match": "*layers.0.*", "lr": rate, "weight_decay": DECAY}] * embeds,
        {"match": "*.scale", "lr": rate, "weight_decay": DECAY},
        {"match": "*.bias", "lr": 0.1 * rate},
    ]
    return {"type": "core/adamw", "lr": rate / width, "beta2": 0.95, "weight_decay": DECAY * width, "groups": groups}

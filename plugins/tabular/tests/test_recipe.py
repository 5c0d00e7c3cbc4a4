"""The recipe: sections that train a network for any table, and the rules that they follow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid_tabular.recipe import batch_size_of, bins_of, dropout_of, ensemble_recipe, epochs_of, optimizer_of, recipe

MADE = [
    ("classification", 5, [3, 12]), ("regression", 3, []), ("classification", 2, [3, 4]), ("regression", 1, [30]),
]  # fmt: skip
"""Numbers and categories, numbers alone, one-hot alone (nothing is embedded), a looked-up category alone."""


@pytest.mark.parametrize(("task", "columns", "categories"), MADE)
def test_its_sections_train_a_network(task: Any, columns: int, categories: list[int]) -> None:
    rng, outputs = np.random.default_rng(0), 3 if task == "classification" else 1
    made = recipe(task, 64, columns, categories, outputs=outputs, hidden=[8, 8])
    x = rng.normal(size=(64, columns))
    for place, size in enumerate(categories, columns - len(categories)):
        x[:, place] = rng.integers(0, size, 64)
    model = pl.build(made["model"], input_shape=(columns,), seed=0)
    parts = {name: made[name] for name in ("loss", "optimizer", "schedule")} | {"callbacks": made["train"]["callbacks"]}
    y = np.arange(64) % 3 if task == "classification" else x.sum(axis=1)
    trainer = pl.Trainer(model, seed=0, **parts)
    history = trainer.fit((x, y), validation=(x, y), epochs=6, batch_size=made["train"]["batch_size"])
    assert history["loss"][-1] < history["loss"][0]


def test_the_sections_of_an_ensemble_train_one() -> None:
    x = np.random.default_rng(0).normal(size=(64, 3))
    made = ensemble_recipe("regression", 64, 3, outputs=1, members=3)
    model = pl.build({**made["model"], "widths": [8, 16]}, input_shape=(3,), seed=0)
    parts = {name: made[name] for name in ("loss", "optimizer", "schedule")}
    history = pl.trainer_for(model, seed=0, **parts).fit((x, x.sum(axis=1)), epochs=4, batch_size=16, verbose=False)
    assert history["loss"][-1] < history["loss"][0]


@pytest.mark.parametrize(("task", "columns", "categories"), MADE)
@pytest.mark.parametrize(("rows", "dropout"), [(64, 0.35), (10_000, 0.15)])
def test_an_ensemble_is_trained_as_a_network_is_but_chooses_its_own_epochs(
    task: Any, columns: int, categories: list[int], rows: int, dropout: float
) -> None:
    one = recipe(task, rows, columns, categories, outputs=3)
    made = ensemble_recipe(task, rows, columns, categories, outputs=3, members=7)
    assert made.keys() == one.keys() and all(made[name] == one[name] for name in ("loss", "optimizer", "schedule"))
    assert one["train"] == made["train"] | {"callbacks": [{"type": "core/best_epoch", "monitor": "validation_loss"}]}
    assert set(made["train"]) == {"epochs", "batch_size"}
    numbers = {"numbers": one["model"]["numbers"]} if columns > len(categories) else {}
    assert made["model"] == {
        "type": "tabular/ensemble", "categories": categories, "task": task, "outputs": 3, "members": 7,
        "dropouts": [0.0, dropout], "settings": numbers,
    }  # fmt: skip
    assert "outputs" not in ensemble_recipe(task, rows, columns, categories)["model"]


def test_a_longer_table_has_fewer_epochs_and_larger_batches() -> None:
    train = [recipe("regression", rows, 4)["train"] for rows in (10, 1_000, 20_000, 200_000, 5_000_000)]
    epochs, batches = [t["epochs"] for t in train], [t["batch_size"] for t in train]
    assert epochs == sorted(epochs, reverse=True) and batches == sorted(batches)
    assert [epochs_of("classification", rows) for rows in (1, 20_000, 10_000_000)] == [64, 20, 16]
    assert [bins_of(rows) for rows in (1, 6_400, 10_000_000)] == [8, 50, 128]
    assert [dropout_of(rows) for rows in (1, 1_000, 10_000)] == [0.35, 0.3, 0.15]
    assert [batch_size_of(rows) for rows in (1, 1_000, 10_000, 10_000_000)] == [32, 41, 256, 1024]


def test_weights_of_many_bins_move_more_slowly() -> None:
    few, many = (recipe("regression", rows, 4)["optimizer"]["groups"] for rows in (1_000, 20_000))
    assert [group["match"] for group in many] == ["*layers.0.*weight", *(group["match"] for group in few)]
    assert many[0]["lr"] == 2 / 128 < few[0]["lr"] and many[1:] == few


@pytest.mark.parametrize(("categories", "embeds"), [([], 0), ([9], 0), ([10], 1), ([9, 10], 1), ([2, 9, 9], 0)])
def test_tables_of_more_than_eight_known_values_have_a_rate_of_their_own(categories: list[int], embeds: int) -> None:
    alone = optimizer_of("regression", 0, categories, [16])["groups"]
    beside = optimizer_of("regression", 8, categories, [16])["groups"]
    first = [{"match": "*layers.0.*", "lr": 0.05, "weight_decay": 0.002}]  # the indexes count the unseen one
    assert [group for group in alone if group["match"] == "*layers.0.*"] == first * embeds
    assert [group for group in beside if group["match"] == "*layers.0.*"] == first, "numbers stand there, too"


def test_what_is_out_of_range_is_refused() -> None:
    wrong: Any
    for wrong in (("ranking", 10, 3), ("regression", 0, 3), ("regression", 10, 0), ("regression", 10, 1, [3, 4])):
        with pytest.raises(pl.ConfigError, match="recipe"):
            recipe(*wrong)

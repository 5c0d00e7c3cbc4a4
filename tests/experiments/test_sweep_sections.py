"""[sweep] as it is read: every key with its bounds and what stands where it is left out."""

from __future__ import annotations

from typing import Any

import pytest
from pellucid.basics.errors import ConfigError
from pellucid.workbench.sweeps.draws import Draw
from pellucid.workbench.sweeps.plan import make_plan
from pellucid.workbench.sweeps.sweep import Random, Search, Sweep, read_sweep

LR = {"optimizer.lr": {"uniform": [0, 1]}}
RANGE = {"optimizer.lr": Draw("uniform", (0, 1))}


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ({"seeds": [0]}, Sweep(seeds=(0,))),
        ({"seeds": [3, 0, 7], "pictures": True}, Sweep(seeds=(3, 0, 7), pictures=True)),
        ({"seeds": [1], "metric": "f1", "split": "test", "mode": "min", "pictures": False},
         Sweep(seeds=(1,), metric="f1", split="test", mode="min")),
        ({"seeds": [1], "split": "validation", "mode": "max"}, Sweep(seeds=(1,), split="validation", mode="max")),
        ({"grid": {"optimizer.lr": [0.1], "model": {"hidden": [[8], [4]]}}},
         Sweep(grid={"optimizer.lr": (0.1,), "model.hidden": ([8], [4])})),
        ({"list": [{"name": "a"}, {"model": {"hidden": [8]}, "loss": {"type": "mse"}}]},
         Sweep(entries={"a": {}, "2": {"model.hidden": [8], "loss": {"type": "mse"}}})),
        ({"random": {"draws": 1, **LR}}, Sweep(random=Random(1, 0, RANGE))),
        ({"random": {"draws": 2, "seed": 5, **LR}}, Sweep(random=Random(2, 5, RANGE))),
        ({"search": {"trials": 1, **LR}}, Sweep(search=Search(1, 0, "tpe", "median", RANGE))),
        ({"search": {"trials": 9, "seed": 4, "sampler": "random", "prune": "none", **LR}, "seeds": [2]},
         Sweep(seeds=(2,), search=Search(9, 4, "random", "none", RANGE))),
        ({"random": {"draws": 1, "model": {"dropout": {"int": [1, 2]}, "hidden": {"choice": [[1]]}}}},
         Sweep(random=Random(1, 0, {"model.dropout": Draw("int", (1, 2)), "model.hidden": Draw("choice", ([1],))}))),
    ],
)  # fmt: skip
def test_a_section_is_read(section: dict[str, Any], expected: Sweep) -> None:
    assert read_sweep(section) == expected


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"random": {"draws": 0, **LR}}, "expected a whole number of at least 1: draws = 20. Received: 0."),
        ({"random": {"draws": 1.0, **LR}}, "Received: 1.0."), ({"random": {"draws": True, **LR}}, "Received: True."),
        ({"random": LR}, "sweep.random.draws: expected a whole number of at least 1: draws = 20. It is missing."),
        ({"random": {"draws": 1, "seed": -1, **LR}}, "sweep.random.seed: expected a whole number of at least 0"),
        ({"random": 3}, "sweep.random.draws: expected a whole number"), ({"search": {"trials": 0, **LR}}, "at least 1"),
        ({"search": {"trials": 1, "seed": -1, **LR}}, "sweep.search.seed: expected a whole number of at least 0"),
        ({"search": {"trials": 1, "sampler": "tp", **LR}}, "sweep.search.sampler: expected one of \"tpe\", \"random\""),
        ({"search": {"trials": 1, **LR}, "seeds": [1, 2]}, "sweep.seeds: a search trains each trial with one seed"),
        ({"search": {"trials": 1, **LR}, "grid": {"model.dropout": [1]}, "list": [{"name": "a"}]},
         "Leave out of [sweep]: grid, list."),
        ({"random": {"draws": 1, "optimizer.lr": {"uniform": [1, 1]}}}, "the first must be less than the second"),
        ({"random": {"draws": 1, "optimizer.lr": {"uniform": [0, 1, 2]}}}, "expected two numbers"),
        ({"random": {"draws": 1, "optimizer.lr": {"uniform": [0, "1"]}}}, "expected two numbers"),
        ({"random": {"draws": 1, "optimizer.lr": {"log_int": [0, 5]}}}, "Without them: int = [0, 5]."),
        ({"random": {"draws": 1, "optimizer.lr": {"int": []}}}, "int takes a list: int = [LOW, HIGH]. Received: []."),
        ({"random": {"draws": 1, "optimizer.lr": {"choice": []}}}, "choice takes a list: choice = [32, 64, 128]."),
        ({"random": {"draws": 1, "optimizer.lr": {"choice": 3}}}, "choice takes a list: choice = [32, 64, 128]."),
        ({"grid": {"draws": [1]}}, "sweep.grid.draws: begins with no section of an experiment"),
        ({"random": {"draws": 1, "drws": 2, **LR}},
         "sweep.random.drws: begins with no section of an experiment. Did you mean 'draws'?"),
        ({"grid": {"metric": [1]}}, "sweep.grid.metric: belongs into [sweep] itself: write metric = … there."),
        ({"grid": {"train.loss": [1]}}, "[loss] is a section of its own. Write loss."),
        ({"grid": {"train": [1], "model..a": [1]}}, "sweep.grid.model..a: begins with no section"),
        ({"list": [{"name": 3}]}, "sweep.list.0.name: expected a text. Received: 3."),
        ({"list": [{"name": "a"}, {"name": " "}]}, "sweep.list.1.name: expected a text. Received: ' '."),
        ({"list": [3]}, "sweep.list: expected tables"), ({"list": {}}, "sweep.list: expected tables"),
        ({"list": [{"name": "a", "seeds": [1]}]}, "sweep.list.0.seeds: belongs into [sweep] itself"),
        ({"list": [{"model.dropout": 1}], "random": {"draws": 1, "model.dropout": {"uniform": [0, 1]}}},
         "sweep.random.model.dropout: list or grid sets it, too."),
        ({"seeds": [0.0]}, "Received: [0.0]."), ({"seeds": "1"}, "Received: '1'."),
        ({"seeds": (1,)}, "Received: (1,)."),
        ({"seeds": [1], "metric": ["a"]}, "metric: expected the name of a figure: \"accuracy\". Received: ['a']."),
        ({"seeds": [1], "pictures": 0}, "sweep.pictures: expected one of true, false. Received: 0."),
        ({"list": [], "metric": "a"}, "sweep: says of nothing what is to vary"),
        ({"seds": [1]}, "sweep.seds: [sweep] has no such key. Did you mean 'seeds'? Allowed: seeds, grid"),
        ({"model": {}}, "A setting stands in one of its tables: [sweep.grid] with \"model\" = […]."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_section(section: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as error:
        read_sweep(section)
    assert said in str(error.value)


def test_settings_that_are_equal_are_one_mistake_and_draws_that_are_equal_one_setting() -> None:
    base = {"data": "iris", "model": {"type": "ann", "dropout": 0.1}}
    for sweep, said in [
        ({"list": [{"name": "a"}, {"name": "b", "model.dropout": 0.1}]}, "the settings 'a' and 'b' are equal"),
        ({"grid": {"model.dropout": [0.1], "model": [{"type": "ann", "dropout": 0.2}, {"type": "ann"}]}}, "are equal"),
        ({"list": [{"name": "a"}, {"name": "b"}], "random": {"draws": 3, "model.dropout": {"choice": [0.5]}}},
         "the settings 'a, model.dropout = 0.5' and 'b, model.dropout = 0.5' are equal"),
    ]:  # fmt: skip
        with pytest.raises(ConfigError) as error:
            make_plan({**base, "sweep": sweep})
        assert said in str(error.value)
    few = make_plan({**base, "sweep": {"random": {"draws": 9, "model.dropout": {"choice": [0.5]}}}})
    assert [setting.varied for setting in few.settings] == [{"model.dropout": 0.5}]

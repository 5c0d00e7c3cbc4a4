"""What [sweep] means: settings, seeds, draws; and what is wrong with one, told with its key."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pellucid import ConfigError
from pellucid.workbench.experiments.sections import to_toml
from pellucid.workbench.sweeps.draws import Draw, unit
from pellucid.workbench.sweeps.plan import MOST_RUNS, Plan, Setting, make_plan

from tests.experiments.support import IRIS, Shell


def plan(sweep: str) -> Plan:
    return make_plan(tomllib.loads(f"{IRIS}\n{sweep}"))


def values(made: Plan, section: str, key: str) -> list[Any]:
    return [setting.sections[section].get(key) for setting in made.settings]


def test_a_grid_is_every_combination_with_each_seed() -> None:
    made = plan("[sweep]\nseeds = [3, 5]\n[sweep.grid]\n'optimizer.lr' = [0.1, 0.01]\nmodel.hidden = [[8], [8, 8]]")
    assert values(made, "optimizer", "lr") == [0.1, 0.1, 0.01, 0.01]
    assert values(made, "model", "hidden") == [[8], [8, 8]] * 2
    assert [run.seed for run in made.runs] == [3] * 4 + [5] * 4
    assert made.runs[-1].sections["train"]["seed"] == 5
    assert made.runs[-1].label == "optimizer.lr = 0.01, model.hidden = [8, 8], seed 5"
    assert len({run.folder for run in made.runs}) == 8
    assert all(run.folder.startswith("lr=") for run in made.runs)
    assert "sweep" not in made.runs[0].sections


def test_a_list_names_settings_and_goes_with_a_grid() -> None:
    made = plan(
        "[[sweep.list]]\nname = 'plain'\n"
        "[[sweep.list]]\nname = 'with momentum'\noptimizer = {type = 'sgd', momentum = 0.9}\n"
        "[[sweep.list]]\nmodel.dropout = 0.5\n"
        "[sweep.grid]\noptimizer.lr = [0.1, 0.2]"
    )
    assert [setting.name for setting in made.settings] == ["plain"] * 2 + ["with momentum"] * 2 + ["3"] * 2
    assert made.settings[2].sections["optimizer"] == {"type": "sgd", "momentum": 0.9, "lr": 0.1}
    assert made.settings[4].sections["model"]["dropout"] == 0.5
    assert made.settings[0].sections["optimizer"] == {"type": "adam", "lr": 0.1}
    assert made.settings[2].label == "with momentum, optimizer.lr = 0.1"
    assert made.seeds == (0,)  # that of [train]


def test_whole_sections_vary_too() -> None:
    made = plan("[sweep.grid]\noptimizer = ['sgd', {type = 'adam', lr = 1}, {lr = 2}]")
    assert [setting.sections["optimizer"] for setting in made.settings] == [
        "sgd", {"type": "adam", "lr": 1}, {"type": "adam", "lr": 2},
    ]  # fmt: skip


def test_draws_depend_on_nothing_but_what_they_are_for() -> None:
    some = plan("[sweep.random]\ndraws = 5\n'optimizer.lr' = {log_uniform = [1e-4, 0.1]}")
    more = plan(
        "[sweep.random]\ndraws = 9\nmodel.dropout = {uniform = [0, 0.5]}\n'optimizer.lr' = {log_uniform = [1e-4, 0.1]}"
    )
    other = plan("[sweep.random]\ndraws = 5\nseed = 1\n'optimizer.lr' = {log_uniform = [1e-4, 0.1]}")
    rates = values(some, "optimizer", "lr")
    assert values(more, "optimizer", "lr")[:5] == rates
    assert not set(values(other, "optimizer", "lr")) & set(rates)
    assert len(set(rates)) == 5 and all(1e-4 <= rate <= 0.1 for rate in rates)


@pytest.mark.parametrize(("draw", "low", "middle", "high"), [
    (Draw("uniform", (-1.0, 1.0)), -1.0, 0.0, 1.0),
    (Draw("log_uniform", (1e-4, 1.0)), 1e-4, 0.01, 1.0),
    (Draw("int", (1, 4)), 1, 3, 4),
    (Draw("log_int", (1, 99)), 1, 10, 99),
    (Draw("choice", ("a", "b", "c")), "a", "b", "c"),
])  # fmt: skip
def test_a_draw_is_the_inverse_of_its_distribution(draw: Draw, low: Any, middle: Any, high: Any) -> None:
    assert [draw.at(0.0), draw.at(0.5), draw.at(1 - 2**-53)] == [low, middle, high]


def test_numbers_are_spread_evenly() -> None:
    drawn = [Draw("int", (1, 4)).at(unit(0, "a.b", i)) for i in range(4000)]
    assert all(900 < drawn.count(k) < 1100 for k in (1, 2, 3, 4))


def test_equal_draws_of_few_choices_are_one_setting() -> None:
    assert len(plan("[sweep.random]\ndraws = 20\nmodel.dropout = {choice = [0.1, 0.2]}").settings) == 2


def test_what_tells_settings_apart_is_not_threads_or_seeds() -> None:
    one = plan("[sweep]\nseeds = [0]\n[sweep.grid]\noptimizer.lr = [0.1]")
    other = make_plan(tomllib.loads(IRIS.replace("seed = 0", "seed = 7\nthreads = 2") + one_sweep))
    assert one.settings[0].folder == other.settings[0].folder
    longer = make_plan(tomllib.loads(IRIS.replace("epochs = 5", "epochs = 6") + one_sweep))
    assert one.settings[0].folder != longer.settings[0].folder


one_sweep = "\n[sweep]\nseeds = [0]\n[sweep.grid]\noptimizer.lr = [0.1]"


def test_a_plan_is_the_same_after_it_was_written() -> None:
    made = plan("[sweep]\nseeds = [0, 1]\n[[sweep.list]]\nname = 'a'\n[sweep.random]\ndraws = 3\n"
                "train.batch_size = {int = [1, 9]}")  # fmt: skip
    again = make_plan(tomllib.loads(to_toml(made.sections)))
    assert [run.folder for run in again.runs] == [run.folder for run in made.runs]


@pytest.mark.parametrize(("sweep", "said"), [
    ("[sweep]", "sweep: says of nothing what is to vary"),
    ("sweep = 3", None),
    ("[sweep]\nseed = [1]", "sweep.seed: [sweep] has no such key. Did you mean 'seeds'?"),
    ("[sweep]\noptimizer.lr = [1]", "sweep.optimizer: [sweep] has no such key. A setting stands in one of its tables"),
    ("[sweep]\nseeds = 5", "sweep.seeds: expected a list of different whole numbers"),
    ("[sweep]\nseeds = []", "sweep.seeds: expected a list of different whole numbers"),
    ("[sweep]\nseeds = [1, 1]", "sweep.seeds: expected a list of different whole numbers"),
    ("[sweep]\nseeds = [-1]", "Received: [-1]"),
    ("[sweep]\nseeds = [true]", "Received: [True]"),
    ("[sweep]\nseeds = [1]\nmode = 'best'", "sweep.mode: expected one of \"max\", \"min\""),
    ("[sweep]\nseeds = [1]\nsplit = 'tests'", "Did you mean 'test'? Received: 'tests'"),
    ("[sweep]\nseeds = [1]\nmetric = 3", "sweep.metric: expected the name of a figure"),
    ("[sweep]\nseeds = [1]\npictures = 1", "sweep.pictures: expected one of true, false"),
    ("[sweep.grid]", "sweep.grid: expected settings by their paths"),
    ("[sweep.grid]\noptimizer.lr = []", "sweep.grid.optimizer.lr: expected a list of values"),
    ("[sweep.grid]\noptimizer.lr = 0.1", "sweep.grid.optimizer.lr: expected a list of values"),
    ("[sweep.grid]\noptimizer.lr = [1, 1.0]", "sweep.grid.optimizer.lr: there is a value twice"),
    ("[sweep.grid]\noptimiser.lr = [1]", "sweep.grid.optimiser.lr: begins with no section of an experiment. Did you "
     "mean 'optimizer'?"),
    ("[sweep.grid]\n'optimizer.' = [1]", "sweep.grid.optimizer.: begins with no section"),
    ("[sweep.grid]\ntrain.seed = [1]", "sweep.grid.train.seed: seeds are given for the sweep as a whole"),
    ("[sweep.grid]\ntrain.optimizer.lr = [1]", "[optimizer] is a section of its own. Write optimizer.lr."),
    ("[sweep]\nlist = 3", "sweep.list: expected tables"),
    ("[[sweep.list]]\nname = ''", "sweep.list.0.name: expected a text"),
    ("[[sweep.list]]\nname = 'a'\n[[sweep.list]]\nname = 'a'\nmodel.dropout = 1", "there is an entry 'a' already"),
    ("[[sweep.list]]\n[[sweep.list]]", "the settings '1' and '2' are equal"),
    ("[[sweep.list]]\noptimizer.lr = 1\n[sweep.grid]\noptimizer.lr = [1]", "sweep.grid.optimizer.lr: [[sweep.list]]"),
    ("[sweep.random]\noptimizer.lr = {uniform = [0, 1]}", "sweep.random.draws: expected a whole number of at least 1"),
    ("[sweep.random]\ndraws = 3", "sweep.random: expected settings to be drawn"),
    ("[sweep.random]\ndraws = 3\noptimizer.lr = [0, 1]", "sweep.random.optimizer.lr: expected what to draw from"),
    ("[sweep.random]\ndraws = 3\noptimizer.lr = {log_unifrm = [0, 1]}", "Did you mean 'log_uniform'?"),
    ("[sweep.random]\ndraws = 3\noptimizer.lr = {uniform = 3}", "uniform takes a list: uniform = [LOW, HIGH]"),
    ("[sweep.random]\ndraws = 3\noptimizer.lr = {uniform = [3]}", "expected two numbers, [LOW, HIGH]"),
    ("[sweep.random]\ndraws = 3\noptimizer.lr = {uniform = [0, inf]}", "expected two numbers, [LOW, HIGH]"),
    ("[sweep.random]\ndraws = 3\noptimizer.lr = {uniform = [1, 0]}", "the first must be less than the second"),
    ("[sweep.random]\ndraws = 3\noptimizer.lr = {log_uniform = [0, 1]}", "a range of logarithms begins above 0"),
    ("[sweep.random]\ndraws = 3\ntrain.epochs = {int = [0.5, 2]}", "expected two whole numbers"),
    ("[sweep.random]\ndraws = 1\nmodel.dropout = {uniform = [0, 1]}\n[sweep.grid]\nmodel.dropout = [0.1]",
     "sweep.random.model.dropout: list or grid sets it, too"),
    ("[sweep.grid]\ntrain.epochs.many = [1]", "sweep: train.epochs.many: train.epochs is not a table with keys"),
    ("[sweep.grid]\nmodel.hidden.3 = [1]", "model.hidden is a list of 1 items, counted from 0; it has no item '3'"),
    ("[sweep]\nseeds = [1, 2]\n[sweep.search]\ntrials = 2\noptimizer.lr = {uniform = [0, 1]}",
     "sweep.seeds: a search trains each trial with one seed"),
    ("[sweep.grid]\nmodel.dropout = [0]\n[sweep.search]\ntrials = 2\noptimizer.lr = {uniform = [0, 1]}",
     "sweep.search: proposes all settings itself. Leave out of [sweep]: grid"),
    ("[sweep.search]\ntrials = 2\nmetric = 'loss'\noptimizer.lr = {uniform = [0, 1]}",
     "sweep.search.metric: belongs into [sweep] itself: write metric = … there."),
    ("[sweep.search]\ntrials = 2\nprune = 'no'\noptimizer.lr = {uniform = [0, 1]}", "sweep.search.prune: expected one"),
])  # fmt: skip
def test_what_is_wrong_is_told_with_its_key(sweep: str, said: str | None) -> None:
    with pytest.raises(ConfigError) as error:
        if said is None:
            make_plan({"sweep": 3})
        else:
            plan(sweep)
    assert (said or "sweep: expected a table") in str(error.value)


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(ConfigError, match="3 mistakes") as error:
        plan("[sweep]\nseeds = 1\nmetrics = 'accuracy'\n[sweep.grid]\noptimizer.lr = 3")
    assert "Did you mean 'metric'?" in str(error.value)


def test_more_runs_than_anybody_waits_for_are_refused_before_they_are_made() -> None:
    many = ", ".join(map(str, range(200)))
    with pytest.raises(ConfigError, match=f"makes 8,000,000 runs. At most {MOST_RUNS:,}"):
        plan(f"[sweep.grid]\noptimizer.lr = [{many}]\nmodel.dropout = [{many}]\ntrain.epochs = [{many}]")


def test_the_plan_is_shown_and_nothing_trained(pellucid: Shell) -> None:
    Path("sweep.toml").write_text(IRIS + "\n[sweep]\nseeds = [0, 1]\n[sweep.grid]\noptimizer.lr = [0.1, -1]")
    shown = pellucid("sweep", "sweep.toml", "--plan")
    assert "optimizer.lr = 0.1  2      0" in shown
    assert "refused: optimizer.lr: The 'lr' of Adam must be a float in [0, inf)." in shown
    assert "2 settings × 2 seeds = 4 runs, in runs/sweep" in shown
    assert not Path("runs").exists()
    told = pellucid.json("sweep", "sweep.toml", "--plan", "--set", "sweep.seeds=[3]")
    assert told["runs"] == 2 and told["seeds"] == [3]
    assert [setting["settings"] for setting in told["settings"]] == [{"optimizer.lr": 0.1}, {"optimizer.lr": -1}]


def test_mistakes_name_the_file(pellucid: Shell) -> None:
    Path("sweep.toml").write_text(IRIS + "\n[sweep.grid]\noptimizer.lr = 3")
    Path("empty").mkdir()
    assert pellucid.refused("sweep", "sweep.toml").startswith("pellucid: sweep.toml: sweep.grid.optimizer.lr: expected")
    assert "has no section [sweep], so it is one run: pellucid train" in pellucid.refused("sweep", "iris.toml")
    assert "sweep: makes many runs of an experiment: pellucid sweep" in pellucid.refused("train", "sweep.toml")
    Path("sweep.toml").write_text(IRIS + "\n[sweep.grid]\noptimizer.lr = [-1, -2]")
    assert "All 2 settings are refused" in pellucid.refused("sweep", "sweep.toml")
    assert "is not the folder of a sweep" in pellucid.refused("sweep", "empty")
    assert not Path("runs").exists()
    for wrong in ("0", "-1", "257"):
        assert "--workers takes a whole number" in pellucid.refused("sweep", "iris.toml", "--workers", wrong)


@pytest.mark.parametrize(
    ("name", "varied", "readable"),
    [
        ("", {"optimizer.lr": 0.1, "model.hidden": [8, 16]}, "lr=0.1,hidden=8+16-"),
        ("batch norm", {}, "batch-norm-"),
        ("x" * 59 + "-yz", {}, "x" * 59 + "-"),  # no mark of punctuation at the end
        ("x" * 70, {"optimizer.lr": 0.1}, "x" * 60 + "-"),
        ("…", {}, ""),
    ],
)
def test_the_folder_of_a_setting_has_sixty_readable_letters(name: str, varied: dict[str, Any], readable: str) -> None:
    folder = Setting(name, {}, varied, {"model": {"type": "ann"}}).folder
    assert folder.startswith(readable) and re.fullmatch("[0-9a-f]{6}", folder.removeprefix(readable))
    assert folder.removeprefix(readable) == Setting("", {}, {}, {"model": {"type": "ann"}}).folder

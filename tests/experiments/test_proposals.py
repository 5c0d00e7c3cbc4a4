"""What a data set proposes, beside what the user has written."""

from __future__ import annotations

from typing import Any

import pellucid as pl
import pytest
from pellucid.workbench.experiments.experiment import check
from pellucid.workbench.experiments.proposals import completed, names_type, proposes, told

PROPOSED: dict[str, Any] = {
    "data": {"transforms": [{"type": "core/standardize"}]},
    "model": {"type": "ann", "hidden": [8, 4]},
    "loss": {"type": "mse"},
    "optimizer": {"type": "adamw", "lr": 0.1},
    "train": {"epochs": 3, "batch_size": 7},
}
DATA = {"type": "iris"}


def test_sections_that_nobody_has_written_are_proposed() -> None:
    whole, taken = completed({"data": DATA}, PROPOSED, "Here")
    assert whole == PROPOSED | {"data": DATA | PROPOSED["data"]}
    assert taken == PROPOSED


@pytest.mark.parametrize("optimizer", ["sgd", {"type": "sgd"}])
def test_who_names_a_component_has_it_as_it_is_written(optimizer: Any) -> None:
    whole, taken = completed({"data": DATA, "optimizer": optimizer}, PROPOSED, "Here")
    assert whole["optimizer"] == optimizer and "optimizer" not in taken


def test_arguments_alone_change_the_proposed_one() -> None:
    written = {"data": "iris", "model": {"hidden": [2]}, "optimizer": {"beta2": 0.5}, "train": {"epochs": 9, "seed": 1}}
    whole, taken = completed(written, PROPOSED, "Here")
    assert whole["model"] == {"type": "ann", "hidden": [2]} == taken["model"]
    assert whole["optimizer"] == {"type": "adamw", "lr": 0.1, "beta2": 0.5} == taken["optimizer"]
    assert whole["train"] == {"epochs": 9, "batch_size": 7, "seed": 1}
    assert whole["data"]["type"] == "iris"
    assert written["train"] == {"epochs": 9, "seed": 1}  # what was written is not changed


def test_an_objective_stands_in_the_place_of_a_proposed_loss() -> None:
    whole, taken = completed({"data": DATA, "objective": {"type": "supervised"}}, PROPOSED, "Here")
    assert "loss" not in whole and "loss" not in taken


def test_a_proposal_of_no_section_is_the_data_sets_mistake() -> None:
    for wrong in ({"modell": {}}, {"model": "ann"}):
        with pytest.raises(pl.PluginError, match=r"Here\.proposed must give tables for sections"):
            completed({"data": DATA}, wrong, "Here")


def test_it_is_told_on_a_line_for_each_section() -> None:
    lines = told(PROPOSED | {"sampler": {"type": "x", "rows": list(range(100))}}).splitlines()
    assert lines[1] == "  model     ann, hidden = [8, 4]"
    assert lines[4] == "  train     epochs = 3, batch_size = 7"
    assert lines[5] == "  sampler   x, rows (100, see experiment.toml)"


def test_components_in_a_list_are_told_by_their_names() -> None:
    several = [{"type": "acme/a", "much": "x" * 100}, {"type": "acme/b"}]
    assert told({"data": {"transforms": several}}) == "  data      transforms = [acme/a, acme/b]"
    assert told({"data": {"transforms": []}}) == "  data      transforms = []"


def test_who_has_no_method_of_its_own_proposes_nothing() -> None:
    assert not proposes(pl.create("dataset", "iris")) and not proposes(None)
    assert pl.create("dataset", "iris").proposed() == {}
    assert names_type("ann") and names_type({"type": "ann"}) and not names_type({"hidden": []}) and not names_type(None)


@pytest.mark.parametrize(
    ("model", "left_open"),
    [({}, True), ({"model": {"hidden": [2]}}, True), ({"model": "ann"}, False), ({"model": {"type": "ann"}}, False)],
)
def test_a_model_that_nobody_names_is_left_to_data_that_proposes_one(model: dict[str, Any], left_open: bool) -> None:
    sections = {"data": {"type": "table", "train": "x.csv"}, "optimizer": {"beta2": 0.5}, **model}
    found = check(sections)
    assert found.open == (sections if left_open else None) and (found.model == {}) is left_open
    if "hidden" not in model.get("model", ()):
        return
    with pytest.raises(pl.ConfigError, match=r"model\.type: missing"):
        check({**sections, "data": "iris"})

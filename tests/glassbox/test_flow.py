"""The picture of a network follows what is given to whom, and what an objective prepares stands before the model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.glassbox.page.export import Export

from tests.glassbox import every


def flow(exported: dict[str, Any], path: str) -> list[list[str]]:
    """The columns of a container, by the last names of what stands in them."""
    calls = exported["calls"]
    (found,) = [call for call in calls if call["path"] == path]
    return [[calls[i]["path"].removeprefix(f"{path}.") for i in column] for column in found["columns"]]


def exported(name: str, kind: str = "layer") -> dict[str, Any]:
    case = next(case for case in every.cases(name, "float32") if case.kind == kind)
    return Export(case.trainer.trace_step(*case.batch)).data


def test_one_after_another_also_where_a_layer_gives_on_what_it_is_given() -> None:
    model = pl.build(pl.Sequential([pl.Flatten(), pl.Dense(4), pl.Dropout(0.5), pl.Dense(2)]), input_shape=(3,), seed=1)
    trace = pl.Trainer(model, loss="mse", seed=1).trace_step(np.ones((4, 3)), np.ones((4, 2)))
    data = Export(trace).data
    assert flow(data, "model") == [["layers.0"], ["layers.1"], ["layers.2"], ["layers.3"]]
    assert flow(data, "objective") == [["model"], ["loss"]]


@pytest.mark.parametrize(
    ("name", "path", "columns"),
    [
        ("core/parallel", "inner", [["layers.0", "layers.1"]]),
        ("vae/gaussian_head", "inner", [["mean", "log_std"]]),
        ("cnn/residual_block", "inner", [["first"], ["second"]]),
    ],
)
def test_side_by_side_where_none_waits_for_another(name: str, path: str, columns: list[list[str]]) -> None:
    assert flow(exported(name), path) == columns


def test_what_a_denoiser_does_and_what_its_objective_draws_before() -> None:
    data = exported("diffusion/denoise", "objective")
    steps, names = data["steps"], [quantity["name"] for quantity in data["quantities"]]
    phases = [step["phase"] for step in steps]
    assert phases == sorted(phases, key=["data", "forward", "loss", "backward", "update"].index)
    told = {(step["phase"], step["title"]): {names[i] for i in step["names"]} for step in steps}
    before, after = told["data", "objective · Denoise"], told["loss", "objective · Denoise"]
    assert {"objective.drawn.t", "objective.drawn.noise", "model.x0", "objective.signal"} <= before
    assert "loss" in after and not before & after


def test_within_a_denoiser() -> None:
    data = exported("diffusion/mlp_denoiser", "model")
    (told,) = [call["path"] for call in data["calls"] if call["type"] == "Embedding"]
    outer = told.rpartition(".")[0]
    assert flow(data, told)[:2] == [["first", "labels"], ["second"]] or flow(data, told) == [["first"], ["second"]]
    assert flow(data, outer)[0] == ["told", "entry"] and flow(data, outer)[-1] == ["exit"]
    assert flow(data, f"{outer}.middle.0") == [["norm", "factor", "shift"], ["inner"], ["outer"]]
    (block,) = [i for i, call in enumerate(data["calls"]) if call["path"] == f"{outer}.middle.0"]
    names = [quantity["name"] for quantity in data["quantities"]]
    own = [names[i] for step in data["steps"] if step["call"] == block for i in step["names"]]
    assert not any(name.endswith((".weight", ".bias")) for name in own)  # they are with the layers that have them

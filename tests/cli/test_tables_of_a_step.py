"""The table of a step that pellucid trace prints: its phases, its figures, a number to ask about."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.errors import PellucidError
from pellucid.workbench.cli.commands import trace
from pellucid.workbench.cli.commands.why import as_data

FIGURES = ("mean", "rms", "min", "max")


def row(
    name: str, phase: str, shape: list[int], origin: str = "recorded", mean: float | None = 0.12345
) -> dict[str, Any]:
    return {"name": name, "phase": phase, "shape": shape, "origin": origin, **dict.fromkeys(FIGURES, mean)}


def test_a_step_in_a_table_for_each_of_its_phases() -> None:
    rows = [
        row("loss", "loss", [], mean=1234567.0), row("a.z", "forward", [12, 3, 45]),
        row("b", "forward", [2], "equation", None), row("c", "before", [0, 2], "drawn"), row("lr", "update", [], "set"),
    ]  # fmt: skip
    assert list(trace._lines(rows)) == [
        "\nbefore      shape       mean      RMS       min       max",
        "c             0x2      0.123    0.123     0.123     0.123  drawn",
        "\nforward     shape       mean      RMS       min       max",
        "a.z       12x3x45      0.123    0.123     0.123     0.123",
        "b               2          -        -         -         -  by its equation",
        "\nloss        shape       mean      RMS       min       max",
        "loss            1   1.23e+06 1.23e+06  1.23e+06  1.23e+06",
        "\nupdate      shape       mean      RMS       min       max",
        "lr              1      0.123    0.123     0.123     0.123  set", "",
    ]  # fmt: skip


def test_a_number_to_ask_about() -> None:
    grads = [row("w.grad", "backward", [0, 3]), row("b.grad", "backward", [4, 5])]
    assert trace._example([row("x", "before", [2]), *grads]) == "b.grad[0,0]"
    assert (
        trace._example([row("x", "before", [2, 3, 1])]) == "x[0,0,0]" and trace._example([row("l", "loss", [])]) == "l"
    )


def test_why_a_number_is_what_it_is_as_json_has_it() -> None:
    x = np.array([[1.0, -2.0], [0.5, 3.0]])
    model = pl.build("dense", units=1, input_shape=(2,), seed=0, dtype="float64")
    (w, v), b = model.weight.data[:, 0].tolist(), float(model.bias.data[0])
    traced = pl.Trainer(model, loss="mse", seed=0).trace_step(x, x[:, :1])
    told, given = as_data(traced.why("model.z", (1, 0))), as_data(traced.why("x", (1, 0)))
    assert (told["name"], told["cell"], told["value"]) == ("model.z", [1, 0], pytest.approx(0.5 * w + 3.0 * v + b))
    assert set(told["equation"]) == {"of", "latex", "python"} and told["equation"]["of"] == "z"
    assert [term["value"] for term in told["terms"]] == pytest.approx([0.5 * w, 3.0 * v, b])
    assert told["total"] == pytest.approx(told["value"]) and told["measured"] is False
    assert {"name": "weight", "cell": [1, 0]} in [
        {"name": each["name"].rpartition(".")[2], "cell": each["cell"]} for each in told["parents"]
    ]
    assert given["equation"] is None and given["value"] == 0.5 and given["parents"] == []


@pytest.mark.parametrize(
    ("name", "kind", "of", "phase"),
    [
        ("w.new", None, "", "update"), ("lr.rate", None, "", "update"), ("norm.asked", None, "", "update"),
        ("x", None, "", "before"), ("w.grad", "optimizer", "", "backward"), ("w.new", "trainer", "", "update"),
        ("l.dz", "layer", "dz", "backward"), ("l.z", "layer", "z", "forward"),
        ("l.drawn.mask", "layer", "d", "forward"),
        ("drop.drawn.m", "layer", "dm", "forward"), ("w.grad", "layer", "", "backward"),
        ("loss.dy", "loss", "", "backward"), ("loss", "loss", "l", "loss"), ("t", "transform", "y", "forward"),
        ("r", "regularizer", "r", "update"), ("s", "schedule", "f", "update"),
    ],
)  # fmt: skip
def test_in_which_part_of_a_step_something_came_to_be(name: str, kind: str | None, of: str, phase: str) -> None:
    call = None if kind is None else SimpleNamespace(kind=kind)
    quantity: Any = SimpleNamespace(name=name, call=call, of=of)
    assert trace.phase(quantity) == phase  # random numbers are no derivatives, whatever they are called


def test_figures_of_a_quantity() -> None:
    arrays = {"a": np.array([[3.0, -4.0]], np.float32), "e": np.zeros((0, 2)), "s": np.array(["x"])}
    arrays["b"] = np.array(True)

    arrays = {"a": np.array([[3.0, -4.0]], np.float32), "e": np.zeros((0, 2)), "s": np.array(["x"])}
    arrays["b"] = np.array(True)

    class Step:
        def quantity(self, name: str) -> Any:
            return SimpleNamespace(name=name, call=None, of="", origin="given", same=None)

        def __getitem__(self, name: str) -> Any:
            if name == "none":
                raise PellucidError("an equation that cannot be computed")
            return arrays[name]

    step: Any = Step()
    told = {name: list(trace.figures(step, name).values())[4:] for name in ("a", "e", "s", "b", "none")}
    assert told["a"] == [[1, 2], "float32", -0.5, pytest.approx(12.5**0.5), -4.0, 3.0]
    assert told["e"] == [[0, 2], "float64", None, None, None, None]
    assert told["s"] == [[1], "<U1", None, None, None, None] and told["b"] == [[], "bool", 1.0, 1.0, 1.0, 1.0]
    assert told["none"] == [[0], "float64", None, None, None, None]

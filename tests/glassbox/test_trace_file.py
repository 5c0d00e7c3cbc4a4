"""A trace in a file comes back equal to the bit; a file that was tampered with gives one clear error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.glassbox.record.quantity import Call

from tests.glassbox.nets import made
from tests.saving.support import edited


def _small(tmp_path: Path, **options: Any) -> tuple[pl.Trace, Path]:
    rng = np.random.default_rng(0)
    model = pl.build("ann", input_shape=(4,), hidden=[5], outputs=3, seed=1, backend="reference")
    trainer = pl.Trainer(model, loss="softmax_cross_entropy", seed=3, clip_norm=0.5, **options)
    trace = trainer.trace_step(rng.normal(size=(6, 4)), rng.integers(0, 3, 6))
    path = tmp_path / "step.safetensors"
    trace.save(path)
    return trace, path


def _equal(one: pl.Trace, other: pl.Trace, *, registered: bool = True) -> None:
    assert one.names() == other.names()
    for name in one.names():
        a, b = one.quantity(name), other.quantity(name)
        assert (a.name, a.of, a.origin) == (b.name, b.of, b.origin)
        if one[name].dtype == object:  # a state that is not carried
            continue
        assert one[name].tobytes() == other[name].tobytes() and one[name].dtype == other[name].dtype, name
        assert one[name].shape == other[name].shape
        assert (a.call is None) == (b.call is None)
        if a.call is not None and b.call is not None:
            _equal_calls(a.call, b.call, registered)
    assert [call.path for call in one.calls] == [call.path for call in other.calls]
    for first, second in zip(one.calls, other.calls, strict=True):
        for a_call, b_call in zip(first.within(), second.within(), strict=True):
            _equal_calls(a_call, b_call, registered)


def _equal_calls(a: Call, b: Call, registered: bool) -> None:
    for name in ("path", "kind", "pattern", "number", "micro", "training", "place", "given", "made", "groups"):
        assert getattr(a, name) == getattr(b, name)
    if registered or b.component is not None:
        assert a.equations == b.equations
        assert a.values.keys() == b.values.keys()
        for key, value in a.values.items():
            if isinstance(value, np.ndarray):
                assert np.array_equal(value, b.values[key]) and value.dtype == b.values[key].dtype
            elif not callable(value) and key != "process":  # an object of the component's own
                assert value == b.values[key] and type(value) is type(b.values[key])


@pytest.mark.parametrize("seed", range(12))
def test_a_trace_comes_back_equal_to_the_bit(seed: int, tmp_path: Path) -> None:
    _, trainer, batch = made(seed, schedule={"type": "cosine", "warmup": 3, "steps": 20} if seed % 2 else None)
    trainer.train_step(*batch[:2], weight=batch[2])
    trace = trainer.trace_step(*batch[:2], weight=batch[2])
    path = tmp_path / "step.safetensors"
    trace.save(path)
    again = pl.load_trace(path)
    _equal(trace, again, registered=False)
    content = path.read_bytes()
    trace.save(path)  # all has been looked at, so what equations give has been computed by now
    assert path.read_bytes() == content
    again.save(path)
    twice = pl.load_trace(path)
    _equal(again, twice, registered=False)


@pytest.mark.parametrize("model", ["vae", "lenet", "recurrent_network", "mlp_denoiser"])
def test_so_does_one_of_an_architecture(model: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x: Any = rng.uniform(size=(3, 6))
    options: dict[str, Any] = {"input_shape": (6,), "latent": 2, "hidden": [5]}
    if model == "lenet":
        x, options = rng.uniform(size=(3, 14, 14, 1)), {"input_shape": (14, 14, 1), "outputs": 3}
    elif model == "recurrent_network":
        x, options = rng.normal(size=(3, 5, 6)), {"input_shape": (5, 6), "outputs": 3}
    elif model == "mlp_denoiser":
        x, options = x[:, :2], {"input_shape": [(2,), ()]}
    supervised = model in ("lenet", "recurrent_network")
    trainer = pl.Trainer(
        pl.build(model, seed=1, **options), loss="softmax_cross_entropy" if supervised else None, seed=2
    )
    trace = trainer.trace_step(x, np.arange(3) if supervised else None)
    trace.save(tmp_path / "step.safetensors")
    _equal(trace, pl.load_trace(tmp_path / "step.safetensors"))


def test_a_prediction_and_a_choice_of_quantities_come_back(tmp_path: Path) -> None:
    model = pl.build("ann", input_shape=(4,), hidden=[5], outputs=3, seed=1, backend="reference")
    path = tmp_path / "trace.safetensors"
    for trace in (model.trace(np.ones((2, 4))), model.trace(np.ones((2, 4)), keep="layers.0.*")):
        trace.save(path)
        _equal(trace, pl.load_trace(path))


def test_of_a_class_that_is_not_registered_the_numbers_come_back_and_why_there_are_no_equations(tmp_path: Path) -> None:
    class Twice(pl.Layer):
        equations = (
            pl.Equation("h", "h = x", "x + 0.0"),
            pl.Equation("y", "y = 2h", "2 * h"),
            pl.Equation("dx", "2 dy", "2 * dy"),
        )

        def output_shape(self, *shapes: Any) -> Any:
            return shapes[0]

        def forward(self, ctx: Any, x: Any) -> Any:
            return 2 * x

        def backward(self, ctx: Any, dy: Any) -> Any:
            return 2 * dy

    model = pl.build(pl.Sequential([pl.Dense(3), Twice()]), input_shape=(4,), seed=1, backend="reference")
    trace = model.trace(np.ones((2, 4)))
    trace.save(tmp_path / "trace.safetensors")
    again = pl.load_trace(tmp_path / "trace.safetensors")
    _equal(trace, again, registered=False)
    call = next(c for top in again.calls for c in top.within() if c.path == "layers.1")
    assert call.component is None and call.equations == () and "Twice is not registered" in call.without


def test_what_an_equation_gives_needs_the_component_that_has_it(tmp_path: Path) -> None:
    _, path = _small(tmp_path)

    def edit(document: dict[str, Any]) -> None:
        for row in document["components"]:
            if row["class"] == "Dense":
                row["config"]["type"] = "acme/dense"

    trace = pl.load_trace(edited(path, edit))
    assert trace["layers.1.y"].shape == (6, 5)
    with pytest.raises(pl.DataError, match=r"'layers.1.z' is what an equation gives.*Dense cannot be made here"):
        trace["layers.1.z"]


def test_every_flipped_byte_is_noticed(tmp_path: Path) -> None:
    _, path = _small(tmp_path)
    whole = path.read_bytes()
    for i in [*range(0, len(whole), 97), len(whole) - 1]:
        path.write_bytes(whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :])
        with pytest.raises(pl.CheckpointError):
            pl.load_trace(path)
    for size in (0, 7, 9, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(pl.CheckpointError, match=r"truncated|not JSON"):
            pl.load_trace(path)


def test_other_files_are_no_traces(tmp_path: Path) -> None:
    _, path = _small(tmp_path)
    with pytest.raises(
        pl.CheckpointError, match=r"must hold a model. Received: a trace. Load it with pellucid.load_trace"
    ):
        pl.load(path)
    model = tmp_path / "model.safetensors"
    pl.save(pl.build("dense", units=1, input_shape=(1,), seed=0, backend="reference"), model)
    with pytest.raises(pl.CheckpointError, match=r"must hold a trace. Received: a model. Load it with pellucid.load"):
        pl.load_trace(model)


def _evil(document: dict[str, Any], what: str) -> None:
    calls, quantities, setting = document["calls"], document["quantities"], document["setting"]
    names = {row[0]: row for row in quantities}
    layer = next(call for call in calls if call["path"] == "layers.1")
    if what == "cycle of calls":
        calls[0]["parent"] = len(calls) - 1
    elif what == "own parent":
        calls[1]["parent"] = 1
    elif what == "a million calls":
        calls.extend(calls[:1] * 100_001)
    elif what == "depth":
        calls.extend({**calls[0], "parent": len(calls) - 1 + i} for i in range(300))
    elif what == "cycle of quantities":
        names["layers.1.z"][3] = names["layers.1.weight.grad"][3]
        names["layers.1.weight.grad"][2:] = ["equation", calls.index(layer), None, False]
        layer["given"]["loop"] = "layers.1.weight.grad"
        names["layers.1.z"][3] = calls.index(layer)
        layer["given"]["z"] = "layers.1.z"
    elif what == "same as a later one":
        quantities[0][4:] = [quantities[-1][0], False]
    elif what == "a name that leads nowhere":
        quantities[0][4:] = ["layers.9.weight", False]
    elif what == "no array":
        quantities[0][5] = False
    elif what == "twice":
        quantities.append(quantities[0])
    elif what == "no call":
        names["layers.1.z"][3] = 10_000
    elif what == "no component":
        layer["component"] = 99
    elif what == "code":
        layer["values"]["np"] = {"json": "import os"}
    elif what == "builtins":
        layer["given"]["__builtins__"] = "x"
    elif what == "format":
        layer["pattern"] = "{0.__class__}"
    elif what == "huge zeros":
        layer["values"]["big"] = {"zeros": [10**6, 10**6], "dtype": "float64"}
    elif what == "objects":
        layer["values"]["big"] = {"zeros": [1], "dtype": "O"}
    elif what == "kind":
        document["components"][0]["kind"] = "callback"
    elif what == "step":
        setting["step"] = -1
    elif what == "sizes":
        setting["sizes"] = "many"
    elif what == "row":
        quantities[3] = {"name": "x"}
    elif what == "activation":
        layer["values"]["f"] = {"activation": "no_such"}


@pytest.mark.parametrize("what", [
    "cycle of calls", "own parent", "a million calls", "depth", "cycle of quantities", "same as a later one",
    "no array", "a name that leads nowhere", "twice", "no call", "no component", "code", "builtins", "format",
    "huge zeros", "objects", "kind", "step", "sizes", "row", "activation",
])  # fmt: skip
def test_a_forger_gets_one_clear_error(what: str, tmp_path: Path) -> None:
    _, path = _small(tmp_path)
    with pytest.raises(pl.CheckpointError) as caught:
        pl.load_trace(edited(path, lambda document: _evil(document, what)))
    assert str(path) in str(caught.value)


def test_a_file_that_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    trace, path = _small(tmp_path)
    with pytest.raises(pl.CheckpointError, match="folder"):
        trace.save(tmp_path / "none" / "step.safetensors")
    assert pl.load_trace(path).names() == trace.names()

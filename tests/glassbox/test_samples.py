"""What the rows of a batch contribute adds up to the gradient and to the loss."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.glassbox.prove import samples
from pellucid.glassbox.tracing import Tracing

from tests.glassbox.every import cases
from tests.glassbox.nets import made

QUICK, ALL = range(5), range(5, 224)


def _network(dtype: str = "float64", **options: Any) -> tuple[Any, Any]:
    """Layers that do not mix rows: one with shared weights, one used twice."""
    shared = pl.Dense(4, "tanh")
    model = pl.build(pl.Sequential([shared, pl.Dense(4, "gelu"), shared, pl.Dense(3)]), input_shape=(4,), seed=1,
                     dtype=dtype)  # fmt: skip
    return model, pl.Trainer(model, **{"loss": "softmax_cross_entropy", "seed": 2, **options})


def _batch(rows: int = 7) -> tuple[Any, Any]:
    rng = np.random.default_rng(8)
    return rng.normal(size=(rows, 4)), rng.integers(0, 3, rows)


def _add_up(trace: Any, tolerance: float) -> None:
    for name in trace.names():
        if name.endswith(".grad"):
            found = trace.samples(name)
            assert found.shape == (sum(trace.setting.sizes), *trace[name].shape)
            size = np.abs(found).sum(axis=0).max(initial=1e-3)
            assert np.abs(found.sum(axis=0) - trace[name]).max(initial=0.0) <= tolerance * size, name


@pytest.mark.parametrize("seed", QUICK)
def test_the_sum_over_samples_is_the_gradient(seed: int) -> None:
    _, trainer, (x, y, weight) = made(seed, "float64")
    for _ in range(2):
        trace = trainer.trace_step(x, y, weight=weight)
    _add_up(trace, 1e-12)
    loss = trace.samples("loss")
    assert loss.shape == (len(x),)
    assert loss.sum() == pytest.approx(float(trace["loss"]), abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("seed", ALL)
def test_of_many_networks_the_sum_over_samples_is_the_gradient(seed: int) -> None:
    _, trainer, (x, y, weight) = made(seed)
    _add_up(trainer.trace_step(x, y, weight=weight), 1e-4)


@pytest.mark.filterwarnings(r"ignore:The \w+ schedule does not know")
@pytest.mark.slow
def test_of_every_component_the_sum_over_samples_is_the_gradient() -> None:
    for case in cases():
        _add_up(case.trainer.trace_step(*case.batch), 1e-11)


def test_each_is_what_a_backward_of_that_sample_gives() -> None:
    x, y = _batch()
    trace = _network()[1].trace_step(x, y)
    for n in range(len(x)):
        alone = _network()[1].trace_step(x[n : n + 1], y[n : n + 1])
        for name in [name for name in trace.names() if name.endswith(".grad")]:
            assert np.allclose(trace.samples(name)[n] * len(x), alone[name], rtol=0, atol=1e-13), name
        assert trace.samples("loss")[n] * len(x) == pytest.approx(float(alone["loss"]), abs=1e-13)


def test_with_weights_each_counts_by_its_own() -> None:
    x, y = _batch()
    weight = np.array([1.0, 0.0, 2.0, 0.5, 1.0, 3.0, 0.25])
    trace = _network()[1].trace_step(x, y, weight=weight)
    _add_up(trace, 1e-13)
    for n in range(len(x)):
        alone = _network()[1].trace_step(x[n : n + 1], y[n : n + 1])
        share = weight[n] / weight.sum()
        assert np.allclose(trace.samples("layers.1.weight.grad")[n], share * alone["layers.1.weight.grad"], atol=1e-13)
        assert trace.samples("loss")[n] == pytest.approx(share * float(alone["loss"]), abs=1e-13)
    assert not trace.samples("layers.0.weight.grad")[1].any()


@pytest.mark.parametrize("weighted", [False, True])
def test_rows_count_on_through_micro_batches(weighted: bool) -> None:
    x, y = _batch(11)
    weight = np.linspace(0.5, 2.0, 11) if weighted else None
    traces: list[Any] = []

    class Look(pl.Callback):
        def on_run_start(self, run: pl.Run) -> None:
            run.on_trace(Tracing().opener(run.trainer, traces.append))

    _, trainer = _network(accumulate=3, callbacks=[Look()])
    trainer.fit(x, y, batch_size=4, sample_weight=weight)
    (trace,) = traces
    assert trace.setting.sizes == (4, 4, 3)
    rows = np.concatenate([trace["rows"], trace["micro.2.rows"], trace["micro.3.rows"]])
    assert sorted(rows) == list(range(11))
    _add_up(trace, 1e-12)
    weights = np.ones(11) if weight is None else weight[rows]
    for n, row in enumerate(rows):
        alone = _network()[1].trace_step(x[row : row + 1], y[row : row + 1])
        share = weights[n] / weights.sum()
        assert np.allclose(trace.samples("layers.3.weight.grad")[n], share * alone["layers.3.weight.grad"], atol=1e-13)
        assert trace.samples("loss")[n] == pytest.approx(share * float(alone["loss"]), abs=1e-13)


def test_parts_of_an_objective_have_samples_too() -> None:
    model = pl.build("vae", latent=2, hidden=[5], input_shape=(6,), seed=1, dtype="float64")
    trace = pl.Trainer(model, seed=2).trace_step(np.random.default_rng(3).uniform(size=(5, 6)))
    parts = [name for name in trace.names() if name.startswith("loss.") and trace[name].ndim == 0]
    assert parts
    for name in ("loss", *parts):
        found = trace.samples(name)
        assert found.shape == (5,)
        assert found.sum() == pytest.approx(float(trace[name]), abs=1e-12)
    _add_up(trace, 1e-12)


def test_sequences_count_by_their_words() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, (5, 4))
    y[1, 2:] = y[3] = -1
    model = pl.build(pl.Dense(3), input_shape=(4, 2), seed=1, dtype="float64")
    trainer = pl.Trainer(model, loss={"type": "softmax_cross_entropy", "ignore": -1}, seed=2)
    trace = trainer.trace_step(rng.normal(size=(5, 4, 2)), y)
    loss = trace.samples("loss")
    assert loss[3] == 0.0
    assert loss.sum() == pytest.approx(float(trace["loss"]), abs=1e-12)
    _add_up(trace, 1e-12)


def test_contributions_to_a_model_of_float32_are_computed_in_float64() -> None:
    rng = np.random.default_rng(5)
    model = pl.build(pl.Dense(3), input_shape=(4,), seed=1)
    trace = pl.Trainer(model, loss="mse", seed=2).trace_step(rng.normal(size=(6, 4)), rng.normal(size=(6, 3)))
    x, dy = trace["model.x"].astype(np.float64), trace["model.dy"].astype(np.float64)
    found = trace.samples("weight.grad")
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, x[:, :, None] * dy[:, None, :], rtol=1e-14, atol=0)
    np.testing.assert_allclose(trace.samples("bias.grad"), dy, rtol=1e-14, atol=0)


def test_how_much_memory_the_contributions_take_is_asked_before(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(samples, "check_memory", lambda *words: asked.append(words))
    trace = _network("float32")[1].trace_step(*_batch(7))
    trace.samples("layers.3.weight.grad")
    what = "What each of 7 rows has contributed to 'layers.3.weight.grad', 84 numbers,"
    assert asked == [(8 * 7 * 4 * 3, what, "Trace fewer rows.", pl.DataError)]


class Table(pl.Layer):
    """The rows of a table that whole numbers name."""

    integer_inputs = (0,)

    def build(self, shape: Any) -> None:
        self.table = self.param("table", (5, 2), init="ones")

    def output_shape(self, shape: Any) -> Any:
        return (*shape, 2)

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.x = x
        return self.table.data[x]

    def backward(self, ctx: Any, dy: Any) -> Any:
        np.add.at(self.table.grad, ctx.x, dy)
        return None


def test_what_whole_numbers_name_has_contributed_to_its_own_row() -> None:
    x, y = np.array([[0, 4], [4, 4], [2, 0]]), np.random.default_rng(0).normal(size=(3, 2, 2))
    trace = pl.Trainer(pl.build(Table(), input_shape=(2,), seed=0), loss="mse", seed=0).trace_step(x, y)
    expected = np.zeros((3, 5, 2))
    for n, k in np.ndindex(x.shape):
        expected[n, x[n, k]] += trace["model.dy"][n, k]
    np.testing.assert_allclose(trace.samples("table.grad"), expected, rtol=1e-14, atol=0)


def test_what_has_no_samples_is_said() -> None:
    model, trainer, (x, y, weight) = made(2)
    trace = trainer.trace_step(x, y, weight=weight)
    with pytest.raises(pl.DataError, match=r"Received: 'lose'\. Did you mean 'loss'"):
        trace.samples("lose")
    with pytest.raises(pl.DataError, match=r"Received: 3\. Here these are loss"):
        trace.samples(3)
    with pytest.raises(pl.DataError, match="Trace a step"):
        model.trace(x).samples("loss")


def test_rows_that_are_none_of_the_batch_are_refused() -> None:
    class Mean(pl.Objective):
        """The model sees two rows for each sample, all that there are, and twice of each."""

        def forward(self, ctx: Any, model: Any, batch: Any) -> Any:
            (x,) = batch.inputs
            y = model.forward(ctx.child("model"), np.concatenate([x, -x]))
            ctx.y, ctx.count = y, len(batch)
            return ctx.ops.asarray(np.float64(np.sum(y**2)))

        def backward(self, ctx: Any, model: Any) -> None:
            model.backward(ctx.child("model"), 2 * ctx.y)

    model = pl.build(pl.Dense(2), input_shape=(3,), seed=1, dtype="float64")
    trace = pl.Trainer(model, objective=Mean(), seed=2).trace_step(np.ones((4, 3)))
    with pytest.raises(pl.DataError, match="no sum over the rows of the batch"):
        trace.samples("weight.grad")
    with pytest.raises(pl.ConfigError, match="its objective takes none"):
        trace.samples("loss")
    assert trace.certify(20).passed

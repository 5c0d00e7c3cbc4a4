"""Steps that are left out, and states that are carried over: what they promise, held against whole sequences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import ConfigError, ShapeError

CELLS = ("rnn", "gru", "lstm")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 8, 3))
LENGTHS = np.array([8, 5, 1, 3, 8, 2])
MASK = np.arange(8) < LENGTHS[:, None]


def built(cell: str, shapes: Any, **arguments: Any) -> Any:
    return pl.build({"type": f"recurrent/{cell}", "units": 4, **arguments}, input_shape=shapes, seed=2, dtype="float64")


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("backwards", [False, True])
def test_padding_that_is_masked_is_as_if_it_were_not_there(cell: str, backwards: bool) -> None:
    """Each row alone, at its own length, has the outputs and gradients that it has among padded ones."""
    masked = built(cell, [(None, 3), (None,)], backwards=backwards, return_sequences=False)
    alone = built(cell, (None, 3), backwards=backwards, return_sequences=False)
    dy = RNG.normal(size=(6, 4))
    ctx = pl.Context(masked.runtime.ops, training=True, dtype="float64")
    y = masked.forward(ctx, X, MASK).copy()
    dx, nothing = masked.backward(ctx, dy)
    assert nothing is None and not dx[~MASK].any()
    for n, length in enumerate(LENGTHS):
        own = pl.Context(alone.runtime.ops, training=True, dtype="float64")
        np.testing.assert_allclose(alone.forward(own, X[n : n + 1, :length])[0], y[n], atol=1e-14)
        np.testing.assert_allclose(alone.backward(own, dy[n : n + 1])[0], dx[n, :length], atol=1e-14)
    for a, b in zip(masked.parameters(), alone.parameters(), strict=True):
        np.testing.assert_allclose(a.grad, b.grad, atol=1e-13)


def still(model: Any, **options: Any) -> Any:
    """A trainer that changes nothing but states."""
    return pl.Trainer(model, loss="mse", optimizer={"type": "sgd", "lr": 1e-30}, seed=0, **options)


def states(model: Any) -> list[Any]:
    return [state.data.copy() for state in model.states()]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("accumulate", [1, 3])
def test_the_state_of_a_row_goes_on_in_the_next_batch(cell: str, accumulate: int) -> None:
    """Two halves of a sequence, one step each, end where the whole does; with micro-batches likewise."""
    model = built(cell, (4, 3), carry=6, return_sequences=False)
    whole = built(cell, (8, 3), return_sequences=False)
    trainer, y = still(model, accumulate=accumulate), np.zeros((6, 4))
    for half in (X[:, :4], X[:, 4:]):
        if accumulate == 1:
            trainer.train_step(half, y)
        else:  # the rows of a step in their order
            ctx = trainer._stepper.ctx
            for k in range(accumulate):
                ctx.begin(0, 0, micro=k, row_offset=2 * k)
                child = ctx.twin()
                model.forward(child, half[2 * k : 2 * k + 2])
            ctx.commit()
    np.testing.assert_allclose(states(model)[0], whole.predict(X), atol=1e-14)


def test_begins_starts_a_row_anew_and_evaluation_starts_all() -> None:
    model = built("lstm", [(4, 3), ()], carry=6, return_sequences=False)
    plain = built("lstm", (4, 3), return_sequences=False)
    trainer, y = still(model), np.zeros((6, 4))
    begins = np.array([True, False, True, False, False, True])
    trainer.train_step((X[:, :4], np.ones(6, bool)), y)
    before = states(model)[0]
    np.testing.assert_allclose(model.predict((X[:, 4:], np.zeros(6, bool))), plain.predict(X[:, 4:]), atol=1e-14)
    assert (states(model)[0] == before).all()
    trainer.train_step((X[:, 4:], begins), y)
    whole = built("lstm", (8, 3), return_sequences=False)
    wanted = np.where(begins[:, None], plain.predict(X[:, 4:]), whole.predict(X))
    np.testing.assert_allclose(states(model)[0], wanted, atol=1e-14)


def test_a_rejected_step_leaves_the_states_alone() -> None:
    model = built("gru", (4, 3), carry=6, return_sequences=False)
    trainer = still(model)
    trainer.train_step(X[:, :4], np.zeros((6, 4)))
    before = states(model)[0]
    with pytest.raises(pl.NumericalError):
        trainer.train_step(X[:, :4], np.full((6, 4), 1e300))
    assert (states(model)[0] == before).all() and before.any()


def test_states_are_saved_and_plans_carry_them(tmp_path: Any) -> None:
    """A recorded step carries as one that is not, and a saved model goes on where it stood."""
    found = []
    for backend in ("reference", "cython"):
        try:
            pl.get_ops(backend)
        except ConfigError:
            continue
        config = {"type": "recurrent/lstm", "units": 4, "carry": 6}
        model = pl.build(config, input_shape=(4, 3), seed=2, backend=backend)
        trainer = pl.Trainer(model, loss="mse", optimizer="sgd", seed=0)
        for _ in range(5):
            trainer.train_step(X[:, :4], np.zeros((6, 4, 4)))
        found.append(states(model))
        pl.save(model, tmp_path / "model.safetensors")
        again = pl.load(tmp_path / "model.safetensors")
        assert all((a == b).all() for a, b in zip(states(again), states(model), strict=True))
    for a, b in zip(found[0], found[-1], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_what_does_not_go_together_is_said() -> None:
    with pytest.raises(ConfigError, match="cannot carry a state over and go backwards"):
        pl.create("layer", "recurrent/rnn", units=3, carry=4, backwards=True)
    with pytest.raises(ShapeError, match="carries no state over"):
        built("gru", [(4, 3), ()])
    with pytest.raises(ShapeError, match=r"carries the state of 4 rows over.*rows 0 to 5"):
        still(built("gru", (4, 3), carry=4, return_sequences=False)).train_step(X[:, :4], np.zeros((6, 4)))
    with pytest.raises(ShapeError, match="needs at least one step"):
        built("gru", (None, 3)).predict(np.zeros((2, 0, 3)))


class Stop(pl.Callback):
    """Ends a run behind a step."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_run_start(self, run: Any) -> None:
        run.on_step(lambda run: run.stop("here") if run.step == self.step else None)


@pytest.mark.parametrize("accumulate", [1, 2])
def test_streams_go_on_to_the_bit_behind_any_step(accumulate: int) -> None:
    """What a run carries belongs to it: stopped in the middle of an epoch and continued it has the same bits."""
    x, y = RNG.normal(size=(400, 3)), RNG.integers(0, 2, 400)

    def trained(*stops: int) -> Any:
        layers = [{"type": "recurrent/lstm", "units": 5, "carry": 8}, {"type": "core/dense", "units": 2}]
        model = pl.build({"type": "stack", "layers": layers}, input_shape=[(6, 3), ()], seed=1)
        trainer = pl.Trainer(model, loss="softmax_cross_entropy", accumulate=accumulate, seed=0)
        for stop in (*stops, 0):
            trainer.callbacks[:] = [Stop(stop)]
            data = pl.Streams(x, y, side_by_side=8, steps=6)
            trainer.fit(data, epochs=2 - trainer.epochs, batch_size=8 // accumulate, verbose=False)
        return model

    whole, parts = trained(), trained(3, 11)
    assert whole.runtime.arena.data.tobytes() == parts.runtime.arena.data.tobytes()
    assert all((a == b).all() for a, b in zip(states(whole), states(parts), strict=True))

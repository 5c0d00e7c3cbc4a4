"""Sequences of different length: padding, masks, buckets in fit; labels that are ignored, weights of single steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import ConfigError, DataError
from pellucid.interfaces.rows import Subset

pytest.importorskip("pellucid_recurrent", reason="the layers that take masks are not installed")
RNG = np.random.default_rng(0)
LENGTHS = RNG.integers(1, 20, 60)
X = [RNG.normal(size=(length, 3)) for length in LENGTHS]
TAGS = [(x.cumsum(axis=0)[:, 0] > 0).astype(np.int64) for x in X]
VALUES = [x.cumsum(axis=0)[:, :2] for x in X]
WHOLE = np.array([int(x.sum() > 0) for x in X])


def network(each_step: bool = True, task: str = "classification", dtype: str = "float64", **how: Any) -> Any:
    config = {"type": "recurrent/recurrent_network", "outputs": 2, "hidden": [6], "cell": "gru", "task": task}
    shapes: Any = [(None, 3), (None,)]
    return pl.build({**config, "each_step": each_step, **how}, input_shape=shapes, seed=0, dtype=dtype)


def one_by_one(model: Any, loss: str, targets: list[Any]) -> tuple[float, Any]:
    """Σ over all steps of the loss, and its gradient, of each sequence alone; both by the number of steps."""
    objective, total, steps = pl.create("objective", "supervised", loss={"type": loss}), 0.0, sum(map(len, targets))
    grad = np.zeros(model.runtime.arena.grad.shape)
    for x, y in zip(X, targets, strict=True):
        ctx = pl.Context(model.runtime.ops, training=True, dtype="float64")
        batch = pl.Batch((x[None], np.ones((1, len(x)), bool)), y[None])
        model.runtime.arena.grad[:] = 0.0
        total += len(x) * float(objective.forward(ctx, model, batch))
        objective.backward(ctx, model)
        grad += len(x) * model.runtime.arena.grad
    model.runtime.arena.grad[:] = 0.0
    return total / steps, grad / steps


def first_step(trainer: pl.Trainer, data: Any, batch_size: int, **how: Any) -> tuple[float, Any]:
    """The loss and the gradient of one step."""
    seen: list[Any] = []

    class Look(pl.Callback):
        def on_run_start(self, run: Any) -> None:
            run.on_gradients(lambda segments: seen.append(trainer.runtime.arena.grad.copy()))

    trainer.callbacks.append(Look())
    trainer.fit(data, epochs=1, batch_size=batch_size, verbose=False, **how)
    return trainer.history.records[0]["loss"], seen[0]


@pytest.mark.parametrize("accumulate", [1, 4])
@pytest.mark.parametrize("kind", ["ignored label", "masked", "weights"])
def test_the_mean_is_over_steps_however_they_are_batched(kind: str, accumulate: int) -> None:
    """Padded or alone, in one batch or in micro-batches of different numbers of steps: one loss, one gradient."""
    values = kind == "masked"
    model = network(task="regression" if values else "classification")
    loss, targets = ("mse", VALUES) if values else ("softmax_cross_entropy", TAGS)
    wanted = one_by_one(model, loss, targets)
    how: dict[str, Any] = {"loss": {"type": loss, "ignore": -1}} if kind == "ignored label" else {"loss": loss}
    if values:
        how = {"objective": {"type": "masked", "loss": loss}}
    trainer = pl.Trainer(model, optimizer="sgd", accumulate=accumulate, seed=0, **how)
    data: Any = pl.Sequences(X, targets)
    given = {}
    if kind == "weights":  # arrays as they are, the labels behind the end any, and a weight for each step
        split = pl.Sequences(X, targets, ignore=0).take(np.arange(60))
        data, given = (split.x, split.y), {"sample_weight": split.x[1].astype(float)}
    value, grad = first_step(trainer, data, 60 // accumulate, **given)
    assert value == pytest.approx(wanted[0], abs=1e-12)
    np.testing.assert_allclose(grad, wanted[1], atol=1e-12)


@pytest.mark.parametrize("metric", ["accuracy", "rmse"])
def test_metrics_and_losses_of_an_evaluation_leave_padding_out(metric: str) -> None:
    values = metric == "rmse"
    model, targets = network(task="regression" if values else "classification"), VALUES if values else TAGS
    how: dict[str, Any] = {"objective": {"type": "masked", "loss": "mse"}} if values else {
        "loss": {"type": "softmax_cross_entropy", "ignore": -1}
    }  # fmt: skip
    figures = pl.Trainer(model, metrics=[metric], seed=0, **how).evaluate(pl.Sequences(X, targets), batch_size=7)
    outputs = [model.predict((x[None], np.ones((1, len(x)), bool)))[0] for x in X]
    loss, _ = one_by_one(model, "mse" if values else "softmax_cross_entropy", targets)
    assert figures["loss"] == pytest.approx(loss, abs=1e-12)
    flat, wanted = np.concatenate(outputs), np.concatenate(targets)
    right = np.sqrt(((flat - wanted) ** 2).mean()) if values else (flat.argmax(axis=1) == wanted).mean()
    assert figures[metric] == pytest.approx(right, abs=1e-12)


def test_sequences_are_learned_whole_and_a_run_goes_on_to_the_bit() -> None:
    def trained(*parts: int) -> pl.Trainer:
        model = network(each_step=False, both_ways=True, dtype="float32")
        adam = {"type": "adam", "lr": 0.02}
        trainer = pl.Trainer(model, optimizer=adam, metrics=["accuracy"], sampler="by_length", seed=0)
        for epochs in parts:
            trainer.fit(pl.Sequences(X, WHOLE), epochs=epochs, batch_size=10, verbose=False)
        return trainer

    trainer = trained(40)
    assert trainer.evaluate(pl.Sequences(X, WHOLE))["accuracy"] == 1.0
    assert trained(15, 25).runtime.arena.data.tobytes() == trainer.runtime.arena.data.tobytes()


def two_heads() -> Any:
    """Labels (N, T, 2) and values (N, T, 2) of each step, by name."""
    heads = {"type": "parallel", "join": "apart", "layers": [{"type": "dense", "units": 2}] * 2}
    config = {"type": "stack", "layers": [{"type": "recurrent/gru", "units": 6}, heads]}
    return pl.build(config, input_shape=[(None, 3), (None,)], seed=0, dtype="float64")


def test_several_targets_are_padded_each_in_its_way_and_weights_with_them() -> None:
    """Weights of steps leave the padding out of losses that know no label to ignore: the same as one by one."""
    weight = [np.linspace(0.5, 1.0, length) for length in LENGTHS]
    data = pl.Sequences(X, {"tag": TAGS, "value": VALUES}, weight=weight)
    got, rows = data.take(np.array([3, 7])), np.array([3, 7])
    assert got.y["value"].shape == (2, got.x[1].shape[1], 2) and (got.y["tag"][~got.x[1]] == -1).all()
    w = data.weights(rows)
    assert w is not None and not w[~got.x[1]].any() and (w[1, : LENGTHS[7]] == weight[7]).all()

    losses = {"tag": {"type": "softmax_cross_entropy", "ignore": -1}, "value": "mse"}
    objective: Any = pl.create("objective", "several_losses", losses=losses)
    model = two_heads()
    sums = np.zeros(2)
    for x, tag, value, each in zip(X, TAGS, VALUES, weight, strict=True):
        ctx = pl.Context(model.runtime.ops, training=True, dtype="float64")
        y = {"tag": tag[None], "value": value[None]}
        objective.forward(ctx, model, pl.Batch((x[None], np.ones((1, len(x)), bool)), y, each[None]))
        sums += [each.sum() * float(ctx.parts[name]) for name in ("tag", "value")]
    wanted = sums / sum(map(np.sum, weight))
    for given in (data, Subset(data, np.arange(60)[::-1])):
        trainer = pl.Trainer(two_heads(), loss=losses, metrics={"tag": "accuracy"}, accumulate=2, seed=0)
        trainer.fit(given, epochs=1, batch_size=30, verbose=False)
        record = trainer.history.records[0]
        np.testing.assert_allclose([record["tag"], record["value"]], wanted, atol=1e-12)
    found = trainer.evaluate(data)["tag_accuracy"]
    flat = np.concatenate([trainer.model.predict((x[None], np.ones((1, len(x)), bool)))[0][0] for x in X])
    assert found == pytest.approx((flat.argmax(axis=1) == np.concatenate(TAGS)).mean(), abs=1e-12)


def test_of_several_losses_those_of_steps_are_masked_in_training_evaluation_and_metrics() -> None:
    losses = {"tag": {"type": "softmax_cross_entropy", "ignore": -1}, "value": "mse"}
    objective = {"type": "several_losses", "losses": losses, "masked": ["value"]}
    data = pl.Sequences(X, {"tag": TAGS, "value": VALUES})
    trainer = pl.Trainer(two_heads(), objective=objective, metrics={"value": "rmse"}, seed=0)
    figures = trainer.evaluate(data, batch_size=7)
    outputs = [trainer.model.predict((x[None], np.ones((1, len(x)), bool)))[1][0] for x in X]
    errors = (np.concatenate(outputs) - np.concatenate(VALUES)) ** 2
    assert figures["value"] == pytest.approx(errors.mean(), abs=1e-12)
    assert figures["value_rmse"] == pytest.approx(np.sqrt(errors.mean()), abs=1e-12)
    trainer.fit(data, epochs=1, batch_size=60, verbose=False)
    assert trainer.history.records[0]["value"] == pytest.approx(errors.mean(), abs=1e-12)
    with pytest.raises(ConfigError, match=r"'masked' of SeveralLosses must be names of its losses, .*Received: values"):
        pl.create("objective", "several_losses", losses=losses, masked=["values"])
    whole: Any = {"type": "parallel", "join": "apart", "layers": [{"type": "dense", "units": 2}] * 2}
    plain = pl.Trainer(pl.build(whole, input_shape=(3,), seed=0), objective=objective, seed=0)
    with pytest.raises(ConfigError, match="SeveralLosses needs a model whose last input is a mask"):
        plain.train_step(X[0], {"tag": TAGS[0], "value": VALUES[0]})


def test_weights_of_whole_sequences_are_those_of_fit() -> None:
    weight = RNG.uniform(0.1, 2.0, 60)

    def trained(data: Any, **how: Any) -> bytes:
        trainer = pl.Trainer(network(each_step=False), loss="softmax_cross_entropy", seed=0)
        trainer.fit(data, epochs=2, batch_size=20, verbose=False, **how)
        return trainer.runtime.arena.data.tobytes()

    own = trained(pl.Sequences(X, WHOLE, weight=weight))
    assert own == trained(pl.Sequences(X, WHOLE), sample_weight=weight) != trained(pl.Sequences(X, WHOLE))
    with pytest.raises(ConfigError, match="Sequences has weights of its own"):
        trained(pl.Sequences(X, WHOLE, weight=weight), sample_weight=weight)


def test_batches_hold_what_is_alike_in_length() -> None:
    data = pl.Sequences(X, TAGS, multiple=4)
    sampler = pl.create("sampler", "by_length", pool=6)
    orders = [sampler.order(np.random.default_rng(seed), data, epoch=0, batch_size=8) for seed in (0, 1)]
    assert all(sorted(order) == list(range(60)) for order in orders) and (orders[0] != orders[1]).any()
    spread = [int(np.ptp(LENGTHS[order[i : i + 8]])) for order in orders for i in range(0, 56, 8)]
    assert np.mean(spread) < 4
    (x, mask), y = data.take(orders[0][:8]).x, data.take(orders[0][:8]).y
    assert x.shape == (8, mask.shape[1], 3) and mask.shape[1] % 4 == 0
    assert (mask.sum(axis=1) == LENGTHS[orders[0][:8]]).all() and (y[~mask] == -1).all() and not x[~mask].any()
    with pytest.raises(DataError, match=r"needs the length of every sample"):
        sampler.order(np.random.default_rng(0), pl.Split(X[0]), epoch=0, batch_size=2)


def test_what_is_yes_or_no_may_be_ignored_number_by_number() -> None:
    loss = pl.create("loss", "binary_cross_entropy", ignore=-1)
    z, t = RNG.normal(size=(3, 4)), np.array([[1, 0, -1, -1], [1, 1, 1, 0], [-1, -1, -1, 0]])
    ctx = pl.Context(pl.get_ops("reference"), dtype="float64")
    value, used = float(loss.forward(ctx, z, t)), t != -1
    p = 1 / (1 + np.exp(-z))
    assert value == pytest.approx(-np.log(np.where(t == 1, p, 1 - p))[used].mean(), abs=1e-14) and ctx.count == 7
    assert not loss.backward(ctx)[~used].any()
    assert float(loss.forward(ctx, z, np.full((3, 4), -1))) == 0.0 and ctx.count == 0


def test_long_sequences_go_on_row_by_row() -> None:
    """A carried state knows of what stood before the steps of a batch, which without it nobody can."""
    x = RNG.integers(0, 2, (4000, 1)).astype(float)
    y = np.roll(x[:, 0], 2).astype(np.int64)  # what stood two steps before: for half of the steps in the batch before
    streams = pl.Streams(x, y, side_by_side=8, steps=4)
    assert streams.rows == 1000
    seen = list(streams.batches(RNG, 0, 0, None))
    assert seen[0].x[1].all() and not seen[1].x[1].any()
    np.testing.assert_array_equal(seen[1].x[0][3], x[1500 + 4 : 1500 + 8])
    assert len(list(streams.batches(RNG, 0, 992, 8))) == 1

    def loss(carry: int) -> float:
        layer = {"type": "recurrent/gru", "units": 12, "carry": carry}
        shapes: Any = [(4, 1), ()] if carry else (4, 1)
        config = {"type": "stack", "layers": [layer, {"type": "dense", "units": 2}]}
        model = pl.build(config, input_shape=shapes, seed=0)
        data = pl.Streams(x, y, side_by_side=8, steps=4, begins=bool(carry))
        trainer = pl.Trainer(model, loss="softmax_cross_entropy", optimizer={"type": "adam", "lr": 0.02}, seed=0)
        history = trainer.fit(data, epochs=4, verbose=False)
        return float(history.records[-1]["loss"])

    assert loss(8) < 0.1 and loss(0) > 0.34  # ½ ln 2
    with pytest.raises(ConfigError, match=r"must be the 8 rows"):
        next(streams.batches(RNG, 0, 0, 32))


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(DataError, match=r"every array of x must have the shape \(T, 3\).*\(0, 3\) for sequence 1"):
        pl.Sequences([X[0], X[1][:0]])
    with pytest.raises(DataError, match=r"sequence 0 has \d+ steps and needs in y a target or weight for each"):
        pl.Sequences(X[:1], [TAGS[0][:-1] if len(TAGS[0]) > 1 else np.zeros(3, int)])
    with pytest.raises(DataError, match=r"a tuple is several targets, and this one has 60 arrays.*Sequences\(x, list"):
        pl.Sequences(X, tuple(TAGS))
    with pytest.raises(DataError, match=r"60 sequences need as many targets in y\['tag'\]. Received: 59"):
        pl.Sequences(X, {"tag": TAGS[1:]})
    with pytest.raises(DataError, match=r"60 sequences need as many weights in weight. Received: 2"):
        pl.Sequences(X, WHOLE, weight=[1.0, 2.0])
    with pytest.raises(DataError, match=r"sequence 0 has \d+ steps and needs in weight"):
        pl.Sequences(X, WHOLE, weight=[np.ones(len(x) + 1) for x in X])
    with pytest.raises(DataError, match="2 sequences need as many targets"):
        pl.Sequences(X[:2], WHOLE[:3])
    with pytest.raises(DataError, match="or -1, which is ignored"):
        pl.Trainer(network(), loss={"type": "softmax_cross_entropy", "ignore": -1}, seed=0).fit(
            pl.Sequences(X, [tag - 2 for tag in TAGS]), verbose=False
        )
    with pytest.raises(ConfigError, match="Masked needs a model whose last input is a mask"):
        model = pl.build("dense", units=2, input_shape=(3,), seed=0)
        pl.Trainer(model, objective={"type": "masked", "loss": "mse"}).train_step(X[0], VALUES[0])
    with pytest.raises(DataError, match="8 rows of 64 steps need sequences of at least 512 steps"):
        pl.Streams(np.zeros((500, 1)), side_by_side=8)


def test_tokens_are_padded_with_their_own_number() -> None:
    tokens = [np.array([5, 6, 7], np.uint8), np.array([1], np.uint8)]
    part = pl.Sequences(tokens, multiple=1, padding=300).take(np.array([1, 0]))
    assert part.x[0].tolist() == [[1, 300, 300], [5, 6, 7]] and part.x[1].tolist() == [[True, False, False], [True] * 3]
    assert pl.Sequences(tokens, multiple=1).take(np.array([1, 0])).x[0].dtype == np.uint8
    with pytest.raises(ConfigError, match="'padding' of Sequences"):
        pl.Sequences(tokens, padding=0.5)
    with pytest.raises(DataError, match=r"at least one step. Received: shape \(0,\) for sequence 1"):
        pl.Sequences([[1, 2], []])

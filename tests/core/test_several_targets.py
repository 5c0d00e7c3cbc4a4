"""Several targets: a tuple, or a table by their names, from the data to the objective, in every way to train."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.interfaces.samples import check_data
from pellucid.saving.checkpoint import restore_checkpoint, save_checkpoint

X = np.random.default_rng(0).normal(size=(20, 4))
Y = {"kind": np.arange(20) % 3, "size": X[:, :2] + 1.0}


def test_split_keeps_tuples_and_tables() -> None:
    split = pl.Split(X, {"kind": [0, 1] * 10, "size": Y["size"]})
    assert split.take(np.arange(3)).y["size"].shape == (3, 2)
    assert "int64(3,), float64(3, 2)" in repr(split.take(np.arange(3)))
    assert type(pl.Split(X, tuple(Y.values())).y) is tuple


@pytest.mark.parametrize(("y", "told"), [
    ({"kind": Y["kind"], "size": Y["size"][:5]}, r"20 rows in x, 5 in y\['size'\]"),
    ((Y["kind"], np.full(20, np.nan)), r"y\[1\] of .* must be finite"),
    ({"kind": ["a"] * 20}, r"y\['kind'\] must hold real numbers"),
])  # fmt: skip
def test_what_is_wrong_is_told_by_its_name(y: Any, told: str) -> None:
    with pytest.raises(pl.DataError, match=told):
        check_data(X, pl.Split(X, y).y)


MODEL = {"type": "sequential", "input_shape": [4], "layers": [
    {"type": "dense", "units": 6, "activation": "tanh"},
    {"type": "parallel", "join": "apart", "layers": [{"type": "dense", "units": 3}, {"type": "dense", "units": 2}]},
]}  # fmt: skip
LOSSES = {"kind": "softmax_cross_entropy", "size": "mse"}


def trainer(dtype: str = "float32", backend: str | None = None, **options: Any) -> pl.Trainer:
    model = pl.build(MODEL, seed=0, dtype=dtype, backend=backend)
    return pl.Trainer(model, **{"loss": LOSSES, "optimizer": {"type": "sgd", "lr": 0.1}, "seed": 0, **options})


def weights(trained: pl.Trainer) -> list[np.ndarray[Any, Any]]:
    return [param.data.copy() for param in trained.model.parameters()]


def test_the_sum_of_losses_is_minimised_and_each_is_reported() -> None:
    weighted = {"type": "several_losses", "losses": LOSSES, "weights": {"size": 0.5}}
    trained = trainer(loss=None, objective=weighted, metrics={"kind": "accuracy", "size": ["mae", "rmse"]})
    record = trained.fit((X, Y), validation=(X, Y), epochs=2, batch_size=8, verbose=False)[-1]
    for told in ("", "validation_"):
        assert record[f"{told}loss"] == pytest.approx(record[f"{told}kind"] + 0.5 * record[f"{told}size"])
    assert {"validation_kind_accuracy", "validation_size_mae", "validation_size_rmse"} <= record.keys()
    kind, size = trained.model.predict(X)
    assert record["validation_kind_accuracy"] == np.mean(kind.argmax(axis=1) == Y["kind"])
    assert record["validation_size_mae"] == pytest.approx(np.mean(abs(size - Y["size"])))


def test_the_steps_are_those_of_the_losses_by_hand() -> None:
    trained, by_hand = trainer("float64"), trainer("float64")
    loss = trained.train_step(X, Y)
    ctx = pl.Context(by_hand.runtime.ops, training=True, dtype="float64")
    outputs = by_hand.model.forward(ctx.child("model"), X)
    losses = [pl.SoftmaxCrossEntropy(), pl.MSE()]
    parts = [of.forward(ctx.child(i), outputs[i], y) for i, (of, y) in enumerate(zip(losses, Y.values(), strict=True))]
    by_hand.model.backward(ctx.child("model"), *(of.backward(ctx.child(i)) for i, of in enumerate(losses)))
    assert loss == pytest.approx(sum(map(float, parts)))
    for after, param in zip(weights(trained), by_hand.model.parameters(), strict=True):
        np.testing.assert_allclose(after, param.data - 0.1 * param.grad, rtol=1e-12)


@pytest.mark.parametrize("sample_weight", [None, np.linspace(0.5, 2.0, 20)], ids=["alike", "weighted"])
def test_targets_may_stand_in_a_tuple_and_micro_batches_add_up(sample_weight: Any) -> None:
    told: dict[str, Any] = {"epochs": 2, "sample_weight": sample_weight, "verbose": False}
    whole, split = trainer("float64"), trainer("float64", accumulate=2)
    first = whole.fit((X, Y), batch_size=10, **told)
    second = split.fit((X, tuple(Y.values())), batch_size=5, **told)
    np.testing.assert_allclose(first["size"], second["size"], rtol=1e-12)
    for a, b in zip(weights(whole), weights(split), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


@pytest.mark.parametrize("one", [
    {"type": "softmax_cross_entropy", "class_weight": [1.0, 5.0, 2.0]}, {"type": "softmax_cross_entropy", "ignore": 2},
])  # fmt: skip
def test_micro_batches_that_would_not_add_up_are_refused(one: Any) -> None:
    losses = {"kind": one, "size": "mse"}
    sizes_first = pl.Trainer(pl.build(Named(), input_shape=(4,), seed=0), loss=losses, accumulate=2, seed=0)
    for split in (trainer("float64", loss=losses, accumulate=2), sizes_first):
        with pytest.raises(pl.ConfigError, match=r"accumulate: beside .* in another .*accumulate = 1"):
            split.fit((X, Y), batch_size=5, verbose=False)
        split.evaluate((X, Y), batch_size=3)
    trainer("float64", loss=losses).fit((X, Y), batch_size=10, verbose=False)


def test_micro_batches_of_losses_that_count_in_a_ratio_add_up() -> None:
    losses = {"kind": {"type": "softmax_cross_entropy", "class_weight": [3.0, 3.0, 3.0]}, "size": "mse"}
    whole, split = trainer("float64", loss=losses), trainer("float64", loss=losses, accumulate=2)
    whole.fit((X, Y), batch_size=10, verbose=False)
    split.fit((X, Y), batch_size=5, verbose=False)
    for a, b in zip(weights(whole), weights(split), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_a_run_that_is_continued_in_the_middle_of_an_epoch_has_the_same_bits(tmp_path: Any) -> None:
    class Stop(pl.Callback):
        def on_run_start(self, run: Any) -> None:
            run.on_step(lambda run: run.stop("enough") if run.step == 3 else None)

    told: dict[str, Any] = {"batch_size": 5, "verbose": False}
    through, before, after = trainer(), trainer(callbacks=[Stop()]), trainer()
    through.fit((X, Y), epochs=2, **told)
    before.fit((X, Y), epochs=2, **told)
    save_checkpoint(before, tmp_path / "run.safetensors")
    restore_checkpoint(after, tmp_path / "run.safetensors")
    after.fit((X, Y), epochs=2, **told)
    assert after.history.records == through.history.records
    assert all((a == b).all() for a, b in zip(weights(after), weights(through), strict=True))


def test_a_step_of_several_losses_is_recorded_with_the_same_bits() -> None:
    recorded, watched = trainer(), trainer()
    for each in (recorded, watched):
        if each is watched:
            each.objective.__class__ = type("Watched", (pl.SeveralLosses,), {"capturable": False})
        each.fit((X, Y), epochs=3, batch_size=5, verbose=False)
    assert recorded.history.records == watched.history.records
    assert all((a == b).all() for a, b in zip(weights(recorded), weights(watched), strict=True))
    if recorded.runtime.ops.name == "cython":
        assert all(step.recorded for step in recorded._stepper._steps.values())


class Named(pl.Composite):
    output_names = ("size", "kind")

    def __init__(self) -> None:
        self.of_kind, self.of_size = pl.Dense(3), pl.Dense(2)

    def call(self, ctx: pl.Context, x: Any) -> Any:
        return self.of_size(x), self.of_kind(x)


def test_a_model_that_names_its_outputs_is_taken_at_its_word() -> None:
    model = pl.build(Named(), input_shape=(4,), seed=0)
    trained = pl.Trainer(model, loss=LOSSES, seed=0)
    trained.fit((X, Y), verbose=False)
    assert pl.Trainer(model, loss=["mse", "softmax_cross_entropy"]).evaluate((X, (Y["size"], Y["kind"])))["loss"] > 0
    with pytest.raises(pl.ConfigError, match=r"outputs of Named are called size, kind. Received: losses for a, b"):
        pl.Trainer(model, loss={"a": "mse", "b": "mse"})


def test_a_model_of_one_output_is_told_its_shape() -> None:
    model = pl.build({"type": "dense", "units": 2}, input_shape=(4,), seed=0)
    with pytest.raises(pl.ConfigError, match=r"gives 1 output\(s\), of shapes \[\(2,\)\].* Received: 2, kind, size"):
        pl.Trainer(model, loss=LOSSES, seed=0)


@pytest.mark.parametrize(("options", "told"), [
    ({"loss": "mse"}, r"gives 2 outputs, of shapes \[\(3,\), \(2,\)\], and one loss compares one. Received: MSE"),
    ({"loss": ["mse"]}, r"gives 2 output\(s\).* Received: 1, output_0"),
    ({"loss": {"a": "mse", "step": "mse"}}, "names that no other figure has.* Received: step"),
    ({"loss": {"a": "mse", "b": "msee"}}, r"losses\.b: Unknown loss 'msee'"),
    ({"metrics": ["rmse"]}, "reads one, by its name"),
    ({"metrics": {"colour": "rmse"}}, "The names are 'kind', 'size'. Received"),
    ({"metrics": {"kind": "rmse"}}, "metrics: RMSE"),
    ({"loss": None, "objective": {"type": "several_losses", "losses": LOSSES, "weights": {"size": -1.0}}}, "weights.s"),
    ({"loss": None, "objective": {"type": "several_losses", "losses": LOSSES, "weights": {"x": 1.0}}}, "Received: x"),
])  # fmt: skip
def test_what_does_not_fit_is_refused(options: Any, told: str) -> None:
    with pytest.raises(pl.ConfigError, match=told):
        trainer(**options)


@pytest.mark.parametrize(("y", "told"), [
    (None, r"2 losses need a target each.*'kind': …, 'size': ….*Received: y = None"),
    (Y["kind"], "Received: one array"),
    ({"kind": Y["kind"]}, "Received: a table of kind"),
    ((Y["kind"],), "Received: a tuple of 1"),
    ({**Y, "kind": Y["kind"] + 1}, r"y\['kind'\]: SoftmaxCrossEntropy needs class indices"),
])  # fmt: skip
def test_targets_that_do_not_fit_are_refused(y: Any, told: str) -> None:
    with pytest.raises(pl.DataError, match=told):
        trainer().fit((X, y), verbose=False)


def test_one_loss_takes_one_target() -> None:
    single = pl.Trainer(pl.build("dense", units=2, input_shape=(4,), seed=0), loss="mse", seed=0)
    with pytest.raises(pl.DataError, match=r"One loss takes one target.* Received: a table of kind, size"):
        single.fit((X, Y), verbose=False)


class Places(pl.Dataset):
    def load(self, rng: np.random.Generator) -> pl.Split:
        return pl.Split(X, Y)


def test_a_data_set_may_have_several_targets() -> None:
    splits = Places(validation=4, test=0.2).splits(0)
    assert splits.validation.y["size"].shape == (4, 2)
    assert "validation_size" in trainer().fit(splits, verbose=False)[-1]


class Sometimes(pl.Supervised):
    """A part that is there at every other step, and is a number."""

    capturable = False

    def forward(self, ctx: Any, model: Any, batch: Any) -> Any:
        value = super().forward(ctx, model, batch)
        ctx.parts = {"odd": float(ctx.step)} if ctx.step % 2 else {}
        return value


@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_part_counts_at_the_steps_that_report_it(accumulate: int) -> None:
    model = pl.build("dense", units=2, input_shape=(4,), seed=0)
    trained = pl.Trainer(model, objective=Sometimes(pl.MSE()), accumulate=accumulate, seed=0)
    trained.fit((X, Y["size"]), batch_size=5 // accumulate, verbose=False)
    odd = [step for step in range(trained.steps) if step % 2]
    assert trained.history[-1]["odd"] == pytest.approx(np.mean(odd))


def test_best_epoch_knows_data_of_several_targets() -> None:
    x = np.random.default_rng(0).normal(size=(30, 6))
    y = {"a": x[:, :3].argmax(1), "b": x[:, 3:5]}
    layers = [{"type": "dense", "units": 3}, {"type": "dense", "units": 2}]
    for target, loss in (
        (y, {"a": "softmax_cross_entropy", "b": "mse"}),
        (tuple(y.values()), ["softmax_cross_entropy", "mse"]),
    ):
        model = pl.build({"type": "parallel", "join": "apart", "layers": layers}, input_shape=(6,), seed=0)
        trainer = pl.Trainer(model, loss=loss, callbacks=["best_epoch"], seed=0)
        for _ in range(2):
            trainer.fit((x, target), validation=(x, target), verbose=False)
        assert trainer.callbacks[0].epoch == 2


def test_several_functions_of_one_output_are_numbered() -> None:
    metrics: Any = {"size": [lambda p, t: abs(p - t).max(), lambda p, t: abs(p - t).min()]}
    figures = trainer(metrics=metrics).evaluate((X, Y))
    assert figures["size_function_1"] > figures["size_function_2"]


def test_weights_below_zero_are_those_of_every_signed_loss() -> None:
    signed = {name: {"type": "signed", "loss": loss} for name, loss in LOSSES.items()}
    weight = np.linspace(-1.0, 2.0, 20)
    trained, by_hand = trainer("float64", loss=signed), trainer("float64", loss=signed)
    loss = trained.fit((X, Y), epochs=1, batch_size=20, sample_weight=weight, verbose=False)[-1]["loss"]
    kind, size = by_hand.model.predict(X)
    z = kind - kind.max(axis=1, keepdims=True)
    entropy = np.log(np.exp(z).sum(axis=1)) - z[np.arange(20), Y["kind"]]
    assert loss == pytest.approx(np.mean(weight * (entropy + ((size - Y["size"]) ** 2).mean(axis=1))))
    with pytest.raises(pl.ConfigError, match=r"kind take some below 0, size none. Make all of them signed"):
        trainer(loss=LOSSES | {"kind": signed["kind"]})


def test_classes_of_one_of_several_targets_come_in_turn() -> None:
    y = Y | {"other": np.arange(20) // 15}
    rng = np.random.default_rng(0)

    def order(y: Any, **how: Any) -> Any:
        return pl.create("sampler", "balanced", **how).order(rng, pl.Split(X, y), epoch=0, batch_size=4)

    for given, how in ((Y, {}), (tuple(Y.values()), {}), (y, {"target": "kind"}), (tuple(y.values()), {"target": 0})):
        assert all(len({*Y["kind"][order(given, **how)[i : i + 3]]}) == 3 for i in range(0, 18, 3))
    assert np.bincount(y["other"][order(y, target="other")]).tolist() == [10, 10]
    with pytest.raises(pl.DataError, match=r"and 'kind', 'other' hold some.*\"target\": 'kind'"):
        order(y)
    with pytest.raises(pl.DataError, match=r"Those with class labels are 'kind'. Received: 'size'"):
        order(Y, target="size")
    with pytest.raises(pl.DataError, match=r"needs a class label.* Received: none"):
        order({"size": Y["size"]})
    trained = trainer(sampler="balanced")
    trained.fit((X, Y), epochs=1, batch_size=6, verbose=False)
    assert trained.steps == 4

"""Two networks in one trainer: turns, an optimizer for each part, targets that move, slopes that are trained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.saving.checkpoint import restore_checkpoint, save_checkpoint
from pellucid.testing import check_gradients
from pellucid.testing.registries import use_registry

from tests.testing.mutation import registry
from tests.testing.odd.players import SMALL, Agree, Duel, Smooth, Views

X = np.random.default_rng(0).normal(size=(40, 2)) + 1.0
TWO = {"critic.*": {"type": "adam", "lr": 0.01}, "maker.*": {"type": "sgd", "lr": 0.05, "momentum": 0.9}}


@pytest.fixture(autouse=True)
def _odd() -> Iterator[None]:
    with use_registry(registry()):
        yield


def trainer(objective: Any = None, dtype: str = "float32", **options: Any) -> pl.Trainer:
    model = pl.build(SMALL, input_shape=(2,), seed=0, dtype=dtype)
    return pl.Trainer(model, objective=objective or Duel(), **{"optimizer": TWO, "seed": 0, **options})


def values(trained: pl.Trainer) -> dict[str, Any]:
    return {param.path: param.data.copy() for param in trained.model.parameters()}


def same(a: pl.Trainer, b: pl.Trainer) -> bool:
    return all((x == y).all() for x, y in zip(values(a).values(), values(b).values(), strict=True))


@pytest.mark.parametrize("objective", [Duel, Smooth])
def test_at_its_turn_a_player_alone_is_moved(objective: Any) -> None:
    trained = trainer(objective())
    for step in range(6):
        player, before = trained.objective.player(step), values(trained)
        trained.train_step(X)
        moved = {path for path, value in values(trained).items() if (value != before[path]).any()}
        assert moved
        assert all(path.startswith(f"{player}.") for path in moved)


def test_each_player_has_the_steps_that_it_would_have_alone() -> None:
    """Adam's corrections count the steps of the player, and its moments see no step of another."""
    trained = trainer(dtype="float64", optimizer={"type": "adam", "lr": 0.01})
    twin = trainer(dtype="float64", optimizer={"type": "adam", "lr": 0.01})
    grads: list[Any] = []

    def look(segments: Any) -> None:
        grads.append({p.path: p.grad.copy() for segment in segments for p in segment.params})

    class Watch(pl.Callback):
        def on_run_start(self, run: Any) -> None:
            run.on_gradients(look)

    trained.callbacks.append(Watch())
    trained.fit((X, None), epochs=3, batch_size=20, verbose=False)
    for path, start in values(twin).items():
        m, v, theta, t = 0.0, 0.0, start, 0
        for grad in [each[path] for each in grads if path in each]:
            t += 1
            m, v = 0.9 * m + 0.1 * grad, 0.999 * v + 0.001 * grad**2
            theta = theta - 0.01 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        assert t == (2 if path.startswith("maker") else 4)
        np.testing.assert_allclose(values(trained)[path], theta, rtol=1e-9)


def test_parts_are_logged_apart_and_evaluation_has_those_of_all_players() -> None:
    record = trainer().fit((X, None), validation=(X, None), batch_size=10, verbose=False)[-1]
    assert {"critic", "maker", "validation_critic", "validation_maker"} <= record.keys()
    assert record["validation_loss"] == pytest.approx((record["validation_critic"] + record["validation_maker"]) / 2)
    assert record["loss"] == pytest.approx((3 * record["critic"] + record["maker"]) / 4)  # turns of 4 steps: c c m c


def test_recorded_steps_have_the_bits_of_those_that_are_not() -> None:
    class Plain(Duel):
        capturable = False

    recorded, plain = trainer(), trainer(Plain())
    for each in (recorded, plain):
        each.fit((X, None), epochs=4, batch_size=10, verbose=False)
    assert same(recorded, plain)
    assert recorded.history.records == plain.history.records
    if recorded.runtime.ops.name == "cython":
        assert [step.recorded for step in recorded._stepper._steps.values()] == [True, True]


@pytest.mark.parametrize("objective", [Duel, Smooth])
def test_a_run_is_continued_to_the_bit(objective: Any, tmp_path: Any) -> None:
    class Stop(pl.Callback):
        def on_run_start(self, run: Any) -> None:
            run.on_step(lambda run: run.stop("enough") if run.step == 5 else None)

    told: dict[str, Any] = {"epochs": 3, "batch_size": 10, "verbose": False}
    through, before, after = trainer(objective()), trainer(objective(), callbacks=[Stop()]), trainer(objective())
    through.fit((X, None), **told)
    before.fit((X, None), **told)
    save_checkpoint(before, tmp_path / "run.safetensors")
    restore_checkpoint(after, tmp_path / "run.safetensors")
    after.fit((X, None), **{**told, "epochs": 2})
    assert same(through, after)
    assert through.history.records == after.history.records


def test_micro_batches_add_up() -> None:
    whole, split = trainer(dtype="float64"), trainer(dtype="float64", accumulate=2)
    whole.fit((X, None), epochs=2, batch_size=20, verbose=False)
    split.fit((X, None), epochs=2, batch_size=10, verbose=False)
    for a, b in zip(values(whole).values(), values(split).values(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10)


def test_weights_count_where_an_objective_reads_them() -> None:
    weight = np.linspace(0.5, 1.5, 40)
    trainer(Smooth()).fit((X, None), sample_weight=weight, verbose=False)
    with pytest.raises(pl.ConfigError, match="Duel was given a weight for each sample"):
        trainer().fit((X, None), sample_weight=weight, verbose=False)


@pytest.mark.parametrize(("optimizer", "told"), [
    ({"critic.*": "adam"}, r"no pattern matches the parameter 'maker\."),
    ({"*": "adam", "critic.*": "sgd"}, r"no parameter is left for the pattern 'critic\.\*'"),
    ({"*": "adam", "critic.*": "sdg"}, r"optimizers\.critic\.\*: Unknown optimizer 'sdg'"),
    ({"type": "moving", "optimizer": "adam", "follow": {"maker": "critic"}}, "with the same parameters"),
    ({"type": "moving", "optimizer": "adam", "follow": {"targt": "critic"}}, "with the same parameters"),
])  # fmt: skip
def test_what_does_not_fit_is_refused(optimizer: Any, told: str) -> None:
    with pytest.raises(pl.ConfigError, match=told):
        trainer(optimizer=optimizer).fit((X, None), verbose=False)


def test_a_player_is_a_part_of_the_model() -> None:
    class Wrong(Duel):
        turns = ("critic", "makr")

        def player(self, step: int) -> str | None:
            return "makr"

    for turns in ("critic", (1, 2)):
        with pytest.raises(pl.ConfigError, match=r"Turned\.turns must be a tuple of paths"):
            trainer(type("Turned", (Duel,), {"turns": turns})())
    frozen = trainer()
    for param in frozen.model.critic.parameters():
        param.trainable = False
    with pytest.raises(pl.ConfigError, match=r"turns: .* Received: 'critic', whose parameters are all frozen"):
        frozen.train_step(X)
    with pytest.raises(pl.ConfigError, match=r"turns: a player is a part of the model.* Received: 'makr'"):
        trainer(Wrong()).train_step(X)


def test_parts_of_one_network_may_have_optimizers_of_their_own() -> None:
    def trained(optimizer: Any) -> Any:
        model = pl.build("dense", units=2, input_shape=(2,), seed=0, dtype="float64")
        each = pl.Trainer(model, loss="mse", optimizer=optimizer, seed=0)
        each.fit((X, X), epochs=2, batch_size=10, verbose=False)
        return each.model

    adam, sgd = {"type": "adam", "lr": 0.01}, {"type": "sgd", "lr": 0.1}
    mixed, one = trained({"bias": sgd, "*": adam}), trained({"b*": adam, "*": adam})
    assert (one.weight.data == trained(adam).weight.data).all()
    assert not np.allclose(mixed.bias.data, one.bias.data)


VIEWS = np.random.default_rng(1).normal(size=(32, 6))


def byol(**options: Any) -> pl.Trainer:
    model = pl.build(Views(), input_shape=(6,), seed=0, dtype="float64")
    moving = {"type": "moving", "optimizer": {"type": "sgd", "lr": 0.1}, "follow": {"target": "online"}, "rate": 0.1}
    return pl.Trainer(model, objective=Agree(), optimizer=moving, seed=0, **options)


@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_target_moves_once_a_step_behind_what_is_trained(accumulate: int) -> None:
    trained = byol(accumulate=accumulate)
    before = values(trained)
    trained.fit((VIEWS, None), batch_size=32 // accumulate, verbose=False)
    after = values(trained)
    for path in [path for path in after if path.startswith("target.")]:
        moved = before[path] + 0.1 * (after[path.replace("target", "online")] - before[path])
        np.testing.assert_allclose(after[path], moved, rtol=1e-12)


def test_what_is_stopped_is_a_constant_to_who_checks_gradients() -> None:
    class Forgetful(Agree):
        def call(self, ctx: Any, model: Any, batch: Any) -> Any:
            x = ctx.variable(batch.x)
            prediction, target = model(x)
            return np.mean((prediction - target.value * 1.0) ** 2)  # cut, and not said

    model = byol().model
    batch = pl.Batch(VIEWS[:4])
    assert check_gradients(Agree(), model, batch).worst < 1e-7
    check_gradients(Forgetful(), model, batch)  # the model has said it, for its own output

    class Cut(pl.CompositeObjective):
        def call(self, ctx: Any, model: Any, batch: Any) -> Any:
            code = model.online(ctx.variable(batch.x[:, :3]))
            return np.mean((code - 2.0 * code.value) ** 2)

    with pytest.raises(AssertionError, match="The gradient of 'online"):
        check_gradients(Cut(), model, batch)


class Sloped(pl.Composite):
    """``‖∂Σf/∂x‖² + f(x)``."""

    def __init__(self, inner: pl.Layer) -> None:
        self.inner = inner

    def call(self, ctx: pl.Context, x: Any) -> Any:
        slope = pl.slopes(self.inner, x)
        return np.sum(slope.reshape(len(x), -1) ** 2, axis=1, keepdims=True) + np.sum(self.inner(x))


class Own(pl.Composite):
    def declare(self, input_shape: Any) -> None:
        self.scale = self.param("scale", input_shape, init="normal")

    def call(self, ctx: pl.Context, x: Any) -> Any:
        return np.tanh(x * self.scale) * ctx.variable(self.scale)


TANH = {"units": 4, "activation": "tanh"}
INSIDE: dict[str, Any] = {
    **{name: lambda name=name: pl.Dense(4, name) for name in sorted(pl.ACTIVATIONS)},
    "residual": lambda: pl.Residual(pl.Dense(5, "tanh")),
    "joined": lambda: pl.Parallel([pl.Dense(**TANH), pl.Dense(2, "tanh")]),
    "added": lambda: pl.Parallel([pl.Dense(**TANH), pl.Dense(4, "silu")], "sum"),
    "layer_norm": lambda: pl.Sequential([pl.LayerNorm(), pl.Dense(3, "tanh")]),
    "batch_norm": lambda: pl.Sequential([pl.BatchNorm(), pl.Dense(3, "tanh")]),
    "softmax": lambda: pl.Sequential([pl.Dense(4), pl.Softmax()]),
    "reshaped": lambda: pl.Sequential([pl.Dense(4, "gelu"), pl.Reshape((2, 2)), pl.Flatten(), pl.Dense(2, "tanh")]),
    "tied": lambda: pl.Sequential([(first := pl.Dense(3, "tanh")), pl.Transposed(first)]),
    "own": lambda: Own(),
    "function": lambda: pl.FunctionLayer(lambda x: np.sin(x) * x),
    "third": lambda: Sloped(pl.Dense(3, "tanh")),
}


@pytest.mark.parametrize("inside", INSIDE)
def test_gradients_of_gradients_are_right(inside: str) -> None:
    x = np.random.default_rng(3).normal(size=(3, 5))
    assert check_gradients(Sloped(INSIDE[inside]()), x).worst < 1e-6


class OnlySloped(Sloped):
    """Its layer is called nowhere else, and is built all the same."""

    def call(self, ctx: pl.Context, x: Any) -> Any:
        return pl.slopes(self.inner, x)


def test_a_layer_may_be_called_for_its_slopes_alone() -> None:
    x = np.random.default_rng(3).normal(size=(3, 5))
    assert pl.build(OnlySloped(pl.Dense(4, "tanh")), input_shape=(5,)).predict(x).shape == (3, 5)
    assert check_gradients(OnlySloped(pl.Dense(4, "tanh")), x).worst < 1e-6


def test_gradients_of_gradients_are_refused_where_they_cannot_be_right() -> None:
    x = np.random.default_rng(3).normal(size=(3, 5))
    with pytest.raises(pl.DifferentiationError, match="Dropout has none for 'uniform'"):
        check_gradients(Sloped(pl.Sequential([pl.Dropout(0.5), pl.Dense(2)])), x)
    check_gradients(Sloped(pl.Sequential([pl.Dropout(0.5), pl.Dense(2)])), x, training=False)
    with pytest.raises(pl.DifferentiationError, match=r"takes a Variable of Composite\.call"):
        pl.slopes(pl.Dense(3), x)

    class Outside(Sloped):
        def call(self, ctx: pl.Context, x: Any) -> Any:
            return ctx.variable(pl.grad(lambda x: np.sum(self.inner(x)))(x))

    with pytest.raises(pl.DifferentiationError, match=r"pellucid\.slopes"):
        pl.build(Outside(pl.Dense(3)), input_shape=(5,)).predict(x)


def test_a_step_with_several_optimizers_and_a_follower_is_recorded_with_the_same_bits() -> None:
    def trained(objective: type[pl.SeveralLosses]) -> pl.Trainer:
        layers = [{"type": "dense", "units": 2}, {"type": "dense", "units": 2}]
        model = pl.build({"type": "parallel", "join": "apart", "layers": layers}, input_shape=(2,), seed=0)
        both = {"type": "by_path", "optimizers": {"*.weight": "adam", "*": {"type": "sgd", "lr": 0.1}}}
        moving = {"type": "moving", "optimizer": both, "follow": {"layers.1": "layers.0"}, "rate": 0.1}
        trainer = pl.Trainer(model, objective=objective([pl.MSE(), pl.MSE()], [1.0, 0.0]), optimizer=moving, seed=0)
        trainer.fit((X, (X, X)), epochs=3, batch_size=10, verbose=False)
        return trainer

    recorded, plain = trained(pl.SeveralLosses), trained(type("Plain", (pl.SeveralLosses,), {"capturable": False}))
    assert same(recorded, plain)
    assert recorded.history.records == plain.history.records
    if recorded.runtime.ops.name == "cython":
        assert all(step.recorded for step in recorded._stepper._steps.values())

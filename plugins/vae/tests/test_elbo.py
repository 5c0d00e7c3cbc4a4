"""The objective: its value by SciPy's densities, its gradients by the derivation, warm-up, randomness, bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import Batch, ConfigError, Context, DataError, Dense, get_ops
from pellucid.testing import check_gradients
from pellucid_vae.elbo import Elbo
from pellucid_vae.gaussian_head import GaussianHead
from pellucid_vae.models import VAE
from pellucid_vae.ops import bernoulli
from scipy import stats

N, PIXELS, LATENT = 6, 5, 2


def built(**arguments: Any) -> VAE:
    arguments = {"latent": LATENT, "hidden": [4], "activation": "tanh", **arguments}
    model = pl.build("vae", input_shape=(PIXELS,), seed=0, dtype="float64", backend="reference", **arguments)
    assert isinstance(model, VAE)
    rng = np.random.default_rng(1)
    for param in model.parameters():  # biases start at zero
        param.data += 0.2 * rng.normal(size=param.shape)
    return model


def context(*, training: bool = True, seed: int = 0, step: int = 0, epoch: int = 0, index: Any = None) -> Context:
    ctx = Context(get_ops("reference"), training=training, seed=seed, dtype="float64")
    ctx.begin(step, epoch, index=index)
    return ctx


def data(rows: int = N) -> np.ndarray[Any, Any]:
    return np.random.default_rng(2).random((rows, PIXELS))


def outputs(ctx: Context, model: VAE, x: Any) -> tuple[Any, Any, Any, Any]:
    """y, μ, s and ε of the call that the objective made on this context."""
    y, mean, s = (np.array(part) for part in model.forward(ctx.child("model"), x))
    return y, mean, s, np.array(ctx.child("model").child("head").normal(mean.shape))


def divergence(mean: float, s: float) -> float:
    """∫ q log(q/p) for q = N(μ, e^{2s}) and p = N(0, 1), by summing over a fine grid."""
    z, step = np.linspace(mean - 9 * np.exp(s), mean + 9 * np.exp(s), 4001, retstep=True)
    log_q = stats.norm.logpdf(z, mean, np.exp(s))
    return float(step * np.sum(np.exp(log_q) * (log_q - stats.norm.logpdf(z))))


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("weight", [None, np.array([0.0, 1.0, 2.0, 0.5, 1.0, 3.0])])
def test_the_parts_are_what_their_densities_say(likelihood: Any, weight: Any) -> None:
    model, x, ctx = built(), data().round(), context()
    loss = float(Elbo(0.7, likelihood=likelihood, std=0.3).forward(ctx, model, Batch(x, None, weight)))
    parts = {name: float(part) for name, part in ctx.parts.items()}
    y, mean, s, _ = outputs(ctx, model, x)
    if likelihood == "bernoulli":
        log_density = stats.bernoulli.logpmf(x, 1 / (1 + np.exp(-y))).sum(axis=1)
    else:
        log_density = stats.norm.logpdf(x, y, 0.3).sum(axis=1)
    kl = [sum(map(divergence, *of_row)) for of_row in zip(mean, s, strict=True)]
    share = np.full(N, 1 / N) if weight is None else weight / weight.sum()
    assert parts["reconstruction"] == pytest.approx(-(share * log_density).sum(), abs=1e-10)
    assert parts["kl"] == pytest.approx((share * kl).sum(), abs=1e-9)
    assert loss == pytest.approx(parts["reconstruction"] + 0.7 * parts["kl"], abs=1e-12)
    assert ctx.count == (N if weight is None else weight.sum())


@pytest.mark.parametrize("beta", [0.0, 1.0, 3.0])
def test_the_gradients_are_those_of_the_derivation(beta: float) -> None:
    """For fixed ε: dμ = dz + βμ and ds = dz ⊙ ε ⊙ eˢ + β(e²ˢ − 1), each over N; the head's biases sum them."""
    model, x, ctx, objective = built(), data(), context(seed=3), Elbo(beta)
    objective.forward(ctx, model, Batch(x))
    objective.backward(ctx, model)
    grads = {param.path: np.array(param.grad) for param in model.parameters()}
    y, mean, s, noise = outputs(ctx, model, x)
    hidden, output = (layer for layer in model.generation.layers if hasattr(layer, "weight"))
    h = np.tanh((mean + noise * np.exp(s)) @ hidden.weight.data + hidden.bias.data)
    dy = 1 / (1 + np.exp(-y)) - x
    dz = (dy @ output.weight.data.T * (1 - h**2)) @ hidden.weight.data.T
    dmean = dz + beta * mean
    ds = dz * noise * np.exp(s) + beta * (np.exp(2 * s) - 1)
    np.testing.assert_allclose(grads["head.mean.bias"], dmean.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(grads["head.log_std.bias"], ds.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(grads[output.bias.path], dy.mean(axis=0), atol=1e-12)


def test_the_divergence_of_the_prior_from_itself_is_zero() -> None:
    model, ctx = built(), context()
    for layer in (model.head.mean, model.head.log_std):
        layer.weight.data[...] = 0
        layer.bias.data[...] = 0
    Elbo().forward(ctx, model, Batch(data()))
    assert ctx.parts["kl"] == 0
    assert not ctx.dmean.any() and not ctx.ds.any()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, [2.0, 2.0, 2.0, 2.0]),
        ({"warmup_steps": 4}, [0.5, 1.0, 2.0, 2.0]),
        ({"warmup_epochs": 2}, [1.0, 2.0, 2.0, 2.0]),
    ],
)
def test_warm_up_is_of_training_only(arguments: dict[str, int], expected: list[float]) -> None:
    objective = Elbo(2.0, **arguments)
    places = [(0, 0), (1, 1), (3, 2), (100, 50)]
    assert [objective.beta_at(context(step=step, epoch=epoch)) for step, epoch in places] == expected
    assert objective.beta_at(context(training=False)) == 2.0


def test_a_warm_up_in_epochs_asks_for_epochs() -> None:
    """Under train_step β stayed at its first stage for ever."""
    epochs, steps = ({"type": "vae/elbo", name: 2} for name in ("warmup_epochs", "warmup_steps"))
    trainer = pl.Trainer(built(), objective=epochs, seed=0)
    before = np.array(trainer.runtime.arena.data)
    with pytest.raises(ConfigError, match=r"belongs to no epoch.*as warmup_steps does in place of warmup_epochs"):
        trainer.train_step(data())
    np.testing.assert_array_equal(trainer.runtime.arena.data, before)
    trainer.fit((data(), None), epochs=1, verbose=False)
    pl.Trainer(built(), objective=steps, seed=0).train_step(data())


def test_pixels_are_drawn_anew_in_training_and_once_in_evaluation() -> None:
    objective, x = Elbo(binarize=True), np.tile(data(1), (4000, 1))
    first, second = (np.array(objective.observed(context(step=step), x)) for step in (0, 1))
    assert set(np.unique(first)) == {0.0, 1.0}
    np.testing.assert_allclose(first.mean(axis=0), x[0], atol=0.05)
    assert 0.2 < np.mean(first != second) < 0.8
    rows = np.arange(4000)
    once, again = (np.array(objective.observed(context(training=False, index=rows), x)) for _ in range(2))
    np.testing.assert_array_equal(once, again)
    part = objective.observed(context(training=False, index=rows[70:90]), x[70:90])
    np.testing.assert_array_equal(part, once[70:90])
    assert (objective.observed(context(training=False, seed=1, index=rows), x) != once).any()
    edges = np.array([[0.0, 1.0]] * 500)
    np.testing.assert_array_equal(objective.observed(context(), edges), edges)


def test_evaluation_repeats_and_batches_do_not_matter() -> None:
    x = data(40)
    trainer = pl.Trainer(built(), objective={"type": "vae/elbo", "binarize": True}, seed=5)
    figures = trainer.evaluate((x, None))
    assert trainer.evaluate((x, None)) == figures
    assert trainer.evaluate((x, None), batch_size=7) == pytest.approx(figures, abs=1e-12)
    assert figures["loss"] == pytest.approx(figures["reconstruction"] + figures["kl"], abs=1e-12)


def test_a_step_does_not_depend_on_its_split_into_micro_batches() -> None:
    x, after = data(24), []
    for batch_size, accumulate in ((24, 1), (8, 3), (10, 3)):
        model = built()
        objective = Elbo(binarize=True, warmup_steps=3)
        trainer = pl.Trainer(model, objective=objective, optimizer="sgd", seed=1, accumulate=accumulate)
        trainer.fit((x, None), epochs=2, batch_size=batch_size, verbose=False)
        after.append(model.runtime.arena.data.copy())
    assert np.max(np.abs(after[0] - after[1])) < 1e-12
    assert np.max(np.abs(after[0] - after[2])) < 1e-12


def test_backends_and_recorded_steps_train_alike() -> None:
    x, weights = data(50), []
    for backend in ("reference", "cython"):
        model = pl.build("vae", input_shape=(PIXELS,), latent=2, hidden=[8], seed=0, backend=backend)
        trainer = pl.Trainer(model, optimizer={"type": "sgd", "lr": 0.05}, seed=0)
        trainer.fit((x, None), epochs=3, batch_size=16, verbose=False)
        weights.append(np.array(model.runtime.arena.data))
    np.testing.assert_allclose(weights[0], weights[1], atol=2e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"beta": -0.1}, r"beta: The 'beta' of Elbo must be a float in \[0, inf\). Received: -0.1"),
        ({"std": 0}, "std: The 'std' of Elbo must be a float in"),
        ({"std": 1e-200}, "std: The 'std' of Elbo must be a float in"),
        ({"likelihood": "poisson"}, "likelihood: expected one of 'bernoulli', 'gaussian'"),
        ({"warmup_steps": 5, "warmup_epochs": 1}, "must be 0 where 'warmup_epochs' is given"),
        ({"likelihood": "gaussian", "binarize": True}, "The 'binarize' of Elbo must be False"),
        ({"bta": 1.0}, "Did you mean 'beta'"),
    ],
)
def test_wrong_arguments_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        pl.create("objective", "vae/elbo", **arguments)


def test_a_model_without_codes_is_refused() -> None:
    model = pl.build("dense", units=3, input_shape=(3,), seed=0)
    with pytest.raises(ConfigError, match=r"models that give \(y, μ, s\), .* Received: Dense, .* shape \(3,\)"):
        pl.Trainer(model, objective="vae/elbo", seed=0).fit((np.zeros((4, 3)), None), verbose=False)


def test_pixels_outside_of_the_unit_interval_are_named() -> None:
    x = data()
    x[3, 1] = 1.5
    with pytest.raises(DataError, match=r"In the training data: Elbo needs values in \[0, 1\]. Received: 1.5 in row 3, "
                                        r"column 1.*likelihood = 'gaussian'"):  # fmt: skip
        pl.Trainer(built(), seed=0).fit((x, None), verbose=False)
    pl.Trainer(built(), objective=Elbo(likelihood="gaussian"), seed=0).fit((x, None), verbose=False)


class Own(pl.Composite):
    """A model of somebody else's, by the tape: x, label -> y, μ, s."""

    integer_inputs = (1,)

    def __init__(self) -> None:
        self.encoder, self.head, self.decoder = Dense(6, "tanh"), GaussianHead(2), Dense(PIXELS)

    def declare(self, *input_shapes: Any) -> None:
        self.table = self.param("table", (3, 2), init="normal")

    def call(self, ctx: Context, x: Any, label: Any) -> Any:
        z, mean, s = self.head(self.encoder(x))
        return self.decoder(z + ctx.variable(self.table)[label]), mean, s


def test_a_model_of_ones_own_is_trained_too() -> None:
    model = pl.build(Own(), input_shape=[(PIXELS,), ()], seed=0, dtype="float64", backend="reference")
    x, labels = data(40), np.arange(40) % 3
    assert check_gradients(Elbo(0.5), model, Batch(x[:4], labels[:4])).compared > 50
    history = pl.Trainer(model, objective="vae/elbo", optimizer={"type": "adam", "lr": 0.02}, seed=0).fit(
        (x, labels), epochs=20, verbose=False
    )
    assert history[-1]["loss"] < history[0]["loss"]


@pytest.mark.parametrize("made", [(4,), (4, 4, 4), ((4,), (2,)), ((4,), (2,), (2,), (2,)), (2, (3,), (4,)), ()])
def test_models_that_give_something_else_than_three_outputs_are_refused(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = pl.build("vae", input_shape=(4,), latent=2, hidden=[3], seed=0)
    x = (np.zeros((2, 4), np.float32),)
    objective = pl.create("objective", "vae/elbo")
    objective.check(model, x, None)
    monkeypatch.setattr(type(model), "output_shape", lambda self, *shapes: made)
    with pytest.raises(pl.ConfigError, match=r"give \(y, μ, s\), .* Received: VAE, which gives samples of shape"):
        objective.check(model, x, None)


def test_a_pixel_is_drawn_where_the_uniform_number_lies_below_its_probability() -> None:
    """Of u in [0, 1): never for a probability of 0, always for one of 1."""
    uniform = np.array([0.0, 0.0, 0.5, 0.5, 0.5, 0.999])
    pixels = np.full(6, 7.0)
    bernoulli(get_ops("reference"), uniform, np.array([0.0, 0.001, 0.4, 0.5, 0.6, 1.0]), pixels)
    assert pixels.tolist() == [0, 1, 0, 0, 1, 1]

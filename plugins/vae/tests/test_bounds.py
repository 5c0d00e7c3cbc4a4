"""Bounds and codes held against a model whose every density is known: probabilistic PCA, a linear VAE.

x = z Wᵀ + b + σε with orthogonal columns of W has p(x) = N(b, W Wᵀ + σ²I) and a posterior that is diagonal and linear:
z | x ~ N(M⁻¹ Wᵀ(x − b), σ² M⁻¹), M = WᵀW + σ²I (Tipping & Bishop, Probabilistic Principal Component Analysis, 1999).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import ConfigError, DataError, ShapeError, get_ops
from pellucid_vae import active_units, decode, encode, importance_weighted_bound, reconstruct, sample
from pellucid_vae.bounds import log_likelihood
from pellucid_vae.elbo import Elbo
from pellucid_vae.models import VAE
from pellucid_vae.ops import gaussian_kl
from scipy import stats

STD, FEATURES = 0.4, 4
W = np.array([[1.0, 0.5], [1.0, -0.5], [0.0, 1.0], [0.5, 0.0]]) @ np.diag([1.0, 0.7])
W[:, 1] -= W[:, 0] * (W[:, 0] @ W[:, 1]) / (W[:, 0] @ W[:, 0])
B = np.array([0.1, -0.2, 0.3, 0.0])
GAUSSIAN = {"type": "vae/elbo", "likelihood": "gaussian", "std": STD}


def linear(exact: bool = True) -> VAE:
    """The linear VAE of that model, with its exact posterior as q(z | x)."""
    model = pl.build("vae", input_shape=(FEATURES,), latent=2, hidden=[], seed=0, dtype="float64")
    assert isinstance(model, VAE) and model.generation is not None
    if exact:
        inner = np.diag(W.T @ W) + STD**2
        mean, log_std, (output, _) = model.head.mean, model.head.log_std, model.generation.layers
        mean.weight.data = W / inner
        mean.bias.data = -B @ W / inner
        log_std.weight.data[...] = 0
        log_std.bias.data = 0.5 * np.log(STD**2 / inner)
        output.weight.data, output.bias.data = W.T, B
    return model


def test_the_likelihood_of_a_pixel_that_is_nearly_certain() -> None:
    y = np.array([[15.0, -15.0, 20.0, -80.0]], "float32")
    x = np.array([[1.0, 0.0, 1.0, 0.0]], "float32")
    for k in range(4):
        left = log_likelihood(Elbo(), np, x[:, k : k + 1], y[:, k : k + 1])
        np.testing.assert_allclose(left, -np.log1p(np.exp(-abs(np.float64(y[:, k])))), rtol=1e-5)


def test_the_divergence_of_a_unit_that_is_hardly_used() -> None:
    s, zero, kl = np.array([[1e-4], [-1e-4]], "float32"), np.zeros((2, 1), "float32"), np.zeros(())
    ds = np.empty_like(s)
    gaussian_kl(get_ops("reference"), zero, s, None, 1.0, kl, np.empty_like(s), ds)
    np.testing.assert_allclose(kl, 1e-8, rtol=1e-3)
    np.testing.assert_allclose(ds, np.expm1(2 * s.astype(float)) / 2, rtol=1e-6)


def data(rows: int = 400) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(rows, 2)) @ W.T + B + STD * rng.normal(size=(rows, FEATURES))


def log_density(x: Any) -> Any:
    return stats.multivariate_normal.logpdf(x, B, W @ W.T + STD**2 * np.eye(FEATURES))


@pytest.mark.parametrize("samples", [1, 7])
def test_with_the_exact_posterior_every_weight_is_the_density(samples: int) -> None:
    """p(x | z) p(z) / q(z | x) = p(x) whatever z is."""
    x = data(50)
    bound = importance_weighted_bound(linear(), x, objective=GAUSSIAN, samples=samples)
    np.testing.assert_allclose(bound, log_density(x), atol=1e-10)


def test_with_the_exact_posterior_the_elbo_is_the_density_in_expectation() -> None:
    x = data(4000)
    figures = pl.Trainer(linear(), objective=GAUSSIAN, seed=0).evaluate((x, None))
    assert -figures["loss"] == pytest.approx(log_density(x).mean(), abs=0.03)


def test_more_samples_come_closer_from_below() -> None:
    x, model = data(2000), linear()
    model.head.log_std.bias.data[...] += 0.7  # q is twice too wide
    bounds = [importance_weighted_bound(model, x, objective=GAUSSIAN, samples=k).mean() for k in (1, 8, 64)]
    assert bounds[0] < bounds[1] < bounds[2] < log_density(x).mean() + 0.01
    assert bounds[2] > log_density(x).mean() - 0.05
    elbo = -pl.Trainer(model, objective=GAUSSIAN, seed=0).evaluate((x, None))["loss"]
    assert bounds[0] == pytest.approx(elbo, abs=0.3)


def test_thousands_of_samples_give_the_density_itself() -> None:
    """Also where q is wrong, and where every weight is far below what a float can hold."""
    x, model = data(20), linear()
    model.head.log_std.bias.data[...] += 0.3
    x = np.concatenate([x, x[:2] + np.array([0, 0, 0, 60])])  # whose densities are about e^(−11,000)
    found = importance_weighted_bound(model, x, objective=GAUSSIAN, samples=5000)
    np.testing.assert_allclose(found, log_density(x), atol=0.05)
    assert (found[-2:] < -10_000).all()


def test_training_finds_the_maximum_of_the_likelihood() -> None:
    """The optimum of the linear VAE is that of probabilistic PCA, known from the eigenvalues of the covariance."""
    x, model = data(2000), linear(exact=False)
    trainer = pl.Trainer(model, objective=GAUSSIAN, optimizer={"type": "adam", "lr": 0.05}, schedule="cosine", seed=0)
    trainer.fit((x, None), epochs=50, batch_size=100, verbose=False)
    reached = importance_weighted_bound(model, x, samples=8).mean()  # with the objective of the training
    values, vectors = np.linalg.eigh(np.cov(x.T, bias=True))
    principal = vectors[:, -2:] * np.sqrt(values[-2:] - STD**2)
    covariance = principal @ principal.T + STD**2 * np.eye(FEATURES)
    best = stats.multivariate_normal.logpdf(x, x.mean(axis=0), covariance).mean()
    assert best - 0.005 < reached < best + 0.001


def test_the_bound_repeats_and_batches_do_not_matter() -> None:
    model, x = linear(), np.random.default_rng(1).random((60, FEATURES))
    objective = {"type": "vae/elbo", "binarize": True}
    bound = importance_weighted_bound(model, x, objective=objective, samples=3, seed=4)
    again = importance_weighted_bound(model, x, objective=objective, samples=3, seed=4, batch_size=7)
    np.testing.assert_allclose(again, bound, atol=1e-10)
    assert (importance_weighted_bound(model, x, objective=objective, samples=3, seed=5) != bound).any()


def test_grey_levels_have_no_bernoulli_likelihood_and_drawn_ones_do(recwarn: pytest.WarningsRecorder) -> None:
    model, x = pl.build("vae", input_shape=(4,), latent=2, hidden=[3], seed=0), np.full((3, 4), 0.5, "float32")
    importance_weighted_bound(model, x, objective={"type": "vae/elbo", "binarize": True}, samples=2)
    importance_weighted_bound(model, np.round(x), objective="vae/elbo", samples=2)
    importance_weighted_bound(model, x, objective=GAUSSIAN, samples=2)
    assert not len(recwarn)
    with pytest.warns(pl.PellucidWarning, match="the figure is none of log p"):
        importance_weighted_bound(model, x, objective="vae/elbo", samples=2)


def test_codes_are_the_posterior_means_and_come_back() -> None:
    model, x = linear(), data(30)
    pl.Trainer(model, objective=GAUSSIAN, seed=0).fit((x, None), epochs=0, verbose=False)
    model.runtime.metadata["objective"] = GAUSSIAN
    inner = np.diag(W.T @ W) + STD**2
    codes = encode(model, x)
    np.testing.assert_allclose(codes, (x - B) @ W / inner, atol=1e-10)
    np.testing.assert_allclose(decode(model, codes), codes @ W.T + B, atol=1e-10)
    np.testing.assert_allclose(reconstruct(model, x), codes @ W.T + B, atol=1e-10)
    drawn = sample(model, 4000, seed=1)
    np.testing.assert_array_equal(drawn, sample(model, 4000, seed=1))
    np.testing.assert_allclose(np.cov(drawn.T), W @ W.T, atol=0.1)


def test_bernoulli_outputs_are_probabilities() -> None:
    model = linear()
    np.testing.assert_allclose(decode(model, np.array([[1.0, -2.0]]))[0], 1 / (1 + np.exp(-(W @ [1, -2] + B))))
    assert np.isfinite(decode(model, np.full((1, 2), 1e6))).all()


def test_a_unit_that_says_nothing_is_not_active() -> None:
    rng = np.random.default_rng(0)
    means = np.column_stack([rng.normal(size=500), 0.05 * rng.normal(size=500), 3 + 0.2 * rng.normal(size=500)])
    assert active_units(means) == 2
    assert active_units(means, threshold=0.1) == 1


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m: decode(m, np.zeros((3, 5))), ShapeError, r"Codes must have shape \(N, 2\).* Received: \(3, 5\)"),
        (lambda m: decode(m, np.zeros(2)), ShapeError, r"A single code needs a batch axis: code\[None\]"),
        (lambda m: decode(m, [["a", "b"]]), DataError, "codes must hold real numbers. Received: dtype <U1"),
        (lambda m: decode(m, [[1.0, 2.0], [3.0]]), DataError, "codes must hold real numbers, with rows of one length"),
        (lambda m: decode(m, np.zeros((3, 2)), np.zeros(3, int)), ConfigError, "unconditional and takes no labels"),
        (lambda m: encode(pl.build("tanh", input_shape=(3,)), data(2)), ConfigError, "which has codes. Received: Tanh"),
        (lambda m: encode(None, data(2)), ConfigError, "which has codes. Received: None"),
        (lambda m: sample(m, 0), ConfigError, r"The 'count' of sample must be an int in \[1, inf\)"),
        (lambda m: importance_weighted_bound(m, data(3), objective=GAUSSIAN, samples=0), ConfigError, "'samples' of"),
        (lambda m: importance_weighted_bound(m, 2 + data(3)), DataError, r"Elbo needs values in \[0, 1\]"),
        (lambda m: importance_weighted_bound(m, data(3), objective={"type": "supervised", "loss": "mse"}),
         ConfigError, "needs the likelihood of a vae/elbo"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_named(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call(linear())


def test_a_conditional_model_asks_for_labels() -> None:
    model = pl.build("conditional_vae", input_shape=[(4,), ()], classes=3, latent=2, hidden=[3], seed=0)
    with pytest.raises(ConfigError, match="needs a label for each sample, 0 to 2"):
        encode(model, np.zeros((2, 4)))
    with pytest.raises(DataError, match="Labels must be 2 integers, one for each row"):
        encode(model, np.zeros((2, 4)), np.zeros(3, int))

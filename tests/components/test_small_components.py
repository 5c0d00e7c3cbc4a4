"""Schedules, initializers, the L2 penalty, metrics, and the constructor checks that all components share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.checks import check_int
from pellucid.basics.component import CHANGES
from pellucid.basics.errors import ConfigError, PellucidWarning, ShapeError
from pellucid.standard.arguments import check_sizes
from pellucid.standard.initializers.drawn import Normal, TruncatedNormal, Uniform
from pellucid.standard.initializers.fixed import Constant as Filled, Ones, Zeros
from pellucid.standard.initializers.orthogonal import Orthogonal
from pellucid.standard.initializers.scaled import Glorot, He, Lecun
from pellucid.standard.layers import neuron
from pellucid.standard.layers.activations import ELU, LeakyReLU, Softmax
from pellucid.standard.layers.dense import Dense
from pellucid.standard.layers.dropout import Dropout
from pellucid.standard.layers.neuron import Neuron
from pellucid.standard.layers.normalisation import BatchNorm, LayerNorm
from pellucid.standard.layers.reshape import Flatten, Reshape
from pellucid.standard.metrics.accuracy import Accuracy
from pellucid.standard.metrics.values import MAE, R2, RMSE
from pellucid.standard.regularizers import L1, L2, ElasticNet
from pellucid.standard.schedules.constant import Constant
from pellucid.standard.schedules.cosine import Cosine
from scipy import stats
from sklearn.metrics import accuracy_score, mean_absolute_error, mean_squared_error, r2_score

from tests.components.support import REFERENCE, built, central_difference, context, relative_error

# -- schedules -------------------------------------------------------------------------------------------------------


def test_constant() -> None:
    assert [Constant()(step, 10) for step in (0, 5, 99)] == [1.0] * 3


def test_cosine_at_known_points() -> None:
    assert [Cosine()(step, 12) for step in (0, 4, 6, 8, 12, 99)] == pytest.approx([1, 0.75, 0.5, 0.25, 0, 0])
    assert [Cosine(final=0.2)(step, 12) for step in (0, 6, 12)] == pytest.approx([1, 0.6, 0.2])
    warm = Cosine(warmup=4)
    assert [warm(step, 12) for step in (0, 1, 2, 3, 4, 8, 12)] == pytest.approx([0.25, 0.5, 0.75, 1, 1, 0.5, 0])
    assert Cosine(steps=6)(3, 1000) == pytest.approx(0.5)
    assert Cosine(warmup=10)(3, 5) == pytest.approx(0.4)  # a run shorter than its warm-up
    assert Cosine(steps=6, final=0.2)(9, 1000) == pytest.approx(0.2)


@pytest.mark.parametrize(("arguments", "step", "factor", "message"), [
    ({"warmup": 4}, 1, 0.5, "does not know how many steps there will be"),
    ({}, 1000, 1.0, r'Give their number, schedule=\{"type": "cosine", "steps": …\}'),
    ({"steps": 6}, 6, 0.0, "is over after the 6 'steps' that it was given: the learning rate is 0"),
])  # fmt: skip
def test_a_cosine_that_has_no_end_or_is_over_says_so(
    arguments: dict[str, Any], step: int, factor: float, message: str
) -> None:
    """Without a plan, total is 0: it was over after one step, and nobody was told."""
    with pytest.warns(PellucidWarning, match=message):
        assert Cosine(**arguments)(step, 0) == pytest.approx(factor)


@pytest.mark.parametrize(("schedule", "epochs", "message"), [
    ({"warmup": 100}, (1,), r"warm-up .* takes 100 steps, .* ends after 1: no more than 0\.01 of"),
    ({"steps": 1}, (2,), "is over after the 1 'steps'"),
    ({}, (60, 1), "leaves this call of fit at most"),
])  # fmt: skip
def test_warnings_about_a_plan_point_to_the_call_of_fit(
    schedule: dict[str, Any], epochs: tuple[int, ...], message: str
) -> None:
    model = pl.build("dense", units=2, input_shape=(2,), seed=0)
    trainer = pl.Trainer(model, loss="mse", schedule={"type": "cosine", **schedule}, seed=0)
    with pytest.warns(PellucidWarning, match=message) as found:
        for number in epochs:
            trainer.fit((np.ones((8, 2)), np.ones((8, 2))), epochs=number, verbose=False)
    assert {warning.filename for warning in found} == {__file__}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"warmup": -1}, r"The 'warmup' of Cosine must be an int in \[0, inf\). Received: -1."),
        ({"warmup": 1.5}, "The 'warmup' of Cosine must be an int"),
        ({"final": 2.0}, r"The 'final' of Cosine must be a float in \[0, 1\]. Received: 2.0."),
        ({"warmup": 5, "steps": 5}, "The 'steps' of Cosine must be an int above warmup = 5. Received: 5."),
    ],
)  # fmt: skip
def test_cosine_checks(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Cosine(**arguments)


# -- initializers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("initializer", "mean", "variance"),
    [
        (Normal(0.3, 2.0), 2.0, 0.09), (He(), 0, 2 / 100), (He("uniform"), 0, 2 / 100),
        (Glorot(), 0, 2 / 400), (Glorot("normal"), 0, 2 / 400), (Zeros(), 0, 0), (Ones(), 1, 0), (Filled(0.3), 0.3, 0),
        (Lecun(), 0, 1 / 100), (Lecun("uniform"), 0, 1 / 100), (Uniform(0.3), 0, 0.03), (Orthogonal(), 0, 1 / 100),
        (TruncatedNormal(0.3, 2.0), 2.0, stats.truncnorm(-2, 2, 2.0, 0.3).var()),
        (TruncatedNormal(0.5, limit=1.0), 0, stats.truncnorm(-1, 1, 0, 0.5).var()),
    ],
    ids=repr,
)  # fmt: skip
def test_initializers_have_the_promised_moments(initializer: Any, mean: float, variance: float) -> None:
    values = initializer(np.random.default_rng(0), (100, 300), 100, 300)
    assert values.shape == (100, 300) and values.dtype == np.float64
    deviation = np.sqrt(variance)
    assert abs(values.mean() - mean) <= 5 * deviation / np.sqrt(values.size)
    assert values.var() == pytest.approx(variance, rel=0.05)
    np.testing.assert_array_equal(values, initializer(np.random.default_rng(0), (100, 300), 100, 300))
    if getattr(initializer, "distribution", None) == "uniform":
        assert np.abs(values).max() <= np.sqrt(3 * variance)
    if getattr(initializer, "distribution", None) == "normal":
        assert np.abs(values).max() > 3 * deviation


@pytest.mark.parametrize("shape", [(4, 4), (4, 12), (3, 7), (5, 2), (2, 2, 3)])
def test_the_columns_of_each_block_are_orthogonal(shape: tuple[int, ...]) -> None:
    theta = Orthogonal(1.5)(np.random.default_rng(0), shape, 4, 4).reshape(-1, shape[-1])
    for at in range(0, shape[-1], len(theta)):
        block = theta[:, at : at + len(theta)]
        np.testing.assert_allclose(block.T @ block, 2.25 * np.eye(block.shape[1]), atol=1e-12)


def test_nothing_lies_beyond_the_cut() -> None:
    values = TruncatedNormal(0.5, 1.0, 1.5)(np.random.default_rng(0), (100, 100), 1, 1)
    assert 0.74 < np.abs(values - 1).max() <= 0.75
    assert len(np.unique(values)) == 10_000  # what lay beyond was drawn again, not cut off


def test_dense_chooses_its_initializer_by_activation() -> None:
    spread = {}
    for activation in (None, "tanh", "relu", "gelu"):
        layer = Dense(300, activation)
        layer.build((100,))
        spread[activation] = type(layer.weight.init).__name__
    assert spread == {None: "Glorot", "tanh": "Glorot", "relu": "He", "gelu": "He"}
    layer = Dense(3, "relu", init=Normal(0.5))
    layer.build((4,))
    assert layer.weight.init is layer.init


# -- penalties and neurons -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("penalty", "norms"), [(L1(0.3), (0.3, 0.0)), (L2(0.3), (0.0, 0.15)), (ElasticNet(0.2, 0.3), (0.2, 0.15))]
)
def test_penalties(penalty: Any, norms: tuple[float, float]) -> None:
    theta = np.random.default_rng(0).normal(size=(3, 4))
    expected = norms[0] * np.linalg.norm(theta.ravel(), 1) + norms[1] * np.linalg.norm(theta) ** 2
    assert penalty.penalty(REFERENCE, theta) == pytest.approx(expected)
    grad = np.ones((3, 4))
    penalty.add_gradient(REFERENCE, theta, grad)
    assert relative_error(grad - 1, central_difference(lambda: penalty.penalty(REFERENCE, theta), theta)) < 1e-6
    np.testing.assert_allclose(grad - 1, norms[0] * np.sign(theta) + 2 * norms[1] * theta, atol=1e-15)


@pytest.mark.parametrize("backend", ["reference", "cython"])
@pytest.mark.parametrize("penalty", [L1(0.3), L2(0.3), ElasticNet(0.2, 0.3)])
def test_penalties_of_float32_are_summed_in_float64(penalty: Any, backend: str) -> None:
    ops, theta = pl.get_ops(backend), np.random.default_rng(0).normal(size=(300, 100)).astype("float32")
    expected = penalty.penalty(ops, theta.astype("float64"))
    assert penalty.penalty(ops, theta) == pytest.approx(expected, rel=1e-12)  # a float32 has 6e-8 at best


def test_weights_and_biases_are_penalised_apart_and_the_figures_say_how_much() -> None:
    dense = {"type": "dense", "units": 2, "regularizer": "l1", "bias_regularizer": {"type": "l2", "strength": 0.5}}
    model = pl.build(dense, input_shape=(3,), seed=0)
    model.bias.data = np.array([3.0, -1.0])
    weight, bias = model.weight.data.astype(float), np.array([3.0, -1.0])
    trainer = pl.Trainer(model, loss="mse", optimizer={"type": "sgd", "lr": 1.0}, seed=0)
    x = np.zeros((4, 3))
    figures = trainer.fit((x, np.tile(bias, (4, 1))), epochs=1, batch_size=4, verbose=False)[-1]
    assert figures["loss"] == 0  # the data's part: the outputs are the biases
    expected = 1e-4 * abs(model.weight.data.astype(float)).sum() + 0.25 * (model.bias.data.astype(float) ** 2).sum()
    assert figures["penalty"] == pytest.approx(expected)
    np.testing.assert_allclose(model.weight.data, weight - 1e-4 * np.sign(weight), rtol=1e-5)
    np.testing.assert_allclose(model.bias.data, 0.5 * bias, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", [None, "relu", "sigmoid", "tanh"])
def test_a_neuron_learns_what_dense_learns(activation: str | None, dtype: str) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(7, 3)), rng.uniform(size=(7, 2))
    learned = []
    for kind in ("neuron", "dense"):
        layers = [{"type": kind, "units": units, "activation": activation} for units in (4, 2)]
        model = pl.build({"type": "sequential", "layers": layers}, input_shape=(3,), seed=1, dtype=dtype)
        trainer = pl.Trainer(model, loss="mse", optimizer="adam", seed=0)
        losses = [trainer.train_step(x, y) for _ in range(5)]
        learned.append((losses, [p.data for p in model.parameters()], model.predict(x)))
    for mine, theirs in zip(*learned, strict=True):
        for a, b in zip(mine, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-12 if dtype == "float64" else 2e-6)


def test_a_neuron_computes_without_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers of Python's are multiplied and added; arrays only hold what comes in and goes out."""
    layer = built(Neuron(2, "tanh"), (3,))
    seen: list[type] = []
    monkeypatch.setitem(neuron.FUNCTIONS, "tanh", (lambda z: seen.append(type(z)) or z, lambda y: 1.0))
    ctx = context()
    layer.backward(ctx, layer.forward(ctx, np.ones((4, 3))))
    assert set(seen) == {float} and len(seen) == 8
    assert {type(number) for row in (*ctx.rows, *ctx.answers) for number in row} == {float}
    for method in (Neuron.forward, Neuron.backward):
        assert not {"np", "xp"} & set(method.__code__.co_names)


# -- metrics --------------------------------------------------------------------------------------------------------


def test_accuracy_over_batches_and_weights() -> None:
    rng = np.random.default_rng(0)
    scores, labels, weight = rng.normal(size=(50, 4)), rng.integers(0, 4, 50), rng.uniform(0, 1, 50)
    metric = Accuracy()
    assert np.isnan(metric.result())
    for rows in (slice(0, 20), slice(20, 20), slice(20, 50)):
        metric.update(scores[rows], labels[rows])
    assert metric.result() == pytest.approx(accuracy_score(labels, scores.argmax(1)))
    metric.reset()
    metric.update(scores, np.eye(4)[labels], weight)
    assert metric.result() == pytest.approx(accuracy_score(labels, scores.argmax(1), sample_weight=weight))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("outputs", [1, 3])
def test_figures_of_values_over_batches_and_weights(outputs: int, weighted: bool) -> None:
    rng = np.random.default_rng(5)
    target = rng.normal(size=(50, outputs)) * [1.0, 100.0, 0.01][:outputs] + 1000.0
    prediction, w = target + 0.3 * rng.normal(size=target.shape), rng.uniform(size=50) if weighted else None
    rows = [slice(0, 1), slice(1, 1), slice(1, 30), slice(30, 50)]
    for metric, expected in (
        (R2(), r2_score(target, prediction, sample_weight=w)),
        (RMSE(), mean_squared_error(target, prediction, sample_weight=w) ** 0.5),
        (MAE(), mean_absolute_error(target, prediction, sample_weight=w)),
    ):
        assert np.isnan(metric.result())
        for part in rows:
            metric.update(prediction[part], target[part], None if w is None else w[part])
        assert metric.result() == pytest.approx(expected, rel=1e-9)
        if outputs == 1:
            metric.reset()
            metric.update(prediction, target[:, 0], w)  # a target (N,) is a column
            assert metric.result() == pytest.approx(expected, rel=1e-9)


def test_r2_of_targets_that_do_not_vary_and_far_from_zero() -> None:
    metric = R2()
    metric.update(np.array([[1.0, 3.0], [2.0, 4.0]]), np.array([[5.0, 3.0], [5.0, 4.0]]))
    assert metric.result() == 1.0  # the first output has nothing to explain
    metric.reset()
    metric.update(np.array([[0.2]]), np.array([[0.1]]))
    metric.update(np.array([[0.3]] * 3), np.array([[0.1]] * 3))
    assert np.isnan(metric.result())
    far = 1e9 + np.arange(8.0)[:, None]  # a difference of sums of squares would have no digits left
    metric.reset()
    for row in far:
        metric.update(row[None] + 0.5, row[None])
    assert metric.result() == pytest.approx(1 - 8 * 0.25 / 42)


def test_figures_of_values_need_targets_of_their_shape() -> None:
    with pytest.raises(ShapeError, match=r"RMSE of a prediction of shape \(2, 3\) .*Received: \(3,\)"):
        RMSE().update(np.zeros((2, 3)), np.zeros(3))


def test_accuracy_of_logits_and_sequences() -> None:
    metric = Accuracy()
    metric.update(np.array([[1.0], [-2.0], [0.5]]), np.array([1, 1, 0]))
    assert metric.result() == pytest.approx(1 / 3)
    metric.update(np.array([[3.0]]), np.array([[1.0]]))
    assert metric.result() == pytest.approx(1 / 2)
    metric.reset()
    metric.update(np.eye(3)[[[0, 1], [2, 2]]], np.array([[0, 1], [2, 0]]), np.array([1.0, 3.0]))
    assert metric.result() == pytest.approx((1 + 1 + 3) / 8)
    with pytest.raises(ShapeError, match=r"needs a target of shape \(2,\).*Received: \(3,\)"):
        metric.update(np.zeros((2, 3)), np.zeros(3, int))


def test_counting_does_not_invalidate_recorded_plans() -> None:
    metric = Accuracy()
    before = CHANGES.count
    metric.reset()
    metric.update(np.zeros((2, 3)), np.zeros(2, int))
    assert CHANGES.count == before


# -- what constructors check and keep --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dropout(1.5), r"The 'rate' of Dropout must be a float in \[0, 1\). Received: 1.5."),
        (lambda: Dropout(True), r"The 'rate' of Dropout must be a float in \[0, 1\). Received: True."),
        (lambda: Dense(0), r"The 'units' of Dense must be an int in \[1, inf\). Received: 0."),
        (lambda: Dense(2.0), r"The 'units' of Dense must be an int in \[1, inf\). Received: 2.0."),
        (lambda: Dense(2, "relux"), "The 'activation' of Dense must be one of None, 'relu', .* Received: 'relux'."),
        (lambda: Dense(2, use_bias=1), "The 'use_bias' of Dense must be True or False. Received: 1."),
        (lambda: Dense(2, init=3), "The 'init' of Dense must be an initializer, its name, or None. Received: 3."),
        (lambda: Dense(2, regularizer="l2"), "The 'regularizer' of Dense must be a regularizer or None."),
        (lambda: BatchNorm(momentum=1.0), r"The 'momentum' of BatchNorm must be a float in \[0, 1\). Received: 1.0."),
        (lambda: BatchNorm(eps=0), r"The 'eps' of BatchNorm must be a float in \[1e-37, inf\). Received: 0."),
        (lambda: LayerNorm(eps=1e-50), r"The 'eps' of LayerNorm must be a float in \[1e-37, inf\). Received: 1e-50."),
        (lambda: LeakyReLU(-0.1), r"The 'alpha' of LeakyReLU must be a float in \[0, inf\). Received: -0.1."),
        (lambda: ELU(float("inf")), "The 'alpha' of ELU must be .* Received: inf."),
        (lambda: He("gaussian"), "The 'distribution' of He must be one of 'normal', 'uniform'. Received: 'gaussian'."),
        (lambda: Normal(-1.0), "The 'std' of Normal must be"),
        (lambda: L2(-1.0), "The 'strength' of L2 must be"),
        (lambda: pl.Focal(-1.0), r"The 'gamma' of Focal must be a float in \[0, inf\)."),
        (lambda: pl.Focal(alpha=0.5), "The 'alpha' of Focal must be a list of two or more numbers from 0 on"),
        (lambda: pl.BinaryFocal(alpha=2.0), r"The 'alpha' of BinaryFocal must be a float in \[0, 1\]."),
        (lambda: pl.Huber(0.0), r"The 'delta' of Huber must be a float in \(0, inf\)."),
        (lambda: pl.SoftmaxCrossEntropy(class_weight=[0, 0]), "'class_weight' of Soft.* not all 0, or None. Received"),
        (lambda: pl.SoftmaxCrossEntropy(class_weight=[1, -1]), "'class_weight' of SoftmaxCrossEntropy must be a list"),
        (lambda: pl.SoftmaxCrossEntropy(class_weight="balanced"), 'Received: \'balanced\'. .*sampler="balanced"'),
        (lambda: pl.BinaryCrossEntropy(class_weight=[1, 1, 1]), "must be a list of 2 numbers from 0 on"),
        (lambda: check_int(check_int, "count", 0, "[1, inf)"), "The 'count' of check_int must be an int in"),
        *((lambda sizes=sizes: check_sizes(check_sizes, "hidden", sizes, "of each layer", least=1),
           "The 'hidden' of check_sizes must be a list of at least 1 ints of at least 1, of each layer. Received: ")
          for sizes in ([], 3, [3, 0], [True], [2.0], "ab")),
    ],
)  # fmt: skip
def test_arguments_are_checked(make: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()


def test_arguments_are_stored_unchanged() -> None:
    regularizer, init = L2(0.5), He("uniform")
    given = {"units": 3, "activation": "relu", "use_bias": False, "init": init, "regularizer": regularizer}
    given |= {"bias_regularizer": L1(0.5)}
    assert Dense(**given).arguments() == given


@pytest.mark.parametrize("layer", [Dense(3), BatchNorm(), Softmax()], ids=repr)
@pytest.mark.parametrize("shape", [(), (3, None)])
def test_layers_over_features_need_a_fixed_last_axis(layer: Any, shape: Any) -> None:
    with pytest.raises(ShapeError, match=rf"{type(layer).__name__} needs an input whose last axis"):
        layer.output_shape(shape)


def test_variable_axes_elsewhere_are_fine() -> None:
    assert Dense(3).output_shape((None, 5)) == (None, 3)
    with pytest.raises(ShapeError, match=r"Flatten cannot flatten samples of varying shape \(None, 5\)"):
        Flatten().output_shape((None, 5))


def test_reshape_undoes_flatten() -> None:
    x = np.arange(24.0).reshape(2, 3, 4)
    flat = Flatten().forward(context(), x)
    np.testing.assert_array_equal(Reshape([3, 4]).forward(context(), flat), x)


@pytest.mark.parametrize(
    ("shape", "received"),
    [((5,), r"\(5,\), 5 features"), ((None, 2), r"\(None, 2\), a number of features that varies")],
)
def test_reshape_says_how_many_features_it_needs(shape: Any, received: str) -> None:
    message = rf"Reshape makes samples of shape \(2, 3\), which hold 6 features. Received: samples of shape {received}"
    with pytest.raises(ShapeError, match=message):
        Reshape([2, 3]).output_shape(shape)


@pytest.mark.parametrize(("shape", "name"), [([2, -1], r"shape\[1\]"), ([0], r"shape\[0\]"), (6, "shape")])
def test_reshape_checks(shape: Any, name: str) -> None:
    with pytest.raises(ConfigError, match=f"The '{name}' of Reshape must be"):
        Reshape(shape)


# -- batch statistics and dropout ------------------------------------------------------------------------------------


def test_running_statistics_follow_only_when_committed() -> None:
    layer = BatchNorm(momentum=0.75)
    x = np.random.default_rng(0).normal(3, 2, (64, 5))
    built(layer, (5,))
    layer.running_mean.data[...], layer.running_var.data[...] = 0, 1
    ctx = context()
    layer.forward(ctx, x)
    ctx.discard()
    ctx.commit()
    assert not layer.running_mean.data.any()
    for _ in range(2):
        layer.forward(ctx, x)
        ctx.commit()
    kept = 0.75**2
    np.testing.assert_allclose(layer.running_mean.data, (1 - kept) * x.mean(0), rtol=1e-12)
    np.testing.assert_allclose(layer.running_var.data, kept + (1 - kept) * x.var(0), rtol=1e-12)


def test_batch_norm_output_has_the_promised_moments() -> None:
    layer = built(BatchNorm(eps=1e-12), (4, 5))
    y = layer.forward(context(), np.random.default_rng(0).normal(3, 2, (16, 4, 5)))
    np.testing.assert_allclose(y.mean((0, 1)), layer.beta.data, atol=1e-12)
    np.testing.assert_allclose(y.std((0, 1)), np.abs(layer.gamma.data), rtol=1e-9)


def test_batch_norm_in_float32_survives_a_large_mean() -> None:
    layer = built(BatchNorm(), (3,), dtype="float32")
    x = np.random.default_rng(0).normal(1e4, 1, (4096, 3))
    y = layer.forward(context(dtype="float32"), x.astype("float32"))
    expected = (x - x.mean(0)) / x.std(0) * layer.gamma.data + layer.beta.data
    np.testing.assert_allclose(y, expected, atol=5e-3)


def test_frozen_parameters_get_no_gradient_and_first_layers_no_input_gradient() -> None:
    for layer, training in ((Dense(3, "relu"), True), (BatchNorm(), True), (BatchNorm(), False), (LayerNorm(), True)):
        built(layer, (5,))
        for p in layer.parameters():
            p.trainable = False
        ctx = context(training=training)
        ctx.needs_dx = (False,)
        x = np.ones((4, 5))
        assert layer.backward(ctx, layer.forward(ctx, x)) is None
        assert not any(p.grad.any() for p in layer.parameters())


def test_dropout_statistics() -> None:
    x = np.ones((400, 500))
    ctx = context()
    y = Dropout(0.3).forward(ctx, x)
    dropped = float(np.mean(y == 0))
    assert dropped == pytest.approx(0.3, abs=5 * np.sqrt(0.21 / x.size))
    np.testing.assert_allclose(y[y != 0], 1 / 0.7, rtol=1e-15)
    assert float(y.mean()) == pytest.approx(1, abs=0.01)
    columns, rows = (y == 0).mean(0), (y == 0).mean(1)
    assert columns.std() == pytest.approx(np.sqrt(0.21 / 400), rel=0.2)
    assert rows.std() == pytest.approx(np.sqrt(0.21 / 500), rel=0.2)
    np.testing.assert_array_equal(Dropout(0.3).backward(ctx, x), y)  # the same mask


def test_dropout_masks_differ_by_step_and_seed_and_are_equal_in_both_dtypes() -> None:
    x = np.ones((20, 30))
    layer = Dropout(0.5)
    first = np.array(layer.forward(context(), x))
    np.testing.assert_array_equal(first, layer.forward(context(), x))
    np.testing.assert_array_equal(first, layer.forward(context(dtype="float32"), x.astype("float32")))
    later = context()
    later.begin(1, 0)
    assert (layer.forward(later, x) != first).mean() == pytest.approx(0.5, abs=0.1)
    assert (layer.forward(context(seed=4), x) != first).mean() == pytest.approx(0.5, abs=0.1)


def test_dropout_does_nothing_in_evaluation_or_at_rate_zero() -> None:
    x = np.ones((3, 4))
    assert Dropout(0.5).forward(context(training=False), x) is x
    assert Dropout(0.0).forward(context(), x) is x


def test_dropout_of_a_batch_is_that_of_its_parts() -> None:
    x = np.ones((10, 7))
    whole = np.array(Dropout(0.4).forward(context(), x))
    ctx, parts = context(), []
    for start, stop in ((0, 6), (6, 10)):
        ctx.begin(0, 0, micro=start, row_offset=start)
        parts.append(np.array(Dropout(0.4).forward(ctx, x[start:stop])))
    np.testing.assert_array_equal(np.concatenate(parts), whole)

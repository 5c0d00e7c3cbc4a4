"""Losses: values and gradients against SciPy, scikit-learn, central differences, the complex step; weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.errors import DataError, ShapeError
from pellucid.interfaces.objective import Loss
from pellucid.standard.losses.absolute_error import AbsoluteError
from pellucid.standard.losses.binary_cross_entropy import BinaryCrossEntropy
from pellucid.standard.losses.binary_focal import BinaryFocal
from pellucid.standard.losses.cosine_similarity import CosineSimilarity
from pellucid.standard.losses.focal import Focal
from pellucid.standard.losses.hinge import Hinge
from pellucid.standard.losses.huber import Huber
from pellucid.standard.losses.kl_divergence import KLDivergence
from pellucid.standard.losses.outputwise import MSE
from pellucid.standard.losses.softmax_cross_entropy import SoftmaxCrossEntropy
from scipy import special
from scipy.spatial import distance
from sklearn import metrics

from tests.components.support import central_difference, complex_step, context, relative_error

rng = np.random.default_rng(0)
N, T, K = 6, 3, 4
LOGITS = rng.normal(0, 2, (N, K))
LABELS = np.array([0, 1, 2, 3, 3, 1])
SOFT = special.softmax(rng.normal(size=(N, K)), axis=1)
SEQUENCES = rng.normal(0, 2, (N, T, K))
TOKENS = rng.integers(0, K, (N, T))
BITS = rng.integers(0, 2, (N, K)).astype(float)
TARGETS = rng.normal(size=(N, K))
WEIGHT = np.array([1.0, 0.5, 2.0, 0.0, 1.0, 3.0])
TOKEN_WEIGHT = rng.uniform(0, 1, (N, T))
PRICES = [1.0, 0.25, 3.0, 2.0]
"""What each class weighs."""

CASES: list[tuple[str, Loss, Any, Any, Any]] = [
    ("indices", SoftmaxCrossEntropy(), LOGITS, LABELS, None),
    ("indices weighted", SoftmaxCrossEntropy(), LOGITS, LABELS, WEIGHT),
    ("indices int32", SoftmaxCrossEntropy(), LOGITS, LABELS.astype(np.int32), None),
    ("one-hot", SoftmaxCrossEntropy(), LOGITS, np.eye(K)[LABELS], WEIGHT),
    ("soft", SoftmaxCrossEntropy(), LOGITS, SOFT, None),
    ("tokens", SoftmaxCrossEntropy(), SEQUENCES, TOKENS, None),
    ("tokens, weight per sample", SoftmaxCrossEntropy(), SEQUENCES, TOKENS, WEIGHT),
    ("tokens, weight per token", SoftmaxCrossEntropy(), SEQUENCES, TOKENS, TOKEN_WEIGHT),
    ("smoothed", SoftmaxCrossEntropy(label_smoothing=0.2), LOGITS, LABELS, WEIGHT),
    ("smoothed soft", SoftmaxCrossEntropy(label_smoothing=0.3), LOGITS, SOFT, None),
    ("smoothed tokens", SoftmaxCrossEntropy(label_smoothing=0.1), SEQUENCES, TOKENS, TOKEN_WEIGHT),
    ("smoothed binary", BinaryCrossEntropy(label_smoothing=0.2), LOGITS, BITS, WEIGHT),
    ("binary", BinaryCrossEntropy(), LOGITS, BITS, None),
    ("binary weighted", BinaryCrossEntropy(), LOGITS, BITS, WEIGHT),
    ("binary integers, soft", BinaryCrossEntropy(), LOGITS, BITS.astype(int), WEIGHT),
    ("binary images", BinaryCrossEntropy(), SEQUENCES, special.expit(SEQUENCES[::-1]), WEIGHT),
    ("binary column", BinaryCrossEntropy(), LOGITS[:, :1], BITS[:, 0], None),
    ("mse", MSE(), LOGITS, TARGETS, None),
    ("mse weighted", MSE(), LOGITS, TARGETS, WEIGHT),
    ("mse images", MSE(), SEQUENCES, SEQUENCES[::-1].copy(), WEIGHT),
    ("mse column", MSE(), LOGITS[:, :1], TARGETS[:, 0], WEIGHT),
    ("mae", AbsoluteError(), LOGITS, TARGETS, None),
    ("mae images", AbsoluteError(), SEQUENCES, SEQUENCES[::-1].copy(), WEIGHT),
    ("huber", Huber(), LOGITS, TARGETS, WEIGHT),
    ("huber column", Huber(0.3), LOGITS[:, :1], TARGETS[:, 0], None),
    ("classes weighted", SoftmaxCrossEntropy(class_weight=PRICES), LOGITS, LABELS, WEIGHT),
    ("classes weighted, soft", SoftmaxCrossEntropy(class_weight=PRICES), LOGITS, SOFT, None),
    ("classes weighted, tokens", SoftmaxCrossEntropy(class_weight=PRICES), SEQUENCES, TOKENS, TOKEN_WEIGHT),
    ("classes weighted, smoothed", SoftmaxCrossEntropy(label_smoothing=0.2, class_weight=PRICES), LOGITS, LABELS, None),
    ("answers weighted", BinaryCrossEntropy(class_weight=[0.5, 4.0]), LOGITS, BITS, WEIGHT),
    ("answers weighted, column", BinaryCrossEntropy(class_weight=[0.5, 4.0]), LOGITS[:, :1], BITS[:, 0], None),
    ("focal", Focal(), LOGITS, LABELS, None),
    ("focal, gamma 0", Focal(gamma=0.0), LOGITS, LABELS, WEIGHT),
    ("focal tokens", Focal(gamma=0.7, alpha=PRICES), SEQUENCES, TOKENS, TOKEN_WEIGHT),
    ("binary focal", BinaryFocal(), LOGITS, BITS, WEIGHT),
    ("binary focal, alpha", BinaryFocal(0.7, 0.25), LOGITS, special.expit(LOGITS[::-1]), None),
    ("divergence", KLDivergence(), LOGITS, SOFT, WEIGHT),
    ("divergence, one-hot", KLDivergence(), LOGITS, np.eye(K)[LABELS], None),
    ("divergence, sequences", KLDivergence(), SEQUENCES, special.softmax(SEQUENCES[::-1], axis=-1), TOKEN_WEIGHT),
    ("cosine", CosineSimilarity(), LOGITS, TARGETS, WEIGHT),
    ("cosine, sequences", CosineSimilarity(), SEQUENCES, SEQUENCES[::-1].copy(), TOKEN_WEIGHT),
    ("hinge", Hinge(), LOGITS, LABELS, WEIGHT),
    ("hinge tokens", Hinge(), SEQUENCES, TOKENS, None),
    ("hinge of one score", Hinge(), LOGITS[:, :1], BITS[:, 0], WEIGHT),
    ("hinge of one score, signs", Hinge(), LOGITS[:, :1], 2 * BITS[:, :1] - 1, None),
]


def softmax(z: Any) -> Any:
    return np.exp(z) / np.exp(z).sum(-1, keepdims=True)


def mean(each: Any) -> Any:
    """Over the outputs of a sample."""
    return each.reshape(len(each), -1).mean(1)


def positive(x: Any) -> Any:
    return np.where(x.real > 0, x, 0)


def textbook(loss: Loss, prediction: Any, target: Any, weight: Any) -> Any:
    """The loss as the textbook defines it, sample by sample, analytic in the prediction."""
    target = target.reshape(prediction.shape) if target.size == prediction.size else target
    z, of_class = prediction, 1.0
    match loss:
        case SoftmaxCrossEntropy():
            hot = target if target.shape == z.shape else np.eye(z.shape[-1])[target]
            of_class = hot @ np.array(loss.class_weight) if loss.class_weight else 1.0
            hot = (1 - loss.label_smoothing) * hot + loss.label_smoothing / z.shape[-1]
            each = -(hot * np.log(softmax(z))).sum(-1)
        case BinaryCrossEntropy():
            if loss.class_weight is not None:
                of_class = np.where(target == 1, loss.class_weight[1], loss.class_weight[0])
            target = (1 - loss.label_smoothing) * target + loss.label_smoothing / 2
            p = 1 / (1 + np.exp(-z))
            each = -(target * np.log(p) + (1 - target) * np.log(1 - p))
            each = each if loss.class_weight is not None else mean(each)
        case Focal():
            q = (np.eye(z.shape[-1])[target] * softmax(z)).sum(-1)
            each = -(np.array(loss.alpha or np.ones(K))[target] * (1 - q) ** loss.gamma * np.log(q))
        case BinaryFocal():
            p, a, g = 1 / (1 + np.exp(-z)), loss.alpha, loss.gamma
            yes, no = (1, 1) if a is None else (a, 1 - a)
            each = mean(-yes * target * (1 - p) ** g * np.log(p) - no * (1 - target) * p**g * np.log(1 - p))
        case KLDivergence():
            each = (special.xlogy(target, target) - target * np.log(softmax(z))).sum(-1)
        case CosineSimilarity():
            each = 1 - (z * target).sum(-1) / np.sqrt((z**2).sum(-1) * (target**2).sum(-1))
        case Hinge() if z.shape[-1] == 1:
            each = positive(1 - np.where(target > 0, 1, -1)[..., 0] * z[..., 0])
        case Hinge():
            hot = np.eye(K, dtype=bool)[target]
            rival = np.where(hot, -np.inf, z.real).argmax(-1)
            each = positive(1 - z[hot].reshape(target.shape) + np.take_along_axis(z, rival[..., None], -1)[..., 0])
        case AbsoluteError():
            each = mean((z - target) * np.sign((z - target).real))
        case Huber(delta=delta):
            size = (z - target) * np.sign((z - target).real)
            each = mean(np.where(size.real <= delta, size**2 / 2, delta * (size - delta / 2)))
        case _:
            each = mean((z - target) ** 2)
    w = np.ones(each.shape) if weight is None else weight
    w = of_class * np.broadcast_to(w.reshape(*w.shape, *(1,) * (each.ndim - w.ndim)), each.shape)
    return (w * each).sum() / w.sum()


@pytest.mark.parametrize(("name", "loss", "prediction", "target", "weight"), CASES, ids=[c[0] for c in CASES])
def test_value_and_gradient(name: str, loss: Loss, prediction: Any, target: Any, weight: Any) -> None:
    prediction = prediction.copy()
    ctx = context()
    value = loss.forward(ctx, prediction, target, weight)
    gradient = loss.backward(ctx)
    assert value.shape == () and value.dtype == np.float64
    assert gradient.shape == prediction.shape
    assert float(value) == pytest.approx(textbook(loss, prediction, target, weight), rel=1e-12)

    numeric = central_difference(lambda: float(loss.forward(context(), prediction, target, weight)), prediction)
    assert relative_error(gradient, numeric) < 1e-6
    oracle = complex_step(lambda z: textbook(loss, z, target, weight), prediction)
    assert relative_error(gradient, oracle) < 1e-9


def value_of(loss: Loss, *args: Any) -> float:
    return float(loss.forward(context(), *args))


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["alike", "weighted"])
@pytest.mark.parametrize("ignore", [-1, 2, -100])
@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.2}, {"class_weight": PRICES}], ids=str)
def test_with_labels_to_ignore_it_is_the_loss_of_the_others(options: Any, ignore: int, weight: Any) -> None:
    left = LABELS != 2
    assert 1 < left.sum() < N and (LABELS[left] > 1).any()
    loss, told = SoftmaxCrossEntropy(ignore=ignore, **options), np.where(left, LABELS, ignore)
    ctx = context()
    value = loss.forward(ctx, LOGITS, told, weight)
    gradient = loss.backward(ctx)
    others = LOGITS[left], LABELS[left], None if weight is None else weight[left]
    assert float(value) == pytest.approx(textbook(loss, *others), rel=1e-12)
    assert not gradient[~left].any()
    oracle = complex_step(lambda z: textbook(loss, z, *others[1:]), others[0])
    assert relative_error(gradient[left], oracle) < 1e-9


def test_against_scipy_and_scikit_learn() -> None:
    log_p = special.log_softmax(LOGITS, axis=1)
    expected = -log_p[np.arange(N), LABELS].mean()
    assert value_of(SoftmaxCrossEntropy(), LOGITS, LABELS) == pytest.approx(expected, rel=1e-12)
    expected = metrics.log_loss(LABELS, special.softmax(LOGITS, axis=1), sample_weight=WEIGHT, labels=range(K))
    assert value_of(SoftmaxCrossEntropy(), LOGITS, LABELS, WEIGHT) == pytest.approx(expected, rel=1e-9)
    expected = metrics.log_loss(BITS[:, 0], special.expit(LOGITS[:, 0]), sample_weight=WEIGHT)
    assert value_of(BinaryCrossEntropy(), LOGITS[:, :1], BITS[:, 0], WEIGHT) == pytest.approx(expected, rel=1e-9)
    expected = metrics.mean_squared_error(TARGETS, LOGITS, sample_weight=WEIGHT)
    assert value_of(MSE(), LOGITS, TARGETS, WEIGHT) == pytest.approx(expected, rel=1e-12)


def test_the_others_against_scipy_and_scikit_learn() -> None:
    expected = metrics.mean_absolute_error(TARGETS, LOGITS, sample_weight=WEIGHT)
    assert value_of(AbsoluteError(), LOGITS, TARGETS, WEIGHT) == pytest.approx(expected, rel=1e-12)
    expected = np.average(special.huber(0.7, LOGITS - TARGETS).mean(1), weights=WEIGHT)
    assert value_of(Huber(0.7), LOGITS, TARGETS, WEIGHT) == pytest.approx(expected, rel=1e-12)
    expected = np.average(special.rel_entr(SOFT, special.softmax(LOGITS, axis=1)).sum(1), weights=WEIGHT)
    assert value_of(KLDivergence(), LOGITS, SOFT, WEIGHT) == pytest.approx(expected, rel=1e-12)
    expected = np.average([distance.cosine(y, t) for y, t in zip(LOGITS, TARGETS, strict=True)], weights=WEIGHT)
    assert value_of(CosineSimilarity(), LOGITS, TARGETS, WEIGHT) == pytest.approx(expected, rel=1e-12)
    expected = metrics.hinge_loss(LABELS, LOGITS, labels=range(K), sample_weight=WEIGHT)
    assert value_of(Hinge(), LOGITS, LABELS, WEIGHT) == pytest.approx(expected, rel=1e-12)
    for told in (BITS[:, 0], 2 * BITS[:, 0] - 1):
        expected = metrics.hinge_loss(told, LOGITS[:, 0], sample_weight=WEIGHT)
        assert value_of(Hinge(), LOGITS[:, :1], told, WEIGHT) == pytest.approx(expected, rel=1e-12)
    each = WEIGHT * np.array(PRICES)[LABELS]
    expected = metrics.log_loss(LABELS, special.softmax(LOGITS, axis=1), sample_weight=each, labels=range(K))
    assert value_of(SoftmaxCrossEntropy(class_weight=PRICES), LOGITS, LABELS, WEIGHT) == pytest.approx(expected)
    each = WEIGHT * np.array([0.5, 4.0])[BITS[:, 0].astype(int)]
    expected = metrics.log_loss(BITS[:, 0], special.expit(LOGITS[:, 0]), sample_weight=each)
    loss = BinaryCrossEntropy(class_weight=[0.5, 4.0])
    assert value_of(loss, LOGITS[:, :1], BITS[:, 0], WEIGHT) == pytest.approx(expected)


def test_subgradients_at_kinks_are_as_stated() -> None:
    def gradient(loss: Loss, prediction: Any, target: Any) -> Any:
        ctx = context()
        loss.forward(ctx, np.array(prediction), np.array(target))
        return loss.backward(ctx)

    assert gradient(AbsoluteError(), [[2.0], [3.0]], [[2.0], [1.0]]).ravel().tolist() == [0, 0.5]
    assert gradient(Huber(0.5), [[0.5], [-2.0]], [[0.0], [0.0]]).ravel().tolist() == [0.25, -0.25]
    assert not gradient(Hinge(), [[1.0], [-1.0]], [1, 0]).any()  # ahead by the margin
    assert not gradient(Hinge(), [[2.0, 1.0, 0.0]], [0]).any()
    assert gradient(Hinge(), [[1.0, 2.0, 2.0]], [0]).tolist() == [[-1, 1, 0]]  # of equal rivals the first
    assert not gradient(CosineSimilarity(), [[0.0, 0.0], [1.0, 2.0]], [[1.0, 1.0], [0.0, 0.0]]).any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_nearly_certain_keeps_its_digits(dtype: str) -> None:
    z = np.array([[25.0, 0.0]], dtype)
    ctx = context(dtype=dtype)
    value = float(Focal(1.0).forward(ctx, z, np.array([0])))
    small = np.exp(-25.0)  # 1 − p, and −log p: the loss is its square
    assert value == pytest.approx(small**2, rel=1e-5)
    assert Focal(1.0).backward(ctx)[0].tolist() == pytest.approx([-2 * small**2, 2 * small**2], rel=1e-4)
    value = float(BinaryFocal(1.0).forward(ctx, z[:, :1], np.array([1.0], dtype)))
    assert value == pytest.approx(small**2, rel=1e-5)


def test_focal_without_a_focus_is_the_cross_entropy() -> None:
    assert value_of(Focal(0.0), LOGITS, LABELS, WEIGHT) == pytest.approx(
        value_of(SoftmaxCrossEntropy(), LOGITS, LABELS, WEIGHT), rel=1e-14
    )
    assert value_of(BinaryFocal(0.0), LOGITS, BITS) == pytest.approx(value_of(BinaryCrossEntropy(), LOGITS, BITS))


def test_the_gradient_is_softmax_minus_one_hot_over_n() -> None:
    ctx = context()
    SoftmaxCrossEntropy().forward(ctx, LOGITS, LABELS)
    expected = (special.softmax(LOGITS, axis=1) - np.eye(K)[LABELS]) / N
    np.testing.assert_allclose(SoftmaxCrossEntropy().backward(ctx), expected, atol=1e-15)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_probabilities_against_scipy(dtype: str) -> None:
    softmax, binary = SoftmaxCrossEntropy(), BinaryCrossEntropy()
    for logits in (LOGITS, LOGITS * 1e4, LOGITS[:0]):
        logits = logits.astype(dtype)
        before = logits.copy()
        p = softmax.probabilities(logits)
        np.testing.assert_allclose(p, special.softmax(logits.astype(float), axis=1), rtol=1e-12, atol=1e-300)
        yes = special.expit(logits[:, 0].astype(float))
        for column in (logits[:, 0], logits[:, :1]):
            q = binary.probabilities(column)
            np.testing.assert_allclose(q, np.stack([1 - yes, yes], axis=1), rtol=1e-12, atol=1e-15)
        assert p.dtype == q.dtype == np.float64
        np.testing.assert_array_equal(logits, before)


def test_outputs_that_are_no_choice_of_one_class_have_no_probabilities() -> None:
    assert SoftmaxCrossEntropy().probabilities(SEQUENCES) is None
    assert BinaryCrossEntropy().probabilities(LOGITS) is None
    assert MSE().probabilities(LOGITS) is None


def test_how_many_outputs_targets_ask_for() -> None:
    assert BinaryCrossEntropy().outputs_for(LABELS % 2) == 1
    assert BinaryCrossEntropy().outputs_for(BITS) is None
    assert SoftmaxCrossEntropy().outputs_for(LABELS) is None
    assert MSE().outputs_for(TARGETS) is None
    binary = pl.create("objective", "supervised", loss="binary_cross_entropy")
    assert binary.outputs_for(LABELS % 2) == 1
    np.testing.assert_array_equal(binary.probabilities(LOGITS[:, :1]), binary.loss.probabilities(LOGITS[:, :1]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_finite_for_huge_logits(dtype: str) -> None:
    logits = np.array([[1e4, -1e4, 0.0], [-1e4, 1e4, 1e4]], dtype)
    targets = [(SoftmaxCrossEntropy(), np.array([1, 0])), (SoftmaxCrossEntropy(), np.eye(3, dtype=dtype)[[1, 0]]),
               (BinaryCrossEntropy(), np.array([[0, 1, 1], [1, 0, 0]], dtype))]  # fmt: skip
    for loss, target in targets:
        ctx = context(dtype=dtype)
        value = loss.forward(ctx, logits, target)
        gradient = loss.backward(ctx)
        assert gradient.dtype == dtype
        assert np.isfinite(value) and np.isfinite(gradient).all()
        assert float(value) > 1000  # confidently wrong is expensive
    assert value_of(SoftmaxCrossEntropy(), logits.astype(float), np.array([0, 1])) == pytest.approx(np.log(2) / 2)


@pytest.mark.parametrize(("name", "loss", "prediction", "target", "weight"), CASES, ids=[c[0] for c in CASES])
def test_no_rows_and_no_weight_give_zero(name: str, loss: Loss, prediction: Any, target: Any, weight: Any) -> None:
    ctx = context()
    assert float(loss.forward(ctx, prediction[:0], target[:0], None if weight is None else weight[:0])) == 0
    assert loss.backward(ctx).shape == (0, *prediction.shape[1:])
    assert ctx.count == 0
    assert float(loss.forward(ctx, prediction, target, np.zeros(N))) == 0
    assert not loss.backward(ctx).any()
    assert ctx.count == 0


def test_count_is_rows_tokens_or_the_sum_of_weights() -> None:
    def count(loss: Loss, *args: Any) -> float:
        ctx = context()
        loss.forward(ctx, *args)
        return ctx.count

    assert count(SoftmaxCrossEntropy(), LOGITS, LABELS) == N
    assert count(SoftmaxCrossEntropy(), SEQUENCES, TOKENS) == N * T
    assert count(SoftmaxCrossEntropy(), SEQUENCES, TOKENS, WEIGHT) == WEIGHT.sum() * T
    assert count(MSE(), SEQUENCES, SEQUENCES) == N
    assert count(BinaryCrossEntropy(), LOGITS, BITS, WEIGHT) == WEIGHT.sum()
    assert count(SoftmaxCrossEntropy(class_weight=PRICES), LOGITS, LABELS) == np.array(PRICES)[LABELS].sum()
    assert count(Focal(alpha=PRICES), LOGITS, LABELS) == N  # factors are no weights


def test_parts_of_a_batch_add_up() -> None:
    """The mean over 100 + 28 rows, each scaled by count/Σ count, is the mean over 128."""
    logits, labels, weight = rng.normal(size=(128, K)), rng.integers(0, K, 128), rng.uniform(0, 2, 128)
    whole, loss = context(), SoftmaxCrossEntropy()
    value = float(loss.forward(whole, logits, labels, weight))
    total, pieces = 0.0, []
    for part in (slice(0, 100), slice(100, 128)):
        ctx = context()
        share = float(loss.forward(ctx, logits[part], labels[part], weight[part])) * ctx.count / whole.count
        total += share
        pieces.append(loss.backward(ctx) * ctx.count / whole.count)
    assert total == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(np.concatenate(pieces), loss.backward(whole), atol=1e-15)


@pytest.mark.parametrize(
    ("loss", "target", "shape", "message"),
    [
        (SoftmaxCrossEntropy(), np.array([0, 1, 4]), (4,), "class indices from 0 to 3.*Received: 4 in row 2"),
        (SoftmaxCrossEntropy(), np.array([-1, 1, 4]), (4,), r"Received: -1 in row 0 \(and 1 more\)"),
        (SoftmaxCrossEntropy(), np.array([0, 1.5]), (4,), "Received: 1.5 in row 1"),
        (SoftmaxCrossEntropy(), np.array([0, np.nan]), (4,), "Received: nan in row 1"),
        (SoftmaxCrossEntropy(), np.array([[0, 1], [2, 9]]), (2, 4), "Received: 9 in row 1, column 1"),
        (SoftmaxCrossEntropy(), np.zeros((3, 5)), (4,), r"shape \(N,\) or \(N, 4\).*Received: \(3, 5\)"),
        (SoftmaxCrossEntropy(), np.array([[0.5, 0.5], [0.5, 0.6]]), (2,), "add up to 1. Received: 1.1 in row 1"),
        (SoftmaxCrossEntropy(), np.array([[1.5, -0.5]]), (2,), r"\[0, 1\]. Received: 1.5 in row 0, column 0"),
        (SoftmaxCrossEntropy(), np.zeros(3, int), (1,), "at least two classes.* a model with one output"),
        (BinaryCrossEntropy(), np.array([[0.0], [2.0]]), (1,), r"\[0, 1\]. Received: 2.0 in row 1, column 0"),
        (BinaryCrossEntropy(), np.zeros((3, 2)), (3,), r"Received: \(3, 2\)"),
        (Focal(), np.array([0, 4]), (4,), "class indices from 0 to 3.*Received: 4 in row 1"),
        (Focal(), np.eye(4), (4,), r"shape \(N,\).*Received: \(4, 4\)"),
        (KLDivergence(), np.array([[0.5, 0.6]]), (2,), "add up to 1. Received: 1.1 in row 0"),
        (KLDivergence(), np.array([0, 1]), (2,), r"shape \(N, 2\).*Received: \(2,\)"),
        (CosineSimilarity(), np.zeros((3, 1)), (1,), "a single number has none but its sign"),
        (CosineSimilarity(), np.array([[0.0, np.nan]]), (2,), "finite targets. Received: nan in row 0, column 1"),
        (Hinge(), np.array([1, 0, -1]), (1,), "0 and 1, or −1 and 1, with one output. Received: -1 in row 2"),
        (Hinge(), np.array([0, 5]), (3,), "class indices from 0 to 2.*Received: 5 in row 1"),
        (AbsoluteError(), np.array([1.0, np.inf]), (1,), "AbsoluteError needs finite targets. Received: inf in row 1"),
        (MSE(), np.array([1.0, np.inf]), (1,), "finite targets. Received: inf in row 1"),
        (MSE(), np.zeros(3), (2,), r"shape \(N, 2\).*Received: \(3,\)"),
    ],
)  # fmt: skip
def test_check_names_row_and_value(loss: Loss, target: Any, shape: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        loss.check(target, shape)


def test_check_accepts_what_forward_accepts() -> None:
    for _, loss, prediction, target, _ in CASES:
        loss.check(target, prediction.shape[1:])
    SoftmaxCrossEntropy().check(TOKENS, (None, K))
    SoftmaxCrossEntropy().check(TOKENS[:0], (None, K))


@pytest.mark.parametrize(
    ("loss", "target", "weight"),
    [
        (SoftmaxCrossEntropy(), np.zeros((N, 1), int), None),
        (BinaryCrossEntropy(), np.zeros(N), None),
        (MSE(), np.zeros((N, 1)), None),
        (MSE(), TARGETS, np.ones((N, K))),
    ],
)  # fmt: skip
def test_shapes_that_numpy_would_broadcast_are_refused(loss: Loss, target: Any, weight: Any) -> None:
    with pytest.raises(ShapeError, match=r"Received: .*\(6"):
        loss.forward(context(), LOGITS, target, weight)


def test_a_label_out_of_range_reaching_the_kernel_is_a_data_error() -> None:
    with pytest.raises(DataError, match=r"row 2.*0 … 3.*Received: 7"):
        SoftmaxCrossEntropy().forward(context(), LOGITS[:3], np.array([0, 1, 7]))


ADVANTAGE = np.array([1.0, -0.5, 2.0, 0.0, -3.0, 0.7])


@pytest.mark.parametrize("weight", [ADVANTAGE, -ADVANTAGE, np.abs(ADVANTAGE), -np.ones(N)])
def test_signed_weights_are_those_of_a_policy_gradient(weight: Any) -> None:
    loss, ctx = pl.create("loss", "signed", loss="softmax_cross_entropy"), context()
    value = loss.forward(ctx, LOGITS, LABELS, weight)
    p = special.softmax(LOGITS, axis=1)
    assert float(value) == pytest.approx(-(weight * np.log(p[np.arange(N), LABELS])).mean(), rel=1e-12)
    expected = weight[:, None] * (p - np.eye(K)[LABELS]) / N
    np.testing.assert_allclose(loss.backward(ctx), expected, rtol=1e-12, atol=1e-16)
    assert ctx.count == N


def test_signed_weights_of_tokens_add_up_in_their_samples() -> None:
    loss, ctx = pl.create("loss", "signed", loss="softmax_cross_entropy"), context()
    logp = special.log_softmax(SEQUENCES, axis=-1)[np.arange(N)[:, None], np.arange(T), TOKENS]
    value = float(loss.forward(ctx, SEQUENCES, TOKENS, ADVANTAGE))
    assert value == pytest.approx(-(ADVANTAGE * logp.sum(axis=1)).mean(), rel=1e-12)
    each = np.random.default_rng(5).normal(size=(N, T))
    value = float(loss.forward(ctx, SEQUENCES, TOKENS, each))
    assert value == pytest.approx(-(each * logp).mean(), rel=1e-12)


def test_negative_weights_are_refused_elsewhere_and_the_loss_is_named() -> None:
    model = pl.build("dense", units=K, input_shape=(3,), seed=0)
    x = np.ones((N, 3), np.float32)
    with pytest.raises(DataError, match='"type": "signed"'):
        pl.Trainer(model, loss="softmax_cross_entropy", seed=0).train_step(x, LABELS, weight=ADVANTAGE)
    signed = pl.Trainer(model, loss={"type": "signed", "loss": "softmax_cross_entropy"}, accumulate=2, seed=0)
    signed.fit(x, LABELS, sample_weight=ADVANTAGE, batch_size=2, verbose=False)
    with pytest.raises(DataError, match="each 0 or from"):
        signed.train_step(x, LABELS, weight=ADVANTAGE * 1e20)

"""Augmentations of images: how far they move pixels, that they leave alone what they should, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import ConfigError, ShapeError, get_ops
from pellucid_cnn.transforms.warp import Warp

HostArray = np.ndarray[Any, Any]
STILL: list[dict[str, Any]] = [
    {"type": "random_shift", "pixels": 0},
    {"type": "random_flip", "probability": 0.0},
    {"type": "random_rotate", "degrees": 0.0},
    {"type": "random_scale", "factors": (1.0, 1.0)},
    {"type": "random_affine", "degrees": 0.0, "shift": 0.0, "factors": (1.0, 1.0)},
    {"type": "elastic", "alpha": 0.0},
]
"""At zero strength."""
MOVING: list[dict[str, Any]] = [
    {"type": "random_shift"},
    {"type": "random_flip"},
    {"type": "random_rotate"},
    {"type": "random_scale"},
    {"type": "random_affine", "shear": 0.2},
    {"type": "elastic"},
]
NAMES = [str(config["type"]) for config in MOVING]


def create(config: dict[str, Any]) -> Any:
    return pl.create("transform", {**config, "type": f"cnn/{config['type']}"})


def context(step: int = 0, dtype: str = "float64", backend: str = "reference", seed: int = 0) -> pl.Context:
    ctx = pl.Context(get_ops(backend), training=True, seed=seed, dtype=dtype)
    ctx.begin(step, 0)
    return ctx


def augment(config: dict[str, Any], x: HostArray, **options: Any) -> HostArray:
    return np.array(create(config).augment(context(dtype=str(x.dtype), **options), x))


def pictures(n: int = 40, height: int = 12, width: int = 10, channels: int = 2) -> HostArray:
    return np.random.default_rng(0).uniform(size=(n, height, width, channels))


def blob(n: int, row: float, column: float, size: int = 41, spread: float = 2.0) -> HostArray:
    """The same soft point in every image."""
    rows, columns = np.mgrid[:size, :size]
    image = np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / (2 * spread**2))
    return np.broadcast_to(image[None, :, :, None], (n, size, size, 1)).copy()


def centres(x: HostArray) -> HostArray:
    """The centre of mass of each image, from the middle of the image: (N, 2), rows and columns."""
    axes = np.mgrid[: x.shape[1], : x.shape[2]].astype(float) - (np.array(x.shape[1:3]) - 1).reshape(2, 1, 1) / 2
    mass = x[..., 0].sum(axis=(1, 2))
    return np.stack([(x[..., 0] * axis).sum(axis=(1, 2)) / mass for axis in axes], axis=1)


@pytest.mark.parametrize("config", STILL, ids=NAMES)
def test_no_strength_moves_nothing(config: dict[str, Any]) -> None:
    x = pictures()
    np.testing.assert_allclose(augment(config, x), x, atol=1e-12)


@pytest.mark.parametrize("config", MOVING, ids=NAMES)
def test_the_seed_decides(config: dict[str, Any]) -> None:
    x = pictures()
    first = augment(config, x)
    np.testing.assert_array_equal(augment(config, x), first)
    assert not np.array_equal(augment(config, x, seed=1), first)
    assert not np.array_equal(augment(config, x, step=1), first)


@pytest.mark.parametrize("config", MOVING, ids=NAMES)
def test_the_backends_move_alike(config: dict[str, Any]) -> None:
    x = pictures(9).astype("float32")
    np.testing.assert_allclose(augment(config, x, backend="cython"), augment(config, x), atol=1e-5)


@pytest.mark.parametrize("config", MOVING, ids=NAMES)
def test_images_of_one_batch_are_moved_differently(config: dict[str, Any]) -> None:
    x = np.broadcast_to(pictures(1), (20, 12, 10, 2)).copy()
    assert len({image.tobytes() for image in augment(config, x)}) >= (2 if config["type"] == "random_flip" else 10)


def test_shifts_are_whole_pixels_and_every_one_occurs() -> None:
    x = blob(1000, 10, 10, size=21, spread=1.0)
    moved = centres(augment({"type": "random_shift", "pixels": 2}, x))
    np.testing.assert_allclose(moved, moved.round(), atol=1e-6)
    for axis in range(2):
        shifts, counts = np.unique(moved[:, axis].round(), return_counts=True)
        assert shifts.tolist() == [-2, -1, 0, 1, 2]
        assert (abs(counts - 200) < 5 * np.sqrt(1000 * 0.2 * 0.8)).all()
    assert abs(np.corrcoef(moved.T)[0, 1]) < 0.1


def test_nothing_wraps_around() -> None:
    x = np.zeros((200, 5, 5, 1))
    x[:, 0] = 1
    y = augment({"type": "random_shift", "pixels": 2}, x)
    assert not y[:, 3:].any()
    assert {int(y[i].sum()) for i in range(200)} >= {0, 5}  # pushed out, or still whole


@pytest.mark.parametrize("backend", ["reference", "cython"])
@pytest.mark.parametrize("config", [{"type": "random_affine", "shear": 0.2}, {"type": "elastic"}], ids=str)
def test_the_share_that_is_not_moved_stays_as_sharp_as_it_was(config: dict[str, Any], backend: str) -> None:
    x = pictures(400).astype("float32")
    y = augment({**config, "probability": 0.75}, x, backend=backend)
    same = np.array([np.array_equal(a, b) for a, b in zip(y, x, strict=True)])
    assert 60 < same.sum() < 140
    always = augment(config, x, backend=backend)
    np.testing.assert_array_equal(y[~same], always[~same])  # those that are moved are moved as ever
    np.testing.assert_array_equal(augment({**config, "probability": 1.0}, x, backend=backend), always)
    np.testing.assert_array_equal(augment({**config, "probability": 0.0}, x, backend=backend), x)


def test_whether_an_image_is_moved_says_nothing_of_how() -> None:
    turned, bent = [], []
    affine = create({"type": "random_affine", "degrees": 90.0, "probability": 0.5})
    elastic = create({"type": "elastic", "sigma": 0.1, "probability": 0.5})
    x = pictures(1, 2, 2)
    for step in range(300):
        turned.append(float(affine.motion(context(step), x).inverse[1][0]))  # the sine
        bent.append(float(elastic.sources(context(step), x)[0, 0, 0, 0]))  # of the pixel at 0, by the first noise
    for found in (turned, bent):
        assert all(50 < count < 100 for count in (np.greater(found, 0).sum(), np.less(found, 0).sum()))


def test_half_of_the_images_are_flipped_and_only_left_and_right() -> None:
    x = pictures(400)
    y = augment({"type": "random_flip"}, x)
    flipped = np.array([np.allclose(a, b[:, ::-1]) for a, b in zip(y, x, strict=True)])
    same = np.array([np.allclose(a, b) for a, b in zip(y, x, strict=True)])
    assert (flipped ^ same).all()
    assert 150 < flipped.sum() < 250
    np.testing.assert_allclose(augment({"type": "random_flip", "probability": 1.0}, x), x[:, :, ::-1], atol=1e-12)


def test_angles_are_uniform_up_to_the_largest() -> None:
    x = blob(1000, 20, 32)  # right of the centre
    down, right = centres(augment({"type": "random_rotate", "degrees": 30.0}, x)).T
    np.testing.assert_allclose(np.hypot(down, right), 12, atol=0.1)
    angles = np.degrees(np.arctan2(-down, right))
    assert abs(angles).max() < 30.5 and abs(angles).max() > 29
    assert abs(angles.mean()) < 3 * 30 / np.sqrt(3 * 1000)
    assert angles.std() == pytest.approx(30 / np.sqrt(3), rel=0.05)


def test_rotation_is_the_one_that_is_documented() -> None:
    """Against scipy, which turns an image by the same map from each pixel to its source."""
    ndimage = pytest.importorskip("scipy.ndimage")
    x = blob(1, 12, 30)
    transform = create({"type": "random_rotate", "degrees": 45.0})
    moved = transform.motion(context(), x)
    inverse = np.array([float(np.ravel(part)[0]) for part in moved.inverse]).reshape(2, 2)
    np.testing.assert_allclose(inverse @ inverse.T, np.eye(2), atol=1e-12)
    centre = np.array([20.0, 20.0])
    expected = ndimage.affine_transform(x[0, ..., 0], inverse, centre - inverse @ centre, order=1, mode="grid-constant")
    np.testing.assert_allclose(transform.augment(context(), x)[0, ..., 0], expected, atol=1e-9)


def test_factors_are_uniform_between_their_ends() -> None:
    x = blob(400, 20, 30)
    down, right = centres(augment({"type": "random_scale", "factors": (0.8, 1.4)}, x)).T
    np.testing.assert_allclose(down, 0, atol=1e-6)
    factors = right / 10
    assert 0.79 < factors.min() < 0.82 and 1.38 < factors.max() < 1.41
    assert factors.mean() == pytest.approx(1.1, abs=4 * 0.6 / np.sqrt(12 * 400))


def test_an_affine_motion_is_scale_slant_turn_and_shift_in_this_order() -> None:
    config = {"type": "random_affine", "degrees": 20.0, "shift": 3.0, "factors": (0.8, 1.2), "shear": 0.3}
    x = blob(300, 12, 26)
    transform = create(config)
    moved = centres(transform.augment(context(), x))
    turn, size, slant, down, right = (2 * context().uniform((300, 5)) - 1).T
    angle, s, k = np.radians(20) * turn, 1 + 0.2 * size, 0.3 * slant
    row, column = -8 * s, 6 * s
    column = column + k * row
    expected = np.stack(
        [
            np.cos(angle) * row - np.sin(angle) * column + 3 * down,
            np.sin(angle) * row + np.cos(angle) * column + 3 * right,
        ],
        axis=1,
    )
    np.testing.assert_allclose(moved, expected, atol=0.05)


def test_elastic_moves_neighbours_together_as_far_as_its_formula_says() -> None:
    transform = create({"type": "elastic", "alpha": 20.0, "sigma": 3.0})
    x = np.zeros((400, 30, 34, 1))
    moved = transform.sources(context(), x) - np.stack(np.mgrid[:30, :34], axis=-1)
    middle = moved[:, 15, 17]  # (N, 2)
    expected = 20 / (2 * 3 * np.sqrt(3 * np.pi))
    assert middle.std(axis=0) == pytest.approx([expected] * 2, rel=0.12)
    assert abs(middle.mean(axis=0)).max() < 4 * expected / np.sqrt(400)
    near = np.corrcoef(moved[:, 15, 17, 0], moved[:, 15, 20, 0])[0, 1]
    assert near == pytest.approx(np.exp(-(3**2) / (4 * 3**2)), abs=0.1)  # the autocorrelation of smoothed noise
    assert abs(np.corrcoef(middle.T)[0, 1]) < 0.2
    assert abs(np.corrcoef(moved[:, 15, 3, 0], moved[:, 15, 30, 0])[0, 1]) < 0.2


def test_elastic_agrees_with_smoothing_by_scipy() -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    x = np.zeros((2, 9, 11, 1))
    noise = 2 * context().uniform((2, 11, 2, 9)) - 1
    moved = create({"type": "elastic", "alpha": 7.0, "sigma": 1.5}).sources(context(), x)
    smooth = ndimage.gaussian_filter(noise, 1.5, axes=(1, 3), mode="constant", truncate=6)
    expected = 7 * smooth.transpose(0, 3, 1, 2) + np.stack(np.mgrid[:9, :11], axis=-1)
    np.testing.assert_allclose(moved, expected, atol=1e-9)


def data(n: int = 24, *transforms: Any) -> pl.Splits:
    rng = np.random.default_rng(0)
    split = pl.Split(rng.uniform(size=(n, 6, 5, 1)), rng.integers(0, 3, n))
    return pl.Splits(split, split, split, transforms=transforms)


def trained(accumulate: int, batch_size: int, *transforms: Any) -> pl.Trainer:
    layers = ["flatten", {"type": "dense", "units": 3}]
    config = {"type": "sequential", "layers": layers}
    model = pl.build(config, input_shape=(6, 5, 1), seed=0, dtype="float64", backend="reference")
    trainer = pl.Trainer(model, loss="softmax_cross_entropy", optimizer="sgd", accumulate=accumulate, seed=1)
    trainer.fit(data(24, *transforms), batch_size=batch_size, epochs=2, verbose=False)
    return trainer


@pytest.mark.parametrize("config", MOVING, ids=NAMES)
def test_the_split_into_micro_batches_changes_nothing_and_training_something(config: dict[str, Any]) -> None:
    named = {**config, "type": f"cnn/{config['type']}"}
    weights = [
        run.model.runtime.arena.data for run in (trained(1, 24, named), trained(3, 8, named), trained(1, 24))
    ]  # fmt: skip
    np.testing.assert_allclose(weights[1], weights[0], atol=1e-12)
    assert not np.allclose(weights[2], weights[0], atol=1e-6)


def test_prediction_and_evaluation_see_the_images_themselves() -> None:
    trainer = trained(1, 8, {"type": "cnn/elastic"})
    x = pictures(5, 6, 5, 1)
    assert isinstance(trainer.model.runtime.transforms[0], Warp)
    before = trainer.model.predict(x)
    trainer.model.runtime.transforms.clear()
    np.testing.assert_array_equal(trainer.model.predict(x), before)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"type": "random_shift", "pixels": 1.5}, "pixels: expected int"),
        ({"type": "random_shift", "pixels": -1}, r"'pixels' of RandomShift must be an int in \[0, inf\). Received: -1"),
        ({"type": "random_flip", "probability": 1.5}, r"'probability' of RandomFlip must be a float in \[0, 1\]"),
        ({"type": "random_rotate", "degrees": 200.0}, r"'degrees' of RandomRotate .* Received: 200.0"),
        ({"type": "random_scale", "factors": [1.1, 0.9]}, "'factors' of RandomScale must be two factors, 0 < smallest"),
        ({"type": "random_scale", "factors": [0.0, 0.9]}, "'factors' of RandomScale"),
        ({"type": "random_scale", "factors": [1.0]}, "factors: expected"),
        ({"type": "random_affine", "shear": -0.1}, "'shear' of RandomAffine"),
        ({"type": "elastic", "sigma": 0.0}, r"'sigma' of Elastic must be a float in \(0, inf\)"),
        ({"type": "elastic", "strength": 1.0}, "strength: cnn/elastic has no such argument"),
    ],
    ids=str,
)
def test_wrong_arguments_are_named(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        create(config)


@pytest.mark.parametrize("config", MOVING, ids=NAMES)
def test_rows_of_pixels_are_refused_before_training(config: dict[str, Any]) -> None:
    with pytest.raises(ShapeError, match=r"moves the pixels of images.*\(30,\).*flat = false"):
        create(config).fit(np.zeros((4, 30)))

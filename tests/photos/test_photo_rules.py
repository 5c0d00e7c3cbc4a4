"""How photos become samples: which shapes are pictures, what a model's file says, and how large what was seen is."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pellucid.basics.errors import ConfigError, DataError
from pellucid.workbench import photos
from pellucid.workbench.photos import PhotoRule, Seen, photo_rule, save_seen, seen_by

Image = pytest.importorskip("PIL.Image")


def model(*shapes: tuple[int | None, ...], said: Any = None) -> Any:
    """What photos are made for: a model of these inputs, whose file says so."""
    metadata = {} if said is None else {"photos": said}
    return SimpleNamespace(runtime=SimpleNamespace(metadata=metadata, input_shapes=shapes))


@pytest.mark.parametrize(
    ("shape", "rule"),
    [
        ((12, 16, 3), PhotoRule("resize", (12, 16), 3)), ((1, 2, 1), PhotoRule("resize", (1, 2), 1)),
        ((16,), PhotoRule("resize", (4, 4), flat=True)), ((784,), PhotoRule("resize", (28, 28), flat=True)),
        ((25,), PhotoRule("resize", (5, 5), flat=True)),
    ],
)  # fmt: skip
def test_shapes_of_pictures(shape: tuple[int, ...], rule: PhotoRule) -> None:
    assert photo_rule(model(shape)) == rule


@pytest.mark.parametrize(
    "shapes",
    [[(9,)], [(15,)], [(17,)], [(12, 16, 2)], [(12, 16, 4)], [(12, 16)], [(0, 16, 3)], [(None, 16, 3)], [(16, None, 1)],
     [(None,)], [(0,)], [()], [(16,), (16,)], [(4, 4, 1), (2,)]],
)  # fmt: skip
def test_shapes_of_no_pictures(shapes: list[Any]) -> None:
    with pytest.raises(ConfigError, match="which are no pictures"):
        photo_rule(model(*shapes))


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ({"rule": "ink", "size": 28}, PhotoRule("ink", (28, 28), box=20)),
        ({"rule": "ink", "size": 8}, PhotoRule("ink", (8, 8), box=6)),  # 20 of 28 pixels
        ({"rule": "ink", "size": [10, 10], "box": 10, "centre": "box", "flat": True},
         PhotoRule("ink", (10, 10), flat=True, box=10, centre="box")),
        ({"rule": "resize", "size": [5, 14], "channels": 3, "fit": "pad"},
         PhotoRule("resize", (5, 14), 3, box=4, fit="pad")),
        ({"rule": "ink", "size": 1, "box": 1}, PhotoRule("ink", (1, 1), box=1)),
        ({"rule": "ink", "size": 1}, PhotoRule("ink", (1, 1), box=1)),
    ],
)  # fmt: skip
def test_what_a_file_says_counts(said: dict[str, Any], rule: PhotoRule) -> None:
    assert photo_rule(model((5,), said=said)) == rule
    assert photo_rule(model((5,), said=said), rule.rule) == rule


@pytest.mark.parametrize(
    "wrong",
    [{"size": None}, {"size": [28]}, {"size": [28, 28, 28]}, {"size": 0}, {"size": True}, {"size": 28.0}, {"flat": 1},
     {"box": 0}, {"box": 29}, {"size": [28, 20], "box": 21}, {"centre": "left"}, {"fit": "bend"}, {"channels": 2},
     {"channels": 0}, {"rule": None}, {"further": 1}],
)  # fmt: skip
def test_what_a_file_says_wrongly_is_told_with_the_remedy(wrong: dict[str, Any]) -> None:
    photo_rule(model(said={"rule": "ink", "size": 28}))
    with pytest.raises(DataError, match="Say it: --photo ink, or --photo resize"):
        photo_rule(model(said={"rule": "ink", "size": 28, **wrong}))


def test_a_file_may_say_all_that_a_rule_has() -> None:
    whole = PhotoRule("resize", (14, 21), 3, flat=True, box=3, centre="box", fit="pad")
    said = {**asdict(whole), "size": [14, 21]}
    assert said.keys() == PhotoRule.__dataclass_fields__.keys() and photo_rule(model(said=said)) == whole


def test_another_rule_keeps_the_form_of_the_samples() -> None:
    said = {"rule": "resize", "size": 14, "flat": True, "fit": "pad"}
    assert photo_rule(model(said=said), "ink") == PhotoRule("ink", (14, 14), flat=True, box=10)
    told = {"rule": "ink", "size": [14, 21], "box": 3, "channels": 1}
    assert photo_rule(model(said=told), "resize") == PhotoRule("resize", (14, 21), box=10)
    for other in ({"size": [14, 15]}, {"channels": 3}):
        with pytest.raises(ConfigError, match="--photo ink makes square grey pictures, and this model takes"):
            photo_rule(model(said={**said, **other}), "ink")


def test_a_photo_is_read_no_larger_than_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def read(path: Path, channels: int, *, most: int) -> Any:
        asked.append((path, channels, most))
        return np.arange(30 * 20 * channels, dtype=np.float32).reshape(30, 20, channels) / 10_000

    monkeypatch.setattr(photos, "read_image", read)
    path = tmp_path / "a.png"
    colours = seen_by(model((6, 4, 3)), path)
    assert asked.pop() == (path, 3, 12) and colours.x.shape == colours.picture.shape == (1, 6, 4, 3)
    assert colours.said == "resized to 4 x 6 pixels in colours (crop), and not otherwise prepared"
    grey = seen_by(model((36,)), path)
    assert asked == [(path, 1, 12)] and grey.x.shape == (1, 36) and grey.picture.shape == (1, 6, 6, 1)
    assert grey.said.startswith("resized to 6 x 6 pixels in grey levels (crop)")
    np.testing.assert_array_equal(grey.x.reshape(1, 6, 6, 1), grey.picture)
    ink: list[Any] = []

    def inked(image: Any, size: int, box: int, centre: str, *, where: str) -> Any:
        ink.append((image.shape, size, box, centre, where))
        return SimpleNamespace(pixels=np.zeros((size, size)), said="done")

    monkeypatch.setattr(photos, "ink_image", inked)
    written = seen_by(model(said={"rule": "ink", "size": 7, "box": 6, "centre": "box", "flat": True}), path)
    assert asked[1:] == [(path, 3, 1000)] and ink == [((30, 20, 3), 7, 6, "box", str(path))]
    assert (written.x.shape, written.picture.shape, written.said) == ((1, 49), (1, 7, 7, 1), "done")


@pytest.mark.parametrize(
    ("height", "width", "scale"), [(28, 28, 8), (8, 16, 14), (16, 8, 14), (112, 3, 2), (113, 3, 1), (500, 300, 1)]
)
def test_what_was_seen_is_about_224_pixels_large(tmp_path: Path, height: int, width: int, scale: int) -> None:
    picture = np.random.default_rng(0).random((1, height, width, 1))
    path = save_seen(Seen(picture, picture, ""), tmp_path / "a.png")
    with Image.open(path) as shown:
        assert shown.size == (width * scale, height * scale)

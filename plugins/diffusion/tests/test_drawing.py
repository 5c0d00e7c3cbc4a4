"""Pictures of samples pixel by pixel: letters on paper, points as dots, the moments of a way."""

from __future__ import annotations

import numpy as np
import pytest
from pellucid import ConfigError, pictures
from pellucid_diffusion.drawing import Place, box_around, dots, frames_of, lay_out, written

LETTERS = ("a", "b", "C", "two")


def test_words_are_rows_and_letters_columns() -> None:
    assert lay_out(" ab\nC  ba", LETTERS) == [
        Place("a", 0, 0), Place("b", 0, 1), Place("C", 1, 0), Place("b", 2, 0), Place("a", 2, 1),
    ]  # fmt: skip


@pytest.mark.parametrize(("text", "classes", "said"), [
    (" \n", LETTERS, "There is nothing to draw in --text ' \\n'. Give at least one character."),
    ("a", ("one", "two"), "This model's are: one, two."),
    ("a", None, "This model's are: none, it was trained without labels."),
    ("abBdd", LETTERS, "This model cannot draw B d. It can draw b. Characters that it can: a b C."),
    ("d", LETTERS, "This model cannot draw d. Characters that it can: a b C."),
    ("cAB", LETTERS, "This model cannot draw A B c. It can draw C a b. Characters that it can: a b C."),
])  # fmt: skip
def test_what_cannot_be_drawn_is_said(text: str, classes: tuple[str, ...] | None, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        lay_out(text, classes)
    assert str(refused.value).endswith(said)


def test_letters_stand_at_their_places_dark_on_white() -> None:
    images = np.array([np.full((2, 3), 1.0), np.full((2, 3), 0.2), np.full((2, 3), 7.0)])
    places = [Place("a", 0, 1), Place("b", 1, 0), Place("a", 1, 1)]
    ink = np.zeros((2 * 2 + 2, 2 * 3 + 2), int)
    ink[1:3, 4:7], ink[3:5, 1:4], ink[3:5, 4:7] = 255, 51, 255
    np.testing.assert_array_equal(written(images, places, margin=1, ink_on_paper=False), ink)
    np.testing.assert_array_equal(written(images, places, margin=1), 255 - ink)
    assert written(images, places).shape == (4 + 2 * 4, 6 + 2 * 4)  # a margin of 4
    coloured = written(np.ones((3, 2, 3, 3)) * [0.0, 0.2, 1.0], places, margin=0)
    assert coloured[0, 3].tolist() == [255, 204, 0] and coloured[0, 0].tolist() == [255] * 3


def test_a_dot_has_nine_pixels_around_its_point_up_is_up() -> None:
    box = np.array([[-1.0, 0.0], [1.0, 4.0]])
    points = np.array([[-0.2, 3.0], [0.6, 1.0]])  # in tenths of the side: 4 from the left, 7.5 from below; 8, 2.5
    image = dots(points, np.array([1, 8]), box, side=21)
    expected = np.full((21, 21, 3), 225)
    expected[1:-1, 1:-1] = 255
    expected[4:7, 7:10] = (255, 127, 14)
    expected[14:17, 15:18] = (44, 160, 44)  # class 8 has the colour of class 2: there are six
    np.testing.assert_array_equal(image, expected)
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(dots(points[:1], None, box, 21)[4:7, 7:10], np.full((3, 3, 3), (31, 119, 180)))
    assert dots(points, None, box).shape == (256, 256, 3)


@pytest.mark.parametrize(("at", "drawn"), [(1, False), (2, True), (18, True), (19, False)])
def test_dots_that_would_touch_the_frame_are_left_out(at: int, drawn: bool) -> None:
    box = np.array([[0.0, 0.0], [20.0, 20.0]])
    for point in ([at, 10.0], [10.0, at]):
        image = dots(np.array([point]), None, box, side=21)
        assert ((image != 225) & (image != 255)).any() == drawn
        assert (image[[0, -1]] == 225).all() and (image[:, [0, -1]] == 225).all()


def test_a_box_is_a_square_around_all_points() -> None:
    way = np.array([[[0.0, 1.0], [4.0, 2.0]], [[2.0, 3.0], [1.0, 1.0]]])  # from 0 to 4, from 1 to 3
    np.testing.assert_allclose(box_around(way), [[2 - 2.6, 2 - 2.6], [2 + 2.6, 2 + 2.6]])
    np.testing.assert_allclose(box_around(np.array([[1.0, 2.0]])), [[1 - 6.5e-7, 2 - 6.5e-7], [1 + 6.5e-7, 2 + 6.5e-7]])


def test_every_moment_is_a_picture() -> None:
    way = np.stack([np.zeros((3, 2)), np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])])
    labels = np.array([0, 1, 2])
    frames = frames_of(way, labels)
    for frame, points in zip(frames, way, strict=True):
        np.testing.assert_array_equal(frame, dots(points, labels, box_around(way[-1])))  # one box: that of the end
    images = np.linspace(0, 1, 2 * 3 * 16).reshape(2, 3, 16)
    grey = frames_of(images, None)
    for frame, moment in zip(grey, images.reshape(2, 3, 4, 4), strict=True):
        np.testing.assert_array_equal(frame, pictures.tile(moment, background=0.5))
    assert grey[0].shape == (4 + 2 + 4, 4 + 2 + 4) and grey[0][4, 0] == 128 and grey[0][-1, -1] == 128
    assert frames_of(images, None, (2, 8))[0].shape == (2 + 2 + 2, 8 + 2 + 8)
    assert len(frames_of(np.zeros((2, 3, 2)), None, (1, 2))) == 2
    assert frames_of(np.zeros((2, 3, 2)), None, (1, 2))[0].shape == (1 + 2 + 1, 2 + 2 + 2)

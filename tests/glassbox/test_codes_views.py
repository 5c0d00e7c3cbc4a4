"""Views of models with codes, on a model that one can compute by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pellucid.basics.errors import DataError
from pellucid.glassbox.page.parts import PageNote, PagePicture, PageTable
from pellucid.glassbox.views.controls import ViewChoice, ViewPlane, ViewSlider, ViewSwitch
from pellucid.glassbox.views.parts import ViewBars, ViewPictures, ViewPoints
from pellucid.interfaces.samples import Split
from pellucid.workbench.latent import codes as codes_of
from pellucid.workbench.latent.codes import CodePlane, class_names, class_of, names_of, numbered
from pellucid.workbench.latent.shown import samples_part

from tests.glassbox.coded import Explorer, Reconstruction, TellsThree, Walk, opened

# -- the plane ---------------------------------------------------------------------------------------------------------


def test_codes_of_two_numbers_are_their_own_plane() -> None:
    plane = CodePlane.through(np.zeros((3, 2)), (np.array([1.0, 2.0]), np.array([0.5, 3.0])))
    assert plane.code((2.0, -1.0)).tolist() == [2.0, -1.0] and plane.share == 1.0
    np.testing.assert_allclose(plane.places(np.array([[2.0, -1.0], [1.0, 2.0]])), [[2, -1], [0, 0]], atol=1e-12)
    one = CodePlane.through(np.zeros((3, 1)), (np.array([1.0]), np.array([4.0])))
    assert one.codes(np.array([[0.5], [-1.0]])).tolist() == [[3.0], [-3.0]]


def test_longer_codes_lie_in_the_plane_in_which_they_vary_most() -> None:
    codes = np.array([[3.0, 0, 5.5], [-3, 0, 5.5], [0, -2, 4.5], [0, 2, 4.5]])
    plane = CodePlane.through(codes, (np.array([1.0, 2.0, 3.0]), np.ones(3)))
    np.testing.assert_allclose(plane.axes, [[np.sqrt(18 / 4), 0, 0], [0, np.sqrt(8 / 4), 0]], atol=1e-12)
    assert plane.center.tolist() == [1, 2, 3] and plane.share == pytest.approx((18 + 8) / (18 + 8 + 1))
    turned = CodePlane.through(-codes, (np.zeros(3), np.ones(3)))
    np.testing.assert_allclose(turned.axes, plane.axes, atol=1e-12)  # of ±v the one that points up
    flat = CodePlane.through(np.zeros((4, 3)), (np.zeros(3), np.ones(3)))
    np.testing.assert_allclose(np.linalg.norm(flat.axes, axis=1), 1.0)
    assert flat.share == 0.0


def test_units_are_the_middle_and_a_deviation() -> None:
    center, spread = Explorer().units(np.array([[1.0, 5.0], [3.0, 5.0]]))
    assert center.tolist() == [2.0, 5.0] and spread.tolist() == [1.0, 1.0]  # of what does not vary it is 1


# -- names -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("y", "classes", "names"), [
    (None, None, None), (np.array([0.5, 1.0]), None, None), (np.array([-1, 1]), ("a", "b"), None),
    (np.array([0, 2]), ("a", "b", "c"), ["a", "b", "c"]), (np.array([0, 1]), ("a", "b", "c"), ["a", "b", "c"]),
    (np.array([0, 2]), ("a", "b"), ["0", "1", "2"]), (np.array([1, 0]), None, ["0", "1"]),
])  # fmt: skip
def test_what_classes_of_samples_are_called(y: Any, classes: Any, names: list[str] | None) -> None:
    split = Split(np.zeros((2, 3)), y, classes)
    assert names_of(split) == names
    last = None if names is None else names[int(y[1])]
    assert class_of(split, 1) == last
    assert numbered(split, 1) == ("sample 1" if last is None else f"sample 1, of class {last}")


def test_classes_that_a_decoder_is_told() -> None:
    assert class_names(opened([[1.0]], told=("a", "b")), 2) == ["a", "b"]
    assert class_names(opened([[1.0]], told=("a", "b")), 3) == class_names(opened([[1.0]]), 3) == ["0", "1", "2"]
    view, seen = TellsThree(), opened([[1.0]], told=("a", "b", "c"))
    (choice,), (other,) = view.class_choice(seen), view.class_choice(seen, "as the sample")
    assert choice == ViewChoice("label", "Class", ["a", "b", "c"], "a")
    assert other == ViewChoice("label", "Class", ["as the sample", "a", "b", "c"], "as the sample")
    labels = view.labels(seen, "b", 4)
    assert labels is not None and labels.tolist() == [1, 1, 1, 1]
    assert Explorer().class_choice(seen) == [] and Explorer().labels(seen, "b", 4) is None


def test_a_thousand_samples_are_looked_at() -> None:
    seen = opened(np.zeros((1200, 2)))
    assert len(Explorer().samples(seen)) == len(Explorer().codes(seen)) == codes_of.MOST_SEEN == 1000


# -- the explorer ------------------------------------------------------------------------------------------------------


def test_controls_of_the_explorer_follow_the_length_of_the_codes() -> None:
    labels = np.array([0, 1])
    (slider,) = Explorer().controls(opened([[1.0], [3.0]]))
    assert slider == ViewSlider("along", "Code", -3.0, 3.0, 0.0)
    plane, whole = Explorer().controls(opened([[1.0, 5.0], [3.0, 5.0]], labels, ("a", "b")))
    assert isinstance(plane, ViewPlane) and whole == ViewSwitch("whole", "The whole plane")
    assert (plane.name, plane.label, plane.low, plane.high) == ("place", "Place among the codes", -3.0, 3.0)
    assert plane.points.tolist() == [[-1, 0], [1, 0]] and plane.labels == ["a", "b"]
    assert plane.classes is not None and plane.classes.tolist() == [0, 1]
    plain, unit, push, _ = Explorer().controls(opened(np.eye(4), np.zeros(4)))
    assert isinstance(plain, ViewPlane) and plain.classes is plain.labels is None
    assert unit == ViewChoice("unit", "Push one number", ["none", "code 0", "code 1", "code 2", "code 3"], "none")
    assert push == ViewSlider("push", "by so many deviations", -3.0, 3.0, 0.0)
    *_, asked, _ = TellsThree().controls(opened(np.eye(2)))
    assert isinstance(asked, ViewChoice) and asked.name == "label"


def test_the_plane_is_wide_enough_for_nearly_all_samples() -> None:
    far = np.zeros((50, 2))
    far[0] = 100.0  # seven deviations away
    plane, *_ = Explorer().controls(opened(far))
    assert isinstance(plane, ViewPlane) and (plane.low, plane.high) == (-7.0, 7.0)
    lone = np.zeros((500, 2))
    lone[0] = 100.0  # one of 500: it may lie outside
    plane, *_ = Explorer().controls(opened(lone))
    assert isinstance(plane, ViewPlane) and (plane.low, plane.high) == (-3.0, 3.0)


def test_a_place_is_decoded_beside_the_nearest_sample() -> None:
    x = [[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.5, 0.0], [0.0, -0.5, 0.0]]
    table, note = Explorer().show(opened(x, np.array([0, 1, 0, 1]), ("a", "b")), place=(1.0, 0.0), unit="none")
    assert isinstance(table, PageTable) and table.title == "Decoded here" and isinstance(note, PageNote)
    side = np.sqrt(0.5)
    np.testing.assert_allclose(table.rows[0][1:], [10 * side, 0, 0], atol=1e-12)
    assert table.rows[1] == ["nearest", 1.0, 0.0, 0.0] and table.rows[0][0] == "decoded"
    assert note.text == "The code is (0.707, 0, 0). The nearest is that of sample 0, of class a."
    pushed, told = Explorer().show(opened(x), place=(0.0, 0.0), unit="code 1", push=-2.0)
    deviation = np.sqrt(0.125)
    np.testing.assert_allclose(pushed.rows[0][1:], [0, -20 * deviation, 0], atol=1e-12)  # type: ignore[union-attr]
    assert told.text.endswith("The nearest is that of sample 3.")  # type: ignore[union-attr]


def test_long_codes_are_told_by_their_place() -> None:
    x = np.zeros((4, 9))
    x[0, 0], x[1, 0], x[2, 1], x[3, 1], x[:2, 2], x[2:, 2] = 2, -2, 1, -1, 0.5, -0.5
    _, note = Explorer().show(opened(x), place=(0.25, -1.0))
    assert note.text == (  # type: ignore[union-attr]
        "The place is (0.25, -1) in the plane of the two directions in which the 9 numbers of the codes vary most: "
        "91% of their variance. Across it the numbers stand at their middle, but for one that is pushed. The nearest "
        "is that of sample 3."
    )  # variances 8, 2 and 1 of 11
    _, eight = Explorer().show(opened(x[:, :8]), place=(0.0, 0.0))
    assert eight.text.startswith("The code is (")  # type: ignore[union-attr]


def test_the_whole_plane_lies_as_one_sees_it_and_the_class_is_told() -> None:
    seen = opened([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])
    *_, whole = TellsThree().show(seen, place=(0.0, 0.0), label="2", whole=True)
    assert isinstance(whole, ViewPoints) and whole.title == "The whole plane, from −3 to 3"
    places = np.array([[x, y] for y in np.linspace(3, -3, 12) for x in np.linspace(-3, 3, 12)])
    spread = np.sqrt([0.5, 2.0])
    np.testing.assert_allclose(whole.points, 10 * places * spread + 2, atol=1e-12)
    here, _ = TellsThree().show(seen, place=(1.0, -1.0), label="1")
    np.testing.assert_allclose(here.points[0], 10 * spread * [1, -1] + 1)  # type: ignore[union-attr]
    assert here.labels == ["decoded", "nearest"]  # type: ignore[union-attr]
    line, _ = Explorer().show(opened([[1.0], [3.0]]), along=2.0)
    assert line.rows == [["decoded", 40.0], ["nearest", 3.0]]  # type: ignore[union-attr]


# -- reconstructions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "last"), [(1, 1), (2, 1), (5, 4)])
def test_a_slider_chooses_the_sample(count: int, last: int) -> None:
    assert Reconstruction().controls(opened(np.zeros((count, 3)))) == [
        ViewSlider("sample", "Sample", 0, last, 0, step=1),
    ]  # fmt: skip


def test_a_sample_stands_beside_what_comes_back() -> None:
    x = np.array([[0.0, 0.1, 0.2], [1.0, 2.0, 3.0]])
    for row in (1, 2):  # the last, and what lies behind it
        table, note, bars = Reconstruction().show(opened(x, np.array([0, 1])), sample=row)
        assert isinstance(table, PageTable) and table.title == "The sample and its reconstruction"
        assert table.rows == [["sample", 1, 2, 3], ["comes back", 10, 20, 30], ["apart", 9, 18, 27]]
        assert note.text == "The mean squared error of sample 1, of class 1 is 378."  # type: ignore[union-attr]
        assert isinstance(bars, ViewBars) and (bars.title, bars.labels) == ("The code", ["code 0", "code 1", "code 2"])
        assert bars.values.tolist() == [1, 2, 3]
    points, _, _ = Reconstruction().show(opened(np.array([[1.0, 2.0]])), sample=0)
    assert isinstance(points, ViewPoints) and points.labels == ["sample", "comes back"]


@pytest.mark.parametrize(("numbers", "more"), [
    (63, ""), (64, ""), (65, " The first 64 of the 65 numbers of the code are shown."),
])  # fmt: skip
def test_so_many_numbers_of_a_code_are_shown(numbers: int, more: str) -> None:
    _, note, bars = Reconstruction().show(opened(np.zeros((2, numbers))), sample=0)
    assert isinstance(bars, ViewBars) and len(bars.labels) == len(bars.values) == min(numbers, 64)
    assert note.text == f"The mean squared error of sample 0 is 0.{more}"  # type: ignore[union-attr]


def test_a_decoder_is_told_the_class_of_the_sample() -> None:
    class Told(Reconstruction):
        classes = 3

        def seen(self, model: Any, split: Split) -> Split:
            return Split(split.x * 0, split.y, split.classes)

    table, *_ = Told().show(opened(np.ones((2, 3)), np.array([0, 2])), sample=1)
    assert table.rows == [["sample", 1, 1, 1], ["as it is seen", 0, 0, 0], ["comes back", 2, 2, 2], ["apart", 1, 1, 1]]  # type: ignore[union-attr]


# -- walks -------------------------------------------------------------------------------------------------------------


def test_controls_of_a_walk() -> None:
    with pytest.raises(DataError, match="from one sample to another, and the data has only one"):
        Walk().controls(opened(np.zeros((1, 3))))
    assert Walk().controls(opened(np.zeros((5, 3)))) == [
        ViewSlider("first", "From sample", 0, 4, 0, step=1), ViewSlider("second", "to sample", 0, 4, 1, step=1),
        ViewSlider("steps", "Steps", 2, 25, 9, step=1),
        ViewSwitch("direct", "Beside it the line between the samples themselves"),
    ]  # fmt: skip
    assert len(Walk().controls(opened(np.zeros((2, 3))))) == 4


def test_a_walk_is_a_straight_line_between_codes_and_between_samples() -> None:
    x = np.array([[0.0, 0.0, 0.0], [2.0, 4.0, 6.0], [4.0, 4.0, 4.0]])
    way, direct = Walk().show(opened(x, np.array([0, 1, 0])), first=1, second=2, steps=3, direct=True)
    assert way.title == "From sample 1 to sample 2, between their codes"  # type: ignore[union-attr]
    middle = [3.0, 4.0, 5.0]
    assert way.rows == [  # type: ignore[union-attr]
        ["1", 2, 4, 6], ["0%", 20, 40, 60], ["50%", *(10 * m for m in middle)], ["100%", 40, 40, 40], ["0", 4, 4, 4],
    ]  # fmt: skip
    assert direct.title == "Between the samples themselves"  # type: ignore[union-attr]
    assert [row[1:] for row in direct.rows] == [[2, 4, 6], [2, 4, 6], middle, [4, 4, 4], [4, 4, 4]]  # type: ignore[union-attr]
    assert len(Walk().show(opened(x), first=0, second=2, steps=2)) == 1
    ends = Walk().show(opened(x), first=0, second=2, steps=2)[0].rows  # type: ignore[union-attr]
    assert (ends[0][0], ends[-1][0]) == ("0", "2")  # without classes their numbers


def test_the_class_on_the_way_is_that_of_the_first_sample_or_one_that_is_chosen() -> None:
    class Told(Walk):
        classes = 3

    seen = opened(np.zeros((3, 3)), np.array([0, 2, 1]), told=("a", "b", "c"))
    assert isinstance(Told().controls(seen)[3], ViewChoice)
    for label, told in (("as the sample", 2), ("b", 1)):
        (way,) = Told().show(seen, first=1, second=0, steps=2, label=label)
        assert way.rows[1][1:] == way.rows[2][1:] == [told] * 3  # type: ignore[union-attr]
    assert Told().show(seen, first=1, second=0, steps=2)[0].rows[1][1:] == [2] * 3  # type: ignore[union-attr]


def test_pictures_of_a_walk_stand_in_one_row() -> None:
    x = np.arange(2.0 * 16).reshape(2, 16) / 32
    (way,) = Walk().show(opened(x), first=0, second=1, steps=4)
    assert isinstance(way, ViewPictures) and way.columns == 6 and way.images.shape == (6, 4, 4)
    assert way.images.max() == 1.0  # what lies outside is clipped


# -- parts -------------------------------------------------------------------------------------------------------------


def test_samples_are_shown_as_they_suit() -> None:
    model = opened([[0.0]]).model
    pairs = samples_part("t", model, [[1.0, 2.0], [3.0, 4.0]], ["a", "b"])
    assert isinstance(pairs, ViewPoints) and pairs.classes.tolist() == [0, 1] and pairs.labels == ["a", "b"]
    assert samples_part("t", model, [[1.0, 2.0]]).classes is None  # type: ignore[union-attr]
    pictures = samples_part("t", model, [[-1.0, 0.5] * 8], columns=3)
    assert isinstance(pictures, ViewPictures) and pictures.columns == 3
    assert np.unique(pictures.images).tolist() == [0.0, 0.5]
    named = opened([[0.0]], features=["n"] * 16).model
    rows = samples_part("t", named, [[0.5] * 16], ["a"])
    assert isinstance(rows, PageTable) and rows.columns == ["", *["n"] * 16]
    plain = samples_part("t", opened([[0.0]], features=["u"]).model, [[1.0, 2.0, 3.0]])
    assert (plain.columns, plain.rows) == (["x0", "x1", "x2"], [[1.0, 2.0, 3.0]])  # type: ignore[union-attr]


@pytest.mark.parametrize(("numbers", "kind"), [(31, PageTable), (32, PageTable), (33, PagePicture)])
def test_rows_of_many_numbers_are_a_heat_map(numbers: int, kind: type) -> None:
    model = opened([[0.0]]).model
    part = samples_part("t", model, np.ones((2, numbers)), ["a", "b"])
    assert type(part) is kind
    if isinstance(part, PagePicture):
        assert part.array.shape == (2, numbers) and part.note == "One row for each: a, b."
        assert samples_part("t", model, np.ones((2, numbers))).note == ""  # type: ignore[union-attr]

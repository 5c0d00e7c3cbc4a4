"""Which picture a data set gets, and what stands in it: what ``draw_data`` hands to the functions that draw."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from pellucid.basics.errors import DataError
from pellucid.interfaces.dataset import Splits
from pellucid.interfaces.samples import Split
from pellucid.workbench.data_pictures import drawing
from pellucid.workbench.data_pictures.sheet import COLOURS, Shown, colour, groups

PNG = Path("data.png")


class Drawn(Exception):
    """A function that draws was called, so."""

    def __init__(self, name: str, shown: Shown, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        self.name, self.shown, self.given, self.named = name, shown, given, named


class Text(Split):
    """Windows of a text, ``steps`` long, ``apart`` from each other."""

    steps, apart = 5, 2


def drawn(train: Split, *, dataset: Any = None, told: Any = None, validation: int = 0, test: int = 0) -> Drawn:
    """What comes of a data set with this part to train on."""
    if not isinstance(train.x, tuple) and len(train) == 0:
        raise AssertionError("nothing to draw")
    parts = (train, train.take(np.arange(validation)), train.take(np.arange(test)))
    with pytest.MonkeyPatch.context() as patch:
        for name in ("draw_images", "draw_curve", "draw_points", "draw_columns", "draw_texts"):

            def draw(shown: Shown, *given: Any, _name: str = name, **named: Any) -> None:
                raise Drawn(_name, shown, given, named)

            patch.setattr(drawing, name, draw)
        with pytest.raises(Drawn) as found:
            given: Any = dataset or SimpleNamespace()
            drawing.draw_data("some", given, Splits(*parts), told or {}, PNG)
    return found.value


@pytest.mark.parametrize(("x", "name"), [
    (np.zeros((3, 4, 4)), "draw_images"), (np.zeros((3, 4, 4, 3)), "draw_images"),
    (np.zeros((3, 1, 1, 1)), "draw_images"), (np.zeros((3, 4, 9), np.uint8), "draw_images"),
    (np.zeros((3, 1)), "draw_curve"), (np.zeros((3, 1), int), "draw_curve"), (np.zeros((3, 2)), "draw_points"),
    (np.array([[0.0, np.nan]]), "draw_columns"), (np.zeros((3, 3)), "draw_columns"),
    (np.zeros((3, 64)), "draw_columns"), (np.zeros((3, 3), int), "draw_columns"),
])  # fmt: skip
def test_the_picture_follows_the_samples(x: Any, name: str) -> None:
    assert drawn(Split(x)).name == name


@pytest.mark.parametrize("x", [np.zeros((3, 3, 9)), np.zeros((3, 9, 3)), np.zeros(3), np.zeros((2, 2, 2, 2, 2))])
def test_samples_without_a_picture_are_refused(x: Any) -> None:
    train = Split(x)
    said = rf"^some has samples of shape {str(x.shape[1:]).replace('(', '.').replace(')', '.')}, of which there is no"
    with pytest.raises(DataError, match=said):
        drawing.draw_data("some", SimpleNamespace(), Splits(train, train, train), {}, PNG)  # type: ignore[arg-type]


def test_pairs_of_which_something_was_decided_are_columns() -> None:
    told = {"decided": ["a"], "columns": [{"name": "a"}]}
    found = drawn(Split(np.zeros((3, 2))), told=told)
    assert found.name == "draw_columns" and found.given == ([{"name": "a"}], PNG)
    assert drawn(Split(np.zeros((3, 3)))).given == ((), PNG)


# -- what is known of the samples --------------------------------------------------------------------------------------


def test_facts_say_how_many_there_are_of_what() -> None:
    labels = np.array([0, 1, 1, 0])
    split = Split(np.zeros((4, 4, 5), np.float32), labels, ("a", "b"))
    found = drawn(split, validation=2, test=1)
    assert found.shown.facts == (
        "4 to train on, 2 to validate, 1 to test  ·  x: float32 (4 x 5)  ·  2 classes"
    )  # fmt: skip
    plain = drawn(Split(np.zeros((1500, 3)), np.zeros(1500), ("height",)), test=1200)
    assert plain.shown.facts == "1,500 to train on, 1,200 to test  ·  x: float64 (3)"
    assert plain.shown.classes == ("height",) and plain.shown.labels is None and plain.shown.counts is None
    assert plain.shown.name == "some" and plain.shown.y is not None


@pytest.mark.parametrize(("labels", "classes", "known", "counts"), [
    ([0, 2, 2, 0], ("a", "b", "c", "d"), ("a", "b", "c", "d"), [2, 0, 2, 0]),
    ([0, 2, 2, 0], None, ("0", "1", "2"), [2, 0, 2]), ([1, 1, 1, 1], None, ("0", "1"), [0, 4]),
])  # fmt: skip
def test_classes_and_how_often_each_occurs(labels: list[int], classes: Any, known: Any, counts: list[int]) -> None:
    shown = drawn(Split(np.zeros((4, 3)), np.array(labels), classes)).shown
    assert shown.classes == known and shown.counts is not None and shown.counts.tolist() == counts
    assert shown.labels is not None and shown.labels.tolist() == labels
    assert shown.facts.endswith(f"  ·  {len(known)} classes")


def test_columns_without_names_are_numbered() -> None:
    assert list(drawn(Split(np.zeros((2, 3)))).shown.features) == ["x0", "x1", "x2"]
    assert list(drawn(Split(np.zeros((2, 2)), features=("u", "v"))).shown.features) == ["u", "v"]
    assert list(drawn(Split(np.zeros((2, 4, 4)))).shown.features) == []
    assert drawn(Split(np.zeros((2, 3)), (np.zeros(2), np.zeros(2)))).shown.y is None


@pytest.mark.parametrize(("count", "drawn_of_them"), [(1999, 1999), (2000, 2000), (2001, 2000), (5000, 2000)])
def test_of_many_samples_two_thousand_are_drawn_always_the_same(count: int, drawn_of_them: int) -> None:
    x = np.arange(2.0 * count).reshape(count, 2)
    split = Split(x, np.arange(count) % 2)
    shown = drawn(split).shown
    rows = (shown.x[:, 0] / 2).astype(int)
    assert len(set(rows)) == len(rows) == drawn_of_them and (np.diff(rows) > 0).all()
    assert shown.labels is not None and (shown.labels == rows % 2).all()
    assert shown.counts is not None and shown.counts.sum() == count == shown.whole  # of all, not of those drawn
    np.testing.assert_array_equal(drawn(split).shown.x, shown.x)
    assert shown.chosen == ("" if count <= 2000 else f"2,000 of {count:,} samples are drawn")


@pytest.mark.parametrize(("size", "shape"), [(4, (4, 6)), ([6, 4], (6, 4)), ((4, 6), (4, 6))])
def test_flat_photos_have_their_height_again(size: Any, shape: tuple[int, int]) -> None:
    dataset = SimpleNamespace(photos={"flat": True, "size": size})
    assert drawn(Split(np.zeros((2, 24))), dataset=dataset).shown.x.shape == (2, *shape)
    for photos in (None, {"flat": False, "size": size}):
        assert drawn(Split(np.zeros((2, 24))), dataset=SimpleNamespace(photos=photos)).name == "draw_columns"
    two = drawn(Split(np.zeros((2, 4, 6))), dataset=dataset)
    assert two.name == "draw_images" and two.shown.x.shape == (2, 4, 6)


# -- texts -------------------------------------------------------------------------------------------------------------


def test_tokens_are_read_by_the_characters_of_the_data_as_long_as_they_are() -> None:
    x, mask = np.array([[0, 1, 2], [2, 2, 0]]), np.array([[1, 1, 0], [1, 1, 1]])
    letters = SimpleNamespace(characters="abc")
    masked = drawn(Split((x, mask)), dataset=letters)
    assert masked.name == "draw_texts" and masked.given == (["ab", "cca"], [2, 3])
    assert masked.named == {"running": False, "path": PNG}
    assert drawn(Split(x), dataset=letters).given == (["abc", "cca"], [3, 3])
    assert drawn(Split((x, np.ones(2))), dataset=letters).given == (["abc", "cca"], [3, 3])  # of another shape: no mask
    assert drawn(Split(x.astype(float)), dataset=letters).name == "draw_columns"
    assert drawn(Split(x), dataset=SimpleNamespace(characters=3)).name == "draw_columns"


def test_a_tokenizer_that_the_data_proposes_reads_before_its_characters() -> None:
    class Reads:
        def decode(self, row: Any) -> str:
            return "-".join(map(str, row))

    train = Split(np.array([[0, 1], [1, 1]]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawing, "read_several", lambda kind, given, path: [Reads()] if kind == path[:-1] else [])
        assert drawn(train, dataset=SimpleNamespace(characters="ab")).given[0] == ["0-1", "1-1"]


def test_windows_of_a_running_text_are_taken_side_by_side() -> None:
    x = np.arange(12)[:, None] * 2 + np.arange(5)
    found = drawn(Text(x), dataset=SimpleNamespace(characters="abcdefghijklmnopqrstuvwxyzABCD"))
    assert found.named["running"] is True
    assert found.given[0] == ["abcde", "ghijk", "mnopq", "stuvw"]  # every third: 3 times 2 is not less than 5
    assert drawing._side_by_side(SimpleNamespace(steps=6, apart=2)) == 3
    assert drawing._side_by_side(SimpleNamespace(steps=6, apart=None)) is None
    assert drawing._side_by_side(SimpleNamespace(steps=None, apart=6)) is None


@pytest.mark.parametrize(("windows", "drawn_of_them"), [(5998, 2000), (6000, 2000), (6001, 2000), (5997, 1999)])
def test_of_many_windows_the_first_two_thousand_are_drawn(windows: int, drawn_of_them: int) -> None:
    train = Text(np.zeros((windows, 5), np.int64) + np.arange(windows)[:, None] % 7)
    found = drawn(train, dataset=SimpleNamespace(characters="abcdefg"))
    assert found.given[0] == ["abcdefg"[3 * k % 7] * 5 for k in range(drawn_of_them)]


# -- groups ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("classes", [1, 12, 13])
def test_so_many_classes_have_colours(classes: int) -> None:
    labels = np.arange(20) % classes
    shown = Shown("", "", np.zeros((20, 2)), None, labels, [f"k{k}" for k in range(classes)], None, (), 20)
    if classes > 12:
        ((name, blue, rows),) = groups(shown)
        assert name == "" and blue == COLOURS[0] and rows.tolist() == list(range(20))
    else:
        assert [(name, own) for name, own, _ in groups(shown)] == [(f"k{k}", colour(k)) for k in range(classes)]
        assert [rows.tolist() for *_, rows in groups(shown)] == [list(range(k, 20, classes)) for k in range(classes)]


def test_colours_begin_again_after_the_last() -> None:
    assert [colour(k) for k in range(22)] == [*COLOURS, *COLOURS, *COLOURS[:2]] and len(set(COLOURS)) == 10

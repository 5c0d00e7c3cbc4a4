"""glyphs: drawn like MNIST, seeded, cached; fonts of symbols are left out; mistakes are named."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from string import ascii_letters, digits
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import ConfigError, DataError
from pellucid_datasets import fonts, glyphs, places
from pellucid_datasets.fonts import text_fonts
from pellucid_datasets.glyphs import Glyphs
from pellucid_datasets.rendering import Pen

matplotlib = pytest.importorskip("matplotlib")
rendering = pytest.importorskip("pellucid_datasets.rendering")
BUNDLED = Path(matplotlib.get_data_path(), "fonts/ttf")
ALL = digits + ascii_letters


@pytest.fixture(autouse=True)
def machine(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No fonts but those that come with matplotlib; the cache is empty, and is returned."""
    monkeypatch.setattr("matplotlib.font_manager.findSystemFonts", list)
    return nowhere / "glyphs"


def whole(seed: int = 0, **arguments: Any) -> pl.Split:
    arguments = {"fonts": ["DejaVu Sans", "DejaVu Serif"], "samples": 4, "validation": 0, "test": 0, **arguments}
    return Glyphs(**arguments).splits(seed).train


# -- fonts -----------------------------------------------------------------------------------------------------------


def test_text_fonts_are_found_and_symbols_are_not() -> None:
    families = {face.family for face in text_fonts(ALL)}
    assert {"DejaVu Sans", "DejaVu Sans Mono", "DejaVu Serif", "STIXGeneral", "cmr10"} <= families
    # matplotlib's cmsy10 and cmex10 have other things at the places of letters, LastResort the same box everywhere,
    # cmmi10 letters without lining figures, STIXSizeOneSym no letters.
    assert not any(name.startswith(("cmsy", "cmex", "cmmi", "Last", "STIXSize")) for name in families)
    assert not any("Last" in face.family for face in text_fonts("é"))  # where no name of a glyph tells
    assert "cmmi10" in {face.family for face in text_fonts("AZaz")}


def test_of_a_face_one_file_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = text_fonts(ALL)
    shutil.copy(BUNDLED / "DejaVuSans.ttf", tmp_path / "again.ttf")
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    copies = [str(tmp_path / "again.ttf"), str(tmp_path / "broken.ttf")]
    monkeypatch.setattr("matplotlib.font_manager.findSystemFonts", lambda: copies)
    assert text_fonts(ALL) == before


def test_fonts_are_chosen_by_family_or_file(tmp_path: Path) -> None:
    shutil.copy(BUNDLED / "cmr10.ttf", tmp_path / "mine.ttf")
    chosen = text_fonts("A", ["dejavu sans mono", str(tmp_path / "mine.ttf")])
    assert sorted({face.family for face in chosen}) == ["DejaVu Sans Mono", "cmr10"]
    assert len(chosen) == 5 and chosen[-1].path == tmp_path / "mine.ttf"


@pytest.mark.parametrize(
    ("characters", "chosen", "message"),
    [
        (
            "A",
            ["DejaVu Sanz"],
            r"no font family 'DejaVu Sanz' on this machine\. Did you mean 'DejaVu Sans'\? There are:",
        ),
        ("A", ["/nowhere/a.ttf"], r"/nowhere/a\.ttf is not a font that can be read"),
        ("A가", ["cmr10"], r"The font 'cmr10' cannot write '가'\. Choose another"),
        ("A가", None, r"No font on this machine can write all of 'A가'\. Install text fonts.*fonts-comic-neue"),
    ],
)
def test_fonts_that_will_not_do_are_named(characters: str, chosen: list[str] | None, message: str) -> None:
    with pytest.raises(DataError, match=message):
        text_fonts(characters, chosen)


def test_names_of_glyphs() -> None:
    assert all(fonts._is_named(name, "0") for name in ("zero", "zero.tabular", "uni0030", "glyph17", ""))
    assert not any(fonts._is_named(name, "0") for name in ("one", "parenleft", "zerooldstyle", "O"))
    assert fonts._is_named("Adieresis", "Ä")


# -- images ----------------------------------------------------------------------------------------------------------


def test_characters_lie_as_in_mnist() -> None:
    images = whole(characters="LgiW0", samples=10).x.reshape(-1, 28, 28)
    ours = images.sum((1, 2))
    assert images.max((1, 2)).min() == 1 and images.min() == 0
    assert (images[:, [0, -1]] == 0).all() and (images[:, :, [0, -1]] == 0).all()  # a free margin
    grid = np.arange(28) - 13.5
    centres = np.stack([(images.sum(2) @ grid) / ours, (images.sum(1) @ grid) / ours])
    assert np.abs(centres).max() < 1.0
    for image in images:
        rows, columns = np.flatnonzero(image.max(1) > 0.3), np.flatnonzero(image.max(0) > 0.3)
        assert 18 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 22


def test_without_jitter_the_font_is_drawn_as_it_is() -> None:
    images = whole(characters="HO", samples=3, fonts=[str(BUNDLED / "DejaVuSans.ttf")], jitter=0).x.reshape(
        2, 3, 28, 28
    )
    assert (images == images[:, :1]).all()
    h = images[0, 0]
    np.testing.assert_allclose(h, h[:, ::-1], atol=0.15)  # upright: an H is symmetric, with a bar between two posts
    assert h[13, 14] > 0.5 and h[8, 14] < 0.1 and h[8, 6:10].max() > 0.9


def test_characters_that_a_font_leaves_blank_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = Pen.draw

    def blank(self: Any, character: str, *how: Any) -> Any:
        return draw(self, character, *how) * (character not in "bd")

    monkeypatch.setattr(Pen, "draw", blank)
    with pytest.raises(pl.DataError, match=r"A font draws nothing for 'bd'\. Leave these characters out"):
        whole(characters="abcde", samples=2, size=12)


def test_on_a_line_sizes_are_kept() -> None:
    images = whole(characters="Oopd", samples=3, align="line", jitter=0).x.reshape(4, 3, 28, 28)
    capital, small, below, above = (np.flatnonzero(image[0].max(1) > 0.4) for image in images)
    assert len(small) < 0.85 * len(capital)
    assert abs(capital[-1] - small[-1]) <= 1 and abs(above[-1] - small[-1]) <= 1  # one base line …
    assert below[-1] > small[-1] + 2 and above[0] < small[0] - 2  # … and p hangs below it, d stands above


def test_thin_strokes_are_reinforced(monkeypatch: pytest.MonkeyPatch) -> None:
    def pen() -> Any:
        return rendering.Pen(BUNDLED / "cmr10.ttf", 28, "mass")

    def ink(drawn: Any) -> float:
        return float(drawn.draw("H", np.random.default_rng(0), 0).mean())

    plain = pen()
    assert plain.reinforcement == 0
    monkeypatch.setattr(rendering, "THINNEST", 1 / 8)  # 7 of the 56 pixels that it draws on; its strokes have 3 to 4
    bold = pen()
    assert 1.5 < bold.reinforcement < 2.0 and ink(bold) > 1.5 * ink(plain)


def test_the_seed_decides() -> None:
    first, again, other = (whole(seed, characters="ab", size=16) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.x, again.x)
    assert not np.array_equal(first.x, other.x)
    assert len(np.unique(first.x, axis=0)) == len(first)  # no sample twice


def test_parts_have_the_characters_in_proportion() -> None:
    splits = pl.load_dataset("glyphs", characters="xyz", samples=20, size=12, fonts=["DejaVu Sans"], flat=False)
    assert [np.bincount(part.y).tolist() for part in (splits.train, splits.validation, splits.test)] == [
        [16] * 3, [2] * 3, [2] * 3,
    ]  # fmt: skip
    assert splits.classes == ("x", "y", "z") and splits.train.x.shape == (48, 12, 12, 1)
    assert splits.train.x.dtype == np.float32 and splits.train.y.dtype == np.int64


# -- cache -----------------------------------------------------------------------------------------------------------


def test_images_are_rendered_once(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = whole(characters="a")
    assert len(list(machine.iterdir())) == 1
    with monkeypatch.context() as patched:
        patched.setattr(Glyphs, "_rendered", None)
        np.testing.assert_array_equal(whole(characters="a").x, first.x)
    for change in ({"characters": "b"}, {"samples": 5}, {"size": 20}, {"align": "line"}, {"jitter": 0.5}, {"seed": 1},
                   {"fonts": ["cmr10"]}):  # fmt: skip
        before = len(list(machine.iterdir()))
        whole(**{"characters": "a", **change})
        assert len(list(machine.iterdir())) == before + 1


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY", b"no array"])
def test_a_damaged_cache_is_replaced(damage: bytes, machine: Path) -> None:
    first = whole(characters="a")
    (kept,) = machine.iterdir()
    content = kept.read_bytes()
    kept.write_bytes(damage)
    np.testing.assert_array_equal(whole(characters="a").x, first.x)
    assert kept.read_bytes() == content and list(machine.iterdir()) == [kept]


def test_an_interrupted_write_leaves_nothing(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(file: Any, array: Any) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(glyphs.np, "save", fail)
    with pytest.warns(RuntimeWarning, match=r"cannot be kept in .*No space left.*Set PELLUCID_CACHE to a folder"):
        assert len(whole(characters="a")) == 4
    assert list(machine.iterdir()) == []


# -- mistakes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"characters": ""}, r"characters' of Glyphs must be a text of visible characters, each once\. Received: ''\."),
        ({"characters": "A B"}, r"Received: 'A B', where ' ' cannot be seen"),
        ({"characters": "ABA"}, r"Received: 'ABA', where 'A' comes 2 times"),
        ({"characters": ["A"]}, r"must be a text, each character once\. Received: \['A'\]"),
        ({"samples": 0}, r"'samples' of Glyphs must be an int in \[1, 100000\]"),
        ({"size": 4}, r"'size' of Glyphs must be an int in \[8, 256\]"),
        ({"fonts": "DejaVu Sans"}, r"must be a list of families or font files, or None for all\. Received: 'DejaVu"),
        ({"fonts": []}, r"must be a list of families or font files"),
        ({"align": "top"}, r"'align' of Glyphs must be one of 'mass', 'line'"),
        ({"jitter": 3}, r"'jitter' of Glyphs must be a float in \[0, 2\]"),
        ({"flat": 1}, r"'flat' of Glyphs must be True or False"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Glyphs(**arguments)


@pytest.mark.parametrize("missing", ["PIL", "matplotlib"])
def test_a_missing_library_is_named(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in list(sys.modules):
        if module.partition(".")[0] == missing or module == "pellucid_datasets.rendering":
            monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(
        DataError, match=rf"{missing} is not installed\. Install them: pip install 'pellucid-datasets\["
    ):
        whole(characters="a")


def test_the_variable_decides_where_the_cache_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(places.CACHE, str(tmp_path / "mine"))
    assert places.cache_folder("glyphs") == tmp_path / "mine/glyphs"
    monkeypatch.delenv(places.CACHE)
    assert places.cache_folder("glyphs").parts[-2:] == ("pellucid", "glyphs")

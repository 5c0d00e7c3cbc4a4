"""text_fonts: the fonts of this machine that can write given characters; no symbols, no empty boxes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_letters
from typing import Any

from pellucid import DataError, did_you_mean, listed

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
NAMES = {str(digit): name for digit, name in enumerate(DIGITS)}
NAMES.update((letter, letter) for letter in ascii_letters)
"""What fonts call the glyphs of these characters."""
NUMBERED = re.compile(r"(u|uni|g|gid|cid|glyph|index)_?[0-9A-Fa-f]+")
"""Names that say nothing of what the glyph is."""
DEBIAN = (
    "fonts-breip", "fonts-comic-neue", "fonts-dkg-handwriting", "fonts-ecolier-court", "fonts-femkeklaver",
    "fonts-humor-sans", "fonts-klee", "fonts-rufscript", "fonts-sjfonts",
)  # fmt: skip
"""Debian's packages with free handwriting fonts."""


@dataclass(frozen=True, order=True)
class Face:
    """One font file: a style of a family, such as DejaVu Sans Bold."""

    family: str
    style: str
    path: Path


def text_fonts(characters: str, chosen: Sequence[str] | None = None) -> list[Face]:
    """The faces that write all of these characters, one file for each family and style, sorted.

    Args:
        characters: what must be there. A font counts as a font of symbols, and is left out, if it calls the glyph of a
            letter or digit something else: ``A`` is not ``arrowleft``.
        chosen: names of families, or paths of font files, of which all are taken; None for whatever is found in the
            folders of the system and of matplotlib.

    Errors: DataError if a chosen font is not there, cannot be read or lacks a character, and if there is none at all.
    """
    if chosen is not None:
        return sorted({face for name in chosen for face in _named(name, characters)})
    found = _writing(_installed(), characters)
    if not found:
        raise DataError(f"No font on this machine can write all of {characters!r}. {_advice()}")
    return found


def _named(name: str, characters: str) -> list[Face]:
    """The faces of one family, or the one in a file."""
    is_file = Path(name).suffix.lower() in (".ttf", ".otf", ".ttc")
    if is_file:
        path = Path(name).expanduser()
        faces = [face for face in [_face(path)] if face is not None]
        if not faces:
            raise DataError(f"{path} is not a font that can be read. Check the path: 'fonts' are families or files.")
    else:
        installed = _installed()
        faces = [face for face in installed if face.family.lower() == name.lower()]
        if not faces:
            families = sorted({face.family for face in installed})
            raise DataError(
                f"There is no font family {name!r} on this machine.{did_you_mean(name, families)} There are: "
                f"{listed(families)}. {_advice()}"
            )
    able = _writing(faces, characters)
    if not able:
        lacking = _lacking(_opened(faces[0].path), characters)
        raise DataError(f"The font {name!r} cannot write {lacking!r}. Choose another, or leave these characters out.")
    return able


def _advice() -> str:
    return f"Install text fonts, on Debian for example: apt install {' '.join(DEBIAN)}."


def _installed() -> list[Face]:
    """All faces in the folders of matplotlib and of the system, sorted; of the same face the first file."""
    from matplotlib import font_manager, get_data_path

    bundled = sorted(Path(get_data_path(), "fonts", "ttf").glob("*.ttf"))
    faces: dict[tuple[str, str], Face] = {}
    for path in [*bundled, *sorted(map(Path, font_manager.findSystemFonts()))]:
        face = _face(path)
        if face is not None:
            faces.setdefault((face.family, face.style), face)
    return sorted(faces.values())


def _writing(faces: Iterable[Face], characters: str) -> list[Face]:
    return [face for face in faces if not _lacking(_opened(face.path), characters)]


def _face(path: Path) -> Face | None:
    """What the file says of itself; None for a file that FreeType cannot read."""
    font = _opened(path)
    return None if font is None else Face(font.family_name, font.style_name, path)


def _opened(path: Path) -> Any:
    from matplotlib.ft2font import FT2Font

    try:
        return FT2Font(str(path))
    except (OSError, RuntimeError):  # what FreeType's wrapper raises for missing and for broken files
        return None


def _lacking(font: Any, characters: str) -> str:
    """Those of the characters that the font has no glyph for, or one of something else."""
    if font.family_name.replace(" ", "").startswith("LastResort"):
        return characters  # fonts of this name draw the same box for every character there is
    glyphs = {character: font.get_char_index(ord(character)) for character in characters}
    return "".join(
        character
        for character, glyph in glyphs.items()
        if glyph == 0 or not _is_named(font.get_glyph_name(glyph), character)
    )


def _is_named(name: str, character: str) -> bool:
    """Whether a glyph of this name may be this character: ``zero``, ``zero.tabular``, ``uni0030`` or ``glyph17``."""
    expected = NAMES.get(character)
    return expected is None or name.partition(".")[0] in (expected, "") or NUMBERED.fullmatch(name) is not None

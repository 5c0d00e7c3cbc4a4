"""The bytes of a file as text: unpacked up to a limit, decoded by what is found in front of it or in it."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from pellucid import ConfigError, DataError
from pellucid_tabular.reading import content as module
from pellucid_tabular.reading.content import Content, content_of
from pellucid_tabular.reading.file import SUFFIXES, is_table

TEXT = "größe,farbe\n1,grün\n2,weiß\n"


def content(folder: Path, data: bytes, encoding: str | None = None) -> Content:
    path = folder / "t.csv"
    path.write_bytes(data)
    return content_of(path, encoding)


@pytest.mark.parametrize(
    ("encoding", "mark", "why"),
    [
        ("utf-8", b"", "it is valid"),
        ("utf-8", b"\xef\xbb\xbf", "the mark in front"),
        ("utf-16-le", b"\xff\xfe", "the mark in front"),
        ("utf-16-be", b"\xfe\xff", "the mark in front"),
        ("utf-32-le", b"\xff\xfe\0\0", "the mark in front"),
        ("utf-32-be", b"\0\0\xfe\xff", "the mark in front"),
        ("utf-16-le", b"", "every other byte is 0"),
        ("utf-16-be", b"", "every other byte is 0"),
        ("cp1252", b"", "it is no valid UTF-8; where it is neither Windows-1252, say which"),
    ],
)
def test_an_encoding_is_found_out_and_what_is_said_goes_before(
    tmp_path: Path, encoding: str, mark: bytes, why: str
) -> None:
    found = content(tmp_path, mark + TEXT.encode(encoding))
    assert (found.data, found.why) == (TEXT.encode(), why)
    assert found.encoding == encoding if not mark else str(found.encoding).replace("-sig", "") in encoding
    said = content(tmp_path, mark + TEXT.encode(encoding), encoding)
    assert said == Content(TEXT.encode(), encoding, "said by the user")


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize(("zeros", "wide"), [(1024, False), (1025, True)])
def test_more_than_a_quarter_of_the_first_4096_bytes_are_0_where_letters_have_two(
    zeros: int, behind: bool, wide: bool, tmp_path: Path
) -> None:
    """Of a letter with its 0 every fourth byte counts; others have two bytes of their own: U+6161."""
    letters = b"a\0" * zeros + b"aa" * (2048 - zeros)
    data = letters + (b"\0a" if behind else b"aa") * 2
    if wide:
        assert content(tmp_path, data).why == "every other byte is 0"
    else:
        with pytest.raises(DataError, match="Received: a byte of value 0"):
            content(tmp_path, data)


def test_plain_letters_are_utf_8_and_a_hole_of_windows_is_latin_1(tmp_path: Path) -> None:
    assert content(tmp_path, b"a,b\n1,2") == Content(b"a,b\n1,2", "utf-8", "it is valid")
    assert content(tmp_path, b"ab") == Content(b"ab", "utf-8", "it is valid")
    found = content(tmp_path, b"a\x81\xe4")
    assert found == Content("a\x81ä".encode(), "latin-1", "it is valid neither in UTF-8 nor in Windows-1252")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_mark_is_no_part_of_the_text_and_few_letters_without_a_byte_of_0_are_enough(
    tmp_path: Path, encoding: str
) -> None:
    assert content(tmp_path, "a\n".encode(encoding)).data == b"a\n"
    many = "жя" * 20 + "a,b\n" * 40  # some letters have no byte of 0
    assert content(tmp_path, many.encode(encoding)).data == many.encode()
    late = "a,b\n" * 600 + "жя" * 9000  # the first 4,096 bytes are looked at
    assert content(tmp_path, late.encode(encoding)).data == late.encode()
    assert content(tmp_path, ("\ufeff" + "a\n").encode(encoding), encoding).data == b"a\n"


@pytest.mark.parametrize("early", [0, 1, 30])
def test_some_bytes_of_0_are_damage_and_no_encoding(tmp_path: Path, early: int) -> None:
    data = b"a,b\n" * early + b"\0" + b"1,2\n" * (40 - early)
    with pytest.raises(DataError, match=rf"t\.csv, line {early + 1}, column 0: expected text.*a byte of value 0"):
        content(tmp_path, data)


def test_the_line_of_a_byte_that_is_no_text_is_told(tmp_path: Path) -> None:
    for at, line in ((0, 1), (3, 1), (4, 2), (8, 3)):
        data = bytearray(b"a,b\n" * 3)
        data[at] = 0xE4
        with pytest.raises(DataError, match=rf"line {line}, column 0: expected text in ascii.*byte {at} of the file"):
            content(tmp_path, bytes(data), "ascii")
    with pytest.raises(ConfigError, match="unknown encoding: none"):
        content(tmp_path, b"a", "none")
    with pytest.raises(DataError, match=r"line 1, column 0: expected text in idna\. Received: byte 0 of"):
        content(tmp_path, b"xn--" + b"a" * 80, "idna")


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
def test_lines_end_in_a_newline(tmp_path: Path, ending: bytes) -> None:
    assert content(tmp_path, ending.join([b"a", b"", b"b", b""])).data == b"a\n\nb\n"


# -- packed files ----------------------------------------------------------------------------------------------------


def test_a_packed_file_is_unpacked_up_to_the_limits_and_not_beyond(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = b"1,2\n" * 1000
    packed = gzip.compress(text, mtime=0)
    monkeypatch.setattr(module, "MOST_EXPANSION", 0)
    for most, fits in ((3999, False), (4000, True), (4001, True)):
        monkeypatch.setattr(module, "MOST_UNPACKED", most)
        if fits:
            assert content(tmp_path, packed).data == text
            continue
        with pytest.raises(DataError, match=rf"takes {len(packed)} bytes and more than {most:,} unpacked"):
            content(tmp_path, packed)
    monkeypatch.setattr(module, "MOST_UNPACKED", 0)
    ratio = -(-len(text) // len(packed))
    for expansion, fits in ((ratio - 1, False), (ratio, True)):
        monkeypatch.setattr(module, "MOST_EXPANSION", expansion)
        if fits:
            assert content(tmp_path, packed).data == text
            continue
        with pytest.raises(DataError, match=rf"more than {expansion * len(packed):,} unpacked"):
            content(tmp_path, packed)


def test_what_is_packed_is_seen_by_its_content_not_by_its_name(tmp_path: Path) -> None:
    assert content(tmp_path, gzip.compress(TEXT.encode("utf-16"))).data == TEXT.encode()
    (tmp_path / "t.csv.gz").write_bytes(b"a\n1\n")
    assert content_of(tmp_path / "t.csv.gz").data == b"a\n1\n"
    for damaged in (gzip.compress(b"a\n1\n" * 9)[:-1], gzip.compress(b"a\n" * 99)[:12] + b"\xff" * 9, b"\x1f\x8b"):
        with pytest.raises(DataError, match="is packed by gzip, and is truncated or damaged"):
            content(tmp_path, damaged)


def test_a_table_must_fit_into_memory_several_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(module, "check_memory", lambda size, *_: asked.append(size))
    content(tmp_path, b"a,b\n" * 25)
    assert asked == [500]


@pytest.mark.parametrize("magic", module._OTHERS)
@pytest.mark.parametrize("rest", [b"", b" rest\n1,2\n"])
def test_other_formats_are_named(tmp_path: Path, magic: bytes, rest: bytes) -> None:
    with pytest.raises(DataError, match=f"is {module._OTHERS[magic]}"):
        content(tmp_path, magic + rest)


@pytest.mark.parametrize("magic", [b"PAR1", b"ARROW1"])
def test_what_is_no_text_is_given_as_it_is(tmp_path: Path, magic: bytes) -> None:
    assert content(tmp_path, magic + b"\r\n\0\xff") == Content(magic + b"\r\n\0\xff", None, "")
    assert content(tmp_path, magic[:-1] + b"2\r\n").data == magic[:-1] + b"2\n"


def test_a_name_tells_a_table_by_its_end() -> None:
    for suffix in SUFFIXES:
        for name in ("a", "a.b", "folder.csv/a"):
            assert (
                is_table(f"{name}{suffix}") and is_table(f"{name}{suffix.upper()}") and is_table(f"{name}{suffix}.gz")
            )
            assert not is_table(f"{name}{suffix}.bz2") and not is_table(f"{name}{suffix}.gz.gz")
    for name in ("csv", "a", "", ".gz", "a.gz", "a.csv/b", "a.npz", "a.csvx"):
        assert not is_table(name)

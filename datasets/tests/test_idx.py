"""read_idx: whole files are read, every kind of broken one is refused before memory is taken."""

from __future__ import annotations

import gzip
import tracemalloc

import numpy as np
import pytest
from pellucid import DataError
from pellucid_datasets.idx import MOST_EXPANSION, read_idx

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


def idx(array: np.ndarray, *, kind: int = 8, lengths: tuple[int, ...] | None = None) -> bytes:
    lengths = array.shape if lengths is None else lengths
    return bytes((0, 0, kind, len(lengths))) + b"".join(n.to_bytes(4, "big") for n in lengths) + array.tobytes()


WHOLE = idx(IMAGES)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_whole_file_is_read(pack: type) -> None:
    array = read_idx(pack(WHOLE), axes=3, name="images")
    np.testing.assert_array_equal(array, IMAGES)
    assert array.dtype == np.uint8 and array.flags.writeable
    labels = np.array([7, 0, 9], np.uint8)
    np.testing.assert_array_equal(read_idx(pack(idx(labels)), axes=1, name="labels"), labels)
    assert read_idx(pack(idx(IMAGES[:0])), axes=3, name="none").shape == (0, 3, 4)


def test_a_file_of_several_gzip_members_is_read() -> None:
    content = gzip.compress(WHOLE[:20]) + gzip.compress(WHOLE[20:])
    np.testing.assert_array_equal(read_idx(content, axes=3, name="images"), IMAGES)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"must begin with the bytes 00 00 08 03\. Received: an empty file"),
        (WHOLE[:3], r"Received: 00 00 08\."),
        (b"PK\x03\x04" + WHOLE[4:], r"not an IDX file .* Received: 50 4b 03 04\."),
        (idx(IMAGES, kind=13), r"not an IDX file of unsigned bytes with 3 axes.* Received: 00 00 0d 03"),
        (idx(IMAGES.ravel()), r"with 3 axes.* Received: 00 00 08 01.*labels have 1"),
        (WHOLE[:10], r"truncated: it ends inside its header, after 10 bytes"),
        (WHOLE[:-1], r"truncated: it announces an array of shape \(2, 3, 4\), 24 bytes, and "),
        (WHOLE + b"\0", r"goes on after its 24 bytes"),
        (idx(IMAGES, lengths=(2, 3, 3)), r"goes on after its 18 bytes"),
        (idx(IMAGES, lengths=(1000, 1000, 1000)), r"truncated: .* 1000000000 bytes, and .* bytes of file cannot hold"),
        (idx(IMAGES, lengths=(2**32 - 1,) * 3), r"announces .* and at most 1073741824 are accepted"),
    ],
    ids=["empty", "magic-cut", "foreign", "type", "axes", "header-cut", "values-cut", "longer", "smaller", "huge",
         "overflow"],
)  # fmt: skip
def test_a_broken_file_is_refused(pack: type, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=f"^images .*{message}"):
        read_idx(pack(content), axes=3, name="images")


@pytest.mark.parametrize("cut", range(2, len(gzip.compress(WHOLE)), 5))
def test_gzip_cut_anywhere_is_refused(cut: int) -> None:
    with pytest.raises(DataError, match=r"^images is (truncated|not an IDX)"):
        read_idx(gzip.compress(WHOLE)[:cut], axes=3, name="images")


@pytest.mark.parametrize("position", range(len(gzip.compress(WHOLE, mtime=0))))
def test_a_flipped_byte_of_gzip_never_gives_other_values(position: int) -> None:
    content = bytearray(gzip.compress(WHOLE, mtime=0))
    content[position] ^= 0xFF
    try:
        array = read_idx(bytes(content), axes=3, name="images")
    except DataError:
        return
    np.testing.assert_array_equal(array, IMAGES)  # time stamp and operating system in gzip's header do not matter


def test_a_bomb_takes_no_memory() -> None:
    bomb = gzip.compress(idx(np.zeros(0, np.uint8), lengths=(1 << 29,)) + bytes(1 << 22), 9)
    assert len(bomb) * MOST_EXPANSION < 1 << 29
    tracemalloc.start()
    with pytest.raises(DataError, match="cannot hold as many"):
        read_idx(bomb, axes=1, name="bomb")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20


def test_what_follows_the_values_is_not_unpacked() -> None:
    bomb = gzip.compress(idx(np.zeros(5, np.uint8)) + bytes(1 << 26), 9)
    tracemalloc.start()
    with pytest.raises(DataError, match="goes on after its 5 bytes"):
        read_idx(bomb, axes=1, name="bomb")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20


def test_the_limit_is_the_callers() -> None:
    with pytest.raises(DataError, match=r"24 bytes, and at most 23 are accepted\. Pass a larger limit"):
        read_idx(WHOLE, axes=3, name="images", limit=23)
    np.testing.assert_array_equal(read_idx(WHOLE, axes=3, name="images", limit=24), IMAGES)

"""Where files are looked for, and how they are downloaded: what a server announces, sends, and how long it takes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pellucid import DataError
from pellucid_datasets import places, source
from pellucid_datasets.source import Source, _show

NAMES = ["a.gz", "b.gz"]

# -- places ----------------------------------------------------------------------------------------------------------


def put(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"")
    return folder


def test_files_are_taken_from_the_first_place_that_has_them_all(
    nowhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert places.find("set", NAMES) is None
    cache = put(nowhere / "set", "a.gz")
    assert places.find("set", NAMES) is None, "half a download is none"
    put(cache, "b")
    assert places.find("set", NAMES) == {"a.gz": cache / "a.gz", "b.gz": cache / "b"}, "packed or unpacked"
    put(cache, "b.gz")
    assert places.find("set", NAMES) == {name: cache / name for name in NAMES}, "packed before unpacked"
    system = put(places.SYSTEM / "set", *NAMES)
    assert places.find("set", NAMES) == {name: system / name for name in NAMES}
    own = put(tmp_path / "own" / "set", *NAMES)
    monkeypatch.setenv(places.DATA, str(tmp_path / "own"))
    assert places.find("set", NAMES) == {name: own / name for name in NAMES}
    (own / "b.gz").unlink()
    with pytest.raises(DataError, match=r"own/set \(PELLUCID_DATA\) has 1 of 2 files\. Missing: b\.gz\."):
        places.find("set", NAMES)
    (own / "a.gz").unlink()
    assert places.find("set", NAMES) == {name: system / name for name in NAMES}
    (system / "a.gz").unlink()
    with pytest.raises(DataError, match=r"system/set \(system\) has 1 of 2 files\. Missing: a\.gz\."):
        places.find("set", NAMES)
    (system / "a.gz").mkdir()
    with pytest.raises(DataError, match=r"has 1 of 2 files"):
        places.find("set", NAMES)


def test_what_was_looked_at_is_said(nowhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(nowhere / "set")
    told = f"{places.SYSTEM / 'set'} (system, no such folder), {nowhere / 'set'} (cache)"
    assert places.looked_in("set") == f"Looked in: {told}; PELLUCID_DATA is not set."
    monkeypatch.setenv(places.DATA, str(tmp_path))
    assert places.looked_in("set") == f"Looked in: {tmp_path / 'set'} (PELLUCID_DATA, no such folder), {told}."
    for wrong in (str(tmp_path / "none"), os.devnull):
        monkeypatch.setenv(places.DATA, wrong)
        with pytest.raises(DataError, match="must name a folder"):
            places.places("set")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(places.DATA, "~")
    monkeypatch.setenv(places.CACHE, "~/cached")
    assert [place.folder for place in places.places("set")] == [
        tmp_path / "set",
        places.SYSTEM / "set",
        tmp_path / "cached/set",
    ]


# -- downloads -------------------------------------------------------------------------------------------------------

PLACE = Source("some", "some", "http://nowhere/", {"a": sha256(b"x" * 10).hexdigest()}, "10 bytes", 10)


class Answer:
    """A server's answer in pieces."""

    def __init__(self, pieces: list[bytes], length: str | None) -> None:
        self.headers = {} if length is None else {"Content-Length": length}
        self.raw = SimpleNamespace(read=lambda size: pieces.pop(0) if pieces else b"")
        self.pieces = pieces

    def raise_for_status(self) -> None:
        """All is well."""

    def __enter__(self) -> Answer:
        return self

    def __exit__(self, *_: Any) -> None:
        """Closed."""


@pytest.fixture
def answer(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Answer]]:
    pytest.importorskip("pooch")
    asked: list[Any] = []

    def made(pieces: list[bytes], length: str | None = None) -> Answer:
        found = Answer(pieces, length)

        def get(url: str, **how: Any) -> Answer:
            asked.append((url, how))
            return found

        monkeypatch.setattr("requests.get", get)
        return found

    yield made
    for url, how in asked:
        assert url == "http://nowhere/a" and how["timeout"] == source.SILENCE and how["stream"] is True
        assert how["headers"] == {"Accept-Encoding": "identity"}


@pytest.mark.parametrize("length", [None, "10", "", "about 10"])
def test_a_file_of_the_most_bytes_is_taken_in_pieces(
    answer: Any, length: str | None, nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Any] = []
    monkeypatch.setattr(source, "_show", lambda *given: shown.append(given))
    answer([b"x" * 4, b"x" * 6], length)
    assert PLACE.obtained() == {"a": nowhere / "some/a"} and (nowhere / "some/a").read_bytes() == b"x" * 10
    announced = 10 if length == "10" else 0
    assert shown == [("a", 4, announced), ("a", 10, announced)]


def test_a_file_that_is_announced_as_larger_is_not_begun(answer: Any) -> None:
    found = answer([b"x" * 4, b"x" * 6], "11")
    with pytest.raises(DataError, match=r"http://nowhere/a sends more than the 10 bytes that the file can have"):
        PLACE.obtained()
    assert found.pieces == [b"x" * 6]
    found = answer([b"x" * 10, b"x", b"x"], None)
    with pytest.raises(DataError, match="sends more than the 10 bytes"):
        PLACE.obtained()
    assert found.pieces == [b"x"]


def test_a_slow_server_is_left_when_the_time_is_over(answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for late, fits in ((0, True), (1, False)):
        clock = iter([100.0, 100.0, 100.0 + source.SECONDS + late])
        monkeypatch.setattr(source, "monotonic", lambda clock=clock: next(clock))
        answer([b"x" * 4, b"x" * 6])
        if fits:
            PLACE.obtained()["a"].unlink()
            continue
        with pytest.raises(DataError, match="had sent 10 bytes after 60 minutes, which is too slow"):
            PLACE.obtained()


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("done", "announced", "shown"),
    [
        (2_000_000, 4_000_000, "\ra: 2 of 4 MB"),
        (4_000_000, 4_000_000, "\ra: 4 of 4 MB\n"),
        (3_000_000, 0, "\ra: 3 MB\n"),
    ],
)
def test_how_far_it_has_come_is_shown_to_a_terminal(
    done: int, announced: int, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for stream, expected in ((Terminal(), shown), (StringIO(), "")):
        monkeypatch.setattr(sys, "stderr", stream)
        _show("a", done, announced)
        assert stream.getvalue() == expected


def test_every_way_to_the_files_is_said() -> None:
    hinted = Source("some", "some", "http://nowhere/", {"a": "0", "b": "1"}, "1 MB", 10, "Or ask.")
    assert "try again. Or put a into a folder some and set PELLUCID_DATA to" in PLACE.how_to_get()
    assert "try again. Or ask. Or put a, b into a folder some" in hinted.how_to_get()

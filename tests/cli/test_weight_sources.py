"""What weights of others are read from: every type of numbers, the texts beside them, and what of a folder counts."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pellucid.basics.errors import CheckpointError, ConfigError
from pellucid.workbench.imports.importing import MadeOf, _made, _shape
from pellucid.workbench.imports.source import read_source

TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U8": "u1"}


def written(path: Path, arrays: dict[str, tuple[str, list[int], bytes]]) -> bytes:
    """A file as the format's description has it: the header's length, the header, the numbers."""
    header, data = dict[str, Any](), b""
    for name, (kind, shape, content) in arrays.items():
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    content = len(text).to_bytes(8, "little") + text + data
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return content


def one(name: str = "a") -> dict[str, tuple[str, list[int], bytes]]:
    return {name: ("F32", [2], np.array([1, 2], "<f4").tobytes())}


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_of_numbers_is_read(tmp_path: Path, kind: str) -> None:
    values = np.array([[0, 1, 2], [100, 101, 127]], TYPES[kind])
    written(tmp_path / "a.safetensors", {"x": (kind, [2, 3], values.tobytes())})
    found = read_source(tmp_path / "a.safetensors").arrays["x"]
    assert found.dtype == np.dtype(TYPES[kind])
    np.testing.assert_array_equal(found, values)


def test_truth_values_and_bfloat16_are_read_and_other_types_named(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    halves = np.array([0x3F80, 0xC040, 0x7F80], "<u2")  # 1, -3, infinity
    written(path, {"x": ("BF16", [3, 1], halves.tobytes()), "y": ("BOOL", [2], b"\x01\x00")})
    arrays = read_source(path).arrays
    assert arrays["x"].dtype == np.float32 and arrays["x"].tolist() == [[1.0], [-3.0], [np.inf]]
    assert arrays["y"].tolist() == [True, False]
    written(path, {"x": ("U16", [2], b"abcd")})
    with pytest.raises(CheckpointError, match=r"the array 'x' is of type U16\. Expected: one of F64, .*BF16\."):
        read_source(path)


def test_the_texts_in_and_below_the_folder_of_the_arrays_are_there(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    first = written(folder / "deep" / "b.safetensors", one("b"))
    second = written(folder / "deep" / "a.safetensors", one("a"))
    for name in ("config.json", "deep/config.json", "deep/1_Pooling/config.json", "deep/vocab.txt", "deep/readme.md"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(f'{{"of": "{name}"}}')
    found = read_source(folder)
    assert found.name == "theirs" and set(found.arrays) == {"a", "b"}
    assert found.sha256 == hashlib.sha256(second + first).hexdigest()
    assert [found.has(name) for name in ("config.json", "1_Pooling/config.json", "vocab.txt", "readme.md", "x")] == [
        True, True, True, False, False,
    ]  # fmt: skip
    assert found.table("config.json") == {"of": "deep/config.json"} and "1_Pooling" in found.text(
        "1_Pooling/config.json"
    )
    with pytest.raises(ConfigError, match=r"no x beside its arrays.* Received: 1_Pooling/config\.json, config\.json"):
        found.text("x")
    with zipfile.ZipFile(tmp_path / "a.ZIP", "w") as archive:
        for file in sorted(folder.rglob("*.*")):
            archive.write(file, file.relative_to(tmp_path))
    packed = read_source(tmp_path / "a.ZIP")
    assert (packed.name, packed.sha256) == ("a.ZIP", found.sha256) and packed.table("config.json") == found.table(
        "config.json"
    )


def test_beside_one_file_stand_texts_and_no_other_arrays(tmp_path: Path) -> None:
    written(tmp_path / "a.safetensors", one("a"))
    written(tmp_path / "b.safetensors", one("b"))
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "big.bin").write_bytes(b"x")
    (tmp_path / "below").mkdir()
    found = read_source(tmp_path / "a.safetensors")
    assert set(found.arrays) == {"a"} and found.table("config.json") == {} and not found.has("big.bin")


@pytest.mark.parametrize("content", [b"[]", b"3", b"{", b"[" * 100_000])
def test_a_table_is_an_object_in_json(tmp_path: Path, content: bytes) -> None:
    written(tmp_path / "a.safetensors", one())
    (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(
        CheckpointError, match=r"config\.json of a\.safetensors (is damaged: it is no|must hold a) JSON"
    ):
        read_source(tmp_path / "a.safetensors").table("config.json")
    (tmp_path / "config.json").write_bytes(b"ab\xff")
    with pytest.raises(CheckpointError, match=r"is no text in UTF-8 \(byte 2\)"):
        read_source(tmp_path / "a.safetensors").text("config.json")


def test_an_array_that_two_files_hold_is_refused(tmp_path: Path) -> None:
    for name in ("1", "2"):
        written(tmp_path / f"{name}.safetensors", one())
    with pytest.raises(ConfigError, match=r"1\.safetensors, 2\.safetensors both hold an array 'a'\. Give one of them"):
        read_source(tmp_path)


def test_as_much_memory_is_asked_for_as_three_times_the_arrays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr("pellucid.workbench.imports.source.check_memory", lambda size, *words: asked.append(size))
    sizes = [len(written(tmp_path / f"{name}.safetensors", one(name))) for name in "ab"]
    (tmp_path / "config.json").write_text("{}" * 999)
    read_source(tmp_path)
    assert asked == [3 * sum(sizes)]


def test_what_a_parameter_is_made_of() -> None:
    a, b = np.ones((2, 3)), np.zeros((2, 1))
    assert _made(MadeOf(["a", "b"]), [a, b]) is a
    joined = _made(MadeOf(["a", "b"], lambda *both: np.concatenate(both, 1)), [a, b])
    assert joined is not None and joined.tolist() == [[1, 1, 1, 0]] * 2
    for wrong in (lambda x, y: x @ y, lambda x, y: x[9]):
        assert _made(MadeOf(["a", "b"], wrong), [a, b]) is None
    assert _shape(a) == _shape((2, 3)) == "(2, 3)"


def test_of_a_folder_without_arrays_twenty_names_are_told(tmp_path: Path) -> None:
    for number in range(21):
        (tmp_path / f"{number:02}.md").touch()
    with pytest.raises(ConfigError, match=r"holds no arrays in \.safetensors\. Received: 00\.md, .*, 19\.md\. Give"):
        read_source(tmp_path)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "w.PT").touch()
    with pytest.raises(ConfigError, match=r"holds w\.PT, a pickle: to read it may execute"):
        read_source(tmp_path)

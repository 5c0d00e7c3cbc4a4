"""Files of texts as they are written: line ends, names, blank lines, cells that are no texts; and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pellucid import DataError
from pellucid_transformer.text.files import called, columns_of, decoded, read_columns, read_samples, read_text


def written(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_bytes(content.encode())
    return path


def test_line_ends_become_those_of_unix_and_a_mark_of_byte_order_is_no_text(tmp_path: Path) -> None:
    assert decoded("\ufeffä\r\nb\rc\n\r".encode(), "x") == "ä\nb\nc\n\n"
    with pytest.raises(DataError, match=r"^x is no text in UTF-8: byte 5 \(counted from 0\), in line 3, is 0xe4\. Con"):
        decoded(b"a\nb\nc\xe4\nd", "x")
    assert read_text(written(tmp_path, "text.txt", "ä\r\nb")) == "ä\nb"
    with pytest.raises(DataError, match=r"absent\.txt cannot be read: No such file or directory\. Check the path"):
        read_text(tmp_path / "absent.txt")


TABLES = {
    "a.csv": ' text ,label\r\n"a, ""b""\nc",1\r\n\r\nd,\r\n',
    "a.TSV": 'text\tlabel\n"a, ""b""\nc"\t1\n\nd\t\n',
    "a.Jsonl": '\n{"text": "a, \\"b\\"\\nc", "label": 1}\n \n{"label": "", "text": "d"}\n',
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_its_columns(name: str, tmp_path: Path) -> None:
    path = written(tmp_path, name, TABLES[name])
    texts = ['a, "b"\nc', "d"]
    assert read_columns(path) == {"text": texts, "label": ["1", ""]}
    assert read_samples(path, "text") == (texts, ["1", ""])
    assert read_samples(path, "label", "text") == (["1", ""], texts)
    assert read_samples(path, "text", targets=False) == (texts, None)
    assert columns_of(path) == columns_of(str(path)) == {"text": texts, "label": ["1", ""]}
    with pytest.raises(DataError, match=rf"{name} has no column 'lable'\. Did you mean 'label'\? Received:"):
        read_samples(path, "text", "lable")


def test_labels_are_read_where_there_are_some(tmp_path: Path) -> None:
    assert read_samples(written(tmp_path, "a.csv", "text,kind\na,b\n"), "text") == (["a"], None)
    assert read_samples(written(tmp_path, "a.csv", "text,kind\na,b\n"), "text", "kind") == (["a"], ["b"])
    lines = written(tmp_path, "a.TXT", "a b\n\nc")
    assert read_samples(lines, "text") == (["a b", "", "c"], None)
    with pytest.raises(DataError, match="each line a sample, and has no column 'kind'"):
        read_samples(lines, "text", "kind")


def test_cells_that_are_no_texts_are_written_as_json(tmp_path: Path) -> None:
    path = written(tmp_path, "a.jsonl", '{"a": true, "b": null, "c": 0.5, "d": [1, "x"]}\n')
    assert read_columns(path) == {"a": ["true"], "b": ["null"], "c": ["0.5"], "d": ['[1, "x"]']}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "a,b\n\n1,2\n1\n", r"a\.csv, line 4: 2 cells were expected.*Received: 1\. Put a cell that holds"),
        ("a.csv", "a,a \n1,2\n", r"line 1: 1 cells were expected.*Received: 2\. Give columns names that differ"),
        ("a.csv", 'a,b\n1,"2"3\n', r"a\.csv, line 2: .*Put cells with quotes or separators in quotes"),
        ("a.tsv", "a,b\n1\t2\n", r"a\.tsv, line 2: 1 cells were expected.*Received: 2\. Put a cell"),
        ("a.csv", "", r"a\.csv holds no samples: below the names"),
        ("a.jsonl", "\n \n", r"a\.jsonl holds no samples"),
        ("a.jsonl", "\n[1]\n", r"line 2 must be an object\. Received: '\[1\]'"),
        ("a.jsonl", '{"a": 1}\n\n[1]\n', r"line 3 must be an object with a\. Received: '\[1\]'"),
        ("a.jsonl", '{"a": 1}\n{"a": 1, "b": 2}\n', r"line 2 must be an object with a\. Received: "),
        ("a.jsonl", '{"a": 1}\n\n{"a"\n', r"a\.jsonl, line 3 is no JSON: "),
        ("a.json", "{}", r"a\.json: a table of texts is one of \.csv, \.tsv, \.jsonl\. Received: \.json\."),
        ("a", "{}", r"is one of \.csv, \.tsv, \.jsonl\. Received: no ending\."),
    ],
)
def test_what_is_no_table_is_said_with_its_line(name: str, content: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=said):
        read_columns(written(tmp_path, name, content))


def test_columns_at_hand_are_a_table_too() -> None:
    assert columns_of({"a": ["x", 1], 2: (None, 0.5)}) == {"a": ["x", "1"], "2": ["None", "0.5"]}
    assert columns_of({"a": ["x"]}) == {"a": ["x"]}
    assert called({}) == "the table" and called("a.csv") == called(Path("a.csv")) == "a.csv"


@pytest.mark.parametrize(
    ("table", "received"),
    [
        ({"a": ["x"], "b": ["x", "y"]}, r"dict of columns of \[1, 2\] cells\."),
        ({"a": [], "b": []}, r"dict of columns of \[0\] cells\."),
        ({}, r"dict\."),
        ([["a"]], r"list\."),
    ],
    ids=str,
)
def test_what_is_no_table_at_hand_is_refused(table: Any, received: str) -> None:
    with pytest.raises(DataError, match=rf"dict of columns of one length, one at least\. Received: {received}"):
        columns_of(table)

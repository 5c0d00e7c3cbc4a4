"""Files to the last row: what is left out at the edges of a table, where a mistake lies, and what was decided of it."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest
from pellucid import ConfigError, DataError
from pellucid_tabular.reading import file as module
from pellucid_tabular.reading.file import Format, RawTable, read_file


def read(folder: Path, content: str, **given: Any) -> RawTable:
    path = folder / "t.csv"
    path.write_text(content, newline="")
    return read_file(path, Format(**given))


def cells(raw: RawTable) -> dict[str, list[str | None]]:
    return {name: [cell or "" for cell in series.to_list()] for name, series in raw.columns.items()}


def said(raw: RawTable, what: str) -> list[tuple[Any, str]]:
    return [(value, why) for each, value, why in raw.said if each == what]


def lines(raw: RawTable) -> list[str]:
    return [raw.place(row) for row in range(len(next(iter(raw.columns.values()))))]


@pytest.mark.parametrize(
    ("word", "sign"),
    [
        ("comma", ","),
        ("semicolon", ";"),
        ("tab", "\t"),
        ("pipe", "|"),
        ("space", " "),
        ("spaces", " "),
        ("\\t", "\t"),
        (":", ":"),
    ],
)
def test_every_word_for_a_separator(tmp_path: Path, word: str, sign: str) -> None:
    assert Format(word).checked().separator == sign
    raw = read(tmp_path, f"a{sign}b\n1{sign}2\n3{sign}4\n", separator=word)
    assert cells(raw) == {"a": ["1", "3"], "b": ["2", "4"]}
    name = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", " ": "spaces"}.get(sign, sign)
    assert said(raw, "separator") == [(name, "said by the user")]


@pytest.mark.parametrize(
    ("given", "wrong"),
    [({"separator": s}, "separator") for s in ("", ",,", "é", "\n", "\r", '"', "'", "\0")]
    + [({"quote": q}, "quote") for q in ("''", "é", "\n")] + [({"quote": ";", "separator": ";"}, "quote")],
)  # fmt: skip
def test_other_formats_are_refused(given: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ConfigError, match=f"The '{wrong}' of a table must be one character of ASCII"):
        Format(**given).checked()
    assert Format(";", "").checked() == Format(";", "") and Format(quote="'").checked() == Format(quote="'")


@pytest.mark.parametrize("quote", ['"', "'", "~"])
def test_what_is_said_of_a_quote(tmp_path: Path, quote: str) -> None:
    text = f"a,b\n{quote}x,y{quote},1\n{quote}z{quote},2\n"
    raw = read(tmp_path, text, quote=quote)
    assert cells(raw)["a"] == ["x,y", "z"] and said(raw, "quote") == [
        ({'"': "double", "'": "single"}.get(quote, quote), "")
    ]
    assert raw.format == Format(",", quote, True, "utf-8", "")


def test_rows_and_columns_without_a_value_are_left_out_at_every_place(tmp_path: Path) -> None:
    raw = read(tmp_path, "a,b\n,\n1,2\n , \n3,\n,\n")
    assert cells(raw) == {"a": ["1", "3"], "b": ["2", ""]} and lines(raw) == ["line 3", "line 5"]
    assert said(raw, "rows") == [(2, "3 rows without any value are left out")]
    for text, width in (
        ("a,b,,\n1,2,,\n3,4,,\n", 2),
        ("a,,b\n1,,2\n3,,4\n", 3),
        ("a,b,\n1,2,\n3,4,x\n", 3),
        ("a,b,c\n1,2,\n3,4,\n", 3),
    ):
        assert len(read(tmp_path, text).columns) == width
    raw = read(tmp_path, "a,b,,\n1,2,,\n3,4,,\n")
    assert said(raw, "columns") == [(2, f"column {i} is left out: it has no name and no value") for i in (3, 2)]
    raw = read(tmp_path, "1,2,,\n3,4,,\n", header=False)
    assert [*cells(raw)] == ["0", "1", "2"], "without names one column, behind the last separator, is none"
    assert said(raw, "columns") == [(3, "column 3 is left out: it has no name and no value")]
    assert [*cells(read(tmp_path, "1,,\n3,,\n", header=False))] == ["0", "1"]
    with pytest.raises(DataError, match=r"line 1, column 0: expected rows below the names\. Received: none"):
        read(tmp_path, "a,b\n,\n,\n", header=True)


def test_a_first_row_may_be_one_shorter_or_longer(tmp_path: Path) -> None:
    assert cells(read(tmp_path, "a,b\nx,1,2\ny,3,4\n")) == {"a": ["1", "3"], "b": ["2", "4"]}, "each row is called"
    assert cells(read(tmp_path, "a,b\nx,1,2\nx,3,4\n")) == {"0": ["x", "x"], "a": ["1", "3"], "b": ["2", "4"]}
    assert cells(read(tmp_path, "a,b\n1,2,\n3,4,\n")) == {"a": ["1", "3"], "b": ["2", "4"]}
    assert cells(read(tmp_path, "a,b,\n1,2\n3,4\n", header=True)) == {"a": ["1", "3"], "b": ["2", "4"]}
    for text, column, names in (
        ("a,b,c,\n1,2\n3,4\n", "'c'", 4),
        ("a\n1,2,3\n", "1", 1),
    ):
        with pytest.raises(
            DataError, match=rf"line 1, column {column}: expected . fields .*Received: {names}\. Correct"
        ):
            read(tmp_path, text, header=True, separator=",")


def test_a_column_that_calls_each_row_by_another_name_is_left_out(tmp_path: Path) -> None:
    for name in ("", "Unnamed: 0"):
        raw = read(tmp_path, f"{name},a,b\nx,1,2\ny,3,4\n", header=True)
        assert cells(raw) == {"a": ["1", "3"], "b": ["2", "4"]}
        assert said(raw, "columns") == [(2, "column 0 is left out: it has no name, and calls each row by another one")]
    assert [*cells(read(tmp_path, ",a\nx,1\nx,3\n", header=True))] == ["0", "a"]
    assert [*cells(read(tmp_path, "n,a\nx,1\ny,3\n", header=True))] == ["n", "a"]
    assert [*cells(read(tmp_path, 'n,"a"\nx,1\ny,3\n'))] == ["n", "a"]


@pytest.mark.parametrize("leftover", ["'", "---", "\x1a", "***", "-" * 15 + "=" * 15])
def test_lines_without_a_letter_are_left_over_and_others_are_wrong_rows(tmp_path: Path, leftover: str) -> None:
    raw = read(tmp_path, f"a,b\n1,2\n{leftover}\n3,4\n{leftover}\n")
    assert cells(raw) == {"a": ["1", "3"], "b": ["2", "4"]} and lines(raw) == ["line 2", "line 4"]
    assert said(raw, "left out") == [(f"line {n}", f"{leftover[:20]!r} is no row of a table") for n in (3, 5)]
    with pytest.raises(DataError, match="line 3, column 'b': expected 2 fields"):
        read(tmp_path, f"a,b\n1,2\n{leftover}x\n3,4\n5,6\n")
    assert cells(read(tmp_path, f"a\n1\n{leftover}\n")) == {"a": ["1", leftover]}, "of one column they are cells"


@pytest.mark.parametrize("wrong", [1, 2, 3])
def test_the_first_row_of_another_number_of_fields_is_named_and_the_others_counted(tmp_path: Path, wrong: int) -> None:
    text = "a,b,c\n" + "1,2,3\n" * 6 + "4,5\n" * wrong + "1,2,3\n"
    more = {
        1: "Received: 2. Correct",
        2: "So have 1 more rows another number.",
        3: "So have 2 more rows another number.",
    }
    with pytest.raises(DataError) as error:
        read(tmp_path, text)
    assert "line 8, column 'c': expected 3 fields separated by comma" in str(error.value) and more[wrong] in str(
        error.value
    )
    with pytest.raises(DataError, match=r"line 3, column 3: expected 3 fields .*Received: 4\."):
        read(tmp_path, "1,2,3\n1,2,3\n1,2,3,4\n1,2,3\n", header=False)


def test_names_count_where_a_tenth_of_the_rows_has_as_many_fields(tmp_path: Path) -> None:
    for fitting, rows, expected in ((1, 19, 2), (2, 19, 3), (2, 20, 3), (2, 21, 2)):
        text = "a,b,c\n" + "1,2,3\n" * fitting + "1,2\n" * (rows - fitting)
        with pytest.raises(DataError, match=rf"expected {expected} fields"):
            read(tmp_path, text, header=True, separator=",")


def test_a_table_has_no_more_columns_than_the_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_COLUMNS", 3)
    assert len(read(tmp_path, "a,b,c\n1,2,3\n").columns) == 3
    with pytest.raises(DataError, match=r"line 2, column 3: expected up to 3 columns\. Received: 4\."):
        read(tmp_path, "a,b,c\n1,2,3,4\n", header=True)


def test_names_are_found_by_the_rows_that_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not read(tmp_path, "b\nb\n" + "a\n" * 25).named, "the word returns at once"
    text = "b\n" + "a\n" * 25 + "b\n"
    assert not read(tmp_path, text).named, "the word returns below"
    for most, named in ((27, False), (26, True)):
        monkeypatch.setattr(module, "_LOOKED_AT", most)
        assert read(tmp_path, text).named is named
    monkeypatch.undo()
    monkeypatch.setattr(module, "_CELLS", 26)
    assert read(tmp_path, text).named
    monkeypatch.setattr(module, "_CELLS", 27)
    assert not read(tmp_path, text).named
    monkeypatch.setattr(module, "_CELLS", 1)
    assert not read(tmp_path, "b\n" + "a\n" * 18 + "b\n").named and read(tmp_path, "b\n" + "a\n" * 19 + "b\n").named


def test_the_last_comment_in_front_may_hold_the_names(tmp_path: Path) -> None:
    rows = "1,x,2\n2,y,3\n3,x,1\n"
    for comment, names in (
        ("# a,b,c", "abc"),
        ("#a, b ,c", "abc"),
        ("# a,b", "012"),
        ("# a,a,c", "012"),
        ("# a,,c", "012"),
    ):
        raw = read(tmp_path, f"# made\n{comment}\n{rows}")
        assert [*raw.columns] == [*names] and lines(raw) == ["line 3", "line 4", "line 5"]
        assert raw.named is (names == "abc") and len(cells(raw)[names[0]]) == 3
    assert [*read(tmp_path, f"# a,b,c\n{rows}", header=False).columns] == ["0", "1", "2"]
    assert [*read(tmp_path, "# a\n1\n2\n3\n").columns] == ["0"], "one word is no row of names"
    why = "2 lines in front of the table begin so"
    assert said(read(tmp_path, f"# made\n# a,b,c\n{rows}"), "comment") == [("#", why)]


@pytest.mark.parametrize("skip", [True, False])
@pytest.mark.parametrize(("cell", "slowly"), [('x "y" z', 0), ('"x" y', 1), ('"x"y', 1), ('"x""y"z', 1)])
def test_rows_that_polars_does_not_read_are_read_one_by_one(
    tmp_path: Path, skip: bool, cell: str, slowly: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, one_by_one = list[int](), module._slowly
    monkeypatch.setattr(module, "_slowly", lambda *given: asked.append(given[-1]) or one_by_one(*given))
    header = "a,b\n" if skip else ""
    text = header + f'{cell},1\n"p,\nq",2\n"r ""s""",3\n,4\n'
    raw = read(tmp_path, text, header=skip, quote='"', separator=",")
    (expected, _), *_ = csv.reader([f"{cell},1"])
    first, second = cells(raw).values()
    assert first == [expected, "p,\nq", 'r "s"', ""] and second == ["1", "2", "3", "4"]
    assert lines(raw) == [f"line {n + skip}" for n in (1, 2, 4, 5)] and asked == [2] * slowly


@pytest.mark.parametrize("row", ['x"y,1', 'x"p,q"y,1'])
def test_a_row_that_is_read_neither_way_is_named(tmp_path: Path, row: str) -> None:
    with pytest.raises(DataError, match=r"line 3, column [02]: expected 2 fields"):
        read(tmp_path, f'a,b\n"z",1\n{row}\n"z",2\n{row}\n', header=True, separator=",", quote='"')


def test_a_quote_that_stays_open_is_named_with_the_line_of_its_row(tmp_path: Path) -> None:
    for text, line in (('a,b\n"x",1\n"y,2\n', 3), ('a,b\n"x\ny",1\n"z,2\n\n5,6', 4)):
        with pytest.raises(DataError, match=rf"line {line}, column 0: expected that the quote \" which is opened"):
            read(tmp_path, text, quote='"')


@pytest.mark.parametrize("text", ["", " \n\t\n", "# a\n\n# b\n"])
def test_nothing_is_no_table(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match=re.escape("t.csv, line 1, column 0: expected a table. Received: ")):
        read(tmp_path, text, comment="#")


@pytest.mark.parametrize(
    ("names", "columns"),
    [
        ("a,b", ["a", "b"]), ("a,b,", ["a", "b"]),
        ("a,b,c", "column 'c': expected 2 fields.* Received: 3"),
        ("a,b,c,d", "column 'c': expected 2 fields.* Received: 4"),
        ("a,b,,", "column '': expected 2 fields.* Received: 4"),
    ],
)  # fmt: skip
def test_no_name_is_lost_where_there_are_more_than_fields(names: str, columns: Any, tmp_path: Path) -> None:
    text = f"{names}\n1,2\n3,4\n"
    if isinstance(columns, str):
        with pytest.raises(DataError, match=rf"t\.csv, line 1, {columns}"):
            read(tmp_path, text, header=True, separator=",")
        return
    found = cells(read(tmp_path, text, header=True, separator=","))
    assert [*found] == columns and [*found.values()] == [["1", "3"], ["2", "4"]]

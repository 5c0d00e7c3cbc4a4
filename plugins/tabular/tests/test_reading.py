"""Files as people have them: each test is one quirk, in a small file."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from pellucid import ConfigError, DataError
from pellucid_tabular.reading.dialect import find_dialect
from pellucid_tabular.reading.file import Format, RawTable, is_table, read_file
from pellucid_tabular.schema import Schema

ROWS = "3,red,0.5\n1,blue,-2\n2,red,1e3\n"
NAMED = "size,colour,weight\n" + ROWS


def read(folder: Path, content: str | bytes, name: str = "t.csv", **given: Any) -> RawTable:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_file(path, Format(**given))


def cells(raw: RawTable) -> list[list[str | None]]:
    return [series.str.strip_chars(" ").to_list() for series in raw.columns.values()]


def test_a_plain_table(tmp_path: Path) -> None:
    raw = read(tmp_path, NAMED)
    assert list(raw.columns) == ["size", "colour", "weight"]
    assert cells(raw) == [["3", "1", "2"], ["red", "blue", "red"], ["0.5", "-2", "1e3"]]
    assert raw.format == Format(",", "", True, "utf-8", "")
    assert [what for what, _, _ in raw.said] == ["encoding", "separator", "quote", "header"]
    assert raw.place(0) == "line 2"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", "   ", " \t "])
def test_separators_are_found(tmp_path: Path, separator: str) -> None:
    raw = read(tmp_path, NAMED.replace(",", separator))
    assert list(raw.columns) == ["size", "colour", "weight"]
    assert cells(raw)[2] == ["0.5", "-2", "1e3"]
    assert raw.format is not None and raw.format.separator == (separator.strip(" ") or " ")


def test_any_separator_can_be_said(tmp_path: Path) -> None:
    raw = read(tmp_path, NAMED.replace(",", ":"), separator=":")
    assert list(raw.columns) == ["size", "colour", "weight"]
    with pytest.raises(ConfigError, match=r"'separator' of a table must be one character of ASCII, or one of comma"):
        read(tmp_path, NAMED, separator="::")
    assert list(read(tmp_path, NAMED, separator="tab").columns) == ["size,colour,weight"]


def test_a_decimal_comma_is_no_separator(tmp_path: Path) -> None:
    raw = read(tmp_path, "1,5;2,25;3\n2,5;1,25;4\n0,5;8,0;5\n")
    assert cells(raw) == [["1,5", "2,5", "0,5"], ["2,25", "1,25", "8,0"], ["3", "4", "5"]]
    x = Schema.of(raw.columns).coded(raw.columns)
    assert x.tolist() == [[1.5, 2.25, 3], [2.5, 1.25, 4], [0.5, 8, 5]]


def test_a_column_alone(tmp_path: Path) -> None:
    raw = read(tmp_path, "a word\n1\n\n2.5\n3\n")
    assert list(raw.columns) == ["a word"] and cells(raw) == [["1", "2.5", "3"]]
    assert [raw.place(row) for row in range(3)] == ["line 2", "line 4", "line 5"]


@pytest.mark.parametrize("quote", ["'", '"'])
def test_quotes(tmp_path: Path, quote: str) -> None:
    text = "'a, b',2,'c'\n'two\nlines',3,''\n'it''s',4,x\n".replace("'", quote)
    raw = read(tmp_path, text)
    assert cells(raw) == [["a, b", "two\nlines", f"it{quote}s"], ["2", "3", "4"], ["c", "", "x"]]
    assert [raw.place(row) for row in range(3)] == ["line 1", "line 2", "line 4"]


def test_a_quote_within_text_is_none(tmp_path: Path) -> None:
    raw = read(tmp_path, "name,size\nO'Neill,3\nnail 5\",4\nd'Arc,5\n")
    assert cells(raw)[0] == ["O'Neill", 'nail 5"', "d'Arc"]
    raw = read(tmp_path, "'a',1\n'b',2\n", quote="")
    assert cells(raw)[0] == ["'a'", "'b'"]


def test_spaces_behind_separators(tmp_path: Path) -> None:
    raw = read(tmp_path, '39, State-gov, "a, b", <=50K\n50, Private, "c", >50K\n38, Private, "c", >50K\n')
    x = Schema.of(raw.columns)
    assert [column.categories for column in x.columns[1:]] == [
        ("Private", "State-gov"),
        ("a, b", "c"),
        ("<=50K", ">50K"),
    ]


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"), ("utf-32", "utf-32"), ("cp1252", "cp1252"),
    ],
)  # fmt: skip
def test_encodings(tmp_path: Path, encoding: str, found: str) -> None:
    raw = read(tmp_path, "größe,farbe\n1,grün\n2,weiß\n3,grün\n".encode(encoding))
    assert list(raw.columns) == ["größe", "farbe"] and cells(raw)[1] == ["grün", "weiß", "grün"]
    assert raw.format is not None and raw.format.encoding == found
    assert raw.said[0][0] == "encoding" and raw.said[0][2]


def test_latin_1_where_windows_has_a_hole_and_what_is_said(tmp_path: Path) -> None:
    raw = read(tmp_path, b"a,b\nx\x81,1\ny\xe4,2\n")
    assert raw.format is not None and raw.format.encoding == "latin-1" and cells(raw)[0][1] == "yä"
    raw = read(tmp_path, "a,b\nж,1\nя,2\n".encode("cp1251"), encoding="cp1251")
    assert cells(raw)[0] == ["ж", "я"]
    with pytest.raises(ConfigError, match="unknown encoding: nonsense"):
        read(tmp_path, NAMED, encoding="nonsense")
    with pytest.raises(DataError, match=r"t\.csv, line 2, column 0: expected text in ascii"):
        read(tmp_path, "a,b\nä,1\n", encoding="ascii")


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_lines_end_as_on_any_machine(tmp_path: Path, ending: str) -> None:
    raw = read(tmp_path, NAMED.replace("\n", ending).rstrip(ending))
    assert cells(raw)[2] == ["0.5", "-2", "1e3"]


def test_blank_lines_and_comments(tmp_path: Path) -> None:
    raw = read(tmp_path, "# made by hand\n# size colour weight\n" + ROWS.replace("\n", "\n\n") + "   \n")
    assert list(raw.columns) == ["0", "1", "2"]  # three words, and not by the separator
    assert [raw.place(row) for row in range(3)] == ["line 3", "line 5", "line 7"]
    assert raw.said[3][:2] == ("comment", "#")
    raw = read(tmp_path, "# size,colour,weight\n" + ROWS)
    assert list(raw.columns) == ["size", "colour", "weight"]
    assert cells(read(tmp_path, "#1,2\n#3,4\n")) == [["#1", "#3"], ["2", "4"]]  # every line begins so
    raw = read(tmp_path, "#a,b\n1,2\n3,4\n", comment="")
    assert list(raw.columns) == ["#a", "b"]


def test_rows_without_a_value(tmp_path: Path) -> None:
    raw = read(tmp_path, "a,b\n1,2\n,\n3,\n")
    assert cells(raw) == [["1", "3"], ["2", ""]] or cells(raw) == [["1", "3"], ["2", None]]
    assert raw.place(1) == "line 4" and any("1 rows without any value" in why for _, _, why in raw.said)


@pytest.mark.parametrize("text", ["a,b,\n1,2,\n3,4,\n", "a,b\n1,2,\n3,4,\n", "1,2,\n3,4,\n5,6,\n"])
def test_separators_at_the_ends_of_rows(tmp_path: Path, text: str) -> None:
    raw = read(tmp_path, text)
    assert len(raw.columns) == 2
    assert any("neither" in why or "no name and no value" in why for _, _, why in raw.said)


def test_row_numbers_as_pandas_and_r_write_them(tmp_path: Path) -> None:
    for text in (",a,b\n0,1,x\n1,2,y\n", '"a","b"\n"1",1,"x"\n"2",2,"y"\n', "Unnamed: 0,a,b\n7,1,x\n9,2,y\n"):
        raw = read(tmp_path, text)
        assert list(raw.columns) == ["a", "b"] and cells(raw)[0] == ["1", "2"]
        assert any("calls each row" in why for _, _, why in raw.said)
    assert list(read(tmp_path, ",a\nx,1\nx,2\n").columns) == ["0", "a"]  # it does not number the rows


def test_names_that_are_there_twice_or_not_at_all(tmp_path: Path) -> None:
    raw = read(tmp_path, "a,a,,b\n1,2,x,4\n5,6,x,8\n")
    assert list(raw.columns) == ["a", "a.1", "2", "b"]
    assert any("'a.1'" in why for _, _, why in raw.said)


def test_leftovers_of_a_copy(tmp_path: Path) -> None:
    raw = read(tmp_path, NAMED + "'\n")
    assert len(cells(raw)[0]) == 3 and ("left out", "line 5") in [said[:2] for said in raw.said]
    assert len(cells(read(tmp_path, NAMED + "\x1a"))[0]) == 3


# -- the first line --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("a,b\n1,x\n2,y\n", True),
        ("1,x\n2,y\n3,x\n", False),
        ("x,y\na,b\na,c\nx,b\n", False),  # a word returns
        ("colour,shape\nred,round\nred,square\nblue,round\n", True),
        ("5.1,3.5\n4.9,3.0\n4.7,3.2\n", False),
        ("0,1,2\n5.1,3.5,1\n4.9,3.0,2\n", True),  # they count the columns
        ("1990,1991,1992\n5.1,3.5,1\n4.9,3.0,2\n", True),
        ("city,2019,2020\nOslo,0.5,0.6\nRome,0.1,0.7\nBonn,0.3,0.2\n", True),
        ("100,200\n1,2\n3,4\n2,3\n", True),  # whole numbers far from what stands below them
        ("day,n\n2020-01-01,3\n2020-01-02,4\n", True),
        ("2020-01-01,3\n2020-01-02,4\n2020-01-03,3\n", False),
        ("?,3\n1,4\n2,3\n", False),
        ("a\nb\nc\n", True),
    ],
)  # fmt: skip
def test_the_first_line_is_names_or_values(tmp_path: Path, text: str, header: bool) -> None:
    raw = read(tmp_path, text)
    assert raw.named is header
    assert next(why for what, _, why in raw.said if what == "header")
    assert read(tmp_path, text, header=not header).named is not header


def test_a_first_line_that_may_be_either_is_asked_about(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"line 1, column 'x'.*expected names of columns or values.*header = true or header = false"
    ):
        read(tmp_path, "5,x,3\n4,2,4\n6,1,1\n3,3,5\n")


# -- rows that are wrong ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("4,red", "column 'weight': expected 3 fields separated by comma, as most rows have. Received: 2."),
        ("4,red,1,9", "column 3: expected 3 fields separated by comma, as most rows have. Received: 4."),
        ('4,"red,1', 'column 0: expected that the quote " which is opened in this row is closed. Received: the end'),
    ],
)
def test_a_wrong_row_is_told_with_its_line(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(DataError) as error:
        read(tmp_path, 'size,colour,weight\n1,"two\nlines",2\n3,red,4\n' + row + "\n" + ROWS)
    assert f"t.csv, line 5, {message}" in str(error.value)


def test_the_line_of_a_wrong_cell(tmp_path: Path) -> None:
    rows = [f"{i},{i * i}" for i in range(50)]
    rows[40] = "40,16OO"
    raw = read(tmp_path, "# squares\na,b\n\n" + "\n".join(rows))
    with pytest.raises(DataError) as error:
        Schema.of(raw.columns, where="t.csv", place=raw.place)
    told = "t.csv, line 44, column 'b': expected a number. Received: '16OO'. Correct the cell; or if '16OO' stands for"
    assert told in str(error.value)
    schema = Schema.of(raw.columns, categorical=["b"])
    assert schema.columns[1].kind == "category"
    assert np.isnan(Schema.of(raw.columns, missing=["16OO"]).coded(raw.columns)[40, 1])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "line 1, column 0: expected a table. Received: an empty file"),
        (b"\n \n", "an empty file"),
        (b"a,b\n", "expected rows below the names"),
        (b"PK\x03\x04rest", "is a zip archive, as a workbook of Excel is"),
        (b"a,b\n1,\x00\n", "line 2, column 0: expected text. Received: a byte of value 0"),
        (b"PAR1 and no more", "is truncated or damaged"),
        (b"ARROW1\0\0", "is truncated or damaged"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0)[:-9], "is packed by gzip, and is truncated or damaged"),
    ],
)
def test_what_is_no_table(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(tmp_path, content, header=True if message.endswith("names") else None)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"Cannot read .*none\.csv: No such file"):
        read_file(tmp_path / "none.csv")
    with pytest.raises(DataError, match="is no file"):
        read_file(tmp_path)
    with pytest.raises(DataError, match="There can be no file"):
        read_file("a\0.csv")


# -- other files -----------------------------------------------------------------------------------------------------


def test_gzip_parquet_and_arrow(tmp_path: Path) -> None:
    assert cells(read(tmp_path, gzip.compress(NAMED.encode()), "t.csv.gz"))[0] == ["3", "1", "2"]
    frame = pl.DataFrame(
        {"n": [1, None, 3], "t": ["a", "b", None], "b": [True, False, None], "__index_level_0__": [0, 1, 2]}
    )
    for write in (frame.write_parquet, frame.write_ipc):
        buffer = io.BytesIO()
        write(buffer)
        raw = read(tmp_path, buffer.getvalue(), "t.parquet")
        assert list(raw.columns) == ["n", "t", "b"] and raw.format is None and raw.named
        assert raw.place(1) == "row 1 (counted from 0)" and [value for _, value, _ in raw.said][1:] == [3]
        assert raw.said[0] == ("format", "Parquet" if write == frame.write_parquet else "Arrow", "it says so itself")
        x = Schema.of(raw.columns).coded(raw.columns)
        assert np.array_equal(x, [[1, 0, 1], [np.nan, 1, 0], [3, np.nan, np.nan]], equal_nan=True)


@pytest.mark.parametrize("name", ["a.csv", "A.TSV", "b.txt.gz", "c.parquet", "d.feather", "e.data"])
def test_names_of_tables(name: str) -> None:
    assert is_table(name) and not is_table(name + ".npz")


def test_many_columns(tmp_path: Path) -> None:
    wide = ",".join(f"c{i}" for i in range(3000)) + "\n" + ",".join("1" * 3000) + "\n" + ",".join("2" * 3000) + "\n"
    assert len(read(tmp_path, wide).columns) == 3000
    with pytest.raises(DataError, match="expected up to 100,000 columns"):
        read(tmp_path, "1," * 100_001 + "\n" + "2," * 100_001)


@pytest.mark.parametrize(
    ("rows", "share"), [("1;2\n1;2;3\n1;2;3\n1;2;3\n", "75%"), ("1;2;3\n1;2;3\n1;2\n1;2\n1;2;3\n", "60%")]
)
def test_the_share_of_lines_is_told_that_a_separator_divides_alike(rows: str, share: str) -> None:
    found = find_dialect(f"a;b;c\n{rows}".encode(), None, None, None)
    assert (found.separator, found.why) == (";", f"it divides {share} of the first lines into 3 fields")

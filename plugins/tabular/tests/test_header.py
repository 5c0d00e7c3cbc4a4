"""Whether a first row holds names, rule by rule; what columns are called; how lines are divided into fields."""

from __future__ import annotations

import csv
import random
from typing import Any

import pytest
from pellucid import DataError
from pellucid_tabular.reading import dialect as dialects
from pellucid_tabular.reading.dialect import (
    COMMENTS,
    SEPARATORS,
    find_dialect,
    no_spaces_before_quotes,
    one_separator,
    split_lines,
)
from pellucid_tabular.reading.header import has_names, is_nameless, names_of
from pellucid_tabular.reading.rows import rows_of

WORDS, NUMBERS, DATES = ["a", "b", "c"], ["1", "2", "3"], ["2020-01-01", "1/2/2020", "31.12.20 12:00"]


def decided(first: list[str], *columns: list[str], known: list[str] | None = None) -> tuple[bool, str]:
    return has_names(first, [list(row) for row in zip(*columns, strict=True)], known, "t, line 1")


@pytest.mark.parametrize("below", [NUMBERS, DATES, ["1", "?", "3"], ["1,5", "2.000,5", "inf"][:2] * 2])
def test_a_word_above_values_is_a_name(below: list[str]) -> None:
    assert decided(["n"], below) == (True, "words such as 'n' stand above numbers")
    assert decided(["k", "n"], WORDS[: len(below)] + ["d"] * (len(below) - 3), below)[0]


@pytest.mark.parametrize("values", [NUMBERS, DATES])
def test_a_value_among_its_like_is_none(values: list[str]) -> None:
    assert decided([values[1]], values) == (False, f"{values[1]!r} stands among values of its like")
    assert decided([values[1], "x"], values, WORDS) == (False, f"{values[1]!r} stands among values of its like")


@pytest.mark.parametrize(
    ("number", "names"), [("0.5", False), ("1", False), ("3", False), ("4", False), ("1.0", False)]
)
def test_a_number_alone_is_a_value_wherever_it_lies(number: str, names: bool) -> None:
    why = "stands among values of its like" if 1 <= float(number) <= 3 else "is a number, as what stands below it"
    assert decided([number], NUMBERS) == (names, f"{number!r} {why}")


def test_whole_numbers_that_lie_outside_are_names() -> None:
    why = "its numbers, such as 10, lie outside of what stands below them"
    assert decided(["10", "20"], NUMBERS, NUMBERS) == (True, why)
    assert decided(["10", "-20"], NUMBERS, NUMBERS) == (True, why)
    assert not decided(["10", "10"], NUMBERS, NUMBERS)[0], "no two columns of one name"
    assert not decided(["10", "20.5"], NUMBERS, NUMBERS)[0], "a name is no fraction"
    assert not decided(["10", "3"], NUMBERS, NUMBERS)[0] and not decided(["1", "20"], NUMBERS, NUMBERS)[0]
    assert not decided(["10", "20", "a"], NUMBERS, NUMBERS, WORDS)[0], "a word returns"
    assert decided(["10", "20", "d"], NUMBERS, NUMBERS, WORDS)[0]
    assert decided(["1.000", "20"], ["1.234,5", "2.000,5"], ["1", "2"])[0] is False


@pytest.mark.parametrize(
    ("first", "counts"),
    [
        (["0", "1", "2"], True), (["1", "2", "3"], True), (["2", "3", "4"], False), (["0", "1", "3"], False),
        (["1990", "1991", "1992"], True), (["1000", "1001", "1002"], False), (["1001", "1002", "1003"], True),
        (["", "0", "1", "2"], True), (["", "", "0", "1", "2"], False), (["0", "1"], False), (["2", "1", "0"], False),
        (["1990", "1991", "1992", "x"], False), (["1990.0", "1991.0", "1992.0"], False),
        (["1000000000", "1000000001", "1000000002"], False), (["100000000", "100000001", "100000002"], True),
    ],
)  # fmt: skip
def test_numbers_that_count_are_names(first: list[str], counts: bool) -> None:
    below = [[text, text] for text in first]  # so that each number lies among those below it
    found, why = decided(first, *below)
    assert (why == "its numbers count the columns") is counts and found is counts


def test_words_that_do_not_return_are_names() -> None:
    assert decided(["x"], WORDS) == (True, "its words do not return below")
    assert decided(["b"], WORDS) == (False, "its words return below")
    assert decided(["x", "b"], WORDS, WORDS) == (False, "its words return below")
    assert decided(["b", "n"], WORDS, NUMBERS) == (True, "words such as 'n' stand above numbers")
    assert decided(["?", "x"], NUMBERS, WORDS)[0], "a mark of a missing value says nothing"


def test_nine_of_ten_values_make_a_column_of_numbers() -> None:
    for words, is_one in ((1, True), (2, False)):
        column = ["7"] * (10 - words) + ["lots"] * words
        why = decided(["n"], column)[1]
        assert why == ("words such as 'n' stand above numbers" if is_one else "its words do not return below")


def test_names_that_are_known_are_names() -> None:
    assert decided(["1", "2"], NUMBERS, NUMBERS, known=["1", "2"]) == (True, "it holds the names that are known")
    assert decided(["2", "x"], NUMBERS, WORDS, known=["2", "3"])[0], "all but one"
    assert not decided(["2", "x"], NUMBERS, WORDS, known=["2", "3", "4"])[0]
    assert not decided(["2"], NUMBERS, known=["3"])[0] and not decided(["2"], NUMBERS, known=[])[0]


def test_a_row_alone_is_names_if_it_holds_words() -> None:
    assert has_names(["a", "b"], [], None, "t") == (True, "it is the only row, and holds words")
    for row in (["a", "1"], ["a", ""], ["1", "2"], ["2020-01-01", "b"]):
        assert has_names(row, [], None, "t") == (False, "it is the only row, and holds values")


def test_one_number_among_many_words_may_be_a_name() -> None:
    columns = [NUMBERS] * 4
    assert decided(["a", "b", "c", "2"], *columns) == (True, "words such as 'a' stand above numbers")
    for first in (["a", "b", "2"], ["a", "b", "c", "2", "2"], ["a", "2"]):
        with pytest.raises(DataError, match=r"t, line 1, column 'a': .*'a' stands above numbers, '2' among its like"):
            decided(first, *[NUMBERS] * len(first))


def test_shorter_rows_have_no_value_in_a_column() -> None:
    assert has_names(["n", "m"], [["1"], ["2", "3"]], None, "t") == (True, "words such as 'n' stand above numbers")


def test_every_column_has_a_name_of_its_own() -> None:
    assert names_of(["a", "b"]) == (["a", "b"], [])
    assert names_of(["a", "a", "a"])[0] == ["a", "a.1", "a.2"]
    assert names_of(["a", "a.1", "a"])[0] == ["a", "a.1", "a.2"]
    assert names_of(["", "", "1"])[0] == ["0", "1", "1.1"]
    assert names_of(["1", "", ""])[0] == ["1", "1.1", "2"]
    assert names_of(["a", "a"])[1] == ["column 1 is called 'a.1', as there is another 'a'"]
    assert [text for text in ("", "Unnamed: 0", "Unnamed: 12") if not is_nameless(text)] == []
    assert not any(map(is_nameless, ("Unnamed: ", "Unnamed: 0x", "a", " ")))


# -- fields ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(30))
def test_rows_are_those_of_pythons_csv(seed: int) -> None:
    draw = random.Random(seed)
    separator, quote = draw.choice(",;|\t"), draw.choice("'\"")
    fields = ["", "a", "b c", f"x{separator}y", "two\nlines", f"{separator}\n{separator}", "#", "10"]
    table = [[draw.choice(fields) for _ in range(draw.randrange(1, 5))] for _ in range(12)]
    table = [row for row in table if any(row) or len(row) > 1]
    lines = [separator.join(f"{quote}{f}{quote}" if set(f) & {separator, "\n"} else f for f in row) for row in table]
    blanks = [draw.choice(["", "\n", "  \n", "\n\n"]) for _ in lines]
    data = "".join(blank + line + "\n" for blank, line in zip(blanks, lines, strict=True))
    for text in (data, data[:-1]):
        rows = rows_of(text.encode(), separator, quote, "")
        assert [rows.text(i) for i in range(len(rows))] == lines
        assert rows.fields.tolist() == [len(row) for row in table] and not rows.is_open
        starts = [
            text[: text.index(line, at)].count("\n") + 1 for line, at in zip(lines, _ends(blanks, lines), strict=True)
        ]
        assert rows.lines.tolist() == starts
    assert [*csv.reader(lines_of(rows), delimiter=separator, quotechar=quote)] == table


def lines_of(rows: Any) -> list[str]:
    return [rows.text(i) for i in range(len(rows))]


def _ends(blanks: list[str], lines: list[str]) -> list[int]:
    """Where each row may begin at the earliest."""
    at, found = 0, []
    for blank, line in zip(blanks, lines, strict=True):
        found.append(at + len(blank))
        at += len(blank) + len(line) + 1
    return found


@pytest.mark.parametrize("mark", COMMENTS)
def test_comments_are_no_rows_and_those_in_front_are_kept(mark: str) -> None:
    text = f"{mark} one\n\n{mark}two\na,b\n{mark}three\n1,2\n{mark}"
    rows = rows_of(text.encode(), ",", '"', mark)
    assert lines_of(rows) == ["a,b", "1,2"] and rows.lines.tolist() == [4, 6]
    assert rows.comments == (f"{mark} one".encode(), f"{mark}two".encode())
    assert lines_of(rows_of(f"a,{mark}b\n{mark[0]}x".encode(), ",", "", mark + "x")) == [
        f"a,{mark}b",
        *([f"{mark[0]}x"] if len(mark) > 1 else []),
    ]
    found = find_dialect(text.encode(), None, None, None)
    assert (found.separator, found.comment) == (",", mark)
    assert find_dialect(f"{mark}1,2\n{mark}3,4\n".encode(), None, None, None).comment == ""
    assert find_dialect(f"a,b\n{mark}3,4\n".encode(), None, None, None).comment == ""


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("quote", ['"', "'", ""])
def test_the_dialect_is_found_in_which_a_table_was_written(separator: str, quote: str) -> None:
    rows = [["name", "size", "note"], ["Ann", "1.5", "x y"], ["Bob", "2.5", "z, w; v"], ["Cy", "3.5", "u|t"]]
    if not quote:
        rows = [
            [cell.replace(" ", "").replace(",", "").replace(";", "").replace("|", "") for cell in row] for row in rows
        ]
    text = "\n".join(separator.join(f"{quote}{cell}{quote}" for cell in row) for row in rows)
    found = find_dialect(text.encode(), None, None, None)
    assert (found.separator, found.quote, found.why) == (
        separator,
        quote,
        "it divides 100% of the first lines into 3 fields",
    )
    assert [*split_lines(text, separator, quote)] == rows


def test_a_sample_ends_with_a_whole_line(monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"a,b\n1,2\n3,4\nx;y;z\n"
    for size, lines in (
        (3, ["a,b"[:3]]),
        (4, ["a,b"]),
        (7, ["a,b"]),
        (8, ["a,b", "1,2"]),
        (11, ["a,b", "1,2"]),
        (99, None),
    ):
        monkeypatch.setattr(dialects, "_SAMPLE", size)
        assert dialects._first_lines(data) == (lines or ["a,b", "1,2", "3,4", "x;y;z"])
    for size, last in ((len(data) - 1, "x;y;z"), (len(data) - 2, "3,4")):
        monkeypatch.setattr(dialects, "_SAMPLE", size)
        assert dialects._first_lines(data.rstrip())[-1] == last, "what is no more than a sample is looked at as a whole"
    monkeypatch.setattr(dialects, "_LINES", 2)
    assert dialects._first_lines(b"\n \n1\n\n2\n3\n") == ["1", "2"]


def test_less_than_half_of_the_lines_make_no_separator() -> None:
    for alike, separator in ((5, ","), (4, "\t")):
        text = "\n".join(["a,b"] + ["1,2"] * alike + [f"1,2{',3' * (i + 1)}" for i in range(10 - alike)])
        assert find_dialect(text.encode(), None, None, None).separator == separator
    assert find_dialect(b"a\tb\n1\n2", None, None, None).separator == "|", "one that no line holds"


def test_a_quote_that_makes_rows_unreadable_is_none() -> None:
    text = '"' + "x,y " * 33_000 + '",1\n' + "a,b\n" * 20  # a field that is longer than Python's reader takes
    found = find_dialect(text.encode(), None, None, None)
    assert (found.separator, found.quote) == (",", "")
    assert found.why == "it divides 100% of the first lines into 2 fields"  # those below the names
    with pytest.raises(DataError, match=r"Line 1 is no row of a table: field larger"):
        [*split_lines(text, ",", '"')]


def test_runs_of_spaces_are_one_separator_but_within_quotes() -> None:
    text = b'  a \t b  "c  d" \n1 2\t\t"x \t y"\n'
    assert one_separator(text, '"') == b'a\tb\t"c  d"\n1\t2\t"x \t y"\n'
    assert one_separator(text, "") == b'a\tb\t"c\td"\n1\t2\t"x\ty"\n'
    assert one_separator(b" a  b ", '"') == b"a\tb"


def test_spaces_before_a_quote_are_no_part_of_the_field() -> None:
    text = b'  "a",  "b, "  , c  "d"\n1, "2"\n'
    assert no_spaces_before_quotes(text, ",", '"') == b'"a","b, "  , c  "d"\n1,"2"\n'
    assert no_spaces_before_quotes(text, ",", "") == text == no_spaces_before_quotes(text, ";", "'")
    assert no_spaces_before_quotes(b'a, b\n1,"2, "\n', ",", '"') == b'a, b\n1,"2, "\n'
    assert [*split_lines('a, "b, c"\n\n , \nd', ",", '"')] == [["a", "b, c"], ["d"]]


@pytest.mark.parametrize(("odd", "quote"), [(1, '"'), (2, '"'), (3, ""), (5, "")])
def test_quotes_are_meant_unless_rows_come_out_a_quarter_better_without(odd: int, quote: str) -> None:
    rows = ["1,2,3,4"] * (10 - odd) + ['"x,y",1,2'] * odd  # three fields, or four with a quote in two
    found = find_dialect("\n".join(["a,b,c,d", *rows]).encode(), None, None, None)
    share = f"{100 - 10 * odd * bool(quote)}%"
    assert (found.separator, found.quote) == (",", quote)
    assert found.why == f"it divides {share} of the first lines into 4 fields"


@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("other", [";", "\t", "|"])
def test_a_field_that_begins_with_a_quote_was_divided_wrongly(quote: str, other: str) -> None:
    row = ",".join(f"{quote}{cell}{quote}" for cell in (other.join("abcd"), "n"))
    found = find_dialect(f"{row}\n".encode() * 5, None, None, None)
    assert (found.separator, found.quote) == (",", quote)
    assert found.why == "it divides 100% of the first lines into 2 fields"


@pytest.mark.parametrize(("row", "quote"), [("1,2,3,4", '"'), ("'a,'b,3,4", "")])
def test_at_exactly_a_quarter_the_reading_with_cleaner_fields_is_meant(row: str, quote: str) -> None:
    text = "\n".join(["a,b,c,d", *[row] * 9, *['"x,y",1,2'] * 3])  # with quotes 9 of 12 rows are alike, without all
    found = find_dialect(text.encode(), None, None, None)
    assert (found.separator, found.quote) == (",", quote)

"""An evaluation as people see it: whole tables, as text and as Markdown, of figures that were made up."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import Any

import numpy as np
import pytest
from pellucid.workbench.cli.commands.evaluate import text
from pellucid.workbench.evaluation.calibration import Bin, Calibration, Reliability
from pellucid.workbench.evaluation.classes import ClassFigures, Confusion, PerClass
from pellucid.workbench.evaluation.evaluation import Evaluation
from pellucid.workbench.evaluation.interval import Interval
from pellucid.workbench.evaluation.mistakes import Mistake
from pellucid.workbench.evaluation.sections import Section, bounds, number, sections
from pellucid.workbench.evaluation.values import ValueFigures, Values
from pellucid.workbench.evaluation.writing import csv_table, markdown, markdown_table

CLASSES = PerClass(
    (ClassFigures("no", 1.0, 0.75, 0.8571, 1400), ClassFigures("yes", 0.8, 1.0, 0.8889, 4)),
    ClassFigures("macro", 0.9, 0.875, 0.873, 1404), ClassFigures("weighted", 0.91, 0.86, 0.85, 1404),
    Interval(0.8, 0.95, 0.95, "bootstrap, 7 draws, seed 3"),
)  # fmt: skip
CONFUSION = Confusion(np.array([[1050, 350], [0, 4]]), ("no", "yes"))
CALIBRATION = Calibration(
    Reliability(0.0312, 0.21, 0.11, (Bin(0.0, 0.5, 0, nan, nan), Bin(0.5, 1.0, 1404, 0.81, 0.75))),
    1.23456,
    Reliability(0.01, 0.2, 0.1, (Bin(0.0, 0.5, 1, 0.4, 0.2), Bin(0.5, 1.0, 1403, 0.8, 0.7))),
)
FOUND = Evaluation(
    "runs/r", None, "test", 1404, {"loss": 0.21, "f1": 0.5, "count": 12345.678, "odd": nan}, penalty=0.125,
    intervals={"f1": Interval(0.4, 0.61234, 0.9, "bootstrap, 9 draws, seed 3"), "odd": Interval(nan, nan, 0.9, "no")},
    confusion=CONFUSION, per_class=CLASSES, calibration=CALIBRATION,
    mistakes=(Mistake(3, "no", "yes", 4.0, 0.98, 0.02), Mistake(17, "yes", "no", 1.0, 0.6, 0.4)),
    notes=("First.", "Second."),
)  # fmt: skip
TEXT = """\
loss     0.2100
f1       0.5000  0.4000–0.6123  bootstrap, 9 draws, seed 3
count    12346
odd      –                      no
penalty  0.1250                 of the regularizers; no part of the loss above
1,404 samples; intervals of 90%

Classes
class     precision  recall  F1      support
no        1.0000     0.7500  0.8571  1,400
yes       0.8000     1.0000  0.8889  4
macro     0.9000     0.8750  0.8730  1,404
weighted  0.9100     0.8600  0.8500  1,404
macro F1 0.8000–0.9500 (bootstrap, 7 draws, seed 3)

Confusion
true \\ predicted  no    yes
no                1050  350
yes               0     4

Calibration
                      ECE     NLL     Brier
as it is              0.0312  0.2100  0.1100
at temperature 1.235  0.0100  0.2000  0.1000
ECE over 2 bins. The temperature has the least NLL on the validation part.

Reliability
confidence  samples  mean    accuracy
0.50–1.00   1,404    0.8100  0.7500

Worst mistakes
row  true  predicted  with probability  that of the true one
3    no    yes        0.9800            0.0200
17   yes   no         0.6000            0.4000

First.
Second."""
MARKDOWN = """\
# Evaluation of runs/r

On its own data, test.

| figure | value | interval | method |
| --- | --- | --- | --- |
| loss | 0.2100 |  |  |
| f1 | 0.5000 | 0.4000–0.6123 | bootstrap, 9 draws, seed 3 |
| count | 12346 |  |  |
| odd | – |  | no |
| penalty | 0.1250 |  | of the regularizers; no part of the loss above |

1,404 samples; intervals of 90%

## Classes

| class | precision | recall | F1 | support |
| --- | --- | --- | --- | --- |
| no | 1.0000 | 0.7500 | 0.8571 | 1,400 |
| yes | 0.8000 | 1.0000 | 0.8889 | 4 |
| macro | 0.9000 | 0.8750 | 0.8730 | 1,404 |
| weighted | 0.9100 | 0.8600 | 0.8500 | 1,404 |

macro F1 0.8000–0.9500 (bootstrap, 7 draws, seed 3)

## Confusion

| true \\ predicted | no | yes |
| --- | --- | --- |
| no | 1050 | 350 |
| yes | 0 | 4 |

## Calibration

|  | ECE | NLL | Brier |
| --- | --- | --- | --- |
| as it is | 0.0312 | 0.2100 | 0.1100 |
| at temperature 1.235 | 0.0100 | 0.2000 | 0.1000 |

ECE over 2 bins. The temperature has the least NLL on the validation part.

## Reliability

| confidence | samples | mean | accuracy |
| --- | --- | --- | --- |
| 0.50–1.00 | 1,404 | 0.8100 | 0.7500 |

## Worst mistakes

| row | true | predicted | with probability | that of the true one |
| --- | --- | --- | --- | --- |
| 3 | no | yes | 0.9800 | 0.0200 |
| 17 | yes | no | 0.6000 | 0.4000 |

First.
Second.
"""


def plain(**more: Any) -> Evaluation:
    return Evaluation("r", None, "test", 2, {"loss": 1.0}, **more)


def titled(found: Evaluation, title: str, *, whole: bool = False) -> Section:
    (section,) = [each for each in sections(found, whole=whole) if each.title == title]
    return section


def test_an_evaluation_of_classes_as_text() -> None:
    assert text(FOUND) == TEXT


def test_an_evaluation_of_classes_as_markdown() -> None:
    assert markdown(FOUND) == MARKDOWN


def test_an_evaluation_of_values() -> None:
    intervals = {
        name: Interval(low, low + 1, 0.95, f"of {name}")
        for name, low in (("r2", 0.0), ("rmse", 1.0), ("mae", 2.0), ("within", 3.0))
    }
    row = ValueFigures("price", nan, 1.5, 2.5, 3.5, 0.123456, intervals)
    found = plain(values=Values((row,)), mistakes=(Mistake(5, 1.234567, 20000.6, 19999.4),))
    assert text(found) == (
        "loss  1.0000\n2 samples\n\nValues\n"
        "target  figure         value   interval       method\n"
        "price   R²             –       0.0000–1.0000  of r2\n"
        "price   RMSE           1.5000  1.0000–2.0000  of rmse\n"
        "price   MAE            2.5000  2.0000–3.0000  of mae\n"
        "price   within 0.1235  3.5000  3.0000–4.0000  of within\n\n"
        "Largest errors\nrow  true    predicted  error\n5    1.2346  20001      19999"
    )


@pytest.mark.parametrize(
    ("data", "split", "said"),
    [(None, "train", "On its own data, train."), ("a.csv", None, "On a.csv."), ("iris", "test", "On iris, test.")],
)
def test_a_page_says_what_data_it_is_of(data: str | None, split: Any, said: str) -> None:
    assert markdown(Evaluation("r", data, split, 2, {"loss": 1.0})).splitlines()[2] == said


def test_cells_of_markdown_stay_cells() -> None:
    assert markdown_table([["a|b", "c"], ["1\n2", "|"]]) == "| a\\|b | c |\n| --- | --- |\n| 1 2 | \\| |"
    assert csv_table([["a,b", 1], ["c", None]]) == '"a,b",1\nc,\n'


def test_numbers_have_four_digits_behind_the_point_or_five_in_all() -> None:
    shown = {0.0: "0.0000", -1.23456: "-1.2346", 9999.5: "9999.5000", 1e4: "10000", -12345.67: "-12346", 1e9: "1e+09"}
    assert {value: number(value) for value in shown} == shown
    assert number(nan) == "–" and bounds(None) == "" and bounds(Interval(nan, 1.0, 0.9, "")) == ""
    assert bounds(Interval(0.98611, 0.99016, 0.9, "")) == "0.9861–0.9902"


def many(k: int) -> PerClass:
    """The class c(k − 1) has the lowest F1, c0 the highest."""
    rows = tuple(ClassFigures(f"c{i}", 0.5, 0.5, 1 - i / 100, 2) for i in range(k))
    return PerClass(rows, ClassFigures("macro", 0, 0, 0, k), ClassFigures("weighted", 0, 0, 0, k), None)


def names(section: Section) -> Sequence[str]:
    return [row[0] for row in section.rows[1:]]


@pytest.mark.parametrize(("k", "whole"), [(20, False), (20, True), (21, True)])
def test_so_many_classes_have_a_line_each(k: int, whole: bool) -> None:
    section = titled(plain(per_class=many(k)), "Classes", whole=whole)
    assert names(section) == [*(f"c{i}" for i in range(k)), "macro", "weighted"] and section.remark == ""


def test_of_more_classes_the_lowest_f1_come_first() -> None:
    section = titled(plain(per_class=many(21)), "Classes")
    assert names(section) == [*(f"c{i}" for i in range(20, 0, -1)), "macro", "weighted"]
    assert section.remark == "The 20 classes of 21 with the lowest F1. "


@pytest.mark.parametrize(
    ("f1", "interval", "remark"),
    [
        (0.873, Interval(0.8, 0.9, 0.95, "m"), ""),  # the run's own metric has said it, with its interval
        (0.8731, Interval(0.8, 0.9, 0.95, "m"), "macro F1 0.8000–0.9000 (m)"),
        (0.8731, Interval(nan, nan, 0.95, "m"), ""),
        (0.8731, None, ""),
    ],
)
def test_the_macro_f1_is_said_once(f1: float, interval: Interval | None, remark: str) -> None:
    table = PerClass(CLASSES.rows, CLASSES.macro, CLASSES.weighted, interval)
    found = Evaluation(
        "r", None, "test", 2, {"loss": 0.873, "f1": f1}, intervals={"f1": Interval(0, 1, 0.9, "")}, per_class=table
    )
    assert titled(found, "Classes").remark == remark


def matrix(k: int) -> Confusion:
    """Of each class i, 100 are right and i are taken for the next."""
    return Confusion(np.eye(k, dtype=np.int64) * 100 + np.diag(np.arange(k - 1), 1), tuple(f"c{i}" for i in range(k)))


def test_a_confusion_of_twelve_classes_is_a_matrix_and_of_more_a_list() -> None:
    assert len(titled(plain(confusion=matrix(12)), "Confusion").rows[0]) == 13
    assert len(titled(plain(confusion=matrix(13)), "Confusion", whole=True).rows) == 14
    section = titled(plain(confusion=matrix(13)), "Most frequent confusions")
    assert section.rows[0] == ["true", "predicted", "samples"]
    assert section.rows[1:] == [[f"c{i}", f"c{i + 1}", str(i)] for i in range(11, 0, -1)]  # c0 is never taken for c1
    longest = titled(plain(confusion=matrix(30)), "Most frequent confusions").rows[1:]
    assert [row[2] for row in longest] == [str(i) for i in range(28, 8, -1)]


def test_why_there_is_no_temperature() -> None:
    section = titled(plain(calibration=Calibration(CALIBRATION.before, why="it rained")), "Calibration")
    assert section.remark == "ECE over 2 bins. No temperature: it rained." and len(section.rows) == 2

"""What commands print, whole, of data that were made up: tables of data sets, predictions, runs and plugins."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from pathlib import Path
from signal import SIGINT, SIGTERM
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pellucid.basics.errors import ConfigError
from pellucid.glassbox.quality import Quality, keep
from pellucid.interfaces.dataset import Splits
from pellucid.interfaces.samples import Split
from pellucid.registry.discovery import GROUP, Claim
from pellucid.registry.plugins import Plugin
from pellucid.workbench.cli import console
from pellucid.workbench.cli.commands import plugins, predict, show_data, train
from pellucid.workbench.cli.console import Output, table
from pellucid.workbench.experiments.folder import RunFolder
from pellucid.workbench.experiments.predictions import Predictions


def test_columns_are_as_wide_as_their_widest_cell_and_the_last_is_free() -> None:
    rows = [["a", "bb", "c"], ["aaa", "b", "a long text"], ["", "", ""]]
    assert table(rows) == "a    bb  c\naaa  b   a long text\n"
    assert table(rows, "  ") == "  a    bb  c\n  aaa  b   a long text\n"
    assert table([]) == "" and table([["alone"]]) == "alone" and table([["a", ""]]) == "a"


def test_a_piece_has_no_end_of_line_and_with_json_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    with Output(as_json=False) as output:
        assert output.piece("a\x1b")
        output.note("b\x1b")
        output.result({}, "c\x1b")
        output.long_result(lambda: "data", lambda: "text")
    assert capsys.readouterr() == ("a\\x1bc\\x1b\ntext\n", "b\\x1b\n")
    with Output(as_json=True) as output:
        assert output.piece("a")
        print("an intruder")
        output.result({"a": [1]}, "c")
        output.long_result(lambda: "data", lambda: "text")
    assert capsys.readouterr() == ('{\n  "a": [\n    1\n  ]\n}\ndata\n', "an intruder\n")


def test_json_is_escaped_where_letters_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    document = '{\n  "ä": 1\n}'
    assert console._writable(document) == document
    monkeypatch.setattr("sys.stdout", SimpleNamespace(encoding="ascii"))
    assert console._writable(document) == '{\n  "\\u00e4": 1\n}'


# -- show-data -------------------------------------------------------------------------------------------------------

NUMBER = {"name": "a", "kind": "number", "min": 0.123456789, "max": 12345678.0, "median": 2.5, "missing": 1234}
WORDS = {"name": "b", "kind": "text_of_words", "counts": dict.fromkeys("uvwxy", 1000), "why": "few"}


def test_what_is_said_of_a_table() -> None:
    found = {
        "rows": 12345, "parts": {"train": 9000, "test": 3345},
        "decided": [{"what": "header", "value": True, "why": "words"}, {"what": "sep", "value": ",", "why": ""}],
        "columns": [NUMBER, WORDS, {"name": "c", "kind": "nothing"}],
        "targets": [{"name": "y", "kind": "whole", "min": 1, "max": 7}],
    }  # fmt: skip
    assert show_data._text(found) == (
        "12,345 rows, 9,000 train, 3,345 test\n\n"
        "decided:\n  header  yes  words\n  sep     ,\n\n"
        "columns:\n"
        "  a  number         1,234 missing  0.123457 to 1.23457e+07, median 2.5\n"
        "  b  text of words                 u 1,000, v 1,000, w 1,000, x 1,000, y 1,000  few\n"
        "  c  nothing\n\n"
        "targets:\n  y  whole    1 to 7"
    )
    image = {"rows": 3, "x": {"kind": "uint8", "shape": [28, 27, 1], "min": 0, "max": 255}}
    assert show_data._text(image) == "3 rows\n\nx is uint8 (28, 27, 1), 0 to 255"


def test_five_categories_are_told_and_how_many_there_are() -> None:
    assert show_data._range({"counts": dict.fromkeys("abcde", 2)}) == "a 2, b 2, c 2, d 2, e 2"
    assert show_data._range({"counts": dict.fromkeys("abcdef", 2)}) == "a 2, b 2, c 2, d 2, e 2, … (6 different)"
    assert show_data._range({"counts": {"a": 1}, "different": 9}) == "a 1, … (9 different)"
    shown = {"x" * 40: "x" * 40, "x" * 41: "x" * 39 + "…", "a\nb": r"'a\nb'", "\n" * 30: "'" + r"\n" * 19 + "…"}
    assert {text: show_data._shown(text) for text in shown} == shown
    assert [show_data._said(value) for value in (True, False, 1, "x")] == ["yes", "no", "1", "x"]


def parts(x: Any, y: Any = None, classes: Any = None, features: Any = None) -> Splits:
    """Four samples to learn from, one to validate and two to test."""
    train, validation, test = (
        Split(x[rows], None if y is None else y[rows], classes, features)
        for rows in (slice(0, 4), slice(4, 5), slice(5, 7))
    )
    return Splits(train, validation, test)


def test_what_is_found_of_any_data_set() -> None:
    dataset = SimpleNamespace(decided=lambda: {"header": True})
    x = np.array([[1.0, -9], [2, 0], [3, 0], [4, 5], [50, 0], [60, 0], [70, 0]])
    found = show_data._of_splits(dataset, parts(x, np.array([1, 0, 1, 1, 2, 1, 0]), ("a", "b", "c"), ("u", "v")))
    assert found == {
        "rows": 7, "parts": {"train": 4, "validation": 1, "test": 2},
        "decided": [{"what": "header", "value": True, "why": ""}],
        "columns": [{"name": "u", "kind": "float64", "min": 1.0, "max": 4.0},
                    {"name": "v", "kind": "float64", "min": -9.0, "max": 5.0}],
        "targets": [{"name": "y", "kind": "classes", "counts": {"a": 2, "b": 4, "c": 1}}],
    }  # fmt: skip
    plain = show_data._of_splits(dataset, parts(x, np.array([1, 0, 1, 1, 2, 1, 0])))
    assert [column["name"] for column in plain["columns"]] == ["0", "1"]
    assert plain["targets"][0]["counts"] == {"0": 2, "1": 4, "2": 1}
    numbers = show_data._of_splits(dataset, parts(x.reshape(7, 2, 1), x[:, 1]))
    assert numbers["x"] == {"shape": [4, 2, 1], "kind": "float64", "min": -9.0, "max": 5.0}
    assert numbers["targets"] == [{"name": "y", "kind": "numbers", "min": -9.0, "max": 5.0}]
    assert "targets" not in show_data._of_splits(dataset, parts(x))


def test_parts_without_labels_are_not_counted() -> None:
    dataset, x = SimpleNamespace(decided=dict), np.zeros((3, 2))
    train, unknown, nothing = Split(x, np.array([1, 0, 1])), Split(x), Split(x[:0], np.zeros(0, np.int64))
    for validation, test, often in ((unknown, nothing, 1), (nothing, unknown, 1), (train, unknown, 2)):
        (target,) = show_data._of_splits(dataset, Splits(train, validation, test))["targets"]
        assert target["counts"] == {"0": often, "1": 2 * often}


def test_a_picture_needs_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    args = Namespace(data="iris", picture=Path("a.png"))
    monkeypatch.setitem(sys.modules, "pellucid.workbench.data_pictures.drawing", None)
    with pytest.raises(ConfigError, match=r'matplotlib, which is missing: pip install "pellucid\[plot\]"'):
        show_data._draw(args, None, None, {})


# -- predict ---------------------------------------------------------------------------------------------------------

P = np.array([[0.25, 0.75], [1.0, 0.0], [0.125, 0.875]])
CLASSES = Predictions(np.zeros((3, 2)), P, P.argmax(axis=1), ("no", "yes"))
PLACES = [("a.csv", 2), ("b.png", 1)]


def said(of: Predictions, *, every: bool = False, seen: Any = None) -> predict.Records:
    return lambda: predict._records(of, PLACES, every, seen)


def test_predictions_of_classes(tmp_path: Path) -> None:
    found = said(CLASSES, every=True, seen={"b.png": "b.seen.png"})
    assert list(found()) == [
        {"file": "a.csv", "row": 0, "class": "yes", "probability": 0.75, "probabilities": {"no": 0.25, "yes": 0.75}},
        {"file": "a.csv", "row": 1, "class": "no", "probability": 1.0, "probabilities": {"no": 1.0, "yes": 0.0}},
        {"file": "b.png", "row": 0, "class": "yes", "probability": 0.875,
         "probabilities": {"no": 0.125, "yes": 0.875}, "seen": "b.seen.png"},
    ]  # fmt: skip
    shown = said(CLASSES, every=True)
    assert predict._table(shown, True) == (
        "file   row  class  probability  no      yes\n"
        "a.csv  0    yes    0.7500       0.2500  0.7500\n"
        "a.csv  1    no     1.0000       1.0000  0.0000\n"
        "b.png  0    yes    0.8750       0.1250  0.8750"
    )
    assert predict._table(said(CLASSES), False).splitlines()[:2] == ["row  class  probability", "0    yes    0.7500"]
    predict._write(tmp_path / "a.CSV", CLASSES, said(CLASSES))
    assert (tmp_path / "a.CSV").read_text().splitlines() == [
        "file,row,class,probability", "a.csv,0,yes,0.75", "a.csv,1,no,1.0", "b.png,0,yes,0.875",
    ]  # fmt: skip
    predict._write(tmp_path / "a.json", CLASSES, shown)
    assert json.loads((tmp_path / "a.json").read_text()) == list(shown())
    assert (tmp_path / "a.json").read_text().startswith('[\n  {\n    "file": "a.csv",\n    "row": 0,')
    predict._write(tmp_path / "a.npz", CLASSES, shown)
    with np.load(tmp_path / "a.npz") as kept:
        assert set(kept) == {"outputs", "probabilities", "labels", "classes"} and kept["labels"].tolist() == [1, 0, 1]


def test_predictions_without_names_and_of_values() -> None:
    nameless = said(Predictions(np.zeros((3, 2)), P, P.argmax(axis=1)), every=True)
    assert next(nameless())["class"] == "1" and next(nameless())["probabilities"] == {"0": 0.25, "1": 0.75}
    two = np.array([[1.5, 2.0], [3.0, 4.0], [5.0, 6.0]])
    assert [r["outputs"] for r in said(Predictions(two))()] == two.tolist()
    assert next(said(Predictions(two, names=("u", "v")))())["outputs"] == {"u": 1.5, "v": 2.0}
    answers = said(Predictions(two, answers=P))
    assert next(answers())["probabilities"] == [0.25, 0.75] and "outputs" not in next(answers())
    assert predict._columns(answers) == ["file", "row", "probability 0", "probability 1"]
    assert predict._columns(said(Predictions(two))) == ["file", "row", "output 0", "output 1"]
    assert predict._columns(said(Predictions(two, names=("u", "v")))) == ["file", "row", "u", "v"]
    assert predict._columns(said(Predictions(two[:, 0]))) == ["file", "row", "output"]
    odd = said(Predictions(two, names=("row", "v")))
    assert predict._columns(odd) == ["file", "row", "output row", "v"]
    assert predict._flat(next(odd()))["row"] == 0 and predict._flat(next(odd()))["output row"] == 1.5
    both = said(Predictions(two, names=("row", "output row")))
    assert list(predict._flat(next(both())).values()) == ["a.csv", 0, 1.5, 2.0]
    assert predict._json(lambda: iter(())) == "[]" and predict._table(lambda: iter(()), False) == ""


# -- train -----------------------------------------------------------------------------------------------------------


def test_a_training_in_five_lines() -> None:
    summary = {"chosen_by": "validation_loss", "best_epoch": 3, "epochs": 5, "training_seconds": 1.234, "seed": 9,
               "validation": {"loss": 0.5, "accuracy": 0.98765, "odd": None}, "test": None}  # fmt: skip
    folder = RunFolder(Path("runs/a"))
    assert train._text(summary, folder) == (
        "best epoch  3 of 5, chosen by validation_loss\nvalidation  loss 0.5000  accuracy 0.9877\n"
        "test        none\ntraining    1.23 s, seed 9\nrun folder  runs/a"
    )
    assert train._text({**summary, "chosen_by": None}, folder).startswith("best epoch  3 of 5\n")


@pytest.mark.parametrize(("by", "code"), [(SIGINT, 130), (SIGTERM, 143)])
@pytest.mark.parametrize("as_json", [False, True])
def test_a_training_that_was_stopped(capsys: pytest.CaptureFixture[str], by: Any, code: int, as_json: bool) -> None:
    trainer = SimpleNamespace(epochs=2, steps=7)
    with Output(as_json=as_json) as output:
        assert train._interrupted(by, RunFolder(Path("r")), trainer, output) == code
    shown, resume = capsys.readouterr().out, "pellucid train --resume --out r"
    if as_json:
        assert json.loads(shown) == {"run": "r", "stopped_by": by.name, "epochs": 2, "steps": 7, "resume": resume}
    else:
        assert shown == f"Stopped after 2 epochs and 7 steps; everything is saved. Continue with:\n  {resume}\n"


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["--epochs", "3"], " Write --set train.epochs=3."), (["--epochs=3", "4"], " Write --set train.epochs=3."),
        (["--batch-size", "--lr"], " Write --set train.batch_size=…."), (["--epochs"], " Write --set train.epochs=…."),
        (["--lr", "1e-3", "x"], " Write --set optimizer.lr=1e-3."), (["-lr", "-1"], " Write --set optimizer.lr=-1."),
        (["--learning-rate=2"], " Write --set optimizer.lr=2."), (["--hidden", "8"], " Write --set model.hidden=8."),
        (["--weight_decay=2"], " Write --set optimizer.weight_decay=2."), (["--nothing", "8"], ""),
        (["--test", "0"], " Write --set data.test=0."), (["--epochs", "--quiet", "3"], " Write --set train.epochs=…."),
    ],
)  # fmt: skip
def test_options_of_other_tools_are_told_as_settings(words: list[str], meant: str) -> None:
    assert train._as_setting(words) == meant


# -- plugins ---------------------------------------------------------------------------------------------------------


def plugin(vendor: str, status: Any, reason: str = "", traceback: str = "", version: str = "1.0") -> Plugin:
    found = Plugin(vendor, [Claim(vendor, f"plugin_{vendor}", GROUP, f"pellucid-{vendor}", version)], status, reason)
    found.traceback = traceback
    return found


def test_plugins_in_a_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PELLUCID_CACHE", str(tmp_path))
    keep(Quality("gold", "pellucid-gold", "0.9", "gold", when="2026-11-26T10:00:00"))
    every = [
        plugin("gold", "loaded"), plugin("new", "loaded"), plugin("bad", "broken", "It fell.", "Traceback:\n  x\n\n"),
        plugin("off", "disabled"),
    ]  # fmt: skip
    head = (
        "vendor  status    package            components  quality\n"
        "gold    loaded    pellucid-gold 1.0  0           gold, 2026-11-26 (of 0.9)\n"
        "new     loaded    pellucid-new 1.0   0           not measured\n"
        "bad     broken    pellucid-bad 1.0   0\n"
        "off     disabled  pellucid-off 1.0   0\n\n"
        "Plugin 'bad' (pellucid-bad 1.0) is broken: It fell.\n\n"
    )
    end = "\n\nQuality is what the conformance kit found on this machine: python -m pellucid.testing VENDOR."
    assert plugins.as_text(every) == f"{head}To see where: pellucid plugins --traceback{end}"
    assert plugins.as_text(every, tracebacks=True) == f"{head}--- bad ---\nTraceback:\n  x{end}"
    assert "To see where" not in plugins.as_text(every[:2]) and "---" not in plugins.as_text(every[:2], tracebacks=True)
    told = plugins.as_data(every[0])
    assert told["quality"] is not None and told["components"] == 0 and told["vendor"] == "gold"
    assert plugins.as_data(every[3])["quality"] is plugins.as_data(every[1])["quality"] is None
    keep(Quality("bad", "pellucid-bad", "1.0", "gold"))
    assert plugins.as_data(every[2])["quality"] is None and "It fell" in str(plugins.as_data(every[2])["reason"])


def test_a_plugin_that_needs_a_file_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    for action in ("freeze", "restore"):
        args = Namespace(action=action, file=None, upgrade=False, apart=False, traceback=False)
        with (
            Output(as_json=False) as output,
            pytest.raises(ConfigError, match=f"pellucid plugins {action} needs a FILE"),
        ):
            plugins.run(args, output)

"""Texts in files: windows of a long one, tables with labels, pairs; and what is said of files that are not as they
should be."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import ConfigError, DataError
from pellucid_transformer import Tokenizer
from pellucid_transformer.text.characters import Characters
from pellucid_transformer.text.data import fingerprint
from pellucid_transformer.text.tokenizer import seen

TEXT = "to see through a network one needs no glasses, and to see through a glass no network. " * 20
ROWS = [(f"good {'day ' * (i % 5)}".strip(), "up") if i % 2 else (f"bad {'night ' * (i % 3)}".strip(), "down")
        for i in range(60)]  # fmt: skip


@pytest.fixture
def text_file(tmp_path: Path) -> str:
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    return str(path)


@pytest.fixture
def table(tmp_path: Path) -> str:
    path = tmp_path / "rows.csv"
    path.write_text("text,label\n" + "".join(f'"{text}",{label}\n' for text, label in ROWS))
    return str(path)


def running(train: str | None = None, **arguments: Any) -> Any:
    return pl.create("dataset", "transformer/running_text", train=train, **arguments)


# -- a long text -----------------------------------------------------------------------------------------------------


def test_windows_are_followed_by_what_follows_them(text_file: str) -> None:
    data = running(text_file, context=16, validation=0.1, test=100)
    splits = data.splits(0)
    (tokenizer,) = splits.transforms
    kept = round(0.1 * len(TEXT))
    train = TEXT[: len(TEXT) - kept - 100]
    part = splits.train.take(np.array([0, 7]))
    assert tokenizer.decode(part.x[1]) == train[7:23] and tokenizer.decode(part.y[1]) == train[8:24]
    assert len(splits.train) == len(train) - 16
    held = splits.validation.take(np.arange(len(splits.validation)))
    assert tokenizer.decode(held.x.ravel()) == TEXT[len(train) :][: 16 * ((kept - 1) // 16)]
    assert tokenizer.decode(splits.test.take(np.array([0])).x[0]) == TEXT[-100:-84]
    assert running(text_file, validation=0).splits(0).validation.x.shape == (0, 64)


@pytest.mark.parametrize("kept", [32, 33, 48])
def test_what_is_kept_of_a_text_is_of_just_that_length(text_file: str, kept: int) -> None:
    """A window, and one token that follows: of 32 there is one of 16, of 33 there are two."""
    splits = running(text_file, context=16, validation=kept, test=kept).splits(0)
    (tokenizer,) = splits.transforms
    for part, begin in ((splits.validation, len(TEXT) - 2 * kept), (splits.test, len(TEXT) - kept)):
        held = part.take(np.arange(len(part)))
        assert len(part) == (kept - 1) // 16
        assert tokenizer.decode(held.x.ravel()) == TEXT[begin:][: 16 * len(part)]
        assert tokenizer.decode(held.y.ravel()) == TEXT[begin + 1 :][: 16 * len(part)]
    last = splits.train.take(np.array([len(splits.train) - 1]))
    assert tokenizer.decode(last.y[0]) == TEXT[: len(TEXT) - 2 * kept][-16:]


def test_an_epoch_sees_every_token_once_and_begins_elsewhere_in_the_next(text_file: str) -> None:
    windows = running(text_file, context=16).splits(0).train
    orders = [windows.order(np.random.default_rng(e), epoch=e, batch_size=4) for e in range(6)]
    for order in orders:
        assert len(order) == len(windows) // 16 and (np.diff(np.sort(order)) == 16).all()
    assert len({order.min() for order in orders}) > 1
    again = windows.order(np.random.default_rng(0), epoch=0, batch_size=4)
    assert (again == orders[0]).all()


def test_the_text_of_a_data_set_by_its_name() -> None:
    pytest.importorskip("pellucid_datasets")
    data = running(of="shakespeare")
    splits = data.splits(0)
    assert data.decided()["tokens"] and splits.transforms[0].size == 65
    assert splits.transforms[0].decode(splits.train.take(np.array([0])).x[0]).startswith("First Citizen:")


def test_the_fingerprint_of_a_vocabulary_is_that_of_runs_that_were_saved_long_ago() -> None:
    tokenizer = Characters()
    tokenizer.train(["to be, or not to be"])
    assert fingerprint(tokenizer) == "9bffd925c02b7cb1"


def test_another_text_than_that_of_a_run_is_noticed(text_file: str) -> None:
    data = running(text_file)
    data.splits(0)
    noted = data.decided()
    assert running(text_file, **noted).splits(0).transforms
    Path(text_file).write_text(TEXT + "Z" + TEXT)
    with pytest.raises(DataError, match="give another vocabulary"):
        running(text_file, **noted).splits(0)


def test_a_tokenizer_of_ones_own_needs_no_name() -> None:
    """As any transform: only what is written to a file asks for one."""

    class Words(Tokenizer):
        fitted = ("words",)

        @property
        def size(self) -> int:
            return len(self.words)

        def train(self, texts: Iterable[str]) -> None:
            self.words = np.array(sorted({word for text in texts for word in text.split()}))

        def encode(self, text: str, where: str = "the text") -> Any:
            return np.searchsorted(self.words, text.split())

        def decode(self, tokens: Any) -> str:
            return " ".join(self.words[tokens])

    own = Words()
    data = pl.create("dataset", "transformer/running_text", text=TEXT, context=4, validation=0, tokenizer=own)
    splits = data.splits(0)
    (tokenizer,) = splits.transforms
    assert tokenizer.decode(splits.train.take(np.array([0])).x[0]) == "to see through a" and not hasattr(own, "words")


def test_files_of_their_own_and_a_tokenizer_that_knows_already(text_file: str, tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("no glass " * 20)
    known = pl.create("transform", "transformer/characters", alphabet="".join(sorted(set(TEXT))))
    splits = running(text_file, validation=str(tmp_path / "other.txt"), tokenizer=known, context=8).splits(0)
    assert splits.transforms == [known]
    assert known.decode(splits.validation.take(np.array([1])).x[0]) == ("no glass " * 20)[8:16]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"short", r"a window of 64 tokens needs at least 65.*Received: 5\."),
        (b"abc\n\xff" + b"a" * 99, r"text\.txt is no text in UTF-8: byte 4 \(counted from 0\), in line 2, is 0xff"),
        (
            b"a" * 500 + b"Q" * 100,
            r"text\.txt, counted from character 540, character 0: 'Q' \(U\+0051\) is none of the 1 char",
        ),
    ],
)
def test_texts_that_cannot_be_used(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(content)
    if content.endswith(b"Q"):
        path.write_bytes(b"a" * 540 + b"Q" * 60)
    with pytest.raises(DataError, match=said):
        running(str(path)).splits(0)


def test_where_a_text_comes_from_has_to_be_clear(text_file: str) -> None:
    for arguments in ({}, {"train": text_file, "of": "iris"}):
        with pytest.raises(ConfigError, match="takes its text from one place"):
            running(**arguments)
    with pytest.raises(ConfigError, match="must be a data set that has a text"):
        running(of="iris")
    with pytest.raises(ConfigError, match="'tokenizer' of RunningText must be one of"):
        running(text_file, tokenizer="core/standardize").splits(0)
    with pytest.raises(DataError, match="cannot be read: No such file"):
        running("nowhere.txt").splits(0)
    with pytest.raises(DataError, match="leaves none to train on"):
        running(text_file, validation=0.6, test=0.5).splits(0)


# -- tables ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl"])
def test_texts_with_labels(kind: str, tmp_path: Path) -> None:
    import json

    path = tmp_path / f"rows.{kind}"
    if kind == "jsonl":
        path.write_text("".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in ROWS))
    else:
        comma = "," if kind == "csv" else "\t"
        path.write_text(f"text{comma}label\n" + "".join(f"{text}{comma}{label}\n" for text, label in ROWS))
    splits = pl.create("dataset", "labelled_texts", train=str(path)).splits(1)
    (tokenizer,) = splits.transforms
    assert [len(part) for part in (splits.train, splits.validation, splits.test)] == [42, 6, 12]
    assert splits.classes == ("down", "up")
    known = dict(ROWS)
    for part in (splits.train, splits.validation, splits.test):
        found = part.take(np.arange(len(part)))
        (x, mask), y = found.x, found.y
        assert np.bincount(y).tolist() == [len(part) // 2] * 2
        for row, there, label in zip(x, mask, y, strict=True):
            assert known[tokenizer.decode(row[there])] == splits.classes[label] and not row[~there].any()


def test_pairs_stay_together(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("first,second\n" + "".join(f"number {i},{'x' * (i + 1)}\n" for i in range(20)))
    splits = pl.create("dataset", "text_pairs", train=str(path), validation=5, test=0).splits(0)
    (tokenizer,) = splits.transforms
    part = splits.validation.take(np.arange(10))
    texts = [tokenizer.decode(row[there]) for row, there in zip(*part.x, strict=True)]
    assert (part.y[::2] == part.y[1::2]).all() and len(np.unique(part.y)) == 5 and len(splits.train) == 30
    for one, other, number in zip(texts[::2], texts[1::2], part.y[::2], strict=True):
        assert one == f"number {number}" and other == "x" * (number + 1)
    order = pl.create("sampler", "groups").order(np.random.default_rng(0), splits.train, epoch=0, batch_size=6)
    y = splits.train.take(order).y
    assert (y[::2] == y[1::2]).all()


def test_without_a_sampler_pairs_stay_together_too() -> None:
    """Batches that tear them apart would have nothing to learn from, and a low loss."""
    pairs = {"first": [f"number {i}" for i in range(12)], "second": [f"{i} it is" for i in range(12)]}
    splits = pl.load_dataset("text_pairs", train=pairs, validation=2, test=0)
    model = pl.build("sentence_encoder", vocabulary=256, width=8, layers=1, heads=1, context=16, seed=0,
                     input_shape=[(None,), (None,)])  # fmt: skip
    order = splits.train.order(np.random.default_rng(0), epoch=0, batch_size=4)
    assert sorted(order) == list(range(20)) and (order != np.arange(20)).any()
    y = splits.train.take(order).y
    assert (y[::2] == y[1::2]).all()
    trainer = pl.Trainer(model, optimizer={"type": "adam", "lr": 0.01}, seed=0)
    trainer.fit(splits, epochs=2, batch_size=4, verbose=False)
    assert trainer.history[0]["loss"] > 1, "each text has a partner, which it does not find at first"
    with pytest.raises(pl.ConfigError, match=r"batch size of text_pairs must be even.*Received: 5"):
        trainer.fit(splits, epochs=1, batch_size=5, verbose=False)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("text,label\na,1,2\n", r"rows\.csv, line 2: 2 cells were expected.*Received: 3\. Put a cell"),
        ("a,a\n1,2\n", r"rows\.csv, line 1: 1 cells were expected.*Received: 2\. Give columns names that differ"),
        ('text,label\n"a,1\n', r"rows\.csv, line 2: unexpected end of data"),
        ("text,label\n", "holds no samples"),
        ("texts,label\na,1\n", r"no column 'text'\. Did you mean 'texts'\? .*columns texts, label\. Say to"),
        ("text,label\n" + "a,1\n" * 9 + ",1\n", r"rows\.csv: text 9 \(counted from 0\) holds no token"),
    ],
)
def test_tables_that_cannot_be_used(content: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(content)
    with pytest.raises(DataError, match=said):
        pl.create("dataset", "labelled_texts", train=str(path), validation=0, test=0).splits(0)


def test_labels_that_nobody_learned_are_named(table: str, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("text,label\ngood,up\nso so,middling\n")
    with pytest.raises(
        DataError, match=r"other\.csv, text 1 \(counted from 0\): the label 'middling' is none of those"
    ):
        pl.create("dataset", "labelled_texts", train=table, validation=str(other)).splits(0)


def test_jsonl_says_which_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    for second, said in (("{", "line 2 is no JSON"), ('{"text": "b"}', r"line 2 must be an object with text, label")):
        path.write_text('{"text": "a", "label": 1}\n' + second + "\n")
        with pytest.raises(DataError, match=said):
            pl.create("dataset", "labelled_texts", train=str(path)).splits(0)
    with pytest.raises(DataError, match=r"is one of \.csv, \.tsv, \.jsonl"):
        pl.create("dataset", "labelled_texts", train=str(path.with_suffix(".txt"))).splits(0)


def test_a_model_reads_files_of_texts(table: str, tmp_path: Path) -> None:
    """What pellucid predict and evaluate give it: a table without the training file, lines of a text."""
    (tokenizer,) = pl.create("dataset", "labelled_texts", train=table).splits(0).transforms
    split = tokenizer.read_file(Path(table))
    assert split.classes == ("down", "up") and split.x[0].shape == split.x[1].shape and len(split.y) == 60
    assert tokenizer.read_file(Path(table), targets=False).y is None
    (tmp_path / "lines.txt").write_text("good day\nbad\n")
    lines = tokenizer.read_file(tmp_path / "lines.txt")
    assert tokenizer.decode(lines.x[0][1][lines.x[1][1]]) == "bad"
    with pytest.raises(DataError, match="each line a sample, and has no column 'label'"):
        tokenizer.read_file(tmp_path / "lines.txt", "label")


@pytest.mark.parametrize(
    ("text", "shown"), [("a b", "a␣b"), ("é\n", "é↵"), ("\a", r"\x07"), ("\t ", r"\t␣"), ("\u200b", r"\u200b")]
)
def test_every_letter_of_a_token_can_be_seen(text: str, shown: str) -> None:
    assert seen(text) == shown

"""What encoders say that they read, and how small the parts of a text may be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pellucid as pl
import pytest
from pellucid_transformer.models import encoders
from pellucid_transformer.text.running import RunningText


@pytest.mark.parametrize(
    ("model", "data"),
    [("sequence_classifier", "transformer/labelled_texts"), ("sentence_encoder", "transformer/text_pairs")],
)
def test_tables_of_texts_are_read_by_the_data_set_that_the_model_names(model: str, data: str) -> None:
    assert getattr(encoders, model).reads == {".csv": data, ".tsv": data, ".jsonl": data}
    assert pl.names("dataset").count(data) == 1


@pytest.fixture
def text(tmp_path: Path) -> str:
    path = tmp_path / "text.txt"
    path.write_text("a" * 100)
    return str(path)


def parts(text: str, **how: Any) -> pl.Splits:
    return RunningText(text, context=4, **how).splits(0)


@pytest.mark.parametrize(("validation", "test", "windows"), [(0.1, 0.2, 66), (0, 0, 96), (90, 5, 1)])
def test_a_text_is_parted_where_something_is_left_to_train_on(
    validation: Any, test: Any, windows: int, text: str
) -> None:
    """A hundred letters less those of the parts, and four for the last window."""
    assert len(parts(text, validation=validation, test=test).train) == windows


@pytest.mark.parametrize(("validation", "test"), [(49, 50), (0, 99), (99, 0)])
def test_one_letter_is_left_but_no_window(validation: int, test: int, text: str) -> None:
    with pytest.raises(pl.DataError, match=r"a window of 4 tokens needs at least 5, .* Received: 1"):
        parts(text, validation=validation, test=test)


@pytest.mark.parametrize(("validation", "test"), [(50, 50), (100, 0), (0, 100), (60, 60)])
def test_and_refused_where_nothing_is(validation: int, test: int, text: str) -> None:
    with pytest.raises(pl.DataError, match=r"holds 100 characters, and what is kept .* leaves none"):
        parts(text, validation=validation, test=test)

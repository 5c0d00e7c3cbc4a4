"""What trained models of texts can do on the command line: generate, embed, similarity, attention."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pellucid import (
    ConfigError,
    DataError,
    HostArray,
    Layer,
    check_output,
    open_run,
    replacing,
    require_runtime,
    save_array,
)

from pellucid_transformer.generation import texts as growing
from pellucid_transformer.generation.maps import attention_maps, draw_maps
from pellucid_transformer.generation.texts import tokenizer_of
from pellucid_transformer.text.files import read_samples

_FILES = (".txt", ".csv", ".tsv", ".jsonl")
MOST_COMPARED = 50
"""Texts of one table of similarities."""


def generate(
    run: Path, *, prompt: str | None = None, tokens: int = 500, temperature: float = 0.8, top_k: int | None = None,
    top_p: float = 1.0, seed: int = 0,
) -> Generator[str, None, dict[str, Any]]:  # fmt: skip
    """Let a text go on, and show it as it comes.

    Args:
        run: a run folder or a saved model.
        prompt: how the text begins; none: with a new line, or where the model knows none, with a blank, or else with
            the first of its tokens.
        tokens: how many are drawn.
        temperature: below 1 the likely becomes likelier, above 1 everything more alike.
        top_k: draw among so many likeliest tokens; 1 takes the likeliest; none draws among all.
        top_p: draw among the fewest likeliest whose probabilities sum to at least this.
        seed: the same seed, the same text.
    """
    model = open_run(run).model
    prompt = growing.beginning_of(tokenizer_of(model)) if prompt is None else prompt
    pieces = growing.generate(model, prompt, tokens, temperature=temperature, top_k=top_k, top_p=top_p, seed=seed)
    yield prompt
    text = prompt
    for piece in pieces:
        text += piece
        yield piece
    return {"prompt": prompt, "tokens": tokens, "seed": seed, "text": text}


def embed(run: Path, texts: Sequence[str], *, output: Path = Path("embeddings.npy")) -> dict[str, Any]:
    """Write the vector of each text to a file, one a row.

    Args:
        run: a run folder or a saved model.
        texts: texts; or files of them, .txt (each line one), .csv, .tsv or .jsonl.
        output: a .npy (the vectors), a .csv (each text and its vector) or a .json.
    """
    check_output(output, ".npy", ".csv", ".json")
    model = open_run(run).model
    given = list(_texts(model, texts))
    vectors = embeddings(model, given)
    suffix = output.suffix.lower()
    if suffix == ".npy":
        save_array(output, vectors)
    elif suffix == ".json":
        rows = [{"text": text, "embedding": row} for text, row in zip(given, vectors.tolist(), strict=True)]
        _write(output, json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
    else:
        lines = io.StringIO()
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(["text", *range(vectors.shape[1])])
        writer.writerows([text, *row] for text, row in zip(given, vectors.tolist(), strict=True))
        _write(output, lines.getvalue())
    return {"texts": len(given), "numbers": vectors.shape[1], "file": str(output)}


def similarity(run: Path, texts: Sequence[str]) -> Generator[str, None, dict[str, Any]]:
    """The cosine of the vectors of every two texts, as a table.

    Args:
        run: a run folder or a saved model.
        texts: at least two; or files of them, .txt (each line one), .csv, .tsv or .jsonl.
    """
    model = open_run(run).model
    given = list(_texts(model, texts))
    if not 2 <= len(given) <= MOST_COMPARED:
        raise ConfigError(
            f"pellucid similarity compares 2 to {MOST_COMPARED} texts. Received: {len(given)}. For more, write their "
            "vectors with pellucid embed: cosines of unit vectors are x @ x.T."
        )
    vectors = embeddings(model, given).astype(np.float64)
    lengths = np.sqrt((vectors**2).sum(1, keepdims=True))
    if not lengths.all():
        raise DataError(f"Text {int(lengths.argmin())} (counted from 0) has a vector of zeros, which has no direction.")
    unit = vectors / lengths
    cosines = np.clip(unit @ unit.T, -1, 1)
    width = max(7, len(str(len(given))) + 1)
    lines = [" " * 4 + "".join(f"{k + 1:>{width}}" for k in range(len(given)))]
    for k, (text, row) in enumerate(zip(given, cosines, strict=True)):
        shown = text if len(text) <= 60 else text[:59] + "…"
        lines.append(f"{k + 1:>4}" + "".join(f"{value:>{width}.4f}" for value in row) + f"  {shown}")
    yield "\n".join(lines)
    return {"texts": given, "cosines": cosines.tolist()}


def attention(run: Path, *, text: str, output: Path = Path("attention.png")) -> dict[str, Any]:
    """Draw how much of each token every token takes, layer by layer and head by head.

    Args:
        run: a run folder or a saved model.
        text: whose tokens look at each other.
        output: a .png, a row for each layer and a column for each head; or a .json with the numbers.
    """
    check_output(output, ".png", ".json")
    model = open_run(run).model
    tokenizer = tokenizer_of(model)
    numbers = tokenizer.encoded([text])[0]
    count = len(numbers)
    tokens = [tokenizer.name(number) for number in numbers]
    maps = {path: p[0, :, :count, :count] for path, p in attention_maps(model, [text]).items()}
    if output.suffix.lower() == ".json":
        layers = {path: np.asarray(p, float).tolist() for path, p in maps.items()}
        _write(output, json.dumps({"tokens": tokens, "attention": layers}, ensure_ascii=False) + "\n")
    else:
        draw_maps(maps, tokens, output)
    return {"layers": len(maps), "heads": max(map(len, maps.values())), "tokens": count, "file": str(output)}


# -- what they share -------------------------------------------------------------------------------------------------


def embeddings(model: Layer, texts: Sequence[str]) -> HostArray:
    """The vectors (N, D) of texts, which are read in the order of their lengths, so that short ones wait for no long
    ones.

    Raises:
        ConfigError: a model without a tokenizer, or that gives something else than a vector for each text.
    """
    tokenizer = tokenizer_of(model)
    shape = model.output_shape(*require_runtime(model).input_shapes)
    if len(shape) != 1:
        raise ConfigError(
            f"A vector for each text is what a sentence_encoder gives. Received: a model that gives {tuple(shape)} for "
            "each."
        )
    lengths = [len(part) for part in tokenizer.encoded(texts)]
    order = np.argsort(lengths, kind="stable")
    vectors: HostArray = np.empty((len(texts), shape[0]), require_runtime(model).dtype)
    for first in range(0, len(texts), BATCH):
        rows = order[first : first + BATCH]
        vectors[rows] = model.predict([texts[row] for row in rows])
    return vectors


BATCH = 32


def _texts(model: Layer, words: Sequence[str]) -> Iterator[str]:
    """Words of the command line: texts, and those of files."""
    column = tokenizer_of(model).column
    for word in words:
        if not word.lower().endswith(_FILES):
            yield word
        elif Path(word).is_file():
            yield from read_samples(word, column, targets=False)[0]
        else:
            raise DataError(f"{word} does not exist. A word that ends in {', '.join(_FILES)} is a file of texts.")


def _write(path: Path, text: str) -> None:
    with replacing(path) as file:
        file.write(text.encode())

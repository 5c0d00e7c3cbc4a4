"""What the language models of characters reach, and how long it takes."""

from __future__ import annotations

from pathlib import Path
from time import process_time
from typing import Any

from benchmarks import minilm, task_models, tasks
from benchmarks.quality.harness import Goal, case
from benchmarks.ready import Trained, train_ready

FEW: dict[str, dict[str, Any]] = {
    "data": {"of": {"type": "shakespeare", "first": 20_000}, "windows": 96},
    "model": {"width": 16, "layers": 1, "heads": 2},
}
"""Changes for the short form."""


@case("transformer/shakespeare", goals=[Goal("validation_loss", "<=", 1.88), Goal("cpu_minutes", "<=", 3.0)])
def shakespeare(out: Path, quick: bool) -> dict[str, Any]:
    """Characters in nanoGPT's configuration for a CPU: 0.8 million weights, 2,000 steps of 12 windows of 64. The loss
    is in nats a character, over all windows side by side of the last tenth of the text. Three minutes of CPU time are
    90 seconds of two cores; on the clock it takes longer where others are at work."""
    return _figures(train_ready("transformer", "shakespeare", out / "run", quick=quick, changes=_changes(quick)))


@case("transformer/shakespeare_best", goals=[Goal("validation_loss", "<=", 1.55), Goal("cpu_minutes", "<=", 20.0)])
def shakespeare_best(out: Path, quick: bool) -> dict[str, Any]:
    """The same text, as well as twenty minutes of a processor allow."""
    return _figures(train_ready("transformer", "shakespeare_best", out / "run", quick=quick, changes=_changes(quick)))


def _changes(quick: bool) -> dict[str, dict[str, Any]] | None:
    return {name: dict(section) for name, section in FEW.items()} if quick else None


def _figures(run: Trained) -> dict[str, Any]:
    return {
        "validation_loss": run.summary["validation"]["loss"], "parameters": run.summary["parameters"],
        "steps": run.summary["steps"], "training_seconds": run.minutes * 60, "cpu_minutes": run.cpu_minutes,
    }  # fmt: skip


@case("transformer/minilm", goals=[
    Goal("cosines_off", "<", 5e-5), Goal("float64_apart", "<=", 1e-5), Goal("times_faster_batch_1", ">=", 1.0),
    Goal("times_faster_batch_32", ">=", 1.0),
])  # fmt: skip
def imported_minilm(out: Path, quick: bool) -> dict[str, Any]:
    """all-MiniLM-L6-v2, imported: the three sentences of its documentation; 500 lines of plays beside a forward in
    float64; one sentence and 32 of them in turns with PyTorch."""
    return minilm.measured(out, quick)


@case("transformer/sorting", goals=[Goal("sorted_right", ">=", 0.99), Goal("sorted_right_by_mlp", "<=", 0.05)])
def sorting(out: Path, quick: bool) -> dict[str, Any]:
    """Ten different numbers of 0 … 49 in order: by a language model of two blocks, and by a network of dense layers
    with as many parameters and six times as many steps, which sees and says all numbers at once. Counted are rows that
    are right as a whole, of 1,000 that no training has seen."""
    steps, rows = (20, 50) if quick else (1200, 1000)
    before = process_time()
    model = task_models.sorting_model(steps)
    minutes = (process_time() - before) / 60
    mlp = task_models.sorting_mlp(steps, 1 if quick else 6)
    numbers, ordered = tasks.unsorted(rows, seed=999)
    right = task_models.sorted_by(model, numbers) == ordered
    right_by_mlp = mlp.predict(numbers).argmax(axis=2) == ordered
    task_models.sorting_picture(model, out / "sorting.png")
    return {
        "sorted_right": float(right.all(axis=1).mean()), "sorted_right_by_mlp": float(right_by_mlp.all(axis=1).mean()),
        "numbers_right": float(right.mean()), "numbers_right_by_mlp": float(right_by_mlp.mean()),
        "parameters": _size(model), "parameters_of_mlp": _size(mlp), "cpu_minutes": minutes,
    }  # fmt: skip


@case(
    "transformer/sentences",
    goals=[
        Goal("found", ">=", 0.9), Goal("more_than_bag_of_words", ">=", 0.35), Goal("found_by_bag_of_words", "<=", 0.55),
    ],
)
def sentences(out: Path, quick: bool) -> dict[str, Any]:
    """Sentences of who does what to whom, in six forms and with synonyms. For each of the 108 meanings that training
    has not seen the sentence that says the same in another form is looked for among 540, one of every meaning, of which
    one has the same words and says the opposite. A bag of words cannot tell these two apart: the mean of word vectors
    that were trained in the same way finds half of them, TF-IDF, which knows no synonyms, hardly any."""
    data, labels, texts = task_models.sentences(2 if quick else 40)
    before = process_time()
    model = task_models.sentence_model((data, labels), 1 if quick else 20)
    minutes = (process_time() - before) / 60
    bag = task_models.bag_of_words((data, labels), 1 if quick else 20)
    first, second = task_models.asked()
    by = {
        name: float(tasks.found_first(*(of.predict(tasks.as_tokens(some)) for some in (first, second))).mean())
        for name, of in (("found", model), ("found_by_bag_of_words", bag))
    }
    counted = tasks.found_first(tasks.tf_idf(first, texts), tasks.tf_idf(second, texts))
    return {
        **by, "found_by_tf_idf": float(counted.mean()), "asked": len(first), "among": len(second),
        "more_than_bag_of_words": by["found"] - by["found_by_bag_of_words"], "parameters": _size(model),
        "cpu_minutes": minutes,
    }  # fmt: skip


def _size(model: Any) -> int:
    return sum(param.data.size for param in model.parameters())

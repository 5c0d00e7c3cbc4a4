"""Models for the two tasks of ``benchmarks.tasks``: with attention, and of the same size without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
from pellucid import HostArray
from pellucid_transformer import attention_maps

from benchmarks import tasks

BATCH = 64


def _train(model: Any, data: Any, loss: Any, *, epochs: int, lr: float, batch_size: int, sampler: Any = None) -> Any:
    trainer = pl.Trainer(
        model, loss=loss, optimizer={"type": "core/adamw", "lr": lr, "weight_decay": 0.01}, clip_norm=1.0, seed=0,
        schedule={"type": "core/cosine", "warmup": 50}, sampler=sampler,
    )  # fmt: skip
    trainer.fit(data, epochs=epochs, batch_size=batch_size, verbose=False)
    return model


# -- sorting -----------------------------------------------------------------------------------------------------------


def sorting_model(steps: int) -> Any:
    """A language model that goes on with the sorted numbers behind the arrow: 2 blocks, 64 wide, 2 heads."""
    model = pl.build(
        "transformer/language_model", vocabulary=tasks.NUMBERS + 1, width=64, layers=2, heads=2,
        context=2 * tasks.LONG, input_shape=(None,), seed=0,
    )  # fmt: skip
    data = tasks.told(*tasks.unsorted(steps * BATCH, seed=1))
    loss = {"type": "core/softmax_cross_entropy", "ignore": -1}
    return _train(model, data, loss, epochs=1, lr=2e-3, batch_size=BATCH)


def sorting_mlp(steps: int, epochs: int) -> Any:
    """A network of dense layers with as many parameters, which sees all numbers at once and says all at once."""
    layers = [
        {"type": "transformer/embedding", "vocabulary": tasks.NUMBERS, "units": 8}, {"type": "core/flatten"},
        *[{"type": "core/dense", "units": 144, "activation": "relu"}] * 2,
        {"type": "core/dense", "units": tasks.LONG * tasks.NUMBERS},
        {"type": "core/reshape", "shape": [tasks.LONG, tasks.NUMBERS]},
    ]  # fmt: skip
    model = pl.build({"type": "core/sequential", "layers": layers}, input_shape=(tasks.LONG,), seed=0)
    data = tasks.unsorted(steps * BATCH, seed=1)
    return _train(model, data, "core/softmax_cross_entropy", epochs=epochs, lr=2e-3, batch_size=BATCH)


def sorted_by(model: Any, numbers: HostArray) -> HostArray:
    """What the language model says, number after number, each time the likeliest."""
    text = np.concatenate([numbers, np.full((len(numbers), 1), tasks.NUMBERS)], axis=1)
    for _ in range(tasks.LONG):
        text = np.concatenate([text, model.predict(text)[:, -1].argmax(axis=1)[:, None]], axis=1)
    return text[:, tasks.LONG + 1 :]


def sorting_picture(model: Any, path: Path) -> None:
    """For one row of numbers: at which of them each head looks when it says the next."""
    import matplotlib.pyplot as plt

    numbers, ordered = tasks.unsorted(1, seed=5)
    text = tasks.told(numbers, ordered)[0]
    maps = attention_maps(model, text)
    figure, axes = plt.subplots(1, sum(found.shape[1] for found in maps.values()), figsize=(12, 3.6), sharey=True)
    panels = [(block, head, rows) for block, found in enumerate(maps.values()) for head, rows in enumerate(found[0])]
    for axis, (block, head, rows) in zip(axes, panels, strict=True):
        axis.imshow(rows[tasks.LONG :, : tasks.LONG], cmap="Blues", vmin=0, vmax=1)
        axis.set(title=f"block {block + 1}, head {head + 1}", xlabel="the numbers as they stand")
        axis.set_xticks(range(tasks.LONG), numbers[0])
        axis.set_yticks(range(tasks.LONG), [f"next: {n}" for n in ordered[0]])
        axis.tick_params(length=0)
    figure.tight_layout()
    figure.savefig(path, dpi=100)
    plt.close(figure)


# -- sentences ---------------------------------------------------------------------------------------------------------


def sentences(each: int) -> tuple[Any, HostArray, list[str]]:
    """``each`` sentences of every meaning that is not held out: tokens and mask, the meaning of each, the texts."""
    rng = np.random.default_rng(1)
    known = [meaning for meaning in tasks.meanings() if meaning not in tasks.held_out()]
    labels = np.repeat(np.arange(len(known)), each)
    texts = [tasks.said(known[i], int(rng.integers(len(tasks.FORMS))), rng) for i in labels]
    return tasks.as_tokens(texts), labels, texts


def sentence_model(data: tuple[Any, HostArray], epochs: int) -> Any:
    """2 blocks, 64 wide, 4 heads; what it is told from are the other sentences of a batch of 64 pairs."""
    longest = tasks.LONGEST
    model = pl.build(
        "transformer/sentence_encoder", vocabulary=len(tasks.WORDS) + 1, width=64, layers=2, heads=4, context=longest,
        input_shape=[(longest,), (longest,)], seed=0,
    )  # fmt: skip
    return _contrasted(model, data, epochs, lr=2e-3)


def bag_of_words(data: tuple[Any, HostArray], epochs: int) -> Any:
    """The mean of word vectors, learned from the same pairs in the same way: it knows synonyms, and no order."""
    layers = [
        {"type": "transformer/embedding", "vocabulary": len(tasks.WORDS) + 1, "units": 128,
         "init": {"type": "core/normal", "std": 0.1}},
        {"type": "transformer/pooling"}, {"type": "transformer/unit"},
    ]  # fmt: skip
    shape = [(tasks.LONGEST,), (tasks.LONGEST,)]
    model = pl.build({"type": "core/stack", "layers": layers}, input_shape=shape, seed=0)
    return _contrasted(model, data, epochs, lr=5e-3)


def _contrasted(model: Any, data: tuple[Any, HostArray], epochs: int, lr: float) -> Any:
    loss = {"type": "transformer/contrastive", "temperature": 0.1}
    return _train(model, data, loss, epochs=epochs, lr=lr, batch_size=128, sampler={"type": "core/groups", "size": 2})


def asked() -> tuple[list[str], list[str]]:
    """A sentence of each meaning that is held out; and another of each meaning there is, in the same order."""
    out = tasks.held_out()
    order = sorted(tasks.meanings(), key=lambda meaning: meaning not in out)
    both = tasks.pairs(order, np.random.default_rng(77))
    return [one for one, _ in both[: len(out)]], [other for _, other in both]

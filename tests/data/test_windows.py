"""Windows of a long text: what they hold, what an epoch visits, and what cannot be cut."""

from __future__ import annotations

import numpy as np
import pellucid as pl
import pytest
from pellucid import ConfigError, DataError

TOKENS = np.arange(100)


def order(windows: pl.Windows, epoch: int) -> np.ndarray:
    return windows.order(np.random.default_rng(epoch), epoch=epoch, batch_size=4)


def test_a_window_and_what_follows_each_token() -> None:
    windows = pl.Windows(TOKENS, steps=8)
    assert len(windows) == 92
    part = windows.take(np.array([0, 91]))
    assert part.x.tolist() == [[*range(8)], [*range(91, 99)]] and (part.y == part.x + 1).all()
    held = pl.Windows(TOKENS, steps=8, apart=8)
    assert len(held) == 12 and (held.x.ravel() == TOKENS[:96]).all()


@pytest.mark.parametrize(("length", "steps", "apart"), [(100, 8, 1), (100, 8, 3), (100, 8, 8), (9, 8, 1), (20, 12, 1)])
def test_an_epoch_visits_windows_side_by_side(length: int, steps: int, apart: int) -> None:
    windows = pl.Windows(np.arange(length), steps=steps, apart=apart)
    starts = set()
    for epoch in range(30):
        rows = order(windows, epoch)
        assert len(rows) == len(order(windows, 0)) and rows.min() >= 0 and rows.max() < len(windows)
        assert (np.diff(np.sort(rows)) * apart >= steps).all()
        starts.add(int(rows.min()))
    assert len(starts) == min(-(-steps // apart), len(windows))


def test_as_many_windows_as_are_asked_for() -> None:
    windows = pl.Windows(TOKENS, steps=8, windows=30)
    rows = order(windows, 0)
    assert len(rows) == 30 and len(np.unique(rows)) > 20
    assert len(order(pl.Windows(TOKENS, steps=8, windows=5), 0)) == 5


def test_a_run_goes_on_to_the_bit() -> None:
    """Stopped behind an epoch and continued: the windows depend on the seed and the number of the epoch alone."""

    def seen(*epochs: int) -> list[list[int]]:
        model = pl.build("dense", input_shape=(8,), units=8, seed=0)
        trainer = pl.Trainer(model, loss="mse", optimizer={"type": "sgd", "lr": 0.0}, seed=3)
        found = []
        for count in epochs:
            batches = trainer.batches(pl.Windows(TOKENS, steps=8), epochs=count, batch_size=4, verbose=False)
            found += [batch.x[:, 0].tolist() for batch in batches]
        return found

    assert seen(2) == seen(1, 1)


def test_a_file_that_is_mapped_is_read_where_it_lies(tmp_path) -> None:
    np.save(tmp_path / "tokens.npy", TOKENS.astype(np.uint16))
    windows = pl.Windows(np.load(tmp_path / "tokens.npy", mmap_mode="r"), steps=8)
    assert isinstance(windows.tokens, np.memmap) and windows.take(np.array([5])).y[0].tolist() == [*range(6, 14)]


def test_what_cannot_be_cut_is_said() -> None:
    with pytest.raises(DataError, match=r"Windows of 8 steps need at least 9 tokens.*Received: 8"):
        pl.Windows(TOKENS[:8], steps=8)
    with pytest.raises(DataError, match=r"integers of shape \(L,\)\. Received: float64"):
        pl.Windows(TOKENS * 0.5)
    with pytest.raises(ConfigError, match="'windows' of Windows"):
        pl.Windows(TOKENS, windows=0)


def test_parts_of_sequences_keep_their_lengths() -> None:
    """What a data set divides is sorted by length as what is given to fit."""

    class Walks(pl.Dataset):
        def load(self, rng):
            return pl.Sequences([np.zeros((n, 1)) for n in range(1, 41)], np.arange(40) % 2)

    train = Walks().splits(0).train
    rows = pl.create("sampler", "by_length").order(np.random.default_rng(0), train, epoch=0, batch_size=7)
    lengths = train.take(np.arange(len(train))).x[1].sum(axis=1)[rows]
    assert max(np.ptp(batch) for batch in lengths.reshape(-1, 7)) < 15

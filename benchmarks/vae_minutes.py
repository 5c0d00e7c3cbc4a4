"""The same VAE in pellucid and in PyTorch, with the same CPU time: ``python -m benchmarks.vae_minutes``.

784-500-500-20, Adam, cosine, pixels drawn anew in each epoch. Both begin with the same weights, each trains as many
epochs as one thread manages in the seconds given, and both are judged by the same code: log p(x) by importance
sampling.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
import pellucid as pl
from pellucid_vae import importance_weighted_bound

from benchmarks.environment import PEERS_PYTHON, ROOT, child_environment, machine

RESULT = ROOT / "benchmarks" / "results" / "vae-minutes.json"
BATCH, HIDDEN, LATENT = 128, 500, 20
OBJECTIVE = {"type": "vae/elbo", "binarize": True}
DENSE = (
    "recognition.layers.1", "recognition.layers.2", "head.mean", "head.log_std", "generation.layers.0",
    "generation.layers.1", "generation.layers.2",
)  # fmt: skip


def fresh(seed: int, hidden: int = HIDDEN) -> Any:
    return pl.build(
        "vae",
        input_shape=(784,),
        latent=LATENT,
        hidden=[hidden, hidden],
        activation="gelu",
        seed=seed,
        backend="cython",
    )


def arrays(model: Any) -> list[Any]:
    """Weight and bias of each dense layer in turns: encoder, mean, log std, decoder."""
    known = {param.path: param for param in model.parameters()}
    return [known[f"{layer}.{name}"] for layer in DENSE for name in ("weight", "bias")]


def train(model: Any, x: Any, epochs: int, seed: int) -> float:
    """CPU seconds of so many epochs, under a cosine."""
    trainer = pl.Trainer(
        model, objective=OBJECTIVE, optimizer={"type": "adam", "lr": 1e-3}, schedule="cosine", seed=seed
    )
    started = time.process_time()
    trainer.fit((x, None), epochs=epochs, batch_size=BATCH, verbose=False)
    return time.process_time() - started


def ours(x: Any, seconds: float, seed: int) -> tuple[Any, dict[str, Any]]:
    pl.set_num_threads(1)
    train(fresh(seed), x[: 20 * BATCH], 1, seed)  # whatever is only done once
    one = train(fresh(seed), x[: 100 * BATCH], 1, seed) * len(x) / (100 * BATCH)
    epochs, model = max(1, round(seconds / one)), fresh(seed)
    return model, {"epochs": epochs, "cpu_seconds": train(model, x, epochs, seed)}


def peers(python: Path, x: Any, seconds: float, seed: int, folder: Path) -> tuple[Any, dict[str, Any]]:
    """PyTorch's weights in a model of ours."""
    model = fresh(seed)
    np.savez(folder / "x.npz", x=x)
    np.savez(folder / "start.npz", **{f"{i:02}": param.data for i, param in enumerate(arrays(model))})
    script = Path(__file__).parent / "peers" / "torch_vae.py"
    files = [str(folder / name) for name in ("x.npz", "start.npz", "end.npz")]
    command = [str(python), str(script), *files, str(seconds), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, env=child_environment(1), check=True)
    for param, (_, value) in zip(arrays(model), sorted(np.load(folder / "end.npz").items()), strict=True):
        param.data[...] = value
    return model, json.loads(done.stdout.strip().splitlines()[-1])


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parse(arguments)
    splits = pl.load_dataset("mnist", validation=0, seed=0)
    x, test = np.asarray(splits.train.x), np.asarray(splits.test.x)[: options.images]
    runs: list[dict[str, Any]] = []
    for seed in range(options.seeds):
        for name in ("pellucid", "torch")[:: 1 if seed % 2 == 0 else -1]:
            with tempfile.TemporaryDirectory(prefix="pellucid-vae-") as folder:
                if name == "pellucid":
                    model, took = ours(x, options.seconds, seed)
                else:
                    model, took = peers(options.peers, x, options.seconds, seed, Path(folder))
            found = importance_weighted_bound(model, test, objective=OBJECTIVE, samples=options.codes, seed=0)
            runs.append({"contestant": name, "seed": seed, "log_likelihood": float(found.mean()), **took})
            print(runs[-1], flush=True)
    ahead = [a["log_likelihood"] - b["log_likelihood"] for a in runs for b in runs
             if (a["contestant"], b["contestant"]) == ("pellucid", "torch") and a["seed"] == b["seed"]]  # fmt: skip
    document = {
        "date": time.strftime("%Y-%m-%d"), "machine": machine(), "seconds": options.seconds, "images": options.images,
        "codes": options.codes, "runs": runs, "nats_ahead": fmean(ahead),
        "sd": stdev(ahead) if len(ahead) > 1 else None,
    }  # fmt: skip
    options.result.parent.mkdir(parents=True, exist_ok=True)
    options.result.write_text(json.dumps(document, indent=1) + "\n")
    print(f"pellucid is {document['nats_ahead']:+.2f} nats ahead after {options.seconds:g} CPU seconds each")
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("benchmarks.vae_minutes", description="Equal CPU time, better likelihood?")
    parser.add_argument("--seconds", type=float, default=180.0, help="of CPU, for each training")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--images", type=int, default=1000, help="of the test set, that both are judged by")
    parser.add_argument("--codes", type=int, default=1000, help="for each image")
    parser.add_argument("--peers", type=Path, default=PEERS_PYTHON, help="Python with PyTorch")
    parser.add_argument("--result", type=Path, default=RESULT)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())

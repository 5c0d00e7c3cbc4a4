"""Part 3: the parity table: layers, losses, objectives, optimizers and random numbers against the reference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.gpu.backend import gpu_ops
from benchmarks.gpu.report import tell

TOLERANCE = {"float32": 3e-5, "float64": 1e-10}
"""Of the largest difference, relative to the largest number of the array (at least 1)."""
TF32, TF32_TOLERANCE = "cupy/tf32", {"layer": 5e-3, "model": 5e-2}
"""The other backend, and its tolerance: factors of products keep 10 bits of their mantissas, in each of many layers."""
WITH_PRODUCTS = (
    "core/dense", "cnn/conv2d", "cnn/conv_transpose2d", "ann/ann", "cnn/lenet", "cnn/unet", "vae/vae",
    "transformer/multi_head_attention", "transformer/language_model", "recurrent/lstm", "tabular/mlp",
)  # fmt: skip
LONG: dict[str, list[tuple[dict[str, Any], tuple[Any, ...]]]] = {
    "transformer/scaled_dot_product_attention": [
        ({"heads": 2, "causal": True}, ((300, 8), (300, 8), (300, 8), ("bool", 300))),
        ({"heads": 4, "kv_heads": 1}, ((65, 16), (130, 4), (130, 4), ("bool", 65, 130))),
    ],
    "transformer/multi_head_attention": [({"heads": 4, "kv_heads": 2, "causal": True, "rotary": 1e4}, ((200, 32),))],
    "transformer/embedding": [({"vocabulary": 1000, "units": 24, "padding": 3}, (("int", 1000, 100),))],
    "recurrent/lstm": [({"units": 33}, ((70, 5), ("bool", 70)))],
    "recurrent/gru": [({"units": 33, "backwards": True, "return_sequences": False}, ((70, 5),))],
    "tabular/mlp": [({"outputs": 3, "categories": [3, 40, 12], "hidden": [65, 33], "dropout": 0.3}, ((20,),))],
}
"""Beside the components' own examples, which are tiny."""
ROWS = 33
Results = dict[str, np.ndarray[Any, Any]]


def main(small: bool, of: tuple[str, ...] = ()) -> bool:
    """Compare everything; each row says how far it is off."""
    from pellucid.standard.ops.base import ReferenceOps

    everything = True
    for name, dtype, tolerance, compute in subjects(small, of):
        try:
            mine, its = compute(ReferenceOps()), compute(gpu_ops(TF32 if name.endswith(TF32) else "cupy"))
            error = max((difference(its[key], mine[key]) for key in mine), default=0.0)
            ok, why = bool(error <= tolerance), ""
        except Exception as failure:
            error, ok, why = float("nan"), False, f"{type(failure).__name__}: {failure}"[:400]
            print(f"FAILED {name} {dtype}: {why}", flush=True)
        everything = everything and ok
        tell(name=name, dtype=dtype, ok=ok, error=error if error == error else None, tolerance=tolerance, why=why)
    return everything


def difference(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> float:
    """max |a − b| / max(1, max |b|); infinite where shapes differ or only one is NaN."""
    if a.shape != b.shape or a.dtype != b.dtype or (np.isnan(a) != np.isnan(b)).any():
        return float("inf")
    if a.size == 0:
        return 0.0
    return float(np.nanmax(np.abs(a.astype(float) - b)) / max(1.0, np.nanmax(np.abs(b))))


def subjects(small: bool, of: tuple[str, ...] = ()) -> Iterator[tuple[str, str, float, Callable[[Any], Results]]]:
    """Name, dtype, tolerance, and a function from a backend to arrays of the host."""
    from pellucid import Example
    from pellucid.registry.registry import default_registry

    dtypes = ("float64",) if small else ("float32", "float64")
    vendors = of or (("core",) if small else ())
    entries = [e for e in default_registry().entries() if e.kind in COMPUTE and (not vendors or e.vendor in vendors)]
    for entry in entries[::4] if small else entries:
        target: Any = default_registry().load(entry)
        examples = list(getattr(target, "examples", ()))
        if not small:
            examples += [Example(arguments, shapes) for arguments, shapes in LONG.get(entry.name, ())]
        for number, example in enumerate(examples):
            for dtype in dtypes:
                compute = COMPUTE[entry.kind]
                yield (
                    f"{entry.kind} {entry.name}[{number}]", dtype, TOLERANCE[dtype],
                    lambda ops, c=compute, e=entry, x=example, d=dtype: c(ops, e, x, d),
                )  # fmt: skip
                if dtype == "float32" and entry.name in WITH_PRODUCTS:
                    yield (
                        f"{entry.kind} {entry.name}[{number}] on {TF32}", dtype, TF32_TOLERANCE[entry.kind],
                        lambda ops, e=entry, x=example: layer(ops, e, x, "float32"),
                    )  # fmt: skip
    for dtype in dtypes:
        for kind, tolerance in (("uniform", 0.0), ("dropout", 0.0), ("normal", 1e-6 if dtype == "float32" else 1e-13)):
            yield f"random {kind}", dtype, tolerance, lambda ops, k=kind, d=dtype: random_numbers(ops, k, d)


def layer(ops: Any, entry: Any, example: Any, dtype: str) -> Results:
    """Output, gradients, states after the commit; in training, then the output in evaluation."""
    from pellucid.testing.checks.layer_trial import LayerTrial
    from pellucid.testing.subject import Backends, Subject

    trial = LayerTrial(Subject(entry, None, example, Backends()), ops=ops, dtype=dtype, rows=ROWS)
    results: Results = {}
    for training in (True, False):
        result = trial.call(training=training)
        for kind, arrays in (("y", result.y), ("dx", result.dx)):
            results |= {f"{kind}{i} {training}": a for i, a in enumerate(arrays) if a is not None}
        results |= {f"{path} {training}": a for path, a in result.grads.items()}
    return results


def loss(ops: Any, entry: Any, example: Any, dtype: str) -> Results:
    """Value and gradient."""
    from pellucid.testing.checks.loss_trial import LossTrial
    from pellucid.testing.subject import Backends, Subject

    trial = LossTrial(Subject(entry, None, example, Backends()), ops=ops, dtype=dtype, rows=ROWS)
    result = trial.call(trial.prediction, trial.target)
    return {"loss": np.asarray(result.loss), "gradient": np.asarray(result.gradient)}


def optimizer(ops: Any, entry: Any, example: Any, dtype: str) -> Results:
    """Parameters after a few steps."""
    from pellucid.testing.checks.optimizer_trial import OptimizerTrial
    from pellucid.testing.subject import Backends, Subject

    trial = OptimizerTrial(Subject(entry, None, example, Backends()), dtype=dtype, ops=ops)
    trial.run(5)
    return {path: np.array(value) for path, value in trial.values().items()}


COMPUTE = {"layer": layer, "model": layer, "loss": loss, "optimizer": optimizer}


def random_numbers(ops: Any, kind: str, dtype: str) -> Results:
    """The numbers of one call site."""
    from pellucid import Stream

    stream = Stream(np.array([2**64 - 3, 17], np.uint64), 2**63 + 11, None)
    out = ops.empty((257, 33), dtype)
    if kind == "dropout":
        x = ops.asarray(np.random.default_rng(0).normal(size=(257, 33)).astype(dtype))
        ops.dropout(x, 0.37, stream, out)
    else:
        getattr(ops, f"random_{kind}")(stream, out)
    return {kind: np.array(ops.to_host(out))}

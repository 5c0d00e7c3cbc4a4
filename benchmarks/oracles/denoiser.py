"""Case 7's network in pellucid and in PyTorch: parameters, loss and every gradient from equal weights and noise.

    python -m benchmarks.oracles.denoiser

pellucid computes here, in float32, with its kernels where they are built; PyTorch then in float64, in the peers'
environment. That prints the numbers of parameters and the largest differences, relative to the largest element, and
exits with 1 if one is above 1e-5 or the parameters differ.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cases import CASES, Denoising
from benchmarks.environment import PEERS_PYTHON, ROOT

LIMIT, SAMPLES = 1e-5, 4
CASE = CASES["7/32"]
assert isinstance(CASE, Denoising)


def ours(file: Path) -> None:
    """Write what both are given, and pellucid's prediction, loss and gradients."""
    from pellucid import Context

    from benchmarks.peers.with_pellucid import Pellucid

    rng = np.random.default_rng(0)
    x, target = (rng.standard_normal((SAMPLES, *CASE.image), np.float32) for _ in range(2))
    t = rng.integers(1, CASE.times + 1, SAMPLES)
    model = Pellucid(CASE, 1).model
    ctx = Context(model.runtime.ops, training=True)
    y = model.forward(ctx, x, t).copy()
    model.backward(ctx, (y - target) * np.float32(2 / y.size))
    gradients = {param.path.replace(".layers.", "."): np.array(param.grad) for param in model.parameters()}
    loss = np.mean((y - target) ** 2, dtype=np.float64)
    np.savez(file, x=x, target=target, t=t, prediction=y, loss=loss, **gradients)


def compare(file: Path) -> int:
    """Compute the same in PyTorch."""
    import torch
    from torch.nn import functional as F

    from benchmarks.peers.torch_denoiser import Denoiser, own_name, own_order

    def images(x: Any) -> torch.Tensor:  # (N, H, W, C) -> (N, C, H, W)
        return torch.from_numpy(x.transpose(0, 3, 1, 2).astype(np.float64))

    def difference(ours: Any, theirs: torch.Tensor) -> float:
        return float((torch.as_tensor(ours, dtype=torch.float64) - theirs).abs().max() / theirs.abs().max())

    given = dict(np.load(file))
    model = Denoiser(CASE).double()
    prediction = model(images(given.pop("x")), torch.from_numpy(given.pop("t")))
    loss = F.mse_loss(prediction, images(given.pop("target")))
    loss.backward()
    differences = {
        "loss": difference(given.pop("loss"), loss.detach()),
        "prediction": difference(images(given.pop("prediction")), prediction.detach()),
    }
    gradients = {name: p.grad for name, p in model.named_parameters()}
    counts = sum(g.size for g in given.values()), sum(g.numel() for g in gradients.values())
    print(f"parameters: {counts[0]} and {counts[1]}")
    for name, gradient in given.items():
        differences[name] = difference(own_order(gradient), gradients.pop(own_name(name)))
    for name, value in sorted(differences.items(), key=lambda pair: -pair[1])[:8]:
        print(f"{name:28}{value:.1e}")
    return int(counts[0] != counts[1] or bool(gradients) or not max(differences.values()) <= LIMIT)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ours.npz"
        ours(file)
        command = [str(PEERS_PYTHON), "-m", "benchmarks.oracles.denoiser", str(file)]
        return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(compare(Path(sys.argv[1])) if len(sys.argv) > 1 else main())

"""The VAE of vae_minutes.py in PyTorch: python torch_vae.py IMAGES START END SECONDS SEED, all files .npz."""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

BATCH, RATE = 128, 1e-3


class Vae(nn.Module):
    def __init__(self, hidden: int, latent: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(784, hidden), nn.GELU(), nn.Linear(hidden, hidden), nn.GELU())
        self.mean, self.log_std = nn.Linear(hidden, latent), nn.Linear(hidden, latent)
        self.decoder = nn.Sequential(
            nn.Linear(latent, hidden), nn.GELU(), nn.Linear(hidden, hidden), nn.GELU(), nn.Linear(hidden, 784)
        )

    def loss(self, x: torch.Tensor) -> torch.Tensor:
        h = self.encoder(x)
        mean, s = self.mean(h), self.log_std(h)
        y = self.decoder(mean + torch.randn_like(mean) * s.exp())
        kl = (0.5 * (2 * s).exp() + 0.5 * mean * mean - s - 0.5).sum()
        return (F.binary_cross_entropy_with_logits(y, x, reduction="sum") + kl) / len(x)


def layers(model: Vae) -> list[nn.Linear]:
    """In the order of the file: encoder, mean, log std, decoder."""
    return [m for part in (model.encoder, model.mean, model.log_std, model.decoder) for m in part.modules()
            if isinstance(m, nn.Linear)]  # fmt: skip


def train(model: Vae, x: torch.Tensor, epochs: int) -> float:
    """CPU seconds of so many epochs, under a cosine."""
    optimizer = torch.optim.Adam(model.parameters(), RATE, fused=True)
    steps = -(-len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * steps)
    started = time.process_time()
    for _ in range(epochs):
        order = torch.randperm(len(x))
        for first in range(0, len(x), BATCH):
            rows = x[order[first : first + BATCH]]
            loss = model.loss((torch.rand_like(rows) < rows).float())
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
    return time.process_time() - started


def main(images: str, start: str, end: str, seconds: str, seed: str) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(int(seed))
    x = torch.from_numpy(np.load(images)["x"])
    weights = [value for _, value in sorted(np.load(start).items())]  # weight and bias in turns
    hidden, latent = weights[0].shape[1], weights[4].shape[1]

    def fresh() -> Vae:
        model = Vae(hidden, latent)
        with torch.no_grad():
            for layer, weight, bias in zip(layers(model), weights[::2], weights[1::2], strict=True):
                layer.weight.copy_(torch.from_numpy(weight.T))
                layer.bias.copy_(torch.from_numpy(bias))
        return model

    train(fresh(), x[: 20 * BATCH], 1)  # whatever is only done once
    one = train(fresh(), x[: 100 * BATCH], 1) * len(x) / (100 * BATCH)
    epochs, model = max(1, round(float(seconds) / one)), fresh()
    spent = train(model, x, epochs)
    found = [array.detach().numpy() for layer in layers(model) for array in (layer.weight.T, layer.bias)]
    np.savez(end, **{f"{i:02}": array for i, array in enumerate(found)})
    print(json.dumps({"epochs": epochs, "cpu_seconds": spent, "torch": torch.__version__}))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Case 7 in PyTorch: the U-Net that is told the time, and a step's loss. As its users write it."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from benchmarks.cases import Denoising


class Embedding(nn.Module):
    """e = silu(V silu(W s(t) + b) + c)."""

    def __init__(self, units: int) -> None:
        super().__init__()
        half = units // 2
        self.first, self.second = nn.Linear(units, units), nn.Linear(units, units)
        self.register_buffer("omega", torch.exp(torch.arange(half) * (-math.log(10_000.0) / half)), persistent=False)

    def forward(self, t: Any) -> Any:
        angle = t[:, None] * self.omega
        hidden = F.silu(self.first(torch.cat([angle.sin(), angle.cos()], dim=1)))
        return F.silu(self.second(hidden))


class Block(nn.Module):
    """S x + F₂(F₁(x) + V e) with F = norm → silu → conv."""

    def __init__(self, before: int, after: int, embedding: int, groups: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.GroupNorm(groups, before), nn.SiLU(), nn.Conv2d(before, after, 3, padding=1))
        self.second = nn.Sequential(nn.GroupNorm(groups, after), nn.SiLU(), nn.Conv2d(after, after, 3, padding=1))
        self.shortcut = nn.Conv2d(before, after, 1, bias=False) if before != after else nn.Identity()
        self.embed = nn.Linear(embedding, after)

    def forward(self, x: Any, e: Any) -> Any:
        return self.shortcut(x) + self.second(self.first(x) + self.embed(e)[:, :, None, None])


class Denoiser(nn.Module):
    """The network with its first weights, and the forward process that it learns to undo."""

    def __init__(self, case: Denoising) -> None:
        super().__init__()
        (wide, deep), image_channels = case.channels, case.image[2]
        e, groups = case.embedding, case.groups
        self.times = case.times
        self.told = Embedding(e)
        self.entry = nn.Conv2d(image_channels, wide, 3, padding=1)
        self.down = nn.ModuleList([Block(wide, wide, e, groups)])
        self.middle = nn.ModuleList([Block(wide, deep, e, groups), Block(deep, deep, e, groups)])
        self.up = nn.ModuleList([Block(deep + wide, wide, e, groups)])
        self.exit = nn.Sequential(nn.GroupNorm(groups, wide), nn.SiLU(), nn.Conv2d(wide, image_channels, 3, padding=1))
        kept = torch.cumprod(1 - torch.linspace(1e-4, 0.02, case.times, dtype=torch.float64), 0)
        self.register_buffer("signal", kept.sqrt().float(), persistent=False)
        self.register_buffer("noise", (1 - kept).sqrt().float(), persistent=False)
        self.load_state_dict({own_name(name): own_order(w) for name, w in case.named_weights().items()})

    def forward(self, x: Any, t: Any) -> Any:
        e = self.told(t)
        seen = self.down[0](self.entry(x), e)
        h = F.avg_pool2d(seen, 2)
        for block in self.middle:
            h = block(h, e)
        h = torch.cat([F.interpolate(h, scale_factor=2.0, mode="nearest"), seen], dim=1)
        return self.exit(self.up[0](h, e))

    def loss(self, x: Any) -> Any:
        """Of one step: t and noise are drawn, and the noise is to be found again."""
        t, noise = torch.randint(self.times, x.shape[:1], device=x.device), torch.randn_like(x)
        shape = (-1, 1, 1, 1)
        x_t = self.signal[t].reshape(shape) * x + self.noise[t].reshape(shape) * noise
        return F.mse_loss(self(x_t, t + 1), noise)


def own_name(name: str) -> str:
    """PyTorch's name of a parameter of the case."""
    return name.replace(".gamma", ".weight").replace(".beta", ".bias")


def own_order(value: Any) -> torch.Tensor:
    """(in, out) and (height, width, in, out) as (out, in) and (out, in, height, width)."""
    order = {1: (0,), 2: (1, 0), 4: (3, 2, 0, 1)}[value.ndim]
    return torch.from_numpy(value.transpose(order).copy())

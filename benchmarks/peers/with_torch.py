"""PyTorch on the CPU: eager with the fastest of its Adams and image layouts, and torch.compile of forward and loss."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from time import perf_counter
from typing import Any

import torch
from torch.nn import functional

from benchmarks.cases import BETA1, BETA2, EPSILON, LEARNING_RATE, Case, Denoising
from benchmarks.peer import Peer
from benchmarks.peers.torch_denoiser import Denoiser

VARIANTS: dict[str, dict[str, bool]] = {
    "Adam": {"foreach": False, "fused": False}, "foreach": {"foreach": True}, "fused": {"fused": True},
}  # fmt: skip
TRIAL_STEPS, TRIAL_SECONDS = 8, 2.0


class Eager(Peer):
    distributions = ("torch", "numpy")
    device = "cpu"

    def __init__(self, case: Case, threads: int) -> None:
        super().__init__(case, threads)
        torch.set_num_threads(threads)
        self.model = (Denoiser(case) if isinstance(case, Denoising) else network(case)).to(self.device)
        self.x_tensor, self.y_tensor = (torch.from_numpy(a).to(self.device) for a in (self.x, self.y))
        self.layouts = [torch.contiguous_format]
        if case.kind != "dense":
            self.x_tensor = self.x_tensor.reshape(-1, *case.image).permute(0, 3, 1, 2).contiguous()
            self.layouts.append(torch.channels_last)

    def compiled(self, function: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
        return function

    def train(self, epoch_done: Callable[[float], None]) -> None:
        choices = [(variant, layout) for layout in self.layouts for variant in VARIANTS]
        enough = self.case.steps >= TRIAL_STEPS
        best = min(choices, key=self.seconds_per_step) if enough else ("fused", self.layouts[-1])
        self.note = f"optimizer: {best[0]}" + (f", {best[1]}" if len(self.layouts) > 1 else "")
        run = self.stepper(self.model, *best)
        for epoch in range(1 << 62):
            epoch_done(run(torch.from_numpy(self.case.order(epoch)).to(self.device), self.case.steps))

    def seconds_per_step(self, choice: tuple[str, torch.memory_format]) -> float:
        """Of a copy of the model with one of the Adams and layouts; nothing of it remains."""
        run, order = self.stepper(deepcopy(self.model), *choice), torch.from_numpy(self.case.order(0)).to(self.device)
        run(order, 4)
        trials: list[float] = []
        while len(trials) < 5 and (len(trials) < 2 or sum(trials) < TRIAL_SECONDS):
            start = perf_counter()
            run(order, TRIAL_STEPS)
            trials.append(perf_counter() - start)
        return min(trials)

    def stepper(
        self, model: torch.nn.Module, variant: str, layout: torch.memory_format
    ) -> Callable[[torch.Tensor, int], float]:
        """A function that makes a number of steps and returns their mean loss."""
        model = model.to(memory_format=layout)
        x, y, batch = self.x_tensor.contiguous(memory_format=layout), self.y_tensor, self.case.batch
        forward = self.compiled(self.loss_of(model))
        optimizer = torch.optim.Adam(
            model.parameters(), lr=LEARNING_RATE, betas=(BETA1, BETA2), eps=EPSILON, **VARIANTS[variant]
        )

        def run(order: torch.Tensor, steps: int) -> float:
            total: Any = 0.0
            for k in range(steps):
                index = order[k * batch : (k + 1) * batch]
                loss = forward(x.index_select(0, index), y.index_select(0, index))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total += self.value(loss)
            return float(total) / steps

        return run

    def value(self, loss: torch.Tensor) -> Any:
        """The loss as a number."""
        return loss.item()

    def loss_of(self, model: torch.nn.Module) -> Callable[..., torch.Tensor]:
        if isinstance(model, Denoiser):
            return lambda x, y: model.loss(x)
        lossf = functional.cross_entropy if self.case.classify else functional.mse_loss
        return lambda x, y: lossf(model(x), y)

    def predictor(self) -> Callable[[Any], Any]:
        def predict(x: Any) -> Any:
            with torch.inference_mode():
                return self.model(torch.from_numpy(x)).numpy()

        return predict


def network(case: Case) -> torch.nn.Module:
    """The network with its first weights, in PyTorch's order: (out, in) and (out, in, height, width)."""
    modules: list[torch.nn.Module] = []
    for number, (w, b) in enumerate(case.weights()):
        layer: torch.nn.Conv2d | torch.nn.Linear
        if w.ndim == 4:
            layer, after = torch.nn.Conv2d(w.shape[2], w.shape[3], 3, padding=1), [torch.nn.MaxPool2d(2)]
            own = w.transpose(3, 2, 0, 1)
        else:
            layer, after = torch.nn.Linear(*w.shape), []
            own = w.T
            if case.filters and number == len(case.filters):  # flattened, PyTorch's maps have their channels first
                modules.append(torch.nn.Flatten())
                own = w.reshape(*case.last_map, -1).transpose(3, 2, 0, 1).reshape(w.T.shape)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(own.copy()))
            layer.bias.copy_(torch.from_numpy(b))
        modules += [layer, torch.nn.ReLU(), *after]
    return torch.nn.Sequential(*modules[:-1])


class Compiled(Eager):
    def compiled(self, function: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
        return torch.compile(function, mode="reduce-overhead")

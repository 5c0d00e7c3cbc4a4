"""PyTorch on the CPU: eager with the fastest of its Adams, and torch.compile of forward and loss."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from time import perf_counter
from typing import Any

import torch
from torch.nn import functional

from benchmarks.cases import BETA1, BETA2, EPSILON, LEARNING_RATE, Case
from benchmarks.peer import Peer

VARIANTS: dict[str, dict[str, bool]] = {
    "Adam": {"foreach": False, "fused": False}, "foreach": {"foreach": True}, "fused": {"fused": True},
}  # fmt: skip
TRIAL_STEPS = 8


class Eager(Peer):
    distributions = ("torch", "numpy")

    def __init__(self, case: Case, threads: int) -> None:
        super().__init__(case, threads)
        torch.set_num_threads(threads)
        modules: list[torch.nn.Module] = []
        for w, b in case.weights():
            linear = torch.nn.Linear(*w.shape)
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(w.T.copy()))
                linear.bias.copy_(torch.from_numpy(b))
            modules += [linear, torch.nn.ReLU()]
        self.model = torch.nn.Sequential(*modules[:-1])
        self.x_tensor, self.y_tensor = torch.from_numpy(self.x), torch.from_numpy(self.y)

    def compiled(self, function: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
        return function

    def train(self, epoch_done: Callable[[float], None]) -> None:
        enough = self.case.steps >= TRIAL_STEPS
        variant = min(VARIANTS, key=self.seconds_per_step) if enough else "fused"
        self.note = f"optimizer: {variant}"
        run = self.stepper(self.model, variant)
        for epoch in range(1 << 62):
            epoch_done(run(torch.from_numpy(self.case.order(epoch)), self.case.steps))

    def seconds_per_step(self, variant: str) -> float:
        """Of a copy of the model with one of the Adams; nothing of it remains."""
        run, order = self.stepper(deepcopy(self.model), variant), torch.from_numpy(self.case.order(0))
        run(order, 4)
        best = float("inf")
        for _ in range(5):
            start = perf_counter()
            run(order, TRIAL_STEPS)
            best = min(best, perf_counter() - start)
        return best

    def stepper(self, model: torch.nn.Module, variant: str) -> Callable[[torch.Tensor, int], float]:
        """A function that makes a number of steps and returns their mean loss."""
        lossf = functional.cross_entropy if self.case.classify else functional.mse_loss
        x, y, batch = self.x_tensor, self.y_tensor, self.case.batch
        forward = self.compiled(lambda x, y: lossf(model(x), y))
        optimizer = torch.optim.Adam(
            model.parameters(), lr=LEARNING_RATE, betas=(BETA1, BETA2), eps=EPSILON, **VARIANTS[variant]
        )

        def run(order: torch.Tensor, steps: int) -> float:
            total = 0.0
            for k in range(steps):
                index = order[k * batch : (k + 1) * batch]
                loss = forward(x.index_select(0, index), y.index_select(0, index))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total += loss.item()
            return total / steps

        return run

    def predictor(self) -> Callable[[Any], Any]:
        def predict(x: Any) -> Any:
            with torch.inference_mode():
                return self.model(torch.from_numpy(x)).numpy()

        return predict


class Compiled(Eager):
    def compiled(self, function: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
        return torch.compile(function, mode="reduce-overhead")

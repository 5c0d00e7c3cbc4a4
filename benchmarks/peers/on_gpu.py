"""The contestants on a GPU: pellucid's graphs beside PyTorch eager and compiled, both with all data on the device."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

from benchmarks.cases import BETA1, BETA2, EPSILON, LEARNING_RATE, Case
from benchmarks.gpu.backend import gpu_ops
from benchmarks.peers.with_pellucid import Pellucid

try:
    import torch

    from benchmarks.peers import with_torch
except ImportError:  # pellucid competes alone then
    torch = None  # type: ignore[assignment]


class GpuPellucid(Pellucid):
    distributions = ("pellucid", "pellucid-cupy", "numpy")
    name = "cupy"

    def __init__(self, case: Case, threads: int) -> None:
        self.ops = gpu_ops(self.name)
        super().__init__(case, threads)
        self.note = ""

    def backend(self) -> Any:
        return self.ops

    def train(self, epoch_done: Callable[[float], None]) -> None:
        def done(loss: float) -> None:
            if not self.note:  # once: to look gives memory back, which costs time
                self.note = f"MiB {self._taken() >> 20}"
            epoch_done(loss)

        super().train(done)

    def _taken(self) -> int:
        """Bytes of the device that the pools hold, those of the graphs among them."""
        if not hasattr(self.ops.xp, "cuda"):
            return 0
        gc.collect()
        pool = self.ops.xp.get_default_memory_pool()
        pool.free_all_blocks()
        taken: int = pool.total_bytes() + self.ops.device.bytes_of_graphs()
        return taken


class GpuPellucidTf32(GpuPellucid):
    name = "cupy/tf32"


if torch is not None:

    class GpuEager(with_torch.Eager):
        device = "cuda"
        tf32 = False

        def __init__(self, case: Case, threads: int) -> None:
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = self.tf32
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
            super().__init__(case, threads)

        def value(self, loss: torch.Tensor) -> Any:
            return loss.detach()  # stays on the device until the epoch's end

        def train(self, epoch_done: Callable[[float], None]) -> None:
            def done(loss: float) -> None:
                if ", MiB" not in self.note:
                    self.note += f", MiB {torch.cuda.max_memory_reserved() >> 20}"
                epoch_done(loss)

            super().train(done)

    class GpuEagerTf32(GpuEager):
        tf32 = True

    class GpuCaptured(GpuEager):
        """The whole step, with gather and optimizer, in a CUDA graph that its user has captured by hand."""

        def stepper(self, model: Any, variant: str, layout: Any) -> Callable[[Any, int], float]:
            model = model.to(memory_format=layout)
            x, y, batch = self.x_tensor.contiguous(memory_format=layout), self.y_tensor, self.case.batch
            first = [p.detach().clone() for p in model.parameters()]
            forward = self.loss_of(model)
            optimizer = torch.optim.Adam(
                model.parameters(), lr=LEARNING_RATE, betas=(BETA1, BETA2), eps=EPSILON, fused=True, capturable=True
            )
            index = torch.zeros(batch, dtype=torch.int64, device=self.device)
            total = torch.zeros((), device=self.device)

            def step() -> None:
                loss = forward(x.index_select(0, index), y.index_select(0, index))
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                total.add_(loss.detach())

            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                for _ in range(3):
                    step()
            torch.cuda.current_stream().wait_stream(side)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                step()
            with torch.no_grad():  # what was tried out is taken back
                for p, value in zip(model.parameters(), first, strict=True):
                    p.copy_(value)
                for state in optimizer.state.values():
                    for value in state.values():
                        value.zero_()

            def run(order: Any, steps: int) -> float:
                total.zero_()
                for k in range(steps):
                    index.copy_(order[k * batch : (k + 1) * batch])
                    graph.replay()
                return float(total) / steps

            return run

        def train(self, epoch_done: Callable[[float], None]) -> None:
            self.seconds_per_step = lambda choice: float(choice != ("fused", self.layouts[-1]))
            super().train(epoch_done)

    class GpuCompiled(GpuEager):
        def compiled(self, function: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
            return torch.compile(function, mode="reduce-overhead")

        def train(self, epoch_done: Callable[[float], None]) -> None:
            self.seconds_per_step = lambda choice: float(choice != ("fused", self.layouts[-1]))  # compiling is dear
            super().train(epoch_done)

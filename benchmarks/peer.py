"""Peer: what every contestant implements; the registry of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from benchmarks.cases import Case


class Peer(ABC):
    """A network of one case, in one framework, in this process.

    A training step of every contestant is: gather a random minibatch, forward, loss, backward, Adam. Each one draws an
    order of all samples per epoch (``case.order``, or its own) and knows the mean loss of the epoch at its end.

    Args:
        case: the network and its data.
        threads: how many it may use.
    """

    note = ""  # what was chosen at run time, such as the fastest of several optimizers
    distributions: tuple[str, ...]  # whose versions the results name

    def __init__(self, case: Case, threads: int) -> None:
        self.case = case
        self.threads = threads
        self.x, self.y = case.data()

    @abstractmethod
    def train(self, epoch_done: Callable[[float], None]) -> None:
        """Train for ever, calling ``epoch_done(mean loss)`` after every epoch; it raises when it has had enough."""

    @abstractmethod
    def predictor(self) -> Callable[[Any], Any]:
        """A function from a sample, float32 (1, inputs), to its outputs as a NumPy array."""


@dataclass(frozen=True)
class Contestant:
    """How to start a peer.

    Attributes:
        title: as the tables call it.
        place: ``module:class``.
        distribution: what has to be installed for it, with all that it requires.
        gpu: it runs on a GPU; benchmarks/gpu lets these compete.
        here: it runs in the project's environment; the others in the benchmarks' own.
        preload: C source of a library to load before everything else.
        kinds: of the cases that it takes part in, ``Case.kind``.
    """

    title: str
    place: str
    distribution: str
    here: bool = False
    gpu: bool = False
    preload: str = ""
    kinds: tuple[str, ...] = ("dense", "convolutions", "denoising")

    def load(self) -> type[Peer]:
        module, name = self.place.split(":")
        peer: type[Peer] = getattr(import_module(f"benchmarks.peers.{module}"), name)
        return peer


# oneMKL takes its general path on processors that are not Intel's. This lets it believe otherwise: a second baseline.
_INTEL_PATH = "int mkl_serv_intel_cpu_true(void) { return 1; }\n"

CONTESTANTS = {
    **{
        name: Contestant(title, f"on_gpu:{attribute}", distribution, gpu=True, here=distribution == "pellucid-cupy")
        for name, title, attribute, distribution in (
            ("pellucid-gpu", "pellucid", "GpuPellucid", "pellucid-cupy"),
            ("pellucid-gpu-tf32", "pellucid, TF32", "GpuPellucidTf32", "pellucid-cupy"),
            ("torch-gpu", "torch eager", "GpuEager", "torch"),
            ("torch-gpu-graph", "torch, captured by hand", "GpuCaptured", "torch"),
            ("torch-gpu-compile", "torch.compile", "GpuCompiled", "torch"),
            ("torch-gpu-tf32", "torch eager, TF32", "GpuEagerTf32", "torch"),
        )
    },
    "pellucid": Contestant("pellucid", "with_pellucid:Pellucid", "pellucid", here=True),
    "torch": Contestant("torch eager", "with_torch:Eager", "torch"),
    "torch-intel": Contestant("torch eager, MKL's Intel path", "with_torch:Eager", "torch", preload=_INTEL_PATH),
    "torch-compile": Contestant("torch.compile", "with_torch:Compiled", "torch"),
    "jax": Contestant("jax", "with_jax:Stepwise", "jax", kinds=("dense", "convolutions")),
    # Inside of a loop XLA convolves a hundred times slower: an epoch of case 6 takes a minute.
    "jax-scan": Contestant("jax scan", "with_jax:Scanned", "jax", kinds=("dense",)),
    "sklearn": Contestant("scikit-learn", "with_sklearn:ScikitLearn", "scikit-learn", kinds=("dense",)),
    "numpy": Contestant("NumPy", "with_numpy:NumPy", "numpy", kinds=("dense",)),
}

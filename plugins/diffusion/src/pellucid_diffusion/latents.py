"""latents: samples as codes of an autoencoder that is trained on them, each number with mean 0 and variance 1."""

from __future__ import annotations

from copy import deepcopy
from math import prod
from typing import Any

import numpy as np
from pellucid import (
    CheckpointError,
    ConfigError,
    Equation,
    Example,
    HostArray,
    Layer,
    Param,
    Shape,
    State,
    Trainer,
    Transform,
    build,
    check_columns,
    check_float,
    check_int,
    floating,
    require_runtime,
)


class Latents(Transform):
    """``y = (g(x) − μ)/σ`` with the encoder g of an autoencoder; the way back is ``x = h(σ y + μ)``, h its decoder.

    ``fit`` trains the autoencoder with its own objective, Adam and a cosine schedule, and then takes mean and standard
    deviation of each number of the codes. All of it is saved with the model that the transform belongs to.

    A transform works with arrays of the host and is not told the backend of the model behind it: the autoencoder runs
    on the one that PELLUCID_BACKEND names, or the best that is installed.

    Args:
        autoencoder: a model with ``latent``, ``encode`` and ``decode``, such as ``ae/autoencoder``. It stays as it is:
            a copy is trained.
        epochs, batch_size, lr, seed: of its training.

    Shapes: (N, …) to (N, latent).

    Source: Rombach et al., High-Resolution Image Synthesis with Latent Diffusion Models, 2022, §3.
    """

    equations = (
        Equation("z", r"z = g(x)", why="g is a network"),
        Equation(
            "y",
            r"y = (z - \mu) / \sigma, \quad \mu = \mathrm{mean}\, z, \quad"
            r" \sigma = \mathrm{std}\, z \text{, but 1 where that is 0}",
            why="z is what a network gives that fit trains",
        ),
        Equation("x", r"x = h(\sigma y + \mu)", why="h is trained to come near to the way back, and is no inverse"),
    )
    examples = (
        Example({"autoencoder": {"type": "ae/autoencoder", "latent": 2, "hidden": [4]}, "epochs": 1}, ((5,),)),
        Example({"autoencoder": {"type": "ae/autoencoder", "latent": 3, "hidden": []}, "epochs": 1}, ((2, 2),)),
    )
    fitted = ("parameters", "mean", "std", "shape")

    def __init__(
        self, autoencoder: Layer, epochs: int = 10, batch_size: int = 128, lr: float = 1e-3, seed: int = 0
    ) -> None:
        check_int(self, "epochs", epochs, "[1, inf)")
        check_int(self, "batch_size", batch_size, "[1, inf)")
        check_float(self, "lr", lr, "(0, inf)")
        check_int(self, "seed", seed, "[0, inf)")
        wanted = ("latent", "encode", "decode")
        if not all(hasattr(autoencoder, name) for name in wanted):
            raise ConfigError(
                "The 'autoencoder' of Latents must have 'latent', 'encode' and 'decode', as ae/autoencoder has. "
                f"Received: {type(autoencoder).__name__}."
            )
        self.autoencoder = autoencoder
        self.epochs = epochs
        self.batch_size = batch_size
        self.lr = lr
        self.seed = seed
        self._learned_by_fit: dict[str, Any] = {}

    def fit(self, x: HostArray) -> None:
        model = self._build(x.shape[1:], floating(x).name)
        trainer = Trainer(model, optimizer={"type": "adam", "lr": self.lr}, schedule="cosine", seed=self.seed)
        trainer.fit((x, None), epochs=self.epochs, batch_size=self.batch_size)
        codes = model.encode(x)  # type: ignore[attr-defined]
        spread = codes.std(axis=0, dtype=np.float64)
        ops = require_runtime(model).ops
        self._learned_by_fit.clear()
        self._learned_by_fit |= {
            "parameters": np.concatenate([np.ravel(ops.to_host(item.data)) for item in _learned_by(model)]),
            "mean": codes.mean(axis=0, dtype=np.float64),
            "std": np.where(spread > 0, spread, 1.0),  # a number that never changes is not divided
            "shape": np.array(x.shape[1:], np.int64),
            "model": model,
        }

    def apply(self, x: HostArray) -> HostArray:
        model = self._model()
        check_columns(self, x, tuple(int(n) for n in self.shape))
        codes = model.encode(x)
        return np.asarray((codes - self.mean) / self.std, codes.dtype)

    def inverse(self, y: HostArray) -> HostArray:
        model = self._model()
        check_columns(self, y, self.mean.shape)
        codes = np.asarray(y * self.std + self.mean, model.runtime.dtype)
        decoded: HostArray = model.decode(codes)
        return decoded

    def output_shape(self, input_shape: Shape) -> Shape:
        return (self.autoencoder.latent,)  # type: ignore[attr-defined]

    # -- what fit has learned --------------------------------------------------------------------------------------

    @property
    def parameters(self) -> Any:
        """All parameters of the autoencoder and then its states, such as the averages of batch_norm, in one row."""
        return self._learned_by_fit.get("parameters")

    @property
    def mean(self) -> Any:
        """μ, of each number of a code."""
        return self._learned_by_fit.get("mean")

    @property
    def std(self) -> Any:
        """σ, likewise."""
        return self._learned_by_fit.get("std")

    @property
    def shape(self) -> Any:
        """The shape of a sample."""
        return self._learned_by_fit.get("shape")

    def restore(self, arrays: Any) -> None:
        if set(arrays) != set(self.fitted):
            raise CheckpointError(
                f"The saved state of Latents must hold {sorted(self.fitted)}. Received: {sorted(arrays)}. The file was "
                "written by another version of this transform, or is damaged."
            )
        mean, std, shape, parameters = (arrays[name] for name in ("mean", "std", "shape", "parameters"))
        sizes = shape.ndim == 1 and shape.dtype.kind == "i" and bool((shape > 0).all())
        floats = parameters.ndim == 1 and all(array.dtype.kind == "f" for array in (mean, std, parameters))
        if not (sizes and floats) or mean.shape != std.shape or not (std > 0).all():
            raise CheckpointError(
                "The saved state of Latents must hold sizes of at least 1, a row of parameters, and for each number of "
                f"a code its mean and a deviation above 0. Received: a shape of {shape!s:.60}, parameters of shape "
                f"{parameters.shape}, means of {mean.shape}, deviations of {std.shape}."
            )
        self._learned_by_fit.clear()
        self._learned_by_fit |= {name: np.array(array) for name, array in arrays.items()}

    def _model(self) -> Any:
        """The trained autoencoder; from what was restored it is built when it is first needed."""
        parameters = self._learned("parameters")
        if "model" not in self._learned_by_fit:
            model = self._build(tuple(int(n) for n in self.shape), parameters.dtype.name)
            sizes = [prod(item.shape) for item in _learned_by(model)]
            if sum(sizes) != len(parameters):
                raise CheckpointError(
                    f"The saved autoencoder of Latents has {len(parameters)} parameters and states, and the one that "
                    f"its configuration builds has {sum(sizes)}. The file is damaged, or of another version of the "
                    "autoencoder. Train it again."
                )
            for item, values in zip(_learned_by(model), np.split(parameters, np.cumsum(sizes)[:-1]), strict=True):
                item.data[...] = require_runtime(model).ops.asarray(values.reshape(item.shape))
            self._learned_by_fit["model"] = model
        return self._learned_by_fit["model"]

    def _build(self, shape: tuple[int, ...], dtype: str) -> Layer:
        return build(deepcopy(self.autoencoder), input_shape=shape, seed=self.seed, dtype=dtype)

    def __getstate__(self) -> dict[str, Any]:
        """Copied and pickled by what was learned; the model is built from it again."""
        kept = {name: value for name, value in self._learned_by_fit.items() if name != "model"}
        return {**self.__dict__, "_learned_by_fit": kept}


def _learned_by(model: Layer) -> list[Param | State]:
    return [*model.parameters(), *model.states()]

"""demo: what a page shows of a model, as data: drawn digits, a plane of codes, a form of inputs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from pellucid import ConfigError, HostArray, Layer, Split, require_runtime

from pellucid_studio.export.codes import decoded_as, encoded, is_decoder, ranges_of
from pellucid_studio.export.columns import column_inputs, columns_of, targets_of
from pellucid_studio.export.describe import Description
from pellucid_studio.export.reading import Reading, reading_of, size_of
from pellucid_studio.export.samples import (
    CODES,
    PICTURES,
    chosen,
    first_of,
    picture_of,
    ranges,
    sample_shape,
)

Told = dict[str, Any]
MOST_INPUTS = 100
MOST_OUTPUTS = 1000


class Demo:
    """What is known of a run when its page is written.

    Args:
        model: the trained model.
        found: its layers; arrays of the page are added to those of it.
        split: samples, for ranges; None where there are none.
        count: how many of them the page may hold.
        inputs: names of the columns, where the model has none.
        target: what the data calls its target, where that is known.

    Raises:
        ConfigError: a model that a page cannot show: of sequences, of several inputs or outputs.
    """

    def __init__(
        self, model: Layer, found: Description, split: Split | None, count: int, inputs: list[str] | None,
        target: str | int | None = None,
    ) -> None:  # fmt: skip
        self.model, self.found, self.split = model, found, split
        self.decodes = is_decoder(model)
        self.count = 0 if split is None else count
        self.x = None if split is None else first_of(split)
        self._check_inputs(self.x)
        self.shape = sample_shape(model, self.x)
        self.columns = columns_of(model)
        self.targets = targets_of(model) or ([target] if isinstance(target, str) else [])
        self.known_names = inputs or self._names()
        self.picture = picture_of(self.shape, self.x, named=self.known_names is not None)

    def told(self) -> Told:
        """All that the page is told besides the layers."""
        if self.decodes:
            return self._decoder() | {"reading": "values", "names": list(require_runtime(self.model).classes or ())}
        reading = self._reading()
        told = {"reading": reading.how, "names": list(reading.names)}
        if self.picture is not None:
            return told | self._common("picture") | {"samples": self._pictures()}
        return told | self._common("table") | {"inputs": self._inputs(), "points": self._points(reading)}

    def _check_inputs(self, x: HostArray | None) -> None:
        shapes = require_runtime(self.model).input_shapes
        if len(shapes) > 1 and not (self.decodes and len(shapes) == 2 and shapes[1] == ()):
            raise ConfigError(
                f"A page is for models of one input. Received: {type(self.model).__name__} with {len(shapes)} inputs "
                f"of shapes {[tuple(shape) for shape in shapes]}. Use it with pellucid predict."
            )
        if x is not None and x.dtype.kind not in "biuf":
            raise ConfigError(
                f"A page is for samples of numbers. Received: data of {x.dtype}. Use it with pellucid predict."
            )

    def _reading(self) -> Reading:
        shape = self.model.output_shape(*require_runtime(self.model).input_shapes)
        if not (shape and isinstance(shape[0], int) and len(shape) == 1) or shape[0] > MOST_OUTPUTS:
            raise ConfigError(
                f"A page shows classes or values, a row of at most {MOST_OUTPUTS} numbers a sample. Received: outputs "
                f"of shape {tuple(shape)} of {type(self.model).__name__}, such as a picture or a sequence for each "
                "sample. Use its own verbs, which pellucid show lists."
            )
        return reading_of(self.model, shape[0], self.targets)

    def _common(self, kind: str) -> Told:
        shapes = require_runtime(self.model).input_shapes
        return {
            "kind": kind, "sample": list(self.shape), "input": list(shapes[0]),
            "picture": None if self.picture is None else asdict(self.picture),
        }  # fmt: skip

    # -- pictures ------------------------------------------------------------------------------------------------

    def _pictures(self) -> Told | None:
        """Some samples, as bytes between the least and the largest number."""
        if not self.count or self.split is None or self.picture is None:
            return None
        some = chosen(self.split, min(self.count, PICTURES))
        x, (low, high) = first_of(some).astype(np.float64), (self.picture.low, self.picture.high)
        grey = np.clip(np.rint((x.reshape(len(x), -1) - low) / (high - low) * 255), 0, 255)
        return {"pixels": self.found.packed.add(grey, kind="u1")}

    # -- tables and points ---------------------------------------------------------------------------------------

    def _names(self) -> list[str] | None:
        known = require_runtime(self.model).metadata.get("features")
        if self.columns is not None:
            return [column["name"] for column in self.columns]
        found = known or (None if self.split is None else self.split.features)
        return None if found is None else list(map(str, found))

    def _inputs(self) -> list[Told]:
        width = size_of(self.shape)
        if len(self.shape) != 1 or width > MOST_INPUTS:
            raise ConfigError(
                f"A page shows pictures, or a form of at most {MOST_INPUTS} inputs. Received: samples of shape "
                f"{self.shape}. Pictures are (height, width), with 1 or 3 channels, or rows of a square number."
            )
        if self.columns is not None:
            return column_inputs(self.columns, self.x)
        names = self.known_names or [f"input {i + 1}" for i in range(width)]
        if len(names) != width:
            raise ConfigError(
                f"--inputs names the columns of a sample, {width} of them. Received: {len(names)}, {', '.join(names)}."
            )
        return [{"name": name, **at} for name, at in zip(names, ranges(self.model, self.x, width), strict=True)]

    def _points(self, reading: Reading) -> Told | None:
        """Of two inputs: some samples to be shown in their plane, with the classes that they are of."""
        if self.shape != (2,) or not self.count or self.split is None:
            return None
        some = chosen(self.split, self.count)
        return {"at": self.found.packed.add(first_of(some)), "labels": self._labels(some)}

    def _labels(self, some: Split) -> list[Any] | None:
        y = some.y
        if not isinstance(y, np.ndarray) or y.ndim != 1 or y.dtype.kind not in "iub" or y.max(initial=0) > 255:
            return None
        return self.found.packed.add(y, kind="u1")

    # -- codes ---------------------------------------------------------------------------------------------------

    def _decoder(self) -> Told:
        codes = labels = None
        if self.split is not None:
            some = chosen(self.split, max(self.count, CODES))
            codes = encoded(self.model, some)
        told = self._common("decoder") | {
            "decoded": decoded_as(self.model), "ranges": ranges_of(self.model, codes), "codes": None,
            "labels": int(getattr(self.model, "conditions", 0)), "samples": self._pictures(),
        }  # fmt: skip
        if self.picture is None and len(self.shape) != 1:
            raise ConfigError(
                f"A page shows decoded pictures or rows of numbers. Received: samples of shape {self.shape}."
            )
        if codes is not None and self.count and self.split is not None:
            labels = self._labels(some)
            told["codes"] = {"at": self.found.packed.add(codes), "labels": labels}
        if self.picture is None:
            told["inputs"] = self._inputs()
        return told

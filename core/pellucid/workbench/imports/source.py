"""WeightSource: arrays that others have saved, and the texts beside them; nothing of it is executed."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import safetensors

from pellucid.basics.arrays import HostArray
from pellucid.basics.errors import CheckpointError, ConfigError
from pellucid.basics.limits import check_memory
from pellucid.basics.suggest import listed
from pellucid.saving.files import shown

SUFFIX = ".safetensors"
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib")
"""Files whose reading may execute what they hold."""
_CONVERT = (
    'Convert it once, on a machine where you trust it: python -c "import torch, safetensors.torch; '
    "safetensors.torch.save_file(torch.load('{name}', weights_only=True), 'model.safetensors')\""
)
_TYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U8": "u1",
    "BOOL": "?",
}  # fmt: skip


@dataclass(frozen=True)
class WeightSource:
    """What an importer is given.

    Attributes:
        name: of the file or folder, without where it lies.
        arrays: by the names that their makers gave them.
        sha256: of the files that the arrays stand in.
    """

    name: str
    arrays: Mapping[str, HostArray]
    sha256: str
    _texts: Mapping[str, bytes] = field(repr=False)

    def text(self, file: str) -> str:
        """A text that stands beside the arrays: ``"config.json"``, ``"1_Pooling/config.json"``.

        Raises:
            ConfigError: there is none. CheckpointError: it is no text in UTF-8.
        """
        if file not in self._texts:
            raise ConfigError(
                f"{self.name} has no {file} beside its arrays, which the importer needs. Received: "
                f"{listed(sorted(self._texts))}. Give the folder that holds both, as its makers published it."
            )
        try:
            return self._texts[file].decode()
        except UnicodeDecodeError as error:
            raise CheckpointError(f"{file} of {self.name} is no text in UTF-8 (byte {error.start}).") from error

    def has(self, file: str) -> bool:
        """Whether there is such a text."""
        return file in self._texts

    def table(self, file: str) -> dict[str, Any]:
        """The same of a text in JSON, an object.

        Raises:
            CheckpointError: it is none.
        """
        try:
            content = json.loads(self.text(file))
        except (ValueError, RecursionError) as error:
            raise CheckpointError(f"{file} of {self.name} is damaged: it is no JSON ({error}).") from error
        if not isinstance(content, dict):
            raise CheckpointError(f"{file} of {self.name} must hold a JSON object. Received: {content!r:.60}.")
        return content


def read_source(path: Path) -> WeightSource:
    """A folder of ``.safetensors`` with texts beside them, one such file, or an archive that holds such a folder: a
    ``.zip``, or a Python package as it is downloaded, ``.whl``.

    Raises:
        ConfigError: no such path, a file whose reading may execute code, none or several folders of arrays.
        CheckpointError: a damaged file.
    """
    if not path.exists():
        raise ConfigError(f"{shown(path)} does not exist. Give a folder, a {SUFFIX} file or a .whl that holds one.")
    if path.is_dir():
        files = {str(file.relative_to(path).as_posix()): file for file in sorted(path.rglob("*")) if file.is_file()}
        return _from(path, {name: file.stat().st_size for name, file in files.items()}, lambda n: files[n].read_bytes())
    if path.suffix.lower() in (".whl", ".zip"):
        try:
            with zipfile.ZipFile(path) as archive:
                sizes = {info.filename: info.file_size for info in archive.infolist() if not info.is_dir()}
                return _from(path, sizes, archive.read)
        except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
            raise CheckpointError(f"{shown(path)} is damaged, or no archive: {error}. Copy it again.") from error
    folder = path.parent
    beside = {file.name: file for file in sorted(folder.iterdir()) if file.is_file() and file.suffix != SUFFIX}
    beside[path.name] = path
    sizes = {name: file.stat().st_size for name, file in beside.items() if name == path.name or _is_text(name)}
    return _from(path, sizes, lambda name: beside[name].read_bytes())


def _from(path: Path, sizes: Mapping[str, int], read: Any) -> WeightSource:
    """The one folder of arrays among files, and the texts in and below it."""
    weights = [name for name in sizes if name.endswith(SUFFIX)]
    if not weights:
        pickles = [name for name in sizes if PurePosixPath(name).suffix.lower() in _PICKLES]
        if pickles:
            name = PurePosixPath(pickles[0]).name
            raise ConfigError(
                f"{shown(path)} holds {name}, a pickle: to read it may execute whatever it holds, so pellucid does "
                f"not. Expected: arrays in {SUFFIX}, which hold numbers alone. {_CONVERT.format(name=name)}."
            )
        raise ConfigError(
            f"{shown(path)} holds no arrays in {SUFFIX}. Received: {listed(sorted(sizes)[:20])}. Give the folder or "
            "archive in which such a file is."
        )
    folders = sorted({str(PurePosixPath(name).parent) for name in weights})
    if len(folders) > 1:
        raise ConfigError(
            f"{shown(path)} holds arrays in several folders, {listed(folders)}, and may hold several models. Give one."
        )
    total = sum(sizes[name] for name in weights)
    check_memory(3 * total, f"The arrays of {shown(path)}, read and built into a model,", "Import a smaller model.")
    arrays: dict[str, HostArray] = {}
    digest = sha256()
    for name in weights:
        content = read(name)
        digest.update(content)
        for key, array in _arrays(name, content).items():
            if arrays.setdefault(key, array) is not array:
                raise ConfigError(f"{shown(path)}: {listed(weights)} both hold an array {key!r}. Give one of them.")
    root = PurePosixPath(folders[0])
    texts = {
        str(PurePosixPath(name).relative_to(root)): read(name)
        for name in sizes if _is_text(name) and PurePosixPath(name).is_relative_to(root)
    }  # fmt: skip
    return WeightSource(path.name, arrays, digest.hexdigest(), texts)


def _is_text(name: str) -> bool:
    return name.endswith((".json", ".txt"))


def _arrays(name: str, content: bytes) -> dict[str, HostArray]:
    """The arrays of one file, checked by the format's own library; bfloat16 becomes float32, without loss."""
    try:
        found = safetensors.deserialize(content)  # type: ignore[no-untyped-call]
    except safetensors.SafetensorError as error:
        raise CheckpointError(
            f"{name} is damaged, truncated or no safetensors file: {error}. Copy it again from where it came."
        ) from error
    arrays: dict[str, HostArray] = {}
    for key, entry in found:
        kind, shape, data = entry["dtype"], entry["shape"], entry["data"]
        if kind == "BF16":
            values = (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
        elif kind in _TYPES:
            values = np.frombuffer(data, _TYPES[kind])
        else:
            raise CheckpointError(
                f"{name}: the array {key!r:.80} is of type {kind}. Expected: one of {listed([*_TYPES, 'BF16'])}. "
                "Convert it to float32."
            )
        arrays[key] = values.reshape(shape)
    return arrays

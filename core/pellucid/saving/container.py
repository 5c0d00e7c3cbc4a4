"""The file that models, checkpoints and traces are saved in: safetensors with a JSON document, versions and a hash.

A file is data and nothing else: reading it executes nothing, and everything that its header claims is checked against
the size of the file before memory is taken for it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any, Literal

import numpy as np
from safetensors.numpy import save

from pellucid.basics.arrays import HostArray
from pellucid.basics.errors import CheckpointError
from pellucid.saving.documents import as_json, parse, to_text
from pellucid.saving.files import replace_file, shown

Kind = Literal["model", "checkpoint", "trace", "recording"]

FORMAT_VERSION = 1
"""Raised when the meaning of a file changes. Files of older versions stay readable; newer ones are refused."""
MAX_HEADER = 16 << 20
"""Bytes. A header holds the configuration and about 100 bytes per tensor; more than this is no model of ours."""
MAX_AXES = 32
"""Of one tensor."""
DTYPES = {
    "F64": np.float64, "F32": np.float32, "F16": np.float16, "I64": np.int64, "I32": np.int32, "I16": np.int16,
    "I8": np.int8, "U64": np.uint64, "U32": np.uint32, "U16": np.uint16, "U8": np.uint8, "BOOL": np.bool_,
}  # fmt: skip
_STORED = set(map(np.dtype, DTYPES.values()))
KEY = "pellucid"
"""Of the one entry in the metadata, a JSON text: of several the safetensors library does not keep the order, and equal
models would give files that are not."""
_FIELDS = {"kind": str, "sha256": str, "tensors_sha256": str, "document": dict}
_MODEL = {
    "pellucid": str, "plugins": dict, "transforms": list, "classes": list | None, "metadata": dict,
    "target_transforms": list | None,  # absent before targets could be scaled
    "model.config": dict, "model.input_shapes": list, "model.dtype": str, "model.seed": int, "model.frozen": list,
}  # fmt: skip
_CHECKPOINT = _MODEL | {
    "settings": dict, "callbacks": list, "progress.plan": dict, "progress.totals": list | dict,
    **{f"progress.{name}": int for name in ("steps", "epochs", "position", "optimizer_steps")},
}  # fmt: skip
_TRACE = {"pellucid": str, "plugins": dict, "setting": dict, "components": list, "calls": list, "quantities": list}
_RECORDING = {"pellucid": str, "names": list, "first": int, "last": int}
DOCUMENT: Mapping[str, Mapping[str, Any]] = {
    "model": _MODEL, "checkpoint": _CHECKPOINT, "trace": _TRACE, "recording": _RECORDING,
}  # fmt: skip
"""What the document of a file of each kind must hold, with its type; a dot leads into a table."""
_REMEDIES = {
    "model": "Load it with pellucid.load(path)",
    "checkpoint": (
        "Continue the run with: pellucid train --resume --out RUN; the model for use is model.safetensors beside it"
    ),
    "trace": "Load it with pellucid.load_trace(path)",
    "recording": "It is part of what a recorder kept: pellucid.open_run(folder).recorder",
}
_EARLIER = "go back to an earlier checkpoint"
AGAIN = {
    "model": _EARLIER, "checkpoint": _EARLIER, "recording": "record the steps again",
    "trace": "take the trace again: trainer.trace_step(x, y).save(path)",
}  # fmt: skip
"""What to do about a file of each kind that cannot be read, besides copying it again."""
_FOREIGN = "Build the model by name and copy the arrays into its parameters: param.data = …"
WRITERS = {
    "model": "pellucid.save(model, path)", "checkpoint": "pellucid train", "recording": "the callback recorder",
    "trace": "trace.save(path)",
}  # fmt: skip
"""What writes them."""
_Table = dict[str, tuple[np.dtype[Any], tuple[int, ...]]]


@dataclass(frozen=True)
class Header:
    """What a file says of itself, checked; no tensor has been read yet.

    Attributes:
        path: the file.
        kind: whether it holds a model, a checkpoint or a trace.
        document: configuration and facts, as JSON has them; all that ``DOCUMENT`` names is there and of its type.
        tensors: name -> (dtype, shape).
        tensors_hash: what the hash of the tensors' values must be.
        starts: name -> where its values begin, in bytes from the end of the header.
    """

    path: Path
    kind: str
    document: dict[str, Any]
    tensors: _Table
    tensors_hash: str
    starts: dict[str, int]


def write(path: str | os.PathLike[str], kind: Kind, document: Mapping[str, Any], tensors: Mapping[str, Any]) -> None:
    """Write a file, atomically; see :func:`pellucid.saving.files.replace_file`.

    Numbers and arrays of NumPy's in the document are written as Python has them. What is written was held against all
    that a reader checks.

    Raises:
        CheckpointError: there is something that a file cannot hold, or it cannot be written.
    """
    path = as_path(path, kind)
    document = as_json(document)
    arrays = {name: _storable(path, name, array) for name, array in tensors.items()}
    values = hash_values(arrays)
    facts = {
        "format_version": FORMAT_VERSION, "kind": kind, "tensors_sha256": values,
        "sha256": hash_header(kind, document, {n: (a.dtype, a.shape) for n, a in arrays.items()}, values),
        "document": document,
    }  # fmt: skip
    text = to_text(facts, ensure_ascii=False, separators=(",", ":"))
    # safetensors.numpy.save_file would leave a temporary file of its own behind when it is killed.
    content = save(arrays, {KEY: text})
    length = int.from_bytes(content[:8], "little")
    if length > MAX_HEADER:
        raise CheckpointError(
            f"{shown(path)} cannot be written: its header would have {length} bytes, and at most {MAX_HEADER} are read "
            "again. "
            + ("Choose quantities: keep=…." if kind == "trace" else "The configuration or the metadata is too large.")
        )
    try:
        check_header(path, content[8 : 8 + length], len(content), kind)
    except CheckpointError as error:
        raise CheckpointError(
            f"{shown(path)} is not written, because it could not be read again. The reader would say: {error}"
        ) from error
    replace_file(path, content)


def _storable(path: Path, name: str, array: Any) -> HostArray:
    """An array as files hold it: in rows, little-endian, of a type that they know."""
    array = np.asarray(array)
    if array.dtype.newbyteorder("=") not in _STORED or not _is_unicode(name):
        raise CheckpointError(
            f"{shown(path)} is not written: {name!r:.80} is an array of type {array.dtype}. Files hold arrays of "
            f"{', '.join(sorted(dtype.name for dtype in _STORED))}, under names of Unicode."
        )
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(array.shape)


def _is_unicode(text: str) -> bool:
    return text == text.encode("utf-8", "replace").decode()


def as_path(path: Any, kind: str = "model") -> Path:
    """The path of a file; CheckpointError for what is none."""
    if not isinstance(path, str | os.PathLike):
        raise CheckpointError(
            f"A file is named by its path, a text or a pathlib.Path. Received: {path!r:.80} ({type(path).__name__})."
        )
    name = os.fsdecode(path)
    if name.endswith(os.sep):
        raise CheckpointError(
            f"{shown(name)} names a folder. Expected: the name of a file, such as {shown(name)}{kind}.safetensors."
        )
    return Path(name)


def hash_values(tensors: Mapping[str, HostArray]) -> str:
    """SHA-256 over the values of all tensors in order of name, little-endian, row by row."""
    total = sha256()
    for name in sorted(tensors):
        total.update(np.ascontiguousarray(tensors[name]).reshape(-1).view(np.uint8).data)
    return total.hexdigest()


def hash_header(kind: str, document: Mapping[str, Any], tensors: _Table, values: str) -> str:
    """SHA-256 over all else: kind, document, the tensors' names, types and shapes, and the hash of their values."""
    table = [[name, dtype.str, list(shape)] for name, (dtype, shape) in sorted(tensors.items())]
    return sha256(to_text([FORMAT_VERSION, kind, document, table, values]).encode()).hexdigest()


def check_header(path: Path, text: bytes, size: int, kind: Kind) -> Header:
    """What the header of a file says, all of it checked; ``size`` is that of the whole file.

    Raises:
        CheckpointError: foreign, truncated, damaged, of the other kind, or of a newer pellucid.
    """
    header = _json(path, text, kind)
    end = max((_span(entry)[1] for name, entry in header.items() if name != "__metadata__"), default=0)
    if 8 + len(text) + end != size:
        raise CheckpointError(
            f"{shown(path)} is truncated or damaged: {size} bytes, and its header describes {8 + len(text) + end}. "
            f"Copy it again, or {AGAIN[kind]}."
        )
    metadata = header.pop("__metadata__", None)
    if not isinstance(metadata, dict) or not isinstance(metadata.get(KEY), str):
        raise CheckpointError(
            f"{shown(path)} is a safetensors file, and pellucid did not write it: it holds arrays and no description "
            f"of a {kind}. {_FOREIGN if kind == 'model' else f'{WRITERS[kind]} writes such files'}."
        )
    facts = _json(path, metadata[KEY], kind)
    version = facts.get("format_version")
    if type(version) is not int or not 1 <= version <= FORMAT_VERSION:
        raise CheckpointError(
            f"{shown(path)} is written in version {version!r:.20} of the format. This pellucid reads versions up to "
            f"{FORMAT_VERSION}. Upgrade pellucid: pip install --upgrade pellucid."
        )
    absent = [name for name, wanted in _FIELDS.items() if not isinstance(facts.get(name), wanted)]
    if absent:
        raise damaged(path, f"its header lacks {', '.join(absent)}", kind)
    if facts["kind"] != kind:
        remedy = _REMEDIES.get(facts["kind"], "A newer pellucid may know it")
        raise CheckpointError(f"{shown(path)} must hold a {kind}. Received: a {facts['kind']:.40}. {remedy}.")
    tensors, starts = _tensor_table(path, header, kind)
    if hash_header(kind, facts["document"], tensors, facts["tensors_sha256"]) != facts["sha256"]:
        raise damaged(path, f"its hash does not agree with its description of the {kind}", kind)
    _check_document(path, facts["document"], kind)
    return Header(path, kind, facts["document"], tensors, facts["tensors_sha256"], starts)


def _span(entry: Any) -> tuple[int, int]:
    """First byte and end of a tensor, counted from the end of the header; (0, -1) if the entry makes no sense."""
    offsets = entry.get("data_offsets") if isinstance(entry, dict) else None
    if isinstance(offsets, list) and len(offsets) == 2 and all(type(n) is int and n >= 0 for n in offsets):
        return offsets[0], offsets[1]
    return 0, -1


def _json(path: Path, text: str | bytes, kind: str) -> dict[str, Any]:
    try:
        parsed = parse(text)
    except ValueError as error:
        raise CheckpointError(
            f"{shown(path)} is not a file of pellucid, or it is damaged: its header is not JSON ({error})."
        ) from error
    if not isinstance(parsed, dict):
        raise damaged(path, f"its header must be a table, and is a {type(parsed).__name__}", kind)
    return parsed


def _check_document(path: Path, document: Mapping[str, Any], kind: str) -> None:
    for name, wanted in DOCUMENT[kind].items():
        value: Any = document
        for key in name.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
        if not isinstance(value, wanted):
            # a union has a name, too, from Python 3.14 on
            expected = wanted.__name__ if isinstance(wanted, type) else wanted
            raise damaged(path, f"its '{name}' must be of type {expected}, and is {value!r:.80}", kind)


def _tensor_table(path: Path, header: Mapping[str, Any], kind: str) -> tuple[_Table, dict[str, int]]:
    """name -> (dtype, shape), and name -> start, after a check that tensors fill the file without gap or overlap."""
    table: _Table = {}
    starts: dict[str, int] = {}
    spans: list[tuple[int, int]] = []
    for name, entry in header.items():
        shape = entry.get("shape") if isinstance(entry, dict) else None
        sizes: list[Any] = shape if isinstance(shape, list) and len(shape) <= MAX_AXES else [None]
        if not all(type(n) is int and 0 <= n < 1 << 48 for n in sizes):
            raise damaged(path, f"the shape of tensor {name!r} is {shape!r:.80}", kind)
        if not isinstance(entry.get("dtype"), str) or entry["dtype"] not in DTYPES:
            raise damaged(path, f"the dtype of tensor {name!r} is {entry.get('dtype')!r:.80}", kind)
        dtype = np.dtype(DTYPES[entry["dtype"]])
        start, end = _span(entry)
        if end - start != prod(sizes) * dtype.itemsize:
            what = f"tensor {name!r} of shape {sizes} and type {dtype} cannot have {end - start} bytes"
            raise damaged(path, what, kind)
        table[name], starts[name] = (dtype, tuple(sizes)), start
        spans.append((start, end))
    spans.sort()
    for (_, end), (start, _) in pairwise(spans):
        if start != end:
            raise damaged(path, f"its tensors overlap or leave a gap at byte {end}", kind)
    if spans and spans[0][0]:
        raise damaged(path, f"its tensors leave a gap of {spans[0][0]} bytes before the first", kind)
    return table, starts


def damaged(path: Path, what: str, kind: str = "model") -> CheckpointError:
    """The error for a file of this kind whose contents are not what was written."""
    return CheckpointError(
        f"{shown(path)} is damaged or was changed after it was written: {what}. Copy it again from where it came, or "
        f"{AGAIN[kind]}."
    )

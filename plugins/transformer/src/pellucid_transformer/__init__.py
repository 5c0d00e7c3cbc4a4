"""Transformers for pellucid: attention with compiled kernels, language models, sentences as vectors.

What is used from Python stands here and is imported when it is first used: the manifest must cost nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = {
    "generate": "generation.texts", "generate_tokens": "generation.texts", "Steps": "generation.steps",
    "attention_maps": "generation.maps", "Tokenizer": "text.tokenizer",
}  # fmt: skip
__all__ = ["Steps", "Tokenizer", "attention_maps", "generate", "generate_tokens"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'pellucid_transformer' has no attribute {name!r}")
    return getattr(import_module(f"pellucid_transformer.{_HOME[name]}"), name)

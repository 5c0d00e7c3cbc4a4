"""The manifest: what this package registers, as strings only."""

from __future__ import annotations

from pellucid import Registrar, Report, hookimpl

_HERE = "pellucid_transformer"
_OPS: dict[str, tuple[str, ...]] = {
    "attention": ("attention_forward", "attention_backward"),
    "rotary": ("rotate",),
}
"""The module of references in ``ops`` -> the ops that stand there; the kernel of each has the same name."""
_PLAIN: tuple[str, ...] = ()
"""Modules whose ops have no kernels yet."""


@hookimpl
def pellucid_register(registry: Registrar) -> None:
    _layers(registry)
    _models(registry)
    _texts(registry)
    for module, names in _OPS.items():
        for name in names:
            reference, summary = f"{_HERE}.ops.{module}:{name}", name.replace("_", " ")
            if module in _PLAIN:
                registry.op(name, reference=reference, summary=summary)
            else:
                registry.op(name, reference=reference, cython=f"{_HERE}.kernels:{name}", summary=summary)


def _layers(registry: Registrar) -> None:
    layer, at = registry.layer, f"{_HERE}.layers"
    layer(
        "scaled_dot_product_attention", f"{at}.scaled_dot_product:ScaledDotProductAttention",
        summary="each query takes a mean of values, weighted by how well their keys suit it",
    )  # fmt: skip
    layer(
        "multi_head_attention", f"{at}.attention:MultiHeadAttention",
        summary="positions look at each other, each head in its own way",
    )  # fmt: skip


def _models(registry: Registrar) -> None:
    pass


def _texts(registry: Registrar) -> None:
    transform, dataset, at = registry.transform, registry.dataset, f"{_HERE}.text"
    transform("characters", f"{at}.characters:Characters", summary="each character of a text is a token")
    transform("bytes", f"{at}.characters:Bytes", summary="each byte of a text in UTF-8 is a token")
    transform("bpe", f"{at}.library:Bpe", summary="bytes, and those that often stand together, are tokens")
    transform("wordpiece", f"{at}.library:WordPiece", summary="words and pieces of words are tokens, as BERT has them")
    dataset("running_text", f"{at}.running:RunningText", summary="a long text, for language models")
    dataset("labelled_texts", f"{at}.tables:LabelledTexts", summary="texts with labels, in a table")
    dataset("text_pairs", f"{at}.tables:TextPairs", summary="pairs of texts that belong together, in a table")


@hookimpl
def pellucid_doctor(report: Report) -> None:
    from pellucid_transformer.kernels import kernels  # NumPy's import, which other commands must not pay for

    if kernels.available():
        report.fact("compiled kernels", "available")
    else:
        report.warn("compiled kernels", f"Attention is many times slower: {kernels.why_missing()}.")

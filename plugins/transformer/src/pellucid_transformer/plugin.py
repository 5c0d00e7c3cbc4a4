"""The manifest: what this package registers, as strings only."""

from __future__ import annotations

from pellucid import Registrar, Report, hookimpl

_HERE = "pellucid_transformer"
_OPS: dict[str, tuple[str, ...]] = {
    "attention": ("attention_forward", "attention_backward"),
    "rotary": ("rotate",),
    "contrastive": ("contrastive",),
    "rows": (
        "embedding_forward", "embedding_backward", "add", "add_positions", "add_positions_backward", "sinusoids",
        "rms_norm_forward", "rms_norm_backward", "gate_forward", "gate_backward", "pool_forward", "pool_backward",
        "unit_forward", "unit_backward",
    ),
}  # fmt: skip
"""The module of references in ``ops``, and of CUDA's in ``cuda`` -> the ops that stand there; each kernel has the name
of its op."""


@hookimpl
def pellucid_register(registry: Registrar) -> None:
    _layers(registry)
    _models(registry)
    _texts(registry)
    view = registry.view
    view("continuation", f"{_HERE}.views.continuation:Continuation", summary="a text goes on, and what may come next")
    view("attention", f"{_HERE}.views.attention:Attention", summary="which tokens look at which, head by head")
    for module, names in _OPS.items():
        for name in names:
            registry.op(
                name, reference=f"{_HERE}.ops.{module}:{name}",
                cython=f"{_HERE}.kernels:{name}", cupy=f"{_HERE}.cuda.{module}:{name}", summary=name.replace("_", " "),
            )  # fmt: skip


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
    layer("embedding", f"{at}.embedding:Embedding", summary="each token becomes a row of a learned table")
    layer("positions", f"{at}.positions:Positions", summary="where a token stands, learned or sinusoidal")
    layer("rms_norm", f"{at}.rms_norm:RMSNorm", summary="each position by its root mean square")
    layer("feed_forward", f"{at}.feed_forward:FeedForward", summary="each position by itself, wider and back")
    layer("swiglu", f"{at}.feed_forward:SwiGLU", summary="the same with a gate")
    layer("transformer_block", f"{at}.block:TransformerBlock", summary="attention and a feed-forward layer")
    layer("pooling", f"{at}.pooling:Pooling", summary="one vector for each sequence")
    layer("unit", f"{at}.pooling:Unit", summary="vectors of length 1")


def _models(registry: Registrar) -> None:
    encoders = f"{_HERE}.models.encoders"
    registry.loss(
        "contrastive", f"{_HERE}.losses.contrastive:Contrastive",
        summary="texts that belong together are nearer to each other than to the rest of the batch",
    )  # fmt: skip
    registry.model(
        "language_model", f"{_HERE}.models.language_model:language_model", verbs=_verbs("generate", "attention"),
        summary="a decoder: which token comes next, at each position",
    )  # fmt: skip
    registry.model(
        "sequence_encoder", f"{encoders}:sequence_encoder", verbs=_verbs("attention"),
        summary="a vector, or a class, for each token",
    )  # fmt: skip
    registry.model(
        "sequence_classifier", f"{encoders}:sequence_classifier", verbs=_verbs("attention"),
        summary="what a whole sequence is",
    )  # fmt: skip
    registry.model(
        "sentence_encoder", f"{encoders}:sentence_encoder", verbs=_verbs("embed", "similarity", "attention"),
        summary="sentences as vectors of length 1",
    )  # fmt: skip


def _verbs(*names: str) -> dict[str, str]:
    return {name: f"{_HERE}.verbs:{name}" for name in names}


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

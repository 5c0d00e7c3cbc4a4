"""Contrastive: vectors of texts that belong together are nearer to each other than to all others of the batch."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from pellucid import (
    Array,
    Context,
    DataError,
    Equation,
    Example,
    HostArray,
    Loss,
    PellucidWarning,
    Shape,
    ShapeError,
    check_float,
    contiguous,
    reject,
    require_rows,
    weight_per_row,
)

FEW = 5
"""Rows of a batch in which one may miss its partner by chance: the rest of an epoch."""


class Contrastive(Loss):
    """``L = Σ wᵢ lᵢ / Σ wᵢ``, ``lᵢ = −(1/nᵢ) Σ_{j ∈ P(i)} log softmax_{k ≠ i}(zᵢ·z_k/τ)_j`` over a batch of vectors.

    P(i) are the nᵢ other rows with the label of row i: of pairs of texts its partner. All others of the batch are
    what it is told from, so large batches are harder, and better. A row without partner has the loss 0. For pairs it
    is NT-Xent (Chen et al., SimCLR, 2020), also called InfoNCE (van den Oord et al., 2018) or multiple negatives
    ranking; with more rows of a label it is that of Khosla et al., Supervised Contrastive Learning, 2020.

    It is a mean over the rows of a batch, of which each depends on the others: micro-batches are batches of their own.

    Args:
        temperature: τ, above 0: small ones punish near misses most.

    Shapes: prediction (N, D), vectors of length 1 as ``sentence_encoder`` gives them; target (N,) integer labels, equal
    where texts belong together; weight (N,).
    """

    equations = (
        Equation("other", r"o_{ij} = [i \ne j]", "1 - np.eye(len(z))"),
        Equation("s", r"s_{ij} = z_i \cdot z_j / \tau", "z @ z.T / temperature"),
        Equation("top", r"c_i = \max_{j \ne i} s_{ij}", "np.where(other > 0, s, s.min()).max(1, keepdims=True)"),
        Equation("e", r"e_{ij} = o_{ij}\, e^{s_{ij} - c_i}", "other * np.exp(np.minimum(s - top, 0))"),
        Equation("total", r"E_i = \sum_j e_{ij}", "e.sum(1, keepdims=True)"),
        Equation("p", r"p_{ij} = e_{ij} / E_i", "e / np.maximum(total, 1e-300)"),
        Equation("partner", r"m_{ij} = o_{ij} [t_i = t_j]", "other * (t[:, None] == t)"),
        Equation("share", r"q_{ij} = m_{ij} / \sum_k m_{ik}",
                 "partner / np.maximum(partner.sum(1, keepdims=True), 1)"),
        Equation("l", r"l_i = -\sum_j q_{ij} (s_{ij} - c_i - \log E_i)",
                 "-(share * (s - top - np.log(np.maximum(total, 1e-300)))).sum(1)"),
        Equation("loss", r"L = \sum_i w_i l_i / \sum_i w_i", "np.sum(w * l) / np.sum(w)"),
        Equation("g", r"g_{ij} = \frac{w_i}{\sum_k w_k} \frac{p_{ij} [n_i > 0] - q_{ij}}{\tau}",
                 "(w / np.sum(w))[:, None] * (p * share.sum(1, keepdims=True) - share) / temperature"),
        Equation("dprediction", r"dz_i = \sum_j (g_{ij} + g_{ji}) z_j", "(g + g.T) @ z"),
    )  # fmt: skip
    capturable = True
    examples = (
        Example({"temperature": 0.5}, ((3,), ("int", 3))), Example({"temperature": 2.0}, ((2,), ("int", 2))),
    )  # fmt: skip

    def __init__(self, temperature: float = 0.05) -> None:
        check_float(self, "temperature", temperature, "(0, inf)")
        self.temperature = temperature

    def forward(self, ctx: Context, prediction: Array, target: Array, weight: Array | None = None) -> Any:
        if prediction.ndim != 2 or target.shape != prediction.shape[:1]:
            raise ShapeError(
                "Contrastive needs a vector (N, D) and a label (N,) for each text. Received: predictions of shape "
                f"{tuple(prediction.shape)} and a target of shape {tuple(target.shape)}."
            )
        if ctx.training:
            self._require_partners(ctx, target)
        z = contiguous(ctx, prediction, "prediction")
        weights = weight_per_row(ctx, self, weight, z.shape[:1])
        loss, ctx.dz = ctx.scratch("loss", (), "float64"), ctx.scratch("dz", z.shape)
        scores = ctx.scratch("scores", (z.shape[0], z.shape[0]))
        each = ctx.scratch("each", z.shape[:1], "float64")
        ctx.op("transformer/contrastive")(
            z, contiguous(ctx, target, "target"), weights, self.temperature, scores, each, loss, ctx.dz
        )
        return loss

    def _require_partners(self, ctx: Context, target: Array) -> None:
        """Warn of a batch in training in which nothing is to be learned. A step that is replayed is not looked at; the
        first of its size is, and the others are drawn as it was."""
        if not ctx.path or getattr(ctx.ops, "recording", None) is not None:
            return
        labels = np.array(ctx.ops.to_host(target))
        if len(labels) >= FEW and len(np.unique(labels)) == len(labels):
            warnings.warn(
                f"Contrastive: in a batch of {len(labels)} rows no two have the same label, so nothing is learned from "
                "it: its loss and gradient are 0. Rows that belong together must stand in one batch: take the data set "
                "text_pairs or the sampler 'groups', which see to it.", PellucidWarning, stacklevel=2,
            )  # fmt: skip

    def backward(self, ctx: Context) -> Array:
        dz: Array = ctx.dz
        return dz

    def check(self, target: HostArray, output_shape: Shape) -> None:
        require_rows(self, target, (output_shape[:-1],))
        if len(target) > 1 and len(np.unique(target)) == len(target):
            raise DataError(
                f"Contrastive needs rows that belong together, those of the same label. Received: {len(target)} labels "
                "of which no two are alike. Number the pairs: both texts of one alike, or take the data set text_pairs."
            )
        with np.errstate(invalid="ignore"):
            wrong = ~(target >= 0) | (target != np.floor(target))
        reject(self, target, wrong, "labels, whole numbers from 0 on", "Number the pairs: both texts of one alike.")

"""The equations that all attention has: from queries q, keys k, values v and the mask m to o, and back.

What they read: q (N, T, H·d), k and v (N, S, K·d), m, whether a key is seen, (N, S) or (N, T, S), and do, the
gradient at o (N, T, H·d). A position's own quantity is one cell: ``P[n, h, t, s]`` is how much of value s query t of
head h takes.
"""

from __future__ import annotations

from pellucid import Equation

HEADS = (
    Equation("apart", r"\text{heads, one after another}",
             "lambda z, heads: z.reshape(len(z), -1, heads, z.shape[2] // heads).swapaxes(1, 2)"),
    Equation("join", r"\text{heads, side by side}",
             "lambda z: z.swapaxes(1, 2).reshape(len(z), z.shape[2], z.shape[1] * z.shape[3])"),
    Equation("shared", r"\text{a key head's heads, added up}",
             "lambda z: z.reshape(len(z), kv_heads or heads, -1, *z.shape[2:]).sum(2)"),
    Equation("spread", r"\text{a key head, for each of its heads}",
             "lambda z: np.repeat(z, heads // (kv_heads or heads), 1)"),
)  # fmt: skip
"""How heads lie in rows: H·d numbers are H heads of d each, and H/K of them share one head of keys and values."""

SEEN = Equation(
    "seen", r"s \text{ is seen from } t \text{: by the mask, and if causal, } s - S \le t - T",
    "np.ones((len(Q), 1, Q.shape[2], K.shape[2]), np.bool_)"
    " & ((m[:, None, None] if m.ndim == 2 else m[:, None]) != 0)"
    " & (np.arange(K.shape[2]) - K.shape[2] <= np.arange(Q.shape[2])[:, None] - Q.shape[2] if causal else True)",
)  # fmt: skip

ATTENTION = (
    SEEN,
    Equation("scores", r"S_{hts} = Q_{ht} \cdot K_{hs} / \sqrt d",
             "np.einsum('nhtd,nhsd->nhts', Q, K) / np.sqrt(Q.shape[3])"),
    Equation("largest", r"c_{ht} = \max_{s \text{ seen}} S_{hts} \text{ (0 where nothing is seen)}",
             "np.where(seen.any(-1, keepdims=True), np.where(seen, scores, -np.inf).max(-1, keepdims=True), 0)"),
    Equation("E", r"E_{hts} = e^{S_{hts} - c_{ht}} \text{ where } s \text{ is seen, else } 0",
             "np.where(seen, np.exp(scores - largest), 0)"),
    Equation("total", r"\textstyle\sum_s E_{hts} \text{ (1 where nothing is seen)}",
             "np.where(seen.any(-1, keepdims=True), E.sum(-1, keepdims=True), 1)"),
    Equation("P", r"P_{hts} = E_{hts} / \textstyle\sum_s E_{hts}", "E / total"),
    Equation("mix", r"O_{ht} = \sum_s P_{hts} V_{hs}", "np.einsum('nhts,nhsd->nhtd', P, V)"),
    Equation("o", r"o_t = [O_{1t}, \dots, O_{Ht}]", "join(mix)"),
)  # fmt: skip
"""``softmax(Q Kᵀ/√d) V`` of each head."""

GRADIENTS = (
    Equation("dO", r"dO_{ht} = do_t \text{ of head } h", "apart(do, heads)"),
    Equation("dP", r"dP_{hts} = dO_{ht} \cdot V_{hs}", "np.einsum('nhtd,nhsd->nhts', dO, V)"),
    Equation("R", r"R_{hts} = dP_{hts} - \textstyle\sum_r P_{htr}\, dP_{htr}", "dP - (P * dP).sum(-1, keepdims=True)"),
    Equation("dS", r"dS_{hts} = P_{hts} R_{hts} \text{ (less the mean of } R \text{, 0 but for rounding)}",
             "P * (R - (P * R).sum(-1, keepdims=True))"),
    Equation("dQ", r"dQ_{ht} = \sum_s dS_{hts} K_{hs} / \sqrt d",
             "np.einsum('nhts,nhsd->nhtd', dS, K) / np.sqrt(Q.shape[3])"),
    Equation("dK", r"dK_{hs} = \sum_t dS_{hts} Q_{ht} / \sqrt d",
             "shared(np.einsum('nhts,nhtd->nhsd', dS, Q) / np.sqrt(Q.shape[3]))"),
    Equation("dV", r"dV_{hs} = \sum_t P_{hts}\, dO_{ht}", "shared(np.einsum('nhts,nhtd->nhsd', P, dO))"),
)  # fmt: skip
"""From do to the gradients of each head."""

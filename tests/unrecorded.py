"""What promises to be capturable and yet is not recorded on the compiled backend: named here, or it is a failure.

The kit skips such a case, as a plugin may come without kernels; ours are known, and a kernel that no longer takes what
it took, or array code that has slipped in, is not to pass as one more skip.
"""

from __future__ import annotations

import re

CASE = re.compile(r"\[([\w/]+\[\d+\])-recorded_\w+\]$")
"""A case of the kit in the name of a test: a component and the number of its example."""
NO_PLAN = "no plan on 'cython'"
"""How the reason of the kit's skip begins."""
ARRAY_CODE = "it calls array code of its own, which says so by ops.spoil"
NO_KERNEL = "its ops have a kernel for CUDA and none in C"
PARTS = "it is made of parts without a kernel in C"
UNRECORDED = {
    f"{name}[{number}]": why
    for why, examples in {
        ARRAY_CODE: {
            "core/prelu": 3, "core/binary_focal": 2, "core/cosine_similarity": 1, "core/focal": 2, "core/hinge": 2,
            "core/kl_divergence": 1, "cnn/mirror_average": 2, "cnn/elastic": 3, "cnn/random_affine": 2,
            "cnn/random_flip": 1, "cnn/random_rotate": 1, "cnn/random_scale": 1, "cnn/random_shift": 2,
        },
        NO_KERNEL: {
            "diffusion/embedding": 2, "diffusion/mlp_block": 1, "diffusion/denoise": 3, "vae/gaussian_head": 2,
            "vae/join_label": 2,
        },
        PARTS: {
            "diffusion/latent_diffusion": 1, "diffusion/mlp_denoiser": 2, "diffusion/unet_denoiser": 1,
            "tabular/ensemble": 3, "vae/conditional_vae": 2, "vae/vae": 3,
        },
    }.items()
    for name, count in examples.items()
    for number in range(count)
} | {
    "cnn/upsample[2]": "bilinear interpolation has no kernel in C",
    "vae/elbo[0]": NO_KERNEL,
    "vae/elbo[2]": NO_KERNEL,
}  # fmt: skip
"""Components and the numbers of their examples, each with the reason."""


def wrong(test: str, outcome: str, reason: str) -> str | None:
    """What is wrong with the outcome of a test that records a plan, or None.

    Args:
        test: the name of the test, as pytest has it.
        outcome: ``"passed"``, ``"failed"`` or ``"skipped"``.
        reason: of a skip.
    """
    found = CASE.search(test)
    if found is None:
        return None
    name = found[1]
    if outcome == "skipped" and reason.startswith(NO_PLAN) and name not in UNRECORDED:
        return (
            f"{name} promises to be capturable, and no plan comes of it: {reason}. Give it a kernel, take the promise "
            "back, or name it in tests/unrecorded.py with the reason."
        )
    if outcome == "passed" and name in UNRECORDED:
        return f"{name} is recorded now. Take it out of tests/unrecorded.py."
    return None

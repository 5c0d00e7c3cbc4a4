"""Mistakes that no test can notice, as they change nothing that could be seen: each with the reason."""

from __future__ import annotations

EITHER = "of two numbers that are equal either is taken"
TRUE = "a truth value: 2 is as true as 1"
LOOK = "the look of a picture: a letter a little larger, a colour a little lighter"
SHARED_OUT = "over how many threads the work is shared out, which no result depends on"
EQUIVALENT: dict[tuple[str, int, str], str] = {
    ("plugins/transformer/ext/body/rows.h", 387, "<="): EITHER,
    (
        "core/pellucid/standard/transforms.py",
        121,
        "(1 + 1)",
    ): "zeros that a sum begins with: fewer axes of them are broadcast",
    ("core/pellucid/workbench/data_pictures/images.py", 59, "(9.375)"): LOOK,
    ("plugins/cnn/ext/body/group_norm.h", 50, "(1 + 1)"): TRUE,
    ("ext/body/dense.h", 99, "-"): SHARED_OUT,
    (
        "plugins/tabular/src/pellucid_tabular/estimators/settings.py",
        95,
        "(rows / 20)",
    ): "the whole number of it is taken afterwards",
    ("ext/body/losses.h", 36, "(16 + 1)"): "how many rows are added up before the sums are, in double either way",
    ("ext/pool.c", 121, "<="): EITHER,
    ("plugins/recurrent/ext/body/sequence.h", 130, "&&"): "without rows or steps nothing is added either way",
    ("core/pellucid/glassbox/why/functions.py", 44, "(traced_in(options, args))"): "in any order",
    ("core/pellucid/glassbox/why/operations.py", 214, "(2)"): "more places than are taken",
    ("plugins/cnn/ext/body/group_norm.h", 123, "(8 + 1)"): SHARED_OUT,
    ("plugins/tabular/src/pellucid_tabular/reading/file.py", 278, "(min(received, expected))"): EITHER,
    ("plugins/recurrent/ext/body/rnn.h", 38, "||"): "zeros times finite weights are added, or what nobody reads",
    (
        "core/pellucid/standard/derivatives/linalg.py",
        105,
        "(xp.arange(n).reshape((-1, 1)) - xp.arange(n))",
    ): "odd or even either way",
    ("plugins/cnn/ext/body/sweep.h", 34, "&&"): "without rows or columns there are no pixels to go over",
    ("ext/body/gemm.h", 145, "&&"): SHARED_OUT,
    ("plugins/cnn/ext/body/group_norm.h", 57, "<="): EITHER,
    ("plugins/diffusion/src/pellucid_diffusion/drawing.py", 11, "(87)"): LOOK,
    ("ext/body/figures.h", 89, "<="): EITHER,
    (
        "plugins/tabular/src/pellucid_tabular/reading/header.py",
        60,
        "(len(words) <= len(said) - len(numbers_in) + 1)",
    ): "words and numbers are never more than all that is said: the condition is removed",
    ("ext/body/vector.h", 54, "<"): "the loop behind it adds the same numbers, in another order",
    ("ext/body/gemm.h", 121, ">="): SHARED_OUT,
    ("plugins/cnn/ext/body/filter.h", 93, "&&"): "memory that nobody reads or writes",
    ("plugins/studio/src/pellucid_studio/network.py", 89, "(9)"): "of how many shapes the memory is kept",
    ("ext/body/updates.h", 111, "(1 + 1)"): TRUE,
    ("plugins/tabular/src/pellucid_tabular/reading/dialect.py", 64, "pass"): "said to the type checker, and always so",
    (
        "core/pellucid/glassbox/record/record.py",
        394,
        "(names | {'uniform', 'normal', 'uniform_of', 'normal_of'})",
    ): "what was to be left out is computed, and nobody reads it",
    (
        "plugins/transformer/src/pellucid_transformer/generation/maps.py",
        67,
        "(False)",
    ): "of one length, as they are of one kind",
    ("core/pellucid/standard/losses/signed.py", 74, "break"): "in the last of two rounds: nothing comes behind it",
    ("plugins/cnn/ext/body/tile.h", 97, "(8 + 1)"): "how often a loop of eight is unrolled",
    ("plugins/recurrent/ext/body/sequence.h", 11, "+"): SHARED_OUT,
    ("core/pellucid/standard/images/background.py", 61, "(2)"): "the same surfaces in other coordinates",
    ("ext/body/gemm.h", 121, "="): SHARED_OUT,
    ("plugins/cnn/ext/body/pool.h", 163, "(1 + 1)"): TRUE,
    ("plugins/recurrent/ext/body/gru.h", 23, "(1 + 1)"): TRUE,
    ("plugins/cnn/ext/body/winograd.h", 150, "features - 1"): "whole vectors: where the last one begins is less still",
    ("core/pellucid/workbench/figures/weights.py", 71, "(2)"): "any number below 0 is what is left, to NumPy",
    ("ext/levels.c", 12, "||"): "processors that tests run on have both AVX2 and FMA",
    (
        "plugins/tabular/src/pellucid_tabular/ensemble.py",
        178,
        "(np.isclose(1, given.sum()))",
    ): "as near to 1, but for a part in 10¹⁰",
    (
        "plugins/tabular/src/pellucid_tabular/writing.py",
        50,
        "(len(told) == 1 or common & told)",
    ): "of two signs, both of which are common, each that is told is one",
}
"""By the file, its line when the mistake was drawn, and what was put there."""

"""Two tasks that are made here: numbers to sort, and sentences that say the same in other words and other order."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from pellucid import HostArray

# -- sorting -----------------------------------------------------------------------------------------------------------

NUMBERS, LONG = 50, 10
"""Different numbers 0 … 49, ten of which are to be sorted."""


def unsorted(rows: int, seed: int) -> tuple[HostArray, HostArray]:
    """Ten different numbers in any order (rows, 10), and the same in order."""
    drawn = np.random.default_rng(seed).random((rows, NUMBERS)).argsort(axis=1)[:, :LONG]
    return drawn, np.sort(drawn, axis=1)


def told(numbers: HostArray, ordered: HostArray) -> tuple[HostArray, HostArray]:
    """As a text that goes on: ``7 3 9 → 3 7 9``: tokens (rows, 20), and what comes next; −1 where nothing is asked."""
    arrow = np.full((len(numbers), 1), NUMBERS)
    text = np.concatenate([numbers, arrow, ordered], axis=1)
    target = text[:, 1:].copy()
    target[:, :LONG] = -1
    return text[:, :-1], target


# -- sentences ---------------------------------------------------------------------------------------------------------

NOUNS = (
    ("dog", "hound"), ("cat", "kitten"), ("boy", "lad"), ("girl", "lass"), ("doctor", "physician"),
    ("teacher", "tutor"), ("farmer", "grower"), ("sailor", "seaman"), ("thief", "robber"), ("king", "monarch"),
)  # fmt: skip
VERBS = (
    (("chases", "chased"), ("pursues", "pursued")), (("helps", "helped"), ("assists", "assisted")),
    (("sees", "seen"), ("spots", "spotted")), (("calls", "called"), ("phones", "phoned")),
    (("loves", "loved"), ("adores", "adored")), (("hits", "hit"), ("strikes", "struck")),
)  # fmt: skip
FORMS = (
    "the {a} {v} the {b}", "the {b} is {p} by the {a}", "it is the {a} that {v} the {b}",
    "it is the {b} that is {p} by the {a}", "look , the {a} {v} the {b}", "by the {a} the {b} is {p}",
)  # fmt: skip
"""Who does it: a; to whom: b. Half of them name b first."""


class Meaning(NamedTuple):
    """Who, what, whom: places in the lists above."""

    who: int
    verb: int
    whom: int

    @property
    def swapped(self) -> Meaning:
        return Meaning(self.whom, self.verb, self.who)


def meanings() -> list[Meaning]:
    """All 540 of them."""
    nouns = range(len(NOUNS))
    return [Meaning(a, v, b) for a in nouns for v in range(len(VERBS)) for b in nouns if a != b]


def held_out(seed: int = 0) -> set[Meaning]:
    """A fifth of the meanings, of which training sees no sentence; each with who and whom exchanged."""
    kinds = [m for m in meanings() if m.who < m.whom]
    drawn = np.random.default_rng(seed).permutation(len(kinds))[: len(kinds) // 5]
    return {m for k in drawn for m in (kinds[k], kinds[k].swapped)}


def said(meaning: Meaning, form: int, rng: np.random.Generator) -> str:
    """A sentence of this form, its words drawn among those that mean the same."""
    a, b = (NOUNS[noun][rng.integers(2)] for noun in (meaning.who, meaning.whom))
    present, participle = VERBS[meaning.verb][rng.integers(2)]
    return FORMS[form].format(a=a, b=b, v=present, p=participle)


def pairs(of: list[Meaning], rng: np.random.Generator) -> list[tuple[str, str]]:
    """Two sentences of each meaning, in two forms."""
    found = []
    for meaning in of:
        one, other = rng.permutation(len(FORMS))[:2]
        found.append((said(meaning, one, rng), said(meaning, other, rng)))
    return found


WORDS = sorted(
    {word for m in meanings()[:90] for form in range(len(FORMS)) for k in range(8)
     for word in said(m, form, np.random.default_rng(k)).split()}
    | {noun for both in NOUNS for noun in both} | {word for both in VERBS for verb in both for word in verb}
)  # fmt: skip
LONGEST = max(len(form.split()) for form in FORMS)


def as_tokens(texts: list[str]) -> tuple[HostArray, HostArray]:
    """Words as numbers (N, 10), 0 behind the end, and the mask."""
    place = {word: i for i, word in enumerate(WORDS, 1)}
    tokens = np.zeros((len(texts), LONGEST), np.int64)
    for row, text in zip(tokens, texts, strict=True):
        numbers = [place[word] for word in text.split()]
        row[: len(numbers)] = numbers
    return tokens, tokens > 0


def found_first(first: HostArray, second: HostArray) -> HostArray:
    """For each of ``first`` (N, D) whether the nearest of ``second`` (M, D), M ≥ N, is the one in the same row; of
    several that are as near each counts as its share."""
    scores = first @ second.T
    own = np.take_along_axis(scores, np.arange(len(first))[:, None], 1)
    best: HostArray = (scores <= own + 1e-6).all(axis=1) / (np.abs(scores - own) <= 1e-6).sum(axis=1)
    return best


def tf_idf(texts: list[str], of: list[str]) -> HostArray:
    """Rows of length 1: how often each word stands in a text, by how rare it is among ``of``."""

    def count(some: list[str]) -> HostArray:
        tokens, _ = as_tokens(some)
        return np.stack([(tokens == word).sum(axis=1) for word in range(1, len(WORDS) + 1)], axis=1).astype(float)

    rare = np.log((1 + len(of)) / (1 + (count(of) > 0).sum(axis=0))) + 1
    rows = count(texts) * rare
    found: HostArray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return found

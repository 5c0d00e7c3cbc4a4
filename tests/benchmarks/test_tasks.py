"""The tasks that are made for transformers ask what they claim to ask."""

from __future__ import annotations

import numpy as np

from benchmarks import tasks


def test_what_is_asked_of_the_sorting_model_is_the_sorted_half() -> None:
    numbers, ordered = tasks.unsorted(20, seed=3)
    assert all(len(set(row)) == tasks.LONG for row in numbers.tolist())
    text, target = tasks.told(numbers, ordered)
    assert (target[:, : tasks.LONG] == -1).all() and (target[:, tasks.LONG :] == ordered).all()
    assert (text[:, tasks.LONG] == tasks.NUMBERS).all() and (text[:, tasks.LONG + 1 :] == ordered[:, :-1]).all()


def test_meanings_are_held_out_together_with_their_opposites() -> None:
    out = tasks.held_out()
    assert {meaning.swapped for meaning in out} == out
    assert len(out) == len(tasks.meanings()) // 5


def test_a_bag_of_words_cannot_tell_a_sentence_from_its_opposite() -> None:
    meaning = tasks.meanings()[0]
    for form in range(len(tasks.FORMS)):
        said, opposite = ({tasks.said(m, form, np.random.default_rng(k)) for k in range(200)}
                          for m in (meaning, meaning.swapped))  # fmt: skip
        assert not said & opposite
        assert {tuple(sorted(text.split())) for text in said} == {tuple(sorted(text.split())) for text in opposite}


def test_sentences_are_of_known_words_and_in_two_forms() -> None:
    pairs = tasks.pairs(tasks.meanings(), np.random.default_rng(0))
    tokens, mask = tasks.as_tokens([text for pair in pairs for text in pair])
    assert tokens.max() == len(tasks.WORDS) and (mask.sum(axis=1) >= 5).all()
    assert all(one != other for one, other in pairs)


def test_what_is_as_near_counts_as_its_share() -> None:
    second = np.eye(3)[[0, 1, 0]]
    assert tasks.found_first(np.eye(3)[[0, 1, 1]], second).tolist() == [0.5, 1.0, 0.0]

"""Words for the messages of errors: did you mean …, it comes with …, lists, articles."""

from __future__ import annotations

from collections.abc import Container, Iterable
from itertools import islice
from typing import Any

MOST_NAMES = 200
"""A list in a message ends after as many names, and those that follow are not looked through for a similar one."""
MOST_LETTERS = 100
"""Of a word that a similar one is looked for: comparing takes their square."""


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """``" Did you mean 'dense'?"``, or nothing if no name is near; ready to be appended to a sentence.

    Names of the form ``vendor/name`` are also compared by their last part, so that ``dens`` finds ``core/dense``.
    """
    from difflib import get_close_matches  # two milliseconds that only an error should cost

    candidates: dict[str, str] = {}
    for name in islice(known, MOST_NAMES):
        candidates.setdefault(name.lower(), name)
        if "/" not in wrong:
            candidates.setdefault(name.rpartition("/")[2].lower(), name)
    near = get_close_matches(wrong[:MOST_LETTERS].lower(), candidates, n=1, cutoff=0.6)
    return f" Did you mean {candidates[near[0]]!r}?" if near else ""


def absent(name: str, vendors: Container[str]) -> str:
    """``" It comes with pellucid-cnn, which is not installed: …"``, or nothing if it is none of ours or is here.

    Args:
        name: what was asked for, ``vendor/name`` or the short name.
        vendors: those that are installed.
    """
    import tomllib  # as above
    from pathlib import Path

    vendor, slash, _ = name.partition("/")
    for home, own in tomllib.loads(Path(__file__).with_name("ours.toml").read_text(encoding="utf-8")).items():
        if home not in vendors and (vendor == home if slash else name in own["names"]):
            get = f"pip install pellucid-{home}, or in a checkout of pellucid: pip install ./{own['folder']}"
            return f" It comes with pellucid-{home}, which is not installed: {get}."
    return ""


def a(noun: str) -> str:
    """``"a layer"``, ``"an initializer"``."""
    return f"an {noun}" if noun[0] in "aeio" else f"a {noun}"


def listed(names: Iterable[str]) -> str:
    """``"a, b, c"``, or ``"none"``; of very many names the first, and how many more there are."""
    every = list(names)
    more = f" and {len(every) - MOST_NAMES:,} more" if len(every) > MOST_NAMES else ""
    return (", ".join(every[:MOST_NAMES]) or "none") + more


def said(value: Any) -> str:
    """``repr`` for messages: it does not fail where there are too many digits or levels."""
    try:
        return repr(value)
    except (ValueError, RecursionError) as error:
        return f"a {type(value).__name__} that cannot be shown, {error}"

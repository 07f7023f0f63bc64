"""Regular English endings -s, -ed and -ing: put on, and taken off. Irregular words are the caller's to skip."""

from __future__ import annotations

import re
from typing import Literal

Form = Literal["", "s", "ed", "ing"]
FORMS: tuple[tuple[Literal["noun", "verb"], Form], ...] = (
    ("noun", "s"),
    ("verb", "s"),
    ("verb", "ed"),
    ("verb", "ing"),
)
"""The inflected forms that are kept."""


def inflect(lemma: str, form: Form) -> str:
    """Return the regular form of a lemma.

    >>> [inflect(word, "ed") for word in ("ask", "change", "worry", "stay")]
    ['asked', 'changed', 'worried', 'stayed']
    >>> [inflect(word, "ing") for word in ("ask", "change", "see", "tie")]
    ['asking', 'changing', 'seeing', 'tying']
    >>> [inflect(word, "s") for word in ("wish", "baby", "day")]
    ['wishes', 'babies', 'days']
    """
    if form == "":
        return lemma
    if form == "ing":
        if lemma.endswith("ie"):
            return lemma[:-2] + "ying"
        drops_e = lemma.endswith("e") and not lemma.endswith(("ee", "oe", "ye"))
        return (lemma[:-1] if drops_e else lemma) + "ing"
    if re.search("[^aeiou]y$", lemma):
        return lemma[:-1] + "ie" + ("s" if form == "s" else "d")
    if form == "ed":
        return lemma + ("d" if lemma.endswith("e") else "ed")
    return lemma + ("es" if lemma.endswith(("s", "x", "z", "ch", "sh")) else "s")


def lemmas_of(word: str, form: Form) -> list[str]:
    """Return what ``inflect`` could have made the word from, real words or not.

    >>> lemmas_of("changed", "ed")
    ['chang', 'change']
    >>> lemmas_of("worried", "ed")
    ['worri', 'worrie', 'worry']
    >>> lemmas_of("ring", "ed")
    []
    """
    if form == "" or not word.endswith(form):
        return []
    stem = word[: -len(form)]
    guesses = {stem, stem + "e", stem + "ie"}
    if stem.endswith("i"):
        guesses.add(stem[:-1] + "y")  # worri(ed)
    if stem.endswith("e"):
        guesses.add(stem[:-1])  # wishe(s)
    if stem.endswith("ie"):
        guesses.add(stem[:-2] + "y")  # babie(s)
    if stem.endswith("y"):
        guesses.add(stem[:-1] + "ie")  # ty(ing)
    return sorted(lemma for lemma in guesses if len(lemma) > 1 and inflect(lemma, form) == word)

"""Synonym replacement: a few words of a text give way to WordNet synonyms, the label stays."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from dataclasses import dataclass

import numpy as np

from lane_core.data.augment.kept_words import KEPT_WORDS
from lane_core.data.augment.synonym_table import SynonymTable, shipped_table

REPLACED_RATE = 0.1
"""Share of a text's words that is replaced: EDA's alpha. LCL used 0.3, with nlpaug."""
MOST_REPLACED = 10

_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
# Parts of addresses, tags, file names and numbers are no words to play with: "@anna", "#love", "big.com", "x2".
_BEFORE = re.compile(r"(?:^|[\s(\[{\"'“‘*—–…])$")
_AFTER = re.compile(r"[.,;:!?…)\]}\"'”’*—–]*(?:\s|$)|[—–…]")
_SENTENCE_END = re.compile(r"(?:^|[.!?…:\n])[\s\"'“‘(\[*]*$")


@dataclass(frozen=True)
class _Place:
    start: int
    end: int
    options: list[str]


class SynonymReplacer:
    r"""Replaces n words of a text by random synonyms.

    .. math:: n = \mathrm{clip}(\mathrm{round}(p \cdot \text{words}),\ 1,\ 10)

    or as many as can be replaced, if those are fewer. Which words can be, and by what:
    ``SynonymTable``. Never replaced, and never put in: function words, negations, the words of the
    class names (in any of their forms). Never replaced: words capitalised inside a sentence or in capitals
    throughout, single letters, words with a hyphen or an apostrophe, parts of addresses, tags and numbers.
    English only: in another language hardly a word is found, and the texts stay as they are.

    Source: Zhang et al. 2015; Wei & Zou 2019 (EDA), section 2. Differs from the paper: LANE names the operation
    and gives no setting; EDA draws any synonym of any sense.
    """

    def __init__(self, class_names: Iterable[str] = (), table: SynonymTable | None = None) -> None:
        self.table = table or shipped_table()
        self.kept = KEPT_WORDS | self._forms_of(class_names)
        self._options: dict[str, list[str]] = {}

    def replace(self, text: str, generator: np.random.Generator, rate: float = REPLACED_RATE) -> str:
        """Return the text with some words replaced; the text itself where none can be.

        Args:
            text: Any text.
            generator: Decides which words, and which synonyms.
            rate: p, the share of words to replace.

        Example:
            >>> replacer = SynonymReplacer(class_names=["joy"])
            >>> replacer.replace("The photo gave no joy.", np.random.default_rng(0))
            'The photograph gave no joy.'
        """
        words = list(_WORD.finditer(text))
        places = [place for word in words if (place := self._place(text, word))]
        if not places:
            return text
        wanted = min(max(round(rate * len(words)), 1), MOST_REPLACED, len(places))
        chosen = sorted(generator.choice(len(places), size=wanted, replace=False).tolist())
        pieces, done = [], 0
        for place in (places[at] for at in chosen):
            pieces += [text[done : place.start], place.options[generator.integers(len(place.options))]]
            done = place.end
        return "".join([*pieces, text[done:]])

    def _place(self, text: str, word: re.Match[str]) -> _Place | None:
        found = word.group()
        starts_sentence = found.istitle() and _SENTENCE_END.search(text, 0, word.start()) is not None
        if not (found.islower() or starts_sentence) or not _stands_alone(text, word):
            return None
        options = self._replacements(found.lower()) if len(found) > 1 else []  # "100 m"
        if not options:
            return None
        return _Place(
            word.start(),
            word.end(),
            [option.capitalize() for option in options] if starts_sentence else options,
        )

    def _replacements(self, word: str) -> list[str]:
        if word not in self._options:
            reading = self.table.sure_reading(word)
            is_kept = reading is None or not self.kept.isdisjoint((word, reading.lemma))
            self._options[word] = (
                []
                if is_kept
                else [
                    other
                    for other in self.table.replacements(word)
                    if self._lemmas(other).isdisjoint(self.kept)
                ]
            )
        return self._options[word]

    def _lemmas(self, word: str) -> Set[str]:
        return {word} | {reading.lemma for reading in self.table.readings(word)}

    def _forms_of(self, class_names: Iterable[str]) -> set[str]:
        words = {word for name in class_names for word in re.findall(r"[^\W\d_]+", name.lower())}
        return words | {lemma for word in words for lemma in self._lemmas(word)}


def _stands_alone(text: str, word: re.Match[str]) -> bool:
    # Looking back from a position needs the one character before it, and no more.
    before = text[max(word.start() - 1, 0) : word.start()]
    return _BEFORE.search(before) is not None and _AFTER.match(text, word.end()) is not None

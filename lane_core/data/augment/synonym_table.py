"""Which words may stand for a word: WordNet's synonyms, read without a tagger and with caution.

A wrong synonym changes what a text says, and with it the label; a missed one costs little. So a word is
replaced only where four things hold:

1. **Its part of speech is sure.** A form such as "walks" has several readings (noun plural, verb). A reading
   counts as often as WordNet's sense-tagged texts use its lemma in that part of speech; the form is read so
   when that is at least 90 % of all its readings, or when it is the only one.
2. **The sense is the most frequent one**, WordNet's first.
3. **It holds both ways**: the word is also among the synonyms of the replacement's first sense
   ("car" gives "auto", not "machine").
4. **The replacement is in use**: the tagged texts hold it in that part of speech.

The cost: 7 of 100 words of English short texts can be replaced instead of the 22 that have any synonym
in a sure part of speech; about one text in four keeps all its words (README.md beside this file).
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Literal

from lane_core.data.augment.inflection import FORMS, Form, inflect, lemmas_of
from lane_core.data.writing.manifest import file_sha256

TABLE_PATH = Path(__file__).with_name("wordnet_synonyms.json.gz")
SURE_SHARE = 0.9
"""Share of the tagged uses that a reading needs to be taken as the only one."""

Part = Literal["noun", "verb", "adj", "adv"]


@dataclass(frozen=True)
class Reading:
    """One way to read a form: which lemma, which part of speech, which ending (None: another, irregular)."""

    lemma: str
    part: Part
    form: Form | None


@dataclass(frozen=True)
class SynonymTable:
    """The derived table; its three parts are described in ``build_table``."""

    synonyms: Mapping[Part, Mapping[str, str]]
    tagged: Mapping[Part, Mapping[str, int]]
    irregular: Mapping[Part, Mapping[str, str]]

    def readings(self, word: str) -> list[Reading]:
        """Return every way to read a lower-case word, regular endings taken off, irregular forms looked up."""
        found = [Reading(word, part, "") for part in self.synonyms if self._knows(word, part)]
        found += [
            Reading(self.irregular[part][word], part, None)
            for part in self.irregular
            if word in self.irregular[part]
        ]
        for part, form in FORMS:
            found += [
                Reading(lemma, part, form)
                for lemma in lemmas_of(word, form)
                if self._knows(lemma, part) and (lemma, part, form) not in self._irregular_forms
            ]
        return found

    def sure_reading(self, word: str) -> Reading | None:
        """Return the reading of a lower-case word where there is no real doubt, else None."""
        readings = self.readings(word)
        if len(readings) == 1:
            return readings[0]
        uses = [self.tagged[reading.part].get(reading.lemma, 0) for reading in readings]
        if sum(uses) == 0 or max(uses) < SURE_SHARE * sum(uses):
            return None
        return readings[uses.index(max(uses))]

    def replacements(self, word: str) -> list[str]:
        """Return the words, in the same form, that may stand for a lower-case word; often none."""
        reading = self.sure_reading(word)
        if reading is None or reading.form is None:
            return []
        part, form = reading.part, reading.form
        return [
            inflect(other, form)
            for other in self._first_sense(reading.lemma, part)
            if reading.lemma in self._first_sense(other, part)
            and self.tagged[part].get(other, 0) > 0
            and self._can_inflect(other, part, form)
        ]

    def _first_sense(self, lemma: str, part: Part) -> list[str]:
        return self.synonyms[part].get(lemma, "").split("|")[0].split()

    def _knows(self, lemma: str, part: Part) -> bool:
        return lemma in self.synonyms[part] or lemma in self.tagged[part]

    def _can_inflect(self, lemma: str, part: Part, form: Form) -> bool:
        looks_plural = form == "s" and lemma.endswith("s") and not lemma.endswith("ss")  # takings, goods
        return (lemma, part, form) not in self._irregular_forms and not looks_plural

    @cached_property
    def _irregular_forms(self) -> frozenset[tuple[str, Part, Form]]:
        found: set[tuple[str, Part, Form]] = {
            (lemma, "noun", "s") for lemma in self.irregular["noun"].values()
        }
        for word, lemma in self.irregular["verb"].items():
            form: Form = "ing" if word.endswith("ing") else "s" if word.endswith("s") else "ed"
            found.add((lemma, "verb", form))
            if form == "ing":  # setting: "seted" is no word either
                found.add((lemma, "verb", "ed"))
        return frozenset(found)


@cache
def shipped_table() -> SynonymTable:
    """Return the table that comes with the package, read once."""
    values = json.loads(gzip.decompress(TABLE_PATH.read_bytes()))
    return SynonymTable(values["synonyms"], values["tagged"], values["irregular"])


@cache
def table_sha256() -> str:
    """Return the SHA-256 of the shipped file: views made from another table are other views."""
    return file_sha256(TABLE_PATH)

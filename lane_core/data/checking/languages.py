"""Which texts are no words, and which are clearly in another script or language than most: counted, not learnt.

The letters of a text are told apart by the first byte of each in UTF-8, many texts at a time; languages in Latin
letters by their commonest words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from lane_core.data.checking.common_words import COMMON_WORDS

SCRIPTS = (
    "Latin",
    "Greek",
    "Cyrillic",
    "Hebrew",
    "Arabic",
    "Indic or Thai",
    "Chinese, Japanese or Korean",
)
_CJK = len(SCRIPTS) - 1
_HEAD = 200
"""Characters, and bytes, of each text that are looked at: the counts of one text fit into a byte each."""
_CHUNK = 10_000
"""Texts whose bytes are looked at together, so that memory does not grow with the file."""
_LATIN, _CONTROL, _SPACE, _DIGIT, _SIGN, _OTHER = range(6)
_KINDS = (
    (0x41, 0x5A, _LATIN), (0x61, 0x7A, _LATIN), (0xC3, 0xC9, _LATIN), (0xE1, 0xE1, _LATIN),
    (0x00, 0x08, _CONTROL), (0x0E, 0x1F, _CONTROL), (0x7F, 0x7F, _CONTROL), (0x09, 0x0D, _SPACE), (0x20, 0x20, _SPACE),
    (0x30, 0x39, _DIGIT), (0x21, 0x2F, _SIGN), (0x3A, 0x40, _SIGN), (0x5B, 0x60, _SIGN), (0x7B, 0x7E, _SIGN),
    (0xC2, 0xC2, _SIGN), (0xEE, 0xEF, _SIGN),
    # Letters of other scripts, and signs that say something, as hearts and faces do.
    (0xCA, 0xE0, _OTHER), (0xE2, 0xED, _OTHER), (0xF0, 0xF4, _OTHER),
)  # fmt: skip
_LETTERS = (
    (0x41, 0x5A, 0), (0x61, 0x7A, 0), (0xC3, 0xC9, 0), (0xE1, 0xE1, 0), (0xCE, 0xCF, 1), (0xD0, 0xD3, 2),
    (0xD6, 0xD7, 3), (0xD8, 0xDB, 4), (0xE0, 0xE0, 5), (0xE3, 0xED, 6),
)  # fmt: skip
_CODE = re.compile(r"[A-Za-z0-9+/_=-]{40,}")
_SAMPLE = 4_000
_SURE_WORDS = 3
"""Distinct common words of one language, and three times as many as of any other, that say it is that one."""
_FEW = 0.002
"""Share of a sample below which texts of another language are more likely names, titles and quotations."""


@dataclass(frozen=True)
class Tongues:
    """What the letters of texts say about them."""

    is_junk: NDArray[np.bool_]
    names: tuple[str, ...]
    """Scripts, then languages in Latin letters."""
    codes: NDArray[np.int8]
    """Position in ``names`` of each text that is clearly of another script or language than most; -1 for others."""
    most: str = ""
    """The script or language of most texts; empty if that is not clear."""


def tongues_of(texts: Sequence[str]) -> Tongues:
    """Return which texts are no words, and which are clearly not in the language of most.

    A text is of a script if nine in ten of its letters are. Languages are only told apart among texts in Latin
    letters, and only where a sample of them shows two.

    Args:
        texts: Without space around them; lone surrogates are not allowed.
    """
    kinds = _counts(texts, _KIND_TABLE)
    scripts = _scripts(texts, kinds)
    names = SCRIPTS + tuple(COMMON_WORDS)
    is_junk = _junk(texts, kinds)
    codes = np.full(len(texts), -1, np.int8)
    counts = np.bincount(scripts[scripts >= 0], minlength=len(SCRIPTS))
    if not counts.any():
        return Tongues(is_junk, names, codes)
    most = int(counts.argmax())
    is_other = (scripts >= 0) & (scripts != most)
    codes[is_other] = scripts[is_other]
    language = _tell_languages(texts, np.flatnonzero(scripts == 0), codes) if most == 0 else ""
    return Tongues(is_junk, names, codes, language or SCRIPTS[most])


def _table(ranges: Sequence[tuple[int, int, int]]) -> NDArray[np.uint64]:
    """Return for each byte a number with a one in the eighth of it where its kind is counted."""
    table = np.zeros(256, dtype=np.uint64)
    for first, last, kind in ranges:
        table[first : last + 1] = np.uint64(1) << np.uint64(8 * kind)
    return table


_KIND_TABLE, _LETTER_TABLE = _table(_KINDS), _table(_LETTERS)


def _counts(texts: Sequence[str], table: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Return how many characters of each kind the beginning of each text has, a row each."""
    found = np.zeros((len(texts), 8), np.uint8)
    for start in range(0, len(texts), _CHUNK):
        heads = [text[:_HEAD].encode()[:_HEAD] for text in texts[start : start + _CHUNK]]
        # A byte that nothing counts ends every text, so that none is empty.
        data = np.frombuffer(b"\x80".join(heads) + b"\x80", dtype=np.uint8)
        starts = np.cumsum([0, *(len(head) + 1 for head in heads[:-1])])
        sums = np.add.reduceat(table[data], starts).astype("<u8")
        found[start : start + len(heads)] = sums.view(np.uint8).reshape(-1, 8)
    return found


def _scripts(texts: Sequence[str], kinds: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Return the script of each text, -1 where it has none that is clear."""
    scripts = np.where(kinds[:, _LATIN] >= 4, 0, -1).astype(np.int8)
    mixed = np.flatnonzero(kinds[:, _OTHER])
    letters = _counts([texts[row] for row in mixed.tolist()], _LETTER_TABLE).astype(np.int64)
    found, largest = letters.argmax(axis=1), letters.max(axis=1)
    is_clear = (largest * 10 >= letters.sum(axis=1) * 9) & (largest >= np.where(found == _CJK, 2, 4))
    scripts[mixed] = np.where(is_clear, found, -1)
    return scripts


def _junk(texts: Sequence[str], kinds: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which texts hold control characters, hardly a letter, or a code such as base64."""
    counts = kinds.astype(np.int32)
    letters = counts[:, _LATIN] + counts[:, _OTHER]
    visible = letters + counts[:, _DIGIT] + counts[:, _SIGN]
    controls = counts[:, _CONTROL]
    is_junk = (controls > 0) & (controls * 20 >= visible + controls)
    is_junk |= (visible >= 12) & (letters * 10 < visible * 3)
    may_be_code = (visible >= 40) & (counts[:, _SPACE] == 0) & (counts[:, _DIGIT] > 1)
    for row in np.flatnonzero(may_be_code & ~is_junk).tolist():
        is_junk[row] = _CODE.fullmatch(texts[row]) is not None
    return np.asarray(is_junk)


def _tell_languages(texts: Sequence[str], rows: NDArray[np.int64], codes: NDArray[np.int8]) -> str:
    """Write the codes of the rows that are clearly in another language than most; return that of most, or ""."""
    sample = rows[:: max(1, len(rows) // _SAMPLE)]
    counts = np.bincount(_languages([texts[row] for row in sample.tolist()]) + 1, minlength=2)[1:]
    most = int(counts.argmax())
    if counts[most] < max(1, counts.sum() / 2):
        return ""
    if counts.sum() - counts[most] > _FEW * len(sample):
        languages = _languages([texts[row] for row in rows.tolist()])
        is_other = (languages >= 0) & (languages != most)
        codes[rows[is_other]] = languages[is_other] + len(SCRIPTS)
    return tuple(COMMON_WORDS)[most]


def _languages(texts: Sequence[str]) -> NDArray[np.int64]:
    """Return the position in COMMON_WORDS of the language of each text, -1 where it is not clear."""
    sums = [sum(map(_PACKED.get, set(text[:_HEAD].lower().split()), repeat(0))) for text in texts]
    hits = np.array(sums, dtype="<u8").view(np.uint8).reshape(-1, 8)[:, : len(COMMON_WORDS)].astype(np.int64)
    ordered = np.sort(hits, axis=1)
    most, second = ordered[:, -1], ordered[:, -2]
    return np.where((most >= _SURE_WORDS) & (most >= 3 * second), hits.argmax(axis=1), -1)


def _packed_words() -> dict[str, int]:
    """Return each common word with a one in the eighth of a number that belongs to each of its languages."""
    packed: dict[str, int] = {}
    for position, words in enumerate(COMMON_WORDS.values()):
        for word in set(words.split()):
            packed[word] = packed.get(word, 0) + (1 << 8 * position)
    return packed


_PACKED = _packed_words()

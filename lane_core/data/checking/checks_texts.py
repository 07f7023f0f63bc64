"""What can be wrong with the texts of a file, alone and against each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from lane_core.data.checking.checked_rows import CheckedRows, Finding, Mask, finding, in_words, short
from lane_core.data.checking.fixes import Fixes
from lane_core.wording import percent

ENCODER_PIECES = 256
"""Word pieces of a text that the packaged encoder reads."""
_CHARS_A_PIECE = 4.5
"""Of English prose, the space after a word counted."""


def empty_text(rows: CheckedRows, fixes: Fixes) -> Iterator[Finding]:
    """Rows without a text; a file of nothing else is refused, since leaving them out would leave nothing."""
    found = rows.kept & (rows.text_codes < 0)
    if found.any() and found.sum() == rows.kept.sum():
        message = (
            f"No row of {rows.file_name} has a text: it is blank in all {int(found.sum()):,}. Choose another text "
            "column, or another file."
        )
        yield finding(rows, found, "empty_text", message, blocking=True)
    elif found.any():
        message = (
            f"{in_words(found, 'has', 'have')} no text in {rows.file_name}. "
            "Nothing can be learnt from an empty text."
        )
        after = rows.without(found) if fixes.drop_empty else None
        yield finding(rows, found, "empty_text", message, fix="drop_empty", after=after)


def junk_text(rows: CheckedRows, fixes: Fixes) -> Iterator[Finding]:
    """Rows whose text is no words."""
    found = rows.kept & rows.tongues.is_junk
    if found.any():
        message = (
            f"{in_words(found, 'has', 'have')} a text in {rows.file_name} that is no words: control characters, a "
            f"code, or hardly a letter. The first is {_first(rows, found)}."
        )
        after = rows.without(found) if fixes.drop_junk else None
        yield finding(rows, found, "junk_text", message, fix="drop_junk", after=after)


def other_language(rows: CheckedRows, fixes: Fixes) -> Iterator[Finding]:
    """Rows whose text is clearly not in the script or language of most."""
    tongues = rows.tongues
    found = rows.kept & (tongues.codes >= 0) & ~tongues.is_junk
    if found.any():
        counts = Counter(tongues.names[code] for code in tongues.codes[found].tolist())
        named = ", ".join(f"{name} {count:,}" for name, count in counts.most_common())
        share = percent(found.sum() / rows.kept.sum())
        message = (
            f"{in_words(found, 'is', 'are')} clearly not in {tongues.most}, as most texts of {rows.file_name} are: "
            f"{named} ({share} of the texts). The packaged encoder was made for English."
        )
        after = rows.without(found) if fixes.drop_other_language else None
        yield finding(rows, found, "other_language", message, fix="drop_other_language", after=after)


def leaks(rows: CheckedRows, fixes: Fixes) -> Iterator[Finding]:
    """Texts for training that are there for validation or testing too."""
    usable = rows.labelled & (rows.text_codes >= 0)
    is_held_out = usable & rows.is_split("validation", "test")
    if not is_held_out.any():
        return
    seen = np.zeros(rows.text_codes.max() + 1, dtype=bool)
    seen[rows.text_codes[is_held_out]] = True
    found = usable & rows.is_split("train")
    found[found] = seen[rows.text_codes[found]]
    if found.any():
        message = (
            f"{in_words(found, 'for training has', 'for training have')} a text in {rows.file_name} that is there for "
            f"validation or testing too, {_first(rows, found)} for one. The figures of a run would look better than "
            "they are."
        )
        after = rows.without(found) if fixes.drop_leaks else None
        yield finding(rows, found, "leaks", message, fix="drop_leaks", after=after)


def duplicates(rows: CheckedRows, fixes: Fixes) -> Iterator[Finding]:
    """Rows that repeat text, label and split of an earlier one."""
    usable = np.flatnonzero(rows.labelled & (rows.text_codes >= 0))
    key = (rows.text_codes[usable] * len(rows.classes) + rows.label_codes[usable]) * 4 + rows.split_codes[
        usable
    ]
    found = np.zeros(len(rows.kept), dtype=bool)
    found[usable] = pd.Series(key).duplicated().to_numpy()
    if found.any():
        message = (
            f"{in_words(found, 'repeats', 'repeat')} an earlier row of {rows.file_name} with the same text and label, "
            f"{_first(rows, found)} for one. What is there twice counts twice."
        )
        after = rows.without(found) if fixes.drop_duplicates else None
        yield finding(rows, found, "duplicates", message, fix="drop_duplicates", after=after)


def conflicting_duplicates(rows: CheckedRows) -> Iterator[Finding]:
    """Rows with equal texts and different labels: what the review is for."""
    usable = rows.labelled & (rows.text_codes >= 0)
    pairs = pd.DataFrame(
        {"text": rows.text_codes[usable], "label": rows.label_codes[usable]}
    ).drop_duplicates()
    num_labels = np.bincount(pairs["text"], minlength=rows.text_codes.max(initial=-1) + 1)
    found = usable.copy()
    found[usable] = num_labels[rows.text_codes[usable]] > 1
    if found.any():
        first = int(np.argmax(found))
        codes = pairs.loc[pairs["text"] == rows.text_codes[first], "label"]
        labels = " and ".join(short(name) for name in sorted(rows.classes[code] for code in codes))
        message = (
            f"{in_words(found, 'has', 'have')} a text in {rows.file_name} that another row labels differently: "
            f"{_first(rows, found)} is {labels}. They cannot all be right; the review shows them side by side."
        )
        yield finding(rows, found, "conflicting_duplicates", message)


def long_text(rows: CheckedRows) -> Iterator[Finding]:
    """Texts of which the encoder does not read the end."""
    found = rows.kept & rows.is_long
    if found.any():
        message = (
            f"{in_words(found, 'has', 'have')} a text of {rows.file_name} that is longer than the packaged encoder "
            f"reads: about {ENCODER_PIECES} word pieces, or 190 English words. What comes after that is not learnt "
            "from; people see the whole text."
        )
        yield finding(rows, found, "long_text", message)


def are_long(texts: Sequence[str]) -> Mask:
    """Return which texts have, by their characters, more word pieces than the encoder reads.

    Letters beyond a to z are pieces of their own to an encoder that was made for English.
    """
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    found = lengths > ENCODER_PIECES * _CHARS_A_PIECE
    for position in np.flatnonzero((lengths > ENCODER_PIECES) & ~found).tolist():
        text = texts[position]
        if not text.isascii():
            plain = len(text.encode("ascii", "ignore"))
            found[position] = plain / _CHARS_A_PIECE + len(text) - plain > ENCODER_PIECES
    return found


def _first(rows: CheckedRows, found: Mask) -> str:
    return short(rows.text_at(int(np.argmax(found))))

"""What the words of a split column mean."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from lane_core.data.cells import cell_text
from lane_core.records import SPLITS, Split

TRAIN_WORDS = frozenset({"train", "training", "tr"})
_VALIDATION_WORDS = frozenset({"val", "valid", "validation", "dev"})
_TEST_WORDS = frozenset({"test", "testing", "eval"})


def split_of(value: object) -> Split:
    """Return the split that a cell names in any case; whatever is not a word for one, blank too, is "train".

    Example:
        >>> [split_of(word) for word in ("Dev", "testing", "fold 3", None)]
        ['validation', 'test', 'train', 'train']
    """
    word = cell_text(value).strip().lower()
    if word in _VALIDATION_WORDS:
        return "validation"
    return "test" if word in _TEST_WORDS else "train"


def is_split_word(word: str) -> bool:
    """Return whether a word, in any case, names a split.

    Example:
        >>> is_split_word("Train"), is_split_word("joy")
        (True, False)
    """
    return word.strip().lower() in TRAIN_WORDS | _VALIDATION_WORDS | _TEST_WORDS


def split_codes(values: Iterable[object]) -> NDArray[np.int64]:
    """Return the position in SPLITS of the split that each cell names."""
    known: dict[str, int] = {}
    codes = []
    for value in values:
        text = value if isinstance(value, str) else cell_text(value)
        # Words repeat: each is looked at once.
        if text not in known:
            known[text] = SPLITS.index(split_of(text))
        codes.append(known[text])
    return np.array(codes, dtype=np.int64)

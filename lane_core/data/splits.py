"""What the words of a split column mean."""

from __future__ import annotations

from lane_core.data.cells import cell_text
from lane_core.records import Split

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

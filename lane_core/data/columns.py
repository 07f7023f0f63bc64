"""Which column of a file holds the text, the label, the id and the split: guessed by name, then by content."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from lane_core.data.cells import cell_text
from lane_core.data.splits import TRAIN_WORDS
from lane_core.data.tables import Table
from lane_core.errors import DataError
from lane_core.records import ColumnChoice

_TEXT_NAMES = (
    "text", "sentence", "utterance", "content", "comment", "review", "message", "tweet", "post", "body",
    "question", "query", "document", "headline", "title",
)  # fmt: skip
_LABEL_NAMES = (
    "label", "labels", "given_label", "emotion", "intent", "class", "category", "target", "sentiment", "topic",
    "tag", "annotation",
)  # fmt: skip
_ID_NAMES = ("id", "example_id", "row_id", "uuid", "guid", "sample_id")
_SPLIT_NAMES = ("split", "partition", "set", "fold", "subset")
_SAMPLED_ROWS = 1000


def guess_columns(
    table: Table,
    text: str | None = None,
    label: str | None = None,
    example_id: str | None = None,
    split: str | None = None,
) -> ColumnChoice:
    """Return which columns hold what; a column named by the caller is taken as it is.

    A column is found by its name, else by its content: the text is the column with the longest cells, the label the
    one with the fewest distinct values. An id column is only guessed if every row has its own id, a split column only
    if some row says that it is for training.

    Raises:
        DataError: If a named column does not exist, one column is named twice, or no text or label can be found.
    """
    for name in (text, label, example_id, split):
        _require_column(table, name)
    profiles = {name: _profile(table, name) for name in table.columns}
    free = [name for name in table.columns if name not in (text, label, example_id, split)]

    def take(found: str | None) -> str | None:
        if found is not None:
            free.remove(found)
        return found

    label = label or take(_by_name(free, _LABEL_NAMES, lambda name: profiles[name].is_flat))
    text = text or take(_by_name(free, _TEXT_NAMES, lambda name: profiles[name].is_flat))
    split = split or take(_by_name(free, _SPLIT_NAMES, lambda name: _names_training(table, name)))
    example_id = example_id or take(_by_name(free, _ID_NAMES, lambda name: _is_unique(table, name)))
    example_id = example_id or take(
        _by_word(free, ("id", "uuid", "guid"), lambda name: _is_unique(table, name))
    )
    label = label or take(_by_word(free, _LABEL_NAMES, lambda name: profiles[name].is_label_like))
    text = text or take(_longest(profiles[name] for name in free))
    label = label or take(_fewest_values(profiles[name] for name in free))
    for role, found in (("text", text), ("label", label)):
        if found is None:
            raise DataError(
                f"No column of {table.name} looks like the {role} (columns: {', '.join(table.columns)}). "
                f"Say which column holds the {role}."
            )
    columns = ColumnChoice(str(text), str(label), example_id, split)
    require_columns(table, columns)
    return columns


def require_columns(table: Table, columns: ColumnChoice) -> None:
    """Raise DataError if a chosen column does not exist or is chosen for two things."""
    chosen = [columns.text, columns.label, columns.example_id, columns.split]
    for name in chosen:
        _require_column(table, name)
        if name is not None and chosen.count(name) > 1:
            raise DataError(
                f"Column {name!r} of {table.name} is chosen for two things. "
                "Text, label, id and split need a column each."
            )


def _require_column(table: Table, name: str | None) -> None:
    if name is None or name in table.columns:
        return
    close = get_close_matches(name, table.columns, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise DataError(f"{table.name} has no column {name!r}; {hint}It has: {', '.join(table.columns)}.")


@dataclass(frozen=True)
class _Profile:
    """What the first rows of a column look like."""

    name: str
    is_flat: bool
    """No list and no object among the cells."""
    mean_length: float
    num_values: int
    num_filled: int
    is_numeric: bool

    @property
    def is_label_like(self) -> bool:
        """Return whether cells repeat, as labels do."""
        return self.is_flat and 2 <= self.num_values <= self.num_filled / 2


def _profile(table: Table, name: str) -> _Profile:
    values = table.values(name)[:_SAMPLED_ROWS]
    texts = [text for value in values if (text := cell_text(value).strip())]
    return _Profile(
        name=name,
        is_flat=not any(isinstance(value, (list, dict)) for value in values),
        mean_length=sum(map(len, texts)) / max(len(texts), 1),
        num_values=len(set(texts)),
        num_filled=len(texts),
        is_numeric=all(re.fullmatch(r"[-+\d.,:eE/ ]+", text) for text in texts),
    )


def _by_name(candidates: Sequence[str], names: Sequence[str], accept: Callable[[str], bool]) -> str | None:
    """Return the accepted column that is called by the first of these names, whatever its case and separators."""
    return next(
        (
            found
            for name in names
            for found in candidates
            if _words(found) == name.split("_") and accept(found)
        ),
        None,
    )


def _by_word(candidates: Sequence[str], names: Sequence[str], accept: Callable[[str], bool]) -> str | None:
    """Return the accepted column that has the first of these names among its words (``emotion_label``)."""
    return next(
        (found for name in names for found in candidates if name in _words(found) and accept(found)), None
    )


def _words(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return [word for word in re.split(r"[^a-z0-9]+", spaced.lower()) if word]


def _names_training(table: Table, name: str) -> bool:
    return any(cell_text(value).strip().lower() in TRAIN_WORDS for value in table.values(name))


def _is_unique(table: Table, name: str) -> bool:
    texts = {cell_text(value).strip() for value in table.values(name)}
    return len(texts) == table.num_rows and "" not in texts


def _longest(profiles: Iterable[_Profile]) -> str | None:
    candidates = [profile for profile in profiles if profile.is_flat and not profile.is_numeric]
    return max(candidates, key=lambda profile: profile.mean_length).name if candidates else None


def _fewest_values(profiles: Iterable[_Profile]) -> str | None:
    candidates = [profile for profile in profiles if profile.is_label_like]
    return (
        min(candidates, key=lambda profile: (profile.is_numeric, profile.num_values)).name
        if candidates
        else None
    )

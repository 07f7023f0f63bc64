"""Which column of a file holds the text, the label, the id and the split: guessed by name, then by content."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from lane_core.data.cells import as_class, cell_text
from lane_core.data.formats.headers import names_in_words
from lane_core.data.splits import TRAIN_WORDS, is_split_word
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
_ID_WORDS = ("id", "uuid", "guid", "nr", "number", "key")
_SPLIT_NAMES = ("split", "partition", "set", "fold", "subset")
_PERSON_NAMES = (
    "annotator", "ann", "anno", "rater", "coder", "labeler", "labeller", "worker", "judge", "expert", "reviewer",
    "person", "user",
)  # fmt: skip
_SAMPLED_ROWS = 1000


def guess_columns(
    table: Table,
    text: str | None = None,
    label: str | None = None,
    example_id: str | None = None,
    split: str | None = None,
) -> ColumnChoice:
    """Return which columns hold what; a column named by the caller is taken as it is.

    What the format says comes next. Any other column is found by its name, else by its content: the text is the column
    with the longest cells, the label the one whose class names the format holds, else the one with the fewest distinct
    values, unless it is one of several people's. An id column is only guessed if every row has its own id, a split
    column only if some row says that it is for training, or its cells are nothing but words for splits.

    Raises:
        DataError: If a named column does not exist, one column is named twice, or no text or label can be found.
    """
    for name in (text, label, example_id, split):
        _require_column(table, name)
    text, label, example_id, split = _known(table, text, label, example_id, split)
    profiles = {name: _profile(table, name) for name in table.columns}
    free = [name for name in table.columns if name not in (text, label, example_id, split)]

    def take(found: str | None) -> str | None:
        if found is not None:
            free.remove(found)
        return found

    listed = [name for name in free if table.class_names.get(name)]
    label = label or take(_by_name(listed or free, _LABEL_NAMES, lambda name: profiles[name].is_flat))
    label = label or take(next(iter(listed), None))
    text = text or take(_by_name(free, _TEXT_NAMES, lambda name: profiles[name].is_flat))
    split = split or take(_by_name(free, _SPLIT_NAMES, lambda name: _names_training(table, name)))
    split = split or take(next((name for name in free if profiles[name].names_splits), None))
    example_id = example_id or take(_by_name(free, _ID_NAMES, lambda name: _is_unique(table, name)))
    example_id = example_id or take(_by_word(free, _ID_WORDS, lambda name: _is_unique(table, name)))
    people = _people([profiles[name] for name in free])
    shared = [name for name in free if name not in people]
    label = label or take(_by_word(shared, _LABEL_NAMES, lambda name: profiles[name].is_label_like))
    text = text or take(_longest(profiles[name] for name in free if name not in people))
    label = label or take(_fewest_values(profiles[name] for name in shared if name in free))
    if label is None and people:
        named = ", ".join(map(repr, people))
        raise DataError(
            f"{table.name} has labels of several people ({named}) and no column with the label to audit. "
            "Add a column with the one that most of them chose, or say whose column is to be audited."
        )
    for role, found in (("text", text), ("label", label)):
        if found is None:
            raise DataError(
                f"No column of {table.name} looks like the {role} (columns: {names_in_words(table.columns)}). "
                f"Say which column holds the {role}."
            )
    columns = ColumnChoice(
        str(text), str(label), example_id, split, class_names=table.class_names.get(str(label), ())
    )
    require_columns(table, columns)
    return columns


def _known(table: Table, *chosen: str | None) -> tuple[str | None, ...]:
    """Return text, label, id and split column: each as chosen, else as the format says it, if it is still free."""
    known = table.known_columns
    if known is None:
        return chosen
    said = (known.text, known.label, known.example_id, known.split)
    return tuple(
        mine or (None if theirs in chosen else theirs) for mine, theirs in zip(chosen, said, strict=True)
    )


def guess_annotators(table: Table, columns: ColumnChoice) -> tuple[str, ...]:
    """Return the free columns that look like the labels of one person each; none if there are not two of them.

    Such a column has a name like annotator_1, rater_b or label2, shares two classes or more with the label column, and
    half of its distinct values are classes. If the format says which columns are people's, it is these.
    """
    taken = (columns.text, columns.label, columns.example_id, columns.split)
    if table.known_columns is not None and table.known_columns.annotators:
        return tuple(name for name in table.known_columns.annotators if name not in taken)
    classes = _profile(table, columns.label).values
    found = []
    for name in table.columns:
        if name in taken or not _names_person(name):
            continue
        profile = _profile(table, name)
        values = {as_class(value, classes) for value in profile.values}
        if profile.is_flat and len(values & classes) >= max(2, len(values) / 2):
            found.append(name)
    return tuple(found) if len(found) > 1 else ()


def require_columns(table: Table, columns: ColumnChoice) -> None:
    """Raise DataError if a chosen column does not exist or is chosen for two things."""
    chosen = [columns.text, columns.label, columns.example_id, columns.split, *columns.annotators]
    for name in chosen:
        _require_column(table, name)
        if name is not None and chosen.count(name) > 1:
            raise DataError(
                f"Column {name!r} of {table.name} is chosen for two things. "
                "Text, label, id, split and each person's labels need a column of their own."
            )


def _require_column(table: Table, name: str | None) -> None:
    if name is None or name in table.columns:
        return
    close = get_close_matches(name, table.columns, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise DataError(f"{table.name} has no column {name!r}; {hint}It has: {names_in_words(table.columns)}.")


@dataclass(frozen=True)
class _Profile:
    """What the first rows of a column look like."""

    name: str
    is_flat: bool
    """No list and no object among the cells."""
    mean_length: float
    values: frozenset[str]
    num_filled: int
    is_numeric: bool

    @property
    def is_label_like(self) -> bool:
        """Return whether cells repeat, as labels do."""
        return self.is_flat and 2 <= len(self.values) <= self.num_filled / 2

    @property
    def names_splits(self) -> bool:
        """Return whether the cells are words for splits and nothing else, whatever the column is called."""
        return len(self.values) > 1 and all(map(is_split_word, self.values))


def _profile(table: Table, name: str) -> _Profile:
    values = table.values(name)[:_SAMPLED_ROWS]
    texts = [text for value in values if (text := cell_text(value).strip())]
    return _Profile(
        name=name,
        is_flat=not any(isinstance(value, (list, dict)) for value in values),
        mean_length=sum(map(len, texts)) / max(len(texts), 1),
        values=frozenset(texts),
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


def _people(profiles: Sequence[_Profile]) -> list[str]:
    """Return the columns that are named like people's and share labels with another such column."""
    named = [profile for profile in profiles if _names_person(profile.name) and profile.is_label_like]
    return [
        profile.name
        for profile in named
        if any(other is not profile and len(other.values & profile.values) >= 2 for other in named)
    ]


def _names_person(name: str) -> bool:
    """Return whether a column is called like a person (``rater_b``) or a counted label (``label2``, ``emotion_a``)."""
    words = [part for word in _words(name) for part in re.findall(r"[a-z]+|[0-9]+", word)]
    if any(word in _PERSON_NAMES for word in words):
        return True
    is_counted = len(words) > 1 and (words[-1].isdigit() or len(words[-1]) == 1)
    return is_counted and any(word in _LABEL_NAMES for word in words[:-1])


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
    """Return the column with the fewest values; in a short file it need not look like labels, only repeat."""
    repeating = [
        profile for profile in profiles if profile.is_flat and 2 <= len(profile.values) < profile.num_filled
    ]
    found = min(
        repeating,
        key=lambda profile: (not profile.is_label_like, profile.is_numeric, len(profile.values)),
        default=None,
    )
    return None if found is None else found.name

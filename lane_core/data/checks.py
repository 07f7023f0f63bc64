"""What a person should know about a file before it is stored."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from lane_core.data.cells import as_class, cell_label, cell_text
from lane_core.data.columns import require_columns
from lane_core.data.tables import Table
from lane_core.errors import DataError
from lane_core.records import ColumnChoice, Problem

_ROWS_KEPT = 20
_LABEL_CHARACTERS = 60
_ROWS_NAMED = 3
_LABELS_NAMED = 5
MAX_CLASSES = 1000
"""More labels than this are texts or ids: two networks and a K x K matrix are made for the classes."""


def check(table: Table, columns: ColumnChoice) -> list[Problem]:
    """Return what is wrong or remarkable in a file, blocking problems first.

    Blocking: a missing label (unless unlabelled rows are left out on import), fewer than two classes or more than
    MAX_CLASSES, ids that are repeated or blank, a person's column that holds no class of the label column. Not
    blocking: empty texts, classes of one example, equal texts (but for space around them) with different labels,
    bytes that are not the encoding, labels of several people that differ, or that the label column does not hold.

    Raises:
        DataError: If a column does not exist, is chosen twice, or holds lists or objects as labels.
    """
    require_columns(table, columns)
    labels = label_names(table, columns.label)
    texts = [cell_text(value).strip() for value in table.values(columns.text)]
    problems = [
        *_missing_label(labels, table.name),
        *_single_class(labels, table.name),
        *_too_many_classes(labels, table.name),
        *_duplicate_id(table, columns.example_id),
        *_unreadable_bytes(table),
        *_empty_text(texts, table.name),
        *_conflicting_duplicates(texts, labels, table.name),
        *_rare_class(labels, table.name),
        *_annotators(table, columns, labels),
    ]
    return sorted(problems, key=lambda problem: not problem.blocking)


def label_names(table: Table, column: str) -> list[str | None]:
    """Return the class name of every row, None where it has none.

    Raises:
        DataError: If a cell holds a list or an object.
    """
    names: list[str | None] = []
    known: dict[str, str | None] = {}
    for row, value in enumerate(table.values(column), start=1):
        if isinstance(value, str):
            # Labels repeat: each is looked at once.
            if value not in known:
                known[value] = cell_label(value)
            names.append(known[value])
            continue
        try:
            names.append(cell_label(value))
        except DataError as error:
            raise DataError(
                f"Row {row} of {table.name}, column {column!r}: {error}. Choose a column with one label a row."
            ) from error
    return names


def annotator_labels(table: Table, column: str, labels: Sequence[str | None]) -> list[str | None]:
    """Return one person's class name of every row; None where the person, or the label column, has none.

    Args:
        table: The file.
        column: Column of the person.
        labels: Class names of the label column.

    Raises:
        DataError: If a cell holds a list or an object.
    """
    classes = {label for label in labels if label is not None}
    return [
        None if name is None or label is None else as_class(name, classes)
        for name, label in zip(label_names(table, column), labels, strict=True)
    ]


def _missing_label(labels: Sequence[str | None], file_name: str) -> Iterator[Problem]:
    rows = _rows(label is None for label in labels)
    if rows:
        unlabelled = "the row" if len(rows) == 1 else f"the {len(rows):,} rows"
        message = f"{_in_words(rows, 'has', 'have')} no label in {file_name}. Fill in, or import without {unlabelled}."
        yield _problem("missing_label", message, rows, blocking=True)


def _single_class(labels: Sequence[str | None], file_name: str) -> Iterator[Problem]:
    classes = sorted({label for label in labels if label is not None})
    if len(classes) < 2:
        found = f"only {classes[0]!r}" if classes else "no label at all"
        message = (
            f"The label column of {file_name} holds {found}. Two classes are needed; choose another column."
        )
        yield _problem("single_class", message, [], blocking=True)


def _too_many_classes(labels: Sequence[str | None], file_name: str) -> Iterator[Problem]:
    num_classes = len({label for label in labels if label is not None})
    if num_classes > MAX_CLASSES:
        message = (
            f"The label column of {file_name} holds {num_classes:,} different labels in {len(labels):,} rows; at most "
            f"{MAX_CLASSES:,} classes can be audited. Choose the column that holds the class."
        )
        yield _problem("too_many_classes", message, [], blocking=True)


def _duplicate_id(table: Table, column: str | None) -> Iterator[Problem]:
    if column is None:
        return
    ids = [cell_text(value).strip() for value in table.values(column)]
    counts = Counter(ids)
    rows = _rows(not example_id or counts[example_id] > 1 for example_id in ids)
    if rows:
        seen = ids[rows[0] - 1]
        message = (
            f"{_in_words(rows, 'has', 'have')} a blank or repeated id in column {column!r} of {table.name} "
            f"(the first holds {seen!r}). Choose another id column, or none to number the rows."
        )
        yield _problem("duplicate_id", message, rows, blocking=True)


def _unreadable_bytes(table: Table) -> Iterator[Problem]:
    rows = list(table.unreadable_rows)
    if rows:
        message = (
            f"{_in_words(rows, 'holds', 'hold')} bytes of {table.name} that cannot be read. They are kept in the file "
            "and shown as \ufffd; try another encoding, for example cp1252 or latin-1."
        )
        yield _problem("unreadable_bytes", message, rows)


def _empty_text(texts: Sequence[str], file_name: str) -> Iterator[Problem]:
    rows = _rows(not text for text in texts)
    if rows:
        message = f"{_in_words(rows, 'has', 'have')} no text in {file_name}. Nothing can be learnt from an empty text."
        yield _problem("empty_text", message, rows)


def _conflicting_duplicates(
    texts: Sequence[str], labels: Sequence[str | None], file_name: str
) -> Iterator[Problem]:
    labels_of: dict[str, set[str]] = defaultdict(set)
    for text, label in zip(texts, labels, strict=True):
        if text and label is not None:
            labels_of[text].add(label)
    rows = _rows(
        label is not None and len(labels_of[text]) > 1 if text else False
        for text, label in zip(texts, labels, strict=True)
    )
    if rows:
        first = texts[rows[0] - 1]
        message = (
            f"{_in_words(rows, 'has', 'have')} a text in {file_name} that another row labels differently: "
            f"{_short(first)} is {' and '.join(map(_short, sorted(labels_of[first])))}. They cannot all be right."
        )
        yield _problem("conflicting_duplicates", message, rows)


def _rare_class(labels: Sequence[str | None], file_name: str) -> Iterator[Problem]:
    counts = Counter(label for label in labels if label is not None)
    rows = _rows(label is not None and counts[label] == 1 for label in labels)
    if rows:
        named = ", ".join(_short(str(labels[row - 1])) for row in rows[:_ROWS_NAMED])
        some = "A class has" if len(rows) == 1 else f"{len(rows):,} classes have"
        message = (
            f"{some} one example only in {file_name} ({named}). It may be a misspelt label; "
            "a class of one can be neither learnt nor checked."
        )
        yield _problem("rare_class", message, rows)


def _annotators(table: Table, columns: ColumnChoice, labels: Sequence[str | None]) -> Iterator[Problem]:
    classes = {label for label in labels if label is not None}
    if not columns.annotators or not classes:
        return
    labels_of = {name: annotator_labels(table, name, labels) for name in columns.annotators}
    misplaced = list(_annotator_column(table.name, labels_of, classes))
    yield from misplaced
    if not misplaced:
        seen = [
            [label for label in row if label is not None] for row in zip(*labels_of.values(), strict=True)
        ]
        yield from _new_class(seen, classes, table.name)
        yield from _several_labels(seen, table.name)


def _annotator_column(
    file_name: str, labels_of: Mapping[str, Sequence[str | None]], classes: set[str]
) -> Iterator[Problem]:
    for name, labels in labels_of.items():
        found = dict.fromkeys(label for label in labels if label is not None)
        if any(label in classes for label in found) and len(found) <= MAX_CLASSES:
            continue
        held = (
            f"{len(found):,} different labels" if len(found) > MAX_CLASSES else _listed(found) or "no label"
        )
        message = (
            f"Column {_short(name)} of {file_name} does not look like one person's labels: it holds {held}, and the "
            f"label column holds {_listed(sorted(classes))}. Leave it out of the several people's labels."
        )
        yield _problem("annotator_column", message, [], blocking=True)


def _new_class(seen: Sequence[Sequence[str]], classes: set[str], file_name: str) -> Iterator[Problem]:
    new = dict.fromkeys(label for row in seen for label in row if label not in classes)
    if len(classes) <= MAX_CLASSES < len(classes) + len(new):
        message = (
            f"The label column of {file_name} and the columns of several people hold {len(classes) + len(new):,} "
            f"different labels; at most {MAX_CLASSES:,} classes can be audited. Leave a column out."
        )
        yield _problem("too_many_classes", message, [], blocking=True)
    elif new:
        rows = _rows(any(label not in classes for label in row) for row in seen)
        message = (
            f"{_in_words(rows, 'has', 'have')} a label by one of several people that the label column of {file_name} "
            f"does not hold: {_listed(new)}. Such labels become classes; if one is misspelt, mend the file first."
        )
        yield _problem("new_class", message, rows)


def _several_labels(seen: Sequence[Sequence[str]], file_name: str) -> Iterator[Problem]:
    several = _rows(len(row) > 1 for row in seen)
    differing = _rows(len(set(row)) > 1 for row in seen)
    if several:
        rows = f"Row {several[0]} has" if len(several) == 1 else f"{len(several):,} rows have"
        found = f"{_in_words(differing, 'has', 'have')} labels that differ" if differing else "None differ"
        message = f"{rows} labels of several people in {file_name}. {found}."
    else:
        message = f"No row of {file_name} has labels of several people: nothing says how well they agree."
    yield _problem("several_labels", message, differing)


def _listed(labels: Iterable[str]) -> str:
    found = list(labels)
    more = f" and {len(found) - _LABELS_NAMED:,} more" if len(found) > _LABELS_NAMED else ""
    return ", ".join(map(_short, found[:_LABELS_NAMED])) + more


def _short(text: str) -> str:
    return repr(text if len(text) <= _LABEL_CHARACTERS else f"{text[:_LABEL_CHARACTERS]}…")


def _rows(flags: Iterator[bool] | Sequence[bool]) -> list[int]:
    return [row for row, flag in enumerate(flags, start=1) if flag]


def _in_words(rows: Sequence[int], singular: str, plural: str) -> str:
    if len(rows) == 1:
        return f"Row {rows[0]} {singular}"
    named = ", ".join(map(str, rows[:_ROWS_NAMED]))
    return f"{len(rows):,} rows (first: {named}) {plural}"


def _problem(kind: str, message: str, rows: Sequence[int], *, blocking: bool = False) -> Problem:
    return Problem(kind, message, max(len(rows), 1), tuple(rows[:_ROWS_KEPT]), blocking)

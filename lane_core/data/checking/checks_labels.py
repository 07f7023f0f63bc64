"""What can be wrong with the labels of a file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from lane_core.data.checking.checked_rows import (
    ROWS_NAMED,
    CheckedRows,
    Finding,
    finding,
    in_words,
    listed,
    short,
)
from lane_core.data.checking.fixes import Fixes
from lane_core.data.checking.multi_label import joined_classes
from lane_core.records import Problem

MAX_CLASSES = 1000
"""More labels than this are texts or ids: two networks and a K x K matrix are made for the classes."""
SMALL_CLASS = 5
"""Fewer examples than this say little about a class: it gives none to validation."""
_ENOUGH = 20
"""Examples that some class has where one of fewer than SMALL_CLASS is remarkable."""


def multi_label(rows: CheckedRows, fixes: Fixes) -> Iterator[Finding]:
    """Rows with several labels: lists block, as no one label is theirs; joined names would be classes of their own."""
    joined = joined_classes([rows.classes[code] for code in rows.present])
    is_joined = np.array([name in joined for name in rows.classes] or [False])
    by_name = rows.labelled & is_joined[rows.label_codes]
    found = rows.several | by_name
    if not found.any():
        return
    seen = f" ({listed(list(joined))})" if joined else ""
    how = "" if rows.several.any() else " As they stand, each such combination is a class of its own."
    message = (
        f"{in_words(found, 'has', 'have')} several labels in {rows.file_name}{seen}. One class a text can be audited: "
        f"leave these rows out, or give each of them one label.{how}"
    )
    after = rows.without(found) if fixes.drop_multi_label else None
    yield finding(
        rows,
        found,
        "multi_label",
        message,
        blocking=bool(rows.several.any()),
        fix="drop_multi_label",
        after=after,
    )


def label_spelling(rows: CheckedRows, fixes: Fixes) -> Iterator[Finding]:
    """Labels that differ only by capitals or spaces, read as the commonest spelling."""
    counts = rows.class_counts()
    spellings: dict[str, list[int]] = defaultdict(list)
    for code in rows.present:
        spellings[spelling_key(rows.classes[code])].append(code)
    joined = np.arange(len(rows.classes))
    said = []
    for codes in spellings.values():
        if len(codes) > 1:
            common = max(codes, key=lambda code: (counts[code], -len(rows.classes[code]), -code))
            joined[codes] = common
            others = [rows.classes[code] for code in codes if code != common]
            said.append(f"{listed(others)} for {short(rows.classes[common])}")
    if not said:
        return
    found = rows.labelled & (joined[rows.label_codes] != rows.label_codes)
    more = f" and {len(said) - ROWS_NAMED:,} more" if len(said) > ROWS_NAMED else ""
    message = (
        f"{in_words(found, 'has', 'have')} a class of {rows.file_name} in another spelling, that differs only by "
        f"capitals or spaces: {'; '.join(said[:ROWS_NAMED])}{more}. As they stand, these are classes apart. Read as "
        "one, the cells of the file stay as they are until somebody decides on them."
    )
    as_joined = np.where(rows.label_codes < 0, -1, joined[rows.label_codes])
    after = replace(rows, label_codes=as_joined) if fixes.join_spellings else None
    yield finding(rows, found, "label_spelling", message, fix="join_spellings", after=after)


def spelling_key(name: str) -> str:
    """Return what labels have in common that differ only by capitals or spaces."""
    return "".join(name.casefold().split())


def missing_label(rows: CheckedRows, fixes: Fixes) -> Iterator[Finding]:
    """Rows without a label."""
    found = rows.kept & (rows.label_codes < 0) & ~rows.several
    if found.any():
        num = int(found.sum())
        unlabelled = "the row" if num == 1 else f"the {num:,} rows"
        message = (
            f"{in_words(found, 'has', 'have')} no label in {rows.file_name}. "
            f"Fill in, or import without {unlabelled}."
        )
        after = rows.without(found) if fixes.drop_unlabelled else None
        yield finding(
            rows, found, "missing_label", message, blocking=True, fix="drop_unlabelled", after=after
        )


def rare_class(rows: CheckedRows, fixes: Fixes) -> Iterator[Finding]:
    """Classes of one example; of fewer than SMALL_CLASS where others have many, or where that was asked for."""
    counts = rows.class_counts()
    lowest = fixes.min_class_size
    if not lowest:
        lowest = 2 if (counts == 1).any() else SMALL_CLASS if counts.max(initial=0) >= _ENOUGH else 0
    is_rare = (counts > 0) & (counts < lowest)
    if not is_rare.any():
        return
    found = rows.labelled & is_rare[rows.label_codes]
    codes = list(dict.fromkeys(rows.label_codes[found].tolist()))
    named = ", ".join(short(rows.classes[code]) for code in codes[:ROWS_NAMED])
    few = "one example only" if lowest == 2 else f"fewer than {lowest} examples"
    some = "A class has" if len(codes) == 1 else f"{len(codes):,} classes have"
    why = (
        "It may be a misspelt label; a class of one can be neither learnt nor checked."
        if lowest == 2
        else "So few say little about a class, and none of them is set aside for validation."
    )
    after = rows.without(found) if fixes.min_class_size else None
    message = f"{some} {few} in {rows.file_name} ({named}). {why}"
    yield finding(rows, found, "rare_class", message, fix="min_class_size", after=after)


def class_number(rows: CheckedRows) -> Iterator[Problem]:
    """Fewer than two classes, or more than MAX_CLASSES; neither can be audited."""
    present, left = rows.present, "" if rows.kept.all() else ", without the rows that are left out,"
    if len(present) < 2:
        held = f"only {short(rows.classes[present[0]])}" if present else "no label at all"
        message = (
            f"The label column of {rows.file_name}{left} holds {held}. Two classes are needed; "
            "choose another column."
        )
        yield Problem("single_class", message, 1, blocking=True)
    elif len(present) > MAX_CLASSES:
        message = (
            f"The label column of {rows.file_name}{left} holds {len(present):,} different labels in "
            f"{len(rows.label_codes):,} rows; at most {MAX_CLASSES:,} classes can be audited. Choose the column that "
            "holds the class."
        )
        yield Problem("too_many_classes", message, 1, blocking=True)

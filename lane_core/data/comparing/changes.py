"""A changes file, as an export writes it, and what it comes to in a later file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from lane_core.data.cells import cell_text
from lane_core.data.comparing.differences import rows_of
from lane_core.data.labels import label_names
from lane_core.data.tables import Table
from lane_core.errors import DataError
from lane_core.records import ColumnChoice
from lane_core.wording import counted

_NEEDED = ("row_id", "given_label", "corrected_label")
_MORE = ("annotator", "updated_at")


@dataclass(frozen=True)
class AppliedChanges:
    """What the changes of a changes file come to in a file; nothing is written yet.

    The frames have the columns of ``read_changes``, and row (data row of the file, from 1) and found_label (missing
    where the row has no label) where the row was found.
    """

    labels: Mapping[int, str]
    """New class name by data row, from 1: what ``write_corrected`` takes."""
    not_found: pd.DataFrame
    """Changes of rows that the file has not."""
    conflicts: pd.DataFrame
    """Changes of rows whose label is neither the one that was corrected nor the new one: they are left as they are."""
    already_right: pd.DataFrame
    """Changes of rows that have the new label already."""
    is_by_row_number: bool
    """Whether rows were found by their number, for want of an id column: wrong if rows were added or taken out."""

    def words(self) -> str:
        """Say in a few sentences what becomes of the changes."""
        said = [f"{counted(len(self.labels), 'label')} {'changes' if len(self.labels) == 1 else 'change'}."]
        if len(self.already_right):
            said.append(f"{counted(len(self.already_right), 'row')} had the new label already.")
        if len(self.conflicts):
            said.append(
                f"{counted(len(self.conflicts), 'row')} had another label than the one that was corrected, "
                f"and stayed as {'it was' if len(self.conflicts) == 1 else 'they were'}: "
                f"{_named(self.conflicts)}."
            )
        if len(self.not_found):
            said.append(
                f"{counted(len(self.not_found), 'row')} of the changes file "
                f"{'is' if len(self.not_found) == 1 else 'are'} not in the file: {_named(self.not_found)}."
            )
        if self.is_by_row_number:
            said.append(
                "The file has no id column, so rows were found by their number. That is right only if no row was "
                "added or taken out since the changes were made."
            )
        return " ".join(said)


def read_changes(changes: Table) -> pd.DataFrame:
    """Return the changes of a changes file; an audit file holds them too.

    Args:
        changes: A table with the columns row_id, given_label and corrected_label; annotator and updated_at may be
            there. A row without a corrected label, or with the one that was given, is no change.

    Returns:
        row_id, given_label (missing = there was none), corrected_label, annotator ("" = nobody is named), updated_at
        (UTC; missing = no time is given).

    Raises:
        DataError: If a column is missing, a change names no row, a time cannot be read, or two changes of one row
            contradict each other.
    """
    missing = [name for name in _NEEDED if name not in changes.columns]
    if missing:
        raise DataError(
            f"{changes.name} has no column {missing[0]!r}; it has: {', '.join(changes.columns)}. "
            f"A changes file has the columns {', '.join(_NEEDED)}, as Export writes them."
        )
    frame = pd.DataFrame(
        {
            "row_id": [cell_text(value).strip() for value in changes.values("row_id")],
            **{name: pd.Series(label_names(changes, name), dtype="str") for name in _NEEDED[1:]},
            **{name: _cells(changes, name) for name in _MORE},
        }
    )
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    is_change = frame["corrected_label"].notna() & (
        frame["corrected_label"] != frame["given_label"].fillna("")
    )
    frame = frame[is_change]
    nameless = frame.index[frame["row_id"] == ""]
    if len(nameless):
        raise DataError(f"Row {nameless[0]} of {changes.name} has no row_id. Say which row it changes.")
    frame["updated_at"] = _times(frame["updated_at"], changes.name)
    frame = frame.drop_duplicates(["row_id", "given_label", "corrected_label"], keep="last")
    _refuse_contradiction(frame, changes.name)
    return frame.reset_index(drop=True)


def apply_changes(table: Table, columns: ColumnChoice, changes: Table) -> AppliedChanges:
    """Find out what the changes of a changes file come to in a file, later or earlier than the one they were made in.

    Rows are found by the id column; without one by the row number. A label changes only where it still is the one that
    was corrected. The file is written by
    ``write_corrected(table, columns.label, applied.labels, set(), path, columns.class_names)``.

    Args:
        table: The file.
        columns: Which of its columns hold what.
        changes: The changes file, see ``read_changes``.

    Raises:
        DataError: If ``changes`` is no changes file, a column does not exist, or an id of a change stands for several
            rows of the file.
    """
    wanted = read_changes(changes)
    rows = rows_of(table, columns)
    is_by_number = columns.example_id is None
    keys, asked = (
        (rows["row"].astype(str).tolist(), [_row_number(row_id) for row_id in wanted["row_id"]])
        if is_by_number
        else (rows["row_id"].tolist(), wanted["row_id"].tolist())
    )
    _refuse_repeated(keys, asked, table.name)
    row_of = dict(zip(keys, rows["row"].tolist(), strict=True))
    wanted = pd.concat(
        [pd.Series([row_of.get(key) for key in asked], name="row", dtype="Int64"), wanted], axis=1
    )
    found = wanted[wanted["row"].notna()]
    now = rows["label"].iloc[found["row"].to_numpy(dtype="int64") - 1]
    found = found.assign(found_label=now.to_numpy())
    is_right = found["found_label"] == found["corrected_label"]
    is_as_given = found["found_label"].fillna("") == found["given_label"].fillna("")
    changed = found[is_as_given & ~is_right]
    return AppliedChanges(
        labels=dict(zip(changed["row"].tolist(), changed["corrected_label"].tolist(), strict=True)),
        not_found=wanted[wanted["row"].isna()].drop(columns="row").reset_index(drop=True),
        conflicts=found[~is_as_given & ~is_right].reset_index(drop=True),
        already_right=found[is_right].reset_index(drop=True),
        is_by_row_number=is_by_number,
    )


def _cells(changes: Table, name: str) -> list[str] | str:
    if name not in changes.columns:
        return ""
    return [cell_text(value).strip() for value in changes.values(name)]


def _times(cells: pd.Series[str], file_name: str) -> pd.Series[pd.Timestamp]:
    """Return the times in UTC; one without a zone is one in UTC."""
    times = pd.to_datetime(cells.where(cells != ""), utc=True, format="ISO8601", errors="coerce").dt.as_unit(
        "us"
    )
    unread = cells.index[times.isna() & (cells != "")]
    if len(unread):
        raise DataError(
            f"Row {unread[0]} of {file_name} was updated at {cells[unread[0]]!r}, which is no time. "
            "Write it as 2026-03-01T12:00:00Z, or leave it blank."
        )
    return times


def _refuse_contradiction(frame: pd.DataFrame, file_name: str) -> None:
    repeated = frame[frame["row_id"].duplicated(keep=False)]
    if len(repeated):
        row_id = repeated["row_id"].iloc[0]
        rows = repeated.index[repeated["row_id"] == row_id]
        raise DataError(
            f"Rows {rows[0]} and {rows[1]} of {file_name} say different things about the row {row_id!r}. "
            "Keep one of them."
        )


def _refuse_repeated(keys: Sequence[str], asked: Sequence[str], file_name: str) -> None:
    wanted, seen = set(asked), set()
    for row, key in enumerate(keys, start=1):
        if key in wanted and key in seen:
            raise DataError(
                f"The id {key!r} stands for several rows of {file_name} (row {row} is the second). "
                "Choose the column with an id of its own in every row."
            )
        seen.add(key)


def _row_number(row_id: str) -> str:
    """Return the number that the id of a row without an id column stands for; exports pad it with zeros."""
    return row_id.lstrip("0") if row_id.isascii() and row_id.isdigit() else row_id


def _named(changes: pd.DataFrame, most: int = 5) -> str:
    named = ", ".join(map(str, changes["row_id"].head(most)))
    return f"{named} …" if len(changes) > most else named

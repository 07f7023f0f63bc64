"""What two files of labelled texts do not have in common, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lane_core.data.cells import cell_text
from lane_core.data.columns import require_columns
from lane_core.data.comparing.matching import MatchedBy, Matching, Places, match_rows
from lane_core.data.formats.content import FileFormat
from lane_core.data.labels import label_names
from lane_core.data.tables import Table
from lane_core.data.writing.writers import write_rows
from lane_core.records import ColumnChoice
from lane_core.wording import counted

DIFFERENCE_COLUMNS = (
    "change",
    "row_id",
    "old_row",
    "new_row",
    "old_text",
    "new_text",
    "old_label",
    "new_label",
)


@dataclass(frozen=True)
class Difference:
    """What is new, gone and changed from an older file to a newer one.

    ``rows`` holds a row for each of them, with DIFFERENCE_COLUMNS: change ("new", "gone", "text", "label", or
    "text and label"), row_id (of the older file, for a new row of the newer one), and data row, from 1, text and label
    on both sides; missing where a side has none. Those of the newer file come first, in its order, then the gone ones.
    """

    matched_by: MatchedBy
    rows: pd.DataFrame
    num_unchanged: int

    @property
    def new(self) -> pd.DataFrame:
        """Rows that only the newer file has: row_id, row, text, label."""
        return self._one_side("new", "new")

    @property
    def gone(self) -> pd.DataFrame:
        """Rows that only the older file has: row_id, row, text, label."""
        return self._one_side("gone", "old")

    @property
    def changed_text(self) -> pd.DataFrame:
        """Rows whose text differs: row_id, old_row, new_row, old_text, new_text."""
        return self._both_sides("text")

    @property
    def changed_label(self) -> pd.DataFrame:
        """Rows whose label differs: row_id, old_row, new_row, old_label, new_label."""
        return self._both_sides("label")

    def changes(self) -> pd.DataFrame:
        """Return the changed labels as a changes file holds them, so that ``apply_changes`` makes them elsewhere.

        Returns:
            row_id, given_label, corrected_label; without rows whose label was taken away.
        """
        found = self.changed_label
        kept = found[found["new_label"].notna()].reset_index(drop=True)
        return pd.DataFrame(
            {
                "row_id": kept["row_id"],
                "given_label": kept["old_label"],
                "corrected_label": kept["new_label"],
            }
        )

    def words(self) -> str:
        """Say in a sentence or two what differs.

        Example: "2 rows are new, 1 is gone, 1 has another text and 3 have another label; 120 are as they were. Rows
        were matched by their id."
        """
        parts = [
            _are(len(self.new), "is new", "are new"),
            _are(len(self.gone), "is gone", "are gone"),
            _are(len(self.changed_text), "has another text", "have another text"),
            _are(len(self.changed_label), "has another label", "have another label"),
        ]
        said = [part for part in parts if part]
        by = f"Rows were matched by their {self.matched_by}."
        if not said:
            return f"Nothing is new, gone or changed in {counted(self.num_unchanged, 'row')}. {by}"
        first = " and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)
        number, rest = first.split(" ", 1)
        stayed = _are(self.num_unchanged, "is as it was", "are as they were") or "none is as it was"
        return f"{number} {'row' if number == '1' else 'rows'} {rest}; {stayed}. {by}"

    def write(self, path: Path, file_format: FileFormat = "csv") -> None:
        """Write ``rows``, a row each.

        Raises:
            DataError: If the place cannot be written to.
        """
        write_rows(self.rows, path, file_format)

    def _one_side(self, change: str, side: str) -> pd.DataFrame:
        found = self.rows[self.rows["change"] == change]
        names = {f"{side}_row": "row", f"{side}_text": "text", f"{side}_label": "label"}
        return found[["row_id", *names]].rename(columns=names).reset_index(drop=True)

    def _both_sides(self, what: str) -> pd.DataFrame:
        found = self.rows[self.rows["change"].isin([what, "text and label"])]
        return found[["row_id", "old_row", "new_row", f"old_{what}", f"new_{what}"]].reset_index(drop=True)


def diff(old: Table, new: Table, old_columns: ColumnChoice, new_columns: ColumnChoice) -> Difference:
    """Compare two files of labelled texts, whatever their formats and the names of their columns.

    Rows are matched by id where both files have an id column with a different id in every row, else by text.

    Args:
        old: The older file.
        new: The newer one.
        old_columns: Which columns of the older one hold what.
        new_columns: Which columns of the newer one hold what.

    Raises:
        DataError: If a column does not exist, is chosen twice, or holds lists or objects as labels.
    """
    have_ids = old_columns.example_id is not None and new_columns.example_id is not None
    return difference_of(rows_of(old, old_columns), rows_of(new, new_columns), have_ids=have_ids)


def rows_of(table: Table, columns: ColumnChoice) -> pd.DataFrame:
    """Return row_id (that of ``Examples``), row (from 1), text and label (None = missing) of every row of a table."""
    require_columns(table, columns)
    width = len(str(table.num_rows))
    rows = range(1, table.num_rows + 1)
    ids = [f"{row:0{width}}" for row in rows]
    if columns.example_id is not None:
        ids = [cell_text(value).strip() for value in table.values(columns.example_id)]
    return pd.DataFrame(
        {
            "row_id": ids,
            "row": rows,
            "text": [cell_text(value) for value in table.values(columns.text)],
            "label": pd.Series(label_names(table, columns.label, columns.class_names), dtype="str"),
        }
    )


def difference_of(
    old: pd.DataFrame, new: pd.DataFrame, *, have_ids: bool, matching: Matching | None = None
) -> Difference:
    """Compare rows as ``rows_of`` gives them.

    Args:
        old: The older rows.
        new: The newer rows.
        have_ids: Whether ``row_id`` comes from an id column, in both.
        matching: Of these rows, if it is known.
    """
    matching = matching or match_rows(old, new, have_ids=have_ids)
    change = np.full(len(new), "", dtype=object)
    change[matching.new] = "new"
    change[matching.changed_label] = "label"
    change[matching.changed_text] = "text"
    change[np.intersect1d(matching.changed_text, matching.changed_label)] = "text and label"
    there = np.flatnonzero(change != "")
    old_of = np.concatenate([matching.old_of[there], matching.gone])
    new_of = np.concatenate([there, np.full(len(matching.gone), -1)])
    before, after = _at(old, old_of), _at(new, new_of)
    rows = pd.DataFrame(
        {
            "change": [*change[there], *["gone"] * len(matching.gone)],
            "row_id": before["row_id"].where(old_of >= 0, after["row_id"]),
            "old_row": before["row"].astype("Int64"),
            "new_row": after["row"].astype("Int64"),
            "old_text": before["text"],
            "new_text": after["text"],
            "old_label": before["label"],
            "new_label": after["label"],
        },
        columns=list(DIFFERENCE_COLUMNS),
    )
    return Difference(matching.by, rows, len(matching.unchanged))


def _at(rows: pd.DataFrame, places: Places) -> pd.DataFrame:
    """Return the rows at some places, from 0; empty cells for -1."""
    return rows.reset_index(drop=True).reindex(places).reset_index(drop=True)


def _are(number: int, one: str, several: str) -> str:
    return "" if number == 0 else f"{number:,} {one if number == 1 else several}"

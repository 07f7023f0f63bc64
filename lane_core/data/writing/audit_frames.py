"""The audit file: every row that came in, with everything that is known about it; and the list of changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from lane_core.data.columns import require_columns
from lane_core.data.tables import Table
from lane_core.errors import DataError
from lane_core.records import ColumnChoice

AUDIT_COLUMNS = (
    "row_id",
    "given_label",
    "predicted_label",
    "suggested_label",
    "corrected_label",
    "final_label",
    "is_label_issue",
    "label_score",
    "alm",
    "aum",
    "alm_rank",
    "class_similarity",
    "severity",
    "sample_weight",
    "decision",
    "annotator",
    "created_at",
    "updated_at",
    "lead_time",
    "num_annotations",
    "annotator_agreement",
    "note",
    "run_id",
)
"""Columns of the audit, always the last ones of an audit frame and in this order."""
CHANGES_COLUMNS = ("row_id", "given_label", "corrected_label", "annotator", "updated_at")


def audit_frame(
    table: Table,
    columns: ColumnChoice,
    examples_frame: pd.DataFrame,
    final: pd.DataFrame,
    current: pd.DataFrame | None = None,
    run_id: str = "",
) -> pd.DataFrame:
    """Return every row and column of the file, then the columns of AUDIT_COLUMNS.

    If the file has a column of such a name already, the audit column is called ``lane_`` and that name. All audit
    columns are null in rows that were left out because they had no label.

    ``label_score`` is the calibrated probability that the given label is right: 0 to 1, low = bad. With ``alm`` and
    ``aum`` it is in-sample: the run has trained on these rows. ``is_label_issue`` says that it is below the line of
    the strictness that ``final`` was made with. ``class_similarity`` and ``severity`` are about the given and the
    likeliest other class, flagged or not: how readily the run takes one for the other (1 = like any two), and how far
    apart they are, 0 (the nearest class) to 1. ``suggested_label`` is given only where ``is_label_issue`` is true,
    ``corrected_label`` only where a person chose another label; ``final_label`` is that one, else the given label.
    ``decision`` is empty where nobody decided. ``lead_time`` is in seconds. ``annotator_agreement`` is null: one
    opinion a row is kept as current.

    Args:
        table: The file as it was read.
        columns: Columns that the examples were made from.
        examples_frame: Frame of ``Examples``: index, row, example_id, given_label.
        final: Last state of a run: index, predicted_label, suggested_label, is_label_issue, label_score, alm, aum,
            alm_rank, similarity, severity, weight; examples that it does not hold get nulls.
        current: Labels after review: index, current_label, status, annotator, decided_at, updated_at, lead_time_s,
            num_decisions, note. None = nobody has reviewed.
        run_id: The run that ``final`` is from.

    Raises:
        DataError: If the columns or rows are not those of this table.
    """
    require_columns(table, columns)
    if examples_frame["row"].max() > table.num_rows:
        raise DataError(
            f"{table.name} has {table.num_rows} rows, but an example is from row {examples_frame['row'].max()}. "
            "This is not the file that was imported."
        )
    model = _by_index(final, examples_frame)
    is_issue = model["is_label_issue"].astype("boolean")
    given = examples_frame["given_label"].reset_index(drop=True)
    values: dict[str, object] = {
        "row_id": examples_frame["example_id"].reset_index(drop=True),
        "given_label": given,
        "predicted_label": model["predicted_label"],
        "suggested_label": model["suggested_label"].where(is_issue.fillna(False)),
        "is_label_issue": is_issue,
        "label_score": model["label_score"],
        "alm": model["alm"],
        "aum": model["aum"],
        "alm_rank": model["alm_rank"].astype("Int64"),
        "class_similarity": model["similarity"],
        "severity": model["severity"],
        "sample_weight": model["weight"],
        "annotator_agreement": pd.Series(float("nan"), index=given.index),
        "run_id": pd.Series(run_id, index=given.index),
        **_reviewed(given, None if current is None else _by_index(current, examples_frame)),
    }
    audit = pd.DataFrame(values)[list(AUDIT_COLUMNS)]
    audit.index = pd.Index(examples_frame["row"] - 1)
    audit = audit.reindex(range(table.num_rows))
    audit.columns = pd.Index(_free_names(table.columns))
    return pd.concat([table.frame, audit], axis=1)


def changes_frame(audit: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of an audit frame whose final label is not the given one, in order of the file.

    Columns: row_id, given_label, corrected_label, annotator, updated_at.
    """
    part = audit_part(audit)
    is_changed = part["final_label"].notna() & (part["final_label"] != part["given_label"])
    return part.loc[is_changed, list(CHANGES_COLUMNS)].reset_index(drop=True)


def audit_part(audit: pd.DataFrame) -> pd.DataFrame:
    """Return the audit columns of an audit frame under the names of AUDIT_COLUMNS, whatever the file's own are."""
    return audit.iloc[:, -len(AUDIT_COLUMNS) :].set_axis(list(AUDIT_COLUMNS), axis=1)


def _by_index(frame: pd.DataFrame, examples_frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a frame with a column ``index`` in the order of the examples."""
    return frame.set_index("index").reindex(examples_frame["index"]).reset_index(drop=True)


def _reviewed(given: pd.Series[Any], current: pd.DataFrame | None) -> dict[str, pd.Series[Any]]:
    if current is None:
        none = pd.Series(None, index=given.index, dtype="str")
        return {
            "corrected_label": none,
            "final_label": given,
            "decision": pd.Series("", index=given.index),
            "annotator": none,
            "created_at": none,
            "updated_at": none,
            "lead_time": pd.Series(float("nan"), index=given.index),
            "num_annotations": pd.Series(0, index=given.index, dtype="Int64"),
            "note": none,
        }
    return {
        "corrected_label": current["current_label"].where(current["current_label"] != given),
        "final_label": current["current_label"].fillna(given),
        "decision": current["status"].fillna(""),
        "annotator": current["annotator"],
        "created_at": current["decided_at"],
        "updated_at": current["updated_at"],
        "lead_time": current["lead_time_s"],
        "num_annotations": current["num_decisions"].fillna(0).astype("Int64"),
        "note": current["note"],
    }


def _free_names(taken: Iterable[str]) -> list[str]:
    known = set(taken)
    names = []
    for name in AUDIT_COLUMNS:
        while name in known:
            name = f"lane_{name}"
        known.add(name)
        names.append(name)
    return names

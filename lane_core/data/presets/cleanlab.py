"""For cleanlab: label issues as it writes them, the order of the classes, and the labels of several people."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from lane_core.data.presets.preset import Audited
from lane_core.data.whole_files import write_whole_folder
from lane_core.data.writing.writers import write_rows

ISSUES, CLASSES, PEOPLE = "label_issues.csv", "classes.json", "labels_multiannotator.csv"


def write_cleanlab(audited: Audited, folder: Path, stem: str) -> Path:
    """Write a folder of files that cleanlab's functions take after ``pandas.read_csv(..., index_col="row_id")``.

    ``label_issues.csv`` has a row an example in order of the file: row_id, text, is_label_issue, label_score,
    label_quality (the same number under the name that ``CleanLearning`` gives it), given_label, predicted_label (class
    names). Scores are 0 to 1, low = bad, as cleanlab's. ``classes.json`` lists the class names; the position is the
    number of the class. cleanlab sorts names itself, which may give another order. ``labels_multiannotator.csv`` is
    written if the file came with labels of several people: one column a person, class numbers, empty = not seen.

    Raises:
        DataError: If the place cannot be written to.
    """
    frame = audited.frame
    issues = pd.DataFrame(
        {
            "row_id": frame["row_id"],
            "text": frame["text"],
            # An example that the run does not know is no issue: cleanlab wants true or false.
            "is_label_issue": frame["is_label_issue"].fillna(False).astype("bool"),
            "label_score": frame["label_score"],
            "label_quality": frame["label_score"],
            "given_label": frame["given_label"],
            "predicted_label": frame["predicted_label"],
        }
    )
    classes = json.dumps(list(audited.classes), ensure_ascii=False, indent=2) + "\n"

    def write(path: Path) -> None:
        write_rows(issues, path / ISSUES, "csv")
        (path / CLASSES).write_text(classes, encoding="utf-8")
        if len(audited.annotations):
            write_rows(_people(audited), path / PEOPLE, "csv")

    target = folder / f"{stem}.cleanlab"
    write_whole_folder(target, write)
    return target


def _people(audited: Audited) -> pd.DataFrame:
    """Return row_id and one column a person with class numbers."""
    numbers = {name: number for number, name in enumerate(audited.classes)}
    given = audited.annotations.assign(number=audited.annotations["label"].map(numbers).astype("Int64"))
    wide = given.pivot(index="index", columns="annotator", values="number").reindex(audited.frame["index"])
    wide.columns.name = None
    row_ids = pd.Series(audited.frame["row_id"].to_numpy(), name="row_id")
    return pd.concat([row_ids, wide.reset_index(drop=True)], axis=1)

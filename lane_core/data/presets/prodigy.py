"""Tasks for Prodigy: for ``db-in``, and as the source of a recipe with the choice interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lane_core.data.presets.audited_rows import DECIDED, rows_of, what_is_known, write_lines
from lane_core.data.presets.preset import Audited


def write_prodigy(audited: Audited, folder: Path, stem: str) -> Path:
    """Write JSON Lines with the classes as options and the final label as the accepted one.

    ``answer`` stands only where a person settled the label: accept, or ignore for an excluded example. The others come
    with their label chosen beforehand, so that a recipe can ask about them.

    Args:
        audited: The examples.
        folder: Where to write.
        stem: Beginning of the name of the file that is made.

    Returns:
        The file.

    Raises:
        DataError: If the place cannot be written to.
    """
    path = folder / f"{stem}.prodigy.jsonl"
    options = [{"id": name, "text": name} for name in audited.classes]
    write_lines((_task(row, options) for row in rows_of(audited)), path)
    return path


def _task(row: Mapping[str, Any], options: Sequence[Mapping[str, str]]) -> dict[str, object]:
    task: dict[str, object] = {
        "text": row["text"],
        "options": options,
        "accept": [] if row["final_label"] is None else [row["final_label"]],
        "meta": {"id": row["row_id"], **what_is_known(row)},
    }
    if row["decision"] in DECIDED:
        task["answer"] = "ignore" if row["decision"] == "exclude" else "accept"
    return task

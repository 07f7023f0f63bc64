"""Records that Argilla 2 reads with ``dataset.records.from_json``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from lane_core.data.presets.audited_rows import AGENT, agent_of, proposal, rows_of, what_is_known, write_array
from lane_core.data.presets.preset import Audited

_QUESTION = "label"


def write_argilla(audited: Audited, folder: Path, stem: str) -> Path:
    """Write a JSON array of records for a data set with a text field ``text`` and a label question ``label``.

    Every record has its final label as a response, and what a run proposes as a suggestion. The response of an excluded
    example is discarded. Argilla wants the id of a user: it is made of the person's name, always the same for the same
    name, and given labels that nobody decided about have one of their own; ``decided_by`` of the metadata is the name.

    Args:
        audited: The examples.
        folder: Where to write.
        stem: Beginning of the name of the file that is made.

    Returns:
        The file.

    Raises:
        DataError: If the place cannot be written to.
    """
    path = folder / f"{stem}.argilla.json"
    write_array((_record(row) for row in rows_of(audited)), path)
    return path


def _record(row: Mapping[str, Any]) -> dict[str, object]:
    proposed = proposal(row)
    suggestions = {}
    if proposed is not None:
        suggestions[_QUESTION] = {"value": proposed[0], "score": proposed[1], "agent": agent_of(row)}
    responses = {}
    if row["final_label"] is not None:
        status = "discarded" if row["decision"] == "exclude" else "submitted"
        user = str(uuid5(NAMESPACE_URL, f"{AGENT}/{row['annotator'] or 'given label'}"))
        responses[_QUESTION] = [{"value": row["final_label"], "user_id": user, "status": status}]
    return {
        "id": row["row_id"],
        "fields": {"text": row["text"]},
        "metadata": what_is_known(row),
        "suggestions": suggestions,
        "responses": responses,
        "vectors": {},
    }

"""Tasks to import into Label Studio, and the labelling interface that shows them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from lane_core.data.cells import printable
from lane_core.data.presets.audited_rows import agent_of, proposal, rows_of, what_is_known, write_array
from lane_core.data.presets.preset import Audited
from lane_core.data.whole_files import write_whole

_CONTROL = "label"


def write_label_studio(audited: Audited, folder: Path, stem: str) -> Path:
    """Write a folder with tasks.json, to be imported, and interface.xml, to be pasted as the labelling interface.

    Every task has its final label as an annotation, and what a run proposes as a prediction. The annotation of an
    excluded example is marked as skipped. Label Studio takes only annotators that it knows, by their mail address:
    ``completed_by`` is given where the name of a person is one, and ``decided_by`` among the data in any case.

    Args:
        audited: The examples.
        folder: Where to write.
        stem: Beginning of the name of the folder that is made.

    Returns:
        The folder.

    Raises:
        DataError: If the place cannot be written to.
    """
    target = folder / f"{stem}.label_studio"
    write_array((_task(row) for row in rows_of(audited)), target / "tasks.json")
    write_whole(
        target / "interface.xml", lambda path: path.write_text(_interface(audited.classes), encoding="utf-8")
    )
    return target


def _task(row: Mapping[str, Any]) -> dict[str, object]:
    task: dict[str, object] = {
        "data": {"id": row["row_id"], "text": row["text"], **what_is_known(row)},
        "annotations": [] if row["final_label"] is None else [_annotation(row)],
    }
    proposed = proposal(row)
    if proposed is not None:
        label, score = proposed
        task["predictions"] = [{"model_version": agent_of(row), "score": score, "result": [_choice(label)]}]
    return task


def _annotation(row: Mapping[str, Any]) -> dict[str, object]:
    annotation: dict[str, object] = {
        "result": [_choice(row["final_label"])],
        "was_cancelled": row["decision"] == "exclude",
    }
    if row["annotator"] is not None and "@" in row["annotator"]:
        annotation["completed_by"] = {"email": row["annotator"]}
    if row["lead_time"] is not None:
        annotation["lead_time"] = float(row["lead_time"])
    return annotation


def _choice(label: str) -> dict[str, object]:
    return {"from_name": _CONTROL, "to_name": "text", "type": "choices", "value": {"choices": [label]}}


def _interface(classes: tuple[str, ...]) -> str:
    view = ElementTree.Element("View")
    ElementTree.SubElement(view, "Text", name="text", value="$text")
    choices = ElementTree.SubElement(
        view, "Choices", name=_CONTROL, toName="text", choice="single", required="true"
    )
    for name in classes:
        ElementTree.SubElement(choices, "Choice", value=printable(name))
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"

"""The audited examples one by one, as the presets of annotation tools write them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from lane_core.data.cells import printable
from lane_core.data.presets.preset import Audited
from lane_core.data.whole_files import write_whole

AGENT = "LANE Audit"
DECIDED = ("keep", "relabel", "exclude")
"""Decisions that settle a label; a flag asks for another opinion."""


def rows_of(audited: Audited) -> Iterator[dict[str, Any]]:
    """Yield the examples in order of the file, column -> value, with None where there is none."""
    frame = audited.frame.astype(object)
    frame = frame.where(frame.notna(), None)
    names = [str(name) for name in frame.columns]
    for values in frame.itertuples(index=False, name=None):
        yield dict(zip(names, values, strict=True))


def proposal(row: Mapping[str, Any]) -> tuple[str, float] | None:
    """Return the label that a run proposes and how sure it is, 0 to 1; None without a run.

    That is the suggested label with the probability that the given one is wrong where the run flags it, else the given
    label with the probability that it is right.
    """
    score = row["label_score"]
    if score is None:
        return None
    if row["suggested_label"] is not None:
        return str(row["suggested_label"]), 1.0 - float(score)
    return str(row["given_label"]), float(score)


def agent_of(row: Mapping[str, Any]) -> str:
    """Return what made a proposal: this program and the run."""
    return f"{AGENT} {row['run_id'] or ''}".strip()


def what_is_known(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what tools show or filter by beside the text: given and suggested label, score, decision, split."""
    score = row["label_score"]
    known = {
        "split": row["split"],
        "given_label": row["given_label"],
        "suggested_label": row["suggested_label"],
        "label_score": None if score is None else round(float(score), 6),
        "decision": row["decision"] or None,
        "decided_by": row["annotator"],
    }
    return {key: value for key, value in known.items() if value is not None}


def write_array(objects: Iterable[object], path: Path) -> None:
    """Write a JSON array with one element a line, in UTF-8.

    Raises:
        DataError: If the place cannot be written to.
    """
    _write(chain(["["], _separated(map(_to_json, objects)), ["\n]\n"]), path)


def write_lines(objects: Iterable[object], path: Path) -> None:
    """Write JSON Lines in UTF-8.

    Raises:
        DataError: If the place cannot be written to.
    """
    _write((f"{_to_json(values)}\n" for values in objects), path)


def _separated(elements: Iterable[str]) -> Iterator[str]:
    for number, element in enumerate(elements):
        yield f",\n{element}" if number else f"\n{element}"


def _write(pieces: Iterable[str], path: Path) -> None:
    def write(temporary: Path) -> None:
        with temporary.open("w", encoding="utf-8", newline="") as stream:
            stream.writelines(pieces)

    write_whole(path, write)


def _to_json(values: object) -> str:
    return printable(json.dumps(values, ensure_ascii=False, allow_nan=False, default=str))

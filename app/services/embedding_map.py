"""The map of a run: every example at its place, what it is coloured by, and what lies inside a marked region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from app.services.workspaces import workspace
from lane_core.evidence.regions import inside
from lane_core.runs import map_job
from lane_core.runs.map_status import MapStatus
from lane_core.store import decision_queries, map_queries, review_queries, run_queries, selections
from lane_core.store import runs as run_store
from lane_core.store.store import Store
from lane_core.wording import probability

MOST_DRAWN = 30_000
"""Points that a browser without a graphics card moves too; of more, all suspects and a fixed sample of the others are
drawn. A mark counts all."""
MOST_WITH_TEXTS = 6_000
"""Up to so many points all have their text in the tooltip; of more, so many of the worst suspects: a text costs the
browser 190 bytes, as much as ten points. A mark around it shows the text of any."""
TEXT_CHARACTERS = 80
FIRST_TEXTS = 5
STATUSES = ("suspect, not reviewed", "kept", "corrected", "excluded", "second opinion")
_ACTIONS = ("", "keep", "relabel", "exclude", "flag")
_SEED = 0

Polygon = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Region:
    """What somebody marked: inside any of the outlines, or clicked."""

    outlines: tuple[Polygon, ...] = ()
    indices: tuple[int, ...] = ()


@dataclass(frozen=True)
class EmbeddingMap:
    """All examples of a run with their places."""

    run_id: str
    dataset_id: str
    names: tuple[str, ...]
    """Class names by code."""
    annotators: tuple[str, ...]
    """Who decided, those with the most decisions first."""
    frame: pd.DataFrame
    """index, x, y, given, suggested (codes; -1 = none), alm, label_score, is_suspect, action, status (place in
    STATUSES; -1 = neither flagged nor reviewed), annotator (place in ``annotators``; -1 = nobody); by index."""
    drawn: pd.DataFrame
    """Those of the rows that are drawn, and hover: what the tooltip says, in HTML, or ""."""


@dataclass(frozen=True)
class Selected:
    """The examples in a region."""

    indices: npt.NDArray[np.int32]
    suspects: npt.NDArray[np.int32]
    """Those that the run flags, at the balanced strictness."""
    num_reviewed: int
    by_label: pd.DataFrame
    """label, selected, suspects; the most frequent label first."""
    first: pd.DataFrame
    """The worst five: columns of ``review_queue``."""


def can_have_map(run_id: str) -> bool:
    """Return whether the run has left what a map is made of."""
    return map_job.has_embeddings(workspace().run_dir(run_id))


def status(run_id: str) -> MapStatus:
    """Return whether there is a map, or how far it is."""
    return map_job.map_status(workspace().run_dir(run_id))


def start(run_id: str) -> None:
    """Lay the map out in the background; RunError if that cannot be."""
    map_job.start_map(workspace().run_dir(run_id))


def embedding_map(run_id: str) -> EmbeddingMap:
    """Return the map of a run; kept until a decision or a class changes.

    Raises:
        RunError: If there is no map, or its file is damaged.
        StoreError: If there is no such run.
    """
    store = workspace().store
    dataset_id = run_store.get_run(store, run_id).dataset_id
    return _embedding_map(
        store,
        run_id,
        dataset_id,
        run_queries.last_epoch(store, run_id),
        decision_queries.label_version(store, dataset_id),
        map_queries.class_meanings(store, dataset_id),
        map_job.map_version(workspace().run_dir(run_id)),
    )


def forget() -> None:
    """Read everything anew: the database is another one."""
    _embedding_map.cache_clear()
    _texts.cache_clear()


def most_suspected(found: EmbeddingMap, codes: pd.Series[int], count: int) -> list[int]:
    """Return the categories with the most suspects, ties in order."""
    suspected = np.bincount(codes[found.frame["is_suspect"] & (codes >= 0)], minlength=int(codes.max()) + 1)
    return [int(code) for code in np.argsort(-suspected, kind="stable")[:count]]


def select(found: EmbeddingMap, region: Region) -> Selected:
    """Return all examples in a region, those that are not drawn included."""
    frame = found.frame
    points = frame[["x", "y"]].to_numpy()
    is_inside = frame["index"].isin(region.indices).to_numpy()
    for outline in region.outlines:
        is_inside = is_inside | inside(points, np.array(outline))
    rows = frame[is_inside]
    worst = rows.nsmallest(FIRST_TEXTS, "label_score")["index"].tolist()
    first = review_queries.queue_rows(workspace().store, found.run_id, worst)
    return Selected(
        indices=rows["index"].to_numpy(),
        suspects=rows.loc[rows["is_suspect"], "index"].to_numpy(),
        num_reviewed=int((rows["action"] != "").sum()),
        by_label=_by_label(rows, found.names),
        first=first.sort_values("label_score", kind="stable"),
    )


def keep(found: EmbeddingMap, indices: Sequence[int] | npt.NDArray[np.int32], words: str) -> str:
    """Keep some examples and return the id by which a queue holds them; StoreError if there are none."""
    kept = selections.keep_selection(
        workspace().store, found.dataset_id, [int(one) for one in indices], words
    )
    return kept.selection_id


def as_csv(found: EmbeddingMap) -> bytes:
    """Return all examples with their places, labels in words, as CSV."""
    frame = found.frame
    ids = map_queries.text_beginnings(workspace().store, found.run_id, pa.array(frame["index"]), 0)
    names = np.array([*found.names, ""], dtype=object)  # code -1 is the last
    people = np.array([*found.annotators, ""], dtype=object)
    table = pd.DataFrame(
        {
            "example_id": ids["example_id"].to_numpy(),
            "x": frame["x"],
            "y": frame["y"],
            "given_label": names[frame["given"]],
            "suggested_label": names[frame["suggested"]],
            "label_score": frame["label_score"],
            "alm": frame["alm"],
            "is_label_issue": frame["is_suspect"],
            "status": frame["action"],
            "annotator": people[frame["annotator"]],
        }
    )
    return table.to_csv(index=False).encode()


# The last four arguments say when the answer changes. Two maps of 100,000 are some 30 MB.
@lru_cache(maxsize=2)
def _embedding_map(
    store: Store,
    run_id: str,
    dataset_id: str,
    epoch: int,
    label_version: int,
    names: tuple[str, ...],
    map_version: int,
) -> EmbeddingMap:
    places = map_job.read_map(workspace().run_dir(run_id))
    frame = places.merge(map_queries.map_examples(store, run_id), on="index", validate="one_to_one")
    people = frame.loc[frame["annotator"] != "", "annotator"].astype(str).value_counts()
    annotators = tuple(sorted(people.index, key=lambda name: (-people[name], name)))
    frame["status"] = _statuses(frame)
    frame["annotator"] = _codes(frame["annotator"].astype(str), annotators)
    frame["action"] = frame["action"].astype(str).astype("category")
    drawn = frame.iloc[_drawn_rows(frame["is_suspect"].to_numpy(), MOST_DRAWN)]
    hover = _hover(store, run_id, epoch, drawn, names)
    return EmbeddingMap(run_id, dataset_id, names, annotators, frame, drawn.assign(hover=hover))


def _statuses(frame: pd.DataFrame) -> npt.NDArray[np.int8]:
    actions = _codes(frame["action"].astype(str), _ACTIONS)
    return np.where(actions > 0, actions, np.where(frame["is_suspect"], 0, -1)).astype(np.int8)


def _codes(words: pd.Series[str], known: Sequence[str]) -> npt.NDArray[np.int16]:
    places = {word: place for place, word in enumerate(known)}
    return words.map(places).fillna(-1).to_numpy().astype(np.int16)


def _drawn_rows(is_suspect: npt.NDArray[np.bool_], most: int) -> npt.NDArray[np.int64]:
    """Return the rows to draw: all if they are few enough, else every suspect and a fixed sample, in order."""
    if len(is_suspect) <= most:
        return np.arange(len(is_suspect))
    others = np.flatnonzero(~is_suspect)
    room = max(0, most - int(is_suspect.sum()))
    sample = np.random.default_rng(_SEED).choice(others, min(room, len(others)), replace=False)
    return np.sort(np.concatenate([np.flatnonzero(is_suspect), sample]))


def _hover(store: Store, run_id: str, epoch: int, drawn: pd.DataFrame, names: Sequence[str]) -> list[str]:
    told = drawn
    if len(drawn) > MOST_WITH_TEXTS:
        told = drawn[drawn["is_suspect"]].nsmallest(MOST_WITH_TEXTS, "label_score").sort_index()
    texts = _texts(store, run_id, epoch, told["index"].to_numpy(dtype=np.int32).tobytes())
    safe = [escape(name) for name in names]
    lines = {
        index: f"{escape(text)}<br>given {safe[given]}, suggested {safe[suggested] if suggested >= 0 else 'nothing'}"
        + (f"<br>label right with {probability(score)}" if np.isfinite(score) else "")
        for index, text, given, suggested, score in zip(
            told["index"], texts, told["given"], told["suggested"], told["label_score"], strict=True
        )
    }
    return [lines.get(index, "") for index in drawn["index"]]


@lru_cache(maxsize=2)
def _texts(store: Store, run_id: str, epoch: int, indices: bytes) -> list[str]:
    wanted = pa.array(np.frombuffer(indices, dtype=np.int32))
    found = map_queries.text_beginnings(store, run_id, wanted, TEXT_CHARACTERS + 1)
    return [_shortened(text) for text in found["text"]]


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return f"{line[:TEXT_CHARACTERS].rstrip()}…" if len(text) > TEXT_CHARACTERS else line or "(empty text)"


def _by_label(rows: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    selected = np.bincount(rows["given"], minlength=len(names))
    suspects = np.bincount(rows.loc[rows["is_suspect"], "given"], minlength=len(names))
    order = [code for code in np.argsort(-selected, kind="stable") if selected[code]]
    return pd.DataFrame(
        {"label": [names[code] for code in order], "selected": selected[order], "suspects": suspects[order]}
    )

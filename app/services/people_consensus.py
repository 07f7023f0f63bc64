"""One label from those of several people: what it would change, and which of them is least certain.

Labels of the file and decisions count alike, and a person of the file is another than one who decides here. An
exclusion and a wish for a second opinion name no label, so they take no part.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from app.services.class_probabilities import class_probabilities
from app.services.people_agreement import Ratings, rating_matrix
from app.services.workspaces import workspace
from lane_core.evidence.consensus import crowdlab, majority_label
from lane_core.store import classes, datasets, decision_queries
from lane_core.store import people as people_store

LEAST_CERTAIN_SHOWN = 10
_TEXT_CHARS = 200
_SEARCHED_CHARS = 60
"""Of a text: enough to find it again, and short enough for an address."""
CSV_COLUMNS = (
    "example_id", "num_annotations", "consensus_label", "annotator_agreement", "consensus_quality_score"
)  # fmt: skip
"""Named as cleanlab names them."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ConsensusFindings:
    """What the consensus of a project comes to."""

    num_labelled: int
    """Examples with a label of somebody."""
    num_shared: int
    """Examples with labels of at least two people; without one there is nothing to weigh."""
    num_different: int
    """Examples whose consensus is not the label as it stands; excluded ones are left out."""
    num_undecided: int
    """Examples without a majority; none where a model has a say."""
    has_model: bool
    people: pd.DataFrame
    """annotator, is_from_file, num_labels, quality (0 to 1, missing where it cannot be told); the best first."""
    least_certain: pd.DataFrame
    """example_id, text (shortened), found_by (what to search the texts for), labels (what people chose, in words),
    consensus_label, current_label, quality (missing where there is no majority), of examples with labels of at least
    two people."""


@dataclass(frozen=True, eq=False)
class _Weighed:
    """The consensus of every example with a label."""

    frame: pd.DataFrame
    """index, CSV_COLUMNS, text, current_label, status; by index."""
    ratings: Ratings
    """Rows as in the frame; codes are places in ``names``."""
    names: list[str]
    people: pd.DataFrame
    has_model: bool


def consensus(dataset_id: str, run_id: str | None) -> ConsensusFindings:
    """Return the consensus of a project, kept until a label or an epoch changes.

    It is that of CROWDLAB where the run has class probabilities, otherwise the majority.
    """
    version = decision_queries.label_version(workspace().store, dataset_id)
    epoch = workspace().run_dir(run_id).last_epoch() if run_id else 0
    return _consensus(str(workspace().home.path), dataset_id, run_id, version, epoch)


def consensus_csv(dataset_id: str, run_id: str | None) -> bytes:
    """Return the consensus of every example with a label as a CSV file, in the order of the examples."""
    frame = _weighed(dataset_id, run_id).frame[list(CSV_COLUMNS)]
    return frame.to_csv(index=False, lineterminator="\n", float_format="%.6g").encode("utf-8")


def csv_name(dataset_id: str) -> str:
    """Return how the file of ``consensus_csv`` is called."""
    return f"{Path(datasets.get_dataset(workspace().store, dataset_id).source_name).stem}.consensus.csv"


def forget() -> None:
    """Work everything out anew: the database is another one."""
    _consensus.clear()


@st.cache_data(max_entries=8, show_spinner="Weighing what people said")
def _consensus(home: str, dataset_id: str, run_id: str | None, version: int, epoch: int) -> ConsensusFindings:
    """Return ``consensus``; home, version and epoch only say when it is another one."""
    weighed = _weighed(dataset_id, run_id)
    frame = weighed.frame
    has_other = frame["consensus_label"].notna() & (frame["consensus_label"] != frame["current_label"])
    return ConsensusFindings(
        num_labelled=len(frame),
        num_shared=int((frame["num_annotations"] >= 2).sum()),
        num_different=int((has_other & (frame["status"] != "exclude")).sum()),
        num_undecided=int(frame["consensus_label"].isna().sum()),
        has_model=weighed.has_model,
        people=weighed.people,
        least_certain=_least_certain(weighed),
    )


def _least_certain(weighed: _Weighed) -> pd.DataFrame:
    shared = weighed.frame[weighed.frame["num_annotations"] >= 2]
    shared = shared.rename(columns={"consensus_quality_score": "quality"})
    least = shared.sort_values(["quality", "index"], na_position="first").head(LEAST_CERTAIN_SHOWN)
    said = [_in_words(weighed.ratings[row], weighed.names) for row in least.index]
    found = least[["example_id", "consensus_label", "current_label", "quality"]].assign(
        text=least["text"].str.slice(0, _TEXT_CHARS),
        found_by=[_searched(text) for text in least["text"]],
        labels=pd.Series(said, index=least.index, dtype="str"),
    )
    return found.reset_index(drop=True)


def _searched(text: str) -> str:
    """Return what a text is found by: the beginning of its first line that holds anything."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line[:_SEARCHED_CHARS].strip()


def _weighed(dataset_id: str, run_id: str | None) -> _Weighed:
    said = people_store.person_labels(workspace().store, dataset_id).dropna(subset="label")
    names = _classes_in_use(dataset_id)
    codes = {name: code for code, name in enumerate(names)}
    key = ["is_from_file", "annotator"]
    people = said[key].drop_duplicates().sort_values(key)
    examples, ratings = rating_matrix(
        said["index"], said.groupby(key).ngroup(), said["label"].map(codes), len(people)
    )
    probabilities = _probabilities(dataset_id, run_id, examples, names)
    labels, agreement, quality, of_people = _weigh(ratings, probabilities)
    current = datasets.current_labels(workspace().store, dataset_id).set_index("index")
    columns = ["example_id", "text", "current_label", "status"]
    frame = (
        current.loc[examples, columns]
        .reset_index()
        .assign(
            num_annotations=(ratings >= 0).sum(axis=1),
            consensus_label=pd.Series([*names, None], dtype="str").iloc[labels].to_numpy(),
            annotator_agreement=agreement,
            consensus_quality_score=quality,
        )
    )
    people = people.assign(num_labels=(ratings >= 0).sum(axis=0), quality=of_people)
    people = people.sort_values(["quality", "annotator"], ascending=[False, True]).reset_index(drop=True)
    return _Weighed(frame, ratings, names, people, probabilities is not None)


def _weigh(
    ratings: Ratings, probabilities: npt.NDArray[np.float32] | None
) -> tuple[npt.NDArray[np.int64], Floats, Floats, Floats]:
    """Return the consensus, -1 = none; the share of the labels that equal it; its quality; that of each person."""
    num_labels = (ratings >= 0).sum(axis=1)
    found = None if probabilities is None else crowdlab(ratings, probabilities)
    labels = majority_label(ratings) if found is None else found.labels
    is_same = (ratings == labels[:, None]) & (ratings >= 0)
    agreement = np.where(labels >= 0, is_same.sum(axis=1) / np.maximum(num_labels, 1), np.nan)
    if found is not None:
        return labels, agreement, found.quality, found.annotator_quality
    beside = (ratings >= 0) & ((num_labels >= 2) & (labels >= 0))[:, None]
    with np.errstate(invalid="ignore"):
        of_people = (is_same & beside).sum(axis=0) / beside.sum(axis=0)
    return labels, agreement, agreement, of_people


def _classes_in_use(dataset_id: str) -> list[str]:
    """Return what labels can count as now, in order of code."""
    store = workspace().store
    out_of_use = set(classes.replaced_classes(store, dataset_id))
    counted = dict.fromkeys(classes.counted_classes(store, dataset_id))
    return [name for name in counted if name not in out_of_use]


def _probabilities(
    dataset_id: str, run_id: str | None, examples: npt.NDArray[np.int64], names: Sequence[str]
) -> npt.NDArray[np.float32] | None:
    """Return the run's probabilities of these classes; 0 for one that is newer than the run, None where it has none."""
    if run_id is None or len(names) < 2:
        return None
    found = class_probabilities(dataset_id, run_id, examples)
    return None if found is None else found.reindex(columns=list(names), fill_value=0.0).to_numpy()


def _in_words(codes: Ratings, names: Sequence[str]) -> str:
    """Say what people chose, the most frequent first."""
    chosen: Mapping[int, int] = Counter(codes[codes >= 0].tolist())
    ordered = sorted(chosen.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{names[code]} × {times}" if times > 1 else names[code] for code, times in ordered)

"""How far the people of a project agree, on the examples that at least two of them labelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from app.services.workspaces import workspace
from lane_core.evidence.agreement import (
    NUM_RESAMPLES,
    Agreement,
    class_agreements,
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
    pair_agreements,
    percent_agreement,
)
from lane_core.store import datasets, decision_queries, shared_review
from lane_core.store import people as people_store

Source = Literal["here", "file"]
"""Whose labels: those of people who decided here, or those that came with the file."""
EXCLUDED = "(excluded)"
"""The class that an exclusion counts as."""
MOST_PAIRED = 12
"""People whose pairs are compared: those who share the most. Every pair has an interval of its own to work out."""
_RESAMPLED = 20_000_000
"""Examples times resamples: 100,000 examples get 200 resamples, enough for the narrow intervals they have."""

Ratings = npt.NDArray[np.int32]


@dataclass(frozen=True)
class AgreementFindings:
    """How far people agree. The coefficients say nothing where ``num_examples`` is 0."""

    people: tuple[str, ...]
    """Everybody with a label, the ones who share no example included."""
    num_sharing: int
    """Of these, the people who share an example."""
    num_examples: int
    """That at least two people labelled."""
    percent: Agreement
    kappa_name: str
    kappa: Agreement
    alpha: Agreement
    by_class: pd.DataFrame
    """name, chosen (labels on shared examples), agreement, alpha; those with the lowest alpha first. The last two are
    Agreement, which a screen puts into words."""
    by_pair: pd.DataFrame
    """person_a, person_b, num_examples, percent, kappa; those with the lowest kappa first."""


def sources(dataset_id: str) -> list[Source]:
    """Return whose labels there can be: those of the file only if it came with the labels of several people."""
    has_file = bool(datasets.get_dataset(workspace().store, dataset_id).columns.annotators)
    return ["here", "file"] if has_file else ["here"]


def agreement(dataset_id: str, source: Source) -> AgreementFindings:
    """Return how far people agree; kept until a label changes."""
    version = decision_queries.label_version(workspace().store, dataset_id)
    return _agreement(str(workspace().home.path), dataset_id, version, source)


def forget() -> None:
    """Work everything out anew: the database is another one."""
    _agreement.clear()


def rating_matrix(
    index: pd.Series[int], person: pd.Series[int], code: pd.Series[int], num_people: int
) -> tuple[npt.NDArray[np.int64], Ratings]:
    """Return the labels of several people as a matrix.

    Args:
        index: Example of each label.
        person: Who gave it, from 0.
        code: Its class code.
        num_people: Columns of the matrix.

    Returns:
        The examples with a label, in order, and the class codes, (len(examples), num_people), -1 = none.
    """
    examples, rows = np.unique(index.to_numpy(), return_inverse=True)
    ratings = np.full((len(examples), num_people), -1, dtype=np.int32)
    ratings[rows, person.to_numpy()] = code.to_numpy()
    return examples, ratings


@st.cache_data(max_entries=8, show_spinner="Comparing what people said")
def _agreement(home: str, dataset_id: str, version: int, source: Source) -> AgreementFindings:
    """Return ``agreement``; home and version only say when it is another one."""
    labels = _labels(dataset_id, source)
    names = [*datasets.dataset_classes(workspace().store, dataset_id), EXCLUDED]
    person, people = pd.factorize(labels["annotator"], sort=True)
    # A class may be called as exclusions are: only labels that are there are looked up by name.
    codes = {name: code for code, name in enumerate(names[:-1])}
    code = labels["label"].map(codes).fillna(len(names) - 1).astype("int64")
    _, ratings = rating_matrix(labels["index"], pd.Series(person), code, len(people))
    shared = ratings[(ratings >= 0).sum(axis=1) >= 2]
    is_sharing = (shared >= 0).any(axis=0)
    shared, sharing = shared[:, is_sharing], [str(name) for name in people[is_sharing]]
    times = min(NUM_RESAMPLES, max(1, _RESAMPLED // max(1, len(shared))))
    is_pair = len(sharing) == 2
    return AgreementFindings(
        people=tuple(str(name) for name in people),
        num_sharing=len(sharing),
        num_examples=len(shared),
        percent=percent_agreement(shared, times),
        kappa_name="Cohen's kappa" if is_pair else "Fleiss' kappa",
        kappa=cohen_kappa(shared[:, 0], shared[:, 1], times) if is_pair else fleiss_kappa(shared, times),
        alpha=krippendorff_alpha(shared, times),
        by_class=_by_class(shared, names, times),
        by_pair=_by_pair(shared, sharing, times),
    )


def _labels(dataset_id: str, source: Source) -> pd.DataFrame:
    """Return index, annotator, label (missing for an exclusion)."""
    if source == "here":
        return shared_review.independent_answers(workspace().store, dataset_id)
    labels = people_store.person_labels(workspace().store, dataset_id)
    return labels.loc[labels["is_from_file"], ["index", "annotator", "label"]].reset_index(drop=True)


def _by_class(shared: Ratings, names: Sequence[str], times: int) -> pd.DataFrame:
    chosen = np.bincount(shared[shared >= 0], minlength=len(names))
    rows = [
        (names[found.class_code], int(chosen[found.class_code]), found.agreement, found.alpha)
        for found in class_agreements(shared, len(names), times)
        if chosen[found.class_code]
    ]
    rows.sort(key=lambda row: _lowest_first(row[-1]))
    return pd.DataFrame(rows, columns=["name", "chosen", "agreement", "alpha"])


def _by_pair(shared: Ratings, people: Sequence[str], times: int) -> pd.DataFrame:
    most = np.argsort(-(shared >= 0).sum(axis=0), kind="stable")[:MOST_PAIRED]
    kept = np.sort(most)
    rows = [
        (people[kept[pair.person_a]], people[kept[pair.person_b]], pair.num_items, pair.percent, pair.kappa)
        for pair in pair_agreements(shared[:, kept], times)
        if pair.num_items
    ]
    rows.sort(key=lambda row: _lowest_first(row[-1]))
    return pd.DataFrame(rows, columns=["person_a", "person_b", "num_examples", "percent", "kappa"])


def _lowest_first(found: Agreement) -> float:
    return found.value if np.isfinite(found.value) else np.inf

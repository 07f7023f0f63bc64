"""From frames to review cards: the evidence about each example, joined and put into words."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from app.components.review_card_records import Card, Duplicate, Neighbour, Opinion
from lane_core.wording import probability, severity

_SIMILARITY_WORDS = {
    "near": "{given} and {suggested} are often taken for one another",
    "some way": "{given} and {suggested} are sometimes taken for one another",
    "far": "{given} and {suggested} are far apart",
}
_SPLIT_WORDS = {
    "train": "",
    "validation": "validation split",
    "test": "test split",
    "excluded": "not trained on",
}


@dataclass(frozen=True)
class Evidence:
    """What is known about at least the examples of some cards."""

    trajectories: pd.DataFrame
    """index, epoch, margin."""
    neighbours: pd.DataFrame
    """As ``related_queries.neighbours`` returns them; so are duplicates and opinions."""
    duplicates: pd.DataFrame
    opinions: pd.DataFrame
    probabilities: pd.DataFrame
    """A row an example (in its index), a column a class."""
    class_means: Mapping[str, Sequence[float]]
    """Mean ALM of each label, one number an epoch."""
    num_epochs: int
    """Epochs stored so far; an epoch without a margin becomes NaN."""


def review_cards(queue: pd.DataFrame, evidence: Evidence, annotator: str) -> list[Card]:
    """Return one card for each row of the queue, in its order.

    Args:
        queue: As ``review_queue`` returns it.
        evidence: About its examples.
        annotator: Who is going to look at them.
    """
    epochs = range(1, evidence.num_epochs + 1)
    margins = evidence.trajectories.pivot(index="index", columns="epoch", values="margin")
    margins = margins.reindex(index=queue["index"], columns=epochs)
    about = _About(
        *(_by_index(frame) for frame in (evidence.neighbours, evidence.duplicates, evidence.opinions)),
        probabilities=evidence.probabilities.to_dict("index"),
        class_means=evidence.class_means,
        annotator=annotator,
    )
    return [
        _card(row, margin, about)
        for row, margin in zip(_rows(queue), margins.itertuples(index=False, name=None), strict=True)
    ]


class _About(NamedTuple):
    """Rows about each example, by its index: frames asked once, for one card they would be asked a hundred times."""

    neighbours: dict[int, list[Any]]
    duplicates: dict[int, list[Any]]
    opinions: dict[int, list[Any]]
    probabilities: dict[Any, dict[Any, float]]
    class_means: Mapping[str, Sequence[float]]
    annotator: str


def _by_index(frame: pd.DataFrame) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in _rows(frame):
        found[row.index].append(row)
    return found


def reason(given: str, suggested: str, margins: Sequence[float], neighbours: Sequence[Neighbour]) -> str:
    """Say in a sentence or two what speaks against the given label.

    Args:
        given: The label under review.
        suggested: The model's next best label; empty if there is none.
        margins: One per epoch, negative where the model preferred another label; NaN where not known.
        neighbours: The nearest examples.

    Example:
        >>> reason("fear", "trust", [1.0, -0.5, -2.0], [])
        'In 2 of 3 epochs the model preferred another label to fear, most of all trust.'
    """
    known = [margin for margin in margins if not math.isnan(margin)]
    against = sum(margin < 0 for margin in known)
    others = sum(neighbour.differs for neighbour in neighbours)
    sentences = []
    if against:
        most = f", most of all {suggested}" if suggested else ""
        sentences.append(
            f"In {_of_epochs(against, len(known))} the model preferred another label to {given}{most}."
        )
    elif known:
        sentences.append(f"In {_of_epochs(len(known), len(known))} the model agreed with {given}.")
    if 2 * others > len(neighbours):
        share = f"All {others}" if others == len(neighbours) else f"{others} of the {len(neighbours)}"
        sentences.append(f"{share} nearest examples are labelled otherwise.")
    return " ".join(sentences)


def _of_epochs(count: int, total: int) -> str:
    every = {1: "the one epoch so far", 2: "both epochs"}.get(total, f"all {total} epochs")
    return every if count == total else f"{count} of {total} epochs"


def _card(row: Any, margins: Sequence[float], about: _About) -> Card:
    given, suggested = row.given_label, suggestion(row)
    near = [
        Neighbour(other.text, other.label, float(other.cosine), differs=other.label != given)
        for other in about.neighbours[row.index]
    ]
    said = about.opinions[row.index]
    apart = severity(_number(row.similarity, 1.0))
    return Card(
        index=int(row.index),
        example_id=row.example_id,
        text=row.text,
        given_label=given,
        suggested_label=suggested,
        suggested_probability=_number(row.suggested_probability, math.nan),
        reason=reason(given, suggested, margins, near),
        severity=apart,
        similarity_words=_SIMILARITY_WORDS[apart].format(given=given, suggested=suggested),
        weight=_number(row.weight, math.nan),
        score_words=_score_words(row),
        margins=tuple(margins),
        class_mean_margins=tuple(about.class_means.get(given, ())),
        neighbours=tuple(near),
        split_words=_SPLIT_WORDS[row.split],
        status=row.status,
        current_label=row.current_label,
        version=int(row.version),
        probabilities=_ranked(about.probabilities.get(row.index, {})),
        duplicates=tuple(
            Duplicate(other.example_id, other.label, differs=other.label != given)
            for other in about.duplicates[row.index]
        ),
        note=next(
            (one.note for one in said if one.annotator == about.annotator and not one.is_from_file), ""
        ),
        opinions=tuple(Opinion(one.annotator, _opinion_words(one), one.note) for one in said),
    )


def _ranked(probabilities: Mapping[Any, float]) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(probabilities.items(), key=lambda item: -item[1]))


def _opinion_words(opinion: Any) -> str:
    """Say what a person decided.

    Labels of the file were given by people who knew of no suggestion.
    """
    if opinion.is_from_file:
        return f"{opinion.label}, in the file"
    return {
        "keep": f"Kept {opinion.label}",
        "relabel": f"Corrected to {opinion.label}",
        "exclude": "Excluded",
        "flag": "Asked for a second opinion",
    }[str(opinion.action)]


def _score_words(row: Any) -> str:
    if pd.isna(row.label_score):
        return "Not scored"
    if pd.isna(row.severity):
        # A run of an earlier version: its score is no probability.
        return f"Label score {row.label_score:.2f} (0 is worst)"
    return f"The given label is wrong with a probability of {probability(1 - row.label_score)}"


def suggestion(row: Any) -> str:
    """Return the label to suggest; none where the model believes the given one and does not suspect it."""
    if pd.isna(row.suggested_label) or (not row.is_label_issue and row.predicted_label == row.given_label):
        return ""
    return str(row.suggested_label)


def _number(value: Any, otherwise: float) -> float:
    return otherwise if pd.isna(value) else float(value)


def _rows(frame: pd.DataFrame) -> list[Any]:
    """Return the rows as named tuples; ``row.index`` is the column, not the tuple's method."""
    return list(frame.itertuples(index=False, name="Row"))

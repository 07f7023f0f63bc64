"""What the review card is given and what it hands back. How it is drawn: review_card.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lane_core.records import DecisionAction, Severity

EventKind = Literal["decision", "undo", "redo"]
EVENT_KINDS: tuple[EventKind, ...] = ("decision", "undo", "redo")


@dataclass(frozen=True)
class Neighbour:
    """One of the nearest examples."""

    text: str
    label: str
    cosine: float
    differs: bool
    """True if its label is not the given label of the card's example."""


@dataclass(frozen=True)
class Duplicate:
    """Another example with the same text."""

    example_id: str
    label: str
    differs: bool
    """True if its label is not the given label of the card's example."""


@dataclass(frozen=True)
class Opinion:
    """What one person decided about an example that others see otherwise."""

    annotator: str
    words: str
    """The decision, for example "Corrected to joy"."""
    note: str = ""


@dataclass(frozen=True)
class Card:
    """One example with the evidence about its label. Labels are class names."""

    index: int
    example_id: str
    text: str
    given_label: str
    suggested_label: str
    """Equal to the given label, or empty, where the run suggests no other."""
    suggested_probability: float
    reason: str
    """One sentence: why the example is in the queue."""
    severity: Severity
    """How far apart given and suggested label are."""
    similarity_words: str
    """The same in words, for the tooltip of the severity."""
    weight: float
    score_words: str
    """How likely the given label is wrong, for the tooltips."""
    margins: tuple[float, ...]
    """One per epoch; NaN leaves a gap."""
    class_mean_margins: tuple[float, ...]
    """Mean ALM (margin averaged over the epochs so far) of the examples with the same given label, one per epoch."""
    neighbours: tuple[Neighbour, ...]
    status: Literal["", "keep", "relabel", "exclude", "flag"] = ""
    """The stored decision, if there is one."""
    current_label: str = ""
    """Label after the stored decisions; empty means the given label."""
    version: int = 0
    """Number of the decision that ``current_label`` comes from; 0 = none."""
    split_words: str = ""
    """Shown beside the id, for example "test split"; empty for a training example."""
    probabilities: tuple[tuple[str, float], ...] = ()
    """Every class and how likely the model holds it, the likeliest first."""
    duplicates: tuple[Duplicate, ...] = ()
    note: str = ""
    """The person's own stored note. It goes with the next decision again unless it is changed."""
    opinions: tuple[Opinion, ...] = ()
    """What each person decided, where the example is to be settled."""


@dataclass(frozen=True)
class CardEvent:
    """Something a person did on the card."""

    event_id: str
    """Made in the browser; the same event may arrive more than once."""
    kind: EventKind
    index: int | None
    """The example. None for an undo or redo of a decision that only the server still knows."""
    action: DecisionAction | None = None
    """None for undo and redo."""
    label: str | None = None
    """New label for ``relabel``; None otherwise."""
    seen_label: str = ""
    """The label that was on screen; empty for undo and redo."""
    lead_time_s: float | None = None
    """Seconds from showing the card to the decision."""
    seen_version: int | None = None
    """``version`` of the card that was on screen; None for undo and redo."""
    note: str = ""
    """What the person wrote about the example: at most 2,000 characters, each of which a database can hold."""
    is_settling: bool = False
    """True if the decision settles what others disagree about."""

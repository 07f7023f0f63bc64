"""Frozen records that cross rooms. Nothing here imports from the rest of the package.

Epochs count from 1, as in the paper's equations (t = 1…T). ``index`` is the position of an example
in its data set (0…N-1) and never changes; ``example_id`` is the id people see.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Split = Literal["train", "validation", "test", "excluded"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test", "excluded")

Strictness = Literal["sure", "balanced", "thorough"]
STRICTNESSES: tuple[Strictness, ...] = ("sure", "balanced", "thorough")
"""How readily a label is flagged. sure: most of the flagged are wrong; thorough: most of the wrong are flagged."""

RunState = Literal["queued", "running", "finished", "failed", "cancelled", "interrupted"]
ENDED_STATES: tuple[RunState, ...] = ("finished", "failed", "cancelled", "interrupted")

DecisionAction = Literal["keep", "relabel", "exclude", "flag"]
DECISION_ACTIONS: tuple[DecisionAction, ...] = ("keep", "relabel", "exclude", "flag")

Severity = Literal["near", "some way", "far"]
SEVERITIES: tuple[Severity, ...] = ("near", "some way", "far")
"""How far apart two classes are, as a run has learned it."""

QueueStatus = Literal["to_review", "to_settle", "reviewed", "keep", "relabel", "exclude", "flag", "all"]
QUEUE_STATUSES: tuple[QueueStatus, ...] = (
    "to_review", "to_settle", "reviewed", "keep", "relabel", "exclude", "flag", "all",
)  # fmt: skip
"""to_review: more people must decide. to_settle: people disagree, or somebody asked for a second opinion. reviewed:
somebody decided. The actions: that is the decision that counts."""

QueueOrder = Literal["suspicion", "harm", "margin", "self_confidence"]
QUEUE_ORDERS: tuple[QueueOrder, ...] = ("suspicion", "harm", "margin", "self_confidence")
"""What comes first. suspicion: most likely wrong; harm: that times how far given and suggested label are apart; margin:
most in doubt by the plain margin averaged over the epochs (AUM); self_confidence: least believed by a classifier that
has not seen the label."""


@dataclass(frozen=True)
class ColumnChoice:
    """Which columns of a file hold what."""

    text: str
    label: str
    example_id: str | None = None
    split: str | None = None
    annotators: tuple[str, ...] = ()
    """Columns with the labels of one person each; an empty cell is an example that the person has not seen."""
    class_names: tuple[str, ...] = ()
    """Names of the classes 0…K-1 where the labels are numbers; -1 is then no label. Empty = labels are names."""


@dataclass(frozen=True)
class Problem:
    """Something in a file that a person should know before it is stored.

    ``rows`` are 1-based data rows (the header is not counted), at most the first 20 of ``count``.
    ``kind`` is one of: multi_label, label_spelling, missing_label, empty_text, junk_text, other_language, leaks,
    duplicates, conflicting_duplicates, rare_class, long_text, unreadable_bytes, duplicate_id, single_class,
    too_many_classes, no_training_row, unknown_number, annotator_column, new_class, several_labels.
    """

    kind: str
    message: str
    count: int
    rows: tuple[int, ...] = ()
    blocking: bool = False
    """It must be mended, or its fix be ticked, before the file can be stored."""
    fix: str | None = None
    """Field of ``Fixes`` that mends it; None if there is none."""
    is_fixed: bool = False
    """The fix is ticked: the rows are left out, or their labels are read otherwise."""


@dataclass(frozen=True)
class DatasetRecord:
    """A stored data set: what a person calls a project."""

    dataset_id: str
    name: str
    source_name: str
    """File name as uploaded; the file itself is kept beside the database."""
    source_sha256: str
    columns: ColumnChoice
    num_examples: int
    num_rows: int
    """Rows of the file; more than num_examples when unlabelled rows were left out."""
    created_at: datetime


@dataclass(frozen=True)
class RunRecord:
    """A run as the store knows it; its live state is in the run directory."""

    run_id: str
    dataset_id: str
    name: str
    config_json: str
    label_version: int
    """Highest decision sequence number whose labels the run trained on; 0 = the labels of the file."""
    created_at: datetime
    note: str = ""
    """What people noted about it."""


@dataclass(frozen=True)
class RunStatus:
    """Content of status.json: what a run is doing, or how it ended."""

    state: RunState
    message: str = ""
    phase: str = ""
    """What the worker does now, in words: "loading the encoder", "training", "scoring" ..."""
    pid: int | None = None
    device: str = ""
    epoch: int = 0
    """Epoch under way, from 1; 0 before the first."""
    epochs: int = 0
    step: int = 0
    """Optimizer steps done in the whole run."""
    total_steps: int = 0
    seconds_left: float | None = None
    started_at: str | None = None
    ended_at: str | None = None
    heartbeat: str | None = None


@dataclass(frozen=True)
class Decision:
    """One human decision. Append-only: an undo is another row."""

    decision_id: str
    """Made by the client, so that sending it twice stores it once."""
    dataset_id: str
    index: int
    action: DecisionAction
    label: str | None
    """New label for ``relabel``; None otherwise."""
    seen_label: str
    """The label that was on screen."""
    run_id: str | None
    annotator: str
    lead_time_s: float | None = None
    note: str = ""
    seen_version: int | None = None
    """Number of the decision on this example that was on screen, 0 = none; None where nobody looked."""
    batch_id: str | None = None
    """Shared by decisions that one person took together: they are undone together."""
    is_settling: bool = False
    """It ends a disagreement of others: the example is not disputed again until somebody decides anew."""


@dataclass(frozen=True)
class QueueFilter:
    """Which examples the review queue holds, and in which order. None and empty mean "any"."""

    given_labels: tuple[str, ...] = ()
    suggested_labels: tuple[str, ...] = ()
    predicted_labels: tuple[str, ...] = ()
    both_ways: bool = False
    """Also the examples with given and suggested label the other way round."""
    severities: tuple[Severity, ...] = ()
    splits: tuple[Split, ...] = ()
    text: str = ""
    """Only texts that hold this, in capitals or not."""
    annotators: tuple[str, ...] = ()
    """Only examples whose label, as it stands, one of these people decided."""
    selection: str = ""
    """Only the examples of this kept selection, by its id: marked on a chart."""
    status: QueueStatus = "to_review"
    suspects_only: bool = True
    """Only examples flagged at ``strictness``."""
    strictness: Strictness = "balanced"
    is_control: bool = False
    """The control sample instead: examples that are not flagged at ``strictness``, in an order drawn by lot.
    ``suspects_only`` and ``order`` then say nothing."""
    order: QueueOrder = "suspicion"


@dataclass(frozen=True)
class ReviewPlan:
    """How the review of a project is shared among people."""

    overlap: int = 1
    """People who decide on an example, 1 to 5."""
    overlap_share: float = 1.0
    """Share of the examples that so many people decide on; the others need one. Which ones is fixed for good."""
    is_blind: bool = False
    """Whether the suggestion is hidden until the first choice is made."""
    lease_minutes: int = 10
    """For so long an example that is on somebody's screen is given to nobody else."""

    def __post_init__(self) -> None:
        """Check the ranges; ValueError in words."""
        if not 1 <= self.overlap <= 5:
            raise ValueError(f"An example is decided by 1 to 5 people, not by {self.overlap}.")
        if not 0 <= self.overlap_share <= 1:
            raise ValueError(
                f"The share of examples with several people is 0 to 1, not {self.overlap_share}."
            )
        if not 1 <= self.lease_minutes <= 24 * 60:
            raise ValueError(
                f"Examples are held for 1 minute to 24 hours, not for {self.lease_minutes} minutes."
            )

"""What the review of a run has found so far: among its suspects, and among a random sample of the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lane_core.records import QueueFilter, Strictness
from lane_core.store.queue_conditions import ask, queue_conditions
from lane_core.store.store import Store

SAMPLE_SHARE = 0.9
"""The control sample is the longest beginning of its order of which so much is reviewed: who skips a hard example does
not stop the sample from growing, and examples that were reviewed for another reason further on do not count."""

IS_DECIDED = "coalesce(d.action <> 'flag', false)"
"""Whether it is known if the label of a row is right; d is that of RESULT_ROWS."""


@dataclass(frozen=True)
class ReviewOutcome:
    """Counts of examples. Decided: a person kept, corrected or excluded it. Wrong: corrected or excluded."""

    suspects: int
    suspects_decided: int
    suspects_wrong: int
    newest_decided: int
    """Of the suspects, those decided last, at most as many as asked for."""
    newest_wrong: int
    others: int
    """Examples that are not flagged."""
    sampled: int
    """Of these, those of the control sample that are decided."""
    sampled_wrong: int


def review_outcome(store: Store, run_id: str, strictness: Strictness, num_newest: int) -> ReviewOutcome:
    """Return what the review of a run has found, the flags being those of a strictness.

    Raises:
        StoreError: If there is no such run.

    Tables: reads example_results, epoch_metrics, current_decisions.
    """
    flagged = QueueFilter(status="all", strictness=strictness)
    control = QueueFilter(status="all", strictness=strictness, is_control=True)
    with store.cursor() as cursor, queue_conditions(cursor, run_id, flagged) as queue:
        is_corrected = f"{queue.counted('d.final_label')} <> {queue.counted('p.label')}"
        is_wrong = f"({IS_DECIDED} and (d.action = 'exclude' or {is_corrected}))"
        columns = f"count(*), count(*) filter ({IS_DECIDED}), count(*) filter ({is_wrong})"
        [(suspects, decided, wrong)] = ask(cursor, queue, columns, queue.where(flagged)).fetchall()
        newest = f"and {IS_DECIDED} order by d.seq desc limit {int(num_newest)}"
        last = [row[0] for row in ask(cursor, queue, is_wrong, queue.where(flagged), newest).fetchall()]
        drawn = f"{IS_DECIDED} as is_decided, {is_wrong} as is_wrong"
        order = f"order by {queue.order(control, run_id)}"
        others = ask(cursor, queue, drawn, queue.where(control), order).to_arrow_table()
    is_decided, was_wrong = (column.to_numpy() for column in others.columns)
    is_dense = is_decided.cumsum() >= SAMPLE_SHARE * np.arange(1, len(is_decided) + 1)
    size = int(np.flatnonzero(is_dense).max(initial=-1)) + 1
    return ReviewOutcome(
        suspects=suspects,
        suspects_decided=decided,
        suspects_wrong=wrong,
        newest_decided=len(last),
        newest_wrong=sum(last),
        others=len(is_decided),
        sampled=int(is_decided[:size].sum()),
        sampled_wrong=int(was_wrong[:size].sum()),
    )

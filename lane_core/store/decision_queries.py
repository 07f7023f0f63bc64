"""Questions about the decisions that were taken: who took which, when, and how far people have come."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from lane_core.store.frames import fetch_frame
from lane_core.store.lookups import run_parameters, suspect_conditions
from lane_core.store.review_plans import people_wanted, plan_of
from lane_core.store.store import Store


def decision_history(store: Store, dataset_id: str, limit: int) -> pd.DataFrame:
    """Return the newest decisions, undos and redos.

    Args:
        store: The open store.
        dataset_id: An unknown one gives an empty frame.
        limit: At most so many rows.

    Returns:
        seq, decision_id, kind, index, example_id, action, label, seen_label, target, run_id, annotator,
        lead_time_s, note, created_at, is_live, num_decisions; newest first. Labels are class names; an undo or redo
        shows the action and labels of its target, and ``is_live`` of a target's rows is that of the target. Of
        decisions taken, undone or redone together only the newest is there; ``num_decisions`` says how many they are.
    """
    query = """
        with steps as (
            select *, count(*) over same as num_decisions from decisions where dataset_id = $dataset_id
            window same as (partition by coalesce(batch_id, decision_id), kind, created_at)
            qualify row_number() over (
                partition by coalesce(batch_id, decision_id), kind, created_at order by seq desc
            ) = 1
        )
        select d.seq, d.decision_id, d.kind, d.index, e.example_id, d.action, label.name as label,
            seen.name as seen_label, d.target, d.run_id, d.annotator, d.lead_time_s, d.note, d.created_at,
            live.decision_id is not null as is_live, d.num_decisions
        from steps d
        join examples e on e.dataset_id = d.dataset_id and e.index = d.index
        left join label_classes label on label.dataset_id = d.dataset_id and label.code = d.label
        left join label_classes seen on seen.dataset_id = d.dataset_id and seen.code = d.seen_label
        left join live_decisions live on live.decision_id = coalesce(d.target, d.decision_id)
        order by d.seq desc
        limit $limit
    """
    with store.cursor() as cursor:
        return fetch_frame(cursor, query, {"dataset_id": dataset_id, "limit": limit})


def unseen_decisions(store: Store, decision_ids: Sequence[str]) -> pd.DataFrame:
    """Return what others had decided that the annotators of some decisions had not seen when they decided.

    Both stay on record, and the newer one counts.

    Returns:
        decision_id (one of the given), index, example_id, annotator, action, label (class name; missing unless
        "relabel") of the other decision; in the order in which the given ones were stored. Empty where nobody
        was overlooked.
    """
    query = """
        select d.decision_id, d.index, e.example_id, other.annotator, other.action, c.name as label
        from decisions d
        join decisions other on other.decision_id = d.unseen_decision
        join examples e on e.dataset_id = d.dataset_id and e.index = d.index
        left join label_classes c on c.dataset_id = other.dataset_id and c.code = other.label
        where d.decision_id in (select unnest($ids::text[]))
        order by d.seq
    """
    with store.cursor() as cursor:
        return fetch_frame(cursor, query, {"ids": list(decision_ids)})


def review_progress(store: Store, run_id: str) -> dict[str, int]:
    """Return how far the review of a run has come.

    Returns:
        suspects (flagged in the last epoch at the balanced strictness), suspects_reviewed (by as many people as the
        plan wants), to_settle (disputed, or somebody asks for a second opinion), examples (of the data set), reviewed
        (with a live decision, from whichever run), and of these corrected, kept, excluded, flagged by the newest live
        decision; the four add up to reviewed.

    Raises:
        StoreError: If there is no such run.
    """
    with store.cursor() as cursor:
        parameters = run_parameters(cursor, run_id)
        wanted = people_wanted(plan_of(cursor, parameters["dataset_id"]), "e.index")
        query = f"""
            select
                count(*) filter (is_suspect) as suspects,
                count(*) filter (is_suspect and num_people >= num_wanted) as suspects_reviewed,
                count(*) filter (is_disputed or status = 'flag') as to_settle,
                count(*) as examples,
                count(*) filter (status <> '') as reviewed,
                count(*) filter (status = 'relabel') as corrected,
                count(*) filter (status = 'keep') as kept,
                count(*) filter (status = 'exclude') as excluded,
                count(*) filter (status = 'flag') as flagged
            from (
                select coalesce(d.action, '') as status, coalesce(d.num_people, 0) as num_people,
                    {wanted} as num_wanted, d.is_disputed,
                    {suspect_conditions(cursor, run_id)["balanced"]} as is_suspect
                from (select index from examples where dataset_id = $dataset_id) e
                left join (
                    select index, action, num_people, is_disputed from current_decisions where dataset_id = $dataset_id
                ) d on d.index = e.index
                left join (
                    select index, label_score, is_label_issue from example_results where run_id = $run_id
                ) p on p.index = e.index
            )
        """
        counts = fetch_frame(cursor, query, parameters).iloc[0]
    return {str(name): int(count) for name, count in counts.items()}


def label_version(store: Store, dataset_id: str) -> int:
    """Return the number of the newest decision, undo, redo or change of classes of a data set; 0 if there is none.

    The same number means the same labels.
    """
    query = """
        select greatest(
            (select coalesce(max(seq), 0) from decisions where dataset_id = $dataset_id and index is not null),
            (select coalesce(max(seq), 0) from class_changes where dataset_id = $dataset_id)
        )
    """
    with store.cursor() as cursor:
        return int(cursor.execute(query, {"dataset_id": dataset_id}).fetchall()[0][0])

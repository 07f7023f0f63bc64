"""What several people on one data set come to: how many examples they share, what they said, what is left to settle."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from lane_core.records import ReviewPlan
from lane_core.store.frames import fetch_frame
from lane_core.store.lookups import COUNTED_CLASSES, class_names
from lane_core.store.review_plans import people_wanted
from lane_core.store.store import Store


@dataclass(frozen=True)
class ToSettle:
    """Examples of which somebody must say what counts."""

    num_disputed: int
    """People chose different labels."""
    num_second_opinions: int
    """The newest decision asks for a second opinion."""
    num_examples: int
    """With one or both: as many as the queue "to_settle" of a run holds."""


def num_shared(store: Store, dataset_id: str, plan: ReviewPlan) -> int:
    """Return how many examples of a data set more than one person decides on under a plan.

    Tables: reads examples.
    """
    query = f"select count(*) filter ({people_wanted(plan, 'index')} > 1) from examples where dataset_id = ?"
    with store.cursor() as cursor:
        return int(cursor.execute(query, [dataset_id]).fetchall()[0][0])


def to_settle(store: Store, dataset_id: str) -> ToSettle:
    """Return what is left to settle of a data set.

    Tables: reads current_decisions.
    """
    query = """
        select count(*) filter (is_disputed), count(*) filter (action = 'flag'),
            count(*) filter (is_disputed or action = 'flag')
        from current_decisions where dataset_id = ?
    """
    with store.cursor() as cursor:
        return ToSettle(*cursor.execute(query, [dataset_id]).fetchall()[0])


def independent_answers(store: Store, dataset_id: str) -> pd.DataFrame:
    """Return what each person said on each example without knowing what others had said.

    That is the newest live decision that settles nothing: who settles has seen the answers of the others. A wish for a
    second opinion is no answer, and takes back an earlier one of the same person.

    Returns:
        index, annotator, label (class name; missing for an exclusion); by index, then annotator.

    Raises:
        StoreError: If there is no such data set.

    Tables: reads decisions, label_classes.
    """
    query = f"""
        with classes as ({COUNTED_CLASSES}), newest as (
            select index, annotator, action, final_label from live_decisions
            where dataset_id = $dataset_id and not is_settling
            qualify row_number() over (partition by index, annotator order by seq desc) = 1
        )
        select n.index, n.annotator, if(n.action = 'exclude', null, c.name) as label
        from newest n join classes c on c.code = n.final_label
        where n.action <> 'flag'
        order by n.index, n.annotator
    """
    with store.cursor() as cursor:
        class_names(cursor, dataset_id)
        return fetch_frame(cursor, query, {"dataset_id": dataset_id})


def overturned_answers(store: Store, dataset_id: str) -> pd.DataFrame:
    """Return how many answers of each person are not what counts now.

    Returns:
        annotator, num_answers (newest live decisions, wishes for a second opinion left out), num_overturned; by name.

    Tables: reads own_decisions, current_decisions, label_classes.
    """
    query = """
        with classes as (
            select code, coalesce(counts_as, code) as counted from label_classes where dataset_id = $dataset_id
        ), own as (
            select key, annotator, if(action = 'exclude', -1, counted) as answer
            from own_decisions join classes on code = final_label
            where dataset_id = $dataset_id and action <> 'flag'
        ), standing as (
            select key, if(action = 'exclude', -1, counted) as answer
            from current_decisions join classes on code = final_label where dataset_id = $dataset_id
        )
        select annotator, count(*) as num_answers,
            count(*) filter (own.answer <> standing.answer) as num_overturned
        from own join standing using (key) group by annotator order by annotator
    """
    with store.cursor() as cursor:
        return fetch_frame(cursor, query, {"dataset_id": dataset_id})

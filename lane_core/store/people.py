"""What the people who review a data set have done: their labels, and how fast they decide."""

from __future__ import annotations

import pandas as pd

from lane_core.store.frames import fetch_frame, now_utc
from lane_core.store.lookups import COUNTED_CLASSES, class_names
from lane_core.store.store import Store


def person_labels(store: Store, dataset_id: str) -> pd.DataFrame:
    """Return the newest live decision of each person on each example, and the labels that came with the file.

    A person of the file and one who decides here are two, even under one name.

    Returns:
        index, annotator, label (class name; missing for an exclusion or a wish for a second opinion), action ("" for
        labels of the file), is_from_file; by index, then annotator.

    Raises:
        StoreError: If there is no such data set.

    Tables: reads own_decisions, annotations, label_classes.
    """
    query = f"""
        with classes as ({COUNTED_CLASSES})
        select said.index, said.annotator, c.name as label, said.action, said.is_from_file
        from (
            select index, annotator, if(action in ('exclude', 'flag'), null, final_label) as code, action,
                false as is_from_file
            from own_decisions where dataset_id = $dataset_id
            union all
            select index, annotator, label, '', true from annotations where dataset_id = $dataset_id
        ) said
        left join classes c on c.code = said.code
        order by said.index, said.annotator, said.is_from_file
    """
    with store.cursor() as cursor:
        class_names(cursor, dataset_id)
        return fetch_frame(cursor, query, {"dataset_id": dataset_id})


def annotators(store: Store, dataset_id: str) -> pd.DataFrame:
    """Return the people who decided on a data set here.

    Returns:
        annotator, num_decisions (live, one an example), median_seconds (a decision; missing if none was timed),
        num_today (decided since midnight UTC), newest_at; most decisions first.

    Tables: reads own_decisions.
    """
    query = """
        select annotator, count(*) as num_decisions, median(lead_time_s) as median_seconds,
            count(*) filter (created_at >= $midnight) as num_today,
            max(created_at) as newest_at
        from own_decisions where dataset_id = $dataset_id
        group by annotator order by num_decisions desc, annotator
    """
    midnight = now_utc().replace(hour=0, minute=0, second=0, microsecond=0)
    with store.cursor() as cursor:
        return fetch_frame(cursor, query, {"dataset_id": dataset_id, "midnight": midnight})


def decisions_by_day(store: Store, dataset_id: str, num_days: int) -> pd.DataFrame:
    """Count the live decisions of each person by day (UTC), from the first of the last days on to today.

    Returns:
        annotator, days_ago (0 = today), num_decisions; by annotator, then the longest ago first. A day without a
        decision has no row.

    Tables: reads own_decisions.
    """
    query = """
        select annotator, date_diff('day', created_at, $today) as days_ago, count(*) as num_decisions
        from own_decisions
        where dataset_id = $dataset_id and date_diff('day', created_at, $today) between 0 and $num_days - 1
        group by all order by annotator, days_ago desc
    """
    parameters = {"dataset_id": dataset_id, "today": now_utc(), "num_days": num_days}
    with store.cursor() as cursor:
        return fetch_frame(cursor, query, parameters)


def answers_beside_others(store: Store, dataset_id: str) -> pd.DataFrame:
    """Return how far each person agrees with the others, and with what was settled.

    Answers are those of ``independent_answers``: without what settled a dispute, and without wishes for a second
    opinion. An exclusion counts as a class of its own.

    Returns:
        annotator; num_shared: pairs of an answer with that of another person on the same example; num_same: of these,
        alike; num_settled: answers on examples that somebody settled; num_upheld: of these, those that the one who
        settled chose too. By annotator.

    Tables: reads decisions, own_decisions, label_classes.
    """
    query = """
        with classes as (
            select code, coalesce(counts_as, code) as counted from label_classes where dataset_id = $dataset_id
        ), answers as (
            select index, annotator, if(action = 'exclude', -1, counted) as answer
            from (
                select index, annotator, action, final_label from live_decisions
                where dataset_id = $dataset_id and not is_settling
                qualify row_number() over (partition by index, annotator order by seq desc) = 1
            ) join classes on code = final_label
            where action <> 'flag'
        ), settled as (
            select index, arg_max(if(action = 'exclude', -1, counted), seq) as answer
            from own_decisions join classes on code = final_label
            where dataset_id = $dataset_id and is_settling and action <> 'flag' group by index
        ), shared as (
            select one.annotator, count(*) as num_shared, count(*) filter (one.answer = other.answer) as num_same
            from answers one join answers other on other.index = one.index and other.annotator <> one.annotator
            group by 1
        ), upheld as (
            select a.annotator, count(*) as num_settled, count(*) filter (a.answer = s.answer) as num_upheld
            from answers a join settled s on s.index = a.index group by 1
        )
        select annotator, coalesce(num_shared, 0) as num_shared, coalesce(num_same, 0) as num_same,
            coalesce(num_settled, 0) as num_settled, coalesce(num_upheld, 0) as num_upheld
        from (select distinct annotator from answers)
        left join shared using (annotator) left join upheld using (annotator)
        order by annotator
    """
    with store.cursor() as cursor:
        return fetch_frame(cursor, query, {"dataset_id": dataset_id})


def decided_since(store: Store, dataset_id: str, annotator: str, version: int) -> set[int]:
    """Return the examples whose newest live decision of a person is newer than a label version."""
    query = "select index from own_decisions where dataset_id = ? and annotator = ? and seq > ?"
    with store.cursor() as cursor:
        return {row[0] for row in cursor.execute(query, [dataset_id, annotator, version]).fetchall()}

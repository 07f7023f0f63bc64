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


def decided_since(store: Store, dataset_id: str, annotator: str, version: int) -> set[int]:
    """Return the examples whose newest live decision of a person is newer than a label version."""
    query = "select index from own_decisions where dataset_id = ? and annotator = ? and seq > ?"
    with store.cursor() as cursor:
        return {row[0] for row in cursor.execute(query, [dataset_id, annotator, version]).fetchall()}

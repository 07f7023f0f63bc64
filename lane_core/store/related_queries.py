"""What belongs to some examples and is shown beside them: their neighbours, their doubles, what each person said."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from lane_core.store.frames import fetch_frame
from lane_core.store.lookups import COUNTED_CLASSES, dataset_number, example_key, run_dataset_id
from lane_core.store.store import Store


def neighbours(store: Store, run_id: str, indices: Sequence[int]) -> pd.DataFrame:
    """Return the nearest neighbours of some examples.

    Returns:
        index, rank (1 = nearest), neighbour (its index), cosine, text, label (current), status (of its newest
        live decision); by index and rank. Empty before the neighbours are stored.

    Raises:
        StoreError: If there is no such run.

    Tables: reads neighbours, examples, current_decisions.
    """
    query = f"""
        with classes as ({COUNTED_CLASSES}), found as (
            select * from neighbours
            where run_id = $run_id and index in (select unnest($indices::integer[]))
        )
        select n.index, n.rank, n.neighbour, n.cosine, e.text, c.name as label, coalesce(d.action, '') as status
        from found n
        join (select * from examples where dataset_id = $dataset_id) e on e.index = n.neighbour
        left join (select * from current_decisions where dataset_id = $dataset_id) d on d.index = n.neighbour
        join classes c on c.code = coalesce(d.final_label, e.given_label)
        order by n.index, n.rank
    """
    with store.cursor() as cursor:
        parameters = {
            "run_id": run_id,
            "dataset_id": run_dataset_id(cursor, run_id),
            "indices": [int(index) for index in indices],
        }
        return fetch_frame(cursor, query, parameters)


def duplicates(store: Store, dataset_id: str, indices: Sequence[int]) -> pd.DataFrame:
    """Return the other examples with the same text, blanks around it aside.

    Returns:
        index (one of the given), example_id, label (current) of the other; by index and place of the other. Empty
        where there are none.

    Tables: reads duplicate_texts, examples, current_decisions.
    """
    with store.cursor() as cursor:
        first = example_key(dataset_number(cursor, dataset_id), 0)
        keys = ", ".join(str(first + int(index)) for index in indices) or "null"
        query = f"""
            with classes as ({COUNTED_CLASSES}), same as (
                select own.key - {first} as index, other.key as key
                from (select * from duplicate_texts where key in ({keys})) own
                join duplicate_texts other on other.first_key = own.first_key and other.key <> own.key
            )
            select s.index::integer as index, e.example_id, c.name as label
            from same s
            join (select * from examples where dataset_id = $dataset_id) e on e.key = s.key
            left join current_decisions d on d.key = s.key
            join classes c on c.code = coalesce(d.final_label, e.given_label)
            order by s.index, s.key
        """
        return fetch_frame(cursor, query, {"dataset_id": dataset_id})


def opinions(store: Store, dataset_id: str, indices: Sequence[int]) -> pd.DataFrame:
    """Return what each person decided on some examples, the labels that came with the file included.

    Returns:
        index, annotator, action ("" for a label of the file), label (class name; that of the run for keep, missing for
        exclude and flag), note, is_from_file; by index, those of the file first, then in the order of deciding.

    Tables: reads own_decisions, annotations.
    """
    query = f"""
        with classes as ({COUNTED_CLASSES}), wanted as (select unnest($indices::integer[]) as index), said as (
            select index, annotator, action, if(action in ('exclude', 'flag'), null, final_label) as code, note, seq,
                false as is_from_file
            from own_decisions where dataset_id = $dataset_id and index in (from wanted)
            union all
            select index, annotator, '', label, '', 0, true
            from annotations where dataset_id = $dataset_id and index in (from wanted)
        )
        select s.index, s.annotator, s.action, c.name as label, s.note, s.is_from_file
        from said s left join classes c on c.code = s.code
        order by s.index, s.seq, s.annotator
    """
    with store.cursor() as cursor:
        wanted = {"dataset_id": dataset_id, "indices": [int(index) for index in indices]}
        return fetch_frame(cursor, query, wanted)

"""What belongs to some examples and is shown beside them: their neighbours, their doubles, what each person said."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from lane_core.store.frames import fetch_frame
from lane_core.store.lookups import (
    COUNTED_CLASSES,
    counted_names,
    dataset_number,
    example_key,
    examples_at,
    labels_at,
    run_dataset_id,
)
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
    wanted = ", ".join(str(int(index)) for index in indices) or "null"
    query = f"""
        select index, rank, neighbour, cosine from neighbours where run_id = $run_id and index in ({wanted})
        order by index, rank
    """
    with store.cursor() as cursor:
        dataset_id = run_dataset_id(cursor, run_id)
        frame = fetch_frame(cursor, query, {"run_id": run_id})
        others = frame["neighbour"].unique().tolist()
        examples, decided = examples_at(cursor, dataset_id, others), labels_at(cursor, dataset_id, others)
        names = counted_names(cursor, dataset_id)
    now = {index: decided.get(index, ("", given)) for index, (_, _, given) in examples.items()}
    return frame.assign(
        text=pd.Series([examples[index][1] for index in frame["neighbour"]], dtype="str"),
        label=pd.Series([names[now[index][1]] for index in frame["neighbour"]], dtype="str"),
        status=pd.Series([now[index][0] for index in frame["neighbour"]], dtype="str"),
    )


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
            select own.key - {first} as index, other.key - {first} as other
            from (select * from duplicate_texts where key in ({keys})) own
            join duplicate_texts other on other.first_key = own.first_key and other.key <> own.key
            order by own.key, other.key
        """
        pairs = cursor.execute(query).fetchall()
        others = {other for _, other in pairs}
        examples, decided = examples_at(cursor, dataset_id, others), labels_at(cursor, dataset_id, others)
        names = counted_names(cursor, dataset_id)
    rows = [
        (index, examples[other][0], names[decided.get(other, ("", examples[other][2]))[1]])
        for index, other in pairs
    ]
    return pd.DataFrame(rows, columns=["index", "example_id", "label"])


def opinions(store: Store, dataset_id: str, indices: Sequence[int]) -> pd.DataFrame:
    """Return what each person decided on some examples, the labels that came with the file included.

    Returns:
        index, annotator, action ("" for a label of the file), label (class name; that of the run for keep, missing for
        exclude and flag), note, is_from_file; by index, those of the file first, then in the order of deciding.

    Tables: reads own_decisions, annotations.
    """
    wanted = ", ".join(str(int(index)) for index in indices) or "null"
    query = f"""
        with classes as ({COUNTED_CLASSES}), said as (
            select index, annotator, action, if(action in ('exclude', 'flag'), null, final_label) as code, note, seq,
                false as is_from_file
            from own_decisions where dataset_id = $dataset_id and index in ({wanted})
            union all
            select index, annotator, '', label, '', 0, true
            from annotations where dataset_id = $dataset_id and index in ({wanted})
        )
        select s.index, s.annotator, s.action, c.name as label, s.note, s.is_from_file
        from said s left join classes c on c.code = s.code
        order by s.index, s.seq, s.annotator
    """
    with store.cursor() as cursor:
        return fetch_frame(cursor, query, {"dataset_id": dataset_id})

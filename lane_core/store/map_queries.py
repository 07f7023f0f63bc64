"""What the map shows of every example beside its place."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from lane_core.records import QueueFilter
from lane_core.store.frames import fetch_frame, registered
from lane_core.store.lookups import counted_names, run_parameters
from lane_core.store.queue_conditions import ask, queue_conditions
from lane_core.store.store import Store


def class_meanings(store: Store, dataset_id: str) -> tuple[str, ...]:
    """Return, by code, the class names as they count now: a replaced class has the name of that in its place.

    Tables: reads label_classes.
    """
    with store.cursor() as cursor:
        return tuple(counted_names(cursor, dataset_id))


def map_examples(store: Store, run_id: str) -> pd.DataFrame:
    """Return what the map shows of all examples of a run, as its last stored epoch saw them.

    Returns:
        index, given (code of the label that the run trained on), suggested (code, -1 = none), alm, label_score,
        is_suspect (at the balanced strictness), action ("" or that of the decision that counts), annotator (who took
        it, or ""); by index. Codes count as ``class_meanings`` says. Empty before the first epoch.

    Raises:
        StoreError: If there is no such run.

    Tables: reads example_results, epoch_metrics, current_decisions.
    """
    anything = QueueFilter(status="all", suspects_only=False)
    with store.cursor() as cursor, queue_conditions(cursor, run_id, anything) as queue:
        columns = f"""p.index, {queue.counted("p.label")}::smallint as given,
            coalesce({queue.counted("p.suggested")}, -1)::smallint as suggested, p.alm, p.label_score,
            {queue.suspects["balanced"]} as is_suspect, coalesce(d.action, '') as action,
            coalesce(d.annotator, '') as annotator"""
        found = ask(cursor, queue, columns, "true", "order by p.index").to_arrow_table()
    for name in ("action", "annotator"):
        found = found.set_column(
            found.schema.get_field_index(name), name, found[name].dictionary_encode().combine_chunks()
        )
    frame: pd.DataFrame = found.to_pandas()
    return frame


def text_beginnings(store: Store, run_id: str, indices: pa.Array, length: int) -> pd.DataFrame:
    """Return index, example_id and text, cut after ``length`` characters, of some examples of a run, by index.

    Raises:
        StoreError: If there is no such run.

    Tables: reads examples.
    """
    query = f"""
        select index, example_id, left(text, {int(length)}) as text
        from examples join wanted_examples using (index)
        where dataset_id = $dataset_id order by index
    """
    with store.cursor() as cursor:
        dataset = {"dataset_id": run_parameters(cursor, run_id)["dataset_id"]}
        with registered(cursor, pa.table({"index": indices.cast(pa.int32())}), "wanted_examples"):
            return fetch_frame(cursor, query, dataset)

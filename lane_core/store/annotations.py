"""Labels of several people that came with the file of a data set, beside the label under review."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import pandas as pd
import pyarrow as pa

from lane_core.errors import StoreError
from lane_core.store.frames import fetch_frame, insert_frame
from lane_core.store.lookups import label_codes
from lane_core.store.store import Store

_ANNOTATIONS = pa.schema({"index": pa.int32(), "annotator": pa.string(), "label": pa.int16()})


def file_annotations(store: Store, dataset_id: str) -> pd.DataFrame:
    """Return the labels of several people that came with the file, as they were imported.

    Returns:
        index, annotator (name of the person's column), label (class name); by index, then annotator. One row at most
        an example and person. Empty for an unknown data set, or one that came with one label an example.

    Tables: reads annotations, label_classes.
    """
    query = """
        select a.index, a.annotator, c.name as label
        from annotations a join label_classes c on c.dataset_id = a.dataset_id and c.code = a.label
        where a.dataset_id = $dataset_id order by a.index, a.annotator
    """
    with store.cursor() as cursor:
        return fetch_frame(cursor, query, {"dataset_id": dataset_id})


def annotation_rows(annotations: pd.DataFrame, codes: Mapping[str, int], num_examples: int) -> pa.Table:
    """Return the rows that are stored for some labels of several people.

    Args:
        annotations: index, annotator, label (class name), in any order.
        codes: Code of each class name, in order of code.
        num_examples: Number of examples of the data set.

    Raises:
        StoreError: If an index or a label is not of this data set, or somebody labels an example twice.
    """
    index = annotations["index"]
    outside = index[(index < 0) | (index >= num_examples)]
    if len(outside):
        raise StoreError(
            f"A label of {annotations['annotator'][outside.index[0]]!r} is for the example {outside.iloc[0]}; "
            f"the examples have the positions 0 to {num_examples - 1}."
        )
    twice = annotations[annotations.duplicated(["index", "annotator"])]
    if len(twice):
        raise StoreError(
            f"{twice['annotator'].iloc[0]!r} labels the example {twice['index'].iloc[0]} twice "
            f"({len(twice)} labels too many). Give one label an example and person."
        )
    rows = annotations[_ANNOTATIONS.names].assign(label=label_codes(codes, annotations["label"]))
    return pa.Table.from_pandas(rows, schema=_ANNOTATIONS, preserve_index=False)


def insert_annotations(cursor: duckdb.DuckDBPyConnection, dataset_id: str, rows: pa.Table) -> None:
    """Store rows of ``annotation_rows``; part of the transaction that stores their data set."""
    insert_frame(cursor, "annotations", rows, {"dataset_id": dataset_id}, order_by="index, annotator")

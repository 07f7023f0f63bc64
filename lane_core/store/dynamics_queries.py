"""Queries of the training dynamics: what the history says about the training examples, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from lane_core.store.frames import fetch_frame
from lane_core.store.lookups import COUNTED_CLASSES, run_dataset_id, run_parameters, suspect_conditions
from lane_core.store.store import Store

Indices = npt.NDArray[np.int32]


def history_epochs(store: Store, run_id: str) -> tuple[int, ...]:
    """Return the epochs of which every example's numbers are still stored, in order; see ``removal.drop_history``.

    Tables: reads example_epochs.
    """
    query = "select distinct epoch from example_epochs where run_id = ? order by epoch"
    with store.cursor() as cursor:
        return tuple(row[0] for row in cursor.execute(query, [run_id]).fetchall())


def training_margins(store: Store, run_id: str, epoch: int) -> pd.DataFrame:
    """Return index, alm, weight of the training examples after one epoch; those without an ALM are left out.

    Tables: reads example_epochs.
    """
    query = """
        select index, alm, weight from example_epochs
        where run_id = $run_id and epoch = $epoch and is_train and alm is not null
    """
    with store.cursor() as cursor:
        return fetch_frame(cursor, query, {"run_id": run_id, "epoch": epoch})


def alm_span(store: Store, run_id: str, tail: float) -> tuple[float, float] | None:
    """Return between which ALM, in logits, the training examples lie in all epochs, but for a share on either side.

    Args:
        store: The open store.
        run_id: The run.
        tail: Share of the examples of an epoch that may lie beyond either end.

    Returns:
        None where no training example has an ALM.

    Tables: reads example_epochs.
    """
    query = """
        select min(ends[1]), max(ends[2]) from (
            select quantile_cont(alm, [$tail, 1 - $tail]) as ends from example_epochs
            where run_id = $run_id and is_train and alm is not null group by epoch
        )
    """
    with store.cursor() as cursor:
        found = cursor.execute(query, {"run_id": run_id, "tail": tail}).fetchone()
    return None if found is None or found[0] is None else (float(found[0]), float(found[1]))


def weight_bands(store: Store, run_id: str) -> pd.DataFrame:
    """Return how much the training examples weigh, apart by whether the run flags them after its newest epoch.

    Returns:
        epoch, is_flagged (at the balanced strictness), num_examples, mean, low, high (10th and 90th percentile); by
        epoch, kept before flagged.

    Raises:
        StoreError: If there is no such run.

    Tables: reads example_epochs, example_results, epoch_metrics.
    """
    with store.cursor() as cursor:
        run_dataset_id(cursor, run_id)
        query = f"""
            select e.epoch, f.is_flagged, count(*) as num_examples, avg(e.weight) as mean,
                quantile_cont(e.weight::double, 0.1) as low, quantile_cont(e.weight::double, 0.9) as high
            from (
                select index, {suspect_conditions(cursor, run_id)["balanced"]} as is_flagged
                from example_results p where p.run_id = $run_id
            ) f
            join (
                select epoch, index, weight from example_epochs
                where run_id = $run_id and is_train and weight is not null
            ) e on e.index = f.index
            group by e.epoch, f.is_flagged
            order by e.epoch, f.is_flagged
        """
        return fetch_frame(cursor, query, {"run_id": run_id})


def training_results(store: Store, run_id: str) -> pd.DataFrame:
    """Return index, is_flagged (at the balanced strictness), weight of the training examples, by index.

    As the newest epoch sees them; empty before the first.

    Raises:
        StoreError: If there is no such run.

    Tables: reads example_results, epoch_metrics.
    """
    with store.cursor() as cursor:
        run_dataset_id(cursor, run_id)
        query = f"""
            select p.index, {suspect_conditions(cursor, run_id)["balanced"]} as is_flagged, p.weight
            from example_results p where p.run_id = $run_id and p.split = 'train' order by p.index
        """
        return fetch_frame(cursor, query, {"run_id": run_id})


def held_out_against(store: Store, run_id: str) -> Indices:
    """Return the validation and test examples whose label the run does not predict after its newest epoch, (N,).

    Tables: reads example_results.
    """
    query = """
        select index from example_results
        where run_id = $run_id and split in ('validation', 'test') and predicted <> label order by index
    """
    with store.cursor() as cursor:
        return np.asarray(cursor.execute(query, {"run_id": run_id}).fetchnumpy()["index"], dtype=np.int32)


def class_means(store: Store, run_id: str, indices: Sequence[int]) -> pd.DataFrame:
    """Return what became, over the epochs, of the classes that some examples have in this run.

    Returns:
        label (the class as it counts now), epoch, alm, margin: means over the training examples of the class, in
        logits; by label and epoch.

    Raises:
        StoreError: If there is no such run.

    Tables: reads example_epochs, example_results.
    """
    wanted = ", ".join(str(int(index)) for index in indices) or "null"
    query = f"""
        with classes as ({COUNTED_CLASSES}), wanted as (
            select distinct c.name from example_results p join classes c on c.code = p.label
            where p.run_id = $run_id and p.index in ({wanted})
        )
        select c.name as label, e.epoch, avg(e.alm) as alm, avg(e.margin) as margin
        from example_epochs e join classes c on c.code = e.label
        where e.run_id = $run_id and e.is_train and c.name in (select name from wanted)
        group by c.name, e.epoch
        order by c.name, e.epoch
    """
    with store.cursor() as cursor:
        return fetch_frame(cursor, query, run_parameters(cursor, run_id))


def example_ids(store: Store, run_id: str) -> pd.Series:
    """Return the id that people know each example of a run's data set by, with its index.

    Raises:
        StoreError: If there is no such run.

    Tables: reads examples.
    """
    query = "select index, example_id from examples where dataset_id = $dataset_id order by index"
    with store.cursor() as cursor:
        frame = fetch_frame(cursor, query, {"dataset_id": run_dataset_id(cursor, run_id)})
    return frame.set_index("index")["example_id"]


def examples_with_id(store: Store, run_id: str, example_id: str) -> list[int]:
    """Return the examples of a run's data set that people know by this id.

    Raises:
        StoreError: If there is no such run.

    Tables: reads examples.
    """
    query = "select index from examples where dataset_id = $dataset_id and example_id = $example_id order by index"
    with store.cursor() as cursor:
        parameters = {"dataset_id": run_dataset_id(cursor, run_id), "example_id": example_id}
        return [row[0] for row in cursor.execute(query, parameters).fetchall()]

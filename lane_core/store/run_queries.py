"""Queries of the run screens: how a run goes, epoch by epoch. An unknown run gives empty results."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from lane_core.runs.run_dir import METRICS_SCHEMA
from lane_core.store.frames import fetch_frame
from lane_core.store.lookups import newest_epoch
from lane_core.store.store import Store


def last_epoch(store: Store, run_id: str) -> int:
    """Return the last epoch of which the examples are stored; 0 if there is none."""
    with store.cursor() as cursor:
        return newest_epoch(cursor, run_id)


def stored_epochs(store: Store, run_id: str) -> tuple[int, ...]:
    """Return the epochs of which the examples are stored, in order.

    While the app catches up some before the last may be missing: the newest is read in first.
    """
    query = "select epoch from ingested_files where run_id = ? and kind = 'epoch' order by epoch"
    with store.cursor() as cursor:
        return tuple(row[0] for row in cursor.execute(query, [run_id]).fetchall())


def epoch_metrics(store: Store, run_id: str) -> pd.DataFrame:
    """Return epoch and the columns of METRICS_SCHEMA, by epoch; a metric that does not exist is missing."""
    columns = ", ".join(METRICS_SCHEMA.names)
    query = f"select epoch, {columns} from epoch_metrics where run_id = $run_id order by epoch"
    return _frame(store, query, run_id)


def step_losses(store: Store, run_id: str) -> pd.DataFrame:
    """Return epoch, step, theta_loss, pi_loss, contrastive_loss, by step."""
    query = "select * exclude (run_id) from step_losses where run_id = $run_id order by step"
    return _frame(store, query, run_id)


def alm_values(store: Store, run_id: str, epoch: int) -> npt.NDArray[np.float32]:
    """Return the average label-aware margins of the training examples after one epoch, (N,)."""
    query = """
        select alm from example_epochs
        where run_id = $run_id and epoch = $epoch and is_train and alm is not null
    """
    with store.cursor() as cursor:
        values = cursor.execute(query, {"run_id": run_id, "epoch": epoch}).fetchnumpy()["alm"]
    return np.asarray(values, dtype=np.float32)


def class_mean_margins(store: Store, run_id: str) -> pd.DataFrame:
    """Return label, epoch, alm: the mean ALM of the examples that the run trained on with this label.

    In class order, then by epoch; examples without an ALM are left out.

    Tables: reads example_epochs.
    """
    query = """
        select c.name as label, m.epoch, m.alm
        from (
            select label, epoch, avg(alm) as alm
            from example_epochs where run_id = $run_id and alm is not null
            group by label, epoch
        ) m
        join runs on runs.run_id = $run_id
        join label_classes c on c.dataset_id = runs.dataset_id and c.code = m.label
        order by c.code, m.epoch
    """
    return _frame(store, query, run_id)


def trajectories(store: Store, run_id: str, indices: Sequence[int]) -> pd.DataFrame:
    """Return index, epoch, margin, label_aware_margin, alm, weight of some examples, by index and epoch."""
    # The numbers stand in the query: DuckDB then passes over the rows that cannot hold them.
    wanted = ", ".join(str(int(index)) for index in indices) or "null"
    query = f"""
        select index, epoch, margin, label_aware_margin, alm, weight
        from example_epochs
        where run_id = $run_id and index in ({wanted})
        order by index, epoch
    """
    with store.cursor() as cursor:
        return fetch_frame(cursor, query, {"run_id": run_id})


def rejected_files(store: Store, run_id: str) -> pd.DataFrame:
    """Return name, reason of the events files that could not be stored and are not stored since, by name."""
    query = """
        select name, reason from rejected_files
        where run_id = $run_id and name not in (select name from ingested_files where run_id = $run_id)
        order by name
    """
    return _frame(store, query, run_id)


def _frame(store: Store, query: str, run_id: str) -> pd.DataFrame:
    with store.cursor() as cursor:
        return fetch_frame(cursor, query, {"run_id": run_id})

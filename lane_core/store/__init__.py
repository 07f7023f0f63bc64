"""The database: data sets, runs, what runs found, and the decisions of people.

The only room that speaks SQL. Public names are loaded when first used, because DuckDB, pandas and pyarrow take
most of a second to import.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

_HOMES = {
    "Ingester": "ingest",
    "Store": "store",
    "add_dataset": "datasets",
    "add_run": "runs",
    "alm_values": "run_queries",
    "class_mean_margins": "run_queries",
    "compare_runs": "result_queries",
    "current_labels": "datasets",
    "dataset_classes": "datasets",
    "dataset_examples": "datasets",
    "decision_history": "decisions",
    "epoch_metrics": "run_queries",
    "final_table": "result_queries",
    "get_dataset": "datasets",
    "get_run": "runs",
    "ingest_run": "ingest",
    "label_confusion": "matrix_queries",
    "label_version": "decisions",
    "last_epoch": "run_queries",
    "list_datasets": "datasets",
    "list_runs": "runs",
    "neighbours": "review_queries",
    "open_store": "store",
    "predictions": "result_queries",
    "queue_counts": "review_queries",
    "record_decisions": "decisions",
    "redo": "decisions",
    "rejected_files": "run_queries",
    "rename_run": "runs",
    "review_progress": "decisions",
    "review_queue": "review_queries",
    "similarity_epochs": "matrix_queries",
    "similarity_matrix": "matrix_queries",
    "step_losses": "run_queries",
    "trajectories": "run_queries",
    "undo": "decisions",
}

__all__ = [
    "Ingester",
    "Store",
    "add_dataset",
    "add_run",
    "alm_values",
    "class_mean_margins",
    "compare_runs",
    "current_labels",
    "dataset_classes",
    "dataset_examples",
    "decision_history",
    "epoch_metrics",
    "final_table",
    "get_dataset",
    "get_run",
    "ingest_run",
    "label_confusion",
    "label_version",
    "last_epoch",
    "list_datasets",
    "list_runs",
    "neighbours",
    "open_store",
    "predictions",
    "queue_counts",
    "record_decisions",
    "redo",
    "rejected_files",
    "rename_run",
    "review_progress",
    "review_queue",
    "similarity_epochs",
    "similarity_matrix",
    "step_losses",
    "trajectories",
    "undo",
]

if TYPE_CHECKING:
    from lane_core.store.datasets import (
        add_dataset,
        current_labels,
        dataset_classes,
        dataset_examples,
        get_dataset,
        list_datasets,
    )
    from lane_core.store.decisions import (
        decision_history,
        label_version,
        record_decisions,
        redo,
        review_progress,
        undo,
    )
    from lane_core.store.ingest import Ingester, ingest_run
    from lane_core.store.matrix_queries import label_confusion, similarity_epochs, similarity_matrix
    from lane_core.store.result_queries import compare_runs, final_table, predictions
    from lane_core.store.review_queries import neighbours, queue_counts, review_queue
    from lane_core.store.run_queries import (
        alm_values,
        class_mean_margins,
        epoch_metrics,
        last_epoch,
        rejected_files,
        step_losses,
        trajectories,
    )
    from lane_core.store.runs import add_run, get_run, list_runs, rename_run
    from lane_core.store.store import Store, open_store


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'lane_core.store' has no attribute {name!r}")
    return getattr(import_module(f"lane_core.store.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])

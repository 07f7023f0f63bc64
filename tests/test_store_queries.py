"""Every query on a data set small enough to count by hand.

index  text     given  split       after epoch 2: predicted  suggested  label_score  alm   flagged
0      furious  anger  train                      anger      fear       0.75         2     no
1      scared   anger  train                      fear       fear       0.25        -1     yes
2      afraid   fear   train                      fear       anger      0.875        3     no
3      glad     fear   train                      joy        joy        0.125       -4     yes
4      happy    joy    validation                 joy        fear       0.5          none  no
5      smile    joy    train                      fear       fear       0.25        -1     yes
"""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lane_core.errors import StoreError
from lane_core.records import QUEUE_STATUSES, ColumnChoice, DatasetRecord, Decision, QueueFilter, RunRecord
from lane_core.runs.run_dir import METRICS_SCHEMA, RunDir
from lane_core.store.datasets import add_dataset, current_labels
from lane_core.store.decision_queries import review_progress
from lane_core.store.decisions import record_decisions, undo
from lane_core.store.ingest import ingest_run
from lane_core.store.matrix_queries import label_confusion, similarity_epochs, similarity_matrix
from lane_core.store.related_queries import neighbours
from lane_core.store.result_queries import FlagLevel, compare_runs, flag_levels, predictions
from lane_core.store.review_queries import label_pairs, queue_counts, review_queue
from lane_core.store.run_queries import (
    alm_values,
    class_mean_margins,
    epoch_metrics,
    last_epoch,
    rejected_files,
    step_losses,
    trajectories,
)
from lane_core.store.runs import add_run
from lane_core.store.store import Store, open_store

CLASSES = ["anger", "fear", "joy"]
TEXTS = ["furious", "scared", "afraid", "glad", "happy", "smile"]
GIVEN = ["anger", "anger", "fear", "fear", "joy", "joy"]
SPLITS = ["train", "train", "train", "train", "validation", "train"]
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SIMILARITY = [[1.0, 0.5, 0.25], [0.5, 1.0, 0.125], [0.25, 0.0, 1.0]]
QUEUE_COLUMNS = [
    "index", "example_id", "text", "given_label", "suggested_label", "suggested_probability", "predicted_label",
    "given_probability", "similarity", "severity", "alm", "aum", "weight", "label_score", "self_confidence",
    "is_label_issue", "status", "current_label", "split", "version",
]  # fmt: skip
ALL = QueueFilter(status="all", suspects_only=False)


def by_status(**counts: int) -> dict[str, int]:
    """Return counts by status; those not named are 0."""
    return dict.fromkeys(QUEUE_STATUSES, 0) | counts


def epoch_frame(alm: list[float | None], predicted: list[int], flagged: list[int]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "index": range(6),
            "margin": [5.0, -2.0, 5.0, -6.0, None, -2.0],
            "label_aware_margin": [5.0, -2.0, 5.0, -6.5, None, -2.0],
            "aum": [4.0, -1.0, 3.0, -3.0, None, -1.0],
            "alm": alm,
            "weight": [1.0, 0.5, 1.0, 0.125, None, 0.5],
            "predicted": predicted,
            "predicted_probability": [0.75, 0.5, 0.875, 0.75, 0.5, 0.5],
            "suggested": [1, 1, 0, 2, 1, 1],
            "suggested_probability": [0.125, 0.5, 0.0625, 0.75, 0.25, 0.5],
            "given_probability": [0.75, 0.25, 0.875, 0.125, 0.5, 0.25],
            "given_log_probability": np.log([0.75, 0.25, 0.875, 0.125, 0.5, 0.25]),
            "is_given_predicted": [True, False, True, False, True, False],
            "similarity": [1.5, 1.5, 1.5, 0.25, 0.25, 0.25],
            "severity": [0.0, 0.0, 0.0, 0.75, 0.5, 0.5],
            "label_score": [0.75, 0.25, 0.875, 0.125, 0.5, 0.25],
            "is_label_issue": [index in flagged for index in range(6)],
            "self_confidence": [0.75, 0.5, 0.75, 0.25, 0.5, 0.125],
            "held_out_predicted": [0, 1, 0, 2, 1, 1],
        }
    )


def metrics_frame(theta_loss: float) -> pd.DataFrame:
    return pd.DataFrame([{**dict.fromkeys(METRICS_SCHEMA.names), "theta_loss": theta_loss, "num_flagged": 3}])


def write_events(run_dir: RunDir) -> None:
    """Two epochs; the second has every kind of file, the first only its examples and losses."""
    run_dir.write_event(
        "neighbours",
        0,
        pd.DataFrame(
            {"index": [0, 3, 3], "rank": [1, 1, 2], "neighbour": [1, 5, 4], "cosine": [0.25, 0.75, 0.5]}
        ),
    )
    losses = {"theta_loss": [1.0, 0.5], "pi_loss": [1.0, 0.5], "contrastive_loss": [2.0, 1.0]}
    run_dir.write_event("losses", 1, pd.DataFrame({"step": [1, 2], **losses}))
    run_dir.write_event("losses", 2, pd.DataFrame({"step": [3, 4], **losses}))
    run_dir.write_event("epoch", 1, epoch_frame([1.0, 0.0, 1.0, -2.0, None, 0.0], [0, 0, 1, 1, 2, 2], []))
    pairs = [(given, predicted) for given in range(3) for predicted in range(3)]
    cells = {"given": [a for a, _ in pairs], "predicted": [b for _, b in pairs]}
    values = [SIMILARITY[a][b] for a, b in pairs]
    run_dir.write_event("similarity", 2, pd.DataFrame({**cells, "value": values}))
    run_dir.write_event("metrics", 2, metrics_frame(0.5))
    run_dir.write_event("metrics", 1, metrics_frame(1.5))
    run_dir.write_event(
        "epoch", 2, epoch_frame([2.0, -1.0, 3.0, -4.0, None, -1.0], [0, 1, 1, 2, 2, 1], [1, 3, 5])
    )


def run_examples(labels: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"index": range(6), "label": labels, "split": SPLITS})


def build(path: Path) -> Store:
    """The data set and the run "r1", which has no events yet."""
    store = open_store(path)
    columns = {
        "index": range(6),
        "row": [1, 2, 4, 5, 6, 7],
        "example_id": list("abcdef"),
        "text": TEXTS,
        "given_label": GIVEN,
        "split": SPLITS,
    }
    record = DatasetRecord("d", "moods", "m.csv", "00", ColumnChoice("text", "label"), 6, 7, NOW)
    add_dataset(store, record, pd.DataFrame(columns), CLASSES)
    add_run(store, RunRecord("r1", "d", "first", "{}", 0, NOW), run_examples(GIVEN))
    return store


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database after two epochs of "r1", closed; a test works on a copy."""
    folder = tmp_path_factory.mktemp("built")
    store = build(folder / "lane.duckdb")
    write_events(RunDir(folder / "runs" / "r1"))
    assert ingest_run(store, RunDir(folder / "runs" / "r1")) == 8
    store.close()
    return folder / "lane.duckdb"


@pytest.fixture
def store(built: Path, tmp_path: Path) -> Iterator[Store]:
    opened = open_store(shutil.copy(built, tmp_path / "lane.duckdb"))
    yield opened
    opened.close()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Store]:
    opened = build(tmp_path / "lane.duckdb")
    yield opened
    opened.close()


def decide(
    store: Store, index: int, action: str, label: str | None = None, run_id: str | None = "r1"
) -> None:
    decision = Decision(
        decision_id=f"{index}-{action}-{label}-{run_id}",
        dataset_id="d",
        index=index,
        action=action,
        label=label,
        seen_label=GIVEN[index],
        run_id=run_id,
        annotator="ann",
        lead_time_s=1.5,
        note="why",
    )
    assert record_decisions(store, [decision]) == 1


def queued(store: Store, filters: QueueFilter, run_id: str = "r1") -> list[int]:
    return review_queue(store, run_id, filters, limit=100)["index"].tolist()


def test_the_queue_shows_suspects_of_the_last_epoch_worst_first_ties_by_index(store: Store) -> None:
    page = review_queue(store, "r1", QueueFilter(), limit=10)

    assert list(page.columns) == QUEUE_COLUMNS
    assert page["index"].tolist() == [3, 1, 5]
    assert page.iloc[0].to_dict() == {
        "index": 3,
        "example_id": "d",
        "text": "glad",
        "given_label": "fear",
        "suggested_label": "joy",
        "suggested_probability": 0.75,
        "predicted_label": "joy",
        "given_probability": 0.125,
        "similarity": 0.25,
        "severity": 0.75,
        "alm": -4.0,
        "aum": -3.0,
        "weight": 0.125,
        "label_score": 0.125,
        "self_confidence": 0.25,
        "is_label_issue": True,
        "status": "",
        "current_label": "fear",
        "split": "train",
        "version": 0,
    }


def test_the_queue_of_those_whom_somebody_decided(store: Store) -> None:
    for number, (index, annotator) in enumerate([(3, "ada"), (1, "o'brien; drop table runs"), (5, "ada")]):
        one = Decision(f"x{number}", "d", index, "keep", None, GIVEN[index], "r1", annotator)
        record_decisions(store, [one])

    def found(*annotators: str) -> list[int]:
        filters = QueueFilter(status="all", annotators=annotators)
        assert queue_counts(store, "r1", filters)["total"] == len(review_queue(store, "r1", filters, 9))
        return review_queue(store, "r1", filters, 9)["index"].tolist()

    assert found("ada") == [3, 5]
    assert found("o'brien; drop table runs") == [1]
    assert found("ada", "o'brien; drop table runs") == found() == [3, 1, 5]
    assert found("nobody") == []


def test_the_queue_has_pages(store: Store) -> None:
    assert review_queue(store, "r1", ALL, limit=2)["index"].tolist() == [3, 1]
    assert review_queue(store, "r1", ALL, limit=2, offset=2)["index"].tolist() == [5, 4]
    assert review_queue(store, "r1", ALL, limit=2, offset=6)["index"].tolist() == []


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (ALL, [3, 1, 5, 4, 0, 2]),
        (QueueFilter(given_labels=("fear",)), [3]),
        (QueueFilter(given_labels=("fear", "joy")), [3, 5]),
        (QueueFilter(given_labels=("fear",), suspects_only=False), [3, 2]),
        (QueueFilter(suggested_labels=("fear",)), [1, 5]),
        (QueueFilter(given_labels=("joy",), suggested_labels=("fear",), suspects_only=False), [5, 4]),
        (QueueFilter(predicted_labels=("joy",), suspects_only=False), [3, 4]),
        (QueueFilter(given_labels=("joy",), predicted_labels=("joy",)), []),
        (QueueFilter(status="reviewed"), []),
    ],
)
def test_filters_of_the_queue(store: Store, filters: QueueFilter, expected: list[int]) -> None:
    assert queued(store, filters) == expected
    assert queue_counts(store, "r1", filters)["total"] == len(expected)


def test_a_reviewed_example_leaves_the_queue_and_comes_back_after_an_undo(store: Store) -> None:
    decide(store, 3, "relabel", "joy")
    decide(store, 5, "flag")

    assert queued(store, QueueFilter()) == [1]
    reviewed = review_queue(store, "r1", QueueFilter(status="reviewed"), limit=10)
    assert reviewed[["index", "given_label", "status", "current_label"]].to_numpy().tolist() == [
        [3, "fear", "relabel", "joy"],
        [5, "joy", "flag", "joy"],
    ]

    undo(store, "d", "ann", "undo-1")
    assert queued(store, QueueFilter()) == [1, 5]


def test_queue_counts_leave_out_the_filter_that_they_count_for(store: Store) -> None:
    decide(store, 0, "keep")
    filters = QueueFilter(given_labels=("anger",), suspects_only=False)

    counts = queue_counts(store, "r1", filters)

    # To review: 1 (anger -> fear), 2 (fear -> anger), 3 (fear -> joy), 4 and 5 (joy -> fear).
    assert counts["total"] == 1
    assert counts["by_given"].to_numpy().tolist() == [["fear", 2], ["joy", 2], ["anger", 1]]
    assert counts["by_suggested"].to_numpy().tolist() == [["fear", 1]]
    assert counts["by_status"] == by_status(to_review=1, reviewed=1, keep=1, all=2)
    assert counts["by_scope"] == {"sure": 1, "balanced": 1, "thorough": 1, "all": 1, "control": 0}


def test_queue_counts_of_suspects(store: Store) -> None:
    counts = queue_counts(store, "r1", QueueFilter(suggested_labels=("fear",)))

    assert counts["total"] == 2
    assert counts["by_given"].to_numpy().tolist() == [["anger", 1], ["joy", 1]]
    assert counts["by_suggested"].to_numpy().tolist() == [["fear", 2], ["joy", 1]]
    assert counts["by_status"] == by_status(to_review=2, all=2)


def test_label_pairs_by_hand(store: Store) -> None:
    everything = label_pairs(store, "r1", ALL, limit=3)
    # 0 and 1: anger -> fear; 2: fear -> anger; 3: fear -> joy; 4 and 5: joy -> fear.
    assert everything.to_numpy().tolist() == [["anger", "fear", 2], ["joy", "fear", 2], ["fear", "anger", 1]]
    decide(store, 1, "keep")
    left = label_pairs(store, "r1", QueueFilter(suggested_labels=("fear",), suspects_only=False), limit=9)
    assert left.to_numpy().tolist() == [["joy", "fear", 2], ["anger", "fear", 1]]


def test_a_filter_with_an_unknown_class_says_which_classes_there_are(store: Store) -> None:
    with pytest.raises(StoreError, match=r"no class .trust.\. The classes are: anger, fear, joy"):
        review_queue(store, "r1", QueueFilter(given_labels=("trust",)), limit=10)


def test_before_the_first_epoch_everything_is_empty(empty: Store) -> None:
    page = review_queue(empty, "r1", ALL, limit=10)
    assert list(page.columns) == QUEUE_COLUMNS
    assert len(page) == 0
    counts = queue_counts(empty, "r1", ALL)
    assert counts["total"] == 0
    assert len(counts["by_given"]) == 0
    assert counts["by_status"] == by_status()
    assert counts["by_scope"] == {"sure": 0, "balanced": 0, "thorough": 0, "all": 0, "control": 0}
    assert last_epoch(empty, "r1") == 0
    assert similarity_epochs(empty, "r1") == []
    assert label_confusion(empty, "r1").tolist() == [[0] * 3] * 3
    assert alm_values(empty, "r1", 1).shape == (0,)
    for frame in (
        trajectories(empty, "r1", [0]),
        class_mean_margins(empty, "r1"),
        neighbours(empty, "r1", [0]),
        epoch_metrics(empty, "r1"),
        step_losses(empty, "r1"),
        predictions(empty, "r1"),
        rejected_files(empty, "r1"),
    ):
        assert len(frame) == 0
    assert review_progress(empty, "r1")["suspects"] == 0
    assert flag_levels(empty, "r1") == dict.fromkeys(("sure", "balanced", "thorough"), FlagLevel(0, None))
    assert review_progress(empty, "r1")["examples"] == 6


def test_last_epoch_counts_only_epochs_whose_examples_are_there(store: Store, tmp_path: Path) -> None:
    run_dir = RunDir(tmp_path / "runs" / "r1")
    run_dir.write_event("metrics", 3, metrics_frame(0.25))
    ingest_run(store, run_dir)

    assert last_epoch(store, "r1") == 2
    assert epoch_metrics(store, "r1")["epoch"].tolist() == [1, 2, 3]


def test_trajectories_are_ordered_by_index_and_epoch(store: Store) -> None:
    frame = trajectories(store, "r1", [3, 0])

    assert list(frame.columns) == ["index", "epoch", "margin", "label_aware_margin", "alm", "weight"]
    assert frame.to_numpy().tolist() == [
        [0, 1, 5.0, 5.0, 1.0, 1.0],
        [0, 2, 5.0, 5.0, 2.0, 1.0],
        [3, 1, -6.0, -6.5, -2.0, 0.125],
        [3, 2, -6.0, -6.5, -4.0, 0.125],
    ]
    assert len(trajectories(store, "r1", [])) == 0


def test_class_mean_margins_average_over_the_run_labels_without_the_missing_ones(store: Store) -> None:
    # anger: (1 + 0) / 2, then (2 - 1) / 2; fear: (1 - 2) / 2, (3 - 4) / 2; joy: example 5 alone, 4 has no ALM.
    assert class_mean_margins(store, "r1").to_numpy().tolist() == [
        ["anger", 1, 0.5],
        ["anger", 2, 0.5],
        ["fear", 1, -0.5],
        ["fear", 2, -0.5],
        ["joy", 1, 0.0],
        ["joy", 2, -1.0],
    ]


def test_neighbours_come_with_their_current_label(store: Store) -> None:
    decide(store, 5, "relabel", "anger")

    frame = neighbours(store, "r1", [3])

    assert list(frame.columns) == ["index", "rank", "neighbour", "cosine", "text", "label", "status"]
    assert frame.to_numpy().tolist() == [
        [3, 1, 5, 0.75, "smile", "anger", "relabel"],
        [3, 2, 4, 0.5, "happy", "joy", ""],
    ]


def test_the_similarity_matrix_has_given_classes_as_rows(store: Store) -> None:
    assert similarity_epochs(store, "r1") == [2]
    matrix = similarity_matrix(store, "r1", 2)
    assert matrix.dtype == np.float64
    assert matrix.tolist() == SIMILARITY
    with pytest.raises(StoreError, match=r"no class similarities of epoch 1; it has epochs \[2\]"):
        similarity_matrix(store, "r1", 1)


def test_label_confusion_counts_run_label_by_predicted_label(store: Store) -> None:
    assert label_confusion(store, "r1").tolist() == [[1, 1, 0], [0, 1, 1], [0, 1, 1]]
    assert label_confusion(store, "r1", epoch=1).tolist() == [[2, 0, 0], [0, 2, 0], [0, 0, 2]]


def test_alm_values_are_those_of_the_training_examples(store: Store) -> None:
    assert alm_values(store, "r1", 1).tolist() == [1.0, 0.0, 1.0, -2.0, 0.0]
    assert alm_values(store, "r1", 2).tolist() == [2.0, -1.0, 3.0, -4.0, -1.0]


def test_epoch_metrics_and_step_losses(store: Store) -> None:
    metrics = epoch_metrics(store, "r1")
    assert list(metrics.columns) == ["epoch", *METRICS_SCHEMA.names]
    assert metrics[["epoch", "theta_loss", "num_flagged"]].to_numpy().tolist() == [[1, 1.5, 3], [2, 0.5, 3]]
    assert metrics["mu"].isna().all()
    assert step_losses(store, "r1").to_numpy().tolist() == [
        [1, 1, 1.0, 1.0, 2.0],
        [1, 2, 0.5, 0.5, 1.0],
        [2, 3, 1.0, 1.0, 2.0],
        [2, 4, 0.5, 0.5, 1.0],
    ]


def test_predictions_stand_beside_run_label_and_current_label(store: Store) -> None:
    decide(store, 1, "relabel", "fear")

    frame = predictions(store, "r1")

    assert frame.to_numpy().tolist() == [
        [0, "train", "anger", "anger", "anger", False, 0.75],
        [1, "train", "anger", "fear", "fear", True, 0.25],
        [2, "train", "fear", "fear", "fear", False, 0.875],
        [3, "train", "fear", "joy", "fear", True, 0.125],
        [4, "validation", "joy", "joy", "joy", False, 0.5],
        [5, "train", "joy", "fear", "joy", True, 0.25],
    ]
    assert list(frame.columns) == [
        "index", "split", "run_label", "predicted_label", "current_label", "is_label_issue", "label_score"
    ]  # fmt: skip


def test_review_progress(store: Store) -> None:
    decide(store, 1, "relabel", "fear")
    decide(store, 3, "exclude")
    decide(store, 0, "keep")
    decide(store, 2, "flag", run_id=None)
    decide(store, 1, "keep")

    assert review_progress(store, "r1") == {
        "suspects": 3,
        "suspects_reviewed": 2,
        "to_settle": 1,
        "examples": 6,
        "reviewed": 4,
        "corrected": 0,
        "kept": 2,
        "excluded": 1,
        "flagged": 1,
    }


@pytest.fixture
def with_lines(store: Store) -> Store:
    """sure flags 3; balanced 3, 1, 5 with 0.25 and not 4, whose 0.5 is the line; thorough all but 2."""
    values = {"sure_below": 0.25, "balanced_below": 0.5, "thorough_below": 0.875, "noise_rate": 0.375}
    precisions = {"sure_precision": 0.875, "balanced_precision": 0.75, "thorough_precision": 0.625}
    columns = ", ".join(f"{name} = {value}" for name, value in {**values, **precisions}.items())
    with store.transaction() as cursor:
        # Epoch 1 has other lines, which must not count.
        cursor.execute("update epoch_metrics set sure_below = 1, balanced_below = 1, thorough_below = 1")
        cursor.execute(f"update epoch_metrics set {columns} where epoch = 2")
        # What the run itself flagged does not count where there are lines.
        cursor.execute("update example_results set is_label_issue = (index = 2)")
    return store


@pytest.mark.parametrize(
    ("strictness", "expected"), [("sure", [3]), ("balanced", [3, 1, 5]), ("thorough", [3, 1, 5, 4, 0])]
)
def test_suspects_are_those_below_the_line_of_the_strictness(
    with_lines: Store, strictness: str, expected: list[int]
) -> None:
    filters = QueueFilter(strictness=strictness)
    page = review_queue(with_lines, "r1", filters, limit=10)
    assert page["index"].tolist() == expected
    assert page["is_label_issue"].all()
    everything = review_queue(with_lines, "r1", replace(filters, suspects_only=False), limit=10)
    assert everything["index"].tolist() == [3, 1, 5, 4, 0, 2]
    assert everything["is_label_issue"].tolist() == [index in expected for index in [3, 1, 5, 4, 0, 2]]
    counts = queue_counts(with_lines, "r1", filters)
    assert counts["total"] == len(expected)
    assert counts["by_status"]["all"] == len(expected)
    unflagged = 6 - len(expected)
    assert counts["by_scope"] == {"sure": 1, "balanced": 3, "thorough": 5, "all": 6, "control": unflagged}
    assert label_pairs(with_lines, "r1", filters, limit=9)["count"].sum() == len(expected)


def test_scopes_are_counted_under_the_other_filters(with_lines: Store) -> None:
    decide(with_lines, 3, "keep")
    counts = queue_counts(with_lines, "r1", QueueFilter(given_labels=("fear", "joy"), strictness="sure"))
    # To review of fear and joy: 2 (never flagged), 4 (thorough), 5 (balanced).
    assert counts["by_scope"] == {"sure": 0, "balanced": 1, "thorough": 2, "all": 3, "control": 3}
    assert counts["by_status"] == by_status(reviewed=1, keep=1, all=1)
    assert len(counts["by_given"]) == 0


def test_every_count_of_suspects_is_the_balanced_one(with_lines: Store) -> None:
    assert review_progress(with_lines, "r1")["suspects"] == 3
    flagged = predictions(with_lines, "r1").set_index("index")["is_label_issue"]
    assert flagged[flagged].index.tolist() == [1, 3, 5]
    assert compare_runs(with_lines, "r1", "r1")["flagged_both"] == 3


def test_flag_levels(with_lines: Store) -> None:
    assert flag_levels(with_lines, "r1") == {
        "sure": FlagLevel(1, 0.875),
        "balanced": FlagLevel(3, 0.75),
        "thorough": FlagLevel(5, 0.625),
    }


def test_a_second_run_on_corrected_labels(store: Store, tmp_path: Path) -> None:
    decide(store, 1, "relabel", "fear")
    decide(store, 3, "relabel", "joy")
    corrected = ["anger", "fear", "fear", "joy", "joy", "joy"]
    add_run(store, RunRecord("r2", "d", "second", "{}", 2, NOW), run_examples(corrected))
    run_dir = RunDir(tmp_path / "runs" / "r2")
    run_dir.write_event(
        "epoch", 1, epoch_frame([1.0, -1.0, 1.0, 1.0, None, -1.0], [0, 1, 1, 2, 2, 1], [1, 5])
    )
    ingest_run(store, run_dir)

    assert compare_runs(store, "r1", "r2") == {
        "flagged_a": 3,
        "flagged_b": 2,
        "flagged_both": 2,
        "flagged_only_a": 1,
        "flagged_only_b": 0,
        "relabelled": 2,
        "relabelled_flagged_a": 2,
        "relabelled_flagged_b": 1,
        "same_prediction": 6,
        "examples": 6,
    }
    # In the second review the given label is the one that the run trained on ...
    page = review_queue(store, "r2", QueueFilter(status="all"), limit=10)
    assert page[["index", "given_label", "status"]].to_numpy().tolist() == [
        [1, "fear", "relabel"],
        [5, "joy", ""],
    ]
    assert label_confusion(store, "r2").tolist() == [[1, 0, 0], [0, 2, 0], [0, 1, 2]]
    # ... and keeping it does not throw the earlier correction away.
    decide(store, 1, "keep", run_id="r2")
    labels = current_labels(store, "d").set_index("index")
    assert labels.loc[1, ["given_label", "current_label", "status"]].tolist() == ["anger", "fear", "keep"]
    # The first run's own view is unchanged.
    assert last_epoch(store, "r1") == 2
    assert predictions(store, "r1")["run_label"].tolist() == GIVEN


def test_runs_of_different_data_sets_are_not_compared(store: Store) -> None:
    record = DatasetRecord("other", "x", "x.csv", "00", ColumnChoice("text", "label"), 1, 1, NOW)
    frame = pd.DataFrame(
        {
            "index": [0],
            "row": [1],
            "example_id": ["1"],
            "text": ["t"],
            "given_label": ["a"],
            "split": ["train"],
        }
    )
    add_dataset(store, record, frame, ["a", "b"])
    run = pd.DataFrame({"index": [0], "label": ["a"], "split": ["train"]})
    add_run(store, RunRecord("r9", "other", "x", "{}", 0, NOW), run)

    with pytest.raises(StoreError, match="'r1' belongs to data set 'd' and run 'r9' to 'other'"):
        compare_runs(store, "r1", "r9")


@pytest.mark.parametrize(
    "query",
    [
        lambda store: review_queue(store, "nope", ALL, 1),
        lambda store: queue_counts(store, "nope", ALL),
        lambda store: similarity_matrix(store, "nope", 1),
        lambda store: label_confusion(store, "nope"),
        lambda store: predictions(store, "nope"),
        lambda store: neighbours(store, "nope", [0]),
        lambda store: review_progress(store, "nope"),
        lambda store: compare_runs(store, "r1", "nope"),
        lambda store: flag_levels(store, "nope"),
    ],
)
def test_an_unknown_run_is_named(empty: Store, query) -> None:
    with pytest.raises(StoreError, match="no run 'nope'"):
        query(empty)


def test_rejected_files_are_listed_with_their_reason(empty: Store, tmp_path: Path) -> None:
    run_dir = RunDir(tmp_path / "runs" / "r1")
    run_dir.events.mkdir(parents=True)
    (run_dir.events / "epoch-0001.parquet").write_bytes(b"PAR1 torn")

    assert ingest_run(empty, run_dir) == 0
    frame = rejected_files(empty, "r1")
    assert frame["name"].tolist() == ["epoch-0001.parquet"]
    assert "cannot be read" in frame["reason"][0]

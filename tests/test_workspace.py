"""Data sets, runs and exports joined: what goes in comes out, what is decided shows, real processes train."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from lane_core.config import RunConfig
from lane_core.data.checking.fixes import Fixes
from lane_core.errors import DataError, StoreError
from lane_core.exports import ExportOptions, export_run
from lane_core.home import SAMPLE_DATA, Home
from lane_core.records import STRICTNESSES, ColumnChoice, Decision, QueueFilter, RunRecord
from lane_core.runs import launcher
from lane_core.runs.results import final_table
from lane_core.store import datasets, decisions, result_queries, review_queries, run_queries
from lane_core.store.ingest import ingest_run, num_waiting
from lane_core.workspace import Workspace
from tests.small_project import SmallProject, add_finished_run, make_small_project
from tests.tiny_encoder import tiny_texts, write_tiny_encoder

COLUMNS = ColumnChoice("text", "label", "id", "split")


@pytest.fixture
def project(workspace: Workspace) -> SmallProject:
    return make_small_project(workspace)


def decide(
    workspace: Workspace, project: SmallProject, index: int, action: str, label: str | None = None
) -> None:
    seen = datasets.current_labels(workspace.store, project.dataset.dataset_id).loc[index, "current_label"]
    decision = Decision(
        decision_id=f"d{index}-{action}-{label}",
        dataset_id=project.dataset.dataset_id,
        index=index,
        action=action,
        label=label,
        seen_label=seen,
        run_id=project.run.run_id,
        annotator="ann",
        lead_time_s=1.5,
    )
    assert decisions.record_decisions(workspace.store, [decision]) == 1


def test_without_decisions_the_corrected_file_is_the_input(
    workspace: Workspace, project: SmallProject, tmp_path: Path
) -> None:
    files = export_run(workspace, project.run.run_id, tmp_path)
    assert files.corrected.read_bytes() == project.source.read_bytes()
    assert len(pd.read_csv(files.changes)) == 0
    assert len(pd.read_csv(files.audit)) == 24


def test_decisions_change_exactly_their_cells(
    workspace: Workspace, project: SmallProject, tmp_path: Path
) -> None:
    decide(workspace, project, 3, "relabel", "fear")
    decide(workspace, project, 7, "exclude")
    decide(workspace, project, 11, "keep")
    decide(workspace, project, 5, "flag")
    files = export_run(workspace, project.run.run_id, tmp_path)
    before = pd.read_csv(project.source, dtype=str)
    expected = before.copy()
    expected.loc[3, "label"] = "fear"
    expected = expected.drop(index=7).reset_index(drop=True)
    pd.testing.assert_frame_equal(pd.read_csv(files.corrected, dtype=str), expected)
    changes = pd.read_csv(files.changes, dtype=str)
    assert changes[["row_id", "given_label", "corrected_label", "annotator"]].values.tolist() == [
        ["003", "anger", "fear", "ann"]
    ]
    audit = pd.read_csv(files.audit, dtype={"row_id": str})
    assert audit["decision"].fillna("").tolist()[3:12] == [
        "relabel",
        "",
        "flag",
        "",
        "exclude",
        "",
        "",
        "",
        "keep",
    ]
    assert audit.loc[3, ["corrected_label", "final_label"]].tolist() == ["fear", "fear"]
    manifest = json.loads(files.manifest.read_text())
    assert manifest["decisions"] == {"keep": 1, "relabel": 1, "exclude": 1, "flag": 1}
    assert manifest["num_changed_labels"] == 1
    assert manifest["source"] == "small.csv"


def test_the_strictness_decides_which_labels_are_an_issue(
    workspace: Workspace, project: SmallProject, tmp_path: Path
) -> None:
    expected = {"sure": ["003"], "balanced": ["003", "007", "011"], "thorough": ["000", "003", "007", "011"]}
    for strictness, rows in expected.items():
        files = export_run(workspace, project.run.run_id, tmp_path, ExportOptions(strictness))
        audit = pd.read_csv(files.audit, dtype={"row_id": str}).set_index("row_id")
        assert audit.index[audit["is_label_issue"]].tolist() == rows
        assert audit.index[audit["suggested_label"].notna()].tolist() == rows
        manifest = json.loads(files.manifest.read_text())
        assert (manifest["strictness"], manifest["num_flagged"]) == (strictness, len(rows))
    # Given anger: 0 to the nearest class; given fear or joy: 0.75.
    assert audit.loc[["000", "001", "002"], "severity"].tolist() == [0.0, 0.75, 0.75]
    assert manifest["expected_precision"] == pytest.approx((0.95 + 0.93 + 0.91 + 0.4) / 4)
    assert manifest["estimated_noise_rate"] == 0.25


def test_a_label_score_on_the_line_is_no_issue(workspace: Workspace, project: SmallProject) -> None:
    run_dir = workspace.run_dir(project.run.run_id)
    # 0.07 as the file holds it, in 32 bits: the score of example 7.
    line = float(run_dir.read_event("epoch", 2)["label_score"][7])
    metrics = run_dir.read_event("metrics", 2).assign(sure_below=line)
    (run_dir.events / "metrics-0002.parquet").unlink()
    run_dir.write_event("metrics", 2, metrics)
    table = final_table(run_dir, "sure")
    assert table.index[table["is_label_issue"]].tolist() == [3]
    with workspace.store.transaction() as cursor:
        cursor.execute("update epoch_metrics set sure_below = ?", [line])
    queue = review_queries.review_queue(
        workspace.store, project.run.run_id, QueueFilter(strictness="sure"), limit=9
    )
    assert queue["index"].tolist() == [3]


def test_a_run_of_an_earlier_version_is_exported_with_its_own_flag(
    workspace: Workspace, project: SmallProject, tmp_path: Path
) -> None:
    run_dir = workspace.run_dir(project.run.run_id)
    lines = [f"{name}_{what}" for name in STRICTNESSES for what in ("below", "precision")]
    later = {
        "metrics": ["noise_rate", *lines],
        "epoch": [
            "given_log_probability",
            "is_given_predicted",
            "severity",
            "self_confidence",
            "held_out_predicted",
        ],
    }
    for kind, columns in later.items():
        frame = run_dir.read_event(kind, 2).drop(columns=columns)
        frame.to_parquet(run_dir.events / f"{kind}-0002.parquet")
    files = export_run(workspace, project.run.run_id, tmp_path, ExportOptions("sure"))
    audit = pd.read_csv(files.audit)
    assert audit.index[audit["is_label_issue"]].tolist() == [3, 7, 11]
    assert audit["severity"].isna().all()
    manifest = json.loads(files.manifest.read_text())
    assert (manifest["num_flagged"], manifest["expected_precision"]) == (3, None)


def test_a_bad_file_changes_nothing(workspace: Workspace, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("id,text,label,split\n1,hello,,train\n2,hi,a,train\n3,ho,b,train\n")
    with pytest.raises(DataError, match="no label"):
        workspace.add_dataset(bad, COLUMNS, "Bad")
    assert datasets.list_datasets(workspace.store) == []
    assert list(workspace.home.datasets.iterdir()) == []
    record = workspace.add_dataset(bad, COLUMNS, "Bad", fixes=Fixes(drop_unlabelled=True))
    assert (record.num_rows, record.num_examples) == (3, 2)


def test_unlabelled_rows_stay_in_the_exports(workspace: Workspace, tmp_path: Path) -> None:
    rows = [f"{n},text {n},{'' if n == 2 else 'abc'[n % 3]},train" for n in range(12)]
    source = tmp_path / "gaps.csv"
    source.write_text("id,text,label,split\n" + "\n".join(rows) + "\n")
    record = workspace.add_dataset(source, COLUMNS, "Gaps", fixes=Fixes(drop_unlabelled=True))
    labels = datasets.current_labels(workspace.store, record.dataset_id)
    assert labels["row"].tolist() == [1, 2, *range(4, 13)]


def test_the_second_run_trains_on_corrected_labels(workspace: Workspace, project: SmallProject) -> None:
    decide(workspace, project, 3, "relabel", "fear")
    second = add_finished_run(workspace, project.dataset, "Run 2", suspects=(7,))
    frame = result_queries.predictions(workspace.store, second.run_id)
    assert frame.loc[3, "run_label"] == "fear"
    compared = result_queries.compare_runs(workspace.store, project.run.run_id, second.run_id)
    assert (compared["flagged_a"], compared["flagged_b"], compared["flagged_both"]) == (3, 1, 1)


def test_a_missing_source_is_told(workspace: Workspace, project: SmallProject, tmp_path: Path) -> None:
    folder = workspace.home.datasets / project.dataset.dataset_id
    (folder / "source.csv").unlink()
    with pytest.raises(StoreError, match=r"is not in .* any more"):
        export_run(workspace, project.run.run_id, tmp_path / "out")


def test_the_sample_is_what_its_datasheet_says() -> None:
    sample = pd.read_csv(SAMPLE_DATA / "emotions.csv", dtype=str)
    truth = pd.read_csv(SAMPLE_DATA / "emotions_truth.csv", dtype=str)
    assert (sample["id"] == truth["id"]).all()
    assert len(sample) == sample["text"].nunique() == 1632
    assert sample["label"].nunique() == 8
    wrong = sample["label"] != truth["true_label"]
    assert wrong.sum() == 196
    assert not wrong[sample["split"] == "test"].any()
    wheel = ["joy", "trust", "fear", "surprise", "sadness", "disgust", "anger", "anticipation"]
    steps = (sample["label"].map(wheel.index) - truth["true_label"].map(wheel.index)).abs()
    distance = steps.where(steps <= 4, 8 - steps)[wrong]
    assert distance.value_counts().loc[1] == 98
    assert (distance[distance != 1] >= 3).all()
    words = CountVectorizer(token_pattern=r"[a-z']+", binary=True).fit_transform(sample["text"])
    num_words = words.sum(axis=1).A1
    num_different = num_words[:, None] + num_words - 2 * (words @ words.T).toarray()
    np.fill_diagonal(num_different, 99)
    assert num_different.min() > 2, "two texts alike but for a word"


def wait_until(condition: Callable[[], bool], timeout_s: float = 90) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def tiny_config(tmp_path_factory: pytest.TempPathFactory) -> RunConfig:
    encoder = str(write_tiny_encoder(tmp_path_factory.mktemp("encoder")))
    return RunConfig(encoder=encoder, epochs=12, batch_size=4, learning_rate=1e-3, trainable_layers=1)


def start_tiny_run(workspace: Workspace, folder: Path, config: RunConfig) -> RunRecord:
    texts, labels = tiny_texts(120)
    pd.DataFrame({"text": texts, "label": labels}).to_csv(folder / "tiny.csv", index=False)
    dataset = workspace.add_dataset(folder / "tiny.csv", ColumnChoice("text", "label"), "Tiny")
    return workspace.start_run(dataset.dataset_id, config)


@pytest.fixture(scope="module")
def reopened(
    tmp_path_factory: pytest.TempPathFactory, tiny_config: RunConfig
) -> Iterator[tuple[Workspace, RunRecord]]:
    """A finished run whose home was closed when it started, and opened again."""
    folder = tmp_path_factory.mktemp("reopened")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))
        workspace = Workspace(Home(folder / "lane"))
        run = start_tiny_run(workspace, folder, tiny_config)
        workspace.close()
        again = Workspace(Home(folder / "lane"))
        again.ingester.start()
        wait_until(lambda: launcher.status(again.run_dir(run.run_id)).state == "finished")
        yield again, run
        again.close()


def test_training_goes_on_while_the_home_is_closed_and_opened(reopened: tuple[Workspace, RunRecord]) -> None:
    workspace, run = reopened
    wait_until(lambda: num_waiting(workspace.store, workspace.run_dir(run.run_id)) == 0)
    metrics = run_queries.epoch_metrics(workspace.store, run.run_id)
    assert metrics["epoch"].tolist() == list(range(1, 13))


def test_a_killed_worker_is_interrupted_and_resumes_to_the_same_numbers(
    workspace: Workspace, tmp_path: Path, tiny_config: RunConfig, reopened: tuple[Workspace, RunRecord]
) -> None:
    killed = start_tiny_run(workspace, tmp_path, tiny_config)
    killed_dir = workspace.run_dir(killed.run_id)
    wait_until(lambda: killed_dir.last_epoch() >= 2)
    pid = launcher.status(killed_dir).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: launcher.status(killed_dir).state == "interrupted")
    at_death = killed_dir.last_epoch()
    assert 2 <= at_death < 12
    ingest_run(workspace.store, killed_dir)

    workspace.resume_run(killed.run_id)
    wait_until(lambda: launcher.status(killed_dir).state == "finished")
    elsewhere, whole = reopened
    pd.testing.assert_frame_equal(
        final_table(killed_dir), final_table(elsewhere.run_dir(whole.run_id)), check_exact=True
    )
    ingest_run(workspace.store, killed_dir)
    assert run_queries.epoch_metrics(workspace.store, killed.run_id)["epoch"].tolist() == list(range(1, 13))

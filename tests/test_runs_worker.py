"""The worker on a run directory: what it writes, how it ends, what it leaves alone."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import load_file

from lane_core.config import RunConfig
from lane_core.errors import RunError
from lane_core.records import RunStatus
from lane_core.runs.results import class_similarity, final_table
from lane_core.runs.run_dir import EPOCH_SCHEMA, RunDataset, RunDir
from lane_core.runs.score_file import read_scores
from lane_core.runs.worker import work
from tests.tiny_encoder import tiny_texts, write_tiny_encoder

CLASSES = ("anger", "fear", "joy")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny_encoder(tmp_path_factory.mktemp("tiny")))


@pytest.fixture
def run_dir(tmp_path: Path, encoder: str) -> RunDir:
    return make_run(tmp_path / "run-1", encoder)


def make_run(path: Path, encoder: str, classes: tuple[str, ...] = CLASSES, **changes: object) -> RunDir:
    texts, labels = tiny_texts(60)
    examples = pd.DataFrame(
        {
            "index": range(60),
            "example_id": [f"{number:02}" for number in range(60)],
            "text": texts,
            "given_label": labels,
            "split": ["train"] * 48 + ["validation"] * 6 + ["test"] * 6,
        }
    )
    config = RunConfig.from_preset(
        "default",
        **{
            "encoder": encoder,
            "epochs": 2,
            "batch_size": 8,
            "trainable_layers": 1,
            "learning_rate": 5e-3,
            **changes,
        },
    )
    run_dir = RunDir(path)
    run_dir.create(config, RunDataset("data-1", "Tiny", classes, 0), examples)
    return run_dir


def test_a_whole_run(run_dir: RunDir) -> None:
    heard: list[RunStatus] = []
    status = work(run_dir, heard.append)
    assert (status.state, status.epoch, status.step, status.total_steps) == ("finished", 2, 12, 12)
    assert run_dir.status() == RunStatus(**{**vars(status), "heartbeat": run_dir.status().heartbeat})
    assert status.pid == os.getpid()
    assert [(file.kind, file.epoch) for file in run_dir.event_files()] == [
        ("neighbours", 0),
        *((kind, 1) for kind in ("losses", "similarity", "metrics", "epoch")),
        *((kind, 2) for kind in ("losses", "similarity", "metrics", "epoch")),
    ]
    phases = [one.phase for one in heard]
    assert phases.index("loading the encoder") < phases.index("finding neighbours")
    assert phases.index("finding neighbours") < phases.index("training, epoch 1 of 2")
    assert any(one.seconds_left is not None and one.seconds_left > 0 for one in heard)


def test_what_the_files_hold(run_dir: RunDir) -> None:
    work(run_dir)
    last = run_dir.read_event("epoch", 2)
    assert list(last.columns) == EPOCH_SCHEMA.names
    assert last["index"].tolist() == list(range(60))
    assert run_dir.read_event("losses", 2)["step"].iloc[-1] == 12
    neighbours = run_dir.read_event("neighbours", 0)
    assert len(neighbours) == 60 * 5
    assert (neighbours["index"] != neighbours["neighbour"]).all()
    scores = read_scores(run_dir)
    np.testing.assert_allclose(last["self_confidence"], scores["self_confidence"], rtol=1e-6)
    table = final_table(run_dir)
    assert set(table["predicted_label"]) <= set(CLASSES)
    assert (table["suggested_label"] != run_dir.examples()["given_label"]).all()
    assert sorted(table["alm_rank"]) == list(range(1, 61))
    assert table.loc[table["alm_rank"] == 1, "alm"].item() == table["alm"].min()
    matrix = class_similarity(run_dir)
    assert (matrix.index.tolist(), matrix.columns.tolist()) == (list(CLASSES), list(CLASSES))
    np.testing.assert_allclose(matrix.sum(axis=1), 1, rtol=1e-5)


def test_the_class_probabilities_are_those_of_the_newest_epoch(run_dir: RunDir) -> None:
    work(run_dir)
    probabilities, last = run_dir.read_probabilities(range(60)), run_dir.read_event("epoch", 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=2**-10)
    for code in ("predicted", "suggested"):
        found = probabilities[np.arange(60), last[code]]
        expected = last[f"{code}_probability"].astype(np.float16)
        np.testing.assert_array_equal(found, expected.astype(np.float32))
    first = run_dir.read_event("epoch", 1)["predicted_probability"]
    assert not np.allclose(probabilities.max(axis=1), first, atol=2**-10)


def test_the_class_probabilities_are_there_before_the_epoch_is(
    run_dir: RunDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_event = RunDir.write_event

    def fail_at_the_last(self: RunDir, kind: str, epoch: int, frame: pd.DataFrame) -> Path:
        if kind == "epoch":
            raise OSError("no more")
        return write_event(self, kind, epoch, frame)

    monkeypatch.setattr(RunDir, "write_event", fail_at_the_last)
    assert work(run_dir).state == "failed"
    assert run_dir.last_epoch() == 0
    assert run_dir.read_probabilities([0, 59]).shape == (2, 3)


def test_a_class_without_an_example_is_never_suggested(tmp_path: Path, encoder: str) -> None:
    run_dir = make_run(tmp_path / "run-4", encoder, ("anger", "boredom", "fear", "joy"))
    assert work(run_dir).state == "finished"
    table = final_table(run_dir)
    assert {*table["predicted_label"], *table["suggested_label"]} == set(CLASSES)
    assert (run_dir.read_probabilities(range(60))[:, 1] == 0).all()
    assert class_similarity(run_dir).loc["boredom"].tolist() == [0.25] * 4
    assert np.isfinite(read_scores(run_dir).to_numpy(dtype=np.float64)).all()
    # The saved classifier knows the classes that it was taught.
    assert (run_dir.result / "classes.json").read_text(encoding="utf-8") == '["anger", "fear", "joy"]'
    assert load_file(run_dir.result / "head.safetensors")["classifier.weight"].shape == (3, 32)


def test_the_saved_classifier_gives_the_last_embeddings(run_dir: RunDir) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    work(run_dir)
    kept = load_file(run_dir.result / "embeddings.safetensors")["embeddings"]
    model = AutoModel.from_pretrained(run_dir.result / "encoder").eval()
    tokenizer = AutoTokenizer.from_pretrained(run_dir.result / "encoder")
    ids = torch.tensor([tokenizer(run_dir.examples()["text"][7])["input_ids"]])
    with torch.no_grad():
        found = model(ids).last_hidden_state.mean(dim=1)[0].numpy()
    np.testing.assert_allclose(found, kept[7], atol=5e-3)
    head = load_file(run_dir.result / "head.safetensors")
    assert head["classifier.weight"].shape == (3, 32)
    assert (run_dir.result / "classes.json").read_text(encoding="utf-8") == '["anger", "fear", "joy"]'


def test_a_cancelled_run_goes_on_to_the_same_numbers(
    tmp_path: Path, encoder: str, run_dir: RunDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    work(run_dir)
    cut = make_run(tmp_path / "run-2", encoder)

    def cancel_in_epoch_2(status: RunStatus) -> None:
        if status.epoch == 2 and status.step >= 8:
            cut.cancel_file.touch()

    # Every status is written, so that the cancel file is seen at the next step however quick the steps are.
    monkeypatch.setattr("lane_core.runs.worker.STATUS_SECONDS", 0.0)
    status = work(cut, cancel_in_epoch_2)
    assert status.state == "cancelled"
    assert "Resume" in status.message
    assert cut.last_epoch() == 1
    cut.cancel_file.unlink()
    assert work(cut).state == "finished"
    pd.testing.assert_frame_equal(final_table(cut), final_table(run_dir))
    assert probabilities_file(cut).read_bytes() == probabilities_file(run_dir).read_bytes()


def probabilities_file(run_dir: RunDir) -> Path:
    return run_dir.path / "probabilities.npy"


def test_epoch_files_that_are_there_are_never_rewritten(
    tmp_path: Path, encoder: str, run_dir: RunDir
) -> None:
    work(run_dir)
    before = {file.name: file.path.stat().st_mtime_ns for file in run_dir.event_files()}
    seen = {probabilities_file(run_dir).read_bytes()}
    assert (
        not run_dir.checkpoint.parent.exists()
    )  # a finished run needs none; here: as after a crash before the first
    status = work(run_dir, lambda status: seen.add(probabilities_file(run_dir).read_bytes()))
    assert status.state == "finished"
    assert len(seen) == 1, "those of epoch 1 took the place of those of epoch 2"
    assert {file.name: file.path.stat().st_mtime_ns for file in run_dir.event_files()} == before


def test_large_files_are_small_and_read_by_the_row_group(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    num_rows, num_classes = 250_000, 200
    pairs = random.random(num_classes**2, dtype=np.float32)
    pair = random.integers(num_classes**2, size=num_rows)
    kinds = {"float": lambda: random.random(num_rows, dtype=np.float32), "bool": lambda: pair % 9 == 0}
    columns = {field.name: kinds.get(str(field.type), lambda: pair % 200)() for field in EPOCH_SCHEMA}
    columns |= {"index": np.arange(num_rows), "similarity": pairs[pair], "severity": pairs[pair]}
    columns["alm"][:7] = np.nan
    run_dir = RunDir(tmp_path)
    run_dir.events.mkdir()
    path = run_dir.write_event("epoch", 1, pd.DataFrame(columns))
    stored = pq.read_metadata(path)
    assert [stored.row_group(group).num_rows for group in range(stored.num_row_groups)] == [
        100_000,
        100_000,
        50_000,
    ]
    assert path.stat().st_size < 48 * num_rows
    back = run_dir.read_event("epoch", 1)
    for name, values in columns.items():
        np.testing.assert_array_equal(back[name], values)
    assert pq.read_table(path).schema.equals(EPOCH_SCHEMA)
    assert pq.read_table(path)["alm"].null_count == 7
    assert list(run_dir.read_event("epoch", 1, ["alm"]).columns) == ["alm"]

    codes = np.divmod(np.arange(num_classes**2), num_classes)
    frame = pd.DataFrame({"given": codes[0], "predicted": codes[1], "value": pairs})
    assert run_dir.write_event("similarity", 1, frame).stat().st_size < 4 * num_classes**2


def test_an_encoder_that_is_nowhere_fails_the_run_with_its_message(tmp_path: Path) -> None:
    run_dir = make_run(tmp_path / "run-3", "no-such/encoder")
    status = work(run_dir)
    assert status.state == "failed"
    assert "The encoder 'no-such/encoder' could not be loaded" in status.message
    assert run_dir.status().state == "failed"


def test_a_run_without_an_epoch_has_no_table(run_dir: RunDir) -> None:
    with pytest.raises(RunError, match="has no complete epoch yet"):
        final_table(run_dir)


def test_a_directory_is_used_once(run_dir: RunDir) -> None:
    with pytest.raises(RunError, match="already holds a run"):
        run_dir.create(run_dir.config(), run_dir.dataset(), run_dir.examples())


def test_a_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"is not a run directory: it has no config\.json"):
        RunDir(tmp_path).config()

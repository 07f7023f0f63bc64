"""LaneCallback in the real Trainer, against margins worked out from the logits that the model gave."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from datasets import Dataset
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
)

from lane_core import LaneCallback, RunConfig
from lane_core.errors import DataError, RunError
from tests.tiny_encoder import tiny_texts, write_tiny_encoder

CODES = {"anger": 0, "fear": 1, "joy": 2}
NUM_EXAMPLES = 27
WRONG = 4


class Recorder:
    """Keeps the logits of every training step, by the batch's first word pieces; knows nothing of the callback."""

    def __init__(self, model: torch.nn.Module) -> None:
        self.steps: list[tuple[torch.Tensor, torch.Tensor]] = []
        model.register_forward_hook(self.keep, with_kwargs=True)

    def keep(self, model: torch.nn.Module, args: Any, kwargs: dict[str, Any], output: Any) -> None:
        del args
        assert "lane_index" not in kwargs
        if model.training:
            self.steps.append((kwargs["input_ids"].clone(), output["logits"].detach().clone()))


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_encoder(tmp_path_factory.mktemp("tiny"))


def examples(encoder: Path, size: int = NUM_EXAMPLES, **columns: list[int]) -> Dataset:
    texts, names = tiny_texts(size)
    labels = [CODES[name] for name in names]
    labels[WRONG] = (labels[WRONG] + 1) % 3
    rows = AutoTokenizer.from_pretrained(encoder)(texts)["input_ids"]
    masks = [[1] * len(row) for row in rows]
    return Dataset.from_dict({"input_ids": rows, "attention_mask": masks, "label": labels, **columns})


def trainer(
    encoder: Path, out: Path, data: Dataset, watch: LaneCallback, evaluate: bool = False, **options: Any
) -> Trainer:
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained(encoder, num_labels=3)
    arguments = TrainingArguments(
        str(out),
        **{
            "num_train_epochs": 3, "per_device_train_batch_size": 5, "learning_rate": 5e-3, "use_cpu": True,
            "remove_unused_columns": False, "report_to": [], "save_strategy": "no", "disable_tqdm": True,
            "seed": 1, "logging_strategy": "no", "eval_strategy": "epoch" if evaluate else "no", **options,
        },
    )  # fmt: skip
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    return Trainer(
        model,
        arguments,
        data_collator=DataCollatorWithPadding(tokenizer),
        train_dataset=data,
        eval_dataset=data.remove_columns("lane_index") if evaluate else None,
        callbacks=[watch],
    )


def expected(data: Dataset, steps: list[tuple[torch.Tensor, torch.Tensor]], epochs: int) -> pd.DataFrame:
    """Work every column out with numpy alone. Rows of a batch are found again by their word pieces and order."""
    labels = np.array(data["label"])
    by_ids: dict[tuple[int, ...], list[int]] = {}
    for row, ids in enumerate(data["input_ids"]):
        by_ids.setdefault(tuple(ids), []).append(row)
    assert all(len(rows) == 1 for rows in by_ids.values())
    logits = np.full((epochs, len(labels), 3), np.nan)
    per_epoch = len(steps) // epochs
    for at, (ids, values) in enumerate(steps):
        for piece, row_logits in zip(ids.tolist(), values.numpy(), strict=True):
            key = tuple(number for number in piece if number != 0)
            logits[at // per_epoch, by_ids[key][0]] = row_logits
    assert not np.isnan(logits).any()
    columns: dict[str, np.ndarray] = {}
    factor = np.ones((3, 3))
    for epoch in range(epochs):
        plain = np.empty(len(labels))
        aware = np.empty(len(labels))
        for row, label in enumerate(labels):
            others = [k for k in range(3) if k != label]
            rival = max(others, key=lambda k, row=row, epoch=epoch: logits[epoch, row, k])
            plain[row] = logits[epoch, row, label] - logits[epoch, row, rival]
            aware[row] = plain[row] * (min(1 / factor[label, rival], 10) if plain[row] < 0 else 1)
        columns[f"margin_{epoch + 1}"] = plain
        columns[f"label_aware_margin_{epoch + 1}"] = aware
        odds = np.exp(logits[epoch])
        probabilities = odds / odds.sum(axis=1, keepdims=True)
        similarity = np.array([probabilities[labels == k].mean(axis=0) for k in range(3)])
        for given in range(3):
            away = [similarity[given, k] for k in range(3) if k != given]
            for k in range(3):
                ratio = 1.0 if k == given else max(similarity[given, k] / np.mean(away), 0.05)
                factor[given, k] = ratio**0.5
    frame = pd.DataFrame(columns)
    frame["aum"] = frame[[f"margin_{epoch + 1}" for epoch in range(epochs)]].mean(axis=1)
    frame["alm"] = frame[[f"label_aware_margin_{epoch + 1}" for epoch in range(epochs)]].mean(axis=1)
    return frame


@pytest.mark.parametrize("smoothing", [0.0, 0.1], ids=["", "label smoothing, which hides the labels"])
def test_margins_are_those_of_the_logits(encoder: Path, tmp_path: Path, smoothing: float) -> None:
    data = examples(encoder, lane_index=list(range(NUM_EXAMPLES)))
    watch = LaneCallback(data["label"])
    runner = trainer(encoder, tmp_path, data, watch, evaluate=True, label_smoothing_factor=smoothing)
    recorder = Recorder(runner.model)
    runner.train()
    found = watch.scores()
    wanted = expected(data, recorder.steps, epochs=3)
    assert found["index"].tolist() == list(range(NUM_EXAMPLES))
    for name in wanted.columns:
        assert found[name].to_numpy() == pytest.approx(wanted[name].to_numpy(), abs=1e-4), name
    assert (found["alm"] != found["aum"]).any()
    assert found["label_score"].between(0, 1).all()
    assert watch.epoch == 3
    # Its hooks are gone.
    assert len(runner.model._forward_hooks) == 1
    assert not runner.model._forward_pre_hooks


def test_a_wrong_label_is_found(encoder: Path, tmp_path: Path) -> None:
    data = examples(encoder, size=60, lane_index=list(range(60)))
    watch = LaneCallback(data["label"])
    options = {"num_train_epochs": 14, "per_device_train_batch_size": 10, "learning_rate": 2e-3}
    trainer(encoder, tmp_path, data, watch, lr_scheduler_type="constant", **options).train()
    found = watch.scores()
    assert found["label_score"].idxmin() == WRONG
    assert found["alm"].idxmin() == WRONG


def test_it_changes_nothing_of_the_training(encoder: Path, tmp_path: Path) -> None:
    data = examples(encoder, lane_index=list(range(NUM_EXAMPLES)))
    watched = trainer(encoder, tmp_path / "a", data, LaneCallback(data["label"]))
    watched.train()
    alone = trainer(encoder, tmp_path / "b", data.remove_columns("lane_index"), LaneCallback([0, 1]))
    alone.remove_callback(LaneCallback)
    alone.train()
    for name, value in alone.model.state_dict().items():
        assert torch.equal(value, watched.model.state_dict()[name]), name


def test_rows_that_are_not_trained_on_are_nan(encoder: Path, tmp_path: Path) -> None:
    data = examples(encoder, lane_index=list(range(NUM_EXAMPLES)))
    kept = [row for row in range(NUM_EXAMPLES) if row not in (3, 8)]
    # Epoch 1 does not count, one example is there twice, and the averages of the others are those of epoch 2.
    part = data.select([*kept, 0])
    watch = LaneCallback(data["label"], RunConfig(alm_start_epoch=2))
    trainer(encoder, tmp_path, part, watch, num_train_epochs=2).train()
    found = watch.scores()
    assert found[found["aum"].isna()].index.tolist() == [3, 8]
    assert found[found["label_score"].isna()].index.tolist() == [3, 8]
    assert found.loc[kept, "aum"].to_numpy() == pytest.approx(found.loc[kept, "margin_2"].to_numpy())
    assert found.loc[kept, "alm"].to_numpy() == pytest.approx(
        found.loc[kept, "label_aware_margin_2"].to_numpy()
    )


def test_a_second_training_starts_anew(encoder: Path, tmp_path: Path) -> None:
    data = examples(encoder, lane_index=list(range(NUM_EXAMPLES)))
    watch = LaneCallback(data["label"])
    runner = trainer(encoder, tmp_path, data, watch, num_train_epochs=1)
    runner.train()
    first = watch.scores()
    runner.train()
    assert watch.epoch == 1
    assert list(watch.scores().columns) == list(first.columns)
    assert watch.scores()["margin_1"].mean() > first["margin_1"].mean()


@pytest.mark.parametrize(
    ("columns", "labels", "words"),
    [
        ({}, None, "remove_unused_columns=False"),
        ({"lane_index": list(range(NUM_EXAMPLES))[::-1]}, None, "other labels"),
        ({"lane_index": [row + 1 for row in range(NUM_EXAMPLES)]}, None, "lane_index is 27"),
        ({"lane_index": list(range(NUM_EXAMPLES))}, [3] * NUM_EXAMPLES, "other labels"),
    ],
)
def test_mistakes_are_told(
    encoder: Path, tmp_path: Path, columns: dict[str, list[int]], labels: list[int] | None, words: str
) -> None:
    data = examples(encoder, **columns)
    watch = LaneCallback(labels or data["label"])
    with pytest.raises((DataError, RunError), match=words):
        trainer(encoder, tmp_path, data, watch, per_device_train_batch_size=NUM_EXAMPLES).train()


def test_labels_must_be_class_codes_and_scores_need_a_training() -> None:
    for labels in ([], [0, -1], [0.5, 1.0]):
        with pytest.raises(DataError, match="one class code an example"):
            LaneCallback(labels)
    with pytest.raises(RunError, match="no example yet"):
        LaneCallback([0, 1]).scores()

"""One epoch of LANE beside one epoch of the Hugging Face Trainer, on the same texts and the same encoder.

    python benchmarks/speed.py FOLDER --texts 6000 --repeats 3

LANE: preset default, both networks, scoring included; running the texts through the frozen layers, once a run, is
told apart. The Trainer: BertForSequenceClassification, batch 32, its default settings, float32, nothing saved. The two
take turns; printed are medians of wall seconds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from transformers.utils import logging as transformers_logging

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.noise_cells import TextSet, read_set
from benchmarks.predictions import LastReport
from lane_core.config import PACKAGED_ENCODER, RunConfig
from lane_core.errors import LaneError
from lane_core.training.encoder import load_encoder, packaged_encoder
from lane_core.training.loop import TrainingData, TrainingRun
from lane_core.training.progress import EpochReport

BATCH_SIZE = 32


class EpochClock(LastReport):
    """Observer that notes when the texts were read and when the epoch started and ended."""

    read_s = started = ended = 0.0

    def __init__(self) -> None:
        self._created = time.perf_counter()

    def prepared(self, embeddings: npt.NDArray[np.float32]) -> None:
        """The frozen layers have seen all texts."""
        self.read_s = time.perf_counter() - self._created

    def phase(self, words: str) -> None:
        """Note the start of the epoch."""
        if words.startswith("training"):
            self.started = time.perf_counter()

    def epoch_end(self, report: EpochReport) -> None:
        """Note its end."""
        self.ended = time.perf_counter()


def lane_epoch(text_set: TextSet, encoder: str) -> tuple[float, float]:
    """Return the seconds of one epoch, and of reading the texts (encoder's loading included) before it."""
    data = TrainingData(
        text_set.texts, text_set.true, np.full(len(text_set.texts), "train"), len(text_set.classes)
    )
    clock = EpochClock()
    config = RunConfig.from_preset("default", epochs=1, batch_size=BATCH_SIZE, encoder=encoder)
    with tempfile.TemporaryDirectory(prefix="lane-benchmark-") as folder:
        TrainingRun(data, config, clock, Path(folder) / "state.safetensors").train()
    # The package asks for deterministic kernels; the Trainer's default does not.
    torch.use_deterministic_algorithms(mode=False)
    return clock.ended - clock.started, clock.read_s


def trainer_epoch(text_set: TextSet, encoder: str) -> float:
    """Return the seconds of one epoch of the Trainer; tokenizing is not counted."""
    from transformers import (
        BertForSequenceClassification,
        DataCollatorWithPadding,
        PrinterCallback,
        Trainer,
        TrainingArguments,
    )

    loaded = load_encoder(encoder)
    rows = loaded.tokenize(text_set.texts, RunConfig().max_tokens)
    dataset: Any = [
        {"input_ids": ids, "attention_mask": [1] * len(ids), "labels": label}
        for ids, label in zip(rows, text_set.true.tolist(), strict=True)
    ]
    folder = str(packaged_encoder()) if encoder == PACKAGED_ENCODER else encoder
    model = BertForSequenceClassification.from_pretrained(
        folder, num_labels=len(text_set.classes), dtype=torch.float32
    )
    with tempfile.TemporaryDirectory(prefix="lane-benchmark-") as output:
        settings = TrainingArguments(
            output_dir=output,
            per_device_train_batch_size=BATCH_SIZE,
            num_train_epochs=1,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        )
        collator = DataCollatorWithPadding(loaded.tokenizer)
        trainer = Trainer(model=model, args=settings, train_dataset=dataset, data_collator=collator)
        trainer.remove_callback(PrinterCallback)
        started = time.perf_counter()
        trainer.train()
        return time.perf_counter() - started


def main(arguments: Sequence[str] | None = None) -> None:
    """Take turns, print the medians and their ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--texts", type=int, default=6000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--encoder", default=PACKAGED_ENCODER, help="packaged MiniLM, or a folder with a BERT"
    )
    options = parser.parse_args(arguments)
    transformers_logging.set_verbosity_error()
    text_set = read_set(options.folder, options.texts)
    lane, reading, trainer = [], [], []
    for repeat in range(1, options.repeats + 1):
        epoch_s, read_s = lane_epoch(text_set, options.encoder)
        lane.append(epoch_s)
        reading.append(read_s)
        trainer.append(trainer_epoch(text_set, options.encoder))
        print(
            f"turn {repeat}: LANE {lane[-1]:.1f} s (reading {read_s:.1f} s), Trainer {trainer[-1]:.1f} s",
            flush=True,
        )
    print(
        f"{len(text_set.texts):,} texts, {torch.get_num_threads()} threads, median of {options.repeats}: "
        f"LANE epoch {median(lane):.1f} s (reading once {median(reading):.1f} s), "
        f"Trainer epoch {median(trainer):.1f} s; a LANE epoch costs {median(lane) / median(trainer):.2f} of it."
    )


if __name__ == "__main__":
    try:
        main()
    except LaneError as error:
        sys.exit(str(error))

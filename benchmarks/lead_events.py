"""The files of a finished run on made-up labels: everything that a worker writes but the trained network."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.lead_world import Codes, World
from benchmarks.review_project import LINES, made_up_neighbours, write_event
from lane_core.evidence.scores import RunHistory, score_table
from lane_core.files import replace_file
from lane_core.runs.run_dir import RunDir
from lane_core.training.saving import save_embeddings

Floats = npt.NDArray[np.float64]

_FOUND = 0.93
"""Share of the wrong labels that the network sees through."""
_DOUBTED = 0.03
"""Share of the right labels that it takes for another."""
_LOSSES_AN_EPOCH = 40


def write_lead_run(
    run_dir: RunDir, world: World, labels: Codes, splits: npt.NDArray[np.str_], num_epochs: int, seed: int
) -> None:
    """Write the events, probabilities, scores, embeddings and the map of a run on these labels.

    Args:
        run_dir: A run that was laid down, of which nothing else is there yet.
        world: What is true.
        labels: Class codes that the run trained on, (N,).
        splits: That it trained on, (N,).
        num_epochs: How many epochs there are.
        seed: Another one makes the run find other errors.
    """
    rng = np.random.default_rng(seed)
    made = _Made(rng, world, labels)
    write_event(run_dir, "neighbours", 0, made_up_neighbours(rng, len(labels)))
    epochs = []
    for epoch in range(1, num_epochs + 1):
        examples = made.epoch(epoch, num_epochs)
        epochs.append(examples)
        write_event(run_dir, "losses", epoch, _losses(rng, epoch))
        write_event(run_dir, "similarity", epoch, _similarity(world, epoch / num_epochs))
        write_event(run_dir, "metrics", epoch, _metrics(examples, made.is_wrong.mean(), splits, epoch))
        write_event(run_dir, "epoch", epoch, examples)
    run_dir.write_probabilities(made.probabilities)
    run_dir.result.mkdir(exist_ok=True)
    save_embeddings(run_dir.result, world.embeddings(rng))
    _write_frame(run_dir, "map.parquet", _map(world))
    _write_frame(run_dir, "scores.parquet", _scores(rng, labels, epochs, made.probabilities))


class _Made:
    """What a network made of the labels."""

    def __init__(self, rng: np.random.Generator, world: World, labels: Codes) -> None:
        self._rng, self._world, self._labels = rng, world, labels
        size = len(labels)
        self.is_wrong = labels != world.truth
        self._sees = rng.random(size) < np.where(self.is_wrong, _FOUND, _DOUBTED)
        self._rival = np.where(self.is_wrong, world.truth, world.mistaken(rng, labels))
        seen_out_of_fold = self._sees ^ (rng.random(size) < 0.06)
        self._held_out = np.where(seen_out_of_fold, self._rival, labels)
        likely, unlikely = rng.uniform(0.45, 0.97, size), rng.uniform(0.02, 0.98, size)
        self._first, self._second = likely, unlikely * (1 - likely)
        self._score = np.where(self._sees, rng.beta(1.2, 5, size), rng.beta(20, 1, size))
        self._margins: list[Floats] = []
        self._label_aware: list[Floats] = []
        self._similarity = (world.similarity * world.num_classes)[labels, self._rival]
        self._severity = world.distance[labels, self._rival]
        self.probabilities = self._probabilities()

    def epoch(self, epoch: int, num_epochs: int) -> pd.DataFrame:
        """Return the columns of an epoch's file; call for each epoch in order."""
        rng, size = self._rng, len(self._labels)
        learned = epoch / num_epochs
        given = np.where(self._sees, self._second, self._first)
        # At first a network knows little and believes the label; then it sees through some of them.
        belief = np.clip(learned * given + (1 - learned) * 0.5 + rng.normal(0, 0.08, size), 0.001, 0.999)
        margin = np.log(belief / (1 - belief)) + rng.normal(0, 0.3, size)
        self._margins.append(margin)
        self._label_aware.append(margin * (1 + 0.5 * self._severity))
        predicted = np.where(self._sees, self._rival, self._labels)
        alm = np.mean(self._label_aware, axis=0)
        return pd.DataFrame(
            {
                "index": np.arange(size),
                "margin": margin,
                "label_aware_margin": self._label_aware[-1],
                "aum": np.mean(self._margins, axis=0),
                "alm": alm,
                "weight": 1 / (1 + np.exp(-3 * (alm + 0.5))),
                "predicted": predicted,
                "predicted_probability": self._first,
                "suggested": self._rival,
                "suggested_probability": np.where(self._sees, self._first, self._second),
                "given_probability": given,
                "given_log_probability": np.log(belief),
                "is_given_predicted": belief > 0.5,
                "similarity": self._similarity,
                "severity": self._severity,
                "label_score": self._score,
                "is_label_issue": self._score < LINES["balanced"],
                "self_confidence": np.where(self._held_out == self._labels, self._first, self._second),
                "held_out_predicted": self._held_out,
            }
        )

    def _probabilities(self) -> npt.NDArray[np.float32]:
        """(N, K): those of the given and the suggested class, and what is left for the others."""
        rows = np.arange(len(self._labels))
        found = self._rng.random((len(rows), self._world.num_classes), dtype=np.float32)
        found[rows, self._labels] = found[rows, self._rival] = 0
        left = 1 - self._first - self._second
        found *= (left / np.maximum(found.sum(axis=1), 1e-9))[:, None].astype(np.float32)
        found[rows, self._labels] = np.where(self._sees, self._second, self._first)
        found[rows, self._rival] = np.where(self._sees, self._first, self._second)
        return found


def _losses(rng: np.random.Generator, epoch: int) -> pd.DataFrame:
    step = np.arange(_LOSSES_AN_EPOCH * (epoch - 1), _LOSSES_AN_EPOCH * epoch) + 1
    falling = np.exp(-step / (2 * _LOSSES_AN_EPOCH))
    noise = rng.normal(0, 0.03, (3, len(step)))
    return pd.DataFrame(
        {
            "step": step,
            "theta_loss": 0.3 + 1.5 * falling + noise[0],
            "pi_loss": 0.5 + 1.7 * falling + noise[1],
            "contrastive_loss": 1.2 + 2.0 * falling + noise[2],
        }
    )


def _similarity(world: World, learned: float) -> pd.DataFrame:
    rows, columns = np.indices((world.num_classes, world.num_classes)).reshape(2, -1)
    value = learned * world.similarity + (1 - learned) / world.num_classes
    return pd.DataFrame({"given": rows, "predicted": columns, "value": value.ravel()})


def _metrics(
    examples: pd.DataFrame, wrong_share: float, splits: npt.NDArray[np.str_], epoch: int
) -> pd.DataFrame:
    score, is_train = examples["label_score"].to_numpy(), splits == "train"
    alm = examples.loc[is_train, "alm"]
    negative = alm[alm < 0]
    quality = 0.85 - wrong_share - 0.3 / epoch
    found = {
        "theta_loss": 1.8 / epoch,
        "pi_loss": 2.2 / epoch,
        "contrastive_loss": 3.0 / epoch,
        "validation_accuracy": quality + 0.02,
        "validation_macro_f1": quality,
        "test_accuracy": quality + 0.01,
        "test_macro_f1": quality - 0.01,
        "mu": negative.mean(),
        "sigma": negative.std(ddof=0),
        "num_flagged": int((score < LINES["balanced"]).sum()),
        "noise_rate": (1 - score[is_train]).mean(),
        "clipped_share": 0.02 / epoch,
        "train_seconds": 60.0,
    }
    for name, line in LINES.items():
        flagged = score[is_train & (score < line)]
        found |= {f"{name}_below": line, f"{name}_precision": (1 - flagged).mean() if len(flagged) else 0.0}
    return pd.DataFrame([found])


def _map(world: World) -> pd.DataFrame:
    points = world.points.astype(np.float32)
    return pd.DataFrame(
        {"index": np.arange(len(points), dtype=np.int32), "x": points[:, 0], "y": points[:, 1]}
    )


def _scores(
    rng: np.random.Generator,
    labels: Codes,
    epochs: list[pd.DataFrame],
    probabilities: npt.NDArray[np.float32],
) -> pd.DataFrame:
    def by_epoch(column: str) -> npt.NDArray[np.float32]:
        return np.stack([epoch[column].to_numpy(dtype=np.float32) for epoch in epochs])

    history = RunHistory(
        labels,
        margins=by_epoch("margin"),
        label_aware_margins=by_epoch("label_aware_margin"),
        log_given=by_epoch("given_log_probability"),
        is_predicted=by_epoch("is_given_predicted") > 0,
        start_epoch=1,
    )
    table = score_table(history, probabilities)
    table.insert(1, "label_score", epochs[-1]["label_score"].to_numpy(dtype=np.float32))
    return table.assign(knn_agreement=rng.random(len(labels)))


def _write_frame(run_dir: RunDir, name: str, frame: pd.DataFrame) -> None:
    replace_file(run_dir.result / name, lambda path: frame.to_parquet(path, index=False))

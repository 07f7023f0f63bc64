"""What every table compares with: trivial anchors, text statistics, neighbours, and cleanlab on two encoders."""

from __future__ import annotations

import hashlib
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline

from benchmarks.detection_metrics import Findings
from benchmarks.noise_cells import Embeddings, NoisyCell
from benchmarks.predictions import frozen_layers_run_once, train_and_predict
from lane_core.config import RunConfig
from lane_core.errors import LaneError
from lane_core.evidence.neighbours import nearest_neighbours
from lane_core.training.loop import TrainingData

FOLDS = 5
FINE_TUNED_FOLDS = 3
C_GRID = (0.1, 0.3, 1.0, 3.0, 10.0)
NEIGHBOURS = 20
FINE_TUNING_FIELDS = (
    "encoder", "epochs", "batch_size", "learning_rate", "head_learning_rate", "max_tokens", "trainable_layers",
    "encoder_dropout", "device", "seed",
)  # fmt: skip
"""What plain fine-tuning reads of a configuration; a change of any other field leaves its results as they are."""

Probabilities = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Inputs:
    """What a baseline may read."""

    cell: NoisyCell
    embeddings: Embeddings
    config: RunConfig
    """Of the runs that LANE is compared with; its encoder, layers, epochs and rates hold for fine-tuned baselines."""
    work: Path
    """Folder of this cell for what is expensive to compute again."""


def nothing(inputs: Inputs) -> list[Findings]:
    """Flag nothing: every score the same. Its average precision is the share of wrong labels."""
    count = len(inputs.cell.given)
    return [Findings("nothing", np.ones(count), 0.0, 0.0, flagged=np.zeros(count, dtype=bool))]


def random(inputs: Inputs) -> list[Findings]:
    """Draw the scores; flag as many rows as are really wrong."""
    score = np.random.default_rng([inputs.cell.cell.seed, 7]).random(len(inputs.cell.given))
    flagged = np.zeros(len(score), dtype=bool)
    flagged[np.argsort(score)[: inputs.cell.is_flipped.sum()]] = True
    return [Findings("random", score, 0.0, 0.0, flagged=flagged)]


def tfidf(inputs: Inputs) -> list[Findings]:
    """Out-of-fold probability of the given label: logistic regression on TF-IDF of words and word pairs."""
    model = make_pipeline(
        TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2),
        LogisticRegression(max_iter=1000),
    )
    with Stopwatch() as watch:
        texts = np.array(inputs.cell.text_set.texts, dtype=object)
        pred_probs = out_of_fold(model, texts, inputs.cell, FOLDS)
    return [_by_self_confidence("tfidf", pred_probs, inputs.cell, watch)]


def knn(inputs: Inputs) -> list[Findings]:
    """Share of the 20 nearest other texts, weighted by cosine, that have the given label."""
    rows, given = inputs.embeddings.rows, inputs.cell.given
    with Stopwatch() as watch:
        near = nearest_neighbours(rows, NEIGHBOURS)
        votes = np.zeros((len(rows), len(inputs.cell.text_set.classes)))
        weights = near["cosine"].clip(lower=1e-6)
        np.add.at(votes, (near["index"], given[near["neighbour"]]), weights)
        shares = votes / votes.sum(axis=1, keepdims=True)
    return [_with_embedding_time(_by_self_confidence("knn", shares, inputs.cell, watch), inputs)]


def cleanlab_frozen(inputs: Inputs) -> list[Findings]:
    """Run cleanlab on 5-fold logistic regression over the frozen embeddings, C chosen by the out-of-fold log-loss."""
    with Stopwatch() as watch:
        pred_probs, chosen = frozen_probabilities(inputs.embeddings.rows, inputs.cell)
        found = _by_cleanlab("cleanlab_frozen", pred_probs, inputs.cell)
    found = replace(found, wall_s=watch.wall_s, cpu_s=watch.cpu_s, note=f"C = {chosen:g}")
    return [_with_embedding_time(found, inputs)]


def cleanlab_finetuned(inputs: Inputs) -> list[Findings]:
    """Run cleanlab on 3-fold probabilities of the same encoder, fine-tuned: of the last epoch, and mean of epochs."""
    last, mean, wall_s, cpu_s = fine_tuned_probabilities(inputs)
    return [
        replace(_by_cleanlab(f"cleanlab_finetuned:{name}", probs, inputs.cell), wall_s=wall_s, cpu_s=cpu_s)
        for name, probs in (("last_epoch", last), ("mean_of_epochs", mean))
    ]


BASELINES: dict[str, Callable[[Inputs], list[Findings]]] = {
    "nothing": nothing,
    "random": random,
    "tfidf": tfidf,
    "knn": knn,
    "cleanlab_frozen": cleanlab_frozen,
    "cleanlab_finetuned": cleanlab_finetuned,
}
ALWAYS = ("nothing", "random", "tfidf", "knn", "cleanlab_frozen")
"""In every table, asked for or not."""


def baseline_fingerprint(name: str, config: RunConfig) -> str:
    """Return what a baseline's result depends on beside its cell, as a short name."""
    fields = FINE_TUNING_FIELDS if name == "cleanlab_finetuned" else ("encoder",)
    values = [str(getattr(config, field)) for field in fields]
    return hashlib.sha256("|".join(values).encode()).hexdigest()[:10]


class Stopwatch:
    """Wall seconds and CPU seconds of this process, of a with block."""

    wall_s = cpu_s = 0.0

    def __enter__(self) -> Stopwatch:
        self._started = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *error: object) -> None:
        self.wall_s = time.perf_counter() - self._started[0]
        self.cpu_s = time.process_time() - self._started[1]


def out_of_fold(model: Any, inputs: npt.NDArray[Any], cell: NoisyCell, num_folds: int) -> Probabilities:
    """Return each row's class probabilities by the model that has not seen it, (N, K); fit on the given labels."""
    pred_probs = np.zeros((len(cell.given), len(cell.text_set.classes)))
    for train, held_out in folds(cell, num_folds):
        model.fit(inputs[train], cell.given[train])
        # A class that has no row in the other folds gets probability 0.
        pred_probs[np.ix_(held_out, model.classes_)] = model.predict_proba(inputs[held_out])
    # Of float32 inputs the rows sum to 1 in float32 only.
    return pred_probs / pred_probs.sum(axis=1, keepdims=True)


def folds(cell: NoisyCell, num_folds: int) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Return the (train, held out) rows of each fold, classes spread evenly; drawn by the cell's seed."""
    splitter = StratifiedKFold(num_folds, shuffle=True, random_state=cell.cell.seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")
        return list(splitter.split(np.zeros(len(cell.given)), cell.given))


def frozen_probabilities(rows: npt.NDArray[np.float32], cell: NoisyCell) -> tuple[Probabilities, float]:
    """Return the out-of-fold probabilities of the best C, and C; judged on the given labels, wrong ones included."""
    best: tuple[float, Probabilities, float] | None = None
    for strength in C_GRID:
        pred_probs = out_of_fold(LogisticRegression(C=strength, max_iter=1000), rows, cell, FOLDS)
        loss = float(log_loss(cell.given, pred_probs, labels=np.arange(pred_probs.shape[1])))
        if best is None or loss < best[0]:
            best = loss, pred_probs, strength
    assert best is not None
    return best[1], best[2]


def fine_tuned_probabilities(inputs: Inputs) -> tuple[Probabilities, Probabilities, float, float]:
    """Return last-epoch and epoch-mean probabilities, (N, K), of plain fine-tuning that has not seen the row.

    A fold that was trained before is read from the cell's folder. Also returns wall and CPU seconds of all folds.
    """
    cell = inputs.cell
    kept = {field: getattr(inputs.config, field) for field in FINE_TUNING_FIELDS}
    config = RunConfig(**{**kept, "method": "base", "seed": cell.cell.seed})
    shape = len(cell.given), len(cell.text_set.classes)
    last, mean, wall_s, cpu_s = np.zeros(shape), np.zeros(shape), 0.0, 0.0
    with frozen_layers_run_once():
        for number, (_, held_out) in enumerate(folds(cell, FINE_TUNED_FOLDS), start=1):
            path = inputs.work / f"fold-{number}.npz"
            if not path.exists():
                _train_fold(cell, held_out, config, path)
            with np.load(path) as stored:
                last[held_out], mean[held_out] = stored["last"], stored["mean"]
                wall_s, cpu_s = wall_s + float(stored["wall_s"]), cpu_s + float(stored["cpu_s"])
    return last, mean, wall_s, cpu_s


def _train_fold(cell: NoisyCell, held_out: npt.NDArray[np.int64], config: RunConfig, path: Path) -> None:
    splits = np.full(len(cell.given), "train", dtype="U10")
    splits[held_out] = "validation"
    data = TrainingData(cell.text_set.texts, cell.given, splits, len(cell.text_set.classes))
    with Stopwatch() as watch:
        found = train_and_predict(data, config)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp.npz")
    np.savez(
        temporary,
        last=found.last[held_out],
        mean=found.mean[held_out],
        wall_s=watch.wall_s,
        cpu_s=watch.cpu_s,
    )
    temporary.replace(path)


def _by_self_confidence(name: str, pred_probs: Probabilities, cell: NoisyCell, watch: Stopwatch) -> Findings:
    """Score by the given label's probability; flag what is predicted otherwise."""
    own = pred_probs[np.arange(len(cell.given)), cell.given]
    flagged = pred_probs.argmax(axis=1) != cell.given
    return Findings(name, own, watch.wall_s, watch.cpu_s, own, flagged, best_other(pred_probs, cell.given))


def _by_cleanlab(name: str, pred_probs: Probabilities, cell: NoisyCell) -> Findings:
    """Score and flag by cleanlab's defaults; the noise rate is the off-diagonal mass of its confident joint."""
    try:
        from cleanlab.count import estimate_joint
        from cleanlab.filter import find_label_issues
        from cleanlab.rank import get_label_quality_scores
    except ImportError as error:
        raise LaneError(
            f"cleanlab cannot be imported ({error}). Install it: pip install -r benchmarks/requirements.txt"
        ) from error
    score = get_label_quality_scores(
        cell.given, pred_probs, method="self_confidence", adjust_pred_probs=False
    )
    flagged = find_label_issues(cell.given, pred_probs, n_jobs=1)
    rate = float(1 - np.trace(estimate_joint(cell.given, pred_probs)))
    other = best_other(pred_probs, cell.given)
    return Findings(name, score, 0.0, 0.0, score, np.asarray(flagged), other, noise_rate=rate)


def best_other(pred_probs: Probabilities, given: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the likeliest class other than the given one, (N,)."""
    others = pred_probs.copy()
    others[np.arange(len(given)), given] = -1
    return np.asarray(others.argmax(axis=1))


def _with_embedding_time(found: Findings, inputs: Inputs) -> Findings:
    embeddings = inputs.embeddings
    return replace(found, wall_s=found.wall_s + embeddings.wall_s, cpu_s=found.cpu_s + embeddings.cpu_s)

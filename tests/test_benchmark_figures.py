"""The benchmarks judge rightly: figures, intervals and verdicts computed by hand, baselines on made-up rows."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import baselines
from benchmarks.baselines import Inputs as BaselineInputs
from benchmarks.baselines import (
    folds,
    frozen_probabilities,
    knn,
    out_of_fold,
)  # fmt: skip
from benchmarks.classification_table import verdict
from benchmarks.detection_metrics import Findings, calibration_error, detection_metrics
from benchmarks.lane_runs import findings_of_run
from benchmarks.noise_cells import Cell, Embeddings, NoisyCell, TextSet
from benchmarks.paired import Difference, in_words, mean_and_sd, paired_difference
from benchmarks.results_table import shortfall
from lane_core.config import RunConfig
from lane_core.errors import LaneError

CLASSES = ("anger", "fear", "joy")


def cell_of(true: list[int], given: list[int], near: list[int] = ()) -> NoisyCell:
    """A cell whose rows ``near`` are flipped to a near class."""
    codes, noisy = np.array(true), np.array(given)
    texts = [f"text {at}" for at in range(len(true))]
    is_near = np.isin(np.arange(len(true)), near)
    return NoisyCell(
        Cell("tiny", "uniform", 0.2, 0),
        TextSet("tiny", "tiny", texts, codes, CLASSES),
        noisy,
        codes != noisy,
        is_near,
    )


def test_ranking_and_flag_figures_by_hand() -> None:
    # Ten rows, rows 0 and 5 wrong; ranked 1st and 4th most suspect.
    cell = cell_of([0, 1, 2, 0, 1, 2, 0, 1, 2, 0], [1, 1, 2, 0, 1, 0, 0, 1, 2, 0], near=[0])
    score = np.array([0.1, 0.2, 0.3, 0.9, 0.8, 0.4, 0.95, 0.85, 0.7, 0.6])
    flagged = score < 0.25
    suggested = np.array([0, 0, 0, 0, 0, 1, 0, 0, 0, 0])
    figures = detection_metrics(cell, Findings("m", score, 1.0, 2.0, score, flagged, suggested))
    assert figures["ap"] == pytest.approx((1 / 1 + 2 / 4) / 2)
    # 16 pairs of a wrong and a right row; row 5 has two right rows below it.
    assert figures["auroc"] == pytest.approx(14 / 16)
    assert figures["ap_near"] == 1.0
    # Without row 0, the far error stands third.
    assert figures["ap_far"] == pytest.approx(1 / 3)
    assert figures["near_share"] == 0.5
    assert (figures["precision_at_10"], figures["recall_at_10"]) == (1.0, 0.5)
    assert (figures["precision_at_20"], figures["recall_at_20"]) == (0.5, 0.5)
    assert (figures["num_flagged"], figures["flag_precision"], figures["flag_recall"]) == (2, 0.5, 0.5)
    assert figures["flag_f1"] == 0.5
    # Row 0 is suggested its true class, row 5 (true class 2) is not.
    assert figures["suggestion_accuracy"] == 0.5
    right = ~cell.is_flipped
    assert figures["brier"] == pytest.approx(np.mean((score - right) ** 2))
    assert figures["estimated_noise_rate"] == pytest.approx(1 - score.mean())
    assert (figures["true_noise_rate"], figures["wall_s"], figures["cpu_s"]) == (0.2, 1.0, 2.0)


def test_equal_scores_find_what_chance_finds() -> None:
    # The wrong rows stand first in the file: their place must not help.
    cell = cell_of([0, 1, 0, 1, 0, 1, 0, 1, 0, 1], [1, 0, 0, 1, 0, 1, 0, 1, 0, 1])
    figures = detection_metrics(
        cell, Findings("nothing", np.ones(10), 0.0, 0.0, flagged=np.zeros(10, dtype=bool))
    )
    assert figures["ap"] == pytest.approx(0.2)
    assert figures["auroc"] == 0.5
    assert figures["precision_at_10"] == pytest.approx(0.2)
    assert figures["recall_at_20"] == pytest.approx(0.2)
    assert figures["flag_f1"] == 0
    assert np.isnan(figures["flag_precision"])


def test_calibration_error_by_hand() -> None:
    # 30 rows make 15 bins of two. One bin says 0.9 and is right once in two, all others say 1 and are right.
    probability = np.concatenate([[0.9, 0.9], np.ones(28)])
    right = np.concatenate([[True, False], np.ones(28, dtype=bool)])
    assert calibration_error(right, probability) == pytest.approx(0.4 * 2 / 30)


def test_paired_difference_is_the_t_interval_of_the_gaps() -> None:
    method = pd.Series({0: 0.70, 1: 0.72, 2: 0.77, 3: 0.9})
    anchor = pd.Series({0: 0.69, 1: 0.70, 2: 0.74})
    gap = paired_difference(method, anchor)
    # Gaps .01 .02 .03: mean .02, sd .01, t(2) = 4.302653; seed 3 has no partner.
    assert gap.num_seeds == 3
    assert gap.mean == pytest.approx(0.02)
    assert gap.high == pytest.approx(0.02 + 4.302653 * 0.01 / np.sqrt(3))
    assert not gap.excludes_zero
    assert in_words(gap) == "+0.020 [-0.005, +0.045]"
    assert in_words(paired_difference(method[:1], anchor)) == "+0.010"
    assert in_words(paired_difference(method[3:], anchor)) == "–"
    assert mean_and_sd(anchor, factor=100, digits=1) == "71.0 ± 2.6"


def test_out_of_fold_probabilities_never_see_the_row() -> None:
    class Remembers:
        """Says the given label with certainty of rows that it was fitted on, class 0 of all others."""

        classes_ = np.arange(2)

        def fit(self, rows: np.ndarray, labels: np.ndarray) -> None:
            self.known = dict(zip(rows[:, 0], labels, strict=True))

        def predict_proba(self, rows: np.ndarray) -> np.ndarray:
            return np.eye(2)[[self.known.get(row, 0) for row in rows[:, 0]]]

    cell = cell_of([1] * 10 + [0] * 10, [1] * 10 + [0] * 10)
    pred_probs = out_of_fold(Remembers(), np.arange(20)[:, None], cell, 5)
    assert (pred_probs[:, 0] == 1).all()
    assert sorted(row for _, held_out in folds(cell, 5) for row in held_out) == list(range(20))


def test_a_missing_cleanlab_is_told_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cleanlab", None)
    cell = cell_of([0, 1, 2] * 10, [0, 1, 2] * 10)
    rows = np.eye(3, dtype=np.float32)[cell.given]
    inputs = BaselineInputs(cell, Embeddings(rows, 0.0, 0.0), RunConfig(), Path())
    with pytest.raises(LaneError, match="pip install -r benchmarks/requirements"):
        baselines.cleanlab_frozen(inputs)


def test_frozen_baselines_find_the_flipped_rows_of_separable_classes() -> None:
    true = np.arange(90) % 3
    given = true.copy()
    given[:9] = (given[:9] + 1) % 3
    rows = np.eye(3)[true] + 0.05 * np.random.default_rng(0).standard_normal((90, 3))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    cell = cell_of(true.tolist(), given.tolist())
    pred_probs, strength = frozen_probabilities(rows.astype(np.float32), cell)
    assert strength in (0.1, 0.3, 1.0, 3.0, 10.0)
    own = pred_probs[np.arange(90), given]
    assert set(np.argsort(own)[:9]) == set(range(9))
    embeddings = Embeddings(rows.astype(np.float32), 3.0, 2.0)
    (found,) = knn(BaselineInputs(cell, embeddings, RunConfig(), Path()))
    assert np.flatnonzero(found.flagged).tolist() == list(range(9))
    assert (found.suggested[:9] == true[:9]).all()
    # The cost of the embeddings is part of the method's.
    assert found.wall_s >= 3
    assert found.cpu_s >= 2


def test_every_strictness_is_judged_beside_its_promise() -> None:
    cell = cell_of([0, 1, 2, 0], [1, 1, 2, 0])
    table = pd.DataFrame(
        {
            "label_score": [0.1, 0.3, 0.9, 0.8],
            "aum": [-1.0, 1.0, 2.0, 3.0],
            "is_label_issue": [True, True, False, False],
            "suggested_label": ["anger", "joy", "fear", "fear"],
        }
    )
    promised = {"sure_below": 0.2, "sure_precision": 0.95, "balanced_below": 0.5, "balanced_precision": 0.7}
    scored, aum = findings_of_run("default", table, {**promised, "noise_rate": 0.3}, cell, 1.0, 1.0)
    assert (scored.method, aum.method) == ("default:label_score", "default:aum")
    figures = detection_metrics(cell, scored)
    assert (figures["sure_num_flagged"], figures["sure_precision"], figures["sure_expected_precision"]) == (
        1,
        1,
        0.95,
    )
    assert (figures["balanced_precision"], figures["balanced_recall"]) == (0.5, 1)
    assert "thorough_f1" not in figures
    assert (figures["estimated_noise_rate"], figures["suggestion_accuracy"]) == (0.3, 1)
    assert np.isnan(detection_metrics(cell, aum)["num_flagged"])


def test_shortfall_is_taken_cell_by_cell() -> None:
    frame = pd.DataFrame(
        {
            "seed": [0, 1, 2, 0, 1, 2],
            "method": ["ours", "ours", "ours", "anchor", "anchor", "anchor"],
            "ap": [0.8, 0.7, 0.9, 0.6, 0.6, 1.0],
        }
    )
    assert shortfall(frame, "anchor")["ours"].tolist() == pytest.approx([0.5, 0.75, np.nan], nan_ok=True)


@pytest.mark.parametrize(
    ("ours", "paper_gap", "expected"),
    [
        (Difference(2.5, 1.0, 4.0, 5), 2.8, "reproduces in sign; its size lies within our interval"),
        (Difference(1.0, 0.5, 1.5, 5), 2.8, "reproduces in sign; its size lies outside our interval"),
        (Difference(1.0, -1.0, 3.0, 5), 2.8, "neither confirmed nor excluded"),
        (Difference(0.0, -1.0, 1.0, 5), 2.8, "does not reproduce"),
        (Difference(-2.0, -3.0, -1.0, 5), 2.8, "does not reproduce"),
        (Difference(2.0, 1.0, 3.0, 5), None, "The paper gives no number"),
        (Difference(2.0, np.nan, np.nan, 1), 2.8, "fewer than two seeds"),
    ],
)
def test_verdict_says_what_the_interval_allows(
    ours: Difference, paper_gap: float | None, expected: str
) -> None:
    assert expected in verdict(paper_gap, ours)

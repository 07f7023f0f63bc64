"""How many labels are wrong: the same numbers computed anew from the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from benchmarks.noise_interval import half_width, left_out, rate_errors
from lane_core.errors import StoreError
from lane_core.evidence.estimates import errors_left
from lane_core.records import QueueFilter
from lane_core.reporting.noise import CALIBRATION_ERROR, ENOUGH_SAMPLED, expected_wrong, noise_estimate
from lane_core.store import classes, decisions, review_queries
from lane_core.store.store import Store
from tests.review_store import CLASSES, DATASET, RUN, decision, make_review_store

SCORES = (0.1, 0.2, 0.9, 0.95, 0.6, 0.99)
LABELS = (0, 0, 0, 1, 1, 2)
"""Anger: 0.1, 0.2, 0.9; fear: 0.95, 0.6; joy: 0.99. The line of the balanced strictness is 0.3."""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    opened = make_review_store(tmp_path / "db", rows(SCORES, LABELS))
    yield opened
    opened.close()


def rows(scores: Sequence[float | None], labels: Sequence[int]) -> list[dict[str, Any]]:
    return [
        {"label": label, "suggested": (label + 1) % 3, "label_score": score}
        for score, label in zip(scores, labels, strict=True)
    ]


def by_hand(scores: Sequence[float], known: int = 0) -> tuple[float, float, float]:
    """Value, low and high for undecided examples with these scores; stored in single precision."""
    score = np.asarray(scores, dtype=np.float32).astype(np.float64)
    expected, chance = (1 - score).sum(), 1.959963984540054 * np.sqrt((score * (1 - score)).sum())
    rate = expected / len(score)
    low = len(score) * min(expit(logit(rate) - 0.5), max(0, (rate - 0.06) / 0.94))
    high = len(score) * expit(logit(rate) + 0.5)
    return (
        known + expected,
        known + max(0, expected - np.hypot(chance, expected - low)),
        known + min(len(score), expected + np.hypot(chance, high - expected)),
    )


def found(estimate: Any) -> tuple[float, float, float]:
    return estimate.value, estimate.low, estimate.high


def test_without_review_it_is_what_the_scores_say(store: Store) -> None:
    noise = noise_estimate(store, RUN)
    assert (noise.examples, noise.decided, noise.known_wrong, noise.flagged) == (6, 0, 0, 2)
    # 0.9 + 0.8 + 0.1 + 0.05 + 0.4 + 0.01
    assert noise.wrong.value == pytest.approx(2.26)
    assert found(noise.wrong) == pytest.approx(by_hand(SCORES))
    assert found(noise.left) == pytest.approx(by_hand(SCORES))
    assert found(noise.rate) == pytest.approx([bound / 6 for bound in by_hand(SCORES)])
    assert found(noise.left_unflagged) == pytest.approx(by_hand(SCORES[2:]))
    assert not noise.is_sampled


def test_each_class_has_its_own_interval(store: Store) -> None:
    by_class = noise_estimate(store, RUN).by_class.set_index("label")
    assert by_class.index.tolist() == list(CLASSES)
    assert by_class["examples"].tolist() == [3, 2, 1]
    for label, scores in zip(CLASSES, (SCORES[:3], SCORES[3:5], SCORES[5:]), strict=True):
        assert tuple(by_class.loc[label, ["wrong", "low", "high"]]) == pytest.approx(by_hand(scores))


def test_what_people_decided_is_known(store: Store) -> None:
    taken = [
        decision("a", 0, "fear"),
        decision("b", 1, "keep"),
        decision("c", 5, "exclude"),
        decision("d", 4, "flag"),
    ]
    decisions.record_decisions(store, taken)
    noise = noise_estimate(store, RUN)
    # Corrected and excluded are wrong; kept is right; who asks for a second opinion has not decided.
    assert (noise.decided, noise.known_wrong, noise.flagged_decided) == (3, 2, 2)
    undecided = (0.9, 0.95, 0.6)
    assert found(noise.left) == pytest.approx(by_hand(undecided))
    assert found(noise.wrong) == pytest.approx(by_hand(undecided, known=2))
    by_class = noise.by_class.set_index("label")
    assert tuple(by_class.loc["anger", ["wrong", "low", "high"]]) == pytest.approx(by_hand((0.9,), known=1))
    assert tuple(by_class.loc["joy", ["decided", "known_wrong", "wrong", "low", "high"]]) == (1, 1, 1, 1, 1)


def test_a_correction_back_to_the_label_of_the_run_is_no_error(store: Store) -> None:
    decisions.record_decisions(store, [decision("a", 0, "fear"), decision("b", 0, "anger", "bea")])
    noise = noise_estimate(store, RUN)
    assert (noise.decided, noise.known_wrong) == (1, 0)


def test_all_labels_wrong_is_one(store: Store) -> None:
    decisions.record_decisions(store, [decision(f"x{at}", at, "exclude") for at in range(6)])
    noise = noise_estimate(store, RUN)
    assert found(noise.rate) == (1, 1, 1)
    assert found(noise.left) == (0, 0, 0)
    assert (noise.by_class["wrong"] == noise.by_class["examples"]).all()


def test_scores_of_nought_say_that_all_are_wrong(tmp_path: Path) -> None:
    store = make_review_store(tmp_path / "db", rows([0.0] * 4, [0, 0, 1, 1]))
    assert found(noise_estimate(store, RUN).rate) == (1, 1, 1)
    store.close()


def test_merged_classes_settle_the_doubt_between_them(store: Store) -> None:
    classes.replace_class(store, DATASET, "fear", "anger", "lea")
    noise = noise_estimate(store, RUN)
    assert noise.by_class["label"].tolist() == ["anger", "joy"]
    assert noise.by_class["examples"].tolist() == [5, 1]
    # The suggestion for anger was fear: nothing is left of it. Fear was suggested to be joy, joy to be anger.
    assert noise.wrong.value == pytest.approx(0.05 + 0.4 + 0.01, abs=1e-6)
    classes.bring_back(store, DATASET, "fear", "lea")
    assert noise_estimate(store, RUN).wrong.value == pytest.approx(2.26)


def test_a_correction_within_merged_classes_is_no_error(store: Store) -> None:
    decisions.record_decisions(store, [decision("a", 0, "fear")])
    assert noise_estimate(store, RUN).known_wrong == 1
    classes.replace_class(store, DATASET, "fear", "anger", "lea")
    assert noise_estimate(store, RUN).known_wrong == 0


def test_held_out_examples_count_too(tmp_path: Path) -> None:
    every = [
        {**row, "split": split}
        for row, split in zip(rows([0.5] * 3, [0] * 3), ("train", "validation", "test"), strict=True)
    ]
    store = make_review_store(tmp_path / "db", every)
    noise = noise_estimate(store, RUN)
    assert (noise.examples, noise.wrong.value) == (3, 1.5)
    store.close()


def test_a_run_of_an_earlier_version_is_not_guessed_at(tmp_path: Path) -> None:
    store = make_review_store(tmp_path / "db", rows([None] * 3, [0, 0, 1]))
    decisions.record_decisions(store, [decision("a", 0, "exclude")])
    noise = noise_estimate(store, RUN)
    assert not noise.is_known
    assert (noise.examples, noise.known_wrong) == (3, 1)
    assert np.isnan(noise.by_class[["wrong", "low", "high"]].to_numpy()).all()
    store.close()


def test_an_unknown_run_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="no run 'r9'"):
        noise_estimate(store, "r9")


def sampled_store(path: Path, num_sampled: int, num_wrong: int) -> Store:
    """10 flagged examples of anger, 90 that are not: 60 of anger, 30 of fear; the control sample is partly decided."""
    store = make_review_store(path, rows([0.1] * 10 + [0.9] * 60 + [0.8] * 30, [0] * 70 + [1] * 30))
    order = review_queries.review_queue(store, RUN, QueueFilter(is_control=True), num_sampled)["index"]
    choices = ["joy"] * num_wrong + ["keep"] * (num_sampled - num_wrong)
    taken = [decision(f"c{at}", int(at), choice) for at, choice in zip(order, choices, strict=True)]
    decisions.record_decisions(store, taken)
    return store


def test_a_reviewed_control_sample_speaks_for_what_is_not_flagged(tmp_path: Path) -> None:
    store = sampled_store(tmp_path / "db", ENOUGH_SAMPLED, 2)
    noise = noise_estimate(store, RUN)
    assert (noise.is_sampled, noise.sampled, noise.known_wrong) == (True, 30, 2)
    left = errors_left(2, 30, 90)
    assert found(noise.left_unflagged) == pytest.approx(found(left))
    flagged = by_hand([0.1] * 10)
    value = 2 + flagged[0] + left.value
    assert noise.wrong.value == pytest.approx(value)
    assert noise.wrong.low == pytest.approx(value - np.hypot(flagged[0] - flagged[1], left.value - left.low))
    assert noise.wrong.high == pytest.approx(
        value + np.hypot(flagged[2] - flagged[0], left.high - left.value)
    )
    assert noise.by_class["wrong"].sum() == pytest.approx(value)
    store.close()


def test_a_small_control_sample_changes_nothing_but_what_is_known(tmp_path: Path) -> None:
    store = sampled_store(tmp_path / "db", ENOUGH_SAMPLED - 1, 2)
    noise = noise_estimate(store, RUN)
    assert not noise.is_sampled
    assert noise.left_unflagged.value == pytest.approx(noise.by_class["wrong"].sum() - 2 - 9)
    store.close()


def test_after_corrections_the_model_tells_the_least(store: Store) -> None:
    assert not noise_estimate(store, RUN).is_least
    with store.transaction() as cursor:
        cursor.execute("update runs set label_version = 3")
    assert noise_estimate(store, RUN).is_least


def test_a_control_sample_tells_all_after_corrections_too(tmp_path: Path) -> None:
    store = sampled_store(tmp_path / "db", ENOUGH_SAMPLED, 2)
    with store.transaction() as cursor:
        cursor.execute("update runs set label_version = 3")
    assert not noise_estimate(store, RUN).is_least
    store.close()


def test_errors_found_outside_the_sample_are_not_left(tmp_path: Path) -> None:
    store = sampled_store(tmp_path / "db", ENOUGH_SAMPLED, 0)
    last = review_queries.review_queue(store, RUN, QueueFilter(is_control=True, status="all"), 1, offset=89)
    decisions.record_decisions(store, [decision("late", int(last["index"][0]), "exclude")])
    noise = noise_estimate(store, RUN)
    left = errors_left(0, 30, 90)
    assert found(noise.left_unflagged) == pytest.approx((0, 0, left.high - 1))
    assert noise.known_wrong == 1
    store.close()


@given(
    scores=st.lists(st.floats(0, 1, width=32), min_size=1, max_size=60),
)
def test_the_interval_contains_the_value_and_stays_possible(scores: list[float]) -> None:
    score = np.array(scores)
    estimate = expected_wrong(len(score), float((1 - score).sum()), float((score * (1 - score)).sum()))
    assert 0 <= estimate.low <= estimate.value + 1e-9
    assert estimate.value <= estimate.high + 1e-9
    assert estimate.high <= len(score)


def test_the_constant_is_as_wide_as_the_benchmark_says() -> None:
    """Two sets, whose errors are 0.1 and 0.3 in log-odds: rms sqrt(0.05), t quantile for two sets 4.303."""
    results = pd.DataFrame(
        {
            "set": ["a", "a", "b", "b", "b"],
            "noise": "uniform",
            "rate": 0.2,
            "seed": 0,
            "method": ["default:label_score", "quick:label_score"] * 2 + ["knn"],
            "estimated_noise_rate": expit(logit(0.2) + np.array([0.1, -0.1, 0.3, 0.3, 5])),
            "true_noise_rate": 0.2,
            "num_rows": 1000,
        }
    )
    errors = rate_errors(results)
    assert errors["error"].tolist() == pytest.approx([-0.1, 0.1, -0.3, -0.3])
    assert half_width(errors) == pytest.approx(4.302653 * np.sqrt(0.05))
    table = left_out(errors).set_index("set")
    # With one set left the quantile is 12.706.
    assert table.loc["a", "half-width of the others"] == pytest.approx(12.7062 * 0.3, rel=1e-4)
    assert table["covered by the interval"].tolist() == [1, 1]
    assert CALIBRATION_ERROR == 0.5

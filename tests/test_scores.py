"""Scores of a run's history: by hand, equal to the running sums of ``Dynamics``, the table, degenerate inputs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from lane_core.evidence.scores import (
    RunHistory,
    confidence,
    correctness,
    late_stopping,
    mean_log_probability,
    mean_margin,
    percentile_in_class,
    score_table,
    small_loss,
    variability,
)
from lane_core.methods.dynamics import Dynamics
from lane_core.methods.margins import margin

OF_A_RUN = [
    "index",
    "aum",
    "alm",
    "mean_log_probability",
    "small_loss",
    "confidence",
    "variability",
    "correctness",
    "late_stopping",
    "beta_mixture",
]


def random_history(num_epochs: int, num_examples: int, num_classes: int, seed: int) -> RunHistory:
    """History of random logits that drift towards the given label, more so for some examples."""
    drawn = np.random.default_rng(seed)
    labels = drawn.integers(0, num_classes, num_examples)
    logits = drawn.normal(size=(num_epochs, num_examples, num_classes))
    pull = drawn.uniform(-1, 2, num_examples) * np.arange(num_epochs)[:, None]
    logits[:, np.arange(num_examples), labels] += pull
    log_probs = torch.tensor(logits).log_softmax(dim=-1).numpy()
    margins = np.stack([margin(torch.tensor(rows), torch.tensor(labels)).numpy() for rows in logits])
    own = log_probs[:, np.arange(num_examples), labels]
    return RunHistory(labels, margins, np.where(margins < 0, 3 * margins, margins), own, margins > 0)


def test_mean_margin_by_hand() -> None:
    margins = np.array([[1.0, -1.0], [3.0, -1.0], [2.0, -4.0]])
    assert mean_margin(margins).tolist() == [2.0, -2.0]
    assert mean_margin(margins, start_epoch=2).tolist() == [2.5, -2.5]


def test_data_map_by_hand() -> None:
    log_given = np.log([[0.5, 0.2, 0.8], [0.5, 0.4, 0.8], [0.5, 0.6, 0.2]])
    assert confidence(log_given).tolist() == pytest.approx([0.5, 0.4, 0.6])
    # Population deviations: sqrt(.08 / 3) and sqrt(.24 / 3).
    assert variability(log_given).tolist() == pytest.approx([0, 0.163299, 0.282843], abs=1e-6)
    assert correctness(np.array([[0, 1, 1], [0, 0, 1]], dtype=bool)).tolist() == [0, 0.5, 1]


def test_small_loss_by_hand() -> None:
    # Means: class 0 -1, -3 (mean -2, deviation 1), class 1 -5, -5 (no deviation), class 2 one example.
    log_given = np.array([[-0.5, -3.5, -5.0, -4.0, -9.0], [-1.5, -2.5, -5.0, -6.0, -7.0]])
    labels = np.array([0, 0, 1, 1, 2])
    assert mean_log_probability(log_given).tolist() == [-1, -3, -5, -5, -8]
    assert small_loss(log_given, labels).tolist() == [1, -1, 0, 0, 0]


def test_small_loss_of_equal_losses_is_0_despite_rounding() -> None:
    # Five times log .9, divided by 5, is off log .9 by the last bit.
    log_given = np.full((1, 5), np.log(0.9))
    assert small_loss(log_given, np.zeros(5, dtype=np.int64)).tolist() == [0] * 5


@pytest.mark.parametrize(
    ("is_predicted", "expected"),
    [
        ([1, 1, 0, 0], -1),
        ([0, 1, 1, 0], -2),
        ([1, 0, 1, 1], -3),
        ([1, 0, 1, 0], -5),
        ([0, 0, 0, 1], -5),
        ([0, 0, 0, 0], -5),
        ([1, 1], -1),
        ([1, 0], -3),
        ([1], -2),
        ([0], -2),
    ],
)
def test_late_stopping_by_hand(is_predicted: list[int], expected: int) -> None:
    assert late_stopping(np.array(is_predicted, dtype=bool)[:, None]).tolist() == [expected]


def test_percentile_in_class_by_hand() -> None:
    # Class 0: ranks 4, 1 and twice 2.5 of four; class 1: one example.
    found = percentile_in_class(np.array([3.0, 1.0, 2.0, 9.0, 2.0]), np.array([0, 0, 0, 1, 0]))
    assert found.tolist() == [0.875, 0.125, 0.5, 0.5, 0.5]


def test_percentile_in_class_keeps_the_order_and_has_mean_half() -> None:
    drawn = np.random.default_rng(0)
    score, labels = drawn.normal(size=300), drawn.integers(0, 5, 300)
    found = percentile_in_class(score, labels)
    for label in range(5):
        rows = labels == label
        assert found[rows].mean() == pytest.approx(0.5)
        assert np.argsort(found[rows]).tolist() == np.argsort(score[rows]).tolist()
    np.testing.assert_array_equal(percentile_in_class(np.exp(score), labels), found)


def test_equal_to_the_running_sums_of_the_run() -> None:
    drawn = torch.Generator().manual_seed(0)
    labels = torch.randint(4, (30,), generator=drawn)
    logits = torch.randn(6, 30, 4, generator=drawn) * 2
    dynamics = Dynamics(labels, num_classes=4, start_epoch=2)
    rows: dict[str, list[np.ndarray]] = {"margin": [], "aware": [], "log_given": [], "right": []}
    for epoch in logits:
        plain = margin(epoch, labels)
        aware = torch.where(plain < 0, 2 * plain, plain)
        dynamics.observe(torch.arange(30), epoch, aware)
        rows["margin"].append(dynamics.margin.numpy().copy())
        rows["aware"].append(dynamics.label_aware_margin.numpy().copy())
        rows["log_given"].append(dynamics.log_given.numpy().copy())
        rows["right"].append((epoch.argmax(dim=1) == labels).numpy())
    stacked = [np.stack(rows[name]) for name in rows]
    table = score_table(RunHistory(labels.numpy(), *stacked, start_epoch=2))
    for column, expected in {
        "aum": dynamics.aum,
        "alm": dynamics.alm,
        "confidence": dynamics.mean_probabilities.gather(1, labels[:, None])[:, 0],
    }.items():
        np.testing.assert_allclose(table[column], expected.numpy(), atol=2e-6, err_msg=column)


def test_the_table_has_a_column_for_what_the_inputs_allow() -> None:
    history = random_history(4, 50, 3, seed=1)
    drawn = np.random.default_rng(2)
    folds, embeddings = drawn.dirichlet(np.ones(3), 50), drawn.normal(size=(50, 6)).astype(np.float32)
    assert list(score_table(history)) == OF_A_RUN
    by_folds = ["self_confidence", "normalised_margin", "adjusted_self_confidence"]
    assert list(score_table(history, folds)) == OF_A_RUN + by_folds
    everything = score_table(history, folds, embeddings)
    assert list(everything) == [*OF_A_RUN, *by_folds, "knn_agreement"]
    assert everything["index"].tolist() == list(range(50))
    assert np.isfinite(everything.to_numpy(dtype=np.float64)).all()


def test_the_table_does_not_depend_on_the_order_of_the_examples() -> None:
    history = random_history(5, 80, 4, seed=3)
    drawn = np.random.default_rng(4)
    folds, embeddings = drawn.dirichlet(np.ones(4), 80), drawn.normal(size=(80, 6)).astype(np.float32)
    order = drawn.permutation(80)
    arrays = ("margins", "label_aware_margins", "log_given", "is_predicted")
    shuffled = replace(
        history,
        given_labels=history.given_labels[order],
        **{name: getattr(history, name)[:, order] for name in arrays},
    )
    expected = score_table(history, folds, embeddings).drop(columns="index").to_numpy()
    found = score_table(shuffled, folds[order], embeddings[order]).drop(columns="index").to_numpy()
    np.testing.assert_allclose(found, expected[order], atol=1e-6)


def test_every_score_is_high_where_the_label_is_right() -> None:
    # 200 right examples rise from p = .25 to .9; 50 wrong ones stay near .1. Four classes.
    drawn = np.random.default_rng(5)
    is_wrong = np.arange(250) < 50
    rising = np.linspace(0.25, 0.9, 5)[:, None] + drawn.uniform(-0.05, 0.05, (5, 250))
    given = np.where(is_wrong, drawn.uniform(0.05, 0.15, (5, 250)), rising)
    margins = np.log(given) - np.log(np.where(is_wrong, 0.6, (1 - given) / 2))
    labels = drawn.integers(0, 4, 250)
    table = score_table(RunHistory(labels, margins, margins, np.log(given), margins > 0))
    for column in OF_A_RUN[1:]:
        assert table[column][is_wrong].max() < table[column][~is_wrong].min(), column


def test_the_beta_mixture_sees_the_first_three_epochs_only() -> None:
    history = random_history(5, 60, 3, seed=6)
    later = history.log_given.copy()
    later[3:] = -0.1
    changed = score_table(replace(history, log_given=later))
    before = score_table(history)
    assert changed["beta_mixture"].tolist() == before["beta_mixture"].tolist()
    assert changed["confidence"].tolist() != before["confidence"].tolist()


def test_one_epoch_two_classes_one_of_them_absent() -> None:
    history = random_history(1, 20, 2, seed=7)
    labels = np.zeros(20, dtype=np.int64)
    table = score_table(
        replace(history, given_labels=labels), np.full((20, 2), 0.5), np.eye(20, dtype=np.float32)
    )
    assert table["variability"].tolist() == [0] * 20
    assert table["late_stopping"].tolist() == [-2] * 20
    assert table["normalised_margin"].tolist() == [0.5] * 20
    assert table["knn_agreement"].tolist() == [1] * 20
    assert np.isfinite(table.to_numpy(dtype=np.float64)).all()


def test_equal_dynamics_give_equal_scores() -> None:
    same = RunHistory(
        np.array([0, 1, 1]),
        np.ones((2, 3)),
        np.ones((2, 3)),
        np.full((2, 3), -0.5),
        np.ones((2, 3), dtype=bool),
    )
    assert (score_table(same).drop(columns="index").nunique() == 1).all()


def test_float32_columns_are_averaged_in_float64() -> None:
    history = random_history(4, 40, 3, seed=8)
    single = replace(
        history, margins=history.margins.astype(np.float32), log_given=history.log_given.astype(np.float32)
    )
    assert (score_table(single).drop(columns="index").dtypes == np.float64).all()
    np.testing.assert_allclose(score_table(single), score_table(history), atol=1e-4)


def test_shapes_that_do_not_fit_are_refused() -> None:
    history = random_history(3, 10, 3, seed=9)
    with pytest.raises(ValueError, match=r"log_given must be \(E, N\) like margins \(3, 10\)"):
        replace(history, log_given=history.log_given[:2])
    with pytest.raises(ValueError, match=r"margins must be .* N labels \(9,\)"):
        replace(history, given_labels=history.given_labels[:9])
    with pytest.raises(ValueError, match="start_epoch is 4; it must be an epoch from 1 to 3"):
        replace(history, start_epoch=4)

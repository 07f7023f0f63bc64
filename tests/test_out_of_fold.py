"""Fold classifiers: nobody is predicted with the help of his own label."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from lane_core.training import out_of_fold
from lane_core.training.out_of_fold import out_of_fold_log_probabilities

NUM_EXAMPLES = 60
LABELS = np.arange(NUM_EXAMPLES) % 3
TRAIN = np.arange(NUM_EXAMPLES) < 48
WORDS = ["rain cloud", "sun beach", "snow sledge"]


def embeddings(seed: int = 0) -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    return (4 * np.eye(8)[LABELS] + rng.normal(0, 0.3, (NUM_EXAMPLES, 8))).astype(np.float32)


def predict(labels: npt.NDArray[np.int64] = LABELS, *, use_words: bool = False) -> npt.NDArray[np.float32]:
    texts = [WORDS[label] for label in LABELS]
    return out_of_fold_log_probabilities(embeddings(), texts, labels, TRAIN, 3, seed=0, use_words=use_words)


def test_they_are_probabilities_that_know_the_classes() -> None:
    found = predict(use_words=True)
    assert found.shape == (2, NUM_EXAMPLES, 3)
    np.testing.assert_allclose(np.exp(found).sum(axis=2), 1, rtol=1e-5)
    assert (found.argmax(axis=2) == LABELS).all()


def test_an_own_label_has_no_say() -> None:
    changed = LABELS.copy()
    changed[5] = (changed[5] + 1) % 3
    before, after = predict()[0], predict(changed)[0]
    assert after[5].argmax() == LABELS[5]
    assert not np.array_equal(np.delete(before, 5, axis=0), np.delete(after, 5, axis=0))


def test_held_out_labels_are_never_fitted_to() -> None:
    changed = LABELS.copy()
    changed[~TRAIN] = 0
    assert np.array_equal(predict(), predict(changed))


def test_the_same_seed_gives_the_same_bits() -> None:
    assert np.array_equal(predict(use_words=True), predict(use_words=True))


def test_a_class_with_one_example_is_possible_everywhere() -> None:
    labels = LABELS % 2
    labels[7] = 2
    found = predict(labels)
    assert np.isfinite(found).all()
    assert found[0, 7].argmax() != 2


def test_large_data_are_fitted_to_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(out_of_fold, "MAX_FITTED", 20)
    assert (predict()[0].argmax(axis=1) == LABELS).mean() > 0.9


def test_texts_without_a_common_word_have_no_word_classifier() -> None:
    texts = [f"word{row}" for row in range(NUM_EXAMPLES)]
    found = out_of_fold_log_probabilities(embeddings(), texts, LABELS, TRAIN, 3, seed=0, use_words=True)
    assert found.shape[0] == 1

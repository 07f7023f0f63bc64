"""Class probabilities of plain classifiers for examples that they were not fitted to."""

from __future__ import annotations

import warnings
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.preprocessing import normalize

NUM_FOLDS = 5
MAX_FITTED = 20_000
"""Examples that one fold's regression is fitted to; more make it slower, hardly better."""
MAX_WORDS = 30_000
"""Words and pairs of words that are read, the most frequent ones."""
MAX_ITERATIONS = 50
_SMALLEST = 1e-6
"""Probability of a class that a fold had no example of."""

Fold = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]
"""Positions among the training examples: fitted to, left out."""


def out_of_fold_log_probabilities(
    embeddings: npt.NDArray[np.float32],
    texts: list[str],
    labels: npt.NDArray[np.int64],
    is_train: npt.NDArray[np.bool_],
    num_classes: int,
    seed: int,
    *,
    use_words: bool,
) -> npt.NDArray[np.float32]:
    """Return log class probabilities of logistic regressions, (C, N, K).

    The first reads the frozen sentence embeddings, made unit length; with ``use_words`` a second one reads the words
    and pairs of words (TF-IDF), which an embedding blurs. Each training example is predicted by a regression fitted to
    the other folds, so its own label has no say in it; held-out examples by the mean of all folds' regressions.

    Args:
        embeddings: Pretrained sentence embeddings, (N, H).
        texts: N texts.
        labels: Given class codes, (N,).
        is_train: Examples whose labels may be fitted to, (N,).
        num_classes: K.
        seed: Of the folds.
        use_words: Whether to add the second classifier.
    """
    folds = _folds(labels[is_train], seed)
    views: list[tuple[Any, float]] = [(normalize(embeddings), 1.0)]
    if use_words:
        words = TfidfVectorizer(sublinear_tf=True, min_df=2, ngram_range=(1, 2), max_features=MAX_WORDS)
        with suppress(ValueError):  # no word occurs twice: nothing to read
            views.append((words.fit_transform(texts), 3.0))
    return np.stack(
        [
            np.log(_out_of_fold(view, strength, labels, is_train, num_classes, folds))
            for view, strength in views
        ]
    ).astype(np.float32)


def _out_of_fold(
    features: Any,
    strength: float,
    labels: npt.NDArray[np.int64],
    is_train: npt.NDArray[np.bool_],
    num_classes: int,
    folds: list[Fold],
) -> npt.NDArray[np.float64]:
    train, held_out = np.flatnonzero(is_train), np.flatnonzero(~is_train)
    probabilities = np.zeros((len(labels), num_classes))
    for fitted, left_out in folds:
        rows = np.concatenate([train[left_out], held_out])
        chosen = train[fitted[:MAX_FITTED]]
        probabilities[rows] += _predict(
            features[chosen], labels[chosen], features[rows], strength, num_classes
        )
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return probabilities


def _folds(labels: npt.NDArray[np.int64], seed: int) -> list[Fold]:
    """Stratified folds with their fitted part in random order; a rare class is spread as it falls."""
    num_folds = min(NUM_FOLDS, len(labels))
    splitter: Any = KFold if np.bincount(labels).max() < num_folds else StratifiedKFold
    generator = np.random.default_rng(seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class", category=UserWarning)
        folds = splitter(num_folds, shuffle=True, random_state=seed).split(np.zeros(len(labels)), labels)
        return [(generator.permutation(fitted), left_out) for fitted, left_out in folds]


def _predict(
    fitted: Any, labels: npt.NDArray[np.int64], rows: Any, strength: float, num_classes: int
) -> npt.NDArray[np.float64]:
    found = np.full((rows.shape[0], num_classes), _SMALLEST)
    classes = np.unique(labels)
    if len(classes) == 1:
        found[:, classes[0]] = 1
        return found
    with warnings.catch_warnings():
        # An optimum to the last digit is not needed.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LogisticRegression(C=strength, max_iter=MAX_ITERATIONS).fit(fitted, labels)
    found[:, classes] += model.predict_proba(rows)
    return found

"""LaneClassifier behind numbers: scikit-learn's estimator checks send rows of numbers, and only those."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted, validate_data

from lane_core import LaneClassifier
from tests.tiny_encoder import FILLERS, WORDS

_WORDS = [*FILLERS, *(word for group in WORDS.values() for word in group)]


class TextOfNumbers(LaneClassifier):
    """Turns every number into a word by its size, column by column, and hands the texts on.

    It checks its numbers as any estimator of scikit-learn does, and says in its tags that it takes them.
    """

    def fit(self, X: Any, y: Any) -> TextOfNumbers:
        if y is None:
            return super().fit([], y)
        X, y = validate_data(self, X, y, dtype=np.float64)
        self.low_, self.high_ = X.min(axis=0), X.max(axis=0)
        return super().fit(self.texts(X), y)

    def predict_proba(self, X: Any) -> Any:
        check_is_fitted(self)
        return super().predict_proba(self.texts(validate_data(self, X, dtype=np.float64, reset=False)))

    def texts(self, X: Any) -> list[str]:
        words_a_column = max(2, len(_WORDS) // X.shape[1])
        share = (X - self.low_) / np.where(self.high_ > self.low_, self.high_ - self.low_, 1)
        steps = np.clip(share * words_a_column, 0, words_a_column - 1).astype(int)
        places = (steps + np.arange(X.shape[1]) * words_a_column) % len(_WORDS)
        return [" ".join(_WORDS[place] for place in row) for row in places]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.string = True, False
        tags.input_tags.one_d_array = False
        return tags

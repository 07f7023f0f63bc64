"""LANE as a classifier of scikit-learn: fit it on texts with labels that may be wrong, predict those of others."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted, column_or_1d

from lane_core.api import audit_into
from lane_core.config import RunConfig
from lane_core.data.cells import cell_label, printable
from lane_core.runs.run_dir import RunDir
from lane_core.training.trained_classifier import load_classifier


class LaneClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A text classifier that is trained with LANE, which gives labels that look wrong less weight.

    It takes texts as scikit-learn's vectorizers do (a list, an array or a column of strings) and labels of any kind,
    and has its place in a ``Pipeline``, ``GridSearchCV`` or ``cross_val_score``. All rows are trained on. A fitted one
    can be pickled; it then holds the whole encoder.

    Args:
        preset: Where every value comes from that is None below: "quick", "default" or "paper" (``RunConfig``).
        method: "lane", or one of ``lane_core.config.METHOD_NAMES`` to compare it with.
        encoder: The packaged encoder, a Hugging Face name or a local folder.
        epochs: Passes over the texts.
        batch_size: Texts a step.
        learning_rate: AdamW step size of the encoder layers.
        head_learning_rate: AdamW step size of the newly made layers.
        max_tokens: Texts are cut after this many word pieces.
        device: "auto", "cpu", "mps", "cuda" or "cuda:<n>", for training and prediction.
        random_state: Fixes initial heads, batch order and dropout; an int, a numpy ``RandomState``, or None = another
            each time.

    Attributes:
        classes_: The labels that there are, sorted, (K,).
        audit_: What the training found about its own labels (``lane_core.AuditResult``).
        label_score_: Probability that the given label is right, of the texts in the order given, (N,); low = bad.

    Example::

        model = LaneClassifier("quick").fit(texts, labels)
        model.predict(other_texts)
        worst = np.argsort(model.label_score_)[:20]
    """

    def __init__(
        self,
        preset: str = "default",
        *,
        method: str | None = None,
        encoder: str | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        head_learning_rate: float | None = None,
        max_tokens: int | None = None,
        device: str | None = None,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.preset = preset
        self.method = method
        self.encoder = encoder
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.head_learning_rate = head_learning_rate
        self.max_tokens = max_tokens
        self.device = device
        self.random_state = random_state

    # X and y are the names that scikit-learn passes by.
    def fit(self, X: Sequence[str], y: Sequence[Any]) -> LaneClassifier:
        """Train on N texts and their labels; return self.

        Raises:
            ValueError: If there are no texts, not one label for each, or fewer than two classes.
            TypeError: If a text is not a string.
            ConfigError: If a parameter has a value that cannot work.
            EncoderError: If the encoder cannot be loaded.
        """
        if y is None:
            raise ValueError("LaneClassifier requires y to be passed, but the target y is None.")
        texts = _texts(X)
        labels = _labels(y, texts)
        classes, codes = np.unique(labels, return_inverse=True)
        names = _names(classes)
        config = self._config()
        with tempfile.TemporaryDirectory(prefix="lane-classifier-") as folder:
            run_dir = RunDir(Path(folder) / "run")
            given = [names[code] for code in codes]
            audit = audit_into(run_dir, texts, given, config, keep_validation=False)
            trained = load_classifier(run_dir.result, config.max_tokens)
        self.classes_: npt.NDArray[Any] = classes
        self.audit_ = audit
        self.label_score_: npt.NDArray[np.float64] = audit.frame["label_score"].to_numpy(np.float64)
        self._trained = trained
        self._columns = [trained.classes.index(name) for name in names]
        return self

    def predict_proba(self, X: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return the class probabilities of N texts, (N, K), in the order of ``classes_``.

        Raises:
            NotFittedError: If ``fit`` was not called yet.
            ValueError: If there are no texts.
            TypeError: If a text is not a string.
        """
        check_is_fitted(self)
        return self._trained.probabilities(_texts(X), self.device or "auto")[:, self._columns]

    def predict(self, X: Sequence[str]) -> npt.NDArray[Any]:
        """Return the likeliest class of N texts, (N,); raises what ``predict_proba`` does."""
        likeliest = self.predict_proba(X).argmax(axis=1)
        predicted: npt.NDArray[Any] = self.classes_[likeliest]
        return predicted

    def __sklearn_tags__(self) -> Any:
        """Say that one text an example comes in, not a row of numbers."""
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags

    def _config(self) -> RunConfig:
        names = (
            "method",
            "encoder",
            "epochs",
            "batch_size",
            "learning_rate",
            "head_learning_rate",
            "max_tokens",
        )
        chosen = {name: getattr(self, name) for name in (*names, "device")}
        seed = self.random_state
        if not isinstance(seed, Integral):
            seed = check_random_state(seed).randint(2**31 - 1)
        return RunConfig.from_preset(
            self.preset,
            seed=int(seed),
            **{name: value for name, value in chosen.items() if value is not None},
        )


def _texts(values: Any) -> list[str]:
    if isinstance(values, (str, bytes)):
        raise ValueError("One string came in; give a list of texts, a string each.")
    array = np.asarray(values, dtype=object) if not hasattr(values, "tolist") else values
    if getattr(array, "ndim", 1) != 1:
        raise ValueError(
            f"The texts have the shape {tuple(array.shape)}; give one column of texts, such as frame['text']."
        )
    texts = list(array.tolist())
    if not texts:
        raise ValueError("There are 0 texts; at least two of two classes are needed, or one to predict.")
    for at, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(
                f"Text {at} is {text!r:.80}, a {type(text).__name__}; every text must be a string."
            )
    # Bytes that could not be read stand as surrogates in a string; no tokenizer takes them.
    return [printable(text) for text in texts]


def _labels(values: Any, texts: list[str]) -> npt.NDArray[Any]:
    labels: npt.NDArray[Any] = column_or_1d(values, warn=True)
    check_consistent_length(texts, labels)
    check_classification_targets(labels)
    return labels


def _names(classes: npt.NDArray[Any]) -> list[str]:
    """Return a name for each class, those that an audit gives them."""
    names = [cell_label(value) for value in classes.tolist()]
    if len(names) < 2:
        raise ValueError(f"All labels are of one class, {classes.tolist()}; at least two classes are needed.")
    named = [name for name in names if name is not None]
    if len(set(named)) < len(classes):
        raise ValueError(
            f"Some of the labels {classes.tolist()[:20]} are blank, or have one name; give each class another."
        )
    return named

"""LaneClassifier: scikit-learn's own checks, and what a user does with it."""

from __future__ import annotations

import pickle
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import estimator_checks_generator
from transformers import AutoModel, AutoTokenizer

from lane_core import LaneClassifier
from lane_core.errors import ConfigError
from tests.text_of_numbers import TextOfNumbers
from tests.tiny_encoder import tiny_texts, write_tiny_encoder

OF_NUMBERS = "is about the kind or the form of a matrix of numbers; a text has neither"
OF_COLUMNS = "is about the columns of a matrix; a text is one value"
NOT_FOR_TEXT = {
    "check_array_api_input": OF_NUMBERS,
    "check_complex_data": OF_NUMBERS,
    "check_dtype_object": OF_NUMBERS,
    "check_estimator_sparse_array": OF_NUMBERS,
    "check_estimator_sparse_matrix": OF_NUMBERS,
    "check_estimator_sparse_tag": OF_NUMBERS,
    "check_estimators_dtypes": OF_NUMBERS,
    "check_estimators_nan_inf": OF_NUMBERS,
    "check_f_contiguous_array_estimator": OF_NUMBERS,
    "check_positive_only_tag_during_fit": OF_NUMBERS,
    "check_readonly_memmap_input": OF_NUMBERS,
    "check_fit1d": OF_COLUMNS,
    "check_fit2d_1feature": OF_COLUMNS,
    "check_fit2d_predict1d": OF_COLUMNS,
    "check_n_features_in": OF_COLUMNS,
    "check_n_features_in_after_fitting": OF_COLUMNS,
}
"""Checks of scikit-learn that make no sense for text, and why. (Those of ``TextOfNumbers`` would pass them.)"""


def checks() -> list[Any]:
    """The others, each once: the variants in read-only memory or float32 differ in the numbers alone."""
    # The class is made ready for them by the fixture; here only their names count.
    found = [check for _, check in estimator_checks_generator(TextOfNumbers(), mark=None)]
    chosen = [check for check in found if name_of(check) not in NOT_FOR_TEXT and not is_variant(check)]
    return [pytest.param(check, id=name_of(check)) for check in chosen]


def name_of(check: Any) -> str:
    return check.func.__name__ if isinstance(check, partial) else check.__name__


def is_variant(check: Any) -> bool:
    while isinstance(check, partial):
        if check.keywords.keys() & {"readonly_memmap", "X_dtype"}:
            return True
        check = check.func
    return False


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny_encoder(tmp_path_factory.mktemp("tiny")))


def classifier(encoder: str, preset: str = "quick", **options: Any) -> LaneClassifier:
    values = {"epochs": 3, "batch_size": 8, "learning_rate": 5e-3, "head_learning_rate": 5e-3, **options}
    return LaneClassifier(preset, encoder=encoder, device="cpu", **values)


@pytest.fixture(scope="module")
def fitted(encoder: str) -> LaneClassifier:
    texts, labels = tiny_texts(60)
    labels[5] = "anger" if labels[5] != "anger" else "joy"
    return classifier(encoder, epochs=8).fit(texts, labels)


@pytest.mark.parametrize("check", checks())
def test_scikit_learn_is_content(check: Any, encoder: str) -> None:
    # The check of what it learns wants 83 % of its rows right.
    epochs = 10 if name_of(check) == "check_classifiers_train" else 1
    check(TextOfNumbers("quick", encoder=encoder, epochs=epochs, head_learning_rate=2e-2, device="cpu"))


def test_the_list_of_checks_is_that_of_this_scikit_learn() -> None:
    found = {name_of(check) for _, check in estimator_checks_generator(TextOfNumbers(), mark=None)}
    assert set(NOT_FOR_TEXT) <= found
    assert len(found - set(NOT_FOR_TEXT)) >= 30


def test_tags_say_that_it_takes_texts() -> None:
    tags = get_tags(LaneClassifier())
    assert tags.input_tags.string
    assert tags.input_tags.one_d_array
    assert not tags.input_tags.two_d_array
    assert tags.estimator_type == "classifier"


def test_it_predicts_and_finds_the_wrong_label(fitted: LaneClassifier) -> None:
    texts, labels = tiny_texts(60)
    assert fitted.classes_.tolist() == ["anger", "fear", "joy"]
    assert fitted.score(texts, labels) > 0.9
    assert fitted.predict(["glad happy smile", "rage shout"]).tolist() == ["joy", "anger"]
    assert fitted.predict_proba(texts).sum(axis=1) == pytest.approx(1)
    assert fitted.label_score_.shape == (60,)
    assert fitted.label_score_.argmin() == 5
    assert fitted.audit_.frame["label_score"].to_numpy() == pytest.approx(fitted.label_score_)
    # All rows are trained on: none has been set aside.
    assert fitted.audit_.manifest["num_examples"] == 60
    assert fitted.audit_.frame["text"].tolist() == texts


@pytest.mark.parametrize("preset", ["quick", "default"])
def test_probabilities_are_those_of_the_saved_network(encoder: str, preset: str, monkeypatch: Any) -> None:
    from lane_core import classifier as module

    kept: dict[str, Any] = {}

    def keep(folder: Path, max_tokens: int) -> Any:
        from safetensors.torch import load_file

        kept["model"] = AutoModel.from_pretrained(folder / "encoder").eval()
        kept["tokenizer"] = AutoTokenizer.from_pretrained(folder / "encoder")
        kept["head"] = load_file(folder / "head.safetensors")
        return load_classifier(folder, max_tokens)

    load_classifier = module.load_classifier
    monkeypatch.setattr(module, "load_classifier", keep)
    texts, labels = tiny_texts(30)
    model = classifier(encoder, preset, epochs=1).fit(texts, labels)
    for text in ["glad smile the router", "my", texts[0]]:
        ids = kept["tokenizer"](text, return_tensors="pt")["input_ids"]
        with torch.no_grad():
            values = kept["model"](ids).last_hidden_state[0].mean(dim=0).numpy()
        head = {name: value.numpy() for name, value in kept["head"].items()}
        if preset == "quick":
            values = np.maximum(head["encoder.hidden.weight"] @ values + head["encoder.hidden.bias"], 0)
        odds = np.exp(head["classifier.weight"] @ values + head["classifier.bias"])
        # In a batch with a longer text, so that padding counts for nothing.
        [found, _] = model.predict_proba([text, " ".join(texts[:5])])
        assert found == pytest.approx(odds / odds.sum(), abs=1e-6)


def test_texts_are_cut_where_training_cut_them(encoder: str) -> None:
    texts, labels = tiny_texts(30)
    model = classifier(encoder, epochs=1, max_tokens=4).fit(texts, labels)
    # [CLS] and [SEP] are two of the four.
    [whole, cut] = model.predict_proba(["glad happy rage rage rage", "glad happy"])
    assert whole == pytest.approx(cut)


def test_a_pickle_and_a_clone(fitted: LaneClassifier) -> None:
    texts, _ = tiny_texts(60)
    again = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(again.predict_proba(texts), fitted.predict_proba(texts))
    fresh = clone(fitted)
    assert fresh.get_params() == fitted.get_params()
    with pytest.raises(NotFittedError):
        fresh.predict(texts)
    fresh.set_params(epochs=1, method="base", random_state=np.random.RandomState(3))
    _, labels = tiny_texts(60)
    fresh.fit(pd.Series(texts), pd.Series(labels))
    assert fresh.audit_.manifest["config"]["epochs"] == 1
    assert fresh.audit_.manifest["config"]["method"] == "base"
    assert fresh.audit_.manifest["seed"] == np.random.RandomState(3).randint(2**31 - 1)


def test_it_has_its_place_in_a_pipeline_and_a_grid_search(encoder: str) -> None:
    texts, labels = tiny_texts(30)
    shouted = [text.upper() for text in texts]
    pipeline = make_pipeline(FunctionTransformer(in_lower_case), classifier(encoder))
    grid = GridSearchCV(pipeline, {"laneclassifier__epochs": [1, 6]}, cv=2, error_score="raise")
    grid.fit(shouted, labels)
    assert grid.best_params_ == {"laneclassifier__epochs": 6}
    assert grid.best_estimator_.score(shouted, labels) > 0.8
    assert grid.best_estimator_["laneclassifier"].audit_.frame["text"].tolist() == texts


def in_lower_case(texts: list[str]) -> list[str]:
    return [text.lower() for text in texts]


def test_labels_of_any_kind_come_back(encoder: str) -> None:
    texts, names = tiny_texts(30)
    codes = np.array([{"anger": 30, "fear": -1, "joy": 7}[name] for name in names])
    model = classifier(encoder, epochs=1).fit(np.array(texts, dtype=object), codes)
    assert model.classes_.tolist() == [-1, 7, 30]
    assert model.predict(texts[:2]).dtype == codes.dtype
    # The columns are in the order of classes_, whatever order the run has.
    assert (model.classes_[model.predict_proba(texts).argmax(axis=1)] == model.predict(texts)).all()
    assert model.audit_.class_similarity.index.tolist() == ["-1", "7", "30"]


def test_any_string_is_a_text(encoder: str) -> None:
    texts, labels = tiny_texts(30)
    texts[:3] = ["", "  ", "glad \ud800\x00 <b>"]
    model = classifier(encoder, epochs=1).fit(texts, labels)
    assert np.isfinite(model.label_score_).all()
    assert np.isfinite(model.predict_proba(texts[:3])).all()


@pytest.mark.parametrize(
    ("texts", "labels", "error", "words"),
    [
        ("one text", ["a"], ValueError, "One string came in"),
        (["a", 3], ["x", "y"], TypeError, "Text 1 is 3, a int"),
        (pd.Series(["a", None]), ["x", "y"], TypeError, "Text 1 is"),
        (np.array([["a", "b"]]), ["x"], ValueError, r"shape \(1, 2\)"),
        ([], [], ValueError, "0 texts"),
        (["a", "b"], ["x"], ValueError, "inconsistent numbers of samples"),
        (["a", "b"], ["x", "x"], ValueError, "of one class"),
        (["a", "b"], ["x", " "], ValueError, "blank"),
        (["a", "b"], [0.5, 1.2], ValueError, "continuous"),
    ],
)
def test_mistakes_are_told(encoder: str, texts: Any, labels: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        classifier(encoder).fit(texts, labels)


def test_a_wrong_parameter_is_told_at_fit(encoder: str) -> None:
    texts, labels = tiny_texts(9)
    with pytest.raises(ConfigError, match="no preset 'fast'"):
        LaneClassifier("fast").fit(texts, labels)
    with pytest.raises(ConfigError, match="epochs is 0"):
        classifier(encoder, epochs=0).fit(texts, labels)

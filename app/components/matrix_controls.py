"""The choices above a class matrix: one line, each held by the address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import streamlit as st

from app.components.addressed_choice import keep, settle
from app.services import matrices, similarities
from lane_core.charts.heatmaps import ConfusionCells, SimilarityForm
from lane_core.evidence.class_tree import ClassTree

ORDERS = {"alike": "Alike together", "class": "Class order", "name": "By name"}
FORMS: dict[SimilarityForm, str] = {
    "raw": "As learned",
    "symmetric": "Both directions averaged",
    "scaled": "Without the diagonal",
}
CELLS: dict[ConfusionCells, str] = {
    "examples": "Examples",
    "share": "Share of the row",
    "severity": "Weighted by severity",
}
SAMPLES = {"out": "Out of sample", "in": "In sample"}
_BOX_PX = 220
_Key = TypeVar("_Key", bound=str)


def choose_order(run_id: str, key: str = "class_order") -> tuple[list[str], ClassTree | None]:
    """Draw the choice of the order; return the classes in it, and the tree where the order is the tree's."""
    tree = similarities.tree(run_id)
    options = {name: words for name, words in ORDERS.items() if tree is not None or name != "alike"}
    chosen = _segments("Order of the classes", options, key)
    names = matrices.class_names(run_id)
    if chosen == "alike" and tree is not None:
        return [names[place] for place in tree.order], tree
    return (sorted(names, key=str.casefold) if chosen == "name" else names), None


def choose_form() -> SimilarityForm:
    """Draw the choice of the form of the similarity."""
    return _box("Values", FORMS, "similarity_values")


def choose_comparison(options: Mapping[str, str]) -> str:
    """Draw the choice of what a similarity is compared with; return a key of ``similarities.comparisons``."""
    return _box("Compared with", options, "similarity_against")


def choose_cells(*, has_severity: bool) -> ConfusionCells:
    """Draw the choice of what the cells of a confusion matrix show."""
    options = {name: words for name, words in CELLS.items() if has_severity or name != "severity"}
    return _segments("Cells", options, "confusion_cells")


def choose_sample(*, has_out_of_sample: bool) -> bool:
    """Draw the choice of the prediction, if there is one; return whether it is the one out of sample."""
    if not has_out_of_sample:
        return False
    return _segments("Prediction", SAMPLES, "confusion_sample") == "out"


def _segments(label: str, options: Mapping[_Key, str], key: str) -> _Key:
    return _choice(options, key, lambda **how: st.segmented_control(label, **how, required=True))


def _box(label: str, options: Mapping[_Key, str], key: str) -> _Key:
    return _choice(options, key, lambda **how: st.selectbox(label, **how, width=_BOX_PX))


def _choice(options: Mapping[_Key, str], key: str, draw: Callable[..., object]) -> _Key:
    """Draw a choice that the address holds, at first the first option."""
    default = next(iter(options))
    settle(key, list(options), default)
    draw(options=list(options), format_func=lambda name: options[name], key=key)
    keep(key, default)
    chosen: _Key = st.session_state[key]
    return chosen

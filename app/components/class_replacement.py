"""Renaming and merging classes: what would change, doing it, and the way back."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd
import streamlit as st

from app.components.outcome import do, draw_outcome
from app.components.plain_text import plain
from app.services import classes

PLACE = "replacement"
_TURN_KEY = "class_replacements"
_NUM_CHANGES = 20


def draw_replacement(dataset_id: str, names: list[str], replaced: Collection[str], annotator: str) -> None:
    """Draw the choice of a class and of what it becomes, and what comes of it before anything is done.

    Args:
        dataset_id: The project.
        names: Classes in use.
        replaced: Classes that others took the place of.
        annotator: Who asks.
    """
    st.subheader("Rename or merge", anchor=False)
    st.caption(
        "Every label counts as the other class from then on. Nothing is rewritten: it can be taken back."
    )
    # The boxes are empty again after a change: what they held is another class now.
    turn = f"{dataset_id}_{st.session_state.setdefault(_TURN_KEY, 0)}"
    from_box, to_box = st.columns(2)
    old = from_box.selectbox(
        "Class", names, index=None, placeholder="Choose a class", key=f"replaced_class_{turn}"
    )
    new = to_box.selectbox(
        "Becomes",
        [name for name in names if name != old],
        index=None,
        placeholder="Choose a class, or type a new name",
        accept_new_options=True,
        key=f"new_class_{turn}",
        disabled=old is None,
    )
    new = new.strip() if new else None
    if old and new and old == new:
        st.info("That is the same class. Choose another, or type a new name.", icon=":material/info:")
    elif new in replaced:
        st.info(
            f"{plain(new)} was replaced. Bring it back first, or type another name.", icon=":material/info:"
        )
    elif old and new:
        _draw_preview(dataset_id, old, new, is_merge=new in names, annotator=annotator)
    draw_outcome(PLACE)


def _draw_preview(dataset_id: str, old: str, new: str, *, is_merge: bool, annotator: str) -> None:
    use = classes.use_of(dataset_id, old)
    with st.container(border=True):
        st.markdown(plain(classes.effect(use, old, new)))
        if not is_merge:
            st.markdown(f"{plain(new)} is a new class. It stands behind the others, so that no key moves.")
        if len(use.texts):
            more = use.total - len(use.texts)
            st.caption(f"The first {len(use.texts)}, and {more:,} more:" if more else "All of them:")
            st.table(use.texts.set_axis(["Example", "Text"], axis=1).map(plain), hide_index=True)
        label = (
            f"Merge {plain(old)} into {plain(new)}" if is_merge else f"Rename {plain(old)} to {plain(new)}"
        )
        is_wanted = st.button(
            label, type="primary", icon=":material/merge:" if is_merge else ":material/edit:"
        )
    if is_wanted:
        do(lambda: _replace(dataset_id, old, new, annotator), busy="Counting everything anew", place=PLACE)


def draw_replaced(dataset_id: str, replaced: pd.DataFrame, annotator: str) -> None:
    """Draw the classes that others took the place of, each with the way back, and who changed what when."""
    for row in replaced.itertuples(index=False):
        _draw_replaced(dataset_id, row.name, row.replaced_by, row.code, annotator)
    history = classes.history_table(dataset_id, _NUM_CHANGES, st.context.timezone or "UTC")
    if not history.empty:
        with st.expander("Changes", icon=":material/history:"):
            st.table(history.map(plain), hide_index=True, border="horizontal")


def _draw_replaced(dataset_id: str, name: str, other: str, code: int, annotator: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{plain(name)} → {plain(other)}", width=320)
        is_wanted = st.button("Bring back", icon=":material/undo:", key=f"bring_back_{code}")
    if is_wanted:
        do(lambda: _bring_back(dataset_id, name, annotator), busy="Counting everything anew", place=PLACE)


def _replace(dataset_id: str, old: str, new: str, annotator: str) -> str:
    classes.replace(dataset_id, old, new, annotator)
    st.session_state[_TURN_KEY] += 1
    return f"{plain(old)} counts as {plain(new)} now. Bring it back below if it should not."


def _bring_back(dataset_id: str, label: str, annotator: str) -> str:
    classes.bring_back(dataset_id, label, annotator)
    st.session_state[_TURN_KEY] += 1
    return f"{plain(label)} is back: every label is what it was, or was decided to be."

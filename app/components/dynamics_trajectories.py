"""Single examples over the epochs: the worst suspects at first, then whichever a person picks."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import navigation, state
from app.components.addressed_choice import keep, settle
from app.components.dynamics_parts import chart_config, draw_numbers_button
from app.components.plain_text import plain, storable
from app.services import dynamics
from app.services.dynamics import History
from lane_core.charts.trajectories import MOST_EXAMPLES, Followed, Measure, trajectory_chart

PICKED_KEY = "examples"
_PICKED_IN_KEY = "examples.picked_in"
"""Session key of (project, examples) that a person picked: it outlives the widget, which another tab takes away."""
_ANY_CLASS = "Any class"
_MEASURES: dict[str, Measure] = {"ALM": "alm", "Margin": "margin"}
_TEXT_CHARACTERS = 120
_CHOICE_CHARACTERS = 24
_MOST_PLACES = 2**31
"""Above this no example can stand, whatever the address says."""


def draw_trajectories(run_id: str, history: History) -> None:
    """Draw the picked examples over the epochs, and each with its text and its queue."""
    st.markdown(
        "What became of single labels. A line that stays below 0 while the mean of its class climbs: the classifier "
        "learns the class and not this label.",
        help="The margin of an epoch is the logit of the given label minus that of the strongest other class. ALM is "
        "the mean of the label-aware margins so far. The broad grey lines are means over the training examples of a "
        "class.",
    )
    how, words, of_class = st.columns([3, 4, 4])
    with how:
        measure = _draw_measure()
    rows = _draw_choice(run_id, words, of_class)
    if rows.empty:
        st.info(
            "No example is chosen. The run flags none by itself: find some above.", icon=":material/info:"
        )
        return
    indices = rows["index"].tolist()
    values = dynamics.trajectories(run_id, indices)
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.plotly_chart(
            trajectory_chart(
                [Followed(row.index, row.example_id, row.given_label) for row in _tuples(rows)],
                values,
                dynamics.class_means(run_id, indices),
                measure,
                history.newest,
            ),
            key="trajectory_chart",
            config=chart_config(f"{run_id}.trajectories"),
            alt=f"{len(rows)} examples over {history.newest} epochs, with the means of their classes.",
        )
        draw_numbers_button(
            "Trajectories as CSV", lambda: dynamics.with_ids(run_id, values), f"{run_id}.trajectories"
        )
    with right:
        for row in _tuples(rows):
            _draw_example(run_id, row)


def _draw_measure() -> Measure:
    settle("measure", list(_MEASURES), "ALM")
    st.segmented_control("Measure", list(_MEASURES), key="measure", required=True)
    keep("measure", "ALM")
    return _MEASURES[st.session_state["measure"]]


def _draw_choice(run_id: str, words_column: DeltaGenerator, class_column: DeltaGenerator) -> pd.DataFrame:
    """Draw what examples are found by, and return those that are picked."""
    words = storable(words_column.text_input("Find by id or text", key="trajectory_words").strip())
    label = class_column.selectbox(
        "Of class", [_ANY_CLASS, *dynamics.classes(run_id)], key="trajectory_class"
    )
    wanted = label if label != _ANY_CLASS else None
    picked = _picked()
    picked = dynamics.worst(run_id)["index"].tolist() if picked is None else picked
    found = dynamics.search(run_id, words, wanted) if words or wanted else dynamics.worst(run_id)
    rows = pd.concat([dynamics.examples(run_id, picked), found]).drop_duplicates("index")
    named = {
        row.index: f"{row.example_id} · {_shortened(row.text, _CHOICE_CHARACTERS)}" for row in _tuples(rows)
    }
    st.session_state[PICKED_KEY] = [index for index in picked if index in named]
    chosen = st.multiselect(
        f"Examples ({len(found)} found, worst first)",
        list(named),
        format_func=lambda index: named.get(index, ""),
        key=PICKED_KEY,
        on_change=_remember,
        max_selections=MOST_EXAMPLES,
        select_all=False,
    )
    _write_address()
    return rows.set_index("index", drop=False).loc[chosen]


def _picked() -> list[int] | None:
    """Return what a person picked in this project, in this session or as the address says; None = nothing yet."""
    project_id = state.project_id()
    if _PICKED_IN_KEY not in st.session_state:
        words = st.query_params.get_all("example")
        places = [int(word) for word in words if word.isascii() and word.isdigit()]
        known = [place for place in places if place < _MOST_PLACES][:MOST_EXAMPLES]
        if known:
            st.session_state[_PICKED_IN_KEY] = (project_id, known)
    picked_in, picked = st.session_state.get(_PICKED_IN_KEY, (None, None))
    return picked if picked_in == project_id else None


def _remember() -> None:
    st.session_state[_PICKED_IN_KEY] = (state.project_id(), list(st.session_state[PICKED_KEY]))


def _write_address() -> None:
    """Put into the address what a person picked; what the page picks by itself needs no place there."""
    wanted = [str(index) for index in _picked() or ()]
    if wanted and st.query_params.get_all("example") != wanted:
        st.query_params["example"] = wanted
    elif not wanted:
        st.query_params.pop("example", None)


def _draw_example(run_id: str, row: Any) -> None:
    row_of_it = st.container(horizontal=True, vertical_alignment="center")
    with row_of_it.container(gap=None):
        st.text(_shortened(row.text, _TEXT_CHARACTERS) or "(empty text)")
        suggested = "" if pd.isna(row.suggested_label) else f", {row.suggested_label} suggested"
        st.caption(plain(f"{row.example_id} · {row.given_label} given{suggested}"))
    if row_of_it.button("Review", key=f"review_{row.index}", icon=":material/rate_review:"):
        navigation.open_queue(dynamics.queue_of(run_id, [row.index], "picked on the Dynamics page"))


def _tuples(rows: pd.DataFrame) -> list[Any]:
    return list(rows.itertuples(index=False, name="Row"))


def _shortened(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[:most].rstrip()}…"

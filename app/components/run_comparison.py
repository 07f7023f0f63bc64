"""Two runs side by side: how well each predicts today's labels, and where they disagree about the suspects."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app import navigation, state
from app.components.addressed_choice import keep, settle
from app.components.plain_text import plain
from app.components.run_names import distinct_names
from app.services.comparing import SPLITS, Overlap, RunResult
from lane_core.records import QueueFilter

_MISSING = "–"


def choose_two(results: Sequence[RunResult]) -> tuple[RunResult, RunResult]:
    """Draw the two boxes that choose the runs, at first the two newest; return the run before and the run after."""
    by_id = {result.record.run_id: result for result in results}
    names = distinct_names([result.record for result in results])
    run_ids = list(by_id)
    for column, key, default in zip(
        st.columns(2), ("before", "after"), (run_ids[1], run_ids[0]), strict=True
    ):
        settle(key, run_ids, default)
        column.selectbox(key.capitalize(), run_ids, format_func=names.__getitem__, key=key)
        keep(key, default)
    return by_id[st.session_state["before"]], by_id[st.session_state["after"]]


def draw_agreement(before: RunResult, after: RunResult) -> None:
    """Draw how well each run predicts the labels as they stand now; nothing unless both have an epoch."""
    first, second = before.findings, after.findings
    if first is None or second is None:
        return
    rows = {"Labels trained on": [before.labels_used, after.labels_used, ""]}
    for split in SPLITS:
        one, other = first.agreement.get(split), second.agreement.get(split)
        f1 = _compared(one.macro_f1 if one else None, other.macro_f1 if other else None)
        accuracy = _compared(one.accuracy if one else None, other.accuracy if other else None)
        rows |= {f"{split.capitalize()} macro F1": f1, f"{split.capitalize()} accuracy": accuracy}
    change = _signed(second.flagged - first.flagged, "+,")
    rows["Flagged as suspect"] = [f"{first.flagged:,}", f"{second.flagged:,}", change]
    names = [f"{plain(before.record.name)} (before)", f"{plain(after.record.name)} (after)", "Change"]
    st.table(pd.DataFrame.from_dict(rows, orient="index", columns=names))
    measured = " and ".join(f"{found.examples:,} {split}" for split, found in second.agreement.items())
    st.caption(
        "F1 and accuracy of both runs are against the labels as they stand now"
        + (f" ({measured} examples; excluded ones are left out)." if measured else ".")
        + " Where people corrected a label after seeing a run's suggestion, that run has an advantage."
    )


def draw_overlap(before: RunResult, after: RunResult, found: Overlap) -> None:
    """Draw where the runs agree about the suspects, and the worst examples that only one of them flags."""
    names = plain(before.record.name), plain(after.record.name)
    only_before, both, only_after, share = st.columns(4)
    only_before.metric(f"Flagged only by {names[0]}", f"{found.only_before:,}")
    both.metric("Flagged by both", f"{found.both:,}")
    only_after.metric(f"Flagged only by {names[1]}", f"{found.only_after:,}")
    share.metric(
        "Overlap",
        _MISSING if found.jaccard is None else f"{found.jaccard:.0%}",
        help="Of the examples that either run flags, the share that both flag (Jaccard index).",
    )
    st.markdown(_relabelled_in_words(names, found))
    tabs = st.tabs([f"Flagged only by {name}" for name in names])
    with tabs[0]:
        _draw_examples(before, found.only_before, found.examples_only_before)
    with tabs[1]:
        _draw_examples(after, found.only_after, found.examples_only_after)


def _draw_examples(run: RunResult, number: int, examples: pd.DataFrame) -> None:
    if examples.empty:
        st.caption("No example.")
        return
    st.caption(f"The worst {len(examples)} of {number:,}." if number > len(examples) else "Worst first.")
    st.dataframe(
        examples,
        hide_index=True,
        column_order=("text", "label", "predicted_label", "example_id"),
        column_config={
            "text": st.column_config.TextColumn("Text", width="large"),
            "label": st.column_config.TextColumn("Given", help="The label that this run trained on."),
            "predicted_label": "Predicted",
            "example_id": "Id",
        },
    )
    words = f"Review all suspects of {plain(run.record.name)}"
    if st.button(words, key=f"review_{run.record.run_id}", icon=":material/rate_review:"):
        state.select(run.record.dataset_id, run.record.run_id)
        navigation.open_queue(QueueFilter(status="all"))


def _relabelled_in_words(names: tuple[str, str], found: Overlap) -> str:
    if not found.relabelled:
        return "Both runs trained on the same labels."
    verb = "label was" if found.relabelled == 1 else "labels were"
    return (
        f"**{found.relabelled:,} {verb} corrected between the two runs.** {names[0]} had flagged "
        f"{found.relabelled_flagged_before:,} of them; {names[1]} flags {found.relabelled_flagged_after:,}."
    )


def _compared(before: float | None, after: float | None) -> list[str]:
    if before is None or after is None:
        return [_MISSING if value is None else f"{value:.3f}" for value in (before, after)] + [_MISSING]
    return [f"{before:.3f}", f"{after:.3f}", _signed(after - before, "+.3f")]


def _signed(change: float, digits: str) -> str:
    """Return a change with its sign, in words where it rounds to nothing."""
    written = f"{change:{digits}}"
    return written.replace("-", "−") if any(digit in written for digit in "123456789") else "no change"

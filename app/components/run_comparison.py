"""Two runs side by side: how well each predicts today's labels, and where they disagree about the suspects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

import pandas as pd
import streamlit as st

from app import navigation, state
from app.components.addressed_choice import keep, settle
from app.components.plain_text import plain
from app.components.run_names import distinct_names
from app.services.comparing import Overlap, RunResult
from app.services.comparing_ranks import Movement
from app.services.comparing_scores import SPLITS, SplitScores
from app.services.selected_queue import selected_queue
from lane_core.evidence.paired_f1 import Difference
from lane_core.records import QueueFilter, Split
from lane_core.wording import counted

_MISSING = "–"


def choose_two(results: Sequence[RunResult]) -> tuple[RunResult, RunResult]:
    """Draw the two boxes that choose the runs, at first the two newest; return the run before and the run after.

    They are never the same: who chooses the run of the other box swaps the two.
    """
    by_id = {result.record.run_id: result for result in results}
    names = distinct_names([result.record for result in results])
    run_ids = list(by_id)
    defaults = {"before": run_ids[1], "after": run_ids[0]}
    for key, default in defaults.items():
        settle(key, run_ids, default)
    if st.session_state["before"] == st.session_state["after"]:  # says the address
        st.session_state["after"] = next(one for one in run_ids if one != st.session_state["before"])
    for column, key, other in zip(st.columns(2), defaults, reversed(defaults), strict=True):
        column.selectbox(
            key.capitalize(),
            run_ids,
            format_func=names.__getitem__,
            key=key,
            on_change=_swap,
            args=(key, other, st.session_state[key]),
        )
        keep(key, defaults[key])
    return by_id[st.session_state["before"]], by_id[st.session_state["after"]]


def _swap(key: str, other: str, run_id: str) -> None:
    if st.session_state[key] == st.session_state[other]:
        st.session_state[other] = run_id


def draw_agreement(before: RunResult, after: RunResult, scores: Mapping[Split, SplitScores]) -> None:
    """Draw how well each run predicts the labels as they stand now, and whether the difference is sure."""
    first, second = before.findings, after.findings
    if first is None or second is None:
        return
    if scores:
        split = next(split for split in reversed(SPLITS) if split in scores)
        st.markdown(change_in_words(split, scores[split].overall.macro_f1))
    else:
        st.markdown(
            "No example is held out for validation or test, so nothing says which run predicts better."
        )
    rows = {"Labels trained on": [before.labels_used, after.labels_used, "", ""]}
    for split, found in scores.items():
        for name, difference in (("macro F1", found.overall.macro_f1), ("accuracy", found.overall.accuracy)):
            rows[f"{split.capitalize()} {name}"] = _compared(difference)
    change = signed(second.flagged - first.flagged, "+,")
    rows["Flagged as suspect"] = [f"{first.flagged:,}", f"{second.flagged:,}", change, ""]
    names = [
        f"{plain(before.record.name)} (before)", f"{plain(after.record.name)} (after)", "Change", "95 %"
    ]  # fmt: skip
    st.table(pd.DataFrame.from_dict(rows, orient="index", columns=names))
    measured = " and ".join(f"{found.overall.num_examples:,} {split}" for split, found in scores.items())
    st.caption(
        "F1 and accuracy of both runs are against the labels as they stand now"
        + (f" ({measured} examples; excluded ones are left out)." if measured else ".")
        + " 95 %: the interval of the change, from resamples of the examples. "
        "Where people corrected a label after seeing a run's suggestion, that run has an advantage."
    )


def change_in_words(split: Split, found: Difference) -> str:
    """Say how macro F1 has changed on a split, and whether that is sure; in Markdown.

    Example:
        >>> change_in_words("test", Difference(0.7, 0.731, 0.0118, 0.0493))
        '**Test F1 rose by 0.031** (0.012 to 0.049, 95 % interval).'
        >>> change_in_words("test", Difference(0.7, 0.704, -0.0132, 0.021))
        '**No sure difference in test F1**: +0.004 (−0.013 to +0.021, 95 % interval).'
    """
    if not isfinite(found.low):
        return f"**No difference to be seen in {split} F1**: every resample of the examples gives the same."
    if not found.is_sure:
        bounds = f"{signed(found.low, '+.3f')} to {signed(found.high, '+.3f')}".replace("no change", "0.000")
        change = signed(found.change, "+.3f").replace("no change", "0.000")
        return f"**No sure difference in {split} F1**: {change} ({bounds}, 95 % interval)."
    low, high = sorted((abs(found.low), abs(found.high)))
    verb = "rose" if found.change > 0 else "fell"
    return f"**{split.capitalize()} F1 {verb} by {abs(found.change):.3f}** ({low:.3f} to {high:.3f}, 95 % interval)."


def draw_overlap(before: RunResult, after: RunResult, found: Overlap, moved: Movement) -> None:
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
        _draw_examples(before, moved.only_before, found.examples_only_before)
    with tabs[1]:
        _draw_examples(after, moved.only_after, found.examples_only_after)


def _draw_examples(run: RunResult, indices: Sequence[int], examples: pd.DataFrame) -> None:
    if examples.empty:
        st.caption("No example.")
        return
    number = len(indices)
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
    dataset_id, run_id, name = run.record.dataset_id, run.record.run_id, run.record.name
    with st.container(horizontal=True):
        words, icon = f"Review the {counted(number, 'suspect')} of this run only", ":material/rate_review:"
        if st.button(words, key=f"only_{run_id}", icon=icon):
            filters = selected_queue(dataset_id, indices, f"flagged by {name} only")
            state.select(dataset_id, run_id)
            navigation.open_queue(filters)
        if st.button(f"Review all suspects of {plain(name)}", key=f"review_{run_id}", type="tertiary"):
            state.select(dataset_id, run_id)
            navigation.open_queue(QueueFilter(status="all"))


def _relabelled_in_words(names: tuple[str, str], found: Overlap) -> str:
    if not found.relabelled:
        return "Both runs trained on the same labels."
    verb = "label was" if found.relabelled == 1 else "labels were"
    return (
        f"**{found.relabelled:,} {verb} corrected between the two runs.** {names[0]} had flagged "
        f"{found.relabelled_flagged_before:,} of them; {names[1]} flags {found.relabelled_flagged_after:,}."
    )


def _compared(found: Difference) -> list[str]:
    interval = f"{signed(found.low, '+.3f')} to {signed(found.high, '+.3f')}".replace("no change", "0.000")
    return [
        f"{found.before:.3f}",
        f"{found.after:.3f}",
        signed(found.change, "+.3f"),
        interval if isfinite(found.low) else _MISSING,
    ]


def signed(change: float, digits: str) -> str:
    """Return a change with its sign, in words where it rounds to nothing."""
    written = f"{change:{digits}}"
    return written.replace("-", "−") if any(digit in written for digit in "123456789") else "no change"

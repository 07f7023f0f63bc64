"""How far people agree: three numbers with what they mean, by class, and by pair of people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from app.components.addressed_choice import keep, settle
from app.components.people_plan import draw_begin_sharing
from app.components.people_words import (
    alpha_meaning,
    interval_words,
    kappa_meaning,
    percent_meaning,
    percents,
    value_words,
)
from app.components.plain_text import plain
from app.components.table_height import table_height
from app.services import people_agreement
from app.services.people_agreement import EXCLUDED, MOST_PAIRED, AgreementFindings, Source
from lane_core.evidence.agreement import Agreement
from lane_core.wording import counted

_SOURCE_KEY = "labels_of"
_SOURCES: dict[Source, str] = {"here": "Decided here", "file": "Came with the file"}
_ROWS_SHOWN = 8


def draw_agreement(dataset_id: str) -> None:
    """Draw how far people agree, or what is missing before that can be told."""
    st.subheader("Agreement", anchor=False)
    source = _choose_source(dataset_id)
    found = people_agreement.agreement(dataset_id, source)
    if not found.num_examples:
        st.markdown(_what_is_missing(found, source))
        if source == "here":
            draw_begin_sharing(dataset_id)
        return
    st.caption(_what_counts(found, source))
    _draw_coefficients(found)
    _draw_classes(found)
    if found.num_sharing > 2:
        _draw_pairs(found)


def _choose_source(dataset_id: str) -> Source:
    """Draw the choice of whose labels, where there is one."""
    options = people_agreement.sources(dataset_id)
    if len(options) == 1:
        return options[0]
    default: Source = "here" if people_agreement.agreement(dataset_id, "here").num_examples else "file"
    settle(_SOURCE_KEY, options, default)
    chosen: Source = st.radio(
        "Whose labels", options, format_func=_SOURCES.__getitem__, horizontal=True, key=_SOURCE_KEY
    )
    keep(_SOURCE_KEY, default)
    return chosen


def _what_is_missing(found: AgreementFindings, source: Source) -> str:
    needed = "Agreement is measured on examples that at least two people decided on."
    if source == "file":
        return f"{needed} In the file no two people labelled the same example."
    if not found.people:
        return f"{needed} Nobody has decided on anything yet."
    if len(found.people) == 1:
        return f"{needed} So far only {plain(found.people[0])} has decided."
    return f"{needed} {len(found.people):,} people have decided so far, no two of them on the same example."


def _what_counts(found: AgreementFindings, source: Source) -> str:
    where = f"On {counted(found.num_examples, 'example')} that at least two of {found.num_sharing:,} people"
    if source == "file":
        return f"{where} labelled, with 95 % intervals."
    return (
        f"{where} decided on, with 95 % intervals. An exclusion counts as a class of its own, {EXCLUDED}; a wish for a "
        "second opinion is no answer. What settles a dispute is left out: whoever settles has seen the other answers."
    )


def _draw_coefficients(found: AgreementFindings) -> None:
    numbers = (
        ("Same answer", found.percent, True, percent_meaning(found.percent)),
        (found.kappa_name, found.kappa, False, kappa_meaning(found.kappa)),
        ("Krippendorff's alpha", found.alpha, False, alpha_meaning(found.alpha)),
    )
    for column, (name, number, is_share, meaning) in zip(st.columns(3), numbers, strict=True):
        with column:
            st.metric(name, value_words(number, is_share=is_share))
            st.caption(f"95 %: {interval_words(number, is_share=is_share)}  \n{meaning}")


def _draw_classes(found: AgreementFindings) -> None:
    st.markdown("**By class** · those that people agree about least come first")
    table = found.by_class
    st.dataframe(
        pd.DataFrame(
            {
                "name": table["name"],
                "chosen": table["chosen"],
                **_columns("agreement", table["agreement"], is_share=True),
                **_columns("alpha", table["alpha"]),
            }
        ),
        hide_index=True,
        placeholder="–",
        height=table_height(len(table), most=_ROWS_SHOWN),
        column_config={
            "name": "Class",
            "chosen": st.column_config.NumberColumn(
                "Chosen", format="localized", help="How often somebody chose it, on the shared examples."
            ),
            **_config(
                "agreement",
                "Same answer",
                "Where one of two people chose this class, how often the other did too.",
                "%g %%",
            ),
            **_config(
                "alpha", "Alpha", "Krippendorff's alpha of this class against all others together.", "%.2f"
            ),
        },
    )


def _draw_pairs(found: AgreementFindings) -> None:
    most = f" · the {MOST_PAIRED} people who share the most" if found.num_sharing > MOST_PAIRED else ""
    st.markdown(f"**By pair of people** · those who agree least come first{most}")
    table = found.by_pair
    st.dataframe(
        pd.DataFrame(
            {
                "pair": table["person_a"] + " and " + table["person_b"],
                "num_examples": table["num_examples"],
                **_columns("percent", table["percent"], is_share=True),
                **_columns("kappa", table["kappa"]),
            }
        ),
        hide_index=True,
        placeholder="–",
        height=table_height(len(table), most=_ROWS_SHOWN),
        column_config={
            "pair": "People",
            "num_examples": st.column_config.NumberColumn(
                "Shared", format="localized", help="Examples that both decided on."
            ),
            **_config("percent", "Same answer", "Share of these on which they chose the same.", "%g %%"),
            **_config(
                "kappa", "Cohen's kappa", "Agreement beyond chance: 0 is chance, 1 is complete.", "%.2f"
            ),
        },
    )


def _columns(name: str, numbers: Sequence[Agreement], *, is_share: bool = False) -> dict[str, pd.Series[Any]]:
    """Return a column of values, numbers so that it can be sorted by, and one of intervals in words."""
    values = pd.Series([number.value for number in numbers], dtype="float")
    words = [interval_words(number, is_share=is_share) for number in numbers]
    return {name: percents(values) if is_share else values, f"{name}_interval": pd.Series(words, dtype="str")}


def _config(name: str, title: str, meaning: str, number_format: str) -> dict[str, Any]:
    return {
        name: st.column_config.NumberColumn(title, format=number_format, help=meaning),
        f"{name}_interval": st.column_config.TextColumn("95 %", help="The interval of the number before."),
    }

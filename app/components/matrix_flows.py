"""Given to suggested labels of the suspects: a Sankey diagram, and a table of its flows that opens their queues."""

from __future__ import annotations

import streamlit as st

from app import navigation
from app.components.chart_pictures import picture_config
from app.components.csv_button import draw_csv_button
from app.components.table_height import table_height
from app.services import label_flows as service
from lane_core.charts.label_flows import MOST_FLOWS, label_flows
from lane_core.wording import counted

_ROWS_SHOWN = 15


def draw_flows(run_id: str) -> None:
    """Draw where the labels of the suspects would go."""
    flows = service.flows(run_id)
    if flows.empty:
        st.info("This run suspects no label, so nothing would change.", icon=":material/info:")
        return
    st.markdown(
        "A broad band: many suspects have the label on the left, and the model suggests the one on the right.",
        help="All suspects of the balanced strictness, reviewed or not.",
    )
    chart, table = st.columns([3, 2], gap="large")
    with chart:
        # Sankey diagrams report no clicks; the table beside does.
        st.plotly_chart(
            label_flows(flows),
            key="flows_chart",
            config=picture_config("given-to-suggested"),
            alt="Sankey diagram of given to suggested labels",
        )
    with table:
        largest = flows.head(MOST_FLOWS)
        st.markdown("**Largest flows** · choose a row to see its suspects")
        chosen = st.dataframe(
            largest,
            hide_index=True,
            height=table_height(len(largest), most=_ROWS_SHOWN),
            # The number first: on a narrow screen the last column is the one out of sight.
            column_order=("count", "given_label", "suggested_label"),
            column_config={
                "given_label": "Given",
                "suggested_label": "Suggested",
                "count": st.column_config.NumberColumn("Suspects", format="localized"),
            },
            on_select="rerun",
            selection_mode="single-row-required",
            key="flows_table",
        )
        row = flows.iloc[(chosen["selection"]["rows"] or [0])[0]]
        label, icon = f"Review {row['count']:,}", ":material/rate_review:"
        if st.button(label, type="primary", icon=icon, key="flows_review", width="stretch"):
            navigation.open_queue(service.flow_filters(row["given_label"], row["suggested_label"]))
        rest = flows.iloc[MOST_FLOWS:]
        if len(rest):
            suspects = counted(int(rest["count"].sum()), "suspect")
            st.caption(f"Others: {suspects} in {counted(len(rest), 'smaller pair')}.")
        draw_csv_button(
            "All flows as CSV",
            lambda: flows.to_csv(index=False, lineterminator="\n").encode(),
            "given-to-suggested.csv",
            "download_flows",
        )

"""The projects in a short list."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app.components.table_height import table_height

_VISIBLE_ROWS = 5


def draw_projects(projects: pd.DataFrame) -> None:
    """Draw the frame of ``importing.projects_table``; nothing if there is no project yet."""
    if projects.empty:
        return
    st.dataframe(
        projects,
        hide_index=True,
        height=table_height(len(projects), _VISIBLE_ROWS),
        column_config={
            "name": st.column_config.TextColumn("Project", width="medium"),
            "file": "File",
            "examples": st.column_config.NumberColumn("Examples", format="localized"),
            "classes": st.column_config.NumberColumn("Classes", format="localized"),
            "runs": "Runs",
            "created": st.column_config.DatetimeColumn(
                "Added", format="D MMM YYYY, HH:mm", timezone=st.context.timezone
            ),
        },
    )

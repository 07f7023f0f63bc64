"""The frame around every page: project and run pickers, then the pages in the order of the work."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.navigation.page import Page

from app import roles, state
from app.components.notice import show_notice
from app.components.run_state import STATE_MARKS
from app.services import versions, workspaces
from lane_core.errors import LaneError
from lane_core.records import DatasetRecord, QueueFilter, RunRecord

PAGES_FOLDER = Path(__file__).resolve().parent.parent / "pages"
PAGE_ICON = Path(__file__).resolve().parent / "icon.png"

TITLES = {
    "overview": ("Overview", ":material/home:"),
    "data": ("Data", ":material/table:"),
    "classes": ("Classes", ":material/category:"),
    "train": ("Train", ":material/model_training:"),
    "review": ("Review", ":material/rate_review:"),
    "similarity": ("Similarity", ":material/grid_on:"),
    "dynamics": ("Dynamics", ":material/show_chart:"),
    "map": ("Map", ":material/scatter_plot:"),
    "runs": ("Runs", ":material/compare_arrows:"),
    "export": ("Export", ":material/download:"),
    "people": ("People", ":material/group:"),
    "storage": ("Storage", ":material/hard_drive:"),
}
"""Pages in the order of the work: file stem -> (title, icon)."""

_STYLE = """
/* Streamlit leaves a hand's breadth above every page; people want their work there. */
.stMainBlockContainer { padding-top: 2.5rem; }
/* Streamlit writes white on the primary colour, which is bright in the dark theme. */
[data-testid="stBaseButton-primary"]:not(:disabled),
[data-testid="stMultiSelectTagsContainer"] [data-tag] :is(span, button) { color: light-dark(#fff, #14181b); }
"""


def page(name: str) -> Page:
    """Return the page of a file in pages/, by its stem."""
    title, icon = TITLES[name]
    return st.Page(
        PAGES_FOLDER / f"{name}.py", title=title, icon=icon, url_path=name, default=name == "overview"
    )


def run_app() -> None:
    """Draw the sidebar and run the page that the address names."""
    # A picture of our own: a Material icon as favicon would be fetched from another machine.
    st.set_page_config(page_title="LANE Audit", page_icon=str(PAGE_ICON), layout="wide")
    st.html(f"<style>{_STYLE}</style>")
    current = st.navigation([page(name) for name in TITLES], position="hidden")
    try:
        workspaces.workspace()
    except LaneError as error:
        st.error(str(error), icon=":material/error:")
        st.stop()
    with st.sidebar:
        _draw_sidebar(current)
        roles.draw_who(_stem(current))
    state.write_address(current.url_path)
    show_notice()
    if roles.may_open(_stem(current)):
        current.run()
    else:
        roles.draw_closed(current.title)


def go_to(name: str) -> None:
    """Switch to a page and keep project and run."""
    st.switch_page(page(name), query_params=state.address())


def open_queue(filters: QueueFilter) -> None:
    """Switch to the review queue of these filters."""
    st.switch_page(page("review"), query_params={**state.address(), **state.filter_to_address(filters)})


def _draw_sidebar(current: Page) -> None:
    known = workspaces.all_versions()
    if known:
        state.choose_project(known)
        names = _project_names(known)
        st.selectbox(
            "Project",
            list(names),
            format_func=names.__getitem__,
            key=state.PROJECT_KEY,
            on_change=state.forget_run,
        )
        runs = workspaces.runs(st.session_state[state.PROJECT_KEY])
        state.choose_run(runs)
        if runs:
            st.selectbox(
                "Run",
                [record.run_id for record in runs],
                # The state stands below, not in the label: Streamlit forgets a choice whose label changes.
                format_func=lambda run_id: _run_name(runs, run_id),
                key=state.RUN_KEY,
            )
            run_state = workspaces.run_status(st.session_state[state.RUN_KEY]).state
            st.caption(f"{STATE_MARKS[run_state]} {run_state}")
    for name, (title, icon) in TITLES.items():
        if not roles.may_open(name):
            continue
        label = f"**{title}**" if page(name).url_path == current.url_path else title
        st.page_link(page(name), label=label, icon=icon, query_params=state.address())


def _stem(current: Page) -> str:
    """Return the file stem of a page; the address of the first one is empty."""
    return current.url_path or next(iter(TITLES))


def _project_names(known: list[DatasetRecord]) -> dict[str, str]:
    """Return what the newest version of each project is called, and the older one that is chosen, if one is."""
    newest = {record.dataset_id for record in workspaces.projects()}
    chosen = st.session_state[state.PROJECT_KEY]
    names = {}
    for record in known:
        if record.dataset_id in newest:
            names[record.dataset_id] = record.name
        elif record.dataset_id == chosen:
            place = versions.place_of(chosen)
            names[chosen] = f"{record.name} (version {place.number} of {len(place.records)})"
    return names


def _run_name(runs: list[RunRecord], run_id: str) -> str:
    return next(record.name for record in runs if record.run_id == run_id)

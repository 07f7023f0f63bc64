"""Data: bring a labelled file in, sure that it was understood.

Needs:   nothing; shows the projects that there are
Reads:   importing.projects_table(), IncomingFile.read(...), IncomingFile.check(...)
Writes:  importing.create_project(...)
Session: project (write); incoming_file, import_* (read, write)
"""

import streamlit as st

from app import navigation, state
from app.components.import_choices import (
    choose_columns,
    choose_file,
    choose_part,
    choose_reading,
    forget_file,
    is_cancelled,
)
from app.components.import_findings import chosen_fixes, draw_class_counts, draw_preview, draw_problems
from app.components.import_progress import check_shown, read_shown, shown_progress
from app.components.notice import announce
from app.components.plain_text import plain
from app.components.project_list import draw_projects
from app.components.versions import draw_versions
from app.services import importing
from app.services.import_findings import Findings
from app.services.importing import IncomingFile, Reading
from lane_core.errors import LaneError
from lane_core.records import ColumnChoice


def main() -> None:
    st.title("Data")
    st.caption(
        "Bring a labelled file in, see how it was understood, create the project, and go on to Train. Nothing is "
        "stored before you create the project."
    )
    st.subheader("Add a project")
    _bring_in()
    projects = importing.projects_table()
    if not projects.empty:
        st.subheader("Projects")
        draw_projects(projects)
        draw_versions(state.project_id())


def _bring_in() -> None:
    try:
        incoming = choose_file()
    except LaneError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    if incoming is None or is_cancelled(incoming):
        return
    line, more = st.columns([6, 1], vertical_alignment="center")
    with more:
        options = choose_reading(incoming)
    try:
        reading = read_shown(incoming, options)
    except LaneError as error:
        line.error(plain(str(error)), icon=":material/error:")
        return
    line.markdown(f"**{plain(incoming.name)}** · {plain(reading.description)}")
    choose_part(incoming, reading)
    if reading.guess_note:
        st.info(plain(reading.guess_note), icon=":material/help:")
    columns = choose_columns(incoming, reading)
    preview, classes = st.columns([2, 1])
    with preview:
        draw_preview(reading, columns)
    if columns is None:
        return
    findings = check_shown(incoming, reading, columns, chosen_fixes(incoming.key))
    with classes:
        draw_class_counts(findings.class_counts)
    draw_problems(findings.problems, incoming.key)
    if findings.result:
        st.success(findings.result, icon=":material/check_circle:")
    _draw_create(incoming, reading, columns, findings)


def _draw_create(incoming: IncomingFile, reading: Reading, columns: ColumnChoice, findings: Findings) -> None:
    place, button = st.columns([2, 1], vertical_alignment="bottom")
    name = place.text_input(
        "Project name",
        value=incoming.project_name,
        max_chars=80,
        key=f"import_name_{incoming.key}",
    )
    reason, num_blocking = "", findings.num_blocking
    if num_blocking:
        reason = f"{num_blocking} {'problem blocks' if num_blocking == 1 else 'problems block'} the import, see above."
    elif not name.strip():
        reason = "The project needs a name."
    wanted = button.button(
        "Create project", type="primary", icon=":material/add:", disabled=bool(reason), width="stretch"
    )
    working = st.empty()
    same = importing.projects_of_same_file(incoming)
    if reason:
        st.caption(reason)
    elif same:
        st.caption(f"This very file is in {plain(', '.join(same))} already.")
    if not wanted:
        return
    try:
        with shown_progress(working, "import_cancel_storing", lambda: None) as say:
            record = importing.create_project(incoming, reading, columns, findings.fixes, name, say)
    except LaneError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    announce(f"{plain(record.name)}: {importing.import_result(record)}")
    forget_file()
    state.select(record.dataset_id)
    navigation.go_to("train")


if __name__ == "__main__":
    main()

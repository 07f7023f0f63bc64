"""Data: bring a labelled file in, sure that it was understood.

Needs:   nothing; shows the projects that there are
Reads:   importing.projects_table(), IncomingFile.read(...), IncomingFile.check(...)
Writes:  importing.create_project(...)
Session: project (write); incoming_file, import_* (read, write)
"""

import streamlit as st

from app import navigation, state
from app.components.import_choices import choose_columns, choose_file, choose_reading, forget_file
from app.components.import_findings import draw_class_counts, draw_preview, draw_problems
from app.components.notice import announce
from app.components.plain_text import plain
from app.components.project_list import draw_projects
from app.services import importing
from app.services.importing import IncomingFile, Reading
from lane_core.errors import LaneError
from lane_core.records import ColumnChoice


def main() -> None:
    st.title("Data")
    st.caption(
        "The projects, and the way in for a labelled file. Nothing is stored before you create the project."
    )
    draw_projects(importing.projects_table())
    st.subheader("Add a project")
    incoming = choose_file()
    if incoming is None:
        return
    line, more = st.columns([6, 1], vertical_alignment="center")
    with more:
        options = choose_reading(incoming)
    try:
        with st.spinner(f"Reading {plain(incoming.path.name)}"):
            reading = incoming.read(options)
    except LaneError as error:
        line.error(plain(str(error)), icon=":material/error:")
        return
    line.markdown(f"**{plain(incoming.path.name)}** · {reading.description}")
    if reading.guess_note:
        st.info(plain(reading.guess_note), icon=":material/help:")
    columns = choose_columns(incoming, reading)
    preview, classes = st.columns([2, 1])
    with preview:
        draw_preview(reading, columns)
    if columns is None:
        return
    with st.spinner("Checking every row"):
        findings = incoming.check(reading, columns, drop_unlabelled=False)
    with classes:
        draw_class_counts(findings.class_counts)
    problems = st.container()
    drop_unlabelled = False
    if findings.num_unlabelled:
        rows = "row" if findings.num_unlabelled == 1 else f"{findings.num_unlabelled:,} rows"
        drop_unlabelled = st.checkbox(
            f"Leave the {rows} without a label out",
            help="They are neither trained on nor reviewed; the exported files keep them.",
            key=f"import_drop_{incoming.key}",
        )
        findings = incoming.check(reading, columns, drop_unlabelled=drop_unlabelled)
    with problems:
        draw_problems(findings.problems, drop_unlabelled=drop_unlabelled)
    if findings.result:
        st.success(findings.result, icon=":material/check_circle:")
    _draw_create(incoming, reading, columns, findings.num_blocking, drop_unlabelled)


def _draw_create(
    incoming: IncomingFile,
    reading: Reading,
    columns: ColumnChoice,
    num_blocking: int,
    drop_unlabelled: bool,
) -> None:
    place, button = st.columns([2, 1], vertical_alignment="bottom")
    name = place.text_input(
        "Project name",
        value=incoming.project_name,
        max_chars=80,
        key=f"import_name_{incoming.key}",
    )
    reason = ""
    if num_blocking:
        reason = f"{num_blocking} {'problem blocks' if num_blocking == 1 else 'problems block'} the import, see above."
    elif not name.strip():
        reason = "The project needs a name."
    wanted = button.button(
        "Create project", type="primary", icon=":material/add:", disabled=bool(reason), width="stretch"
    )
    same = importing.projects_of_same_file(incoming)
    if reason:
        st.caption(reason)
    elif same:
        st.caption(f"This very file is in {plain(', '.join(same))} already.")
    if not wanted:
        return
    try:
        with st.spinner("Creating the project"):
            record = importing.create_project(
                incoming, reading, columns, name, drop_unlabelled=drop_unlabelled
            )
    except LaneError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    announce(f"{plain(record.name)}: {importing.import_result(record)}")
    forget_file()
    state.select(record.dataset_id)
    navigation.go_to("train")


if __name__ == "__main__":
    main()

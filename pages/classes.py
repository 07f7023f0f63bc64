"""Classes: what each one means, how many examples it has, and one class in the place of another.

Needs:   a selected project (otherwise points to Data); no run.
Reads:   services.classes.class_table, use_of, history_table
Writes:  services.classes.set_definition, set_definitions, replace, bring_back
Session: project, annotator (read); the boxes of the forms (read, write)
"""

import streamlit as st

from app import state
from app.components.annotator_name import draw_annotator_name
from app.components.class_replacement import draw_replaced, draw_replacement
from app.components.class_table import draw_class_table, draw_definitions
from app.components.next_step import NO_PROJECT, draw_next_step
from app.components.plain_text import plain
from app.services import classes
from lane_core.errors import LaneError


def main() -> None:
    st.title("Classes", anchor=False)
    project_id = state.project_id()
    if project_id is None:
        draw_next_step(*NO_PROJECT)
        return
    with st.sidebar:
        has_name = draw_annotator_name()
    try:
        _draw_classes(project_id, has_name=has_name)
    except LaneError as error:
        st.error(plain(str(error)), icon=":material/error:")


def _draw_classes(project_id: str, *, has_name: bool) -> None:
    table = classes.class_table(project_id)
    is_replaced = table["replaced_by"].notna()
    in_use = table[~is_replaced]
    st.caption("What each class means and how many examples have it, in the order of their keys.")
    draw_class_table(in_use)
    draw_definitions(project_id, in_use)
    if has_name:
        replaced = table[is_replaced]
        draw_replacement(project_id, in_use["name"].tolist(), set(replaced["name"]), state.annotator())
        draw_replaced(project_id, replaced, state.annotator())


if __name__ == "__main__":
    main()

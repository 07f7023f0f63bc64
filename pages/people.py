"""People: how the review is shared, how far people agree, what is in dispute, and who did how much.

Needs:   a selected project (otherwise points to Data); a run for the queue and for the model's say in the consensus.
Reads:   services.people.plan, to_settle, work, median_seconds; services.people_agreement; services.people_consensus
Writes:  services.people.save_plan; the address
Session: project, run, annotator (read); annotator, labels_of (read, write; the latter in the address too)
"""

import streamlit as st

from app import roles, state
from app.components.annotator_name import draw_annotator_name
from app.components.next_step import NO_PROJECT, draw_next_step
from app.components.people_agreement import draw_agreement
from app.components.people_consensus import draw_consensus
from app.components.people_plan import draw_plan
from app.components.people_work import draw_to_settle, draw_work
from app.components.plain_text import plain
from lane_core.errors import LaneError


def main() -> None:
    st.title("People", anchor=False)
    project_id, run_id = state.project_id(), state.run_id()
    if project_id is None:
        draw_next_step(*NO_PROJECT)
        return
    with st.sidebar:
        draw_annotator_name()
    st.caption("Whether people agree well enough to trust the labels, and how many of them see each example.")
    try:
        draw_plan(project_id)
        draw_to_settle(project_id, run_id)
        draw_agreement(project_id)
        draw_consensus(project_id, run_id)
        draw_work(project_id, state.annotator(), has_speed=roles.are_named() and roles.is_lead())
    except LaneError as error:
        st.error(plain(str(error)), icon=":material/error:")


if __name__ == "__main__":
    main()

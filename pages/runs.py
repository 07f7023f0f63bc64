"""Runs: every run of the project, two of them side by side, and what the review changed.

Needs:   a selected project with a run (otherwise points to Data or Train).
Reads:   services.comparing, comparing_scores, comparing_ranks, comparing_labels; services.storage.run_room;
         services.device_queues.queues
Writes:  services.selected_queue; services.live_runs.rename, note, cancel, resume; services.storage.delete_run;
         services.device_queues.move
Session: project, run (read); run_of_actions, label_move (read, write); before, after, by_class_of (read, write; in the
         address too)
"""

import streamlit as st

from app import navigation, state
from app.components.next_step import NO_PROJECT, draw_next_step
from app.components.outcome import draw_outcome
from app.components.plain_text import plain
from app.components.redrawn import redrawn
from app.components.run_actions import choose_run, draw_actions
from app.components.run_comparison import choose_two, draw_agreement, draw_overlap
from app.components.run_comparison_classes import draw_classes
from app.components.run_comparison_ranks import draw_movement
from app.components.run_label_moves import draw_label_moves
from app.components.run_names import distinct_names
from app.components.run_queue import draw_queues
from app.components.run_state import STATE_MARKS
from app.components.table_height import table_height
from app.services import comparing, comparing_ranks, comparing_scores, storage
from app.services.comparing import RunResult
from lane_core.errors import LaneError

_COLUMNS = (
    "name", "state", "note", "epochs", "labels", "validation_f1", "test_f1", "flagged", "started", "preset", "encoder"
)  # fmt: skip
_F1_HELP = "Macro F1, 0 to 1, against the labels as they stand now, without excluded examples."


def main() -> None:
    st.title("Runs", anchor=False)
    project_id = state.project_id()
    if project_id is None:
        draw_next_step(*NO_PROJECT)
        return
    try:
        results = comparing.run_results(project_id)
        if not results:
            draw_next_step("No run yet. Train one: it finds the labels worth a look.", "Go to Train", "train")
            return
        st.caption("Every run of this project, the newest first. F1 is against the labels as they stand now.")
        _draw_table(results)
        _draw_actions(results)
        draw_queues([result.record.run_id for result in results])
        _draw_comparison([result for result in results if result.findings])
        redrawn(draw_label_moves)(project_id)
    except LaneError as error:
        st.error(plain(str(error)), icon=":material/error:")


def _draw_table(results: list[RunResult]) -> None:
    table = comparing.run_table(results)
    table["state"] = [f"{STATE_MARKS[result.state]} {result.state}" for result in results]
    if any(result.record.note for result in results):
        table["note"] = [result.record.note for result in results]
    st.dataframe(
        table,
        hide_index=True,
        placeholder="–",
        column_order=_COLUMNS,
        height=table_height(len(table), most=8),
        column_config={
            "name": "Name",
            "state": "State",
            "note": st.column_config.TextColumn("Note", width="medium"),
            "preset": "Preset",
            "encoder": "Encoder",
            "started": st.column_config.DatetimeColumn(
                "Started", format="D MMM YYYY, HH:mm", timezone=st.context.timezone
            ),
            "epochs": "Epochs",
            "labels": st.column_config.TextColumn("Labels", help="What the run trained on."),
            "validation_f1": st.column_config.NumberColumn("Validation F1", format="%.3f", help=_F1_HELP),
            "test_f1": st.column_config.NumberColumn("Test F1", format="%.3f", help=_F1_HELP),
            "flagged": st.column_config.NumberColumn("Flagged", format="localized"),
        },
    )


def _draw_actions(results: list[RunResult]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = distinct_names([result.record for result in results])
        run_id = choose_run("run_of_actions", names, state.run_id(), width=200)
        room = storage.run_room(run_id)
        draw_actions(room)
    if room.record.note:
        st.caption(plain(room.record.note))
    draw_outcome()


def _draw_comparison(results: list[RunResult]) -> None:
    st.subheader("Before and after", anchor=False)
    if len(results) < 2:
        st.markdown(
            "A second run, trained on the corrected labels, would stand here beside the first: what the corrections "
            "did to F1 on validation and test, which suspects are gone, and which are new."
        )
        if st.button("Retrain on the corrected labels", type="primary", icon=":material/model_training:"):
            navigation.go_to("train")
        return
    before, after = choose_two(results)
    scores = comparing_scores.scores(before.record.run_id, after.record.run_id)
    moved = comparing_ranks.movement(before.record.run_id, after.record.run_id)
    draw_agreement(before, after, scores)
    redrawn(draw_classes)(after.record, scores)
    draw_overlap(before, after, comparing.overlap(before, after), moved)
    draw_movement(before.record, after.record, moved)


if __name__ == "__main__":
    main()

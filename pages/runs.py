"""Runs: every run of the project, and two of them side by side.

Needs:   a selected project with a run (otherwise points to Data or Train).
Reads:   services.comparing
Writes:  services.live_runs.rename
Session: project, run (read); before, after (read, write; in the address too)
"""

import streamlit as st

from app import navigation, state
from app.components.next_step import NO_PROJECT, draw_next_step
from app.components.run_comparison import choose_two, draw_agreement, draw_overlap
from app.components.run_state import STATE_MARKS
from app.components.table_height import table_height
from app.services import comparing, live_runs
from app.services.comparing import RunResult
from lane_core.errors import LaneError

_COLUMNS = (
    "name", "state", "epochs", "labels", "validation_f1", "test_f1", "flagged", "started", "preset", "encoder"
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
        _draw_rename(results)
        _draw_comparison([result for result in results if result.findings])
    except LaneError as error:
        st.error(str(error), icon=":material/error:")


def _draw_table(results: list[RunResult]) -> None:
    table = comparing.run_table(results)
    table["state"] = [f"{STATE_MARKS[result.state]} {result.state}" for result in results]
    st.dataframe(
        table,
        hide_index=True,
        placeholder="–",
        column_order=_COLUMNS,
        height=table_height(len(table), most=8),
        column_config={
            "name": "Name",
            "state": "State",
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


def _draw_rename(results: list[RunResult]) -> None:
    names = {result.record.run_id: result.record.name for result in results}
    run_ids = list(names)
    with st.popover("Rename a run", icon=":material/edit:"):
        # Without a key: with one, the box would go on showing the name before the change.
        run_id = st.selectbox(
            "Run", run_ids, format_func=names.__getitem__, index=run_ids.index(state.run_id() or run_ids[0])
        )
        new_name = st.text_input("New name", value=names[run_id], key=f"new_name_{run_id}", max_chars=80)
        is_new = bool(new_name.strip()) and new_name.strip() != names[run_id]
        if st.button("Rename", type="primary", disabled=not is_new):
            live_runs.rename(run_id, new_name)
            st.rerun()


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
    if before.record.run_id == after.record.run_id:
        st.info("These are the same run. Choose two different ones.", icon=":material/info:")
        return
    draw_agreement(before, after)
    draw_overlap(before, after, comparing.overlap(before, after))


if __name__ == "__main__":
    main()

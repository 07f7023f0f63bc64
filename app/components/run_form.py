"""The form that starts a run: three presets, and everything else under "More", filled in from the preset."""

from __future__ import annotations

import streamlit as st

from app import state
from app.components.plain_text import plain
from app.services import training
from app.services.training import LabelChanges
from lane_core.errors import LaneError

PRESET_KEY = "train_preset"
DEVICES = ("auto", "cpu", "cuda")


def draw_run_form(dataset_id: str, changes: LabelChanges | None = None) -> None:
    """Draw the form; its button starts the run and chooses it."""
    chosen = st.session_state.setdefault(PRESET_KEY, "default")
    columns = st.columns(len(training.PRESET_CARDS))
    for column, preset in zip(columns, training.PRESET_CARDS, strict=True):
        with column:
            _draw_card(dataset_id, preset, is_chosen=preset == chosen)
    with st.expander("More", type="compact"):
        options = _draw_options(chosen)
    if changes:
        st.markdown(f"The run learns from the labels as they stand: {changes.in_words}.")
    if st.button("Start run", type="primary", icon=":material/play_arrow:", key="start_run"):
        _start(dataset_id, chosen, options)
    st.space("small")


def _draw_card(dataset_id: str, preset: str, *, is_chosen: bool) -> None:
    card = training.PRESET_CARDS[preset]
    with st.container(border=True, height="stretch", vertical_alignment="distribute"):
        with st.container():
            st.markdown(f"**{card.title}**")
            st.markdown(card.description)
            st.caption(plain(training.time_needed(dataset_id, preset)))
        st.button(
            "Chosen" if is_chosen else f"Choose {card.title}",
            key=f"preset_{preset}",
            icon=":material/check_circle:" if is_chosen else ":material/radio_button_unchecked:",
            on_click=_choose,
            args=(preset,),
            width="stretch",
        )


def _choose(preset: str) -> None:
    st.session_state[PRESET_KEY] = preset


def _draw_options(preset: str) -> dict[str, str | int | float]:
    """Draw the fields; each preset has its own, so that choosing another one fills them in anew."""
    config = training.preset_config(preset)

    def key(field: str) -> str:
        return f"train_{preset}_{field}"

    name_column, encoder_column = st.columns([1, 2])
    name = name_column.text_input("Run name", key=key("name"), placeholder="Run 1, Run 2, … by itself")
    encoder = encoder_column.text_input(
        "Encoder",
        config.encoder,
        key=key("encoder"),
        help="The packaged all-MiniLM-L6-v2, a Hugging Face name, or a folder on this machine.",
    )
    columns = st.columns(5)
    return {
        "name": name,
        "encoder": encoder,
        "epochs": columns[0].number_input("Epochs", value=config.epochs, step=1, key=key("epochs")),
        "batch_size": columns[1].number_input(
            "Batch size", value=config.batch_size, step=8, key=key("batch_size"), help="Examples a step."
        ),
        "learning_rate": columns[2].number_input(
            "Learning rate",
            value=config.learning_rate,
            step=config.learning_rate / 2,
            format="%g",
            key=key("learning_rate"),
            help="Step size of the encoder layers (AdamW); it falls to 0 over the run.",
        ),
        "device": columns[3].selectbox(
            "Device", DEVICES, key=key("device"), help="auto takes a GPU where there is one."
        ),
        "seed": columns[4].number_input(
            "Seed", value=config.seed, step=1, key=key("seed"), help="The same seed gives the same run."
        ),
    }


def _start(dataset_id: str, preset: str, options: dict[str, str | int | float]) -> None:
    try:
        with st.spinner("Starting the run"):
            record = training.start_run(dataset_id, preset, **options)  # type: ignore[arg-type]
    except LaneError as error:
        st.error(str(error), icon=":material/error:")
        return
    state.select(dataset_id, record.run_id)
    st.rerun()

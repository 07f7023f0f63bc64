"""Choosing an epoch: a slider with a play button."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.components.addressed_choice import keep, settle

TICK_S = 1.0
_EPOCH_KEY = "epoch"
_TO_PLAY_KEY = "epochs_to_play"
"""Session key of the epochs that are still to be shown; empty or missing = nothing plays."""


def next_tick() -> float | None:
    """Return how often, in seconds, the fragment around the slider has to run by itself; None = never."""
    return TICK_S if st.session_state.get(_TO_PLAY_KEY) else None


def epoch_to_show(epochs: Sequence[int]) -> int:
    """Return the epoch that the slider, drawn later, is at: at first the last one.

    Args:
        epochs: At least one, in order.
    """
    settle(_EPOCH_KEY, epochs, epochs[-1])
    to_play = [epoch for epoch in st.session_state.get(_TO_PLAY_KEY, ()) if epoch in epochs]
    if to_play:
        st.session_state[_EPOCH_KEY] = to_play[0]
        st.session_state[_TO_PLAY_KEY] = to_play[1:]
        if len(to_play) == 1:
            # The whole page, because the fragment's clock is set where the fragment is called.
            st.rerun()
    return int(st.session_state[_EPOCH_KEY])


def draw_epoch_slider(epochs: Sequence[int]) -> None:
    """Draw slider and play button; a single epoch is named and needs no slider."""
    if len(epochs) == 1:
        st.caption(f"After epoch {epochs[0]}, the only one so far.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.select_slider("Epoch", epochs, key=_EPOCH_KEY)
        keep(_EPOCH_KEY, epochs[-1])
        is_playing = bool(st.session_state.get(_TO_PLAY_KEY))
        icon = ":material/pause:" if is_playing else ":material/play_arrow:"
        if st.button("Pause" if is_playing else "Play", icon=icon, width=110):
            later = [epoch for epoch in epochs if epoch > chosen]
            st.session_state[_TO_PLAY_KEY] = [] if is_playing else later or list(epochs)
            st.rerun()

"""Choosing an epoch: a slider with a play button."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

TICK_S = 1.0
_EPOCH_KEY = "epoch"
_PLAYING_KEY = "epoch_is_playing"


def next_tick() -> float | None:
    """Return after how many seconds the fragment around ``choose_epoch`` has to run again; None = it stands."""
    return TICK_S if st.session_state.get(_PLAYING_KEY) else None


def choose_epoch(epochs: Sequence[int]) -> int:
    """Draw slider and play button; return the epoch to show, at first the last one.

    Args:
        epochs: At least one, in order. A single one is named and needs no slider.
    """
    if len(epochs) == 1:
        st.caption(f"Epoch {epochs[0]}: the only one so far.")
        return epochs[0]
    # Another run has other epochs.
    if st.session_state.get(_EPOCH_KEY, epochs[-1]) not in epochs:
        del st.session_state[_EPOCH_KEY]
    if st.session_state.get(_PLAYING_KEY):
        _step(epochs)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.select_slider(
            "Epoch", epochs, value=epochs[-1], key=_EPOCH_KEY, bind="query-params", width="stretch"
        )
        is_playing = bool(st.session_state.get(_PLAYING_KEY))
        icon = ":material/pause:" if is_playing else ":material/play_arrow:"
        if st.button("Pause" if is_playing else "Play", icon=icon):
            st.session_state[_PLAYING_KEY] = not is_playing
            # The whole page: the fragment's clock is set where it is called.
            st.rerun()
    return chosen

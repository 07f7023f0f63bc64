"""How far the work on an incoming file is, with a way out of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.components.import_choices import cancel_reading
from app.components.plain_text import plain
from app.services.import_findings import Findings
from app.services.importing import IncomingFile, Reading
from lane_core.data import Fixes, ReadOptions
from lane_core.records import ColumnChoice

_PHASES = {"reading": "Reading", "checking": "Checking every row", "storing": "Storing"}


@contextmanager
def shown_progress(
    place: DeltaGenerator,
    key: str,
    on_cancel: Callable[[], None],
    phases: tuple[str, ...] = tuple(_PHASES),
) -> Iterator[Callable[[str, int, int], None]]:
    """Draw a bar and a button "Cancel" for as long as the work goes on.

    The button makes Streamlit run the page anew; the run that is under way then ends at its next word about how far
    it is, out of the function that is given.

    Args:
        place: An ``st.empty()`` that the page makes in every run, so that what follows keeps its place.
        key: Of the button.
        on_cancel: Called when it is pressed, before the page is run anew.
        phases: What the work consists of, in order.

    Yields:
        What to call with the phase, the steps of it that are done, and those there are.
    """
    with place.container(border=True):
        line, button = st.columns([5, 1], vertical_alignment="center")
        bar = line.progress(0.0, text=f"{_PHASES[phases[0]]}…")
        button.button("Cancel", key=key, on_click=on_cancel, width="stretch", icon=":material/close:")

    def say(phase: str, done: int, total: int) -> None:
        at = phases.index(phase)
        words = ", ".join(f"{_PHASES[name].lower()} done" for name in phases[:at])
        text = f"{_PHASES[phase]}…" + (f" ({words})" if words else "")
        bar.progress((at + done / max(total, 1)) / len(phases), text=text)

    yield say
    place.empty()


def read_shown(incoming: IncomingFile, options: ReadOptions) -> Reading:
    """Read a file, with a bar if it is large; DataError if these options cannot."""
    place = st.empty()
    if not incoming.is_large or incoming.is_read(options):
        with st.spinner(f"Reading {plain(incoming.name)}"):
            return incoming.read(options)
    phases = ("reading", "checking")
    key = f"import_cancel_reading_{incoming.key}"
    with shown_progress(place, key, partial(cancel_reading, incoming.key), phases) as say:
        say("reading", 0, 1)
        reading = incoming.read(options)
        say("checking", 0, 1)
        return reading


def check_shown(incoming: IncomingFile, reading: Reading, columns: ColumnChoice, fixes: Fixes) -> Findings:
    """Check a file, with a bar if it is large."""
    place = st.empty()
    if not incoming.is_large or incoming.is_checked(columns):
        with st.spinner("Checking every row"):
            return incoming.check(reading, columns, fixes)
    phases = ("reading", "checking")
    key = f"import_cancel_checking_{incoming.key}"
    with shown_progress(place, key, partial(cancel_reading, incoming.key), phases) as say:
        return incoming.check(reading, columns, fixes, partial(say, "checking"))

"""What a person chooses on the way in: the file, how it is read, and which columns hold what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace

import streamlit as st

from app.services.importing import SAMPLE, IncomingFile, Reading
from lane_core.data import ReadOptions
from lane_core.records import ColumnChoice

_INCOMING_KEY = "incoming_file"
_UPLOAD, _SAMPLE = "Upload a file", "Use the sample"
_ENCODINGS = ["", "utf-8", "cp1252", "latin-1", "utf-16"]
_DELIMITERS = {"": "As found", ",": "Comma ,", ";": "Semicolon ;", "\t": "Tab", "|": "Bar |"}
_ROLES = (
    ("text", "Text column", "What people wrote; this is what the model reads."),
    ("label", "Label column", "One class a row; this is what is audited."),
    ("example_id", "Id column", "Names the rows in the exported files; without one, row numbers do."),
    (
        "split",
        "Split column",
        "Words such as train, validation and test; without one, all rows are for training.",
    ),
)
_NEEDED = ("text", "label")
_NO_COLUMN = ""
"""Choice of "none"; no column of a file has an empty name."""


def choose_file() -> IncomingFile | None:
    """Draw the choice between an upload and the sample; return the file, the same object from run to run."""
    source = st.segmented_control(
        "Where the file comes from",
        [_UPLOAD, _SAMPLE],
        default=_UPLOAD,
        required=True,
        label_visibility="collapsed",
        key="import_source",
    )
    if source == _SAMPLE:
        st.caption("Posts of a support forum, each labelled with an emotion. Some of the labels are wrong.")
        return _remember("sample", lambda: IncomingFile("sample", SAMPLE))
    # No filter by file name: a refused file is to get our message, which says what can be read instead.
    upload = st.file_uploader(
        "A CSV, TSV, JSON Lines or Parquet file with a column of texts and a column of labels",
        key="import_upload",
    )
    if upload is None:
        forget_file()
        return None
    return _remember(
        upload.file_id, lambda: IncomingFile.uploaded(upload.file_id, upload.name, upload.getvalue())
    )


def forget_file() -> None:
    """Let go of the file, and of the temporary copy with it."""
    incoming = st.session_state.pop(_INCOMING_KEY, None)
    if incoming is not None:
        incoming.discard()


def choose_reading(incoming: IncomingFile) -> ReadOptions:
    """Draw the encoding and the delimiter, folded away, for files that have them."""
    if not incoming.is_text:
        return ReadOptions()
    with st.popover("More", help="Encoding and delimiter, where they were not found right", width="stretch"):
        encoding = st.selectbox(
            "Encoding",
            _ENCODINGS,
            format_func=lambda name: name or "As found",
            help="A byte order mark in the file wins over this.",
            key=f"import_encoding_{incoming.key}",
        )
        delimiter = ""
        if incoming.is_delimited:
            delimiter = st.selectbox(
                "Delimiter",
                list(_DELIMITERS),
                format_func=_DELIMITERS.__getitem__,
                key=f"import_delimiter_{incoming.key}",
            )
    return ReadOptions(encoding or None, delimiter or None)


def choose_columns(incoming: IncomingFile, reading: Reading) -> ColumnChoice | None:
    """Draw the choices, guesses first; None until text and label are chosen."""
    guessed = asdict(reading.guess) if reading.guess else {}
    chosen = {}
    for place, (role, title, explanation) in zip(st.columns(len(_ROLES)), _ROLES, strict=True):
        names = reading.table.columns if role in _NEEDED else [_NO_COLUMN, *reading.table.columns]
        guess = guessed.get(role) or (None if role in _NEEDED else _NO_COLUMN)
        chosen[role] = place.selectbox(
            title,
            names,
            index=None if guess is None else names.index(guess),
            format_func=lambda name: name or "none",
            placeholder="Choose",
            help=explanation,
            # Another reading has other columns: its guesses count, not what was chosen before.
            key=f"import_{role}_{incoming.key}_{reading.options}",
        )
    text, label = chosen["text"], chosen["label"]
    if not text or not label:
        return None
    columns = ColumnChoice(text, label, chosen["example_id"] or None, chosen["split"] or None)
    return replace(columns, annotators=_choose_annotators(incoming, reading, columns))


def _choose_annotators(incoming: IncomingFile, reading: Reading, columns: ColumnChoice) -> tuple[str, ...]:
    """Draw the choice among the further columns, those found first; nothing where there is no further column."""
    taken = set(asdict(columns).values())
    free = [name for name in reading.table.columns if name not in taken]
    if not free:
        return ()
    chosen = st.multiselect(
        "Several people's labels",
        free,
        default=incoming.guess_annotators(reading, columns),
        placeholder="None",
        help="Columns with the labels of one person each; an empty cell is an example that this person has not seen. "
        "They say how well people agree. What is audited, and corrected in the exported file, is the label column: "
        "if the file has none, add one with the label that most people chose, or take one person's column.",
        # With another label column other columns look like labels: what is found then counts.
        key=f"import_annotators_{incoming.key}_{reading.options}_{columns.label}",
    )
    return tuple(chosen)


def _remember(key: str, make: Callable[[], IncomingFile]) -> IncomingFile:
    incoming = st.session_state.get(_INCOMING_KEY)
    if incoming is None or incoming.key != key:
        forget_file()
        incoming = make()
        st.session_state[_INCOMING_KEY] = incoming
    return incoming

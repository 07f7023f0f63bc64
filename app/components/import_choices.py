"""What a person chooses on the way in: the file, how it is read, and which columns hold what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace

import streamlit as st

from app.components.plain_text import plain
from app.roles import is_lead
from app.services.importing import FORMAT_NAMES, SAMPLE, IncomingFile, Reading, class_names, holds_numbers
from lane_core.data import ReadOptions
from lane_core.data.formats.asked_format import FORMATS
from lane_core.errors import DataError
from lane_core.records import ColumnChoice

_INCOMING_KEY = "incoming_file"
_CANCELLED_KEY = "import_cancelled"
_UPLOAD, _PLACE, _SAMPLE = "Upload a file", "Path or data set", "Use the sample"
_ENCODINGS = ["", "utf-8", "cp1252", "latin-1", "utf-16", "cp1251", "shift_jis", "gb18030", "euc-kr"]
_HEADERS = {None: "As found", True: "Yes, column names", False: "No, data already"}
_PARTS = {"excel": "Sheet", "huggingface": "Split"}
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
    """Draw where the file comes from; return the file, the same object from run to run, None if there is none yet.

    Raises:
        DataError: If there is nothing at the place that was named, or it cannot be fetched.
    """
    source = st.segmented_control(
        "Where the file comes from",
        # Who names a path reads whatever the server may read.
        [_UPLOAD, *([_PLACE] if is_lead() else []), _SAMPLE],
        default=_UPLOAD,
        required=True,
        label_visibility="collapsed",
        key="import_source",
    )
    if source == _SAMPLE:
        st.caption("Posts of a support forum, each labelled with an emotion. Some of the labels are wrong.")
        return _remember("sample", lambda: IncomingFile("sample", SAMPLE))
    return _named_place() if source == _PLACE else _upload()


def _upload() -> IncomingFile | None:
    # No filter by file name: a refused file is to get our message, which says what can be read instead.
    upload = st.file_uploader(
        "A file with a text and a label in each row: CSV, JSON, JSON Lines, Parquet, Arrow or Excel, also as gzip or "
        "zip, or an export of Label Studio, Argilla, Prodigy or doccano",
        key="import_upload",
    )
    if upload is None:
        forget_file()
        return None
    return _remember(upload.file_id, lambda: IncomingFile.uploaded(upload.file_id, upload.name, upload))


def _named_place() -> IncomingFile | None:
    place = st.text_input(
        "A file or folder on the machine that LANE Audit runs on, or a data set of the Hugging Face hub",
        placeholder="/data/reviews.csv, or hf:owner/name",
        help="Files are read in place, whatever their size. A folder is a data set that was saved with save_to_disk, "
        "or has a folder of text files for each class. hf:owner/name is downloaded.",
        key="import_place",
    ).strip()
    if not place:
        forget_file()
        return None
    key = f"place:{place}"
    with st.spinner(f"Fetching {plain(place)}"):
        return _remember(key, lambda: IncomingFile.fetched(key, place))


def forget_file() -> None:
    """Let go of the file, and of the temporary copy with it."""
    incoming = st.session_state.pop(_INCOMING_KEY, None)
    if incoming is not None:
        incoming.discard()


def cancel_reading(key: str) -> None:
    """Leave a file unread until somebody asks for it again."""
    st.session_state[_CANCELLED_KEY] = key


def is_cancelled(incoming: IncomingFile) -> bool:
    """Return whether the reading of this file was cancelled; if it was, draw the way to begin again."""
    if st.session_state.get(_CANCELLED_KEY) != incoming.key:
        return False
    st.info(f"Reading {plain(incoming.name)} was cancelled; nothing is stored.", icon=":material/close:")
    st.button(
        "Read it after all",
        key=f"import_again_{incoming.key}",
        on_click=lambda: st.session_state.pop(_CANCELLED_KEY, None),
    )
    return True


def choose_reading(incoming: IncomingFile) -> ReadOptions:
    """Draw format, encoding, delimiter and header, folded away, for files that have them; the part is chosen later."""
    part = st.session_state.get(_part_key(incoming)) or None
    if not incoming.reading_choices():
        return ReadOptions(part=part)
    encoding, delimiter, has_header = "", "", None
    with st.popover("More", help="How the file is read, where that was not found right", width="stretch"):
        file_format = st.selectbox(
            "Format",
            ["", *FORMATS],
            format_func=lambda name: FORMAT_NAMES.get(name, "As found"),
            help="Of the file, or of the one in an archive. CSV is any text with a delimiter between the cells.",
            key=f"import_format_{incoming.key}",
        )
        choices = incoming.reading_choices(file_format)
        if "encoding" in choices:
            encoding = st.selectbox(
                "Encoding",
                _ENCODINGS,
                format_func=lambda name: name or "As found",
                accept_new_options=True,
                help="A byte order mark in the file wins over this. Other names can be typed.",
                key=f"import_encoding_{incoming.key}",
            )
        if "delimiter" in choices:
            delimiter = st.selectbox(
                "Delimiter",
                list(_DELIMITERS),
                format_func=lambda sign: _DELIMITERS.get(sign, sign),
                accept_new_options=True,
                help="Any other one can be typed.",
                key=f"import_delimiter_{incoming.key}",
            )
        if "header" in choices:
            has_header = st.selectbox(
                "First row names the columns",
                list(_HEADERS),
                format_func=_HEADERS.__getitem__,
                key=f"import_header_{incoming.key}",
            )
    return ReadOptions(encoding or None, delimiter or None, has_header, part, file_format or None)


def choose_part(incoming: IncomingFile, reading: Reading) -> None:
    """Draw the choice among sheets, files of an archive or splits; the next run of the page reads that one."""
    if len(reading.table.parts) > 1:
        st.selectbox(
            _PARTS.get(reading.table.file_format, "File in the archive"),
            ["", *reading.table.parts],
            format_func=lambda name: (
                name or ("All" if reading.table.file_format == "huggingface" else "As found")
            ),
            key=_part_key(incoming),
        )


def _part_key(incoming: IncomingFile) -> str:
    return f"import_part_{incoming.key}"


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
    try:
        columns = replace(columns, class_names=_choose_class_names(incoming, reading, label))
    except DataError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return None
    return replace(columns, annotators=_choose_annotators(incoming, reading, columns))


def _choose_class_names(incoming: IncomingFile, reading: Reading, label: str) -> tuple[str, ...]:
    """Draw the box for the names that numbers stand for; nothing where the labels are no numbers."""
    known = reading.table.class_names.get(label, ())
    if not known and not holds_numbers(reading, label):
        return ()
    with st.expander(
        f"Names of the classes: {len(known)} from the file"
        if known
        else "The labels are numbers: name the classes"
    ):
        typed = st.text_area(
            "Names of the classes, one a line, that of 0 first",
            value="\n".join(known),
            placeholder="joy\nanger\nfear",
            help="A list as it stands in dataset_info.json or config.json can be pasted too. Exported files keep the "
            "numbers. Empty: the numbers are the names.",
            height=120,
            key=f"import_names_{incoming.key}_{reading.options}_{label}",
        )
    return class_names(typed)


def _choose_annotators(incoming: IncomingFile, reading: Reading, columns: ColumnChoice) -> tuple[str, ...]:
    """Draw the choice among the further columns, those found first; nothing where there is no further column."""
    taken = {columns.text, columns.label, columns.example_id, columns.split}
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

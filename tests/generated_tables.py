"""Tables made up by hypothesis, and what people decided about their labels."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

Rows = list[list[Any]]

# What programs trip over: signs that a format gives a meaning, line breaks of all kinds, numbers that are none, what
# stands for null, half of an emoji.
ODD = [
    "", " ", " a ", ",", ";", "a\tb", "|", '"', '""', "'", 'say "a, b"; c', "two\nlines", "two\r\nlines", "a\rb", "\n",
    "\r\n\r", "\\", "\\n", "007", "1e5", "0.10", "-0", "1,5", "=1+1", "+1", "@x", "2020-01-02", "NULL", "NA", "nan",
    "true", "[1]", "['a']", "{}", '{"a": 1}', "<b>&amp;", "é😀", "😀", "e\u0301", "\u202eabc", "\u2028", "\x85", "\x0b",
    "\x1c", "\ufeff", "\ufeffa", "\ud83d", "a \ud83d b", "\ufffd", "so long, " * 5000,
]  # fmt: skip
ANY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
WORDS = st.sampled_from(ODD) | ANY
TEXT = WORDS | st.none()
NAME = st.sampled_from(
    ["text", "label", "id", "id ", "a,b", 'a "b"', "two\nlines", "é😀", "0", "=1+1", "", " "]
)
CLASSES = {
    "names": ("joy", "fear", "007", "a,b", 'say "hi"', "two\nlines", "tab\there", "é😀"),
    "numbers": (0, 1, 7, -1),
}
NEW = {"names": ("joy", "007", "new", 'new "b", c\nd', "ñ😀"), "numbers": ("0", "7", "12")}
JSON_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=4,
)
STRING = pa.string()
KINDS = {
    "text": (TEXT, STRING),
    "number": (st.none() | st.integers(-(2**53), 2**53), pa.int64()),
    "share": (st.none() | st.floats(allow_nan=False, allow_infinity=False), pa.float64()),
    "flag": (st.none() | st.booleans(), pa.bool_()),
    "day": (st.none() | st.dates(datetime.date(1950, 1, 1), datetime.date(2050, 1, 1)), pa.date32()),
    "time": (
        st.none() | st.datetimes(datetime.datetime(1950, 1, 1), datetime.datetime(2050, 1, 1)),
        pa.timestamp("us"),
    ),
    "words": (st.none() | st.lists(WORDS, max_size=2), pa.list_(STRING)),
    "object": (
        st.none() | st.fixed_dictionaries({"n": st.integers(0, 9), "words": st.lists(WORDS, max_size=2)}),
        pa.struct({"n": pa.int64(), "words": pa.list_(STRING)}),
    ),
    "json": (JSON_VALUE, STRING),
}


@dataclass(frozen=True)
class Sheet:
    """A generated table, and what people decided about its labels."""

    names: list[str]
    kinds: list[str]
    rows: Rows
    label: int
    """Position of the label column."""
    labels: dict[int, str]
    excluded: set[int]

    @property
    def types(self) -> list[pa.DataType]:
        """Arrow type of each column."""
        return [LABEL_TYPES.get(kind) or KINDS[kind][1] for kind in self.kinds]

    @property
    def unique(self) -> list[str]:
        """Names for formats that can have each only once, none of them blank."""
        return [f"{name} {at}" for at, name in enumerate(self.names)]

    def cells(self, convert: Callable[[Any], Any]) -> Rows:
        return [[convert(cell) for cell in row] for row in self.rows]

    def decided(self, rows: Rows, convert: Callable[[str, Any], Any] = lambda label, old: label) -> Rows:
        """Return what is to become of the rows that an independent program read from the file."""
        return [
            [
                convert(self.labels[row], cell) if at == self.label and row in self.labels else cell
                for at, cell in enumerate(cells)
            ]
            for row, cells in enumerate(rows, start=1)
            if row not in self.excluded
        ]

    def class_of(self, label: str, _old: Any = None) -> Any:
        """Return a class as a typed column holds it."""
        return int(label) if self.kinds[self.label] == "numbers" else label


LABEL_TYPES = {"names": pa.large_string(), "numbers": pa.int16()}


@st.composite
def sheets(draw: st.DrawFn) -> Sheet:
    num_rows = draw(st.integers(1, 5))
    labels = draw(st.sampled_from(sorted(CLASSES)))
    kinds = ["ids", "text", labels, *draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=3))]
    kinds = draw(st.permutations(kinds))
    cells: dict[str, st.SearchStrategy[Any]] = {
        **{kind: values for kind, (values, _) in KINDS.items()},
        "ids": st.integers(0, 99999).map("{:06}".format),
        labels: st.none() | st.sampled_from(CLASSES[labels]),
    }
    rows = [[draw(cells[kind]) for kind in kinds] for _ in range(num_rows)]
    label = kinds.index(labels)
    # Hypothesis likes plain cells: one at least is odd.
    rows[draw(st.integers(0, num_rows - 1))][kinds.index("text")] = draw(st.sampled_from(ODD))
    rows[0][label] = CLASSES[labels][0]  # a label column says what its labels are
    names = draw(st.lists(NAME | WORDS.map(printed), min_size=len(kinds), max_size=len(kinds)))
    decided = draw(
        st.lists(st.sampled_from([*NEW[labels], "left out", None]), min_size=num_rows, max_size=num_rows)
    )
    return Sheet(
        names,
        ["text" if kind == "ids" else kind for kind in kinds],
        rows,
        label,
        {row: label for row, label in enumerate(decided, 1) if label not in (None, "left out")},
        {row for row, label in enumerate(decided, 1) if label == "left out"},
    )


def printed(text: str) -> str:
    """Return a text without lone surrogates, which names and some formats cannot hold."""
    return text.replace("\ud83d", "?")


def as_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime.date) else value


def as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(as_json(value))


def to_utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")

"""Which row of an older file each row of a newer one is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MatchedBy = Literal["id", "text"]

Places = NDArray[np.int64]


@dataclass(frozen=True)
class Matching:
    """The rows of two files, put side by side. A place is a position from 0."""

    by: MatchedBy
    old_of: Places
    """For each row of the newer file the place of the same row in the older one; -1 = there is none."""
    new: Places
    """Places in the newer file of rows that the older has not."""
    gone: Places
    """Places in the older file of rows that the newer has not."""
    changed_text: Places
    """Places in the newer file: the same row, with another text but for space around it."""
    changed_label: Places
    """Places in the newer file: the same row, with another label; some may be among ``changed_text``."""
    unchanged: Places
    """Places in the newer file: the same row, with the same text and label."""


def match_rows(old: pd.DataFrame, new: pd.DataFrame, *, have_ids: bool) -> Matching:
    """Find the rows of a newer file in an older one.

    By id if both files have ids, each once; else by text, but for space around it: what comes several times is matched
    in order of appearance. Ids of which most stand for other texts were given anew, such as row numbers after a row was
    added at the top: texts decide then, if they find over half of the smaller file.

    Args:
        old: Rows of the older file: row_id, text, label (None = the row has none).
        new: Those of the newer one.
        have_ids: Whether ``row_id`` comes from an id column, in both.
    """
    texts = _stripped(old["text"]), _stripped(new["text"])
    by: MatchedBy = "text"
    places = np.empty(0, np.int64)
    if have_ids and old["row_id"].is_unique and new["row_id"].is_unique:
        by, places = "id", _places(old["row_id"].tolist(), new["row_id"].tolist())
    if by == "text" or _are_given_anew(places, *texts):
        by_text = _places(*texts)
        if by == "text" or 2 * _known(by_text).sum() > min(len(old), len(new)):
            by, places = "text", by_text
    return _matching(by, places, old, new, _differs(*texts, places))


def _are_given_anew(places: Places, old_texts: Sequence[str], new_texts: Sequence[str]) -> bool:
    """Return whether no id, or less than half of those that both files have, stands for the same text in both."""
    num_known = int(_known(places).sum())
    num_other = int(_differs(old_texts, new_texts, places).sum())
    return 2 * num_other > num_known or num_known == 0


def _matching(
    by: MatchedBy, places: Places, old: pd.DataFrame, new: pd.DataFrame, has_other_text: NDArray[np.bool_]
) -> Matching:
    has_other_label = _differs(_labels(old), _labels(new), places)
    is_gone = np.ones(len(old), bool)
    is_gone[places[_known(places)]] = False
    return Matching(
        by,
        places,
        new=np.flatnonzero(~_known(places)),
        gone=np.flatnonzero(is_gone),
        changed_text=np.flatnonzero(has_other_text),
        changed_label=np.flatnonzero(has_other_label),
        unchanged=np.flatnonzero(_known(places) & ~has_other_text & ~has_other_label),
    )


def _known(places: Places) -> NDArray[np.bool_]:
    return places >= 0


def _places(old: Sequence[str], new: Sequence[str]) -> Places:
    """Return for each newer key the place of the same older one; the second of its kind is that of the second."""
    place_of = {key: place for place, key in enumerate(_numbered(old))}
    return np.fromiter((place_of.get(key, -1) for key in _numbered(new)), np.int64, len(new))


def _numbered(keys: Sequence[str]) -> Iterator[str | tuple[str, int]]:
    """Yield each key, from its second time on with how often it came before."""
    times: dict[str, int] = {}
    for key in keys:
        number = times.get(key, 0)
        times[key] = number + 1
        yield (key, number) if number else key


def _differs(old: Sequence[str | None], new: Sequence[str | None], places: Places) -> NDArray[np.bool_]:
    """Return for each newer row whether it is an older one with another value."""
    pairs = zip(new, places.tolist(), strict=True)
    return np.fromiter((place >= 0 and value != old[place] for value, place in pairs), bool, len(new))


def _stripped(texts: pd.Series[Any]) -> list[str]:
    return [str(text).strip() for text in texts.tolist()]


def _labels(rows: pd.DataFrame) -> list[str | None]:
    return rows["label"].astype(object).where(rows["label"].notna(), None).tolist()

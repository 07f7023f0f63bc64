"""What a report of a run holds, whatever it is written as: sections of sentences, tables and figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd

from lane_core.charts.standalone import Figure

Format = Callable[[Any], str]
MISSING = "–"
"""Stands where a number does not exist."""


@dataclass(frozen=True)
class ReportTable:
    """A table whose cells are the numbers themselves; a column without a format is shown as it is."""

    caption: str
    frame: pd.DataFrame
    """Columns are named as the reader sees them; the first one names the row."""
    formats: Mapping[str, Format] = field(default_factory=dict)

    def rows(self) -> list[list[str]]:
        """Return the cells as they are written; a missing value is a dash."""
        columns = [
            [
                MISSING if _is_missing(value) else self.formats.get(name, str)(value)
                for value in self.frame[name]
            ]
            for name in self.frame.columns
        ]
        return [list(row) for row in zip(*columns, strict=True)]

    def is_number(self, name: str) -> bool:
        """Return whether a column holds numbers, which are written one below the other."""
        return name in self.formats or pd.api.types.is_numeric_dtype(self.frame[name])


@dataclass(frozen=True)
class ReportChart:
    """A figure, what it shows in words, and its numbers for who cannot see it."""

    figure: Figure
    caption: str
    """One sentence: what is drawn."""
    numbers: ReportTable
    """The same in numbers, or the most telling of them."""


@dataclass(frozen=True)
class ReportPoints:
    """A numbered list; each point is what was seen and what to do about it."""

    points: tuple[tuple[str, str], ...]


Part = str | ReportTable | ReportChart | ReportPoints
"""A string is a paragraph. Names in it are as people wrote them: writers escape them."""


@dataclass(frozen=True)
class ReportSection:
    """A heading with what it means and what stands below it."""

    anchor: str
    """Of the heading, for links within the file."""
    heading: str
    meaning: str
    """One sentence: how to read it."""
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Report:
    """A whole report."""

    title: str
    subtitle: str
    """Run, file and label version in one sentence."""
    written_at: datetime
    sections: tuple[ReportSection, ...]

    @property
    def tables(self) -> dict[str, ReportTable]:
        """Every table and the numbers of every figure, by caption."""
        parts = [part for section in self.sections for part in section.parts]
        found = [part.numbers if isinstance(part, ReportChart) else part for part in parts]
        return {part.caption: part for part in found if isinstance(part, ReportTable)}


def _is_missing(value: Any) -> bool:
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))

"""Where everything is kept: LANE_HOME, or ~/.lane."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
APP_FOLDER = _PACKAGE / "web" if (_PACKAGE / "web").is_dir() else _PACKAGE.parent
"""Holds app/, pages/, .streamlit/ and sample_data/: the repository, or ``web`` in a package that was installed."""
SAMPLE_DATA = APP_FOLDER / "sample_data"
"""The sample that comes with the project."""
DEMO_NAME = "Sample: forum emotions"
"""Name of the project that the demo makes of it."""


@dataclass(frozen=True)
class Home:
    """Paths below one LANE_HOME."""

    path: Path

    @property
    def database(self) -> Path:
        """The DuckDB file; one process at a time may open it."""
        return self.path / "lane.duckdb"

    @property
    def runs(self) -> Path:
        """Folder of the run directories."""
        return self.path / "runs"

    @property
    def datasets(self) -> Path:
        """Folder of the files that were imported, as they came."""
        return self.path / "datasets"

    @property
    def exports(self) -> Path:
        """Folder of the exported files."""
        return self.path / "exports"


def lane_home() -> Home:
    """Return the home that the environment variable LANE_HOME names; ~/.lane without it."""
    return Home(Path(os.environ.get("LANE_HOME") or Path.home() / ".lane").expanduser().resolve())

"""Files in, files out: readers, checks, the choice of columns, and writers that keep what they were given.

Public names are loaded when first used, so that importing this package loads neither pandas nor pyarrow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

_HOMES = {
    "AUDIT_COLUMNS": "lane_core.data.writing.audit_frames",
    "AppliedChanges": "lane_core.data.comparing.changes",
    "CsvDialect": "lane_core.data.formats.csv_records",
    "Difference": "lane_core.data.comparing.differences",
    "Examples": "lane_core.data.examples",
    "FileFormat": "lane_core.data.formats.content",
    "Fixes": "lane_core.data.checking.fixes",
    "ReadOptions": "lane_core.data.formats.content",
    "Table": "lane_core.data.tables",
    "apply_changes": "lane_core.data.comparing.changes",
    "audit_frame": "lane_core.data.writing.audit_frames",
    "changes_frame": "lane_core.data.writing.audit_frames",
    "check": "lane_core.data.checking.checks",
    "diff": "lane_core.data.comparing.differences",
    "examples_of": "lane_core.data.examples",
    "fetch": "lane_core.data.sources",
    "file_sha256": "lane_core.data.writing.manifest",
    "guess_columns": "lane_core.data.columns",
    "read_changes": "lane_core.data.comparing.changes",
    "read_examples": "lane_core.data.examples",
    "read_hub": "lane_core.data.sources",
    "read_table": "lane_core.data.tables",
    "with_validation": "lane_core.data.validation",
    "write_corrected": "lane_core.data.writing.writers",
    "write_manifest": "lane_core.data.writing.manifest",
    "write_rows": "lane_core.data.writing.writers",
}

__all__ = [
    "AUDIT_COLUMNS",
    "AppliedChanges",
    "CsvDialect",
    "Difference",
    "Examples",
    "FileFormat",
    "Fixes",
    "ReadOptions",
    "Table",
    "apply_changes",
    "audit_frame",
    "changes_frame",
    "check",
    "diff",
    "examples_of",
    "fetch",
    "file_sha256",
    "guess_columns",
    "read_changes",
    "read_examples",
    "read_hub",
    "read_table",
    "with_validation",
    "write_corrected",
    "write_manifest",
    "write_rows",
]

if TYPE_CHECKING:
    from lane_core.data.checking.checks import check
    from lane_core.data.checking.fixes import Fixes
    from lane_core.data.columns import guess_columns
    from lane_core.data.comparing.changes import AppliedChanges, apply_changes, read_changes
    from lane_core.data.comparing.differences import Difference, diff
    from lane_core.data.examples import Examples, examples_of, read_examples
    from lane_core.data.formats.content import FileFormat, ReadOptions
    from lane_core.data.formats.csv_records import CsvDialect
    from lane_core.data.sources import fetch, read_hub
    from lane_core.data.tables import Table, read_table
    from lane_core.data.validation import with_validation
    from lane_core.data.writing.audit_frames import AUDIT_COLUMNS, audit_frame, changes_frame
    from lane_core.data.writing.manifest import file_sha256, write_manifest
    from lane_core.data.writing.writers import write_corrected, write_rows


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'lane_core.data' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])

"""Newer files of a project: what is new, gone and changed, and the decisions kept; and changes files."""

from lane_core.versions.adding import VersionResult, add_version, columns_for, difference_to_previous
from lane_core.versions.comparing import (
    OUTCOMES,
    Comparison,
    Outcome,
    compare_version,
    decision_words,
    kept_words,
)
from lane_core.versions.importing_changes import ProjectChanges, find_changes, import_changes

__all__ = [
    "OUTCOMES",
    "Comparison",
    "Outcome",
    "ProjectChanges",
    "VersionResult",
    "add_version",
    "columns_for",
    "compare_version",
    "decision_words",
    "difference_to_previous",
    "find_changes",
    "import_changes",
    "kept_words",
]

"""Newer files of a project: what is new, gone and changed, and the decisions kept; and changes files."""

from lane_core.versions.adding import VersionResult, add_version, columns_for, difference_to_previous
from lane_core.versions.comparing import OUTCOMES, Comparison, Outcome, compare_version
from lane_core.versions.importing_changes import ImportedChanges, import_changes

__all__ = [
    "OUTCOMES",
    "Comparison",
    "ImportedChanges",
    "Outcome",
    "VersionResult",
    "add_version",
    "columns_for",
    "compare_version",
    "difference_to_previous",
    "import_changes",
]

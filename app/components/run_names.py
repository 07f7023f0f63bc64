"""Names of runs in boxes and buttons: no two alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lane_core.records import RunRecord


def distinct_names(records: Sequence[RunRecord], projects: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return run id -> name, in the same order; runs of one name are told apart by their time (UTC).

    Args:
        records: The runs.
        projects: Data set id -> its name, to stand before the run's; None leaves it out.
    """
    names = [
        f"{projects[record.dataset_id]} · {record.name}" if projects else record.name for record in records
    ]
    return {
        record.run_id: name if names.count(name) == 1 else f"{name} ({record.created_at:%d %b %Y %H:%M:%S})"
        for record, name in zip(records, names, strict=True)
    }

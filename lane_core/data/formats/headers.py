"""Column names that everything else can rely on."""

from __future__ import annotations

from lane_core.errors import DataError


def check_column_names(names: list[str], file_name: str) -> None:
    """Raise DataError, with the names, if a column has no name or two have the same."""
    unnamed = [str(position) for position, name in enumerate(names, start=1) if not name.strip()]
    if unnamed:
        raise DataError(
            f"Column {', '.join(unnamed)} of {len(names)} in {file_name} has no name (columns: {names}). "
            "Name it; pandas writes such a column unless to_csv is called with index=False."
        )
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(
            f"{file_name} has more than one column named {', '.join(map(repr, repeated))}. "
            "Rename them so that each name stands once."
        )

"""What a person has ticked on the way in: how the faults of a file are dealt with, without changing the file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any

from lane_core.errors import DataError


@dataclass(frozen=True)
class Fixes:
    """How the faults of a file are dealt with, in the order in which they are looked for.

    Rows that are left out are neither trained on nor reviewed; the corrected file keeps them as they are. The choice
    is kept with the data set, so that a later version of the file is read alike.

    Example:
        >>> Fixes.from_json(Fixes(drop_empty=True).to_json())
        Fixes(drop_multi_label=False, join_spellings=False, drop_unlabelled=False, drop_empty=True, drop_junk=False, \
drop_other_language=False, drop_leaks=False, drop_duplicates=False, min_class_size=0)
    """

    drop_multi_label: bool = False
    """Leave rows with several labels out."""
    join_spellings: bool = False
    """Read labels that differ only by capitals or spaces as the commonest spelling; the cells of the file stay."""
    drop_unlabelled: bool = False
    """Leave rows without a label out, where they would otherwise stop the import."""
    drop_empty: bool = False
    """Leave rows without a text out."""
    drop_junk: bool = False
    """Leave rows out whose text is no words: control characters, codes, hardly a letter."""
    drop_other_language: bool = False
    """Leave rows out that are clearly in another script or language than most."""
    drop_leaks: bool = False
    """Leave rows for training out whose text is also there for validation or testing."""
    drop_duplicates: bool = False
    """Of rows of one split with equal texts and labels keep the first."""
    min_class_size: int = 0
    """Leave classes with fewer examples than this out; 0 = keep all."""

    def to_json(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Fixes:
        """Return what ``to_json`` wrote, by this version or an earlier one.

        Raises:
            DataError: If it is something else.
        """
        try:
            found: Any = json.loads(text)
        except ValueError as error:
            raise DataError(f"The fixes of the data set are not JSON: {error}.") from error
        kinds = {field.name: type(field.default) for field in fields(cls)}
        if not isinstance(found, dict) or any(
            type(value) is not kinds.get(name) for name, value in found.items()
        ):
            raise DataError(f"The fixes of the data set are {text[:80]!r}. Import the file again.")
        return cls(**found)

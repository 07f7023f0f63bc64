"""What a check of the data found, and how it is mended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lane_core.store.store import Store


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be, or that is worth knowing."""

    kind: str
    """What sort of thing, the same for all of its sort: "broken_import", "missing_source" ..."""
    what: str
    """What is wrong, where, and the numbers seen."""
    mend: str
    """What to do, for people; where ``repair`` can do it, what that does."""
    repair: Callable[[Store], None] | None = field(default=None, compare=False, repr=False)
    """Mends it, given the opened store; None where only a person can."""
    is_fault: bool = True
    """False: a note. Nothing is wrong, and nothing needs to be done for the data to be whole."""

    @property
    def is_repairable(self) -> bool:
        """Whether ``repair`` mends it."""
        return self.repair is not None

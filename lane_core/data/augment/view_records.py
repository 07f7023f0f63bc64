"""What augmentation hands on: the views, and where an operation could not do its work."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Substitution:
    """An operation of one view that left ``num_texts`` texts as they were, and why."""

    view: int
    operation: str
    reason: str
    num_texts: int
    replaced_by: str = "dropout"
    """The operation that took its place: no other words, only the network's own dropout."""


@dataclass(frozen=True)
class Views:
    """V views of N texts. A view shares its example's label and weight."""

    operations: tuple[tuple[str, ...], ...]
    """What view v was to be made with; () for view 0, the text itself."""
    texts: tuple[list[str], ...]
    """V lists of N texts, before word pieces were switched."""
    token_ids: tuple[list[list[int]], ...] | None
    """V lists of N rows of word-piece ids, special ones included; None if no tokenizer was given."""
    substitutions: tuple[Substitution, ...]

    @property
    def num_views(self) -> int:
        """V, the text itself included."""
        return len(self.texts)

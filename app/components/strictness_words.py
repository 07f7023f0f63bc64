"""The strictnesses as the options of a control: words that stay whatever their counts are."""

from __future__ import annotations

from lane_core.records import Strictness
from lane_core.wording import STRICTNESS_MEANINGS

STRICTNESS_OPTIONS: dict[Strictness, str] = {
    name: f"**{name.capitalize()}** · {meaning}" for name, meaning in STRICTNESS_MEANINGS.items()
}
"""Strictness -> Markdown of its option."""

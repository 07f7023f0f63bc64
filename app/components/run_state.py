"""How the state of a run looks: a mark and a word, never colour alone."""

from __future__ import annotations

from lane_core.records import RunState

STATE_MARKS: dict[RunState, str] = {
    "queued": "◔",
    "running": "▶",
    "finished": "●",
    "failed": "✕",
    "cancelled": "■",
    "interrupted": "‖",
}

RESUMABLE_STATES: tuple[RunState, ...] = ("cancelled", "interrupted", "failed")
"""Those from which a run can go on."""

"""Every preset by name: what it is for, and the function that writes it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

from lane_core.errors import DataError

if TYPE_CHECKING:
    from lane_core.data.presets.preset import Preset


@dataclass(frozen=True)
class PresetEntry:
    """A preset as people choose it."""

    title: str
    """Name of the tool."""
    purpose: str
    """What the files are for, in a sentence."""
    home: str
    """Module and name of the function, loaded when it is needed: some bring a large library with them."""

    def load(self) -> Preset:
        """Return the function."""
        module, name = self.home.split(":")
        return cast("Preset", getattr(import_module(f"lane_core.data.presets.{module}"), name))


PRESETS: dict[str, PresetEntry] = {
    "cleanlab": PresetEntry(
        "cleanlab", "Label issues and scores as its functions take them.", "cleanlab:write_cleanlab"
    ),
    "aum": PresetEntry(
        "AUM", "The area under the margin of each training example, one line each.", "aum:write_aum"
    ),
    "cartography": PresetEntry(
        "Cartography",
        "Confidence, variability and correctness of each training example.",
        "cartography:write_cartography",
    ),
    "huggingface": PresetEntry(
        "Hugging Face", "A data set for load_from_disk, with a data card.", "hugging_face:write_hugging_face"
    ),
    "label_studio": PresetEntry(
        "Label Studio",
        "Tasks to import, with labels and predictions, and the labelling interface for them.",
        "label_studio:write_label_studio",
    ),
    "argilla": PresetEntry(
        "Argilla", "Records with responses and suggestions, for records.from_json.", "argilla:write_argilla"
    ),
    "prodigy": PresetEntry(
        "Prodigy", "Tasks for db-in and for recipes with the choice interface.", "prodigy:write_prodigy"
    ),
}
"""Preset by the name that commands and addresses use, in the order in which they are offered."""


def find_preset(name: str) -> PresetEntry:
    """Return a preset; DataError with the names that there are if there is none of this name."""
    if name not in PRESETS:
        raise DataError(f"There is no preset {name!r}. There are: {', '.join(PRESETS)}.")
    return PRESETS[name]

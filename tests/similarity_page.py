"""The Similarity page in a test: opening it, and reading what it shows."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import uuid4

from streamlit.testing.v1 import AppTest

from app.services.workspaces import workspace
from lane_core.records import Decision
from lane_core.store import decisions
from tests.small_project import SmallProject

MAIN = str(Path(__file__).resolve().parent.parent / "app" / "main.py")
CONFUSION = "Given against predicted"
FLOWS = "Given to suggested"


def open_page(**address: str) -> AppTest:
    at = AppTest.from_file(MAIN, default_timeout=30)
    at.switch_page("../pages/similarity.py")
    for name, value in address.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    return at


def texts(at: AppTest) -> list[str]:
    return [element.value for element in [*at.markdown, *at.text, *at.caption]]


def button(at: AppTest, label: str):
    return next(element for element in at.main.button if element.label == label)


def pair(at: AppTest) -> tuple[str, str]:
    chosen = {box.label: box.value for box in at.main.selectbox}
    return chosen["Given label"], chosen["Predicted label"]


def chart(at: AppTest) -> dict:
    return json.loads(at.main.get("plotly_chart")[0].proto.spec)


def named(at: AppTest) -> list[str]:
    """The classes of the chart, from top to bottom."""
    names = chart(at)["layout"]["yaxis"]["labelalias"]
    return [names[str(place)] for place in range(len(names))]


def decide(project: SmallProject, index: int, action: str, label: str | None = None) -> None:
    decision = Decision(
        uuid4().hex, project.dataset.dataset_id, index, action, label, "anger", project.run.run_id, "anna"
    )
    decisions.record_decisions(workspace().store, [decision])

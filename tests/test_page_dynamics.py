"""The Dynamics page: five views, each with its queue. What a lasso holds: tests/test_dynamics.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.services import dynamics, dynamics_map
from app.services.workspaces import workspace
from lane_core.records import ColumnChoice, QueueFilter
from lane_core.store.review_queries import queue_counts, review_queue
from lane_core.workspace import Workspace
from tests.small_project import SmallProject
from tests.test_page_similarity import without_events

MAIN = str(Path(__file__).resolve().parent.parent / "app" / "main.py")


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    dynamics.forget()
    dynamics_map.forget()


def open_page(**address: str | list[str]) -> AppTest:
    at = AppTest.from_file(MAIN, default_timeout=30)
    at.switch_page("../pages/dynamics.py")
    for name, value in address.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    return at


def texts(at: AppTest) -> list[str]:
    return [element.value for element in [*at.main.markdown, *at.main.text, *at.main.caption, *at.main.info]]


def button(at: AppTest, label: str):
    return next(element for element in at.main.button if element.label == label)


def charts(at: AppTest) -> list[dict]:
    return [json.loads(element.proto.spec) for element in at.main.get("plotly_chart")]


def title(chart: dict) -> str:
    return chart["layout"]["title"]["text"]


def queue_after(at: AppTest, project: SmallProject) -> list[int]:
    """Return the examples of the queue that the page has led to."""
    assert at.title[0].value == "Review"
    assert {name: at.query_params[name] for name in ("status", "scope")} == {"status": "all", "scope": "all"}
    filters = QueueFilter(selection=at.query_params["selection"], status="all", suspects_only=False)
    return review_queue(workspace().store, project.run.run_id, filters, 99)["index"].tolist()


def test_without_project_run_or_epoch_the_page_leads_on(app_home, tmp_path) -> None:
    at = open_page()
    assert at.main.markdown[0].value.startswith("No project yet.")
    source = tmp_path / "two.csv"
    source.write_text("text,label\none,a\ntwo,b\nthree,a\nfour,b\n", encoding="utf-8")
    workspace().add_dataset(source, ColumnChoice("text", "label"), "Two")
    at = open_page()
    assert at.main.markdown[0].value.startswith("No run yet.")
    assert button(at, "Go to Train")


def test_before_the_first_epoch_the_page_leads_to_the_run(small_project, app_home) -> None:
    without_events(app_home, small_project)
    at = open_page(run="fresh")
    assert at.main.markdown[0].value.startswith("Nothing to see yet")
    assert button(at, "Watch the run")


def test_margins_say_who_weighs_less_and_open_them(small_project, app_home) -> None:
    at = open_page()
    assert [title(chart) for chart in charts(at)] == [
        "Label-aware margins after epoch 2",
        "Examples with ALM below 0",
        "Clipped similarities",
    ]
    assert (
        "3 of 18 training examples have an ALM below 0 (μ = -1.50, σ = 0.40); 3 of them weigh less."
        in texts(at)
    )
    at.main.select_slider[0].set_value(1).run()
    assert title(charts(at)[0]) == "Label-aware margins after epoch 1"
    button(at, "Review 3 that weigh less").click().run()
    assert queue_after(at, small_project) == [3, 7, 11]
    assert any("that weigh less after epoch 1" in caption.value for caption in at.main.caption)


def test_play_goes_through_the_epochs(small_project, app_home) -> None:
    at = open_page()
    button(at, "Play").click().run()
    assert title(charts(at)[0]) == "Label-aware margins after epoch 1"
    at.run()
    assert title(charts(at)[0]) == "Label-aware margins after epoch 2"


def test_weights_open_the_flagged_and_the_distrusted(small_project, app_home) -> None:
    at = open_page(dynamics="Weights")
    assert [title(chart) for chart in charts(at)] == ["Training weight of flagged and other labels"]
    assert "After epoch 2 the mean weight of the flagged labels is 0.25 and of the others 1.00." in texts(at)
    assert [element.label for element in at.main.button] == ["Review 3 flagged"]
    with workspace().store.transaction() as cursor:
        cursor.execute("update example_results set weight = 0.4 where index in (5, 20)")
    at.run()
    button(at, "Review 1 not flagged, weight below 0.5").click().run()
    # 20 is held out: nothing trains on it.
    assert queue_after(at, small_project) == [5]


def test_the_queue_of_the_flagged_holds_what_the_button_says(small_project, app_home) -> None:
    at = open_page(dynamics="Weights")
    button(at, "Review 3 flagged").click().run()
    assert at.title[0].value == "Review"
    counts = queue_counts(workspace().store, small_project.run.run_id, dynamics.FLAGGED_IN_TRAINING)
    assert counts["total"] == 3


def test_trajectories_begin_with_the_worst_and_follow_what_is_picked(small_project, app_home) -> None:
    at = open_page(dynamics="Trajectories")
    chart = charts(at)[0]
    assert title(chart) == "Average label-aware margin over the epochs"
    names = [trace["name"] for trace in chart["data"]]
    assert names == ["mean of anger", "mean of fear", "mean of joy", "003", "007", "011"]
    assert "example" not in at.query_params
    at.main.text_input[0].set_value("number 20").run()
    assert at.main.multiselect[0].label == "Examples (1 found, worst first)"
    at.main.multiselect[0].set_value([3, 20]).run()
    assert at.query_params["example"] == ["3", "20"]
    assert [trace["name"] for trace in charts(at)[0]["data"]][-2:] == ["003", "020"]
    # What was found by other words stays picked.
    at.main.text_input[0].set_value("").run()
    assert at.main.multiselect[0].value == [3, 20]
    button = next(element for element in at.main.button if element.key == "review_20")
    button.click().run()
    assert queue_after(at, small_project) == [20]


def test_the_address_brings_the_picked_examples_back(small_project, app_home) -> None:
    at = open_page(dynamics="Trajectories", measure="Margin", example=["8", "no", "99999999999", "500", "5"])
    assert title(charts(at)[0]) == "Margin over the epochs"
    assert at.main.multiselect[0].value == [8, 5]
    at.main.multiselect[0].set_value([]).run()
    assert any("No example is chosen" in text for text in texts(at))
    assert not at.exception


def test_picked_examples_outlive_another_tab(small_project, app_home) -> None:
    at = open_page(dynamics="Trajectories")
    at.main.multiselect[0].set_value([11]).run()
    at.session_state["dynamics"] = "Losses"
    at.run()
    at.session_state["dynamics"] = "Trajectories"
    at.run()
    assert at.main.multiselect[0].value == [11]


def test_the_data_map_names_its_regions(small_project, app_home) -> None:
    at = open_page(dynamics="Data map")
    assert title(charts(at)[0]) == "Data map after 2 epochs"
    assert [trace["name"] for trace in charts(at)[0]["data"]] == ["never", "in all epochs"]
    said = texts(at)
    assert "6 examples, 3 flagged" in said
    assert "After one epoch nothing varies yet." in said
    next(element for element in at.main.button if element.key == "review_hard").click().run()
    # The three suspects, and by place the first of the others, all alike.
    assert sorted(queue_after(at, small_project)) == [0, 1, 2, 3, 7, 11]


def test_losses_show_both_charts_and_the_held_out_labels(small_project, app_home) -> None:
    at = open_page(dynamics="Losses")
    assert [title(chart) for chart in charts(at)] == ["Loss while training", "Agreement with held-out labels"]
    assert "On 0 held-out examples the run does not agree with the label in the end." in texts(at)


def test_a_dropped_history_is_said_and_breaks_no_view(small_project, app_home) -> None:
    opened = Workspace(app_home)
    opened.drop_history(small_project.run.run_id)
    opened.close()
    at = open_page()
    for view in ("Margins", "Weights", "Trajectories", "Data map", "Losses"):
        at.session_state["dynamics"] = view
        at.run()
        assert not at.exception
        assert any("dropped to save room" in text for text in texts(at))
        assert charts(at)
    # What the metrics keep is still drawn for both epochs.
    assert charts(at)[1]["data"][0]["x"]

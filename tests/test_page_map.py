"""The Map page on a project of 24 texts whose places are made up. Real drawing: the browser tests."""

from __future__ import annotations

import io
import json
from pathlib import Path
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app.components import map_progress, map_view
from app.services import embedding_map
from app.services.embedding_map import Region
from app.services.workspaces import workspace
from lane_core.home import Home
from lane_core.records import Decision, QueueFilter
from lane_core.runs.map_job import MAP_SCHEMA
from lane_core.runs.map_status import MapProgress, MapStatus, write_note
from lane_core.runs.run_dir import RunDir
from lane_core.runs.tables import write_table
from lane_core.store import classes, decisions
from lane_core.store.review_queries import review_queue
from lane_core.store.selections import find_selection
from lane_core.training.saving import save_embeddings
from tests.small_project import SUSPECTS, SmallProject

MAIN = str(Path(__file__).resolve().parent.parent / "app" / "main.py")
LEFT = ((-0.5, -0.5), (1.5, -0.5), (1.5, 9.0), (-0.5, 9.0))
"""Around the examples 0 to 7: example n lies at x = n // 4, y = n % 4."""


def run_dir_of(project: SmallProject, home: Home) -> RunDir:
    return RunDir(home.runs / project.run.run_id)


@pytest.fixture
def mapped(small_project: SmallProject, app_home: Home) -> SmallProject:
    number = np.arange(24)
    places = pd.DataFrame({"index": number, "x": number // 4, "y": number % 4})
    write_table(run_dir_of(small_project, app_home).result / "map.parquet", places, MAP_SCHEMA)
    return small_project


def open_page(region: Region | None = None, run_id: str = "", **address: str) -> AppTest:
    at = AppTest.from_file(MAIN, default_timeout=30)
    if region:
        at.session_state["map_region"] = (run_id, region)
    at.run()
    at.switch_page("../pages/map.py")
    for name, value in address.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    assert at.title[0].value == "Map"
    return at


def said(at: AppTest) -> str:
    return "\n".join(element.value for element in [*at.main.markdown, *at.main.caption, *at.main.text])


def button(at: AppTest, label: str):
    return next(element for element in at.main.button if element.label == label)


def chart(at: AppTest) -> dict:
    return json.loads(at.main.get("plotly_chart")[0].proto.spec)


def decide(project: SmallProject, index: int, action: str, label: str | None = None) -> None:
    taken = Decision(
        uuid4().hex, project.dataset.dataset_id, index, action, label, "anger", project.run.run_id, "<b>ana</b>"
    )  # fmt: skip
    decisions.record_decisions(workspace().store, [taken])


# Before there is a map


def test_without_a_project_the_page_leads_to_the_import(app_home: Home) -> None:
    assert [element.label for element in open_page().main.button] == ["Import a file"]


def test_a_run_that_left_no_embeddings_leads_to_train(small_project: SmallProject, app_home: Home) -> None:
    at = open_page()
    assert "No map yet" in said(at)
    button(at, "Watch the run").click().run()
    assert at.title[0].value == "Train"


def test_the_map_is_laid_out_when_asked_for(small_project, app_home, monkeypatch) -> None:
    save_embeddings(
        run_dir_of(small_project, app_home).result, np.random.default_rng(0).normal(size=(24, 4)).astype("f4")
    )
    started = []
    monkeypatch.setattr(map_progress.embedding_map.map_job, "start_map", started.append)
    at = open_page()
    assert "There is no map of this run yet." in said(at)
    button(at, "Lay out the map").click().run()
    assert [one.run_id for one in started] == [small_project.run.run_id]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (MapStatus("failed", message="The disk is *full*"), "The disk is \\*full\\*"),
        (MapStatus("interrupted"), "Laying out the map was interrupted"),
    ],
)
def test_a_map_that_came_to_nothing_says_why_and_can_be_started_again(
    status, words, small_project, app_home, monkeypatch
) -> None:
    save_embeddings(run_dir_of(small_project, app_home).result, np.ones((24, 4), dtype="f4"))
    monkeypatch.setattr(embedding_map, "status", lambda run_id: status)
    at = open_page()
    assert words in "".join(element.value for element in [*at.error, *at.warning])
    assert button(at, "Start again")


def test_a_job_that_was_killed_is_told_from_its_files(small_project, app_home) -> None:
    run_dir = run_dir_of(small_project, app_home)
    save_embeddings(run_dir.result, np.ones((24, 4), dtype="f4"))
    write_note(run_dir, MapProgress("arranging", 0.5, 12.0))
    assert open_page().warning[0].value.startswith("Laying out the map was interrupted")


def test_while_it_goes_on_the_page_says_how_long_it_takes(small_project, app_home, monkeypatch) -> None:
    save_embeddings(run_dir_of(small_project, app_home).result, np.ones((24, 4), dtype="f4"))
    going = MapStatus("going", "placing the others", 0.4, 95.0)
    monkeypatch.setattr(embedding_map, "status", lambda run_id: going)
    at = open_page()
    bar = at.main.get("progress")[0].proto
    assert (bar.value, bar.text) == (40, "Laying out the map: placing the others, about 2 min left")
    assert not at.main.button


# The map


def test_the_map_shows_every_example_under_its_label(mapped: SmallProject) -> None:
    at = open_page()
    assert "24 examples, texts alike lie together." in said(at)
    assert "Nothing is marked" in said(at)
    drawn = chart(at)["data"]
    assert [trace["name"] for trace in drawn] == ["anger", "fear", "joy"] * 2
    # 3, 7 and 11 are the suspects, given anger, fear and joy.
    assert [trace["text"] for trace in drawn[3:]] == [
        ["text number 3, with a comma<br>given anger, suggested fear<br>label right with 5.0 %"],
        ["text number 7, with a comma<br>given fear, suggested joy<br>label right with 7.0 %"],
        ["text number 11, with a comma<br>given joy, suggested anger<br>label right with 9.0 %"],
    ]


def test_the_address_holds_the_colouring(mapped: SmallProject) -> None:
    at = open_page(map_by="status")
    assert at.main.selectbox(key="map_by").value == "status"
    assert [trace["name"] for trace in chart(at)["data"]] == [
        "neither flagged nor reviewed",
        "suspect, not reviewed",
    ]
    at.main.selectbox(key="map_by").set_value("label score").run()
    assert dict(at.query_params)["map_by"] == "label score"
    assert (
        chart(at)["layout"]["coloraxis"]["colorbar"]["title"]["text"] == "probability that the label is right"
    )
    assert open_page(map_by="annotator").main.selectbox(key="map_by").value == "given label"


def test_only_suspects_are_coloured_by_their_suggestion(mapped: SmallProject) -> None:
    drawn = chart(open_page(map_by="suggested label"))["data"]
    assert [trace["name"] for trace in drawn] == ["another label, or no suspect", "anger", "fear", "joy"]


def test_statuses_and_people_follow_the_decisions(mapped: SmallProject) -> None:
    open_page()
    decide(mapped, 3, "relabel", "fear")
    decide(mapped, 0, "keep")
    decide(mapped, 1, "exclude")
    found = embedding_map.embedding_map(mapped.run.run_id)
    assert found.frame["status"].tolist()[:8] == [1, 3, -1, 2, -1, -1, -1, 0]
    assert found.frame["annotator"].tolist()[:5] == [0, 0, -1, 0, -1]
    drawn = chart(open_page(map_by="annotator"))["data"]
    assert {trace["name"] for trace in drawn} == {"nobody yet", "&lt;b&gt;ana&lt;/b&gt;"}


def test_a_replaced_class_counts_as_the_one_in_its_place(mapped: SmallProject) -> None:
    open_page()
    classes.replace_class(workspace().store, mapped.dataset.dataset_id, "anger", "fear", "lead")
    assert {trace["name"] for trace in chart(open_page())["data"]} == {"fear", "joy"}


# Marks


def test_a_mark_becomes_a_queue_of_exactly_what_lies_inside(mapped: SmallProject) -> None:
    decide_later = Region((LEFT,))
    at = open_page(decide_later, mapped.run.run_id)
    assert "**8 examples marked**" in said(at)
    assert "2 suspects, 0 reviewed already" in said(at)
    assert [element.value for element in at.main.text] == [
        f"text number {index}, with a comma" for index in (3, 7, 0, 1, 2)
    ]
    table = at.main.dataframe[0].value
    assert table["label"].tolist() == ["anger", "fear", "joy"]
    assert table["selected"].tolist() == [3, 3, 2]
    assert table["suspects"].tolist() == [1, 1, 0]
    at.main.selectbox(key="map_by").set_value("status").run()
    assert "**8 examples marked**" in said(at)
    assert chart(at)["layout"]["selections"][0]["path"] == "M-0.5,-0.5L1.5,-0.5L1.5,9L-0.5,9Z"
    button(at, "Review 8 selected").click().run()
    assert at.title[0].value == "Review"
    assert queue_behind(at, mapped) == ("marked on the map", list(range(8)))


def test_the_suspects_inside_have_a_queue_of_their_own(mapped: SmallProject) -> None:
    at = open_page(Region((LEFT,)), mapped.run.run_id)
    button(at, "Only the 2 suspects").click().run()
    assert queue_behind(at, mapped) == ("suspects marked on the map", [3, 7])


def queue_behind(at: AppTest, project: SmallProject) -> tuple[str, list[int]]:
    selection = at.query_params["selection"]
    kept = find_selection(workspace().store, project.dataset.dataset_id, selection)
    anything = QueueFilter(selection=selection, status="all", suspects_only=False)
    queue = review_queue(workspace().store, project.run.run_id, anything, limit=99)
    return kept.words, sorted(queue["index"])


def test_a_clicked_point_shows_its_text(mapped: SmallProject) -> None:
    at = open_page(Region((), (11,)), mapped.run.run_id)
    assert "**1 example marked**" in said(at)
    assert [element.value for element in at.main.text] == ["text number 11, with a comma"]
    assert [one.label for one in at.main.button] == ["Review 1 selected", "Clear the mark"]


def test_a_mark_can_be_cleared_and_an_empty_one_leads_nowhere(mapped: SmallProject) -> None:
    at = open_page(Region((((50, 50), (51, 50), (51, 51)),)), mapped.run.run_id)
    assert "No point lies inside the mark." in said(at)
    assert [one.label for one in at.main.button] == ["Clear the mark"]
    button(at, "Clear the mark").click().run()
    assert "Nothing is marked" in said(at)


def test_a_mark_belongs_to_the_map_of_its_run(mapped: SmallProject) -> None:
    assert "Nothing is marked" in said(open_page(Region((LEFT,)), "another run"))


def test_what_the_browser_sends_is_kept_as_a_region(monkeypatch) -> None:
    class Chart(dict):
        __getattr__ = dict.__getitem__

    def mark(**selection):
        known = {"points": [], "box": [], "lasso": [], **selection}
        state = {"map_chart": Chart(selection=Chart(known))}
        monkeypatch.setattr(map_view.st, "session_state", state)
        map_view._mark("run")
        return state["map_region"][1]

    points = [{"customdata": 7}, {"customdata": [9]}]
    assert mark(points=points) == Region((), (7, 9))
    assert mark(points=points, box=[{"x": [0, 2], "y": [5, 3]}]) == Region(
        (((0, 5), (2, 5), (2, 3), (0, 3)),)
    )
    assert mark(lasso=[{"x": [0, 1, 2], "y": [3, 4, 5]}]) == Region((((0, 3), (1, 4), (2, 5)),))
    assert mark() == Region()


# Many


def test_of_too_many_points_all_suspects_and_a_fixed_sample_are_drawn(mapped, monkeypatch) -> None:
    monkeypatch.setattr(embedding_map, "MOST_DRAWN", 10)
    monkeypatch.setattr(embedding_map, "MOST_WITH_TEXTS", 5)
    embedding_map.forget()
    at = open_page(Region((LEFT,)), mapped.run.run_id)
    assert "10 of 24 examples are drawn" in said(at)
    assert "**8 examples marked**" in said(at)
    drawn = embedding_map.embedding_map(mapped.run.run_id).drawn
    assert len(drawn) == 10
    assert set(SUSPECTS) < set(drawn["index"])
    assert set(drawn.loc[drawn["hover"] != "", "index"]) == set(SUSPECTS)
    embedding_map.forget()
    assert embedding_map.embedding_map(mapped.run.run_id).drawn["index"].tolist() == drawn["index"].tolist()


def test_of_more_classes_than_symbols_the_most_suspected_are_picked(mapped, monkeypatch) -> None:
    monkeypatch.setattr(map_view, "MAX_CATEGORIES", 2)
    monkeypatch.setattr(map_view, "MOST_PICKED", 2)
    decide_first = open_page()
    picker = decide_first.main.multiselect[0]
    assert picker.value == [0, 1]
    assert {trace["name"] for trace in chart(decide_first)["data"]} == {"other labels", "anger", "fear"}
    picker.set_value([2]).run()
    assert {trace["name"] for trace in chart(decide_first)["data"]} == {"other labels", "joy"}
    picker.set_value([]).run()
    assert {trace["name"] for trace in chart(decide_first)["data"]} == {"other labels"}


def test_the_file_holds_every_example_with_its_labels_in_words(mapped: SmallProject) -> None:
    open_page()
    decide(mapped, 3, "relabel", "fear")
    table = pd.read_csv(
        io.BytesIO(embedding_map.as_csv(embedding_map.embedding_map(mapped.run.run_id))),
        dtype={"example_id": str},
        keep_default_na=False,
    )
    assert len(table) == 24
    third = table.iloc[3].to_dict()
    assert third["label_score"] == pytest.approx(0.05)
    assert {name: third[name] for name in third if name not in ("label_score", "alm")} == {
        "example_id": "003", "x": 0.0, "y": 3.0, "given_label": "anger", "suggested_label": "fear",
        "is_label_issue": True, "status": "relabel", "annotator": "<b>ana</b>",
    }  # fmt: skip

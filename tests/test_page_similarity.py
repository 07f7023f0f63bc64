"""The Similarity page: the class similarity and what its cells lead to. Clicks: tests/browser."""

from __future__ import annotations

from app.components.epoch_player import next_tick
from app.services import similarities
from app.services.workspaces import workspace
from lane_core.config import RunConfig
from lane_core.records import ColumnChoice, RunRecord
from lane_core.runs.run_dir import RunDataset
from lane_core.store import datasets, runs
from lane_core.workspace import Workspace
from tests.similarity_page import CONFUSION, button, chart, decide, named, open_page, pair, texts
from tests.small_project import CLASSES, SmallProject, add_finished_run


def without_events(home, project: SmallProject) -> RunRecord:
    """Lay down a run that has not finished an epoch."""
    opened = Workspace(home)
    labels = datasets.current_labels(opened.store, project.dataset.dataset_id)
    examples = labels[["index", "example_id", "text", "given_label", "split"]]
    record = RunRecord(
        "fresh", project.dataset.dataset_id, "Fresh", RunConfig().to_json(), 0, project.run.created_at
    )
    origin = RunDataset(project.dataset.dataset_id, "Small project", CLASSES, 0)
    opened.run_dir("fresh").create(RunConfig(), origin, examples)
    runs.add_run(opened.store, record, examples[["index", "split"]].assign(label=examples["given_label"]))
    opened.close()
    return record


def test_without_a_project_the_page_leads_to_the_import(app_home) -> None:
    at = open_page()
    assert at.main.markdown[0].value.startswith("No project yet.")
    button(at, "Import a file").click().run()
    assert at.title[0].value == "Data"


def test_without_a_run_the_page_leads_to_train(app_home, tmp_path) -> None:
    opened = Workspace(app_home)
    source = tmp_path / "two.csv"
    source.write_text("text,label\none,a\ntwo,b\nthree,a\nfour,b\n", encoding="utf-8")
    opened.add_dataset(source, ColumnChoice("text", "label"), "Two")
    opened.close()
    at = open_page()
    assert at.main.markdown[0].value.startswith("No run yet.")
    button(at, "Go to Train").click().run()
    assert at.title[0].value == "Train"


def test_before_the_first_epoch_the_page_leads_to_the_run(small_project, app_home) -> None:
    without_events(app_home, small_project)
    at = open_page(run="fresh")
    assert at.main.markdown[0].value.startswith("Nothing to see yet")
    assert button(at, "Watch the run")


def test_similarity_names_the_brightest_pairs_and_their_queues(small_project, app_home) -> None:
    at = open_page()
    said = texts(at)
    notable = [text for text in said if text.startswith("Pi takes")][:3]
    # Row means without the diagonal: fear (0.25 + 0.10) / 2, anger (0.2 + 0.1) / 2, joy (0.05 + 0.15) / 2.
    assert notable == [
        "Pi takes **fear** for **anger** with 0.25 on average; row mean 0.18",
        "Pi takes **anger** for **fear** with 0.20 on average; row mean 0.15",
        "Pi takes **joy** for **fear** with 0.15 on average; row mean 0.10",
    ]
    assert pair(at) == ("fear", "anger")
    assert any(text.startswith("A bright cell:") for text in said)
    # The run suggests fear for all 8 examples given anger, and neither of the other two pairs for any.
    assert [element.label for element in at.main.button if "notable" in (element.key or "")] == [
        "Nothing left", "Review 8", "Nothing left",
    ]  # fmt: skip
    assert "No example belongs to this pair." in said


def test_similarity_queue_is_what_was_suggested_and_waits(small_project, app_home) -> None:
    at = open_page(similarity_given="anger", similarity_predicted="fear")
    said = texts(at)
    assert "8 examples with this suggestion to review, 1 suspected; 0 reviewed already. Worst first:" in said
    assert said[said.index("text number 3, with a comma") :][:2] == [
        "text number 3, with a comma",
        "text number 0, with a comma",
    ]
    assert "003 · suspect" in said
    assert "000" in said
    button(at, "Review all 8").click().run()
    assert at.title[0].value == "Review"
    address = {name: at.query_params[name] for name in ("given", "suggested", "scope")}
    assert address == {"given": "anger", "suggested": "fear", "scope": "all"}
    assert "status" not in at.query_params


def test_a_class_with_itself_has_no_similarity_queue(small_project, app_home) -> None:
    at = open_page(similarity_given="joy", similarity_predicted="joy")
    assert "Pi backs the label **joy** with 0.80 on average. Choose two classes." in texts(at)
    assert not [element for element in at.main.button if element.label.startswith("Review all")]


def test_reviewed_examples_leave_the_similarity_queue_but_not_the_cell(small_project, app_home) -> None:
    at = open_page(similarity_given="anger", similarity_predicted="fear")
    decide(small_project, 3, "relabel", "fear")
    at.run()
    assert (
        "7 examples with this suggestion to review, 0 suspected; 1 reviewed already. Worst first:"
        in texts(at)
    )
    at = open_page(matrix=CONFUSION)
    said = texts(at)
    assert "1 example in this cell, 1 suspected; 1 reviewed already. Worst first:" in said
    assert "003 · suspect · corrected to fear" in said


def test_the_address_brings_the_view_back_and_holds_it(small_project, app_home) -> None:
    at = open_page(matrix=CONFUSION, confusion_given="joy", confusion_predicted="anger")
    assert pair(at) == ("joy", "anger")
    title = "Given against predicted label out of sample, epoch 2"
    assert chart(at)["layout"]["title"]["text"] == title
    next(box for box in at.main.selectbox if box.label == "Given label").set_value("fear").run()
    assert at.query_params["confusion_given"] == "fear"
    assert at.query_params["confusion_predicted"] == "anger"
    at = open_page(matrix="no such tab", similarity_given="no such class")
    assert pair(at) == ("fear", "anger")
    assert "similarity_given" not in at.query_params


def test_coming_back_to_the_page_shows_the_same_pair(small_project, app_home) -> None:
    at = open_page(similarity_given="joy", similarity_predicted="anger")
    at.switch_page("../pages/runs.py").run()
    at.switch_page("../pages/similarity.py").run()
    assert pair(at) == ("joy", "anger")


def test_the_epoch_slider_and_play(small_project, app_home) -> None:
    at = open_page()
    assert chart(at)["layout"]["title"]["text"] == "Class similarity, epoch 2"
    at.main.select_slider[0].set_value(1).run()
    assert chart(at)["layout"]["title"]["text"] == "Class similarity, epoch 1"
    assert at.query_params["epoch"] == "1"
    button(at, "Play").click().run()
    # Only epoch 2 was left to play, so it stands again.
    assert chart(at)["layout"]["title"]["text"] == "Class similarity, epoch 2"
    assert button(at, "Play")
    assert "epoch" not in at.query_params
    button(at, "Play").click().run()
    assert chart(at)["layout"]["title"]["text"] == "Class similarity, epoch 1"
    assert at.session_state["epochs_to_play"] == [2]
    at.run()
    assert chart(at)["layout"]["title"]["text"] == "Class similarity, epoch 2"
    assert at.session_state["epochs_to_play"] == []


def test_nothing_plays_at_first() -> None:
    assert next_tick() is None


def test_orders_of_the_classes(small_project, app_home) -> None:
    # Most alike, both ways: anger and fear (0.225); joy joins them.
    at = open_page()
    order = named(at)
    assert set(order[:2]) == {"anger", "fear"} or set(order[1:]) == {"anger", "fear"}
    assert "path" in chart(at)["layout"]["shapes"][0]
    at = open_page(class_order="name")
    assert named(at) == sorted(CLASSES)
    assert at.query_params["class_order"] == "name"
    assert "class_order" not in open_page(class_order="by colour").query_params


def test_forms_and_differences(small_project, app_home) -> None:
    at = open_page(similarity_values="scaled")
    # joy gives 0.05 and 0.15 to others.
    assert "Of what Pi gives **joy** to other classes, 75 % goes to **fear**" in texts(at)
    at = open_page(similarity_values="symmetric")
    assert "Pi takes **anger** and **fear** for one another with 0.23 on average" in texts(at)
    # Both directions: 8 given anger with fear suggested, none the other way round.
    assert button(at, "Review all 8")
    at = open_page(similarity_against="epoch-1")
    assert "No pair stands out: everything lies on the diagonal." in texts(at)
    assert chart(at)["layout"]["title"]["text"] == "Class similarity, epoch 2 minus epoch 1"
    assert at.query_params["similarity_against"] == "epoch-1"


def test_a_difference_to_another_run(small_project, app_home) -> None:
    open_page()
    add_finished_run(workspace(), small_project.dataset, "Run 2")
    with workspace().store.transaction() as cursor:
        cursor.execute(
            "update class_similarity set value = 0.5 where run_id = 'run-2' and given = 0 and predicted = 1"
        )
    assert similarities.comparisons("run-1", [1, 2]) == {
        "": "nothing", "epoch-1": "epoch 1", "epoch-2": "epoch 2", "run-run-2": "Run 2, epoch 2",
    }  # fmt: skip
    at = open_page(similarity_against="run-run-1")
    assert "**anger** for **fear**: +0.30; 0.20 in Run 1, epoch 2, 0.50 here" in texts(at)


def test_nearest_classes_stand_below(small_project, app_home) -> None:
    table = next(frame.value for frame in open_page(class_order="class").main.dataframe)
    assert table.to_numpy().tolist() == [
        ["anger", "fear · 0.20", "joy · 0.10"],
        ["fear", "anger · 0.25", "joy · 0.10"],
        ["joy", "fear · 0.15", "anger · 0.05"],
    ]

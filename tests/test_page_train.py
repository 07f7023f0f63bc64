"""The Train page: starting, watching, steering and retraining."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.services import training
from app.services.workspaces import workspace
from lane_core.config import RunConfig
from lane_core.errors import RunError
from lane_core.records import Decision, RunStatus
from lane_core.runs import launcher
from lane_core.runs.locks import release, take
from lane_core.runs.run_dir import RunDir
from lane_core.store import decisions, runs
from lane_core.store.ingest import ingest_run
from tests.small_project import SmallProject

MAIN = str(Path(__file__).resolve().parent.parent / "app" / "main.py")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[RunDir]:
    """Run directories that were to be started; nothing is trained."""
    found: list[RunDir] = []
    monkeypatch.setattr(launcher, "start", lambda run_dir, home: found.append(run_dir))
    return found


@pytest.fixture
def supervised(small_project: SmallProject, home) -> Iterator[RunDir]:
    """The small project's run, as if its supervisor were alive."""
    run_dir = RunDir(home.runs / small_project.run.run_id)
    lock = take(run_dir.lock_file)
    assert lock is not None
    yield run_dir
    release(lock)


def open_train() -> AppTest:
    at = AppTest.from_file(MAIN, default_timeout=30)
    at.switch_page("../pages/train.py").run()
    assert not at.exception
    return at


def texts(at: AppTest) -> str:
    kinds = (at.title, at.subheader, at.markdown, at.caption, at.text, at.error, at.info, at.code)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def has_button(at: AppTest, key: str) -> bool:
    return any(button.key == key for button in at.button)


def set_status(home, run_id: str, **changes: object) -> None:
    run_dir = RunDir(home.runs / run_id)
    run_dir.write_status(replace(run_dir.status(), **changes))


def test_without_a_project_the_way_to_data_is_shown(app_home) -> None:
    at = open_train()
    assert "No project yet" in texts(at)
    assert [button.label for button in at.button] == ["Import a file"]
    at.button[0].click().run()
    assert at.title[0].value == "Data"


def test_start_run_trains_the_chosen_preset_with_the_values_under_more(
    small_project, app_home, started
) -> None:
    at = open_train()
    at.button(key="preset_quick").click().run()
    assert at.number_input(key="train_quick_epochs").value == 10
    at.number_input(key="train_quick_epochs").set_value(3)
    at.text_input(key="train_quick_name").set_value("First look")
    at.selectbox(key="train_quick_device").set_value("cpu")
    at.button(key="start_run").click().run()
    assert not at.exception

    record = runs.list_runs(workspace().store, small_project.dataset.dataset_id)[0]
    assert [run_dir.run_id for run_dir in started] == [record.run_id]
    assert record.name == "First look"
    wanted = RunConfig.from_preset("quick", epochs=3, device="cpu")
    assert RunConfig.from_json(record.config_json) == wanted
    assert at.session_state["run"] == record.run_id
    assert "First look" in at.subheader[0].value


def test_a_value_that_cannot_work_is_explained_and_nothing_is_started(
    small_project, app_home, started
) -> None:
    at = open_train()
    at.number_input(key="train_default_epochs").set_value(0)
    at.button(key="start_run").click().run()
    assert "epochs is 0; it must be at least 1." in texts(at)
    assert started == []
    assert len(runs.list_runs(workspace().store)) == 1


def test_a_local_encoder_folder_is_made_absolute(
    small_project, app_home, started, tmp_path, monkeypatch
) -> None:
    (tmp_path / "models" / "mine").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    at = open_train()
    at.text_input(key="train_default_encoder").set_value("models/mine")
    at.button(key="start_run").click().run()
    assert started[0].config().encoder == str(tmp_path / "models" / "mine")


def test_an_encoder_folder_that_is_not_there_is_refused(small_project, app_home, started) -> None:
    at = open_train()
    at.text_input(key="train_default_encoder").set_value("./nowhere")
    at.button(key="start_run").click().run()
    assert "There is no folder './nowhere'" in texts(at)
    assert started == []


def test_cards_say_a_class_of_time_until_something_was_measured(small_project, app_home) -> None:
    shown = texts(open_train())
    # The small project's run has no start and no end: nothing was measured.
    assert "Seconds to minutes; measured from the first steps" in shown
    assert "Minutes; measured from the first steps" in shown
    assert "Hours on a GPU; measured from the first steps" in shown


def test_the_estimate_scales_what_an_earlier_run_took(small_project, app_home, home) -> None:
    set_status(
        home,
        small_project.run.run_id,
        started_at="2026-01-01T00:00:00+00:00",
        ended_at="2026-01-01T00:01:40+00:00",
    )
    # 100 s for 2 epochs of 1 s: 98 s that epochs do not change, and 5 s for the default's 5 epochs.
    dataset_id = small_project.dataset.dataset_id
    assert training.estimate(dataset_id, RunConfig()) == "About 2 min, measured in Run 1"
    # 98 s + 1,000 s: 18 min.
    many = training.estimate(dataset_id, RunConfig(epochs=1000))
    assert many == "About 18 min, measured in Run 1"
    assert training.estimate(dataset_id, RunConfig.from_preset("quick")) is None
    assert "About 2 min, measured in Run 1" in texts(open_train())


def test_a_resumed_run_measures_nothing(small_project, app_home, home) -> None:
    run_dir = RunDir(home.runs / small_project.run.run_id)
    set_status(
        home,
        run_dir.run_id,
        started_at="2026-01-01T00:00:00+00:00",
        ended_at="2026-01-02T00:00:00+00:00",
    )
    run_dir.log.write_text("supervisor: starts x\nsupervisor: starts x\n", encoding="utf-8")
    assert training.estimate(small_project.dataset.dataset_id, RunConfig()) is None


def test_a_finished_run_shows_its_numbers_and_leads_to_review(small_project, app_home) -> None:
    at = open_train()
    assert at.subheader[0].value == "● Run 1 · finished"
    figures = {metric.label: metric.value for metric in at.metric}
    assert figures == {
        "Suspects": "3",
        "Epochs done": "2 of 2",
        "Validation F1": "0.780",
        "Test F1": "0.800",
    }
    assert "About 25 % of the labels look wrong." in texts(at)
    # Suspects 3, 7, 11 are given anger, fear, joy; each is suggested the class after it.
    assert ":gray-badge[anger] → :orange-badge[fear]" in texts(at)
    assert at.text[0].value == "text number 3, with a comma"
    assert not has_button(at, "resume_run")
    button = at.button(key="review_suspects")
    assert button.label == "Review 3 suspects"
    assert button.proto.type == "primary"
    button.click().run()
    assert at.title[0].value == "Review"


def test_charts_of_the_newest_epoch_are_drawn(small_project, app_home) -> None:
    specs = [json.loads(chart.proto.spec) for chart in open_train().get("plotly_chart")]
    assert [spec["layout"]["title"]["text"] for spec in specs] == [
        "Label-aware margins after epoch 2",
        "Loss while training",
        "Agreement with held-out labels",
    ]


def test_decisions_are_counted_before_training_again(small_project, app_home, started) -> None:
    dataset_id, run_id = small_project.dataset.dataset_id, small_project.run.run_id
    decided = [
        Decision("a", dataset_id, 3, "relabel", "fear", "anger", run_id, "ann"),
        Decision("b", dataset_id, 7, "exclude", None, "fear", run_id, "ann"),
        Decision("c", dataset_id, 11, "keep", None, "joy", run_id, "ann"),
    ]
    decisions.record_decisions(workspace().store, decided)
    at = open_train()
    assert "labels as they stand: 1 corrected, 1 excluded by people" in texts(at)
    assert not has_button(at, "review_suspects")
    at.button(key="start_run").click().run()
    examples = started[0].examples().set_index("index")
    assert examples.loc[3, "given_label"] == "fear"
    assert examples.loc[7, "split"] == "excluded"


def test_without_decisions_nothing_is_said_about_corrections(small_project, app_home) -> None:
    assert "by people" not in texts(open_train())


def test_a_running_run_shows_state_bars_time_left_and_can_be_cancelled(
    small_project, app_home, supervised
) -> None:
    supervised.write_status(
        RunStatus(
            state="running",
            phase="training, epoch 2 of 5",
            device="cpu",
            epoch=2,
            epochs=5,
            step=30,
            total_steps=100,
            seconds_left=192,
        )
    )
    at = open_train()
    assert at.subheader[0].value == "▶ Run 1 · running"
    assert "Training, epoch 2 of 5, on the CPU, about 3 min left." in texts(at)
    bars = [(bar.proto.value, bar.proto.text) for bar in at.get("progress")]
    assert bars == [(50, "Epoch 2 of 5: step 10 of 20"), (30, "Whole run: step 30 of 100")]
    assert at.button(key="review_suspects").label == "Review 3 suspects"
    assert not has_button(at, "resume_run")

    at.button(key="stop_run").click().run()
    assert supervised.cancel_file.exists()
    assert "Stopping at the next step." in texts(at)
    assert not has_button(at, "stop_run")


def test_a_run_that_waits_says_for_what(small_project, app_home, supervised) -> None:
    supervised.write_status(
        RunStatus(state="queued", epochs=5, message="Waits for another run to end: both use cpu.")
    )
    assert "Waits for another run to end: both use cpu." in texts(open_train())


def test_a_failed_run_shows_message_log_and_what_to_try_and_can_be_resumed(
    small_project, app_home, home, monkeypatch
) -> None:
    run_dir = RunDir(home.runs / small_project.run.run_id)
    set_status(home, run_dir.run_id, state="failed", message="CUDA out of memory.")
    resumed: list[str] = []
    monkeypatch.setattr(launcher, "resume", lambda run_dir, home: resumed.append(run_dir.run_id))
    at = open_train()
    shown = texts(at)
    assert at.error[0].value == "CUDA out of memory."
    assert "batch size below 32" in shown
    assert "made up for a test" in shown
    at.button(key="resume_run").click().run()
    assert resumed == [run_dir.run_id]


def test_an_encoder_that_cannot_be_loaded_leads_to_another_encoder(small_project, app_home, home) -> None:
    message = "The encoder 'x/y' could not be loaded: no such model."
    set_status(home, small_project.run.run_id, state="failed", message=message)
    assert "another encoder under “More”" in texts(open_train())


def test_a_run_whose_process_is_gone_is_interrupted_and_can_be_resumed(small_project, app_home, home) -> None:
    set_status(home, small_project.run.run_id, state="running")
    at = open_train()
    assert at.subheader[0].value == "‖ Run 1 · interrupted"
    assert "Resume goes on after epoch 2." in texts(at)
    assert has_button(at, "resume_run")


def test_a_refusal_is_shown(small_project, app_home, home, monkeypatch) -> None:
    set_status(home, small_project.run.run_id, state="cancelled", message="Cancelled.")

    def refuse(run_dir: RunDir, home: Path) -> None:
        raise RunError("Run run-1 is running, so it cannot be resumed.")

    monkeypatch.setattr(launcher, "resume", refuse)
    at = open_train()
    assert "Cancelled after 2 of 2 epochs." in texts(at)
    at.button(key="resume_run").click().run()
    assert at.error[0].value == "Run run-1 is running, so it cannot be resumed."


def test_a_run_can_be_renamed(small_project, app_home) -> None:
    at = open_train()
    run_id = small_project.run.run_id
    at.text_input(key=f"name_of_{run_id}").set_value("  Before *any* correction ")
    at.button(key="rename_run").click().run()
    assert runs.get_run(workspace().store, run_id).name == "Before *any* correction"
    assert at.subheader[0].value == "● Before \\*any\\* correction · finished"


def test_an_unreadable_events_file_is_told(small_project, app_home, home) -> None:
    events = RunDir(home.runs / small_project.run.run_id).events
    (events / "metrics-0003.parquet").write_bytes(b"not parquet")
    at = AppTest.from_file(MAIN, default_timeout=30)
    at.run()
    ingest_run(workspace().store, RunDir(events.parent))
    at.switch_page("../pages/train.py").run()
    assert any("metrics-0003.parquet" in warning.value for warning in at.warning)

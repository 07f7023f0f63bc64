"""The review card in a real browser, over the in-memory server of review_card_app.py: deciding."""

from __future__ import annotations

import statistics

import pytest
from playwright import sync_api

from tests.browser.review_card_app import EMOTIONS
from tests.browser.review_card_page import OVERLAPS, example_on_screen, press, stored, summary, unsent

pytestmark = pytest.mark.browser

# With num lock on, which the driver's own keyboard does not have.
NUMPAD_3 = (
    "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: '3', code: 'Numpad3', bubbles: true}))"
)


@pytest.mark.parametrize("delay_ms", [0, 300])
def test_ten_keys_40_ms_apart_decide_on_the_ten_examples_on_screen(open_card, delay_ms: int) -> None:
    page = open_card(delay_ms=delay_ms)
    keys = list("axfeaxfeax")
    press(page, keys)
    events = stored(page, 10)
    seen = page.evaluate("window.seen")
    assert [key for key, _ in seen] == keys
    assert [example for _, example in seen] == [f"row-{index:04d}" for index in range(10)]
    assert [event["index"] for event in events] == list(range(10))
    words = {"a": "relabel", "x": "keep", "f": "flag", "e": "exclude"}
    assert [event["action"] for event in events] == [words[key] for key in keys]
    assert len({event["event_id"] for event in events}) == 10
    assert all(event["lead_time_s"] < 60 for event in events)
    assert unsent(page) == []
    assert statistics.median(page.evaluate("window.latencies")) < 10


def test_digits_choose_classes_by_place_with_shift_alt_and_number_pad(open_card) -> None:
    page = open_card(classes=21)
    press(page, ["1"])
    page.evaluate(NUMPAD_3)
    press(page, ["0", "Shift+Digit0", "Shift+Digit1", "Shift+Alt+Digit1"])
    press(page, ["Alt+Digit1", "Control+Digit1", "Shift+Alt+Digit2", "c", "Enter"])
    events = stored(page, 6)
    assert [event["label"] for event in events] == [EMOTIONS[place] for place in (0, 2, 9, 19, 10, 20)]
    assert [event["seen_label"] for event in events] == [EMOTIONS[(3 * index + 1) % 21] for index in range(6)]


def test_choosing_the_given_label_keeps_it(open_card) -> None:
    page = open_card()
    press(page, "2")
    assert summary(stored(page, 1)) == [("decision", 0, "keep", None)]


def test_three_undos_and_three_redos_walk_the_same_way_back_and_forth(open_card) -> None:
    page = open_card(delay_ms=300)
    press(page, "axe")
    shown = []
    for key in ["Backspace", "Control+z", "Backspace"]:
        press(page, [key])
        shown.append(example_on_screen(page))
    assert shown == ["row-0002", "row-0001", "row-0000"]
    assert page.locator(".eyeline .tag:not(.flash)").is_hidden()
    press(page, ["Control+Shift+z"] * 3)
    assert example_on_screen(page) == "row-0003"
    events = stored(page, 9)
    assert [(event["kind"], event["index"]) for event in events] == [
        *[("decision", index) for index in (0, 1, 2)],
        *[("undo", index) for index in (2, 1, 0)],
        *[("redo", index) for index in (0, 1, 2)],
    ]
    assert page.locator(".place").inner_text() == "4 of 60 · 3 decided"


def test_undo_after_a_reload_asks_the_server_which_example_it_was(open_card) -> None:
    page = open_card()
    press(page, "ax")
    stored(page, 2)
    page.reload()
    sync_api.expect(page.locator(".example-id")).to_have_text("row-0002")
    press(page, ["Backspace"])
    sync_api.expect(page.locator(".example-id")).to_have_text("row-0001")
    assert summary(stored(page, 3))[-1] == ("undo", None, None, None)


def test_undo_after_a_reload_that_came_before_the_answer_shows_the_example_again(open_card) -> None:
    page = open_card(delay_ms=1500)
    press(page, "x")
    page.wait_for_timeout(500)  # stored, but the browser has not been told
    assert len(unsent(page)) == 1
    page.reload()
    sync_api.expect(page.locator(".example-id")).to_have_text("row-0001")
    press(page, ["Backspace"])
    sync_api.expect(page.locator(".example-id")).to_have_text("row-0000")
    assert summary(stored(page, 2))[-1] == ("undo", None, None, None)
    assert unsent(page) == []


def test_keys_typed_into_a_text_box_or_held_down_decide_nothing(open_card) -> None:
    page = open_card()
    search = page.get_by_label("Search")
    search.click()
    page.keyboard.type("a1x fe")
    assert search.input_value() == "a1x fe"
    assert example_on_screen(page) == "row-0000"
    page.locator(".text").click()
    page.keyboard.down("a")
    page.keyboard.down("a")
    page.keyboard.down("a")
    page.keyboard.up("a")
    assert [event["index"] for event in stored(page, 1)] == [0]


def test_space_toggles_a_focused_checkbox_and_skips_nothing(open_card) -> None:
    page = open_card()
    page.get_by_label("Search").click()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    sync_api.expect(page.get_by_role("checkbox", name="Suspects only")).to_be_checked()
    assert example_on_screen(page) == "row-0000"


def test_a_button_clicked_with_the_mouse_does_not_take_the_space_bar(open_card) -> None:
    page = open_card()
    page.get_by_text("Suspects only").click()
    sync_api.expect(page.get_by_role("checkbox", name="Suspects only")).to_be_checked()
    press(page, [" "])
    assert example_on_screen(page) == "row-0001"
    assert page.get_by_role("checkbox", name="Suspects only").is_checked()


def test_another_filter_shows_what_was_decided_here_and_undo_still_works(open_card) -> None:
    page = open_card()
    press(page, "ax")
    stored(page, 2)
    page.get_by_text("Decided ones").click()
    sync_api.expect(page.locator(".example-id")).to_have_text("row-0000")
    assert page.locator(".eyeline .tag:not(.flash)").inner_text() == "Corrected to anger"
    page.wait_for_timeout(400)
    press(page, "e")
    assert example_on_screen(page) == "row-0001"
    assert summary(stored(page, 3))[-1] == ("decision", 0, "exclude", None)
    page.get_by_text("Decided ones").click()
    sync_api.expect(page.locator(".example-id")).to_have_text("row-0002")
    press(page, ["Backspace"])
    assert summary(stored(page, 4))[-1] == ("undo", None, None, None)


def test_skipping_everything_at_hand_brings_more(open_card) -> None:
    page = open_card()
    press(page, [" "] * 25, wait_ms=150)
    assert example_on_screen(page) == "row-0025"
    press(page, "a")
    assert [event["index"] for event in stored(page, 1)] == [25]
    assert example_on_screen(page) == "row-0026"


def test_hostile_text_is_shown_as_text(open_card) -> None:
    page = open_card(texts="hostile", mode="settle")
    assert page.locator(".text").inner_text().startswith('<img src=x onerror="window.pwned=1"><script>')
    assert page.locator(".class").first.inner_text().startswith("1\n<img src=x")
    assert page.locator(".duplicates").inner_text().startswith("3,000 others have the same text: <img src=x")
    assert "Corrected to <img src=x" in page.locator(".opinions").inner_text()
    assert len(page.locator(".opinions").inner_text()) < 700
    assert page.locator(".note-line").inner_text().startswith("Note <img src=x")
    press(page, "d")
    assert "<script>window.pwned=1" in page.get_by_role("dialog", name="Definitions").inner_text()
    press(page, ["Escape", "m"])
    page.locator("textarea").fill("<b>note</b> \udc80 \U0001f600")
    press(page, ["Escape", "1"])
    [event] = stored(page, 1)
    assert event["label"].startswith("<img src=x")
    assert event["note"] == "<b>note</b> \ufffd \U0001f600"
    assert page.evaluate("window.pwned") is None
    assert page.locator(".review-card img, .review-card script, .review-card b").count() == 0


def test_a_line_of_100_kb_is_folded_and_unfolds_at_once(open_card) -> None:
    page = open_card(texts="hostile")
    press(page, [" "])
    assert len(page.locator(".text").inner_text()) < 750
    unfold = (
        "(button) => { const began = performance.now(); button.click(); document.body.offsetHeight;"
        " return performance.now() - began; }"
    )
    took_ms = page.get_by_role("button", name="Show all 100,005 characters").evaluate(unfold)
    assert len(page.locator(".text").inner_text()) == 100_005
    assert took_ms < 500


def test_mouse_clicks_do_what_the_keys_do(open_card) -> None:
    page = open_card()
    for name in ["Accept suggestion", "Keep given", "Skip", "Second opinion", "Exclude"]:
        page.locator(".actions").get_by_role("button", name=name).click()
    page.locator(".class").nth(7).click()
    for name in ["Undo", "Redo"]:
        page.locator(".top").get_by_role("button", name=name).click()
    assert summary(stored(page, 7)) == [
        ("decision", 0, "relabel", "anger"),
        ("decision", 1, "keep", None),
        ("decision", 3, "flag", None),
        ("decision", 4, "exclude", None),
        ("decision", 5, "relabel", "curiosity"),
        ("undo", 5, None, None),
        ("redo", 5, None, None),
    ]
    press(page, [" "])  # no button kept the focus: the space bar skips
    assert example_on_screen(page) == "row-0007"


def test_a_reload_in_the_middle_of_a_burst_loses_nothing_and_stores_nothing_twice(open_card) -> None:
    page = open_card(delay_ms=300)
    press(page, "aaaaa", wait_ms=40)
    assert unsent(page)
    page.reload()
    page.locator(".example-id").wait_for()
    assert example_on_screen(page) == "row-0005"
    press(page, "xxxxx")
    events = stored(page, 10)
    assert [event["index"] for event in events] == list(range(10))
    assert [event["action"] for event in events] == ["relabel"] * 5 + ["keep"] * 5
    assert unsent(page) == []


def test_what_could_not_be_stored_is_said_and_sent_again(open_card) -> None:
    page = open_card(fail=2)
    press(page, "ax")
    sync_api.expect(page.locator(".trouble")).to_contain_text("The database is busy")
    assert example_on_screen(page) == "row-0002"
    assert [event["index"] for event in stored(page, 2)] == [0, 1]
    assert page.locator(".trouble").is_hidden()


def test_looking_back_decides_nothing_and_an_unsaved_decision_is_not_made_twice(open_card) -> None:
    page = open_card(delay_ms=1500)
    press(page, ["a", "ArrowLeft"])
    assert example_on_screen(page) == "row-0000"
    assert page.locator(".eyeline .tag:not(.flash)").inner_text() == "Corrected to anger"
    press(page, ["x", "ArrowRight", "ArrowRight"])
    assert example_on_screen(page) == "row-0002"
    assert summary(stored(page, 1)) == [("decision", 0, "relabel", "anger")]
    press(page, ["ArrowLeft", "ArrowLeft", "x"])  # stored by now, so it can be changed
    assert summary(stored(page, 2))[-1] == ("decision", 0, "keep", None)


def test_help_opens_with_h_blocks_the_keys_and_closes_with_escape(open_card) -> None:
    page = open_card()
    press(page, "ha")
    panel = page.get_by_role("dialog", name="Keys")
    assert "Second opinion" not in panel.inner_text()
    assert "Ask for a second opinion" in panel.inner_text()
    assert example_on_screen(page) == "row-0000"
    press(page, ["Escape"])
    assert panel.is_hidden()
    press(page, "a")
    assert example_on_screen(page) == "row-0001"


def test_a_long_text_is_folded_and_unfolded(open_card) -> None:
    page = open_card(texts="long")
    assert len(page.locator(".text").inner_text()) <= 702
    page.get_by_role("button", name="Show all 2,183 characters").click()
    assert len(page.locator(".text").inner_text()) > 2000
    press(page, "a")
    assert len(page.locator(".text").inner_text()) <= 702


def test_an_empty_queue_says_so_and_undo_brings_the_last_one_back(open_card) -> None:
    page = open_card(num=2)
    press(page, [" ", "a", "x"])
    sync_api.expect(page.locator(".empty")).to_contain_text("Nothing left in this queue")
    assert "2 decided" in page.locator(".empty").inner_text()
    assert [event["index"] for event in stored(page, 2)] == [1, 0]
    press(page, ["Backspace"])
    assert example_on_screen(page) == "row-0000"


def test_layout_puts_the_evidence_beside_or_under_the_example_without_overflow(open_card) -> None:
    page = open_card(classes=28)
    example, evidence = page.locator(".main").bounding_box(), page.locator(".evidence").bounding_box()
    assert evidence["x"] > example["x"] + example["width"]
    assert page.locator(".actions").bounding_box()["y"] < 900 - 160  # on its page it begins lower
    page.set_viewport_size({"width": 1024, "height": 768})
    page.wait_for_timeout(500)
    example, evidence = page.locator(".main").bounding_box(), page.locator(".evidence").bounding_box()
    assert evidence["y"] >= example["y"] + example["height"]
    assert page.evaluate(OVERLAPS) == []
    root = page.locator(".review-card")
    assert root.evaluate("(node) => node.scrollWidth - node.clientWidth") == 0

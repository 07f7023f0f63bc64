"""The review card in a real browser: evidence, panels, notes, changed keys, blind and settling decisions."""

from __future__ import annotations

import pytest
from playwright import sync_api

from tests.browser.review_card_page import FOCUSED, example_on_screen, press, stored, summary

pytestmark = pytest.mark.browser


def test_panels_keep_the_focus_inside_and_give_it_back(open_card) -> None:
    page = open_card()
    button = page.locator(".top").get_by_role("button", name="Keys")
    button.focus()
    press(page, ["Enter"])
    panel = page.get_by_role("dialog", name="Keys")
    inside = panel.get_by_role("button").count() + panel.get_by_role("checkbox").count()
    seen = set()
    for _ in range(inside + 1):
        seen.add(page.evaluate(FOCUSED + ".textContent"))
        assert page.evaluate(FOCUSED + ".closest('dialog')?.ariaLabel") == "Keys"
        press(page, ["Tab"], wait_ms=0)
    assert {"Close Esc", "Back to the usual keys"} <= seen
    press(page, ["Shift+Tab", "Shift+Tab"])
    assert page.evaluate(FOCUSED + ".textContent") == "Back to the usual keys"
    press(page, ["Escape"])
    assert panel.is_hidden()
    assert page.evaluate(FOCUSED + ".dataset.command") == "help"


def test_a_key_can_be_changed_unless_another_command_has_it(open_card) -> None:
    page = open_card()
    panel = page.get_by_role("dialog", name="Keys")
    press(page, "h")
    change = panel.get_by_role("button", name="Change the key: Exclude")
    change.click()
    press(page, ["Escape"])
    assert panel.get_by_role("status").inner_text() == "Nothing was changed."
    change.click()
    refused = {"a": "“a” is used by: Accept the suggested label.", "3": "Digits choose the classes."}
    for key, words in (
        refused | {"F5": "This key cannot be used", "Control+b": "Take a key without Ctrl"}
    ).items():
        press(page, [key])
        assert words in panel.get_by_role("status").inner_text()
    press(page, ["Delete"])
    assert "now “del”" in panel.get_by_role("status").inner_text()
    press(page, "h")
    assert panel.is_hidden()
    press(page, "e")
    assert example_on_screen(page) == "row-0000"
    page.reload()
    exclude = page.locator(".actions").get_by_role("button", name="Exclude")
    sync_api.expect(exclude).to_have_text("Exclude del")
    assert exclude.get_attribute("aria-keyshortcuts") == "Delete"
    press(page, ["Delete"])
    assert [event["action"] for event in stored(page, 1)] == ["exclude"]
    press(page, "h")
    panel.get_by_role("button", name="Back to the usual keys").click()
    press(page, ["Escape", "Delete"])
    assert example_on_screen(page) == "row-0001"
    press(page, "e")
    assert example_on_screen(page) == "row-0002"
    assert exclude.inner_text() == "Exclude\ne"
    assert page.evaluate("localStorage.getItem('lane-review-keys')") is None


def test_enter_accepts_only_when_asked_for_and_a_held_or_double_press_counts_once(open_card) -> None:
    page = open_card()
    press(page, ["Enter", "h"])
    assert example_on_screen(page) == "row-0000"
    page.get_by_role("checkbox", name="Enter accepts").check()
    press(page, ["Escape", "Enter"])
    assert page.locator(".accept").get_attribute("aria-keyshortcuts") == "A W Enter"
    page.locator(".actions").get_by_role("button", name="Exclude").focus()
    for _ in range(3):
        page.keyboard.down("Enter")  # presses the focused button, once
    page.keyboard.up("Enter")
    page.locator(".actions").get_by_role("button", name="Keep given").dblclick()
    assert [event["action"] for event in stored(page, 3)] == ["relabel", "exclude", "keep"]


def test_a_note_goes_with_the_next_decision_on_its_example(open_card) -> None:
    page = open_card()
    press(page, "m")
    page.keyboard.type("a1x r/c\nh")
    press(page, ["Escape"])
    assert page.locator(".note-line").inner_text() == "Note a1x r/c\nh"
    assert page.get_by_role("textbox", name="Note").is_hidden()
    press(page, [" ", "m"])
    assert page.locator("textarea").input_value() == ""
    page.keyboard.type("second")
    press(page, ["Control+Enter", "a"])
    assert page.locator(".note-line").is_hidden()
    press(page, ["ArrowLeft", "m"])
    assert page.locator("textarea").input_value() == "second"
    page.reload()
    sync_api.expect(page.locator(".example-id")).to_have_text("row-0000")
    press(page, "x")
    events = stored(page, 2)
    assert [(event["index"], event["note"]) for event in events] == [(1, "second"), (0, "a1x r/c\nh")]
    page.get_by_text("Decided ones").click()
    sync_api.expect(page.locator(".note-line")).to_have_text("Note a1x r/c\nh")


def test_the_example_stays_while_a_note_is_written_about_it(open_card, card_address) -> None:
    page = open_card(case="shared-note")
    press(page, "m")
    page.keyboard.type("half a sen")
    other = page.context.new_page()
    other.goto(f"{card_address}/?case=shared-note")
    other.locator(".example-id").wait_for()
    press(other, "e")
    stored(other, 1)
    page.bring_to_front()
    page.get_by_text("Suspects only").click()
    sync_api.expect(page.locator(".place")).to_contain_text("1 decided")
    assert example_on_screen(page) == "row-0000"
    assert page.locator("textarea").input_value() == "half a sen"


def test_a_class_is_chosen_by_a_part_of_its_name(open_card) -> None:
    page = open_card(classes=28, hidden="annoyance")
    press(page, "/")
    box = page.get_by_role("combobox", name="Find a class")
    page.keyboard.type("ÁN")
    options = page.get_by_role("listbox").get_by_role("option")
    assert options.all_inner_texts() == ["anger\n3"]  # annoyance was merged away
    box.fill("re")
    assert [text.split("\n")[0] for text in options.all_inner_texts()] == [
        *["realization", "relief", "remorse"],
        "desire",
    ]
    press(page, ["ArrowDown", "ArrowUp", "ArrowUp"])
    assert options.nth(3).get_attribute("aria-selected") == "true"
    assert box.get_attribute("aria-activedescendant") == options.nth(3).get_attribute("id")
    press(page, ["Enter"])
    assert example_on_screen(page) == "row-0001"
    press(page, "/")
    page.keyboard.type("xyz")
    press(page, ["Enter"])
    assert page.locator(".finder").inner_text() == "No class has this in its name."
    press(page, ["Escape", "/"])
    page.keyboard.type("gra")
    options.first.click()
    press(page, "4")  # the key of the class that was merged away
    assert page.locator(".flash").inner_text() == "annoyance was merged into another class"
    press(page, "5")
    assert [event["label"] for event in stored(page, 3)] == ["desire", "gratitude", "approval"]
    assert page.locator(".class").count() == 27


def test_evidence_and_definitions(open_card) -> None:
    page = open_card(classes=28)
    ranks = page.locator(".ranks li")
    assert ranks.first.inner_text() == "anger suggested\n87 %"
    assert ranks.count() == 5
    page.get_by_role("button", name="Show all 28").click()
    assert ranks.count() == 28
    duplicates = page.locator(".duplicates")
    assert duplicates.evaluate("(node) => node.textContent") == (
        "2 others have the same text: row-0917 admiration ≠ another label than here, row-0940 amusement"
    )
    assert page.locator(".pace").inner_text() == "41 today · 3.2 s each, median"
    tooltips = [button.get_attribute("title") for button in page.locator(".class").all()[:2]]
    assert tooltips == ["Choose admiration if it is the strongest feeling in the text.", None]
    press(page, "da")
    panel = page.get_by_role("dialog", name="Definitions")
    terms = panel.locator("dt")  # amusement, the given class, has no definition
    assert terms.first.inner_text() == "anger\nsuggested"
    assert terms.count() == 27
    assert (
        panel.locator("dd").first.inner_text() == "Choose anger if it is the strongest feeling in the text."
    )
    press(page, "d")
    assert panel.is_hidden()
    assert example_on_screen(page) == "row-0000"
    press(page, "x")
    assert duplicates.is_hidden()
    assert ranks.count() == 5


def test_what_settles_a_dispute_shows_the_opinions_and_says_so(open_card) -> None:
    page = open_card(mode="settle")
    rows = page.locator(".opinions li").all_inner_texts()
    assert rows == [
        "Anna Kept amusement",
        "Boris Corrected to anger Hands shake, but nothing is feared here.",
        "Çağla Asked for a second opinion",
    ]
    press(page, ["a", "Backspace"])
    events = stored(page, 2)
    assert [event["is_settling"] for event in events] == [True, False]


def test_blind_mode_shows_the_suggestion_after_the_first_choice(open_card) -> None:
    page = open_card(mode="blind")
    card = page.locator(".review-card")
    assert "suggest" not in card.inner_text()
    markup = card.inner_html()
    assert markup.count("anger") == 2  # the class button and its definition
    for sign in ["87 %", "97 %", "The model", "short neighbour", "rarely"]:
        assert sign not in markup
    press(page, "a")
    assert page.locator(".flash").inner_text() == "Choose a label first: the suggestion comes after"
    press(page, "d")
    assert page.locator("dialog dt").first.inner_text() == "admiration"  # not the suggested class
    press(page, ["Escape", "5"])
    assert example_on_screen(page) == "row-0000"
    revealed = "The model suggests anger (87 %). Choose again: the same to stay, another to change."
    assert page.locator(".revealed").inner_text() == revealed
    assert page.locator(".class.chosen").inner_text() == "5\napproval\nyour choice"
    assert page.locator(".ranks li").count() == 5
    press(page, "3")  # changed
    assert page.locator(".evidence").is_hidden()
    press(page, "8")  # what is suggested for the next: decided at once
    assert example_on_screen(page) == "row-0002"
    press(page, "xx")  # the given label, and the same again
    press(page, "e")
    assert summary(stored(page, 4)) == [
        ("decision", 0, "relabel", "anger"),
        ("decision", 1, "relabel", "curiosity"),
        ("decision", 2, "keep", None),
        ("decision", 3, "exclude", None),
    ]
    press(page, ["Backspace"] * 4)
    assert page.locator(".revealed").inner_text() == revealed  # what was seen cannot be unseen

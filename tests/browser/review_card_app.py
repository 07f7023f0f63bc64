"""The review card alone, over an in-memory server: what test_review_card.py drives in a browser.

Query parameters: ``case`` names the in-memory server (so that a reload finds it again), ``num`` examples,
``classes`` how many labels, ``delay_ms`` slows every rerun down, ``fail`` makes the first so many
deliveries fail, ``texts=hostile`` or ``texts=long`` chooses other texts, ``hidden`` names a class that
was merged away, ``mode=blind`` hides the suggestion at first, ``mode=settle`` shows what others decided.
"""

from __future__ import annotations

import json
import math
import threading
import time
from dataclasses import asdict, replace

import streamlit as st

from app.components.review_card import num_skipped, review_card
from app.components.review_card_records import Card, CardEvent, Duplicate, Neighbour, Opinion

EMOTIONS = [
    "admiration",
    "amusement",
    "anger",
    "annoyance",
    "approval",
    "caring",
    "confusion",
    "curiosity",
    "desire",
    "disappointment",
    "disapproval",
    "disgust",
    "embarrassment",
    "excitement",
    "fear",
    "gratitude",
    "grief",
    "joy",
    "love",
    "nervousness",
    "optimism",
    "pride",
    "realization",
    "relief",
    "remorse",
    "sadness",
    "surprise",
    "trust",
]
HOSTILE = (
    '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>{{7*7}} \u202eabc'
    " ![x](http://127.0.0.1:1/x.png) \x1b[31mred \x00 \udc80"
)
HUGE = "wide " + "w" * 100_000
SENTENCE = (
    "I kept the letter in my coat for three weeks before I dared to open it, and when I finally did, "
    "sitting on the cold step outside the station, I could not stop my hands from shaking."
)


class Server:
    """Holds the examples and stores events once each, as the real store does."""

    def __init__(self, num: int, labels: list[str], texts: str, fail: int, mode: str) -> None:
        self.lock = threading.Lock()
        self.events: dict[str, CardEvent] = {}
        self.live: list[CardEvent] = []
        self.undone: list[CardEvent] = []
        self.failures_left = fail
        self.cards = [_card(index, labels, texts, mode) for index in range(num)]

    def store(self, events: list[CardEvent]) -> None:
        with self.lock:
            if self.failures_left:
                self.failures_left -= 1
                raise OSError("The database is busy. The decisions stay here and are sent again.")
            for event in events:
                if event.event_id not in self.events:
                    self.events[event.event_id] = event
                    self._apply(event)

    def _apply(self, event: CardEvent) -> None:
        if event.kind == "decision":
            self.live.append(event)
            self.undone.clear()
        else:
            source, target = (self.live, self.undone) if event.kind == "undo" else (self.undone, self.live)
            if source:
                target.append(source.pop())

    def open_cards(self) -> list[Card]:
        decided = {event.index for event in self.live}
        return [card for card in self.cards if card.index not in decided]

    def decided_cards(self) -> list[Card]:
        newest = {event.index: event for event in self.live}
        return [
            replace(card, status=event.action, current_label=event.label or card.given_label, note=event.note)
            for card in self.cards
            if (event := newest.get(card.index))
        ]


def _card(index: int, labels: list[str], texts: str, mode: str) -> Card:
    given, suggested = labels[(index * 3 + 1) % len(labels)], labels[(index * 5 + 2) % len(labels)]
    if given == suggested:
        suggested = labels[(index * 5 + 3) % len(labels)]
    text = {"hostile": HOSTILE, "long": " ".join([SENTENCE] * 12)}.get(texts, " ".join([SENTENCE] * 3)[:600])
    if texts == "hostile" and index == 1:
        text = HUGE
    return Card(
        index=index,
        example_id=f"row-{index:04d}",
        text=text if index % 3 == 0 or texts else SENTENCE,
        given_label=given,
        suggested_label=suggested,
        suggested_probability=0.87 - index / 100,
        reason=f"The model has not believed {given} since epoch 2, and four of the five nearest say {suggested}.",
        severity=("far", "some way", "near")[index % 3],
        similarity_words=f"{given} and {suggested} are rarely taken for each other",
        weight=0.12,
        score_words="The given label is wrong with a probability of 97 %",
        margins=tuple(1.2 * math.cos(epoch / 2 + index / 5) - epoch * 0.45 for epoch in range(1, 9)),
        class_mean_margins=tuple(2.6 * (1 - math.exp(-epoch / 2)) for epoch in range(1, 9)),
        neighbours=tuple(
            Neighbour(
                SENTENCE if rank % 2 else "A short neighbour.",
                given if rank == 2 else suggested,
                0.9 - rank / 20,
                rank != 2,
            )
            for rank in range(5)
        ),
        probabilities=_probabilities(labels, given, suggested, 0.87 - index / 100),
        duplicates=_duplicates(index, labels, texts, given),
        note=HOSTILE if texts == "hostile" else "",
        opinions=_opinions(given, suggested, texts) if mode == "settle" else (),
    )


def _probabilities(
    labels: list[str], given: str, suggested: str, likeliest: float
) -> tuple[tuple[str, float], ...]:
    others = [label for label in labels if label not in (given, suggested)]
    ranked = [suggested, *others[:2], given, *others[2:]]
    return tuple((label, likeliest * 0.14**rank) for rank, label in enumerate(ranked))


def _duplicates(index: int, labels: list[str], texts: str, given: str) -> tuple[Duplicate, ...]:
    if texts == "hostile":
        return tuple(Duplicate(HOSTILE, HOSTILE, differs=True) for _ in range(3000))
    if index % 2:
        return ()
    other = next(label for label in labels if label != given)
    return Duplicate("row-0917", other, differs=True), Duplicate("row-0940", given, differs=False)


def _opinions(given: str, suggested: str, texts: str) -> tuple[Opinion, ...]:
    if texts == "hostile":
        return (Opinion(HOSTILE, f"Corrected to {HOSTILE}", HUGE[:5000]),)
    return (
        Opinion("Anna", f"Kept {given}"),
        Opinion("Boris", f"Corrected to {suggested}", "Hands shake, but nothing is feared here."),
        Opinion("Çağla", "Asked for a second opinion"),
    )


@st.cache_resource
def open_server(case: str, num: int, num_classes: int, texts: str, fail: int, mode: str) -> Server:
    del case  # only names the server in the cache
    return Server(num, class_names(num_classes, texts), texts, fail, mode)


def class_names(num_classes: int, texts: str) -> list[str]:
    names = EMOTIONS[:num_classes] + [f"intent {place}" for place in range(len(EMOTIONS), num_classes)]
    return [HOSTILE, *names[1:]] if texts == "hostile" else names


def guidelines(classes: list[str], texts: str) -> dict[str, str]:
    if texts == "hostile":
        return {classes[0]: HOSTILE, classes[1]: HUGE}
    return {
        name: f"Choose {name} if it is the strongest feeling in the text."
        for place, name in enumerate(classes)
        if place != 1
    }


def main() -> None:
    st.set_page_config(page_title="Review card", layout="wide")
    asked = st.query_params
    num_classes, texts = int(asked.get("classes", "10")), asked.get("texts", "")
    mode, classes = asked.get("mode", ""), class_names(num_classes, texts)
    server = open_server(
        asked.get("case", ""),
        int(asked.get("num", "60")),
        num_classes,
        texts,
        int(asked.get("fail", "0")),
        mode,
    )
    state = st.session_state
    state.setdefault("acknowledged", [])
    time.sleep(int(asked.get("delay_ms", "0")) / 1000)

    def on_events(events: list[CardEvent]) -> None:
        try:
            server.store(events)
        except OSError as problem:
            state.error = str(problem)
            return
        state.error = None
        state.acknowledged += [event.event_id for event in events]
        blind_undo = events[-1].kind == "undo" and events[-1].index is None and server.undone
        state.focus = server.undone[-1].index if blind_undo else None

    with st.sidebar:
        st.text_input("Search", key="search")
        st.checkbox("Suspects only", key="suspects")
        shows_decided = st.checkbox("Decided ones")
    shown = server.decided_cards() if shows_decided else server.open_cards()
    review_card(
        shown[: 20 + num_skipped("card")],
        classes,
        position=len(server.live) + 1,
        total=len(server.cards),
        done=len(server.live),
        acknowledged=state.acknowledged[-200:],
        focus=state.get("focus"),
        error=state.get("error"),
        view=f"decided: {shows_decided}",
        nothing_left="Nothing left in this queue",
        key="card",
        on_events=on_events,
        guidelines=guidelines(classes, texts),
        hidden=[asked["hidden"]] if "hidden" in asked else (),
        is_settling=mode == "settle",
        is_blind=mode == "blind",
        reviewed_today=41,
        median_seconds=3.2,
    )
    st.text(json.dumps([asdict(event) for event in server.events.values()]))


if __name__ == "__main__":
    main()

"""What a command line asks the running app: answered in words, in time, or not at all."""

import json
import threading
import time

import pytest

from lane_core.errors import BackupError
from lane_core.home import Home
from lane_core.runs.locks import release, take
from lane_core.upkeep.mailbox import Mailbox, ask, is_answered


@pytest.fixture(autouse=True)
def _short_naps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lane_core.upkeep.mailbox._POLL_S", 0.01)


def test_requests_are_answered_in_words_and_old_ones_not_at_all(home: Home) -> None:
    asked: list[str] = []

    def answer(argument: str) -> str:
        asked.append(argument)
        if argument == "break":
            raise ValueError("of the program")
        return argument.upper()

    folder = home.path / "mailbox"
    folder.mkdir(parents=True)
    old = {"command": "say", "argument": "hours ago", "wanted_until": time.time() - 1}
    (folder / "1.request").write_text(json.dumps(old))
    (folder / "2.request").write_text("{")
    (folder / "3.answer").write_text("{}")
    app = Mailbox(home, {"say": answer}, poll_s=0.01)
    app.start()
    try:
        assert ask(home, "say", "hello") == "HELLO"
        with pytest.raises(BackupError, match=r"app failed: ValueError\('of the program'\)"):
            ask(home, "say", "break")
        with pytest.raises(BackupError, match="does not know 'sing'"):
            ask(home, "sing", "hello")
        assert is_answered(home)
    finally:
        app.stop()
    assert asked == ["hello", "break"]
    assert [path.name for path in folder.iterdir()] == ["app.lock"]
    assert not is_answered(home)


def test_an_app_that_is_busy_or_ends_is_not_waited_for(home: Home) -> None:
    with pytest.raises(BackupError, match="ended before it had answered"):
        ask(home, "say", "hello")
    lock = take(home.path / "mailbox" / "app.lock")
    assert lock is not None
    with pytest.raises(BackupError, match=r"has not taken the request up.*It was taken back"):
        ask(home, "say", "hello", pickup_s=0.1)
    ending = threading.Timer(0.1, release, [lock])
    ending.start()
    with pytest.raises(BackupError, match="ended before it had answered"):
        ask(home, "say", "hello")
    assert [path.name for path in (home.path / "mailbox").iterdir()] == ["app.lock"]

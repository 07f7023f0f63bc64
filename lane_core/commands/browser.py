"""``app`` and ``demo``: open the app."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from lane_core.commands.speech import say
from lane_core.config import RunConfig
from lane_core.home import APP_FOLDER, DEMO_NAME, SAMPLE_DATA, lane_home


def add(commands: Any) -> None:
    """Add the parsers."""
    app = commands.add_parser("app", help="open the app")
    app.add_argument("--port", type=int, default=8501)
    app.add_argument(
        "--address", default="127.0.0.1", help="0.0.0.0 lets other machines in; put a login before it"
    )
    app.set_defaults(run=_app)

    demo = commands.add_parser("demo", help="make the sample project, start its run, open the app")
    demo.add_argument("--port", type=int, default=8501)
    demo.add_argument("--address", default="127.0.0.1")
    demo.set_defaults(run=_demo)


def _app(arguments: argparse.Namespace) -> int:
    home = lane_home().path
    say(f"LANE Audit: http://localhost:{arguments.port} (stop it with Ctrl+C; data in {home})")
    # Streamlit finds its settings and the pages below the folder it is started in.
    os.environ["LANE_HOME"] = str(home)
    os.chdir(APP_FOLDER)
    sys.stderr.flush()
    command = [sys.executable, "-m", "streamlit", "run", "app/main.py"]
    command += ["--server.port", str(arguments.port), "--server.address", arguments.address]
    os.execv(sys.executable, command)


def _demo(arguments: argparse.Namespace) -> int:
    from lane_core.records import ColumnChoice
    from lane_core.workspace import Workspace

    workspace = Workspace(lane_home())
    try:
        if workspace.find_dataset(DEMO_NAME) is None:
            columns = ColumnChoice(text="text", label="label", example_id="id", split="split")
            record = workspace.add_dataset(SAMPLE_DATA / "emotions.csv", columns, DEMO_NAME)
            workspace.start_run(record.dataset_id, RunConfig())
            say("The sample project is ready and its first run has started; the first page shows it.")
    finally:
        workspace.close()
    return _app(arguments)

"""A Streamlit server in a process of its own, for a browser to open.

It is forked off a process that has imported what the app needs: anew for each server that takes two seconds.
"""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from streamlit.web import cli

ROOT = Path(__file__).parents[2]
STARTS_WITHIN_S = 90
STOPS_WITHIN_S = 30
FIRST_PORT, NUM_RANGES, PORTS_IN_RANGE = 20_000, 200, 50

_LOG_FOLDER = tempfile.TemporaryDirectory(prefix="streamlit-servers-")
LOG_FOLDER = Path(_LOG_FOLDER.name)
"""What each server of this process said, a file for each, the newest last by name."""

_servers = multiprocessing.get_context("forkserver")
_servers.set_forkserver_preload(["tests.browser.served_modules"])


@dataclass(frozen=True)
class StreamlitServer:
    """A server that answers."""

    address: str
    process: ForkServerProcess

    def stop(self) -> None:
        """End the process, so that its database can be opened here. Stopping twice does no harm."""
        if self.process.is_alive() and self.process.pid:
            os.kill(self.process.pid, signal.SIGUSR1)  # where its threads were goes into its log
        self.process.terminate()
        self.process.join(STOPS_WITHIN_S)
        if self.process.is_alive():
            self.process.kill()
            self.process.join(STOPS_WITHIN_S)


def free_port() -> int:
    """Return the first port of this process's own range that nobody listens on.

    The same again and again: a browser need not compile scripts anew that it had from the same address.
    """
    first = FIRST_PORT + os.getpid() % NUM_RANGES * PORTS_IN_RANGE
    for port in range(first, first + PORTS_IN_RANGE):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"No port from {first} to {first + PORTS_IN_RANGE - 1} is free.")


@contextmanager
def streamlit_server(
    script: str, environment: Mapping[str, str] | None = None, port: int | None = None
) -> Iterator[StreamlitServer]:
    """Run a script of this repository until the block ends, on a free port if none is given."""
    port = port or free_port()
    log = LOG_FOLDER / f"{time.time_ns()}.log"
    process = _servers.Process(target=_serve, args=(script, {**os.environ, **(environment or {})}, port, log))
    process.start()
    server = StreamlitServer(f"http://127.0.0.1:{port}", process)
    try:
        _wait_until_up(server)
        yield server
    finally:
        server.stop()


def _serve(script: str, environment: dict[str, str], port: int, log: Path) -> None:
    """Be the server: the command line of Streamlit, in this process."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(written, stream.fileno())
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1)
    options = {
        "server.headless": "true",
        "server.address": "127.0.0.1",
        "server.port": str(port),
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
    }
    cli.main(["run", script, *(f"--{name}={value}" for name, value in options.items())])


def _wait_until_up(server: StreamlitServer) -> None:
    url = f"{server.address}/_stcore/health"
    ends = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < ends and server.process.is_alive():
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"{url} did not answer within {STARTS_WITHIN_S} s")

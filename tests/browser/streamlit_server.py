"""A Streamlit server in a process of its own, for a browser to open."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
STARTS_WITHIN_S = 90


@dataclass(frozen=True)
class StreamlitServer:
    """A server that answers."""

    address: str
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """End the process, so that its database can be opened here. Stopping twice does no harm."""
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(30)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def streamlit_server(
    script: str, environment: Mapping[str, str] | None = None, port: int | None = None
) -> Iterator[StreamlitServer]:
    """Run a script of this repository until the block ends, on a free port if none is given."""
    port = port or free_port()
    options = {
        "server.headless": "true",
        "server.address": "127.0.0.1",
        "server.port": str(port),
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
    }
    command = [sys.executable, "-m", "streamlit", "run", script]
    command += [f"--{name}={value}" for name, value in options.items()]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    server = StreamlitServer(f"http://127.0.0.1:{port}", process)
    try:
        _wait_until_up(server)
        yield server
    finally:
        server.stop()


def _wait_until_up(server: StreamlitServer) -> None:
    url = f"{server.address}/_stcore/health"
    ends = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < ends and server.process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except OSError:
            time.sleep(0.3)
        else:
            return
    raise TimeoutError(f"{url} did not answer within {STARTS_WITHIN_S} s")

"""Entry point: page settings and navigation, nothing else. Run it with ``python -m lane_core app``."""

from app.navigation import run_app

run_app()

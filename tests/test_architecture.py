"""The arrows between the rooms: who may import whom. docs/architecture.md tells why."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
RECORDS = {
    "lane_core.records",
    "lane_core.errors",
    "lane_core.config",
    "lane_core.files",
    "lane_core.wording",
}
MAY_IMPORT = {
    "lane_core.records": set(),
    "lane_core.errors": set(),
    "lane_core.files": set(),
    "lane_core.wording": {"lane_core.records"},
    "lane_core.home": set(),
    "lane_core.config": {"lane_core.errors"},
    "lane_core.methods": RECORDS,
    "lane_core.data": RECORDS,
    "lane_core.evidence": RECORDS,
    "lane_core.charts": RECORDS,
    "lane_core.training": RECORDS | {"lane_core.methods", "lane_core.data"},
    "lane_core.runs": RECORDS | {"lane_core", "lane_core.training", "lane_core.evidence"},
    "lane_core.store": RECORDS | {"lane_core.runs"},
    "lane_core.workspace": RECORDS
    | {"lane_core.home", "lane_core.data", "lane_core.runs", "lane_core.store"},
    "lane_core.versions": RECORDS | {"lane_core.data", "lane_core.store", "lane_core.workspace"},
    "lane_core.exports": RECORDS
    | {
        "lane_core.data",
        "lane_core.runs",
        "lane_core.store",
        "lane_core.workspace",
    },
    "lane_core.reporting": RECORDS
    | {
        "lane_core",
        "lane_core.home",
        "lane_core.data",
        "lane_core.runs",
        "lane_core.evidence",
        "lane_core.charts",
        "lane_core.store",
        "lane_core.workspace",
    },
    "lane_core.upkeep": RECORDS
    | {
        "lane_core",
        "lane_core.home",
        "lane_core.data",
        "lane_core.runs",
        "lane_core.store",
        "lane_core.workspace",
    },
}
"""Room -> rooms below it. ``lane_core`` itself is its version number; api and cli may import every room."""
ONLY_IN = {
    "duckdb": ("lane_core/store",),
    "plotly": ("lane_core/charts", "app"),
    "streamlit": ("app", "pages"),
    "torch": ("lane_core/methods", "lane_core/training"),
    "transformers": ("lane_core/training",),
}


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


@cache
def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from lane_core.store import datasets` names a module, `from lane_core import __version__` does not.
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room_of(module: str) -> str:
    parts = module.split(".")
    return ".".join(parts[:2])


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


@pytest.mark.parametrize("path", python_files("lane_core"), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_downward(path: Path) -> None:
    room = room_of(module_of(path))
    if room not in MAY_IMPORT:
        assert room in {
            "lane_core.__init__",
            "lane_core.__main__",
            "lane_core.api",
            "lane_core.classifier",
            "lane_core.cli",
            "lane_core.commands",
            "lane_core.progress_bar",
        }
        assert not any(name.split(".")[0] in ("app", "pages") for name in imports_of(path))
        return
    rooms = {room_of(name) for name in imports_of(path) if name.split(".")[0] == "lane_core" and "." in name}
    known = {name for name in rooms if name in MAY_IMPORT}
    assert known <= MAY_IMPORT[room] | {room}
    assert not any(name.split(".")[0] in ("app", "pages") for name in imports_of(path))


@pytest.mark.parametrize("path", python_files("pages"), ids=lambda path: path.name)
def test_pages_know_the_app_and_what_crosses_rooms(path: Path) -> None:
    ours = {name for name in imports_of(path) if name.split(".")[0] == "lane_core"}
    allowed = RECORDS | {"lane_core.home"}
    assert {room_of(name) for name in ours} - {"lane_core"} <= allowed, (
        "pages ask app/services, not the rooms"
    )
    assert not any(name.split(".")[0] == "pages" for name in imports_of(path))


@pytest.mark.parametrize("package", sorted(ONLY_IN))
def test_a_package_stays_in_its_rooms(package: str) -> None:
    elsewhere = [
        str(path.relative_to(ROOT))
        for path in python_files("lane_core", "app", "pages")
        if package in {name.split(".")[0] for name in imports_of(path)}
        and not str(path.relative_to(ROOT)).startswith(ONLY_IN[package])
    ]
    assert elsewhere == []


def test_files_stay_small() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in python_files("lane_core", "app", "pages")
    }
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_names_in_app_shadow_nothing() -> None:
    # `streamlit run app/main.py` puts app/ first on the path: a file there hides a package of its name.
    stems = {path.stem for path in (ROOT / "app").iterdir() if path.suffix == ".py" or path.is_dir()}
    installed = {
        line.split("==")[0] for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line
    }
    taken = (
        set(sys.stdlib_module_names) | {name.replace("-", "_") for name in installed} | {"lane_core", "pages"}
    )
    assert stems & taken == set()


def test_importing_the_package_loads_nothing_heavy() -> None:
    program = (
        "import sys, lane_core, lane_core.cli, lane_core.config, lane_core.records\n"
        "heavy = {'torch', 'pandas', 'numpy', 'duckdb', 'transformers', 'streamlit'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_the_training_side_needs_neither_streamlit_nor_duckdb() -> None:
    program = (
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('streamlit', 'duckdb'): raise ImportError(name)\n"
        "sys.meta_path.insert(0, Refuse())\n"
        "import lane_core.runs.worker, lane_core.runs.supervisor, lane_core.api\n"
        "print('fine')"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "fine"

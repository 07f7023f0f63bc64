"""The wheel: everything is in it, and what was installed of it imports at once and finds its app."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from email import message_from_bytes
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import lane_core

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("lane_core", "app", "pages", "sample_data", ".streamlit")
FILES = ("pyproject.toml", "setup.py", "requirements.txt", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # A copy, since a build leaves its folders beside the sources.
    source = tmp_path_factory.mktemp("source")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy2(ROOT / name, source / name)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--no-build-isolation",
    ]
    done = subprocess.run(
        [*command, "--wheel-dir", str(source / "dist"), "."],
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    [path] = (source / "dist").glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What pip makes of a wheel without scripts: its files in a folder of the path."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run_alone(installed: Path, program: str) -> Any:
    """Run a program that can import the wheel and the standard library; return the JSON it prints."""
    start = f"import sys; sys.path.append({str(installed)!r})\n"
    command = [sys.executable, "-I", "-S", "-c", start + program]
    done = subprocess.run(command, cwd=installed.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_file_of_the_package_is_in_it(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    ours = [
        path.relative_to(ROOT).as_posix()
        for name in FOLDERS
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    wanted = {name if name.startswith("lane_core/") else f"lane_core/web/{name}" for name in ours}
    # What is read on the spot, in the repository.
    assert held == {name for name in wanted if name != "lane_core/data/augment/README.md"}


def test_its_metadata_are_those_of_the_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = message_from_bytes(archive.read(name))
        [top] = [name for name in archive.namelist() if name.endswith("top_level.txt")]
        assert archive.read(top).decode().split() == ["lane_core"]
    assert (metadata["Name"], metadata["Version"]) == ("lane-audit", lane_core.__version__)
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = {line.strip() for line in lines if line.strip() and not line.startswith("#")}
    needed = metadata.get_all("Requires-Dist")
    assert {line for line in needed if "extra ==" not in line} == wanted
    [trainer] = [line for line in needed if "extra ==" in line]
    assert trainer.startswith("accelerate==")


def test_it_imports_at_once_and_without_any_other_package(installed: Path) -> None:
    found = run_alone(
        installed,
        "import json, time; started = time.perf_counter()\n"
        "import lane_core, lane_core.data, lane_core.cli\n"
        "seconds = time.perf_counter() - started\n"
        "print(json.dumps([seconds, lane_core.__file__, lane_core.__version__, sorted(set(lane_core.__all__))]))",
    )
    seconds, file, version, names = found
    assert seconds < 1
    assert Path(file) == installed / "lane_core" / "__init__.py"
    assert version == lane_core.__version__
    assert names == sorted(lane_core.__all__)
    # None of them was there by chance.
    assert find_spec("pandas") is not None


def test_what_needs_a_package_says_which(installed: Path) -> None:
    program = (
        "import json, lane_core\n"
        "try: lane_core.read_examples\n"
        "except ModuleNotFoundError as error: print(json.dumps(error.name))"
    )
    assert run_alone(installed, program) in ("pandas", "numpy")


def test_an_installed_package_finds_its_app_and_its_sample(installed: Path) -> None:
    program = (
        "import json; from lane_core import home\n"
        "print(json.dumps([str(home.APP_FOLDER), str(home.SAMPLE_DATA)]))"
    )
    app, sample = map(Path, run_alone(installed, program))
    assert app == installed / "lane_core" / "web"
    for name in ("app/main.py", "pages/review.py", ".streamlit/config.toml", "app/icon.png"):
        assert (app / name).read_bytes() == (ROOT / name).read_bytes()
    assert (sample / "emotions.csv").read_bytes() == (ROOT / "sample_data/emotions.csv").read_bytes()


def test_the_repository_finds_its_own() -> None:
    from lane_core.home import APP_FOLDER

    assert APP_FOLDER == ROOT

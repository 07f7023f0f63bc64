"""The tables and views, one step after the other.

A step is a function named m<number>_<what> in a file of its name, and is never edited once released.
"""

from __future__ import annotations

from collections.abc import Callable

import duckdb

from lane_core.store.schema.m001_initial import m001_initial
from lane_core.store.schema.m002_strictness import m002_strictness
from lane_core.store.schema.m003_results import m003_results
from lane_core.store.schema.m004_people import m004_people
from lane_core.store.schema.m005_selections import m005_selections
from lane_core.store.schema.m006_versions import m006_versions

Migration = Callable[[duckdb.DuckDBPyConnection], None]

MIGRATIONS: list[Migration] = [
    m001_initial,
    m002_strictness,
    m003_results,
    m004_people,
    m005_selections,
    m006_versions,
]
"""In the order in which they are applied."""

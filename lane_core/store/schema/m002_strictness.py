"""What the noise model of a run says."""

from __future__ import annotations

import duckdb


def m002_strictness(connection: duckdb.DuckDBPyConnection) -> None:
    """Add what the noise model of a run says. Null in the rows of runs that had none."""
    connection.execute(_STRICTNESS_COLUMNS)


_STRICTNESS_COLUMNS = """
alter table example_epochs add column given_log_probability float;
alter table example_epochs add column is_given_predicted boolean;
alter table example_epochs add column severity float;
alter table epoch_metrics add column noise_rate double;
alter table epoch_metrics add column sure_below double;
alter table epoch_metrics add column balanced_below double;
alter table epoch_metrics add column thorough_below double;
alter table epoch_metrics add column sure_precision double;
alter table epoch_metrics add column balanced_precision double;
alter table epoch_metrics add column thorough_precision double;
"""

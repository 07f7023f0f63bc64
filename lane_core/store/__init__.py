"""DuckDB: data sets, runs, decisions, ingest, and the queries of each screen; the only room that speaks SQL."""

"""Checks the tables of the database against each other and against the events files; changes nothing by itself."""
